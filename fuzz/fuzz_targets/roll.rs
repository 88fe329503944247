//! Any bytes as a roll of readers: read or refused, never a panic, and no row lost.

#![no_main]

use libfuzzer_sys::fuzz_target;
use masthead::subscription::Standing;
use masthead::subscription::roll::read;

fuzz_target!(|bytes: &[u8]| {
    let _ = read(bytes, "roll.csv", None);
    let _ = read(bytes, "roll.csv", Some(Standing::Confirmed));
});
