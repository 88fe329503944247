//! Any bytes as a feed: read or refused, never a panic, and within bounds.

#![no_main]

use libfuzzer_sys::fuzz_target;
use masthead::issue::feed::parse;

fuzz_target!(|bytes: &[u8]| {
    let items = parse(bytes, "https://partner.example/feed.xml", jiff::Timestamp::UNIX_EPOCH).unwrap_or_default();
    assert!(items.iter().all(|item| item.link.starts_with("http") && item.excerpt.chars().count() <= 240));
});
