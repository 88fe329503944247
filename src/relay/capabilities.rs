//! What a server offers in its EHLO reply (RFC 5321 section 4.1.1.1, STANDARDS S1).

/// An extension that we use where it is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extension {
    /// Several commands in one write (RFC 2920).
    Pipelining,
    /// `SIZE=` after MAIL FROM (RFC 1870).
    Size,
    /// Bodies of 8-bit text (RFC 6152).
    EightBitMime,
    /// Addresses whose local part is not ASCII (RFC 6531).
    SmtpUtf8,
    /// What is to be told of a failure (RFC 3461).
    Dsn,
    /// TLS on this connection (RFC 3207).
    StartTls,
    /// AUTH PLAIN (RFC 4616).
    AuthPlain,
    /// AUTH LOGIN, which some servers offer alone.
    AuthLogin,
    /// AUTH XOAUTH2, which takes a token in a password's place.
    AuthXoauth2,
}

/// The extensions offered. lettre's own reading keeps fewer of them and takes a keyword in lower case for another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Capabilities {
    offered: Vec<Extension>,
    largest: Option<u64>,
}

impl Capabilities {
    /// Reads the text lines of an EHLO reply; the first greets and offers nothing.
    pub(super) fn from_lines<'a>(lines: impl IntoIterator<Item = &'a str>) -> Self {
        let mut read = Self::default();
        let offered = &mut read.offered;
        for line in lines.into_iter().skip(1) {
            // `AUTH=PLAIN` is how servers spoke before RFC 2554 was final; some still do.
            let mut words = line.split([' ', '=']).filter(|word| !word.is_empty()).map(str::to_ascii_uppercase);
            match words.next().as_deref() {
                Some("PIPELINING") => offered.push(Extension::Pipelining),
                Some("SIZE") => {
                    offered.push(Extension::Size);
                    // Zero, like nothing, means that there is no fixed limit (RFC 1870 section 4).
                    read.largest = words.next().and_then(|most| most.parse().ok()).filter(|most| *most > 0);
                }
                Some("8BITMIME") => offered.push(Extension::EightBitMime),
                Some("SMTPUTF8") => offered.push(Extension::SmtpUtf8),
                Some("DSN") => offered.push(Extension::Dsn),
                Some("STARTTLS") => offered.push(Extension::StartTls),
                Some("AUTH") => offered.extend(words.filter_map(|word| mechanism(&word))),
                _ => {}
            }
        }
        read
    }

    /// Whether this one is offered.
    pub(super) fn offers(&self, extension: Extension) -> bool {
        self.offered.contains(&extension)
    }

    /// The most octets that a message may have, where the server says so (RFC 1870 section 4).
    pub(super) fn largest(&self) -> Option<u64> {
        self.largest
    }
}

fn mechanism(word: &str) -> Option<Extension> {
    match word {
        "PLAIN" => Some(Extension::AuthPlain),
        "LOGIN" => Some(Extension::AuthLogin),
        "XOAUTH2" => Some(Extension::AuthXoauth2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s1_keywords_are_read_without_regard_to_case() {
        let offered = Capabilities::from_lines([
            "mx.example.org",
            "pipelining",
            "Size 1000",
            "8BitMime",
            "smtputf8",
            "dsn",
            "StartTLS",
            "AUTH=login plain xoauth2",
        ]);
        for extension in [
            Extension::Pipelining,
            Extension::Size,
            Extension::EightBitMime,
            Extension::SmtpUtf8,
            Extension::Dsn,
            Extension::StartTls,
            Extension::AuthPlain,
            Extension::AuthLogin,
            Extension::AuthXoauth2,
        ] {
            assert!(offered.offers(extension), "{extension:?}");
        }
    }

    #[test]
    fn s1_the_greeting_line_and_unknown_words_offer_nothing() {
        assert_eq!(
            Capabilities::from_lines(["PIPELINING greets you", "HELP", "", "XPIPELINING", "AUTH CRAM-MD5"]),
            Capabilities::default()
        );
    }

    #[test]
    fn a_size_is_a_limit_unless_it_is_zero_or_missing() {
        for (line, most) in [("SIZE 1000", Some(1000)), ("SIZE 0", None), ("SIZE", None), ("SIZE many", None)] {
            assert_eq!(Capabilities::from_lines(["mx", line]).largest(), most, "{line}");
        }
    }
}
