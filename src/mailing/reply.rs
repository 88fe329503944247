//! What an SMTP server answered, and at which stage of the conversation (RFC 5321 section 4.2, RFC 3463).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Where in the conversation an answer was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Opening the connection, the greeting, EHLO and TLS.
    Greeting,
    /// AUTH.
    Auth,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// DATA, before any of the message.
    Data,
    /// After the final dot.
    Message,
}

impl Stage {
    /// All, in the order of a conversation; a store may keep a stage by its place here.
    pub const ALL: [Self; 6] = [Self::Greeting, Self::Auth, Self::Mail, Self::Rcpt, Self::Data, Self::Message];

    /// The word of the ledger and `--json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Greeting => "greeting",
            Self::Auth => "auth",
            Self::Mail => "mail",
            Self::Rcpt => "rcpt",
            Self::Data => "data",
            Self::Message => "message",
        }
    }

    /// The stage of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == word)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An enhanced status code: class, subject, detail (RFC 3463).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EnhancedCode(pub u8, pub u16, pub u16);

impl fmt::Display for EnhancedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

impl FromStr for EnhancedCode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split('.');
        let mut part = |most: usize| {
            let digits = parts.next().filter(|p| (1..=most).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()))?;
            digits.parse::<u16>().ok()
        };
        let (class, subject, detail) = (part(1).ok_or(())?, part(3).ok_or(())?, part(3).ok_or(())?);
        if parts.next().is_some() || ![2, 4, 5].contains(&class) {
            return Err(());
        }
        Ok(Self(u8::try_from(class).map_err(|_| ())?, subject, detail))
    }
}

/// One reply: code, enhanced code where the text begins with one, and the text, in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// 200 to 599.
    pub code: u16,
    /// The enhanced code.
    pub enhanced: Option<EnhancedCode>,
    /// What the server said, printable and at most 512 characters.
    pub text: String,
}

/// Longest text kept of a reply, in characters.
const MAX_TEXT: usize = 512;

impl Reply {
    /// A reply from its code and text lines; takes the enhanced code off each line that begins with it.
    pub fn new<'a>(code: u16, lines: impl IntoIterator<Item = &'a str>) -> Self {
        let mut enhanced = None;
        let mut text = String::new();
        for line in lines {
            let line = line.trim();
            let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
            let said = match first.parse::<EnhancedCode>() {
                Ok(found) if enhanced.is_none_or(|before| before == found) => {
                    enhanced = Some(found);
                    rest.trim()
                }
                _ => line,
            };
            if !said.is_empty() {
                if !text.is_empty() {
                    text.push(' ');
                }
                text.extend(said.chars().map(|c| if c.is_control() { ' ' } else { c }));
            }
            if text.len() > 4 * MAX_TEXT {
                break;
            }
        }
        if let Some((end, _)) = text.char_indices().nth(MAX_TEXT) {
            text.truncate(end);
        }
        Self { code, enhanced, text }
    }

    /// 2xx.
    pub fn is_positive(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// 4xx.
    pub fn is_transient(&self) -> bool {
        (400..500).contains(&self.code)
    }

    /// 5xx.
    pub fn is_permanent(&self) -> bool {
        (500..600).contains(&self.code)
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(enhanced) = self.enhanced {
            write!(f, " {enhanced}")?;
        }
        if !self.text.is_empty() {
            write!(f, " {}", self.text)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_enhanced_code_is_taken_off_every_line() {
        let reply = Reply::new(550, ["5.1.1 No such", "5.1.1 user here"]);
        assert_eq!(reply.enhanced, Some(EnhancedCode(5, 1, 1)));
        assert_eq!(reply.text, "No such user here");
        assert_eq!(reply.to_string(), "550 5.1.1 No such user here");
    }

    #[test]
    fn what_only_looks_like_a_code_stays_in_the_text() {
        for text in ["1.2.3.4 is listed", "5.1 no", "9.1.1 odd", "5.1.1.1 x", "5.1.1234 x"] {
            assert_eq!(Reply::new(550, [text]).enhanced, None, "{text}");
        }
    }

    #[test]
    fn a_reply_is_printable_and_bounded() {
        let reply = Reply::new(451, ["a\u{7}b", &"x".repeat(10_000)]);
        assert!(reply.text.starts_with("a b"));
        assert_eq!(reply.text.chars().count(), 512);
    }
}
