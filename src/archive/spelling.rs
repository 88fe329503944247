//! The words of a text as a search compares them: small, without accents, whatever way their letters were written.
//!
//! Forms of a word ("wells", "well") are another matter, which is left to whoever looks for them.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use super::query::is_of_word;

/// Longest that a word is looked at, in characters: nobody can ask for a longer one.
const LONGEST: usize = super::query::MOST_TYPED;

/// A word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spelt {
    /// Where it stands, in octets.
    pub place: Range<usize>,
    /// How it is compared: letters, digits and marks, at least one.
    pub word: String,
}

/// The words of a text in order. What a query parts in two is parted here as well.
pub fn spelt(text: &str) -> impl Iterator<Item = Spelt> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + text.get(from..)?.find(is_of_word)?;
        let rest = text.get(start..)?;
        from = start + rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
        Some(Spelt { place: start..from, word: folded(text.get(start..from)?) })
    })
    .filter(|spelt| !spelt.word.is_empty())
}

fn folded(written: &str) -> String {
    if written.is_ascii() {
        return written.chars().take(LONGEST).map(|c| c.to_ascii_lowercase()).collect();
    }
    let letters = written.chars().take(LONGEST).nfkd().filter(|c| !is_accent(*c)).flat_map(char::to_lowercase);
    let word: String = letters.filter(|c| is_of_word(*c) && !is_accent(*c)).nfc().collect();
    if word.chars().any(|c| !is_combining_mark(c)) { word } else { String::new() }
}

/// Marks that letters are the same without. Those of scripts whose vowels are marks are none of them.
fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        spelt(text).map(|spelt| spelt.word).collect()
    }

    #[test]
    fn words_are_small_and_without_accents() {
        assert_eq!(
            words("El pozo, de la SEÑORA: n\u{fa}mero n\u{75}\u{301}mero"),
            ["el", "pozo", "de", "la", "senora", "numero", "numero"]
        );
        assert_eq!(
            words("well-kept <b>3rd</b> keeper's ﬁne İstanbul"),
            ["well", "kept", "b", "3rd", "b", "keeper", "s", "fine", "istanbul"]
        );
        assert_eq!(words("— … ! \u{301} \u{345}"), [""; 0]);
    }

    #[test]
    fn vowels_that_are_marks_stay() {
        assert_ne!(words("कुआँ"), words("कआ"));
        assert_eq!(words("우물"), words("\u{110b}\u{116e}\u{1106}\u{116e}\u{11af}"));
    }

    #[test]
    fn a_place_is_where_the_word_stands() {
        let text = "…Número ocho.";
        let places: Vec<&str> = spelt(text).map(|spelt| &text[spelt.place]).collect();
        assert_eq!(places, ["Número", "ocho"]);
    }

    #[test]
    fn a_word_has_no_blank_and_no_quote_in_it_whatever_it_comes_from() {
        for c in '\0'..=char::MAX {
            for spelt in spelt(&format!("a{c}b")) {
                assert!(spelt.word.chars().all(is_of_word) && !spelt.word.contains([' ', '\'', '\\', '\0']), "{c:?}: {spelt:?}");
            }
        }
    }
}
