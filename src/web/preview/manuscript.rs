//! The manuscript with its lines numbered, and every finding under the line that it is about.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::desk::preview::Sheet;
use crate::diagnostic::{Diagnostic, Source};
use crate::edition::html::escape;

/// The text that the lines are of: the manuscript, or what the findings say it is if it is no text.
pub(super) fn source(sheet: &Sheet) -> Option<&Source> {
    let shown = sheet.findings.iter().filter_map(|found| found.source.as_deref()).find(|source| source.name() == sheet.file);
    sheet.source.as_deref().or(shown).filter(|source| !source.text().is_empty())
}

/// The line that a finding is about, if it is about a line of this text.
pub(super) fn line_of(found: &Diagnostic, source: &Source) -> Option<usize> {
    let is_here = found.source.as_ref().is_some_and(|own| own.name() == source.name() && own.text() == source.text());
    is_here.then(|| found.position().map(|at| at.line)).flatten()
}

/// The lines, each with an anchor of its own.
pub(super) fn lines(source: &Source, findings: &[Diagnostic]) -> String {
    let mut about: BTreeMap<usize, Vec<&Diagnostic>> = BTreeMap::new();
    for found in findings {
        if let Some(line) = line_of(found, source) {
            about.entry(line).or_default().push(found);
        }
    }
    let mut out = String::with_capacity(source.text().len() * 2);
    let mut begins = 0;
    for (number, line) in (1..).zip(source.text().split_inclusive('\n')) {
        let here = about.get(&number).map_or(&[][..], Vec::as_slice);
        let class = here.iter().map(|found| found.severity).min().map_or_else(String::new, |worst| format!(" class=\"{worst}\""));
        let _ = write!(out, "<li id=\"L{number}\"{class} tabindex=\"-1\"><code>{}</code>", marked(line, begins, here.first().copied()));
        for found in here {
            let _ = write!(
                out,
                "<p class=\"note {severity}\"><strong>{severity}</strong> {}</p>",
                spoken(&found.message),
                severity = found.severity
            );
        }
        out.push_str("</li>");
        begins += line.len();
    }
    out
}

/// A sentence of a finding, with what it quotes set as code.
pub(super) fn spoken(sentence: &str) -> String {
    let mut out = String::new();
    for (number, piece) in sentence.split('`').enumerate() {
        let _ = if number % 2 == 1 { write!(out, "<code>{}</code>", escape(piece)) } else { write!(out, "{}", escape(piece)) };
    }
    out
}

/// A line with what the first finding is about underlined.
fn marked(line: &str, begins: usize, found: Option<&Diagnostic>) -> String {
    let text = line.trim_end_matches('\n');
    let range =
        found.map(|found| (found.span.start.saturating_sub(begins).min(text.len()), found.span.end.saturating_sub(begins).min(text.len())));
    let cut = range.and_then(|(start, end)| Some((text.get(..start)?, text.get(start..end)?, text.get(end..)?)));
    match cut {
        Some((before, within, after)) if !within.trim().is_empty() => {
            format!("{}<mark>{}</mark>{}", escape(before), escape(within), escape(after))
        }
        _ => escape(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Span;

    #[test]
    fn a_finding_stands_under_its_line_and_marks_its_words() {
        let source = Source::new("a.md", "# One\n<b> & two\n");
        let found = Diagnostic::error("odd", "an `<odd>` word").at(&source, Span::new(12, 15));
        let other = Diagnostic::warning("even", "elsewhere").at(&Source::new("b.md", "x"), Span::new(0, 1));
        assert_eq!((line_of(&found, &source), line_of(&other, &source)), (Some(2), None));
        assert_eq!(
            lines(&source, &[found, other]),
            "<li id=\"L1\" tabindex=\"-1\"><code># One</code></li>\
             <li id=\"L2\" class=\"error\" tabindex=\"-1\"><code>&lt;b&gt; &amp; <mark>two</mark></code>\
             <p class=\"note error\"><strong>error</strong> an <code>&lt;odd&gt;</code> word</p></li>"
        );
    }
}
