//! The signature by which a receiver knows that a message is the publication's and was not changed (RFC 6376).
//!
//! `rsa-sha256`, relaxed on both sides, every field of the head signed and those that could be forged signed once more
//! than they occur, so that nobody can add a second one (STANDARDS D1 to D3, L4). The time in it is that of the first
//! attempt and RSA pads without chance, so a message signed again is the same message.

use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use data_encoding::BASE64;
use jiff::Timestamp;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;

/// Fields that are signed once more than they occur (RFC 6376 section 8.15).
const OVERSIGNED: [&str; 15] = [
    "from",
    "reply-to",
    "to",
    "cc",
    "subject",
    "date",
    "message-id",
    "sender",
    "in-reply-to",
    "references",
    "mime-version",
    "content-type",
    "list-id",
    "list-unsubscribe",
    "list-unsubscribe-post",
];

/// Longest line of the signature's own field, in octets.
const LINE: usize = 76;

/// Fewest octets of a modulus that receivers take seriously: 1024 bits (RFC 8301 section 3.2).
const LEAST: usize = 128;

/// Why a key cannot sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DkimFault {
    /// Not PEM, or not a private key.
    #[error("it holds no private key in PEM form")]
    NoKey,
    /// Another kind of key, or a damaged one.
    #[error("it holds no RSA key that can sign; make one with `openssl genrsa 2048`")]
    NotRsa,
    /// Too short to be believed.
    #[error("its RSA key is shorter than 1024 bits; make one with `openssl genrsa 2048`")]
    TooShort,
    /// The library refused; the system gives no random numbers to blind with.
    #[error("the key did not sign")]
    Signing,
}

/// A key, and where receivers find its other half.
#[derive(Debug)]
pub struct Signer {
    domain: String,
    selector: String,
    key: RsaKeyPair,
    chance: SystemRandom,
}

impl Signer {
    /// A signer for a domain whose public key is published under `<selector>._domainkey.<domain>`. Takes PKCS#8 and
    /// PKCS#1 keys in PEM form.
    pub fn new(domain: &str, selector: &str, pem: &str) -> Result<Self, DkimFault> {
        let key = match PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| DkimFault::NoKey)? {
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err(DkimFault::NotRsa),
        }
        .map_err(|_| DkimFault::NotRsa)?;
        if key.public_modulus_len() < LEAST {
            return Err(DkimFault::TooShort);
        }
        Ok(Self { domain: domain.to_owned(), selector: selector.to_owned(), key, chance: SystemRandom::new() })
    }

    /// The record to publish: what stands in the TXT of [`Signer::new`]'s name.
    pub fn record(&self) -> String {
        // A DKIM record wants the whole SubjectPublicKeyInfo; aws-lc gives the inner RSAPublicKey, to which the
        // algorithm's identifier is put in front (RFC 8017 appendix C, RFC 5280 section 4.1).
        const ALGORITHM: [u8; 15] = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
        let key = self.key.public_key().as_ref();
        let mut bits = vec![0];
        bits.extend_from_slice(key);
        let inner = [&ALGORITHM[..], &der(0x03, &bits)].concat();
        format!("v=DKIM1; k=rsa; h=sha256; p={}", BASE64.encode(&der(0x30, &inner)))
    }

    /// The field to put in front of the head. `head` is CRLF lines without the empty line after it, and `body` what
    /// follows that line.
    pub fn sign(&self, head: &str, body: &[u8], at: Timestamp) -> Result<String, DkimFault> {
        let fields = fields(head);
        let names = fields.iter().map(|(name, _)| name.as_str()).chain(OVERSIGNED);
        let signed: Vec<&str> = names.collect();
        let hash = BASE64.encode(digest::digest(&digest::SHA256, &relaxed_body(body)).as_ref());
        let mut field = Field::new();
        for tag in ["v=1", "a=rsa-sha256", "c=relaxed/relaxed"] {
            field.tag(tag);
        }
        field.tag(&format!("d={}", self.domain));
        field.tag(&format!("s={}", self.selector));
        field.tag(&format!("t={}", at.as_second()));
        field.listed("h=", &signed);
        field.long("bh=", &hash);
        field.open("b=");
        let mut spoken = String::with_capacity(head.len());
        for (name, value) in &fields {
            push_relaxed(name, value, &mut spoken);
            spoken.push_str("\r\n");
        }
        push_relaxed("dkim-signature", field.value(), &mut spoken);
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &self.chance, spoken.as_bytes(), &mut signature).map_err(|_| DkimFault::Signing)?;
        field.rest(&BASE64.encode(&signature));
        Ok(field.written())
    }
}

fn der(tag: u8, octets: &[u8]) -> Vec<u8> {
    let length = octets.len().to_be_bytes();
    let length: Vec<u8> = length.into_iter().skip_while(|octet| *octet == 0).collect();
    let mut out = vec![tag];
    match (octets.len(), u8::try_from(length.len())) {
        (0..=127, _) | (_, Err(_)) => out.push(length.first().copied().unwrap_or(0)),
        (_, Ok(count)) => {
            out.push(0x80 | count);
            out.extend_from_slice(&length);
        }
    }
    out.extend_from_slice(octets);
    out
}

/// The fields of a head: lower-case name and raw value, folded lines joined.
fn fields(head: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in head.split("\r\n").filter(|line| !line.is_empty()) {
        match line.split_once(':') {
            Some((name, value)) if !line.starts_with([' ', '\t']) => fields.push((name.to_ascii_lowercase(), value.to_owned())),
            _ => {
                if let Some((_, value)) = fields.last_mut() {
                    value.push_str(line);
                }
            }
        }
    }
    fields
}

/// RFC 6376 section 3.4.2: runs of blanks are one, none at the ends.
fn push_relaxed(name: &str, value: &str, out: &mut String) {
    out.push_str(name.trim_end());
    out.push(':');
    let mut first = true;
    for word in value.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()) {
        if !first {
            out.push(' ');
        }
        out.push_str(word);
        first = false;
    }
}

/// RFC 6376 section 3.4.4: runs of blanks are one, none at a line's end, no empty lines at the end of the body.
fn relaxed_body(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 2);
    for line in body.split_inclusive(|octet| *octet == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut blank = false;
        for octet in line {
            if matches!(octet, b' ' | b'\t') {
                blank = true;
                continue;
            }
            if blank {
                out.push(b' ');
                blank = false;
            }
            out.push(*octet);
        }
        out.extend_from_slice(b"\r\n");
    }
    while out.ends_with(b"\r\n\r\n") {
        out.truncate(out.len() - 2);
    }
    if out == b"\r\n" {
        out.clear();
    }
    out
}

/// The signature's own field, folded as it grows: what is signed of it must be what is sent.
struct Field {
    text: String,
    column: usize,
}

const NAME: &str = "DKIM-Signature:";

impl Field {
    fn new() -> Self {
        Self { text: NAME.to_owned(), column: NAME.len() }
    }

    fn value(&self) -> &str {
        &self.text[NAME.len()..]
    }

    fn written(mut self) -> String {
        self.text.push_str("\r\n");
        self.text
    }

    /// Puts a word after a blank, on the next line if this one is full.
    fn word(&mut self, word: &str) {
        if self.column + 1 + word.len() > LINE {
            self.text.push_str("\r\n");
            self.column = 0;
        }
        self.text.push(' ');
        self.text.push_str(word);
        self.column += 1 + word.len();
    }

    fn tag(&mut self, tag: &str) {
        self.word(&format!("{tag};"));
    }

    /// A list with colons; a line may end after any of them.
    fn listed(&mut self, tag: &str, names: &[&str]) {
        let last = names.len().saturating_sub(1);
        for (at, name) in names.iter().enumerate() {
            let before = if at == 0 { tag } else { "" };
            let after = if at == last { ";" } else { ":" };
            self.word(&format!("{before}{name}{after}"));
        }
    }

    /// A value that may be broken anywhere.
    fn long(&mut self, tag: &str, value: &str) {
        self.open(tag);
        self.rest(value);
        self.text.push(';');
        self.column += 1;
    }

    fn open(&mut self, tag: &str) {
        self.word(tag);
    }

    fn rest(&mut self, value: &str) {
        let mut rest = value;
        while !rest.is_empty() {
            if self.column >= LINE {
                self.text.push_str("\r\n ");
                self.column = 1;
            }
            let (now, later) = rest.split_at((LINE - self.column).min(rest.len()));
            self.text.push_str(now);
            self.column += now.len();
            rest = later;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_relaxed_as_the_rfc_shows() {
        assert_eq!(relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n"), b" C\r\nD E\r\n");
        assert_eq!(relaxed_body(b"\r\n\r\n"), b"");
        assert_eq!(relaxed_body(b"a"), b"a\r\n");
        assert_eq!(relaxed_body(b"a\r\n \t\r\n"), b"a\r\n");
    }

    #[test]
    fn heads_are_relaxed_as_the_rfc_shows() {
        let mut out = String::new();
        for (name, value) in fields("A: X\r\nB : Y\t\r\n\tZ  \r\n") {
            push_relaxed(&name, &value, &mut out);
            out.push_str("\r\n");
        }
        assert_eq!(out, "a:X\r\nb:Y Z\r\n");
    }

    #[test]
    fn what_is_no_key_is_refused_in_words() {
        assert_eq!(Signer::new("e.org", "s", "").err(), Some(DkimFault::NoKey));
        let ec = rcgen::KeyPair::generate().unwrap().serialize_pem();
        assert_eq!(Signer::new("e.org", "s", &ec).err(), Some(DkimFault::NotRsa));
    }

    #[test]
    fn d2_the_same_message_is_signed_the_same_and_no_line_is_long() {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap().serialize_pem();
        let signer = Signer::new("news.example.org", "nl2026", &key).unwrap();
        let sign = || signer.sign("From: a@news.example.org\r\nSubject: x\r\n", b"body\r\n", Timestamp::UNIX_EPOCH).unwrap();
        let field = sign();
        assert_eq!(field, sign());
        assert!(field.split("\r\n").all(|line| line.len() <= LINE), "{field}");
        assert!(field.contains("h=from: subject: from: reply-to:"), "{field}");
        assert!(signer.record().starts_with("v=DKIM1; k=rsa; h=sha256; p=MIIB"), "{}", signer.record());
    }
}
