//! The signature by which a receiver knows that a message is the publication's and was not changed (RFC 6376).
//!
//! `rsa-sha256`, relaxed on both sides, every field of the head signed and those that could be forged signed once more
//! than they occur, so that nobody can add a second one (STANDARDS D1 to D3, L4). The time in it is that of the first
//! attempt and RSA pads without chance, so a message signed again is the same message.
//!
//! What is signed is the very octets that are sent: head and own field are relaxed from what was written, and the body
//! is written so that it is its own relaxed form. The first signature of every key is verified before its message goes
//! out, by code that takes nothing of this for granted (STANDARDS D6).

mod field;
mod key;
mod proof;
mod relaxed;

use data_encoding::BASE64;
use jiff::Timestamp;

use field::Field;
pub use key::DkimKey;
pub use proof::relaxed_body;

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

/// Why a key cannot sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DkimFault {
    /// Not PEM, or not a private key.
    #[error("it holds no private key in PEM form")]
    NoKey,
    /// Another kind of key, or a damaged one.
    #[error("it holds no RSA key that can sign; make one with `openssl genrsa 2048`")]
    NotRsa,
    /// Another kind of key, or a damaged one.
    #[error("it holds no Ed25519 key that can sign; make one with `openssl genpkey -algorithm ed25519`")]
    NotEd25519,
    /// Too short to be believed.
    #[error("its RSA key is shorter than 1024 bits; make one with `openssl genrsa 2048`")]
    TooShort,
    /// The library refused; the system gives no random numbers to blind with.
    #[error("the key did not sign")]
    Signing,
    /// What was signed is not what was written, or the key's two halves do not belong together.
    #[error("the signature of the key `{0}` does not hold; nothing signed by it may go out")]
    Unsound(&'static str),
}

/// The publication's keys: the one that signs, one that will take its place, one that signs besides.
#[derive(Debug)]
pub struct Signer {
    key: DkimKey,
    next: Option<(Timestamp, DkimKey)>,
    second: Option<DkimKey>,
}

impl Signer {
    /// Signs every message with one key.
    pub fn new(key: DkimKey) -> Self {
        Self { key, next: None, second: None }
    }

    /// Signs with another key what is first attempted at that instant or later (STANDARDS D5). What was attempted before
    /// keeps the old one, so that a second try says what the first said.
    #[must_use]
    pub fn followed_by(self, from: Timestamp, key: DkimKey) -> Self {
        Self { next: Some((from, key)), ..self }
    }

    /// Signs every message with a second key besides: one of Ed25519, for receivers who know it (RFC 8463; STANDARDS D4).
    #[must_use]
    pub fn seconded_by(self, key: DkimKey) -> Self {
        Self { second: Some(key), ..self }
    }

    /// The records to publish, each with its name and text.
    pub fn records(&self) -> Vec<(String, String)> {
        let next = self.next.as_ref().map(|(_, key)| key);
        std::iter::once(&self.key).chain(next).chain(&self.second).map(DkimKey::record).collect()
    }

    /// The fields to put in front of the head, the topmost first. `head` is CRLF lines without the empty line after it,
    /// and `body` the SHA-256 of what follows that line, which must be [its own relaxed form](relaxed_body).
    pub fn sign(&self, head: &[u8], body: &[u8; 32], at: Timestamp) -> Result<String, DkimFault> {
        let mut spoken = Vec::with_capacity(head.len() + Field::ROOM);
        relaxed::push_head(head, &mut spoken);
        let mut fields = String::with_capacity(2 * Field::ROOM);
        for key in self.keys(at) {
            sign_with(key, &mut spoken, body, at, &mut fields)?;
        }
        Ok(fields)
    }

    /// Verifies the signatures of a whole message if they are the first of their keys; in debug builds those of every
    /// message. Nothing may go out of which this says that it does not hold.
    pub fn prove(&self, message: &[u8], at: Timestamp) -> Result<(), DkimFault> {
        self.keys(at).try_for_each(|key| key.prove_once(|| proof::holds(message, key)))
    }

    /// Those who sign a message of that time, in the order of their fields.
    fn keys(&self, at: Timestamp) -> impl Iterator<Item = &DkimKey> {
        let first = match &self.next {
            Some((from, next)) if at >= *from => next,
            _ => &self.key,
        };
        self.second.iter().chain(std::iter::once(first))
    }
}

/// Appends one signature's field. `spoken` is the relaxed head, and is that again afterwards.
fn sign_with(key: &DkimKey, spoken: &mut Vec<u8>, body: &[u8; 32], at: Timestamp, out: &mut String) -> Result<(), DkimFault> {
    let head = spoken.len();
    let mut field = Field::new(out);
    field.tag("v=", "1");
    field.tag("a=", key.algorithm());
    field.tag("c=", "relaxed/relaxed");
    field.tag("d=", key.domain());
    field.tag("s=", key.selector());
    field.tag("t=", &at.as_second().to_string());
    field.list("h=", relaxed::names(spoken).chain(OVERSIGNED));
    field.long("bh=", BASE64.encode_mut_str(body, &mut [0; 44]));
    field.word("b=");
    relaxed::push_field(b"dkim-signature", field.value().as_bytes(), spoken);
    let signature = key.sign(spoken)?;
    spoken.truncate(head);
    field.rest(&BASE64.encode(&signature));
    field.end();
    Ok(())
}

#[cfg(test)]
mod tests;
