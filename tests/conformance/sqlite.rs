//! What is promised of the built-in engine beyond the traits: its file, its commits, and what a crash leaves.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use masthead::mailing::Fate;
use masthead::store::sqlite::SqliteStore;
use masthead::store::{Ledger, Store, StoreError};
use masthead::subscription::{Standing, SubscriberId};
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::newsroom::{
    Empty, at, attempt, claim, claim_one, fates, issue, list, list_id, open as open_mailing, roll, settle, settle_in, submit,
};

/// Tells the child process which file to write until it is killed.
const VICTIM: &str = "MASTHEAD_VICTIM";

/// How many lines the child writes before it is killed in the middle of its work.
const BEFORE_DEATH: usize = 40;

/// An empty store in a folder of its own.
#[allow(clippy::unused_async, reason = "an opener may have to wait for its engine")]
pub(crate) async fn open() -> Option<Empty> {
    let folder = TempDir::new().unwrap();
    Some(Empty::new(open_in(&folder), folder))
}

fn open_in(folder: &TempDir) -> Arc<dyn Store> {
    Arc::new(SqliteStore::open(&folder.path().join("masthead.db")).unwrap())
}

/// Why a file cannot be opened as a store.
fn refusal(place: &Path) -> String {
    match SqliteStore::open(place) {
        Err(StoreError::Open { cause, .. }) => cause,
        Err(other) => panic!("refused for another reason: {other}"),
        Ok(_) => panic!("not refused"),
    }
}

#[tokio::test]
async fn what_is_kept_is_there_after_opening_again() {
    let folder = TempDir::new().unwrap();
    settle_in(&open_in(&folder), 3).await;
    let store = open_in(&folder);
    assert_eq!(store.audience(&[list_id("general")]).await.unwrap(), 3);
}

#[tokio::test]
async fn the_file_and_its_folder_are_for_their_owner_only() {
    let folder = TempDir::new().unwrap();
    let place = folder.path().join("new").join("masthead.db");
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&place).unwrap());
    settle_in(&store, 1).await;
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(place.parent().unwrap()), 0o700);
    for name in ["masthead.db", "masthead.db-wal", "masthead.db-shm"] {
        assert_eq!(mode(&place.with_file_name(name)), 0o600, "{name}");
    }
}

#[tokio::test]
async fn what_was_recorded_survives_kill_9() {
    let folder = TempDir::new().unwrap();
    let place = folder.path().join("masthead.db");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sqlite::the_child_records_until_it_is_killed", "--nocapture"])
        .env(VICTIM, &place)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Kept until the end: a closed pipe would stop the child before the kill does.
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    let told: Vec<i64> =
        said.by_ref().filter_map(|line| line.unwrap().strip_prefix("recorded ")?.parse().ok()).take(BEFORE_DEATH).collect();
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(9));
    assert_eq!(told.len(), BEFORE_DEATH);

    let store = open_in(&folder);
    let mailing = store.mailing(&issue("2014-12")).await.unwrap().unwrap();
    let accepted = store.lines(mailing.id, Some("accepted".parse().unwrap()), SubscriberId(0), 100_000).await.unwrap();
    let kept: Vec<i64> = accepted.iter().map(|line| line.subscriber.0).collect();
    assert!(told.iter().all(|subscriber| kept.contains(subscriber)), "told {told:?}, kept {kept:?}");
    let tally = store.tally(mailing.id).await.unwrap();
    assert_eq!((tally.total(), tally.accepted), (20_000, kept.len() as u64));
    assert!(tally.submitting <= 1, "more in doubt than were under way: {tally:?}");
}

/// Not a test of its own: what [`what_was_recorded_survives_kill_9`] starts in a process of its own and kills.
#[tokio::test]
async fn the_child_records_until_it_is_killed() {
    let Some(place) = std::env::var_os(VICTIM) else { return };
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(Path::new(&place)).unwrap());
    settle_in(&store, 20_000).await;
    let mailing = open_mailing(&store, "2014-12", &["general"]).await;
    loop {
        let delivery = claim_one(&store, &mailing).await;
        submit(&store, &delivery).await.unwrap();
        settle(&store, attempt(mailing.id, delivery.subscriber, Fate::Accepted)).await.unwrap();
        writeln!(std::io::stdout(), "\nrecorded {}", delivery.subscriber.0).unwrap();
    }
}

#[tokio::test]
async fn a_read_only_file_is_unavailable_until_it_is_mended() {
    let folder = TempDir::new().unwrap();
    settle_in(&open_in(&folder), 1).await;
    let place = folder.path().join("masthead.db");
    let allow = |mode| std::fs::set_permissions(&place, std::fs::Permissions::from_mode(mode)).unwrap();
    allow(0o400);
    if std::fs::OpenOptions::new().write(true).open(&place).is_ok() {
        // The superuser writes whatever the mode says; the store's own tests show the same fault by other means.
        return;
    }
    assert!(matches!(SqliteStore::open(&place), Err(StoreError::Unavailable(_))));
    allow(0o600);
    assert_eq!(open_in(&folder).audience(&[list_id("general")]).await.unwrap(), 1);
}

#[tokio::test]
async fn a_store_of_a_newer_version_is_refused() {
    let folder = TempDir::new().unwrap();
    drop(open_in(&folder));
    let place = folder.path().join("masthead.db");
    let later = "INSERT INTO migrations (name, checksum) VALUES ('9999_later', 'unknown')";
    Connection::open(&place).unwrap().execute(later, []).unwrap();
    assert!(refusal(&place).contains("newer version"));
}

#[tokio::test]
async fn a_step_that_was_altered_is_refused() {
    let folder = TempDir::new().unwrap();
    drop(open_in(&folder));
    let place = folder.path().join("masthead.db");
    Connection::open(&place).unwrap().execute("UPDATE migrations SET checksum = 'another'", []).unwrap();
    assert!(refusal(&place).contains("0001_ledger"));
}

#[tokio::test]
async fn what_is_no_store_is_refused_and_left_alone() {
    let folder = TempDir::new().unwrap();
    let foreign = folder.path().join("foreign.db");
    Connection::open(&foreign).unwrap().execute("CREATE TABLE recipes (name TEXT)", []).unwrap();
    assert!(refusal(&foreign).contains("another program"));
    let letter = folder.path().join("letter.txt");
    let text = "Dear reader, ".repeat(100);
    std::fs::write(&letter, &text).unwrap();
    refusal(&letter);
    assert_eq!(std::fs::read_to_string(&letter).unwrap(), text);
    refusal(&folder.path().join("letter.txt").join("masthead.db"));
}

#[tokio::test]
async fn a_roll_that_fails_half_way_changes_nothing() {
    let folder = TempDir::new().unwrap();
    let store = open_in(&folder);
    settle_in(&store, 2).await;
    let beside = Connection::open(folder.path().join("masthead.db")).unwrap();
    let stumble =
        "CREATE TRIGGER stumble BEFORE INSERT ON subscribers WHEN NEW.address LIKE 'reader7@%' BEGIN SELECT RAISE(ABORT, 'stumbled'); END";
    beside.execute(stumble, []).unwrap();
    let list = list_id("general");
    let failed = store.enrol(&list, roll(1..=9, Standing::Confirmed), at(5)).await;
    assert!(matches!(failed, Err(StoreError::Engine(_))), "{failed:?}");
    assert_eq!(store.readers(None, SubscriberId(0), 99).await.unwrap().len(), 2);
    beside.execute("DROP TRIGGER stumble", []).unwrap();
    assert_eq!(store.enrol(&list, roll(1..=9, Standing::Confirmed), at(6)).await.unwrap().len(), 9);
    assert_eq!(store.readers(None, SubscriberId(0), 99).await.unwrap().len(), 9);
}

#[tokio::test]
async fn a_consent_line_is_never_altered() {
    let folder = TempDir::new().unwrap();
    settle_in(&open_in(&folder), 1).await;
    let beside = Connection::open(folder.path().join("masthead.db")).unwrap();
    let refused = beside.execute("UPDATE consents SET detail = 'something else'", []).unwrap_err();
    assert!(refused.to_string().contains("never altered"), "{refused}");
    assert_eq!(beside.execute("DELETE FROM consents", []).unwrap(), 1);
}

#[tokio::test]
async fn two_programs_share_one_file() {
    let folder = TempDir::new().unwrap();
    let (sending, asking) = (open_in(&folder), open_in(&folder));
    settle_in(&sending, 2).await;
    let mailing = open_mailing(&sending, "2014-12", &["general"]).await;
    asking.declare_lists(&[list("third")]).await.unwrap();
    asking.unsubscribe(&crate::newsroom::address(1), None, crate::newsroom::evidence("asked"), at(5)).await.unwrap();
    assert_eq!(claim(&sending, &mailing, 9).await.len(), 1);
    assert_eq!(fates(&asking, &mailing).await, [Fate::Withheld, Fate::Claimed]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_workers_share_few_commits() {
    let folder = TempDir::new().unwrap();
    let sqlite = Arc::new(SqliteStore::open(&folder.path().join("masthead.db")).unwrap());
    let store: Arc<dyn Store> = Arc::clone(&sqlite) as Arc<dyn Store>;
    settle_in(&store, 640).await;
    let mailing = open_mailing(&store, "2014-12", &["general"]).await;
    let mut claimed = claim(&store, &mailing, 640).await;
    let before = sqlite.commits();
    let mut workers = JoinSet::new();
    for _ in 0..64 {
        let (store, mine) = (Arc::clone(&store), claimed.split_off(claimed.len() - 10));
        workers.spawn(async move {
            for delivery in mine {
                submit(&store, &delivery).await.unwrap();
                settle(&store, attempt(delivery.mailing, delivery.subscriber, Fate::Accepted)).await.unwrap();
            }
        });
    }
    workers.join_all().await;
    let commits = sqlite.commits() - before;
    assert_eq!(sqlite.tally(mailing.id).await.unwrap().accepted, 640);
    assert!(commits <= 1_280 / 4, "{commits} commits for 1280 calls of 64 workers");
}

#[tokio::test]
async fn a_store_of_the_first_version_is_brought_up_with_all_that_it_holds() {
    const FIRST: &str = include_str!("../../src/store/migrations/sqlite/0001_ledger.sql");
    let folder = TempDir::new().unwrap();
    let old = Connection::open(folder.path().join("masthead.db")).unwrap();
    old.execute_batch("CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL) STRICT").unwrap();
    old.execute_batch(FIRST).unwrap();
    let sum = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, FIRST.as_bytes());
    let sum = data_encoding::HEXLOWER.encode(sum.as_ref());
    old.execute("INSERT INTO migrations (name, checksum) VALUES ('0001_ledger', ?1)", [sum]).unwrap();
    let reader = "INSERT INTO subscribers (address, address_key, since) VALUES ('a@example.org', 'a@example.org', 0)";
    for held in ["INSERT INTO lists (id, name, description) VALUES ('general', 'General', '')", reader] {
        old.execute(held, []).unwrap();
    }
    old.execute("INSERT INTO subscriptions (subscriber, list, standing, since) VALUES (1, 1, 1, 0)", []).unwrap();
    drop(old);
    let store = open_in(&folder);
    assert_eq!(store.audience(&[list_id("general")]).await.unwrap(), 1);
    assert_eq!(store.holds().await.unwrap(), []);
}
