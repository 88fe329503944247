//! The preview in the system's Chromium: fresh after a save, useful by keyboard, accessible, and as fast as it should be.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::support::newsroom::Newsroom;
use super::support::preview::Preview;
use super::{oracles, skip, without_browser};

/// Has a browser look at an issue while it is saved so many times, and returns the milliseconds from a save to the moment
/// at which the page shows it; or says why there is no browser.
fn watched(newsroom: &Newsroom, issue: &str, file: &str, saves: usize) -> Option<Vec<u64>> {
    if let Some(why) = without_browser() {
        skip("the preview in a browser", &why);
        return None;
    }
    let preview = Preview::start(newsroom, &[issue]);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/preview.mjs");
    let mut command = Command::new("node");
    command.arg(script).args(["--saves", &saves.to_string(), &preview.url(&preview.path)]).arg(newsroom.path(file));
    let output = command.env("MASTHEAD_ORACLES", oracles()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    preview.end().ok();
    let told: Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    let mut times: Vec<u64> = told["milliseconds"].as_array().unwrap().iter().filter_map(Value::as_u64).collect();
    assert_eq!(times.len(), saves);
    times.sort_unstable();
    Some(times)
}

#[test]
fn a5_a7_the_preview_is_fresh_after_a_save_and_can_be_used_by_everybody() {
    let newsroom = Newsroom::sample();
    if let Some(times) = watched(&newsroom, "2026-11", "issues/2026-11/issue.md", 5) {
        // A debug build on a busy machine; `cargo bench --bench desk` measures what it takes otherwise.
        assert!(times[0] < 2000, "milliseconds from a save to the page: {times:?}");
    }
}
