//! Names that a message bears: derived from what it is, never drawn, so that every try says the same.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest;
use data_encoding::{BASE32_NOPAD, HEXLOWER};

use super::MailingId;
use crate::dateline::IssueId;
use crate::subscription::token::octets::Octets;
use crate::subscription::token::{Keys, varint};
use crate::subscription::{AddressFault, EmailAddress, SubscriberId};

/// What the local part of a bounce address begins with.
const BOUNCE: &str = "b+";
/// Octets of the MAC in a bounce address: 80 bits, since a forged bounce costs us little and local parts are short.
const BOUNCE_MAC: usize = 10;
/// Most octets of what a bounce address says: key, two numbers, MAC; and of its local part.
const BOUNCE_OCTETS: usize = 1 + 2 * varint::MAX + BOUNCE_MAC;
const BOUNCE_LOCAL: usize = BOUNCE.len() + (BOUNCE_OCTETS * 8).div_ceil(5);
/// Octets of the MAC in a Message-ID.
const MESSAGE_MAC: usize = 12;

/// The Message-ID of an issue for one reader, without its angle brackets: `2014-12.<24 hex digits>@domain`
/// (RFC 5322 §3.6.4; STANDARDS M6).
///
/// The same on every try, so that a receiver who got it twice can drop one; without a key nobody can tell from it whose
/// message it was. It comes from the oldest key held: a new key, added while a mailing is under way, does not change it.
pub fn message_id(keys: &Keys, issue: &IssueId, subscriber: SubscriberId, domain: &str) -> String {
    let mut id = String::new();
    push_message_id(keys, issue, subscriber, domain, &mut id);
    id
}

/// Appends [`message_id`].
pub fn push_message_id(keys: &Keys, issue: &IssueId, subscriber: SubscriberId, domain: &str, out: &mut String) {
    let mac = keys.steady_mac("message id", &[issue.as_str().as_bytes(), &[0], &subscriber.0.to_be_bytes()]);
    out.push_str(issue.as_str());
    out.push('.');
    HEXLOWER.encode_append(mac.get(..MESSAGE_MAC).unwrap_or_default(), out);
    out.push('@');
    out.push_str(domain);
}

/// The Message-ID of a letter, without its angle brackets: `report.<24 hex digits>@domain` (STANDARDS M6).
///
/// `about` is what makes the letter one of its kind: the same letter to the same person has the same id.
pub fn letter_id(keys: &Keys, kind: &str, about: &str, to: &EmailAddress, domain: &str) -> String {
    let mac = keys.steady_mac("letter id", &[kind.as_bytes(), b"\0", about.as_bytes(), b"\0", to.key().as_bytes()]);
    format!("{kind}.{}@{domain}", HEXLOWER.encode(mac.get(..MESSAGE_MAC).unwrap_or_default()))
}

/// The envelope sender of one delivery, to which its bounces return: `b+<lower-case base32>@domain` (STANDARDS S10).
///
/// The same on every try under the same keys: greylisting waits for just that pair of addresses (RFC 6647). The local
/// part has at most 52 octets; `home` is any address at the domain to which bounces return.
pub fn verp(keys: &Keys, mailing: MailingId, subscriber: SubscriberId, home: &EmailAddress) -> Result<EmailAddress, AddressFault> {
    let key = keys.newest_number();
    let mut octets = Octets::<BOUNCE_OCTETS>::new();
    octets.extend([key]);
    varint::write(mailing.0.cast_unsigned(), &mut octets);
    varint::write(subscriber.0.cast_unsigned(), &mut octets);
    octets.extend_from_slice(&bounce_mac(keys, key, mailing, subscriber).unwrap_or_default());
    let mut local = String::with_capacity(BOUNCE_LOCAL);
    local.push_str(BOUNCE);
    BASE32_NOPAD.encode_append(&octets, &mut local);
    local.make_ascii_lowercase();
    home.with_local(&local)
}

/// Whose bounce it is that came to this address, if [`verp`] made it, in whatever case it returns. The domain is not
/// looked at: the mailbox that it reached is ours.
pub fn read_verp(keys: &Keys, address: &EmailAddress) -> Option<(MailingId, SubscriberId)> {
    let local = address.local().to_ascii_lowercase();
    let encoded = local.strip_prefix(BOUNCE)?.to_ascii_uppercase();
    let octets = BASE32_NOPAD.decode(encoded.as_bytes()).ok()?;
    let (&key, rest) = octets.split_first()?;
    let (mailing, rest) = varint::read(rest)?;
    let (subscriber, mac) = varint::read(rest)?;
    let (mailing, subscriber) = (MailingId(mailing.cast_signed()), SubscriberId(subscriber.cast_signed()));
    let expected = bounce_mac(keys, key, mailing, subscriber)?;
    verify_slices_are_equal(&expected, mac).ok()?;
    Some((mailing, subscriber))
}

/// The boundary between the parts of an edition's messages, 43 characters (RFC 2046 §5.1.1; STANDARDS M12).
///
/// `=_` cannot occur in quoted-printable or base64, so no body can hold it.
pub fn boundary(edition: &str) -> String {
    let hash = digest::digest(&digest::SHA256, format!("masthead boundary\0{edition}").as_bytes());
    format!("mh=_{}", HEXLOWER.encode(hash.as_ref()).get(..39).unwrap_or_default())
}

fn bounce_mac(keys: &Keys, key: u8, mailing: MailingId, subscriber: SubscriberId) -> Option<[u8; BOUNCE_MAC]> {
    let mut message = [0; 16];
    message[..8].copy_from_slice(&mailing.0.to_be_bytes());
    message[8..].copy_from_slice(&subscriber.0.to_be_bytes());
    let mac = keys.mac(key, "bounce", &[&message])?;
    mac.first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        Keys::new(1, &[7; 32])
    }

    fn home() -> EmailAddress {
        EmailAddress::parse("b@bounce.example.org").unwrap()
    }

    fn issue(id: &str) -> IssueId {
        id.parse().unwrap()
    }

    #[test]
    fn m6_a_message_id_is_the_same_on_every_try_and_of_its_own() {
        let id = message_id(&keys(), &issue("2014-12"), SubscriberId(5), "news.example.org");
        let (left, right) = id.split_once('@').unwrap();
        assert_eq!(right, "news.example.org");
        assert_eq!(left.strip_prefix("2014-12.").unwrap().len(), 24);
        assert!(left.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b)));
        assert_eq!(id, message_id(&keys(), &issue("2014-12"), SubscriberId(5), "news.example.org"));
        assert_ne!(id, message_id(&keys(), &issue("2014-12"), SubscriberId(6), "news.example.org"));
        let last = |id: &str| id.split_once('.').unwrap().1.to_owned();
        assert_ne!(last(&id), last(&message_id(&keys(), &issue("2015-01"), SubscriberId(5), "news.example.org")));
        let rotated = Keys::from_newest_first([(2, &[8; 32]), (1, &[7; 32])]).unwrap();
        assert_eq!(id, message_id(&rotated, &issue("2014-12"), SubscriberId(5), "news.example.org"));
    }

    #[test]
    fn s10_a_bounce_address_names_its_delivery_and_nobody_else_can_write_it() {
        let sender = verp(&keys(), MailingId(12), SubscriberId(70_000), &home()).unwrap();
        assert_eq!(sender, verp(&keys(), MailingId(12), SubscriberId(70_000), &home()).unwrap());
        assert_eq!(read_verp(&keys(), &sender), Some((MailingId(12), SubscriberId(70_000))));
        let shouted = EmailAddress::parse(&sender.as_str().to_uppercase()).unwrap();
        assert_eq!(read_verp(&keys(), &shouted), Some((MailingId(12), SubscriberId(70_000))));
        let rotated = Keys::from_newest_first([(2, &[8; 32]), (1, &[7; 32])]).unwrap();
        assert!(read_verp(&rotated, &sender).is_some());
        assert_eq!(read_verp(&Keys::new(1, &[8; 32]), &sender), None);
        assert_eq!(read_verp(&Keys::new(3, &[7; 32]), &sender), None);
        for (place, letter) in sender.local().char_indices() {
            let other = if letter == 'a' { 'b' } else { 'a' };
            let mut local = sender.local().to_owned();
            local.replace_range(place..=place, &other.to_string());
            let forged = EmailAddress::parse(&format!("{local}@bounce.example.org")).unwrap();
            assert_eq!(read_verp(&keys(), &forged), None, "{forged}");
        }
    }

    #[test]
    fn s10_the_longest_bounce_address_fits() {
        let sender = verp(&keys(), MailingId(i64::MAX), SubscriberId(-1), &home()).unwrap();
        assert!(sender.local().len() <= 64, "{sender}");
        assert_eq!(read_verp(&keys(), &sender), Some((MailingId(i64::MAX), SubscriberId(-1))));
        let far = EmailAddress::parse(&format!("b@{}.example.org", "long.".repeat(40).trim_end_matches('.'))).unwrap();
        assert!(verp(&keys(), MailingId(i64::MAX), SubscriberId(-1), &far).is_err());
    }

    #[test]
    fn m12_a_boundary_is_derived_short_and_in_no_body() {
        let boundary = boundary("abc");
        assert_eq!(boundary, super::boundary("abc"));
        assert_ne!(boundary, super::boundary("abd"));
        assert!(boundary.contains("=_") && boundary.len() <= 70);
        assert!(!crate::edition::quoted_printable::encode(&boundary).contains("=_"));
    }
}
