//! Measures the public archive as its readers meet it, and prints one table: `cargo bench --bench library`.
//!
//! A newsroom with 600 issues, each with eight articles and of the length that Gmail shows, on this machine's disk, and
//! `masthead serve` with 50 readers at once, each on a connection of their own that asks for one page after the other,
//! without looking up or as people do: pages that nobody asked for before, the same pages again, and searches. The readers
//! run on the same cores.

#![allow(clippy::print_stdout, reason = "a benchmark is a program that prints")]

#[path = "../desk/newsroom.rs"]
#[allow(dead_code, reason = "the desk's benchmark asks more of it")]
mod newsroom;

use std::error::Error;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use newsroom::Newsroom;

/// How many read at once.
const READERS: u32 = 50;

/// How many issues are out.
const ISSUES: usize = 600;

/// How long a reader looks at a page, where they do.
const LOOK: Duration = Duration::from_millis(250);

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let address = format!("127.0.0.1:{port}");
    let newsroom = Newsroom::with(ISSUES, &format!("[web]\nlisten = \"{address}\"\n"), issue).map_err(|fault| fault.to_string())?;
    println!("{:<44} {:>9} {:>9} {:>9} {:>9}", "600 issues, 4800 articles; 50 readers at once", "pages/s", "p50", "p99", "slowest");
    let daemon = newsroom.start(&["serve"]).map_err(|fault| fault.to_string())?;
    wait_for(&address)?;
    let map = get(&mut connected(&address)?, "/sitemap.xml")?;
    let pages = pages(&map);
    if pages.len() < ISSUES * 9 {
        return Err(format!("only {} pages are listed", pages.len()).into());
    }
    let all: Vec<String> = pages.iter().step_by(2).cloned().collect();
    row("pages that nobody asked for before", &address, Duration::ZERO, &all)?;
    let few: Vec<String> = pages.iter().take(500).cloned().collect();
    row("500 pages, for the first time", &address, Duration::ZERO, &few)?;
    row("the same 500 again, five times", &address, Duration::ZERO, &few.iter().cycle().take(2500).cloned().collect::<Vec<_>>())?;
    let fixed = ["/", "/issues", "/feed.xml", "/library.css"].map(str::to_owned);
    row("front page, list, feed and style", &address, Duration::ZERO, &fixed.iter().cycle().take(2000).cloned().collect::<Vec<_>>())?;
    let words = ["lamp", "reader+shelter", "wint", "%22river+well%22", "library+-garden", "harvest+teacher+letter", "bridge", "zeppelin"];
    let searches: Vec<String> = words.iter().map(|words| format!("/search?q={words}")).collect();
    row("searches", &address, Duration::ZERO, &searches.iter().cycle().take(1000).cloned().collect::<Vec<_>>())?;
    println!("and each looks at what came for {} ms", LOOK.as_millis());
    let others: Vec<String> = pages.iter().skip(1).step_by(2).cloned().collect();
    row("pages that nobody asked for before", &address, LOOK, &others)?;
    row("searches", &address, LOOK, &searches.iter().cycle().take(1000).cloned().collect::<Vec<_>>())?;
    println!(
        "{:<44} {:>9}",
        "resident after all that",
        format!("{} MB", daemon.resident().map_err(|fault| fault.to_string())?.div_ceil(1_000_000))
    );
    Ok(())
}

/// An issue of eight articles, about 25 KB.
fn issue(title: &str, number: usize) -> String {
    let mut text = newsroom::issue(title, 24);
    for section in ["News", "Dates"] {
        let _ = write!(text, "# {section}\n\n");
        for piece in 0..4 - usize::from(section == "Dates") {
            let body = newsroom::issue(&format!("{title} {section} {piece}"), 6);
            let body = body.split_once("\n\n").map_or("", |(_, body)| body);
            let _ = write!(text, "## {section} {piece} of issue {number}\n\n{body}\n");
        }
    }
    text
}

/// The paths that a sitemap lists.
fn pages(map: &str) -> Vec<String> {
    let urls = map.split("<loc>").skip(1).filter_map(|rest| rest.split("</loc>").next());
    urls.filter_map(|url| url.strip_prefix("https://news.example.org")).map(str::to_owned).collect()
}

fn wait_for(address: &str) -> Outcome<()> {
    let start = Instant::now();
    while TcpStream::connect(address).is_err() {
        if start.elapsed() > Duration::from_mins(1) {
            return Err("nobody serves".into());
        }
        thread::park_timeout(Duration::from_millis(5));
    }
    Ok(())
}

/// Has the readers ask for these paths, each for the next that nobody has taken once they have looked at the last, and prints how long that took them.
fn row(what: &str, address: &str, look: Duration, paths: &[String]) -> Outcome<()> {
    let next = &Mutex::new(paths.iter());
    let start = Instant::now();
    let mut times: Vec<Duration> = thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS).map(|number| scope.spawn(move || read(address, (look, number), next))).collect();
        readers.into_iter().map(|reader| reader.join().map_err(|_| "a reader fell over")?).collect::<Outcome<Vec<_>>>()
    })?
    .concat();
    let took = start.elapsed().as_secs_f64();
    times.sort_unstable();
    let at = |share: usize| times.get((times.len() * share / 100).min(times.len().saturating_sub(1))).copied().unwrap_or_default();
    let [middle, late, last] = [at(50), at(99), at(100)].map(|time| format!("{:.1} ms", time.as_secs_f64() * 1000.0));
    #[allow(clippy::cast_precision_loss, reason = "some thousands")]
    let rate = times.len() as f64 / took;
    println!("{what:<44} {rate:>9.0} {middle:>9} {late:>9} {last:>9}");
    Ok(())
}

#[allow(clippy::disallowed_methods, reason = "people take their time")]
fn read<'p>(address: &str, (look, number): (Duration, u32), next: &Mutex<impl Iterator<Item = &'p String>>) -> Outcome<Vec<Duration>> {
    let mut stream = connected(address)?;
    let mut times = Vec::new();
    // People do not come in step.
    thread::sleep(look * number / READERS);
    loop {
        let Some(path) = next.lock().map_err(|_| "a reader fell over")?.next() else { return Ok(times) };
        let start = Instant::now();
        get(&mut stream, path)?;
        times.push(start.elapsed());
        thread::sleep(look);
    }
}

fn connected(address: &str) -> Outcome<BufReader<TcpStream>> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    Ok(BufReader::new(stream))
}

/// One page over a connection that stays open.
fn get(stream: &mut BufReader<TcpStream>, path: &str) -> Outcome<String> {
    write!(stream.get_mut(), "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
    let (mut line, mut length, mut is_well) = (String::new(), 0, false);
    while line != "\r\n" {
        line.clear();
        stream.read_line(&mut line)?;
        is_well |= line.starts_with("HTTP/1.1 200");
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    if is_well { Ok(String::from_utf8(body)?) } else { Err(format!("{path} is no page").into()) }
}
