//! Findings as plain text for people: the place, the line with a mark under it, and the remedy, in lines that fit.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar as _;

use super::text::{WIDTH, wrapped};
use crate::diagnostic::print::tally;
use crate::diagnostic::{Diagnostic, Position};
use crate::subscription::address::is_hidden;

/// How far an excerpt and its mark stand in.
const INDENT: &str = "       ";

/// How far a finding's other lines stand in.
const HANGING: &str = "   ";

/// Octets before and after a place that are looked at: a line may be as long as a file.
const NEAR: usize = 600;

/// Columns that an excerpt may have.
const ROOM: usize = WIDTH - INDENT.len();

/// Every finding, one after the other, and before them how many they are.
pub fn problems_text(diagnostics: &[Diagnostic]) -> String {
    let mut out = tally(diagnostics).unwrap_or_else(|| "no findings".to_owned());
    out.push('\n');
    for (found, number) in diagnostics.iter().zip(1_usize..) {
        let _ = write!(out, "\n{}", problem(found, number));
    }
    out
}

/// "issues/2014-12.md, line 12, column 3".
pub fn place(found: &Diagnostic) -> Option<String> {
    let source = found.source.as_ref()?;
    let Position { line, column } = source.position(found.span.start);
    let name = seen(source.name());
    Some(if source.text().is_empty() { name } else { format!("{name}, line {line}, column {column}") })
}

fn problem(found: &Diagnostic, number: usize) -> String {
    let mut out = wrapped(&format!("{number}. {}: {}", found.severity, seen(&found.message)), "", HANGING);
    out.push('\n');
    let place = place(found).map_or_else(String::new, |place| format!("{place} "));
    let _ = writeln!(out, "{}", wrapped(&format!("{place}[{}]", found.code), HANGING, HANGING));
    if let Some((line, mark)) = excerpt(found) {
        let _ = writeln!(out, "\n{INDENT}{line}\n{INDENT}{mark}\n");
    }
    if let Some(help) = &found.help {
        let _ = writeln!(out, "{}", wrapped(&format!("What to do: {}", seen(help)), HANGING, HANGING));
    }
    out
}

/// The line, or as much of it as fits around the place, and a mark under what the finding is about.
fn excerpt(found: &Diagnostic) -> Option<(String, String)> {
    let text = found.source.as_ref()?.text();
    let start = floor(text, found.span.start);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line = text[line_start..].split('\n').next().unwrap_or_default();
    if line.trim().is_empty() {
        return None;
    }
    let begin = start - line_start;
    let end = floor(text, found.span.end.max(start)).saturating_sub(line_start).min(line.len());
    let (near, far) = (floor(line, begin.saturating_sub(NEAR)), floor(line, begin + NEAR));
    let is_marked = |at: usize| at >= begin && at < end.max(begin + 1);
    let letters: Vec<Letter> = line[near..far].char_indices().map(|(at, c)| Letter::of(c, is_marked(near + at))).collect();
    let at = letters.iter().position(|letter| letter.is_marked).unwrap_or(letters.len());
    let (letters, before, after) = window(&letters, at);
    let (before, after) = (before || near > 0, after || far < line.len());
    let cut = |is_cut: bool| if is_cut { "..." } else { "" };
    let shown: String = letters.iter().map(|letter| letter.shown).collect();
    let columns = |is_marked: bool, letters: &[Letter]| {
        letters.iter().filter(|letter| letter.is_marked == is_marked).map(|letter| letter.width).sum()
    };
    let first = letters.iter().position(|letter| letter.is_marked).unwrap_or(letters.len());
    let blank: usize = columns(false, letters.get(..first).unwrap_or_default());
    let marked: usize = columns(true, letters);
    let mark = format!("{}{}", " ".repeat(cut(before).len() + blank), "^".repeat(marked.max(1)));
    Some((format!("{}{}{}", cut(before), shown.trim_end(), cut(after)), mark))
}

/// A letter as it is shown: whatever could not be seen, or would steer a terminal, is a blank.
#[derive(Clone, Copy)]
struct Letter {
    shown: char,
    width: usize,
    is_marked: bool,
}

impl Letter {
    fn of(c: char, is_marked: bool) -> Self {
        let shown = if c.is_control() || is_hidden(c) { ' ' } else { c };
        Self { shown, width: shown.width().unwrap_or(0), is_marked }
    }
}

/// As many letters around the one at `at` as there is room for, and whether any were left out before and after them.
fn window(letters: &[Letter], at: usize) -> (&[Letter], bool, bool) {
    // What has no width has one here: a thousand accents on one letter are a long line too.
    let width = |letters: &[Letter]| letters.iter().map(|letter| letter.width.max(1)).sum::<usize>();
    if width(letters) <= ROOM {
        return (letters, false, false);
    }
    let room = ROOM - 6;
    let mut first = at;
    while first > 0 && width(letters.get(first - 1..at).unwrap_or_default()) <= room / 3 {
        first -= 1;
    }
    let mut last = first;
    while last < letters.len() && width(letters.get(first..=last).unwrap_or_default()) <= room {
        last += 1;
    }
    (letters.get(first..last).unwrap_or_default(), first > 0, last < letters.len())
}

/// Words without anything that cannot be seen.
fn seen(words: &str) -> String {
    words.chars().map(|c| if c.is_control() || is_hidden(c) { ' ' } else { c }).collect()
}

fn floor(text: &str, offset: usize) -> usize {
    (0..=offset.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Source, Span};

    fn found(text: &str, wanted: &str) -> Diagnostic {
        let at = text.find(wanted).unwrap();
        let source = Source::new("issues/2014-12.md", text);
        Diagnostic::error("image-missing", "there is no such image").help("put it there").at(&source, Span::new(at, at + wanted.len()))
    }

    #[test]
    fn a_problem_has_its_place_its_line_a_mark_and_a_remedy() {
        let told = problems_text(&[found("# One\n\tsee \u{202e}über ![m](map.png) here\n", "map.png")]);
        let wanted = "\
1 error

1. error: there is no such image
   issues/2014-12.md, line 2, column 17 [image-missing]

        see  über ![m](map.png) here
                       ^^^^^^^

   What to do: put it there
";
        assert_eq!(told, wanted);
    }

    #[test]
    fn the_mark_stands_under_its_place_in_whatever_script_and_however_long_the_line() {
        for before in ["word ", "語 ", "e\u{301} "].map(|word| word.repeat(60)) {
            let told = problems_text(&[found(&format!("{before}map.png{}", " after".repeat(60)), "map.png")]);
            let lines: Vec<&str> = told.lines().collect();
            let at = lines.iter().position(|line| line.contains("map.png")).unwrap();
            let column = |line: &str, wanted: &str| unicode_width::UnicodeWidthStr::width(&line[..line.find(wanted).unwrap()]);
            assert_eq!(column(lines[at], "map.png"), column(lines[at + 1], "^^^^^^^"), "{told}");
            assert!(lines.iter().all(|line| unicode_width::UnicodeWidthStr::width(*line) <= WIDTH), "{told}");
        }
    }

    #[test]
    fn t14_a_line_as_long_as_a_file_costs_no_more_than_its_excerpt() {
        for line in ["x".repeat(1 << 20), "\u{301}".repeat(1 << 19), "語".repeat(1 << 18), " x".repeat(1 << 19)] {
            let source = Source::new("a.md", line.as_str());
            let at = |start| Diagnostic::error("x", "wrong").at(&source, Span::new(start, source.text().len()));
            let told = problems_text(&[at(0), at(line.len() / 2), at(line.len())]);
            assert!(told.lines().all(|line| line.chars().count() <= WIDTH), "{}", &told[..told.len().min(2000)]);
            assert_eq!(told.lines().filter(|line| line.contains('^')).count(), 3);
        }
    }

    #[test]
    fn a_place_at_the_end_of_a_line_or_of_nothing_has_a_mark_or_no_line() {
        let text = "title\n\nmore";
        let at = |start| Diagnostic::error("x", "wrong").at(&Source::new("a.md", text), Span::new(start, start));
        assert!(problems_text(&[at(5)]).contains("       title\n            ^\n"), "{}", problems_text(&[at(5)]));
        assert!(!problems_text(&[at(6)]).contains('^'));
        assert!(problems_text(&[at(999)]).contains("       more\n           ^\n"), "{}", problems_text(&[at(999)]));
        let nowhere = Diagnostic::warning("x", "wrong").at(&Source::new("folder/odd", ""), Span::default());
        assert!(problems_text(&[nowhere]).contains("   folder/odd [x]\n"));
    }
}
