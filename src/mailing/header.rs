//! The only way into a message's head: typed lines that no value can break out of.
//!
//! Every value is checked for characters that would begin a line of its own, and an offending one is refused rather than
//! repaired: whoever smuggles a line break into a name should be read about in the log (STANDARDS M10, T1). What passes
//! is folded at its own blanks, and encoded only where it must be.

mod phrase;
mod words;

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

use crate::subscription::EmailAddress;
use crate::subscription::address::is_hidden;

/// Most octets in a line that we choose to write (RFC 5322 §2.1.1; STANDARDS M2).
const LINE: usize = 78;
/// Most octets in a line that mail allows at all, where one word is longer than [`LINE`].
const HARD_LINE: usize = 998;
/// Most octets in a whole head (STANDARDS M8).
const HEAD: usize = 8192;

/// Lines of a head in the order in which they were written, each ended by CRLF; the empty line after the head is not among them.
///
/// ```
/// use masthead::mailing::header::HeaderBlock;
///
/// let mut head = HeaderBlock::new();
/// head.text("Subject", "Kinship care: “who cares?”")?;
/// assert_eq!(head.as_str(), "Subject: =?utf-8?Q?Kinship_care=3A_=E2=80=9Cwho_cares=3F=E2=80=9D?=\r\n");
/// assert!(head.text("Comments", "x\r\nBcc: v@y.org").is_err());
/// # Ok::<(), masthead::mailing::header::HeaderFault>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeaderBlock {
    written: String,
    names: Vec<&'static str>,
}

/// Why a line did not enter the head. The block stays as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderFault {
    /// The name is none; a mistake in this program.
    #[error("`{0}` is no header name")]
    Name(&'static str),
    /// Each field stands once (RFC 5322 §3.6; STANDARDS M3).
    #[error("the header `{0}` is written twice")]
    Twice(&'static str),
    /// CR, LF, NUL, another control, or a character that readers do not see.
    #[error("the header `{name}` would have the character U+{:04X} in it", u32::from(*.character))]
    Character {
        /// Which header.
        name: &'static str,
        /// The character.
        character: char,
    },
    /// Nothing to say; an empty header is worse than none.
    #[error("the header `{0}` would be empty")]
    Empty(&'static str),
    /// A value that must be printable ASCII without blanks or brackets: a URI, an id.
    #[error("`{value}` cannot stand in the header `{name}`")]
    Value {
        /// Which header.
        name: &'static str,
        /// The value.
        value: String,
    },
    /// A word longer than a line of mail, or a head longer than receivers take.
    #[error("the header `{0}` is too long")]
    TooLong(&'static str),
}

impl HeaderBlock {
    /// An empty head.
    pub fn new() -> Self {
        Self::with_room(2048)
    }

    /// An empty head with room for so many octets, and be it for the body that will come after it.
    pub fn with_room(octets: usize) -> Self {
        Self { written: String::with_capacity(octets), names: Vec::with_capacity(24) }
    }

    /// Writes the fields of another block, checked already, as they stand there.
    pub fn block(&mut self, other: &Self) -> Result<&mut Self, HeaderFault> {
        if let Some(name) = other.names.iter().find(|name| self.has(name)) {
            return Err(HeaderFault::Twice(name));
        }
        if let Some(last) = other.names.last().filter(|_| self.written.len() + other.written.len() > HEAD) {
            return Err(HeaderFault::TooLong(last));
        }
        self.written.push_str(&other.written);
        self.names.extend_from_slice(&other.names);
        Ok(self)
    }

    /// Writes unstructured text, such as a subject: as it is where it is plain ASCII, else as encoded words
    /// (RFC 2047 §5 (1); STANDARDS M9).
    pub fn text(&mut self, name: &'static str, value: &str) -> Result<&mut Self, HeaderFault> {
        let value = clean(name, value)?;
        self.field(name, |line| {
            if words::stands_as_it_is(&value, LINE - name.len() - 2) {
                line.folded(&value);
            } else {
                words::write_encoded(line, &value);
            }
        })
    }

    /// Writes one mailbox, with the name under which it is known (RFC 5322 §3.4; STANDARDS M9, M10).
    ///
    /// The address is written as it is: beyond ASCII only if it [needs SMTPUTF8](EmailAddress::needs_smtputf8), and then the
    /// server has agreed to it (RFC 6532 §3).
    pub fn mailbox(&mut self, name: &'static str, display: Option<&str>, address: &EmailAddress) -> Result<&mut Self, HeaderFault> {
        let Some(display) = display else {
            return self.field(name, |line| line.word(address.as_str()));
        };
        let display = clean(name, display)?;
        self.field(name, |line| {
            phrase::write(line, &display);
            line.in_brackets(address.as_str());
        })
    }

    /// Writes a phrase and an id in angle brackets, such as a List-Id (RFC 2919 §3; STANDARDS L1).
    pub fn phrase_and_id(&mut self, name: &'static str, display: &str, id: &str) -> Result<&mut Self, HeaderFault> {
        let display = clean(name, display)?;
        let id = bare(name, id)?;
        self.field(name, |line| {
            phrase::write(line, &display);
            line.in_brackets(id);
        })
    }

    /// Writes an id in angle brackets, such as a Message-ID (RFC 5322 §3.6.4).
    pub fn id(&mut self, name: &'static str, id: &str) -> Result<&mut Self, HeaderFault> {
        self.uris(name, &[id])
    }

    /// Writes URIs in angle brackets, best first, one a line and never broken (RFC 2369 §2; STANDARDS L2, M9).
    pub fn uris(&mut self, name: &'static str, uris: &[&str]) -> Result<&mut Self, HeaderFault> {
        for uri in uris {
            bare(name, uri)?;
        }
        self.field(name, |line| {
            for (number, uri) in uris.iter().enumerate() {
                if number > 0 {
                    line.word(",");
                    line.fold();
                }
                line.word("<");
                line.word(uri);
                line.word(">");
            }
        })
    }

    /// Writes a value of plain words, such as `auto-generated` or a date; never encoded, folded at its blanks.
    pub fn plain(&mut self, name: &'static str, value: &str) -> Result<&mut Self, HeaderFault> {
        self.with_parameters(name, value, &[])
    }

    /// Writes a value with parameters: `multipart/alternative; boundary="…"` (RFC 2045 §5.1). A value beyond ASCII is written
    /// as RFC 2231 §4 has it (STANDARDS M11).
    pub fn with_parameters(
        &mut self,
        name: &'static str,
        value: &str,
        parameters: &[(&'static str, &str)],
    ) -> Result<&mut Self, HeaderFault> {
        if value.split(' ').any(str::is_empty) || !value.bytes().all(|b| (b' '..=b'~').contains(&b)) || value.contains("=?") {
            return Err(HeaderFault::Value { name, value: value.to_owned() });
        }
        let parameters = parameters
            .iter()
            .map(|(key, text)| if is_name(key) { Ok(phrase::parameter(key, &clean(name, text)?)) } else { Err(HeaderFault::Name(key)) })
            .collect::<Result<Vec<_>, _>>()?;
        self.field(name, |line| {
            line.folded(value);
            for parameter in &parameters {
                line.word(";");
                line.spaced_word(parameter);
            }
        })
    }

    /// What is written so far.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// What is written, to put the empty line and the body after it.
    pub fn into_string(self) -> String {
        self.written
    }

    /// The names written so far, in their order: what a DKIM signature covers is chosen from them.
    pub fn names(&self) -> &[&'static str] {
        &self.names
    }

    fn field(&mut self, name: &'static str, write: impl FnOnce(&mut Line<'_>)) -> Result<&mut Self, HeaderFault> {
        if !is_name(name) {
            return Err(HeaderFault::Name(name));
        }
        if self.has(name) {
            return Err(HeaderFault::Twice(name));
        }
        let before = self.written.len();
        let mut line = Line { out: &mut self.written, column: 0, limit: LINE };
        line.word(name);
        line.word(": ");
        let begin = line.out.len();
        write(&mut line);
        let fault = self.judge(name, before, begin);
        if let Some(fault) = fault {
            self.written.truncate(before);
            return Err(fault);
        }
        self.written.push_str("\r\n");
        self.names.push(name);
        Ok(self)
    }

    fn has(&self, name: &str) -> bool {
        self.names.iter().any(|known| known.eq_ignore_ascii_case(name))
    }

    /// The last look at a field, whichever way it was written.
    fn judge(&self, name: &'static str, before: usize, begin: usize) -> Option<HeaderFault> {
        let (field, value) = (self.written.get(before..)?, self.written.get(begin..)?);
        if value.trim().is_empty() {
            Some(HeaderFault::Empty(name))
        } else if self.written.len() + 2 > HEAD || field.split("\r\n").any(|line| line.len() > HARD_LINE) {
            Some(HeaderFault::TooLong(name))
        } else {
            None
        }
    }
}

/// A field under way, which knows how much room its line has left.
struct Line<'a> {
    out: &'a mut String,
    column: usize,
    /// Less where an encoded word stands on the line (RFC 2047 §2).
    limit: usize,
}

impl Line<'_> {
    fn word(&mut self, word: &str) {
        self.out.push_str(word);
        self.column += word.len();
    }

    /// A blank and a word, on the next line if this one has no room.
    fn spaced_word(&mut self, word: &str) {
        self.space_before(word.len());
        self.word(word);
    }

    /// A blank and an address or id in angle brackets, likewise.
    fn in_brackets(&mut self, bare: &str) {
        self.space_before(bare.len() + 2);
        self.word("<");
        self.word(bare);
        self.word(">");
    }

    fn space_before(&mut self, octets: usize) {
        if self.column + 1 + octets > self.limit {
            self.fold();
        } else {
            self.word(" ");
        }
    }

    /// Begins a continuation line. The blank with which it begins is the one that stood here, or one that counts for
    /// nothing.
    fn fold(&mut self) {
        self.out.push_str("\r\n ");
        self.column = 1;
        self.limit = LINE;
    }

    /// Writes plain words on as many lines as they need; unfolding gives the text back exactly (RFC 5322 §2.2.3).
    fn folded(&mut self, text: &str) {
        if self.column + text.len() <= self.limit {
            return self.word(text);
        }
        let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
        self.word(first);
        for word in rest.split(' ').filter(|word| !word.is_empty()) {
            self.spaced_word(word);
        }
    }
}

/// NFC, once nothing hidden is in it (STANDARDS M16).
fn clean<'a>(name: &'static str, value: &'a str) -> Result<Cow<'a, str>, HeaderFault> {
    match value.chars().find(|&c| is_hidden(c)) {
        Some(character) => Err(HeaderFault::Character { name, character }),
        None if value.is_empty() => Err(HeaderFault::Empty(name)),
        None if value.is_ascii() || is_nfc_quick(value.chars()) == IsNormalized::Yes => Ok(Cow::Borrowed(value)),
        None => Ok(Cow::Owned(value.nfc().collect())),
    }
}

/// What may stand between angle brackets.
fn bare<'a>(name: &'static str, value: &'a str) -> Result<&'a str, HeaderFault> {
    let fits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_graphic() && b != b'<' && b != b'>') && !value.contains("=?");
    if fits { Ok(value) } else { Err(HeaderFault::Value { name, value: value.to_owned() }) }
}

/// RFC 5322 §3.6.8, and short enough to leave room on its line.
fn is_name(name: &str) -> bool {
    (1..=40).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

#[cfg(test)]
mod tests;
