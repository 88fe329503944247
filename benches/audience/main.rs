//! Measures an import as an operator meets it, beside the shell of SQLite: `cargo bench --bench audience [-- ROWS]`.
//!
//! The shell reads the same file with `.import` and inserts it into one table with a unique index, keeping neither consent
//! nor list; where it is not installed, only the import is measured. So is the import into PostgreSQL, on a server of the
//! benchmark's own that waits for the disk. All are run five times in turns, each time into a new database.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark is a program that prints")]

#[path = "../../tests/support/postgres.rs"]
#[allow(dead_code, unreachable_pub, clippy::expect_used, reason = "tests use other parts of it")]
mod cluster;

use std::error::Error;
use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use masthead::app::Newsroom;
use masthead::clock::SystemClock;
use masthead::desk::rolls::{Asked, import};

/// How often each is measured.
const TIMES: usize = 5;

const SETTINGS: &str = r#"
[publication]
name = "The Thousandfold"
from = "The Thousandfold <letter@news.example.org>"
base_url = "https://news.example.org"
time_zone = "UTC"
postal_address = "1 Long Row, Example"

[store]
url = "STORE"

[[list]]
id = "general"
name = "General"

[[relay]]
name = "main"
url = "folder:outbox"
"#;

fn main() -> Result<(), Box<dyn Error>> {
    let given = std::env::args().skip(1).find(|argument| argument != "--bench");
    let rows = given.map_or(Ok(1_000_000), |rows| rows.parse::<u64>())?;
    let folder = tempfile::tempdir()?;
    let roll = folder.path().join("roll.csv");
    let octets = write_roll(&roll, rows)?;
    println!("{rows} rows, {} MB, 2 % of them twice; seconds, best to worst of {TIMES}", octets / 1_000_000);
    let server = cluster::cluster(true);
    let (mut shell, mut ours, mut shared, mut ratios) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    // In turns, so that both have the same minute of the machine.
    for turn in 0..TIMES {
        let by_shell = by_shell(&roll, &folder.path().join(format!("shell{turn}.db")))?;
        let by_import = import_into("sqlite:data/masthead.db", &roll, &folder.path().join(format!("newsroom{turn}")), rows)?;
        if let Some(database) = server.as_ref().map(cluster::Cluster::database) {
            shared.push(import_into(&database.url(), &roll, &folder.path().join(format!("node{turn}")), rows)?);
        }
        ratios.extend(by_shell.map(|shell| by_import.as_secs_f64() / shell.as_secs_f64()));
        shell.extend(by_shell);
        ours.push(by_import);
    }
    show("sqlite3 .import + insert", &mut shell);
    show("subscribers import", &mut ours);
    show("the same into PostgreSQL", &mut shared);
    println!("peak memory of the imports: {} MB", peak()? / 1000);
    ratios.sort_by(f64::total_cmp);
    if let (Some(least), Some(middle), Some(most)) = (ratios.first(), ratios.get(ratios.len() / 2), ratios.last()) {
        println!("{middle:.2} times the shell's ({least:.2} to {most:.2})");
    }
    Ok(())
}

/// Writes readers in no order, as an export of years has them, the last of every fifty once more.
fn write_roll(path: &Path, rows: u64) -> Result<u64, Box<dyn Error>> {
    let mut file = BufWriter::new(fs::File::create(path)?);
    writeln!(file, "email,name,status,created_at")?;
    for row in 0..rows {
        let number = if row % 50 == 49 { row - 1 } else { row };
        // A multiplication that scatters and never meets itself.
        let scattered = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let (year, month, day) = (2010 + number % 15, 1 + number % 12, 1 + number % 28);
        writeln!(
            file,
            "reader.{scattered:016x}@mail{}.example.org,Reader Number {number},confirmed,{year}-{month:02}-{day:02} 10:11:12",
            number % 97
        )?;
    }
    file.flush()?;
    Ok(fs::metadata(path)?.len())
}

fn import_into(store: &str, roll: &Path, root: &Path, rows: u64) -> Result<Duration, Box<dyn Error>> {
    fs::create_dir_all(root.join("config"))?;
    fs::write(root.join("config/masthead.toml"), SETTINGS.replace("STORE", store))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let newsroom = runtime.block_on(Newsroom::open(root, &[], Arc::new(SystemClock)))?;
    let asked = Asked { file: roll.to_owned(), ..Asked::default() };
    let start = Instant::now();
    let done = runtime.block_on(import(&newsroom, asked, |_, _| {}))?.imported;
    let took = start.elapsed();
    if (done.entered, done.duplicates) == (rows - rows / 50, rows / 50) { Ok(took) } else { Err(format!("{done:?}").into()) }
}

fn by_shell(roll: &Path, database: &Path) -> Result<Option<Duration>, Box<dyn Error>> {
    let script = format!(
        "PRAGMA journal_mode = WAL;\n\
         CREATE TABLE readers (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT, status TEXT, since TEXT);\n\
         .mode csv\n.import {} roll\n\
         INSERT OR IGNORE INTO readers (email, name, status, since) SELECT lower(email), name, status, created_at FROM roll;\n",
        roll.display()
    );
    let start = Instant::now();
    let shell = Command::new("sqlite3").arg(database).stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
    let Ok(mut shell) = shell else {
        eprintln!("sqlite3 is not installed: nothing to compare with");
        return Ok(None);
    };
    shell.stdin.take().ok_or("the shell listens")?.write_all(script.as_bytes())?;
    if shell.wait()?.success() { Ok(Some(start.elapsed())) } else { Err("the shell failed".into()) }
}

fn show(what: &str, times: &mut [Duration]) {
    times.sort();
    let told: Vec<String> = times.iter().map(|time| format!("{:6.2}", time.as_secs_f64())).collect();
    println!("{what:<26} {}", told.join(" "));
}

/// The most memory that this program has had at once, in KB.
fn peak() -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no peak is told here")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}
