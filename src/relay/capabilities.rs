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
    /// TLS on this connection (RFC 3207).
    StartTls,
    /// AUTH PLAIN (RFC 4616).
    AuthPlain,
    /// AUTH LOGIN, which some servers offer alone.
    AuthLogin,
}

/// The extensions offered. lettre's own reading keeps fewer of them and takes a keyword in lower case for another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Capabilities(Vec<Extension>);

impl Capabilities {
    /// Reads the text lines of an EHLO reply; the first greets and offers nothing.
    pub(super) fn from_lines<'a>(lines: impl IntoIterator<Item = &'a str>) -> Self {
        let mut offered = Vec::new();
        for line in lines.into_iter().skip(1) {
            // `AUTH=PLAIN` is how servers spoke before RFC 2554 was final; some still do.
            let mut words = line.split([' ', '=']).filter(|word| !word.is_empty()).map(str::to_ascii_uppercase);
            match words.next().as_deref() {
                Some("PIPELINING") => offered.push(Extension::Pipelining),
                Some("SIZE") => offered.push(Extension::Size),
                Some("8BITMIME") => offered.push(Extension::EightBitMime),
                Some("SMTPUTF8") => offered.push(Extension::SmtpUtf8),
                Some("STARTTLS") => offered.push(Extension::StartTls),
                Some("AUTH") => offered.extend(words.filter_map(|word| mechanism(&word))),
                _ => {}
            }
        }
        Self(offered)
    }

    /// Whether this one is offered.
    pub(super) fn offers(&self, extension: Extension) -> bool {
        self.0.contains(&extension)
    }
}

fn mechanism(word: &str) -> Option<Extension> {
    match word {
        "PLAIN" => Some(Extension::AuthPlain),
        "LOGIN" => Some(Extension::AuthLogin),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s1_keywords_are_read_without_regard_to_case() {
        let offered =
            Capabilities::from_lines(["mx.example.org", "pipelining", "Size 1000", "8BitMime", "smtputf8", "StartTLS", "AUTH=login plain"]);
        for extension in [
            Extension::Pipelining,
            Extension::Size,
            Extension::EightBitMime,
            Extension::SmtpUtf8,
            Extension::StartTls,
            Extension::AuthPlain,
            Extension::AuthLogin,
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
}
