//! A newsroom outgrows its file and moves to a database, and comes back: nobody gets an issue twice, and nobody is missed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use rusqlite::{Connection, OpenFlags};

use crate::support::later::now;
use crate::support::newsroom::{ISSUE, Newsroom};
use crate::support::postgres;
use crate::support::reading::field;
use crate::support::running::{Running, Told};
use crate::support::sink::{Action, At, Sink, SinkBuilder, When};

const READERS: usize = 600;
const CONNECTIONS: usize = 4;
const FILE: &str = "sqlite:data/masthead.db";
const BACK: &str = "sqlite:data/back.db";

/// The binary on this store, whatever the settings say, and so much later than it is.
fn on(newsroom: &Newsroom, store: &str, later: SignedDuration, arguments: &[&str]) -> std::process::Command {
    newsroom.write("clock", &(now() + later).to_string());
    let mut command = newsroom.command(arguments.iter().copied());
    command.env("MASTHEAD_STORE__URL", store).env("MASTHEAD_CLOCK", newsroom.path("clock"));
    command
}

fn run(newsroom: &Newsroom, store: &str, arguments: &[&str]) -> Told {
    Told::of(&mut on(newsroom, store, SignedDuration::ZERO, arguments))
}

/// Sends, and kills the binary once the sink holds so many messages.
async fn send_and_kill(newsroom: &Newsroom, store: &str, sink: &Sink, count: usize) {
    let running = Running::of(&mut on(newsroom, store, SignedDuration::ZERO, &["send", "2014-12"]));
    sink.wait_for(count).await;
    running.kill().unwrap();
    sink.wait_until_left().await;
}

/// What two copies printed about the tables that both carried.
fn hashes(told: &Told) -> BTreeMap<String, String> {
    let tables = told.json()["tables"].as_array().unwrap().clone();
    assert!(tables.iter().all(|table| table["same"] == true), "{told}");
    let hash = |table: &serde_json::Value| (table["table"].as_str().unwrap().to_owned(), table["to"]["hash"].as_str().unwrap().to_owned());
    tables.iter().map(hash).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailing_begun_in_a_file_goes_on_in_a_database_and_ends_in_a_file() {
    let Some(database) = postgres::empty() else { return };
    let url = database.url();
    // One reader in ten is put off at first; two hundred in, the next of each connection gets no answer.
    let sink = Sink::builder().on(At::Rcpt, When::first_of(|reader| reader.contains("3@")), Action::reply("451 4.7.1 later"));
    let sink = (0..CONNECTIONS).fold(sink, |sink, _| sink.on(At::Dot, When::Nth(201), Action::StallAfterDot)).start().await;
    let newsroom = Newsroom::ready(READERS, &sink);
    send_and_kill(&newsroom, FILE, &sink, 200 + CONNECTIONS).await;

    let told = run(&newsroom, FILE, &["store", "copy", FILE, &url]).ok();
    told.says(&["deliveries", " 600  ", "same", "4 were in flight when the last sender broke off", "the newsroom is there"]);
    run(&newsroom, FILE, &["send", "2014-12"]).exits(1).says(&["left by `masthead store copy`"]);
    run(&newsroom, FILE, &["store", "copy", FILE, BACK]).exits(1).says(&["left by `masthead store copy`"]);
    assert!(!newsroom.path("data/back.db").exists(), "what is refused leaves nothing behind");

    run(&newsroom, &url, &["send", "2014-12"]).exits(1).says(&["540 accepted", "60 deferred"]);
    assert_eq!(sink.messages().len(), 540 + CONNECTIONS);
    let there = hashes(&run(&newsroom, &url, &["store", "copy", "--json", &url, BACK]).ok());
    run(&newsroom, &url, &["send", "2014-12"]).exits(1).says(&["left by `masthead store copy`"]);

    let later = SignedDuration::from_hours(2);
    Told::of(&mut on(&newsroom, BACK, later, &["send", "2014-12"])).ok().says(&["2014-12 is out: 600 of 600 deliveries: 600 accepted"]);
    let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for message in sink.messages() {
        ids.entry(message.recipient.clone()).or_default().insert(field(&message.bytes, "Message-ID"));
    }
    assert_eq!(ids.len(), READERS);
    assert!(ids.values().all(|ids| ids.len() == 1), "a repeat is the same message");
    assert_eq!(sink.messages().len(), READERS + CONNECTIONS);
    assert_eq!(sink.faults(), [""; 0]);
    assert!(there.len() > 25, "{there:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_node_died_with_is_judged_before_it_is_carried() {
    let Some(database) = postgres::empty() else { return };
    let url = database.url();
    let stalled = |sink: SinkBuilder, _| sink.on(At::Dot, When::Nth(31), Action::StallAfterDot);
    let sink = (0..CONNECTIONS).fold(Sink::builder(), stalled).start().await;
    let newsroom = Newsroom::ready(100, &sink).table("[delivery]\non_doubt = \"hold\"").configured();
    run(&newsroom, FILE, &["store", "copy", FILE, &url]).ok();
    send_and_kill(&newsroom, &url, &sink, 30 + CONNECTIONS).await;
    run(&newsroom, &url, &["store", "copy", &url, BACK]).exits(1).says(&["last heard of at", "stop it first"]);
    // A node that died without a word is for others to bury, after a lease; here a statement does.
    database.tell("UPDATE nodes SET has_ended = TRUE");
    let told = run(&newsroom, &url, &["store", "copy", &url, BACK]).ok();
    told.says(&["4 were in flight when the last sender broke off", "the newsroom is there"]);
    assert_eq!(database.ask("SELECT COUNT(*) FROM nodes WHERE NOT has_ended"), [["0"]], "who took up has left");
    run(&newsroom, BACK, &["send", "2014-12"]).exits(1).says(&["96 accepted", "4 doubtful"]);
    let reached: BTreeSet<String> = sink.messages().into_iter().map(|message| message.recipient).collect();
    assert_eq!((reached.len(), sink.messages().len()), (100, 100));
}

#[test]
fn a_newsroom_that_moves_there_and_back_is_the_same_to_the_octet() {
    let Some(database) = postgres::empty() else { return };
    let newsroom = Newsroom::new().issue("2014-12", ISSUE).back_issues().subscribers(300).relay_at("folder:out").build();
    newsroom.run(["send", "2014-12"]).ok();
    let there = hashes(&run(&newsroom, FILE, &["store", "copy", "--json", FILE, &database.url()]).ok());
    let back = hashes(&run(&newsroom, FILE, &["store", "copy", "--json", &database.url(), BACK]).ok());
    assert_eq!(there, back);
    let ledger = |store| run(&newsroom, store, &["deliveries", "2014-12", "--json"]).ok().stdout;
    assert_eq!(ledger(FILE), ledger(BACK));
    assert_eq!(ledger(FILE), ledger(&database.url()));
}

#[test]
fn a_copy_that_is_killed_leaves_the_old_store_at_work_and_the_new_one_shut() {
    let newsroom = Newsroom::new().issue("2014-12", ISSUE).back_issues().subscribers(6_000).relay_at("folder:out").build();
    let copying = newsroom.start(["store", "copy", FILE, BACK]);
    let held = hold_half_way(&newsroom.path("data/back.db"));
    copying.kill().unwrap();
    drop(held);
    run(&newsroom, BACK, &["status"]).exits(2).says(&["broken off", "empty it"]);
    run(&newsroom, FILE, &["store", "copy", FILE, BACK]).exits(2).says(&["broken off"]);
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(newsroom.path(&format!("data/back.db{ending}")));
    }
    run(&newsroom, FILE, &["store", "copy", FILE, BACK]).ok();
    run(&newsroom, BACK, &["send", "2014-12"]).ok().says(&["6000 accepted"]);
}

/// Waits until a copy into this file is under way, and then lets it write no more.
fn hold_half_way(place: &Path) -> Connection {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        assert!(Instant::now() < deadline, "no copy began");
        let Ok(file) = Connection::open_with_flags(place, OpenFlags::SQLITE_OPEN_READ_WRITE) else { continue };
        file.busy_timeout(Duration::from_secs(10)).unwrap();
        let begun = "SELECT EXISTS (SELECT 1 FROM subscribers) AND EXISTS (SELECT 1 FROM migrations WHERE name = 'unfinished copy')";
        let is_begun = |file: &Connection| file.query_row(begun, [], |row| row.get(0)).unwrap_or(false);
        if is_begun(&file) {
            file.execute_batch("BEGIN IMMEDIATE").unwrap();
            assert!(is_begun(&file), "the copy was over before it could be held");
            return file;
        }
    }
}

#[test]
fn a_copy_that_would_go_wrong_is_not_begun() {
    let newsroom = Newsroom::new().issue("2014-12", ISSUE).back_issues().subscribers(3).build();
    let copy = |from: &str, to: &str| newsroom.run(["store", "copy", from, to]).exits(1);
    copy(FILE, FILE).says(&["both are the same store"]);
    copy(FILE, "sqlite:./data/masthead.db").says(&["both are the same store"]);
    copy("sqlite:data/none.db", BACK).says(&["there is no data/none.db"]);
    copy(FILE, "mysql://secret@host/x").says(&["`mysql` names no store"]);
    assert!(!newsroom.path("data/none.db").exists() && !newsroom.path("data/back.db").exists());
    let other = Newsroom::new().subscribers(1).build();
    copy(FILE, &format!("sqlite:{}", other.shown("data/masthead.db"))).says(&["holds something in `subscribers`"]);
    newsroom.run(["status"]).ok();

    let Some(database) = postgres::empty() else { return };
    run(&newsroom, &database.url(), &["store", "migrate"]).ok().says(&["took the step 0001_ledger", "is up to this version"]);
    let told = run(&newsroom, &database.url(), &["store", "migrate"]).ok();
    assert!(!told.stdout.contains("took the step"), "{told}");
    database.tell("INSERT INTO nodes (name, place, process, entered_at, seen_at) VALUES ('press-2', '', '', 0, 0)");
    copy(FILE, &database.url()).says(&["`press-2`, last heard of at 1970-01-01T00:00:00Z", "stop it first"]);
    copy(&database.url(), BACK).says(&["`press-2`"]);
}

#[test]
fn what_is_at_work_is_not_copied() {
    let newsroom = Newsroom::new().issue("2014-12", ISSUE).back_issues().subscribers(3).build();
    let lock = std::fs::File::create(newsroom.path("data/masthead.serve.lock")).unwrap();
    lock.lock().unwrap();
    newsroom.run(["store", "copy", FILE, BACK]).exits(1).says(&["`masthead serve` is at data/masthead.db: stop it first"]);
    drop(lock);
    newsroom.run(["store", "copy", FILE, BACK]).ok();
    newsroom.run(["adopt"]).ok().says(&["sends from here now"]);
}
