//! How messages are signed: the domain, the key of now, the key that will take its place, the second key.

use std::path::PathBuf;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use toml::Spanned;

use super::{Reader, file};

/// Which keys sign for a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DkimConfig {
    /// The domain that signs: that of the sender, or one above it (STANDARDS D2).
    pub domain: String,
    /// The RSA key that signs.
    pub key: KeyPlace,
    /// The one that signs what is first attempted at that instant or later (STANDARDS D5).
    pub next: Option<(Timestamp, KeyPlace)>,
    /// An Ed25519 key that signs every message besides (RFC 8463; STANDARDS D4).
    pub ed25519: Option<KeyPlace>,
}

/// The other half of the key is published under `<selector>._domainkey.<domain>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPlace {
    /// Which of the domain's keys.
    pub selector: String,
    /// Where the private key is, as written.
    pub file: PathBuf,
}

type Written = Option<Spanned<String>>;

impl Reader<'_> {
    pub(super) fn dkim(&mut self, written: &file::Dkim, sender: &str, zone: Option<&TimeZone>) -> DkimConfig {
        let domain = written.domain.get_ref().trim().to_ascii_lowercase();
        if domain != sender && !sender.ends_with(&format!(".{domain}")) {
            self.wrong(
                &written.domain,
                "receivers compare this domain with the sender's, and they differ",
                format!("write `{sender}`, or a domain above it"),
            );
        }
        let names = [Some(&written.selector), written.next_selector.as_ref(), written.ed25519_selector.as_ref()];
        for (at, selector) in names.iter().enumerate().filter_map(|(at, selector)| Some((at, (*selector)?))) {
            self.selector(selector, names.iter().take(at).flatten().any(|other| other.get_ref() == selector.get_ref()));
        }
        let next = self.key_place("next_", &written.next_selector, &written.next_key_file);
        let from = self.from(written.next_from.as_ref(), next.is_some(), zone);
        if let (Some(selector), None) = (&written.next_selector, &written.next_from) {
            self.wrong(selector, "nothing says when this key takes over", "add `next_from` with a day, such as `2027-01-15`");
        }
        DkimConfig {
            domain,
            key: KeyPlace { selector: written.selector.get_ref().clone(), file: PathBuf::from(written.key_file.get_ref()) },
            next: from.zip(next),
            ed25519: self.key_place("ed25519_", &written.ed25519_selector, &written.ed25519_key_file),
        }
    }

    fn selector(&mut self, written: &Spanned<String>, is_taken: bool) {
        let label = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if !written.get_ref().split('.').all(label) {
            self.wrong(written, "this cannot be part of a domain", "write letters, digits and hyphens, such as `nl2026`");
        } else if is_taken {
            self.wrong(written, "another key has this selector already", "give each key a selector of its own, such as `nl2027`");
        }
    }

    /// A key of which both settings or neither must be there.
    fn key_place(&mut self, which: &str, selector: &Written, file: &Written) -> Option<KeyPlace> {
        let (lonely, missing) = match (selector, file) {
            (Some(selector), Some(file)) => {
                return Some(KeyPlace { selector: selector.get_ref().clone(), file: PathBuf::from(file.get_ref()) });
            }
            (Some(lonely), None) => (lonely, "key_file"),
            (None, Some(lonely)) => (lonely, "selector"),
            (None, None) => return None,
        };
        self.wrong(lonely, "this is half of a key's settings", format!("add `{which}{missing}`, or take this out"));
        None
    }

    /// When the next key takes over; a time without an offset is one of the publication's zone.
    fn from(&mut self, written: Option<&Spanned<String>>, has_key: bool, zone: Option<&TimeZone>) -> Option<Timestamp> {
        let written = written?;
        if !has_key {
            self.wrong(written, "there is no next key", "add `next_selector` and `next_key_file`, or take this out");
        }
        let zone = zone?;
        let text = written.get_ref().trim();
        let local = || text.parse::<DateTime>().ok().and_then(|local| zone.to_timestamp(local).ok());
        let from = text.parse::<Timestamp>().ok().or_else(local);
        if from.is_none() {
            self.wrong(written, "this is no day and no time", "write a day such as `2027-01-15`, or `2027-01-15 09:00`");
        }
        from
    }
}
