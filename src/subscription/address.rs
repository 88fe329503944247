//! A mail address as this house accepts it: one that a person would give and that every relay would take.
//!
//! Narrower than RFC 5321 on purpose. Quoted local parts, domain literals and dotless domains are legal, but on a
//! sign-up form they are typing errors or attacks, never readers.

mod name;

use std::fmt;
use std::str::FromStr;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

pub(crate) use name::is_hidden;
pub use name::{MAX_NAME, NameFault, PersonName};

/// Longest local part in octets (RFC 5321 §4.5.3.1.1).
const MAX_LOCAL: usize = 64;
/// Longest address in octets: a path of 256 less its angle brackets (RFC 5321 §4.5.3.1.3).
const MAX_ADDRESS: usize = 254;
/// Longest label of a domain in octets (RFC 1035 §2.3.4).
const MAX_LABEL: usize = 63;

/// An address in wire form: the local part as given (NFC), the domain in lower-case A-labels (STANDARDS S6, T2, T24).
///
/// Two addresses that differ in the local part's case are different values, since only the receiving domain may judge
/// that; [`EmailAddress::key`] tells whether they are the same reader to us.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress {
    wire: String,
    at: usize,
}

/// Why a text is no address that we would write to; each says what is wanted instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressFault {
    /// Nothing, or blanks only.
    #[error("the address is empty; write one such as jane@example.org")]
    Empty,
    /// No `@`.
    #[error("the address has no @; write it as name@example.org")]
    NoAt,
    /// Two addresses in one place, or a slip.
    #[error("the address has more than one @; write one address only")]
    SeveralAts,
    /// Nothing before the `@`.
    #[error("nothing stands before the @; write it as name@example.org")]
    NoLocal,
    /// Nothing after the `@`.
    #[error("nothing stands after the @; write it as name@example.org")]
    NoDomain,
    /// A blank inside.
    #[error("the address has a space in it; remove the space")]
    Blank,
    /// A control, bidi, zero-width or other character that nobody sees.
    #[error("the address has the invisible character U+{:04X} in it; type it again by hand", u32::from(*.0))]
    Invisible(char),
    /// U+FFFD: what the letter was is lost.
    #[error("a letter of the address was lost when its file was converted; save the file as UTF-8 and try again")]
    LostLetter,
    /// A character that has another meaning in mail.
    #[error("`{0}` cannot stand before the @ of an address; remove it or check the spelling")]
    Character(char),
    /// `"jane roe"@example.org`.
    #[error("the part before the @ is in quotes; an address without quotes is wanted")]
    QuotedLocal,
    /// A dot at the start or the end of the local part, or two in a row.
    #[error("the part before the @ begins or ends with a dot or has two in a row; check the spelling")]
    LocalDots,
    /// The same in the domain.
    #[error("the domain begins or ends with a dot or has two in a row; check the spelling")]
    DomainDots,
    /// `jane@localhost`.
    #[error("the domain `{0}` has no dot; a full one such as example.org is wanted")]
    NoDot(String),
    /// `jane@[192.0.2.1]`, or the same without brackets.
    #[error("the domain is a number of a machine; a name such as example.org is wanted")]
    Literal,
    /// A label that no domain can have.
    #[error("`{0}` cannot be part of a domain; letters, digits and inner hyphens are wanted")]
    Label(String),
    /// A label of more than 63 octets.
    #[error("the domain has a part longer than {MAX_LABEL} characters; check the spelling")]
    LongLabel,
    /// A local part of more than 64 octets.
    #[error("the part before the @ is longer than {MAX_LOCAL} octets; no mail server takes that")]
    LongLocal,
    /// An address of more than 254 octets.
    #[error("the address is longer than {MAX_ADDRESS} octets; no mail server takes that")]
    TooLong,
    /// The name before `<jane@example.org>` cannot stand in a head.
    #[error(transparent)]
    Name(#[from] NameFault),
}

impl EmailAddress {
    /// Reads a bare address. Blanks around it are dropped, line breaks are not: they are never an accident.
    pub fn parse(text: &str) -> Result<Self, AddressFault> {
        let text = text.trim_matches(is_blank);
        if text.is_empty() {
            return Err(AddressFault::Empty);
        }
        if text.starts_with('"') {
            return Err(AddressFault::QuotedLocal);
        }
        refuse_unseen(text)?;
        let (local, domain) = text.split_once('@').ok_or(AddressFault::NoAt)?;
        if domain.contains('@') {
            return Err(AddressFault::SeveralAts);
        }
        let mut wire: String = local.nfc().collect();
        check_local(&wire)?;
        let at = wire.len();
        wire.push('@');
        wire.push_str(&to_a_labels(domain)?);
        if wire.len() > MAX_ADDRESS {
            return Err(AddressFault::TooLong);
        }
        Ok(Self { wire, at })
    }

    /// Another local part at the same domain, which has been read once and need not be read again: what
    /// [`EmailAddress::parse`] would make of the two, in a fraction of the time.
    pub fn with_local(&self, local: &str) -> Result<Self, AddressFault> {
        let domain = self.domain();
        if !local.is_ascii() {
            return Self::parse(&format!("{local}@{domain}"));
        }
        check_local(local)?;
        let mut wire = String::with_capacity(local.len() + 1 + domain.len());
        wire.push_str(local);
        wire.push('@');
        wire.push_str(domain);
        if wire.len() > MAX_ADDRESS {
            return Err(AddressFault::TooLong);
        }
        Ok(Self { wire, at: local.len() })
    }

    /// Reads an address as people and exports write it: `jane@x.org`, `<jane@x.org>`, `mailto:jane@x.org`,
    /// `Jane Roe <jane@x.org>`, `"Roe, Jane" <jane@x.org>`.
    pub fn parse_mailbox(text: &str) -> Result<(Option<PersonName>, Self), AddressFault> {
        let text = text.trim_matches(is_blank);
        let Some((phrase, rest)) = text.rsplit_once('<') else {
            return Ok((None, Self::parse(strip_mailto(text))?));
        };
        let Some(bare) = rest.strip_suffix('>') else {
            return Err(AddressFault::Character('<'));
        };
        let address = Self::parse(strip_mailto(bare))?;
        let phrase = phrase.trim_matches(is_blank);
        if phrase.contains('<') && !phrase.starts_with('"') {
            return Err(AddressFault::SeveralAts);
        }
        let phrase = unquote(phrase);
        let name = if phrase.trim_matches(is_blank).is_empty() { None } else { Some(PersonName::parse(&phrase)?) };
        Ok((name, address))
    }

    /// The wire form, as envelopes and heads carry it.
    pub fn as_str(&self) -> &str {
        &self.wire
    }

    /// What stands before the `@`.
    pub fn local(&self) -> &str {
        self.wire.get(..self.at).unwrap_or_default()
    }

    /// What stands after the `@`: lower-case A-labels.
    pub fn domain(&self) -> &str {
        self.wire.get(self.at + 1..).unwrap_or_default()
    }

    /// Whether only a server with SMTPUTF8 can take it (RFC 6531 §3; STANDARDS S6).
    pub fn needs_smtputf8(&self) -> bool {
        !self.wire.is_ascii()
    }

    /// What makes two addresses the same reader: NFC and lower case of the whole wire form (STANDARDS T24).
    ///
    /// Lower-casing is not case folding, so look-alikes stay apart: `ſ` (long s) is not `s`, `ß` is not `ss`, Cyrillic `о`
    /// is not `o`. The Kelvin sign is the exception that Unicode makes: it is canonically equal to `K`, NFC turns it
    /// into that letter already when the address is read, and so it is no second spelling but the same address.
    pub fn key(&self) -> String {
        if self.wire.is_ascii() {
            return self.wire.to_ascii_lowercase();
        }
        self.wire.to_lowercase().nfc().collect()
    }

    /// For logs and screens that others see: `j•••@x.org`. Always three dots, so that the length stays untold.
    pub fn masked(&self) -> String {
        let first = self.local().chars().next().unwrap_or('•');
        format!("{first}•••@{}", self.domain())
    }
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() && !matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn refuse_unseen(text: &str) -> Result<(), AddressFault> {
    for c in text.chars() {
        match c {
            _ if is_blank(c) => return Err(AddressFault::Blank),
            '\u{FFFD}' => return Err(AddressFault::LostLetter),
            // Here the joiners go too: they would make two addresses that nobody can tell apart.
            '\u{AD}'
            | '\u{61C}'
            | '\u{200B}'..='\u{200F}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FFF0}'..='\u{FFFF}'
            | '\u{E0000}'..='\u{E0FFF}' => {
                return Err(AddressFault::Invisible(c));
            }
            _ if is_hidden(c) => return Err(AddressFault::Invisible(c)),
            _ => {}
        }
    }
    Ok(())
}

/// A dot-atom (RFC 5322 §3.2.3) with the letters of RFC 6531 §3.3.
fn check_local(local: &str) -> Result<(), AddressFault> {
    if local.is_empty() {
        return Err(AddressFault::NoLocal);
    }
    if local.split('.').any(str::is_empty) {
        return Err(AddressFault::LocalDots);
    }
    if let Some(odd) = local.chars().find(|&c| c.is_ascii() && c != '.' && !is_atext(c)) {
        return Err(AddressFault::Character(odd));
    }
    if local.len() > MAX_LOCAL {
        return Err(AddressFault::LongLocal);
    }
    Ok(())
}

fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
}

fn to_a_labels(domain: &str) -> Result<String, AddressFault> {
    if domain.is_empty() {
        return Err(AddressFault::NoDomain);
    }
    if domain.starts_with('[') {
        return Err(AddressFault::Literal);
    }
    let ascii = a_labels(domain).ok_or_else(|| domain_fault(domain))?;
    match ascii.rsplit_once('.') {
        None => Err(AddressFault::NoDot(ascii)),
        Some((_, top)) if top.bytes().all(|b| b.is_ascii_digit()) => Err(AddressFault::Literal),
        Some(_) => Ok(ascii),
    }
}

fn a_labels(domain: &str) -> Option<String> {
    Uts46::new()
        .to_ascii(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify)
        .ok()
        .map(std::borrow::Cow::into_owned)
}

/// The mapping only says that something is wrong; label by label we find out what.
fn domain_fault(domain: &str) -> AddressFault {
    let ideographic_too = ['.', '\u{3002}', '\u{FF0E}', '\u{FF61}'];
    for label in domain.split(ideographic_too) {
        if label.is_empty() {
            return AddressFault::DomainDots;
        }
        if a_labels(label).is_none() {
            let long = label.len() > MAX_LABEL && label.chars().all(|c| c.is_alphanumeric() || c == '-');
            return if long { AddressFault::LongLabel } else { AddressFault::Label(label.chars().take(MAX_LABEL).collect()) };
        }
    }
    AddressFault::TooLong
}

fn strip_mailto(text: &str) -> &str {
    match text.split_at_checked(7) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("mailto:") => rest,
        _ => text,
    }
}

/// The text of a quoted-string (RFC 5322 §3.2.4); anything else as it is.
fn unquote(phrase: &str) -> String {
    let Some(inner) = phrase.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return phrase.to_owned();
    };
    let mut plain = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        plain.push(if c == '\\' { chars.next().unwrap_or('\\') } else { c });
    }
    plain
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.wire)
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EmailAddress({:?})", self.wire)
    }
}

impl FromStr for EmailAddress {
    type Err = AddressFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = AddressFault;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.wire
    }
}

#[cfg(test)]
mod tests;
