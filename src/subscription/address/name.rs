//! How a person or a publication is called in a message's head.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// Longest name in characters; nobody's is longer, and whatever is was pasted by mistake.
pub const MAX_NAME: usize = 200;

/// A display name: NFC, trimmed, single inner spaces, nothing that a screen would hide (STANDARDS M10, M16).
///
/// Quotes, braces, angle brackets and emoji are legitimate: each place that prints a name escapes for itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PersonName(String);

/// Why a text is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// Nothing, or blanks only.
    #[error("the name is empty")]
    Empty,
    /// A line break: the classic attempt to smuggle in a header of one's own.
    #[error("the name has a line break in it; write it on one line")]
    LineBreak,
    /// A control character, or one that hides or turns around what follows it.
    #[error("the name has the invisible character U+{:04X} in it; type it again by hand", u32::from(*.0))]
    Invisible(char),
    /// More than [`MAX_NAME`] characters.
    #[error("the name is longer than {MAX_NAME} characters")]
    TooLong,
}

impl PersonName {
    /// Reads a name as a form, a roll or the configuration gives it.
    pub fn parse(text: &str) -> Result<Self, NameFault> {
        match text.chars().find(|&c| is_hidden(c)) {
            Some('\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}') => return Err(NameFault::LineBreak),
            Some(hidden) => return Err(NameFault::Invisible(hidden)),
            None => {}
        }
        let mut name = String::with_capacity(text.len());
        for word in text.split_whitespace() {
            if !name.is_empty() {
                name.push(' ');
            }
            name.extend(word.nfc());
        }
        if name.is_empty() {
            return Err(NameFault::Empty);
        }
        if name.chars().count() > MAX_NAME {
            return Err(NameFault::TooLong);
        }
        Ok(Self(name))
    }

    /// The name as text, not escaped for anything.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a character may not stand in a message's head, because a reader would not see it or would see the rest
/// wrongly: C0, DEL, C1, line and paragraph separators, bidi overrides and isolates, zero-width space, BOM
/// (STANDARDS M16). The joiners U+200C and U+200D are not among them: Persian and Hindi are spelt with them.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200B}' | '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

impl fmt::Display for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for PersonName {
    type Err = NameFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for PersonName {
    type Error = NameFault;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<PersonName> for String {
    fn from(name: PersonName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m16_a_name_is_composed_trimmed_and_single_spaced() {
        let name = PersonName::parse("  Ju\u{308}rgen \u{a0}  K\u{f8}hler ").unwrap();
        assert_eq!(name.as_str(), "J\u{fc}rgen K\u{f8}hler");
    }

    #[test]
    fn m16_what_a_screen_hides_is_refused() {
        for text in ["Jane\r\nBcc: v@y", "Jane\n", "\rJane", "Ja\u{2028}ne", "Ja\u{85}ne"] {
            assert_eq!(PersonName::parse(text), Err(NameFault::LineBreak), "{text:?}");
        }
        for c in ['\0', '\t', '\u{7f}', '\u{9b}', '\u{200b}', '\u{202e}', '\u{2066}', '\u{2069}', '\u{feff}'] {
            assert_eq!(PersonName::parse(&format!("Ja{c}ne")), Err(NameFault::Invisible(c)));
        }
        assert_eq!(
            PersonName::parse("Ja\u{202e}ne").unwrap_err().to_string(),
            "the name has the invisible character U+202E in it; type it again by hand"
        );
    }

    #[test]
    fn t3_odd_but_honest_names_stay_as_they_are() {
        for text in ["O\"Neil, Jane", "{{#each @root}}", "<script>alert(1)</script>", "👩\u{200d}🌾 Ada", "=?utf-8?Q?x?=", "نام\u{200c}ها"]
        {
            assert_eq!(PersonName::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn empty_and_endless_names_are_refused() {
        assert_eq!(PersonName::parse(" \u{a0} "), Err(NameFault::Empty));
        assert!(PersonName::parse(&"é".repeat(MAX_NAME)).is_ok());
        assert_eq!(PersonName::parse(&"é".repeat(MAX_NAME + 1)), Err(NameFault::TooLong));
    }
}
