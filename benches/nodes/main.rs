//! Measures a million readers on both engines, and what a second node brings: `cargo bench --bench nodes [-- OPTIONS]`.
//!
//! The binary is a black box here, as in `--bench press`, whose sink and newsroom it takes. PostgreSQL is one that is started for it,
//! with `fsync`; where there is none, only the embedded engine is measured.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark is a program that prints")]

#[path = "../press/child.rs"]
#[allow(dead_code, reason = "the other benchmark uses more of it")]
mod child;
#[path = "../../tests/support/postgres.rs"]
#[allow(dead_code, unreachable_pub, clippy::expect_used, reason = "tests use more of it, and fail at once")]
mod cluster;
mod measuring;
#[path = "../press/newsroom.rs"]
#[allow(dead_code, reason = "the other benchmark uses more of it")]
mod newsroom;
mod node;
#[path = "../press/sink/mod.rs"]
#[allow(dead_code, reason = "the other benchmark uses more of it")]
mod sink;

use std::error::Error;
use std::process::ExitCode;

const USAGE: &str = "\
cargo bench --bench nodes -- [OPTIONS]

  --readers N         how many readers are many (usually 1000000)
  --engine NAME       only `sqlite`, only `postgres`, or only `latency`";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let done = match words.split_first() {
        Some((word, rest)) if word == "sink" => sink::serve(rest).map_err(Into::into),
        _ => measure(&words),
    };
    if let Err(fault) = done {
        eprintln!("{fault}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn measure(words: &[String]) -> Result<(), Box<dyn Error>> {
    let (mut readers, mut only) = (1_000_000, None);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match (word.as_str(), words.next()) {
            ("--readers", Some(many)) => readers = many.parse()?,
            ("--engine", Some(name)) => only = Some(name.as_str()),
            _ => return Err(USAGE.into()),
        }
    }
    let wanted = |name| only.is_none_or(|only| only == name);
    if wanted("sqlite") {
        measuring::many_readers(None, readers)?;
    }
    let Some(cluster) = cluster::cluster(true) else { return Ok(()) };
    if wanted("postgres") {
        measuring::many_readers(Some(&cluster), readers)?;
    }
    if wanted("latency") {
        measuring::two_nodes(&cluster)?;
    }
    Ok(())
}
