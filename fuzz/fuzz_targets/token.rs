//! Any text as a reader's link or a bounce address: never a panic, and never taken for ours.

#![no_main]

use libfuzzer_sys::fuzz_target;
use masthead::mailing::ident::read_verp;
use masthead::subscription::EmailAddress;
use masthead::subscription::token::{Keys, Purpose};

fuzz_target!(|text: &str| {
    let keys = Keys::new(1, &[7; 32]);
    for purpose in Purpose::ALL {
        assert!(keys.verify(purpose, text).is_err() && keys.verify_mailbox(purpose, text).is_err());
    }
    if let Ok(address) = EmailAddress::parse(text) {
        assert!(read_verp(&keys, &address).is_none());
    }
});
