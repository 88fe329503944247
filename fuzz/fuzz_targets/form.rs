//! Any bytes as what a browser or a mail program sends: read within bounds, never a panic.

#![no_main]

use libfuzzer_sys::fuzz_target;
use masthead::web::Form;

fuzz_target!(|said: (&str, &[u8])| {
    let (kind, body) = said;
    for kind in [kind, "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"] {
        let form = Form::of(kind, body);
        for name in ["", "a", "leave", "list"] {
            assert!(form.fields(name).count() <= 64);
            assert!(form.field(name).is_none_or(|value| value.len() <= 3 * body.len()));
        }
    }
});
