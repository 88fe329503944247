//! Links that know their reader: what stands in an unsubscribe address, and who could have made it.
//!
//! A token says which key, list and subscriber, and proves with a truncated HMAC-SHA-256 that we wrote it for one purpose
//! (RFC 8058 §6; STANDARDS L5, T6). It does not expire: a departure must work for ever (L8). Where a link is to work only
//! once, the store remembers that.

pub(crate) mod octets;
pub(crate) mod varint;

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};

use self::octets::Octets;
use super::SubscriberId;

/// Octets of the MAC in a token: 128 bits (STANDARDS T6).
const MAC: usize = 16;
/// Longest token in octets: key id, two numbers, MAC.
const TOKEN: usize = 1 + varint::MAX + varint::MAX + MAC;
/// Part of what is signed, so that a later layout cannot be taken for this one.
const VERSION: u8 = 1;

/// What a link is for; a token for one purpose opens nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Leaving a list.
    Unsubscribe,
    /// Seeing and changing what one is subscribed to.
    Preferences,
    /// Confirming a subscription that was asked for.
    Confirm,
    /// Reading one's own copy of an issue on the web.
    View,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Unsubscribe, Self::Preferences, Self::Confirm, Self::View];

    /// Signed for ever: never change or reuse a letter.
    fn letter(self) -> u8 {
        match self {
            Self::Unsubscribe => b'u',
            Self::Preferences => b'p',
            Self::Confirm => b'c',
            Self::View => b'v',
        }
    }
}

/// Who a token speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bearer {
    /// The subscriber.
    pub subscriber: SubscriberId,
    /// The list's number in the store.
    pub list_number: u32,
}

/// A signed token, to be written as a URL or a mail address needs it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Octets<TOKEN>);

impl Token {
    /// As a path segment of a link: base64url without padding, at most 32 characters for lists below 16 384 and
    /// subscribers below two million.
    pub fn url(&self) -> String {
        BASE64URL_NOPAD.encode(&self.0)
    }

    /// Appends [`Token::url`].
    pub fn push_url(&self, out: &mut String) {
        BASE64URL_NOPAD.encode_append(&self.0, out);
    }

    /// As part of a local part: lower-case base32 without padding, since some servers fold case; at most 52 octets
    /// (STANDARDS L9).
    pub fn mailbox(&self) -> String {
        BASE32_NOPAD.encode(&self.0).to_ascii_lowercase()
    }
}

impl fmt::Debug for Token {
    /// A token is as good as its bearer's consent, so logs do not get it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Not a token of ours. One word for every cause, so that nobody learns how far an attempt came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this link is not one of ours, or it was cut short")]
pub struct Forged;

/// Why secrets are no set of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeysFault {
    /// Not one key.
    #[error("no signing key is given; at least one is wanted")]
    None,
    /// Nobody could tell which one signed.
    #[error("two signing keys have the number {0}; give the new key a new one")]
    SameNumber(u8),
}

/// The publication's signing keys: the newest signs, all verify.
///
/// To rotate, put a new key with a new number before the others. To disown a stolen one, take it out: its links die.
#[derive(Clone)]
pub struct Keys {
    newest: Key,
    older: Vec<Key>,
}

#[derive(Clone)]
struct Key {
    number: u8,
    secret: hmac::Key,
}

impl Keys {
    /// One key: its number, and 32 octets of a good random source.
    pub fn new(number: u8, secret: &[u8; 32]) -> Self {
        Self { newest: Key::new(number, secret), older: Vec::new() }
    }

    /// Several keys, newest first.
    pub fn from_newest_first<'a>(keys: impl IntoIterator<Item = (u8, &'a [u8; 32])>) -> Result<Self, KeysFault> {
        let mut keys = keys.into_iter();
        let (number, secret) = keys.next().ok_or(KeysFault::None)?;
        let mut ring = Self::new(number, secret);
        for (number, secret) in keys {
            if ring.numbered(number).is_some() {
                return Err(KeysFault::SameNumber(number));
            }
            ring.older.push(Key::new(number, secret));
        }
        Ok(ring)
    }

    /// Signs for one purpose with the newest key.
    pub fn sign(&self, purpose: Purpose, bearer: Bearer) -> Token {
        let mut token = Octets::new();
        token.extend([self.newest.number]);
        varint::write(u64::from(bearer.list_number), &mut token);
        varint::write(bearer.subscriber.0.cast_unsigned(), &mut token);
        let tag = self.newest.tag(purpose, bearer);
        token.extend_from_slice(tag.as_ref().get(..MAC).unwrap_or_default());
        Token(token)
    }

    /// Reads a token from a link.
    pub fn verify(&self, purpose: Purpose, url: &str) -> Result<Bearer, Forged> {
        let octets = if url.len() <= TOKEN * 2 { BASE64URL_NOPAD.decode(url.as_bytes()).ok() } else { None };
        self.verify_octets(purpose, &octets.unwrap_or_default())
    }

    /// Reads a token from a local part, in whatever case it arrives.
    pub fn verify_mailbox(&self, purpose: Purpose, text: &str) -> Result<Bearer, Forged> {
        let octets = if text.len() <= TOKEN * 2 { BASE32_NOPAD.decode(text.to_ascii_uppercase().as_bytes()).ok() } else { None };
        self.verify_octets(purpose, &octets.unwrap_or_default())
    }

    /// Whatever is wrong, one MAC is computed and compared, so that time tells no more than the error does.
    fn verify_octets(&self, purpose: Purpose, token: &[u8]) -> Result<Bearer, Forged> {
        const NOBODY: (u8, Bearer, &[u8]) = (0, Bearer { subscriber: SubscriberId(0), list_number: 0 }, &[0; MAC]);
        let parsed = parse(token);
        let (number, bearer, mac) = parsed.unwrap_or(NOBODY);
        let key = self.numbered(number);
        let tag = key.unwrap_or(&self.newest).tag(purpose, bearer);
        let equal = verify_slices_are_equal(tag.as_ref().get(..MAC).unwrap_or_default(), mac).is_ok();
        if equal && key.is_some() && parsed.is_some() { Ok(bearer) } else { Err(Forged) }
    }

    /// The number of the key that signs now.
    pub(crate) fn newest_number(&self) -> u8 {
        self.newest.number
    }

    /// An HMAC-SHA-256 of something that is no token, by the key of that number. `label` must be unlike every other label;
    /// the parts of the message are signed as one.
    pub(crate) fn mac(&self, number: u8, label: &'static str, message: &[&[u8]]) -> Option<[u8; 32]> {
        self.numbered(number).map(|key| key.mac(label, message))
    }

    /// The same by the oldest key held, which stays the same when a new one is added.
    pub(crate) fn steady_mac(&self, label: &'static str, message: &[&[u8]]) -> [u8; 32] {
        self.older.last().unwrap_or(&self.newest).mac(label, message)
    }

    fn numbered(&self, number: u8) -> Option<&Key> {
        std::iter::once(&self.newest).chain(&self.older).find(|key| key.number == number)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers = std::iter::once(&self.newest).chain(&self.older).map(|key| key.number);
        f.write_str("Keys ")?;
        f.debug_list().entries(numbers).finish()
    }
}

impl Key {
    fn new(number: u8, secret: &[u8; 32]) -> Self {
        Self { number, secret: hmac::Key::new(hmac::HMAC_SHA256, secret) }
    }

    /// Fixed widths: no two bearers give the same octets to sign.
    fn tag(&self, purpose: Purpose, bearer: Bearer) -> hmac::Tag {
        let mut message = [0; 15];
        message[..3].copy_from_slice(&[VERSION, purpose.letter(), self.number]);
        message[3..7].copy_from_slice(&bearer.list_number.to_be_bytes());
        message[7..].copy_from_slice(&bearer.subscriber.0.to_be_bytes());
        self.tag_of("token", &[&message])
    }

    fn mac(&self, label: &'static str, message: &[&[u8]]) -> [u8; 32] {
        let mut mac = [0; 32];
        mac.copy_from_slice(self.tag_of(label, message).as_ref());
        mac
    }

    fn tag_of(&self, label: &'static str, message: &[&[u8]]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.secret);
        context.update(b"masthead ");
        context.update(label.as_bytes());
        context.update(&[0]);
        for part in message {
            context.update(part);
        }
        context.sign()
    }
}

/// Key number, bearer and MAC, if each number is written in its shortest form and nothing is left over.
fn parse(token: &[u8]) -> Option<(u8, Bearer, &[u8])> {
    let (&number, rest) = token.split_first()?;
    let (list, rest) = varint::read(rest)?;
    let (subscriber, mac) = varint::read(rest)?;
    let bearer = Bearer { subscriber: SubscriberId(subscriber.cast_signed()), list_number: u32::try_from(list).ok()? };
    (mac.len() == MAC).then_some((number, bearer, mac))
}

#[cfg(test)]
mod tests;
