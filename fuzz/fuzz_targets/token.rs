//! Any text as a reader's or an editor's link, a form's stamp or a bounce address: never a panic, and never taken for ours.

#![no_main]

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use masthead::desk::{approval, stamps};
use masthead::mailing::ident::read_verp;
use masthead::store::Proof;
use masthead::subscription::EmailAddress;
use masthead::subscription::token::{Keys, Purpose};

fuzz_target!(|text: &str| {
    let keys = Keys::new(1, &[7; 32]);
    for purpose in Purpose::ALL {
        assert!(keys.verify(purpose, text).is_err() && keys.verify_mailbox(purpose, text).is_err());
    }
    for about in ["join", "undo 1 1", text] {
        assert!(stamps::age(&keys, about, text, Timestamp::UNIX_EPOCH).is_none());
    }
    if let (Ok(issue), Ok(editor)) = ("2014-12".parse(), EmailAddress::parse("ada@example.org")) {
        let proof = Proof { issue, edition: "0".repeat(64), draft: String::new(), at: Timestamp::UNIX_EPOCH };
        assert!(!approval::opens(&keys, &proof, &editor, text));
    }
    if let Ok(address) = EmailAddress::parse(text) {
        assert!(read_verp(&keys, &address).is_none());
    }
});
