//! Addresses: whatever is typed, what is accepted can stand in an envelope and a head, and means the same ever after.

use masthead::subscription::EmailAddress;
use proptest::prelude::*;

/// Texts that are nearly addresses, so that the acceptance is tried as often as the refusal.
fn nearly() -> impl Strategy<Value = String> {
    let local = "[a-zA-Z0-9._%+'=/äñʼ漢-]{0,20}|.{0,6}";
    let domain = "[a-zA-Z0-9äß漢-]{1,12}(\\.[a-zA-Z0-9äß漢-]{1,12}){0,3}|.{0,8}";
    (local, "@|@@|", domain, " |\r\n|").prop_map(|(local, at, domain, end)| format!("{local}{at}{domain}{end}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn t2_t24_what_is_accepted_is_safe_and_stays_the_same(text in prop_oneof![nearly(), any::<String>()]) {
        let Ok(address) = EmailAddress::parse(&text) else { return Ok(()) };
        let wire = address.as_str();
        prop_assert!(!wire.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | '"' | ',' | ';' | ':' | '\\')), "{wire:?}");
        prop_assert!(wire.len() <= 254 && address.local().len() <= 64);
        prop_assert!(address.domain().is_ascii() && address.domain().contains('.'));
        prop_assert_eq!(address.domain(), address.domain().to_ascii_lowercase());
        prop_assert_eq!(address.needs_smtputf8(), !wire.is_ascii());
        // Read again it is itself, and its key does not change either.
        let again = EmailAddress::parse(wire).unwrap();
        prop_assert_eq!(&again, &address);
        prop_assert_eq!(again.key(), address.key());
        // Capitals make no other reader, unless they are those of another letter: the micro sign's are the Greek mu's.
        let loud = wire.to_uppercase();
        if loud.to_lowercase() == wire.to_lowercase() {
            prop_assert_eq!(EmailAddress::parse(&loud).map(|other| other.key()).unwrap_or(address.key()), address.key());
        }
        prop_assert!(!address.masked().contains(address.local()) || address.local().chars().count() <= 1, "{}", address.masked());
    }

    #[test]
    fn s10_another_local_part_at_a_known_domain_is_as_if_the_whole_were_read(local in "[a-zA-Z0-9._%+'=/ä\"@<, -]{0,70}", domain in "[a-z]{1,60}(\\.[a-z]{2,60}){1,4}") {
        let Ok(home) = EmailAddress::parse(&format!("b@{domain}")) else { return Ok(()) };
        let whole = EmailAddress::parse(&format!("{local}@{domain}"));
        let trimmed = local != local.trim();
        match home.with_local(&local) {
            Ok(address) => prop_assert_eq!(Ok(address), whole),
            Err(_) => prop_assert!(whole.is_err() || trimmed, "{:?}", whole),
        }
    }
}
