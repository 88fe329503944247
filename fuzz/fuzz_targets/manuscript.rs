//! Any bytes dropped as an issue: told or taken apart, never a panic.

#![no_main]

use libfuzzer_sys::fuzz_target;
use masthead::diagnostic::print::{Style, drawn};
use masthead::manuscript::source::decode;
use masthead::manuscript::{Draft, parse};

fuzz_target!(|bytes: &[u8]| {
    let decoded = decode("issues/2026-11.md", bytes);
    let Some(source) = decoded.value else { return };
    let Ok(id) = "2026-11".parse() else { return };
    let parsed = parse(&Draft { id, source, files: Vec::new() }, "Related Items");
    let _ = drawn(&parsed.diagnostics, Style { coloured: false, width: 80 });
});
