//! Any bytes as a roll of readers: read or refused, never a panic, and no row lost.

#![no_main]

use libfuzzer_sys::fuzz_target;
use masthead::subscription::Standing;
use masthead::subscription::roll::{Ways, read};

fuzz_target!(|bytes: &[u8]| {
    let _ = read(bytes, Ways::default());
    let _ = read(bytes, Ways { assume: Some(Standing::Confirmed), ..Ways::default() });
});
