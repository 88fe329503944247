//! The walls between the rooms, as ARCHITECTURE.md draws them: who may know whom, who touches the world, how long a
//! file may be. Reads the sources; a finding names file and line.

#![allow(clippy::unwrap_used, reason = "a source that cannot be read fails the test")]

#[path = "architecture/source.rs"]
mod source;

use std::fs;
use std::path::Path;

use source::{Mention, mentions};

/// Each room and what it may know, from the top down: a room, a part of one, or one word of it.
/// A whole room must stand further down than the room that knows it.
const ROOMS: [(&str, &[&str]); 22] = [
    ("main", &["cli"]),
    ("lib", &[]),
    (
        "cli",
        &[
            "app",
            "archive",
            "clock",
            "daemon",
            "dateline",
            "desk",
            "diagnostic",
            "issue",
            "mailing",
            "schedule",
            "store",
            "subscription",
            "web",
        ],
    ),
    ("daemon", &["app", "dateline", "desk", "intake", "web"]),
    ("web", &["app", "dateline", "desk", "diagnostic", "edition", "intake"]),
    (
        "desk",
        &[
            "app",
            "archive",
            "clock",
            "config",
            "dateline",
            "diagnostic",
            "edition",
            "intake",
            "issue",
            "mailing",
            "manuscript",
            "relay",
            "schedule",
            "store",
            "subscription",
            "traffic",
        ],
    ),
    ("app", &["archive", "clock", "config", "diagnostic", "edition", "intake", "mailing", "relay", "store", "subscription", "traffic"]),
    ("intake", &["config", "dateline", "diagnostic", "edition", "issue", "manuscript"]),
    ("relay", &["config", "mailing", "subscription"]),
    ("store", &["archive", "dateline", "edition", "issue", "mailing", "subscription", "traffic"]),
    ("clock", &[]),
    ("config", &["dateline", "diagnostic", "edition", "issue", "mailing", "schedule", "subscription", "traffic"]),
    ("traffic", &["mailing", "subscription"]),
    ("mailing", &["dateline", "edition", "issue", "subscription"]),
    ("edition", &["dateline", "diagnostic", "issue", "manuscript", "subscription"]),
    ("archive", &["dateline", "diagnostic", "issue", "manuscript"]),
    ("issue", &["dateline", "diagnostic", "manuscript", "subscription"]),
    ("manuscript", &["dateline", "diagnostic", "subscription"]),
    ("schedule", &["dateline"]),
    ("dateline", &[]),
    ("subscription", &[]),
    ("diagnostic", &[]),
];

/// Rooms that touch nothing of the world: what they need is handed to them as a value.
const PURE: [&str; 11] =
    ["archive", "dateline", "config", "traffic", "mailing", "edition", "issue", "manuscript", "schedule", "subscription", "diagnostic"];

/// The rim of a pure room: the one file of it that reads what it is named after.
const RIM: [&str; 1] = ["src/config/secret.rs"];

/// What no pure room may mention.
const IMPURE: [&str; 16] = [
    "tokio",
    "tokio_rustls",
    "rusqlite",
    "reqwest",
    "axum",
    "lettre",
    "std::fs",
    "std::env",
    "std::process",
    "std::thread",
    "std::net::TcpListener",
    "std::net::TcpStream",
    "std::net::ToSocketAddrs",
    "std::net::UdpSocket",
    "std::time::Instant",
    "std::time::SystemTime",
];

/// Longer than this and a file is two.
const MOST_LINES: usize = 400;

/// Everything that is wrong with one file.
fn findings(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let lines = text.lines().count();
    if lines > MOST_LINES {
        found.push(format!("{path}:{}: {lines} lines; at most {MOST_LINES} make one file", MOST_LINES + 1));
    }
    if !text.starts_with("//! ") {
        found.push(format!("{path}:1: a file opens with `//!` and a sentence on what it is for"));
    }
    let room = room(path);
    let Some((_, allowed)) = ROOMS.iter().find(|(known, _)| *known == room) else {
        found.push(format!("{path}:1: `{room}` is a room that the table does not know"));
        return found;
    };
    for Mention { line, path: mentioned } in mentions(path, text) {
        if let Some(inner) = mentioned.strip_prefix("crate::").or_else(|| mentioned.strip_prefix("masthead::")) {
            let other = inner.split("::").next().unwrap_or_default();
            let is_room = ROOMS.iter().any(|(known, _)| *known == other);
            if is_room && other != room && !allowed.iter().any(|allowed| is_within(inner, allowed)) {
                found.push(format!("{path}:{line}: `{room}` may not know `{inner}`"));
            }
        }
        let is_impure = IMPURE.iter().any(|impure| is_within(&mentioned, impure)) || mentioned.ends_with("::now");
        if is_impure && PURE.contains(&room) && !RIM.contains(&path) {
            found.push(format!("{path}:{line}: `{room}` is pure and mentions `{mentioned}`"));
        }
    }
    found
}

fn is_within(path: &str, outer: &str) -> bool {
    path.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// The room that a file belongs to.
fn room(path: &str) -> &str {
    let below = path.strip_prefix("src/").unwrap_or(path);
    below.split_once('/').map_or_else(|| below.strip_suffix(".rs").unwrap_or(below), |(room, _)| room)
}

/// Every Rust file below a folder of the repository, as path from its root and text.
fn files(folder: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut waiting, mut found) = (vec![root.join(folder)], Vec::new());
    while let Some(place) = waiting.pop() {
        for entry in fs::read_dir(&place).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn every_file_keeps_to_its_room() {
    let files = files("src");
    assert!(files.len() > 50, "only {} files were found", files.len());
    let found: Vec<String> = files.iter().flat_map(|(path, text)| findings(path, text)).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn tests_and_benchmarks_are_files_like_any_other() {
    let is_about_shape = |finding: &String| finding.contains("lines;") || finding.contains("opens with");
    let found: Vec<String> = ["tests", "benches"]
        .into_iter()
        .flat_map(files)
        .collect::<Vec<_>>()
        .iter()
        .flat_map(|(path, text)| findings(path, text))
        .filter(is_about_shape)
        .collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn the_table_leads_downward_only() {
    for (at, (room, allowed)) in ROOMS.iter().enumerate() {
        for whole in allowed.iter().filter(|allowed| !allowed.contains("::")) {
            assert!(ROOMS[at + 1..].iter().any(|(below, _)| below == whole), "{whole} does not stand below {room}");
        }
    }
    for pure in PURE {
        let (_, allowed) = ROOMS.iter().find(|(room, _)| *room == pure).unwrap();
        assert!(allowed.iter().all(|other| PURE.contains(&other.split("::").next().unwrap())), "{pure} knows a room that is not pure");
    }
}

/// The findings about a file that opens well and goes on with this.
fn about(path: &str, rest: &str) -> Vec<String> {
    findings(path, &format!("//! A file.\n{rest}"))
}

#[test]
fn an_import_that_leads_upward_is_found_however_it_is_written() {
    for import in [
        "use crate::desk::send;",
        "use crate::{subscription::ListId, desk::{self, send::Request}};",
        "use crate::desk;",
        "pub use crate::desk::*;",
        "fn f() { crate::desk::send::dry_run(); }",
        "type A = Vec<crate::desk::check::Report>;",
        "use super::super::desk::send;",
        "#[cfg(test)]\nmod tests {\n    use crate::desk::send;\n}",
    ] {
        let found = about("src/mailing/fate.rs", import);
        assert_eq!(found.len(), if import.contains("self") { 2 } else { 1 }, "{import}: {found:?}");
        let line = 2 + import.lines().position(|line| line.contains("desk")).unwrap();
        assert!(found[0].starts_with(&format!("src/mailing/fate.rs:{line}: `mailing` may not know `desk")), "{found:?}");
    }
    assert_eq!(about("src/main.rs", "use masthead::store::Store;").len(), 1);
    assert_eq!(about("src/desk/send.rs", "use crate::cli::run;\nuse crate::web;").len(), 2);
    assert_eq!(about("src/manuscript/mod.rs", "use crate::issue::assemble;").len(), 1, "a word of a room is not the room");
}

#[test]
fn what_is_allowed_or_only_talked_about_is_no_finding() {
    for rest in [
        "use crate::subscription::{EmailAddress, ListId};",
        "use crate::mailing::reply::Reply;",
        "use super::plan::RetryPlan;",
        "use super::*;",
        "/// As [`crate::desk::send`] does. // crate::desk",
        "/* use crate::desk; /* and */ use tokio::time; */",
        "const A: &str = \"use crate::desk::send; \\\" use tokio::time;\";",
        "const A: &str = r#\"use \"crate::desk\"; std::fs::read\"#;",
        "const A: [char; 2] = ['\"', '\\''];\nfn f<'a>(x: &'a str) {} // crate::desk",
        "use std::net::IpAddr;",
        "use std::time::Duration;",
        "use std::{fmt, str::FromStr};",
    ] {
        assert_eq!(about("src/mailing/fate.rs", rest), [""; 0], "{rest}");
    }
    assert_eq!(about("src/store/sqlite/mod.rs", "use rusqlite::Connection;\nuse std::fs;"), [""; 0]);
    assert_eq!(about("src/config/secret.rs", "fn f() { std::fs::read(\"x\"); }"), [""; 0]);
}

#[test]
fn a_pure_room_that_touches_the_world_is_found() {
    for rest in [
        "use tokio::time::sleep;",
        "use rusqlite::Connection;",
        "use reqwest::Client;",
        "use axum::Router;",
        "use lettre::Transport;",
        "use std::fs;",
        "use std::{collections::BTreeMap, fs::{self as files}};",
        "fn f() { std::env::var(\"HOME\"); }",
        "use std::net::TcpStream;",
        "use std::net::{IpAddr, UdpSocket};",
        "use std::time::{Duration, Instant};",
        "fn f() -> jiff::Timestamp { jiff::Timestamp::now() }",
        "fn f() -> Timestamp { Timestamp::now() }",
    ] {
        for room in PURE {
            let found = about(&format!("src/{room}/mod.rs"), rest);
            assert_eq!(found.len(), 1, "{rest}: {found:?}");
            assert!(found[0].contains(":2: ") && found[0].contains("is pure"), "{found:?}");
        }
    }
    assert_eq!(about("src/mailing/plan.rs", "use crate::clock::Clock;").len(), 1);
}

#[test]
fn a_file_that_is_long_unannounced_or_in_no_room_is_found() {
    assert_eq!(about("src/mailing/fate.rs", &"\n".repeat(MOST_LINES - 1)), [""; 0]);
    assert!(about("src/mailing/fate.rs", &"\n".repeat(MOST_LINES))[0].starts_with("src/mailing/fate.rs:401: 401 lines"));
    for opening in ["", "// A file.\n", "use std::fmt;\n//! Too late.\n", "//!\n"] {
        assert!(findings("src/mailing/fate.rs", opening)[0].starts_with("src/mailing/fate.rs:1: a file opens with"), "{opening:?}");
    }
    assert!(about("src/utilities.rs", "")[0].contains("`utilities` is a room that the table does not know"));
}
