//! Series: titles that begin alike up to a colon, a dash or a number, or end alike after one.

use super::words::words;
use crate::manuscript::title::fold_title;

/// Fewest telling words that name a series.
const FEWEST: usize = 2;

/// What may be the name of a series in a title: its beginning, its end.
pub(super) fn names(title: &str) -> Vec<String> {
    let Some((at, mark)) = title.char_indices().find(|(at, c)| is_cut(title, *at, *c)) else { return Vec::new() };
    let (begin, end) = (&title[..at], &title[at + mark.len_utf8()..]);
    [begin, end].into_iter().filter(|part| words(part).len() >= FEWEST && !counts(part)).map(fold_title).collect()
}

/// Whether the name of a series may end, or begin, here.
fn is_cut(title: &str, at: usize, c: char) -> bool {
    let (before, after) = (&title[..at], &title[at + c.len_utf8()..]);
    match c {
        ':' | '|' => after.starts_with(char::is_whitespace),
        '\u{2013}' | '\u{2014}' => true,
        '-' => before.ends_with(char::is_whitespace) && after.starts_with(char::is_whitespace),
        '(' | ',' => counts(after),
        c if c.is_whitespace() => counts(after),
        _ => false,
    }
}

/// Whether a text begins with the number of a part.
fn counts(text: &str) -> bool {
    let mut letters = text.trim_start().chars().flat_map(char::to_lowercase).take(8);
    let first: String = letters.by_ref().take_while(|c| c.is_alphabetic() || *c == '#').collect();
    matches!(first.as_str(), "part" | "no" | "vol" | "week" | "#") && letters.any(|c| c.is_ascii_digit() || c == 'i')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_is_named_by_what_its_titles_share() {
        assert_eq!(names("Notes from the Well: Frost"), ["notes from the well"]);
        assert_eq!(names("Turning the Wheel—Mill Days Recap"), ["turning the wheel", "mill days recap"]);
        assert_eq!(names("Mending Pumps, Part 2"), ["mending pumps"]);
        assert_eq!(names("Mending Pumps (part 3)"), names("Mending pumps part 1: The Valve")[..1]);
        assert_eq!(names("Water: Frost"), [""; 0]);
        assert_eq!(names("A Plain Title With Parts"), [""; 0]);
    }
}
