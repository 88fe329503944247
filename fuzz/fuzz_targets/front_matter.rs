//! Any text between the two `---` lines: told or understood, never a panic.

#![no_main]

use libfuzzer_sys::fuzz_target;
use masthead::diagnostic::Source;
use masthead::manuscript::{Draft, parse};

fuzz_target!(|yaml: &str| {
    let Ok(id) = "2026-11".parse() else { return };
    let source = Source::new("issues/2026-11.md", format!("---\n{yaml}\n---\n# H\n"));
    let _ = parse(&Draft { id, source, files: Vec::new() }, "Related Items");
});
