//! A ledger that cannot be written for a while: nothing goes out that could not be recorded, and later all goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;
use std::time::Duration;

use rusqlite::Connection;
use rustix::process::{Resource, Rlimit, geteuid, prlimit};
use serde_json::Value;

use crate::support::newsroom::{Newsroom, Running, Told, binary, set_mode};
use crate::support::sink::{Action, At, Sink, When};

const READERS: usize = 600;
const CONNECTIONS: usize = 4;

/// What a run says that waits until the ledger can be written again.
const WAITING: &str = "nothing is sent while";

/// The binary sending, where a file that may not grow is an error and not its death.
fn start(newsroom: &Newsroom) -> Running {
    let inner = newsroom.command(["send", "2014-12"]);
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(inner.get_program()).args(inner.get_args());
    command.env_clear().envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    Running::of(command.current_dir(newsroom.root()))
}

/// As if its disk were full, or had room again: files may be so long and no longer.
fn allow(running: &mut Running, octets: Option<u64>) {
    let pid = running.pid();
    prlimit(Some(pid), Resource::Fsize, Rlimit { current: octets, maximum: None }).unwrap();
}

/// A relay that takes its time, so that nothing is over before the trouble begins.
async fn slow() -> Sink {
    Sink::builder().on(At::Dot, When::Always, Action::Late(Duration::from_millis(4))).start().await
}

fn ledger(newsroom: &Newsroom) -> Connection {
    Connection::open(newsroom.path("data/masthead.db")).unwrap()
}

/// The ledger as it is on the disk, from a copy: whoever reads it must not have to wait for who holds it.
fn on_disk(newsroom: &Newsroom) -> Vec<Value> {
    for below in ["config", "data"] {
        fs::create_dir_all(newsroom.path("copy").join(below)).unwrap();
    }
    for file in ["config/masthead.toml", "data/masthead.db", "data/masthead.db-wal"] {
        if newsroom.path(file).exists() {
            fs::copy(newsroom.path(file), newsroom.path("copy").join(file)).unwrap();
        }
    }
    let copy = newsroom.shown("copy");
    Told::of(binary(newsroom.root()).args(["-C", &copy, "deliveries", "2014-12", "--json"])).ok().lines()
}

/// Whoever the sink has heard of is noted in the ledger as being sent to, or as having been.
fn all_is_recorded(newsroom: &Newsroom, sink: &Sink) {
    let sent: BTreeSet<String> = sink.messages().into_iter().map(|message| message.recipient).collect();
    let lines = on_disk(newsroom);
    let open = lines.iter().filter(|line| !["accepted", "submitting"].contains(&line["fate"].as_str().unwrap()));
    let unrecorded: Vec<_> = open.filter(|line| sent.contains(line["address"].as_str().unwrap())).collect();
    assert!(sent.len() < READERS, "it was done before the trouble began");
    assert!(unrecorded.is_empty(), "{unrecorded:?}");
}

/// Everybody has it: once, or under the same name again if the run had ended and did not know of the last ones.
fn all_is_well(newsroom: &Newsroom, sink: &Sink, has_ended: bool) {
    assert_eq!(newsroom.count("2014-12", "accepted"), READERS);
    let mut copies: BTreeMap<String, BTreeSet<Vec<u8>>> = BTreeMap::new();
    let messages = sink.messages();
    let repeats = messages.len() - READERS;
    for message in messages {
        copies.entry(message.recipient).or_default().insert(message.bytes);
    }
    assert!(copies.len() == READERS && copies.values().all(|copies| copies.len() == 1));
    assert!(repeats <= if has_ended { CONNECTIONS } else { 0 }, "{repeats} repeats");
    assert!(sink.most_open() <= CONNECTIONS);
    assert_eq!(sink.faults(), [""; 0]);
}

/// Sees the run wait or end on account of the trouble, has it mended, and sees the mailing go on to its end.
fn outlive(mut running: Running, newsroom: &Newsroom, sink: &Sink, why: &[&str], mend: impl FnOnce(&mut Running)) {
    let (mut said, has_ended) = running.hears_or_ends(WAITING);
    all_is_recorded(newsroom, sink);
    mend(&mut running);
    let told = running.end();
    assert_eq!(told.code == Some(0), !has_ended, "{told}");
    said.push_str(&told.to_string());
    if has_ended {
        newsroom.run(["send", "2014-12"]).ok();
    }
    assert!(!has_ended, "it gave up instead of waiting: {said}");
    assert!(why.iter().any(|words| said.contains(words)), "not a word of why: {said}");
    all_is_well(newsroom, sink, has_ended);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_stops_the_sending_before_anything_goes_out_unrecorded() {
    // With a rate, connections have nothing in flight and wait for their turn: whoever has it then must not use it.
    for (count, setting) in [(1, ""), (200, ""), (100, "rate = \"300/s\""), (150, "rate = \"300/s\"")] {
        let sink = slow().await;
        let newsroom = Newsroom::ready(READERS, &sink).relay_setting(setting).configured();
        let mut running = start(&newsroom);
        sink.until(count).await;
        allow(&mut running, Some(1));
        outlive(running, &newsroom, &sink, &["full", "I/O"], |running| allow(running, None));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_program_that_holds_the_ledger_for_a_moment_holds_up_the_sending_and_no_more() {
    let sink = slow().await;
    let newsroom = Newsroom::ready(READERS, &sink);
    let other = ledger(&newsroom);
    let running = start(&newsroom);
    for count in [50, 150, 250] {
        sink.until(count).await;
        other.execute_batch("BEGIN EXCLUSIVE").unwrap();
        all_is_recorded(&newsroom, &sink);
        other.execute_batch("ROLLBACK").unwrap();
    }
    running.end().ok().says(&["600 accepted"]);
    all_is_well(&newsroom, &sink, false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_program_that_will_not_let_go_of_the_ledger_is_told_of_and_outlived() {
    let sink = slow().await;
    let newsroom = Newsroom::ready(READERS, &sink);
    let other = ledger(&newsroom);
    let running = start(&newsroom);
    sink.until(200).await;
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    outlive(running, &newsroom, &sink, &["locked", "busy"], |_| other.execute_batch("ROLLBACK").unwrap());
}

/// The binary as somebody to whom the files' modes apply: root keeps its name and loses that privilege.
fn subject_to_modes(command: &Command, newsroom: &Newsroom) -> Command {
    let mut bound = if geteuid().is_root() {
        let mut bound = Command::new("setpriv");
        bound.args(["--bounding-set", "-dac_override,-dac_read_search"]).arg(command.get_program());
        bound
    } else {
        Command::new(command.get_program())
    };
    bound.args(command.get_args()).current_dir(newsroom.root());
    bound
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_that_may_only_be_read_sends_nothing_and_goes_on_when_it_may_be_written() {
    let sink = slow().await;
    let newsroom = Newsroom::ready(READERS, &sink);
    let running = start(&newsroom);
    sink.until(200).await;
    running.kill().unwrap();
    sink.wait_until_left().await;
    let files: Vec<_> = fs::read_dir(newsroom.path("data")).unwrap().map(|entry| entry.unwrap().path()).collect();
    let set = |mode| files.iter().filter(|file| file.to_string_lossy().contains("masthead.db")).for_each(|file| set_mode(file, mode));
    let (before, mut running) = {
        set(0o444);
        (sink.arrived(), Running::of(&mut subject_to_modes(&newsroom.command(["send", "2014-12"]), &newsroom)))
    };
    let (said, has_ended) = running.hears_or_ends(WAITING);
    assert_eq!((sink.arrived(), sink.wait_until_left().await), (before, ()));
    assert!(["readonly", "read-only", "permission"].iter().any(|why| said.to_lowercase().contains(why)), "not a word of why: {said}");
    set(0o600);
    if has_ended {
        assert_ne!(running.end().code, Some(0));
    } else {
        running.kill().unwrap();
    }
    newsroom.run(["send", "2014-12"]).ok();
    all_is_well(&newsroom, &sink, true);
}
