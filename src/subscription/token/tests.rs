//! STANDARDS T6: what was not signed for a purpose and a reader opens nothing.

use super::*;

const OLD: [u8; 32] = [7; 32];
const NEW: [u8; 32] = [8; 32];

fn bearer(list_number: u32, subscriber: i64) -> Bearer {
    Bearer { subscriber: SubscriberId(subscriber), list_number }
}

/// A token of any octets, as nobody but a forger would make it.
fn token(octets: &[u8]) -> Token {
    let mut held = Octets::new();
    held.extend_from_slice(octets);
    Token(held)
}

#[test]
fn l5_a_token_brings_its_bearer_back() {
    let keys = Keys::new(1, &OLD);
    for bearer in [bearer(0, 0), bearer(1, 1), bearer(3, 1_999_999), bearer(u32::MAX, i64::MAX), bearer(1, -1)] {
        for purpose in Purpose::ALL {
            let token = keys.sign(purpose, bearer);
            assert_eq!(keys.verify(purpose, &token.url()), Ok(bearer));
            assert_eq!(keys.verify_mailbox(purpose, &token.mailbox()), Ok(bearer));
            assert_eq!(keys.sign(purpose, bearer), token);
        }
    }
}

#[test]
fn l9_tokens_are_short_and_survive_folded_case() {
    let keys = Keys::new(255, &OLD);
    let token = keys.sign(Purpose::Unsubscribe, bearer(16_383, 2_097_151));
    assert!(token.url().len() <= 32, "{}", token.url().len());
    let longest = keys.sign(Purpose::Unsubscribe, bearer(u32::MAX, -1)).mailbox();
    assert!("unsub+".len() + longest.len() <= 64, "{}", longest.len());
    assert!(longest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
    assert_eq!(keys.verify_mailbox(Purpose::Unsubscribe, &longest.to_uppercase()), Ok(bearer(u32::MAX, -1)));
}

#[test]
fn t6_a_flipped_bit_is_forged() {
    let keys = Keys::from_newest_first([(2, &NEW), (1, &OLD)]).unwrap();
    let token = keys.sign(Purpose::Unsubscribe, bearer(3, 70_000));
    for place in 0..token.0.len() * 8 {
        let mut flipped = token.clone();
        flipped.0[place / 8] ^= 1 << (place % 8);
        assert_eq!(keys.verify(Purpose::Unsubscribe, &flipped.url()), Err(Forged), "bit {place}");
        assert_eq!(keys.verify_mailbox(Purpose::Unsubscribe, &flipped.mailbox()), Err(Forged), "bit {place}");
    }
}

#[test]
fn t6_purposes_lists_and_subscribers_do_not_mix() {
    let keys = Keys::new(1, &OLD);
    for signed in Purpose::ALL {
        let url = keys.sign(signed, bearer(3, 5)).url();
        for asked in Purpose::ALL {
            assert_eq!(keys.verify(asked, &url).is_ok(), signed == asked);
        }
    }
    let mac_of = |bearer| keys.sign(Purpose::Confirm, bearer).0[3..].to_vec();
    for (theirs, mine) in [(bearer(3, 5), bearer(3, 6)), (bearer(3, 5), bearer(4, 5)), (bearer(3, 5), bearer(5, 3))] {
        let swapped = [&keys.sign(Purpose::Confirm, theirs).0[..3], &mac_of(mine)].concat();
        assert_eq!(keys.verify(Purpose::Confirm, &token(&swapped).url()), Err(Forged));
    }
}

#[test]
fn t6_a_token_has_one_spelling() {
    let keys = Keys::new(1, &OLD);
    let signed = keys.sign(Purpose::Unsubscribe, bearer(3, 70_000));
    let url = signed.url();
    for odd in ["", "=", &format!("{url}="), &format!("{url}A"), &format!(" {url}"), &url[1..], &url[..url.len() - 1], &"A".repeat(10_000)]
    {
        assert_eq!(keys.verify(Purpose::Unsubscribe, odd), Err(Forged), "{odd:?}");
    }
    let same_octets_other_spelling =
        (b'A'..=b'z').map(char::from).filter(|last| !url.ends_with(*last)).map(|last| format!("{}{last}", &url[..url.len() - 1]));
    for odd in same_octets_other_spelling {
        assert_eq!(keys.verify(Purpose::Unsubscribe, &odd), Err(Forged), "{odd:?}");
    }
    let long_number = [&signed.0[..1], &[3 | 0x80, 0], &signed.0[2..]].concat();
    assert_eq!(keys.verify(Purpose::Unsubscribe, &token(&long_number).url()), Err(Forged));
    let mailbox = signed.mailbox();
    for odd in
        [format!("{mailbox}="), format!("{mailbox}a"), format!("unsub+{mailbox}"), mailbox.replace(|c: char| c.is_ascii_digit(), "1")]
    {
        assert_eq!(keys.verify_mailbox(Purpose::Unsubscribe, &odd), Err(Forged), "{odd:?}");
    }
}

#[test]
fn t6_rotation_keeps_old_links_and_removal_kills_them() {
    let before = Keys::new(1, &OLD);
    let url = before.sign(Purpose::Unsubscribe, bearer(1, 9)).url();
    let rotated = Keys::from_newest_first([(2, &NEW), (1, &OLD)]).unwrap();
    assert_eq!(rotated.verify(Purpose::Unsubscribe, &url), Ok(bearer(1, 9)));
    assert_eq!(rotated.sign(Purpose::Unsubscribe, bearer(1, 9)).0[0], 2);
    assert_eq!(Keys::new(2, &NEW).verify(Purpose::Unsubscribe, &url), Err(Forged));
    assert_eq!(Keys::new(1, &NEW).verify(Purpose::Unsubscribe, &url), Err(Forged));
}

#[test]
fn keys_need_a_number_of_their_own_and_print_no_secret() {
    assert_eq!(Keys::from_newest_first([]).unwrap_err(), KeysFault::None);
    assert_eq!(Keys::from_newest_first([(1, &OLD), (1, &NEW)]).unwrap_err(), KeysFault::SameNumber(1));
    let keys = Keys::from_newest_first([(2, &NEW), (1, &OLD)]).unwrap();
    assert_eq!(format!("{keys:?}"), "Keys [2, 1]");
    assert_eq!(format!("{:?}", keys.sign(Purpose::View, bearer(1, 1))), "Token(…)");
}
