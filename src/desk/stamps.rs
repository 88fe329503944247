//! Stamps on forms: when a form was shown and for what, signed, so that it can be told from one that was never shown.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use data_encoding::BASE64URL_NOPAD;
use jiff::{SignedDuration, Timestamp};

use crate::subscription::token::Keys;

/// Octets of the MAC in a stamp: 128 bits (STANDARDS T6).
const MAC: usize = 16;
/// Octets before it: key number, and milliseconds since 1970.
const HEAD: usize = 9;

/// A stamp of this instant for a form. `about` is what the form is for: nowhere else is its stamp good.
pub fn stamp(keys: &Keys, about: &str, now: Timestamp) -> String {
    let mut octets = [0; HEAD + MAC];
    octets[0] = keys.newest_number();
    octets[1..HEAD].copy_from_slice(&now.as_millisecond().to_be_bytes());
    let mac = mac(keys, &octets[..HEAD], about).unwrap_or_default();
    octets[HEAD..].copy_from_slice(&mac);
    BASE64URL_NOPAD.encode(&octets)
}

/// How long ago a form was shown, by its stamp; `None` if the stamp is not ours, or for something else.
pub fn age(keys: &Keys, about: &str, stamp: &str, now: Timestamp) -> Option<SignedDuration> {
    let octets = if stamp.len() <= 2 * (HEAD + MAC) { BASE64URL_NOPAD.decode(stamp.as_bytes()).ok()? } else { return None };
    let (head, claimed) = octets.split_at_checked(HEAD)?;
    verify_slices_are_equal(&mac(keys, head, about)?, claimed).ok()?;
    let shown = Timestamp::from_millisecond(i64::from_be_bytes(head.get(1..)?.try_into().ok()?)).ok()?;
    Some(now.duration_since(shown))
}

fn mac(keys: &Keys, head: &[u8], about: &str) -> Option<[u8; MAC]> {
    keys.mac(*head.first()?, "form stamp", &[head, about.as_bytes()])?.get(..MAC)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t6_a_stamp_is_good_for_its_own_form_and_tells_its_age() {
        let (keys, now) = (Keys::new(1, &[7; 32]), Timestamp::UNIX_EPOCH);
        let later = now + SignedDuration::from_secs(5);
        let ours = stamp(&keys, "join", now);
        assert_eq!(age(&keys, "join", &ours, later), Some(SignedDuration::from_secs(5)));
        assert_eq!(age(&keys, "undo", &ours, later), None);
        assert_eq!(age(&Keys::new(1, &[8; 32]), "join", &ours, later), None);
        for at in 0..ours.len() {
            let other = if &ours[at..=at] == "A" { "B" } else { "A" };
            assert_eq!(age(&keys, "join", &format!("{}{other}{}", &ours[..at], &ours[at + 1..]), later), None, "letter {at}");
        }
        for cut in ["", "A", "AAAAAAAAAAAA", &ours[..ours.len() - 2], &ours.repeat(9), "é"] {
            assert_eq!(age(&keys, "join", cut, later), None, "{cut:?}");
        }
    }
}
