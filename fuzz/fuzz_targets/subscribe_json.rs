//! Any bytes as what a program sends that asks for a subscription; and each word of it as an address and a name.

#![no_main]

use libfuzzer_sys::fuzz_target;
use masthead::subscription::{EmailAddress, PersonName};
use masthead::web::Wanted;

fuzz_target!(|body: &[u8]| {
    let Some(wanted) = Wanted::read(body) else { return };
    if let Ok(address) = EmailAddress::parse(&wanted.email) {
        assert!(!address.as_str().contains(char::is_control));
    }
    if let Ok(name) = PersonName::parse(&wanted.name) {
        assert!(!name.as_str().contains(char::is_control));
    }
});
