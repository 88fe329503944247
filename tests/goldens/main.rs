//! Whole messages and pages, octet by octet as they were when somebody last looked at them.
//!
//! After a change that is meant to show, `MASTHEAD_GOLDENS=overwrite cargo test --test goldens` writes them anew; look at
//! the difference before it is committed. A golden file that no test asks for is a fault too.

// A newsroom that cannot be set up fails the test at once.
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod editors;
mod letters;
mod pages;
mod readers;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use support::linter::{lint, lint_letter, lint_plain};
use support::newsroom::{ISSUE, Newsroom};

/// For a reader who wants no HTML.
const IN_PLAIN_TEXT: &str = "lantern-street-2014-12-in-plain-text.eml";

/// The golden messages by file name, as the binary prints them now.
fn printed() -> BTreeMap<String, Vec<u8>> {
    let sample = Newsroom::sample();
    let fixture = Newsroom::new().with_known_key().issue("2014-12", ISSUE).back_issues().subscribers(1).build();
    fixture.write("plain.csv", "email,name,status,as\nplain@example.org,Pat Plain,confirmed,Plain\n");
    fixture.run(["subscribers", "import", &fixture.shown("plain.csv"), "--map", "format=as"]).ok();
    let message = |newsroom: &Newsroom, issue: &str, reader: Option<&str>| {
        let reader = reader.map(|address| ["--subscriber", address]);
        newsroom.run(["render", issue, "--to", "eml"].into_iter().chain(reader.into_iter().flatten())).ok().stdout.into_bytes()
    };
    [
        ("lantern-street-2014-12.eml", message(&fixture, "2014-12", None)),
        ("lantern-street-2014-12-for-a-subscriber.eml", message(&fixture, "2014-12", Some("reader0001@example.org"))),
        (IN_PLAIN_TEXT, message(&fixture, "2014-12", Some("plain@example.org"))),
        ("tin-dipper-2026-11.eml", message(&sample, "2026-11", None)),
        ("tin-dipper-2026-11-for-mizuki.eml", message(&sample, "2026-11", Some("mizuki@example.net"))),
    ]
    .into_iter()
    .chain(letters::printed())
    .chain(editors::printed())
    .chain(readers::printed())
    .chain(pages::printed())
    .map(|(name, octets)| (name.to_owned(), octets))
    .collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens")
}

/// The first line in which two messages differ, for whoever has to find out why.
fn difference(golden: &[u8], printed: &[u8]) -> Option<String> {
    let lines = |octets: &[u8]| octets.split_inclusive(|&octet| octet == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
    let (golden, printed) = (lines(golden), lines(printed));
    let at = (0..golden.len().max(printed.len())).find(|&at| golden.get(at) != printed.get(at))?;
    let shown = |lines: &[Vec<u8>]| lines.get(at).map_or_else(|| "(the end)".to_owned(), |line| String::from_utf8_lossy(line).into_owned());
    Some(format!("line {}:\n  golden  {:?}\n  printed {:?}", at + 1, shown(&golden), shown(&printed)))
}

#[test]
fn every_message_is_as_it_was_when_somebody_looked_at_it() {
    let overwrites = env::var("MASTHEAD_GOLDENS").as_deref() == Ok("overwrite");
    let mut faults = Vec::new();
    let printed = printed();
    for (name, octets) in &printed {
        let findings = match name.as_str() {
            IN_PLAIN_TEXT => lint_plain(octets),
            letter if letter.starts_with("letter-") => lint_letter(octets),
            // Pages have checkers of their own: tests/oracles.
            page if page.starts_with("archive-") => Vec::new(),
            _ => lint(octets),
        };
        assert_eq!(findings, [], "{name}");
        let path = folder().join(name);
        if overwrites {
            fs::write(&path, octets).unwrap();
        }
        match fs::read(&path) {
            Ok(golden) => faults.extend(difference(&golden, octets).map(|found| format!("{name} differs in {found}"))),
            Err(fault) => faults.push(format!("{name}: {fault}")),
        }
    }
    for entry in fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !["main.rs", "letters.rs", "editors.rs", "pages.rs", "readers.rs"].contains(&name.as_str()) && !printed.contains_key(&name) {
            faults.push(format!("{name} is an orphan: no test prints it"));
        }
    }
    assert!(faults.is_empty(), "{}\nIf this is meant, MASTHEAD_GOLDENS=overwrite writes them anew.", faults.join("\n"));
}

#[test]
fn a_difference_is_told_with_its_line() {
    assert_eq!(difference(b"a\r\nb\r\n", b"a\r\nb\r\n"), None);
    assert!(difference(b"a\r\nb\r\n", b"a\r\nc\r\n").unwrap().starts_with("line 2:"));
    assert!(difference(b"a\r\n", b"a\n").unwrap().starts_with("line 1:"));
    assert!(difference(b"a\r\n", b"a\r\nb\r\n").unwrap().contains("(the end)"));
}
