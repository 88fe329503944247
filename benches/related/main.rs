//! Measures the index behind `suggest`, and prints one table: `cargo bench --bench related`.
//!
//! The archives are made of sentences without meaning, as long as articles are. With a folder that has `archive/` and
//! `queries/` (Markdown files named by day and word), that is measured too:
//! `cargo bench --bench related -- FOLDER [SUGGESTIONS.tsv]`; the file gets query and suggestion, one pair a line, best first.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark is a program that prints")]

mod archives;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use archives::{Sample, folder, house, made};
use masthead::archive::Index;

/// How many suggestions are asked for.
const MOST: usize = 10;

/// How many issues the made archives have, and how many articles each.
const SIZES: [(usize, usize); 2] = [(600, 1), (1250, 4)];

fn main() -> Result<(), Box<dyn Error>> {
    let mut given = std::env::args().skip(1).filter(|argument| argument != "--bench").map(PathBuf::from);
    println!("{:<22} {:>9} {:>10} {:>9} {:>9} {:>9} {:>11}", "archive", "articles", "indexing", "p50", "p99", "index", "resident");
    for (issues, articles) in SIZES {
        measure(&format!("made, {issues} issues"), &made(issues, articles), None);
    }
    if let Some(place) = given.next() {
        measure("the folder's", &folder(&place)?, given.next().as_deref());
    }
    Ok(())
}

fn measure(name: &str, sample: &Sample, suggestions: Option<&Path>) {
    let (house, before, start) = (house(), resident(), Instant::now());
    let index = Index::of(&sample.archive, &house);
    let (indexing, grown) = (start.elapsed(), resident().saturating_sub(before));
    let (mut times, mut lines) = (Vec::new(), String::new());
    for (query, issue) in &sample.queries {
        let start = Instant::now();
        let found = index.related(issue, &house, MOST);
        times.push(start.elapsed());
        for suggestion in found {
            lines.push_str(&format!("{query}\t{}\n", sample.names.get(suggestion.issue.as_str()).map_or("", String::as_str)));
        }
    }
    times.sort();
    let at = |share: usize| millis(times.get(times.len() * share / 100).copied().unwrap_or_default());
    let (articles, octets) = (index.articles(), index.octets() / 1000);
    println!("{name:<22} {articles:>9} {:>10} {:>9} {:>9} {octets:>6} KB {:>8} KB", millis(indexing), at(50), at(99), grown / 1000);
    if let Some(fault) = suggestions.and_then(|path| fs::write(path, lines).err()) {
        eprintln!("the suggestions could not be written: {fault}");
    }
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

/// How much memory the process has, in octets; nothing where the system does not say.
fn resident() -> usize {
    let pages = fs::read_to_string("/proc/self/statm").ok().and_then(|said| said.split(' ').nth(1)?.parse::<usize>().ok());
    pages.map_or(0, |pages| pages * 4096)
}
