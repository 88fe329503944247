//! A newsroom that did whatever may be done, on either engine, moves to the other and back: it is the same, and goes on the same.

use std::sync::Arc;

use masthead::store::Store;
use masthead::store::portable::Compared;
use masthead::store::sqlite::SqliteStore;
use rusqlite::Connection;
use tempfile::TempDir;

use crate::chance::{Chance, is_thorough};
use crate::moving::carry;
use crate::postgres::open_in as database;
use crate::walks::Walker;
use crate::{answers, cluster};

/// How many steps a newsroom takes before it moves, and after.
const BEFORE: usize = 300;
const AFTER: usize = 120;

/// The walk of a newsroom, by one or several nodes at once: where it ends, the three stores must not be told apart.
async fn wanders(walkers: Vec<Walker>, second: Arc<dyn Store>, third: Arc<dyn Store>, chance: &mut Chance) {
    let walking = |mut walker: Walker| async {
        walker.walk(BEFORE).await;
        walker
    };
    let walking: Vec<_> = walkers.into_iter().map(|walker| tokio::spawn(walking(walker))).collect();
    let mut walkers = Vec::new();
    for walker in walking {
        walkers.push(walker.await.unwrap());
    }
    for walker in &mut walkers {
        walker.take_up_all().await;
    }
    let walker = walkers.remove(0);
    let first = Arc::clone(&walker.store);
    for (from, to) in [(&first, &second), (&second, &third)] {
        let compared = carry(from.as_ref(), to.as_ref()).await;
        let differ: Vec<_> = compared.iter().filter(|table| !table.is_same()).collect();
        assert!(differ.is_empty(), "{differ:?}");
    }
    let (seed, stores) = (chance.seed(), [&first, &second, &third]);
    let mut told = Vec::new();
    for store in stores {
        let mut walker = walker.twin(Arc::clone(store), Chance::of(seed));
        walker.take_up_all().await;
        walker.catalogue().await;
        let mut all = answers::all(store, &walker.asked).await;
        all.extend(walker.walk(AFTER).await);
        walker.catalogue().await;
        all.extend(answers::all(store, &walker.asked).await);
        // A file keeps zero octets as they came, until it is left.
        told.push(all.iter().map(|answer| answer.replace("\\0", "\u{FFFD}").replace('\0', "\u{FFFD}")).collect::<Vec<_>>());
    }
    for (one, other) in [(0, 1), (0, 2)] {
        for (place, (known, answer)) in told[one].iter().zip(&told[other]).enumerate() {
            must_be_same(known, answer, &format!("store {other}, answer {place} of {}:", told[one].len()));
        }
        assert_eq!(told[one].len(), told[other].len());
    }
}

/// Shows of two long answers only where they part.
fn must_be_same(known: &str, answer: &str, who: &str) {
    if known != answer {
        let same = known.chars().zip(answer.chars()).take_while(|(one, other)| one == other).count();
        let part = |text: &str| text.chars().skip(same.saturating_sub(400)).take(600).collect::<String>();
        let about: String = known.chars().take(20).collect();
        panic!("{who} answers otherwise\n{about} \u{2026} {}\n{about} \u{2026} {}", part(known), part(answer));
    }
}

fn file(folder: &TempDir, name: &str) -> Arc<dyn Store> {
    Arc::new(SqliteStore::open(&folder.path().join(name)).unwrap())
}

fn rounds() -> usize {
    if is_thorough() { 6 } else { 2 }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_earlier_version_kept_and_only_a_file_can_find_again_stops_no_move() {
    let Some(shared) = cluster::empty() else { return };
    let folder = TempDir::new().unwrap();
    let from = file(&folder, "one.db");
    let beside = Connection::open(folder.path().join("one.db")).unwrap();
    let mut chance = Chance::told("long addresses");
    // Octets that no server can make smaller.
    let long: String = (0..5_000).map(|_| char::from(b'a' + u8::try_from(chance.below(26)).unwrap())).collect();
    for url in [long.as_str(), "https://one.example/", "a\0b"] {
        beside.execute("INSERT INTO links VALUES (?1, 1, '{}')", [url]).unwrap();
        beside.execute("INSERT INTO feed_items VALUES ('https://one.example/feed', ?1, 1, 2, NULL, '{}')", [url]).unwrap();
    }
    let origin = from.origin().await.unwrap();
    drop(origin);
    let left: i64 =
        beside.query_row("SELECT (SELECT COUNT(*) FROM links) + (SELECT COUNT(*) FROM feed_items)", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 6, "who does not leave forgets nothing");
    let compared = carry(from.as_ref(), &database(&shared, "a").await).await;
    assert!(compared.iter().all(Compared::is_same));
    assert_eq!(
        shared.ask("SELECT url FROM links UNION ALL SELECT key FROM feed_items"),
        [["https://one.example/"], ["https://one.example/"]]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_takes_its_time_whatever_a_server_grants_others() {
    let Some(shared) = cluster::empty() else { return };
    let folder = TempDir::new().unwrap();
    let from = file(&folder, "one.db");
    crate::newsroom::settle_in(&from, 2).await;
    crate::newsroom::open(&from, "2014-12", &["general"]).await;
    let to = database(&shared, "a").await;
    // What takes an hour for a hundred million lines takes longer than is granted here.
    shared.tell("CREATE FUNCTION tarry() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.4); RETURN NULL; END $$");
    shared.tell("CREATE TRIGGER tarries AFTER INSERT ON tallies FOR EACH STATEMENT EXECUTE FUNCTION tarry()");
    for limit in ["statement_timeout", "idle_session_timeout"] {
        shared.tell(&format!("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET {limit} = 200', current_database()); END $$"));
    }
    assert!(carry(from.as_ref(), &to).await.iter().all(Compared::is_same));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_was_done_in_a_file_is_the_same_in_a_database_and_in_a_file_again() {
    let mut chance = Chance::told("a newsroom that wanders from a file");
    for _ in 0..rounds() {
        let Some(shared) = cluster::empty() else { return };
        let folder = TempDir::new().unwrap();
        let middle: Arc<dyn Store> = Arc::new(database(&shared, "a").await);
        let walker = Walker::new(file(&folder, "one.db"), Chance::of(chance.seed()));
        wanders(vec![walker], middle, file(&folder, "two.db"), &mut chance).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_was_done_in_a_database_is_the_same_in_a_file_and_in_a_database_again() {
    let mut chance = Chance::told("a newsroom that wanders from a database");
    for _ in 0..rounds() {
        let (Some(first), Some(last)) = (cluster::empty(), cluster::empty()) else { return };
        let folder = TempDir::new().unwrap();
        let mut nodes = Vec::new();
        for name in ["a", "b"] {
            nodes.push(Walker::new(Arc::new(database(&first, name).await), Chance::of(chance.seed())));
        }
        wanders(nodes, file(&folder, "one.db"), Arc::new(database(&last, "c").await), &mut chance).await;
    }
}
