//! STANDARDS T6: guessing opens nothing.

use masthead::subscription::SubscriberId;
use masthead::subscription::token::{Bearer, Keys, Purpose};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn t6_random_texts_open_nothing(text in "[A-Za-z0-9_-]{20,40}", any in "\\PC{0,60}") {
        let keys = Keys::new(1, &[7; 32]);
        for purpose in Purpose::ALL {
            prop_assert!(keys.verify(purpose, &text).is_err());
            prop_assert!(keys.verify_mailbox(purpose, &text.to_lowercase()).is_err());
            prop_assert!(keys.verify(purpose, &any).is_err());
            prop_assert!(keys.verify_mailbox(purpose, &any).is_err());
        }
    }

    #[test]
    fn l5_every_bearer_comes_back(number: u8, secret: [u8; 32], list_number: u32, subscriber: i64) {
        let keys = Keys::new(number, &secret);
        let bearer = Bearer { subscriber: SubscriberId(subscriber), list_number };
        let token = keys.sign(Purpose::Unsubscribe, bearer);
        prop_assert_eq!(keys.verify(Purpose::Unsubscribe, &token.url()), Ok(bearer));
        prop_assert_eq!(keys.verify_mailbox(Purpose::Unsubscribe, &token.mailbox()), Ok(bearer));
        prop_assert!(keys.verify(Purpose::Preferences, &token.url()).is_err());
    }
}
