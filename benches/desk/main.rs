//! Measures the daemon and the preview as their people meet them, and prints one table: `cargo bench --bench desk`.
//!
//! A newsroom with 600 issues in its archive, on this machine's disk: how long the daemon takes from its start to the first
//! proof, from a saved file to its proof, what it needs when nothing happens, and how long a save takes to be in the
//! preview. With the path of an issue's file that one is saved; else one as long as Gmail shows.

#![allow(clippy::print_stdout, reason = "a benchmark is a program that prints")]

mod newsroom;

use std::error::Error;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use newsroom::{Newsroom, Process};

/// How long the idle daemon is watched.
const WATCHED: Duration = Duration::from_secs(30);

/// How often an issue is saved.
const SAVES: usize = 21;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let given = std::env::args().skip(1).find(|argument| argument != "--bench").map(PathBuf::from);
    let newsroom = Newsroom::with_archive(600)?;
    println!("{:<58} {:>12}", "600 issues in the archive", "measured");
    row("all of them brought in, `archive import`", &millis(newsroom.imported));
    daemon(&newsroom)?;
    preview(&newsroom, given)
}

fn row(what: &str, measured: &str) {
    println!("{what:<58} {measured:>12}");
}

fn daemon(newsroom: &Newsroom) -> Outcome<()> {
    newsroom.write("issues/2064-01.md", &newsroom::issue("The first of the year", 3))?;
    let start = Instant::now();
    let daemon = newsroom.start(&["serve"])?;
    newsroom.wait_for_letters(1)?;
    row("start of `serve` to the first proof, 2 s of stillness in it", &millis(start.elapsed()));
    let mut times = Vec::new();
    for number in 1..=5 {
        newsroom.write("issues/2064-01.md", &newsroom::issue(&format!("The first of the year, once more {number}"), 3))?;
        let saved = Instant::now();
        newsroom.wait_for_letters(1 + number)?;
        times.push(saved.elapsed().saturating_sub(Duration::from_secs(2)));
    }
    row("a file that is still to its proof in the outbox, median", &millis(median(&mut times)));
    let before = daemon.ticks()?;
    pause(WATCHED);
    row("idle: processor time in 30 s", &format!("{} ms", (daemon.ticks()? - before) * 10));
    row("idle: resident", &format!("{} MB", daemon.resident()?.div_ceil(1_000_000)));
    Ok(())
}

fn preview(newsroom: &Newsroom, given: Option<PathBuf>) -> Outcome<()> {
    let text = given.map_or_else(|| Ok(newsroom::issue("A long one", 200)), fs::read_to_string)?;
    newsroom.write("issues/2064-02.md", &text)?;
    let mut preview = newsroom.start(&["preview", "2064-02"])?;
    let address = preview.address()?;
    let mut revision = 1;
    let mut times = Vec::new();
    for number in 0..SAVES {
        newsroom.write("issues/2064-02.md", &format!("{text}\nSaved for the time number {number}.\n"))?;
        let saved = Instant::now();
        revision = fresh(&address, revision)?;
        times.push(saved.elapsed());
    }
    row(&format!("a save of {} KB to its fresh preview, median", text.len() / 1000), &millis(median(&mut times)));
    row("the slowest of 21", &millis(times.last().copied().unwrap_or_default()));
    Ok(())
}

/// Waits until the preview has another revision and the mail of it is fetched.
fn fresh(address: &str, last: u64) -> Outcome<u64> {
    loop {
        let said = get(address, &format!("/2064-02/events/{last}"))?;
        let Some(revision) = said.lines().find_map(|line| line.strip_prefix("id: ")) else { continue };
        let revision = revision.parse()?;
        if get(address, &format!("/2064-02/mail/{revision}/light"))?.len() < 1000 {
            return Err("the preview shows no mail".into());
        }
        return Ok(revision);
    }
}

fn get(address: &str, path: &str) -> Outcome<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn millis(time: Duration) -> String {
    format!("{:.0} ms", time.as_secs_f64() * 1000.0)
}

fn pause(span: Duration) {
    std::thread::park_timeout(span);
}

impl Process {
    /// Where the preview says that it is.
    fn address(&mut self) -> Outcome<String> {
        let line = self.first_line()?;
        let address = line.split("http://").nth(1).and_then(|rest| rest.split('/').next());
        address.map(str::to_owned).ok_or_else(|| format!("no address in {line:?}").into())
    }
}
