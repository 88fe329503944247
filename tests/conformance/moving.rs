//! What is promised of a newsroom that moves from one engine to another: everything arrives, once, and it is proved.

use std::sync::Arc;

use async_trait::async_trait;
use masthead::mailing::Fate;
use masthead::store::portable::{Compared, Destination, Progress, Row, Side, Table, Value, copy};
use masthead::store::sqlite::SqliteStore;
use masthead::store::{Agenda as _, Enrolled, Portable, Result, Store, StoreError, Subscribers as _};
use masthead::subscription::Standing;
use rusqlite::Connection;
use tempfile::TempDir;

use crate::cluster;
use crate::newsroom::{archived, at, claim, enrol, hand_over, issue, leave, lines, list, open as open_mailing, settle_in, suppress};
use crate::postgres::open_in as database;

/// What no call above fills, written past the store: something in every table, and some of it odd.
const REST: &str = "
    INSERT INTO pauses VALUES (1, 'gmail', 5, NULL, 'they said so', 0.1), (2, 'main', 6, 7, '', NULL);
    INSERT INTO traffic VALUES (0, 1, 1, 9, 8, 1, 0, 0), (60000000, 1, 1, 5, 5, 0, 0, 0);
    INSERT INTO reasons VALUES (1, 1, 4, 1, 451, '4.7.1', 'later' || char(0) || '!', 3), (1, 1, 6, 0, 0, '', '', 1);
    INSERT INTO back_issues VALUES ('2014-11', '{\"id\":\"2014-11\"}'), ('2014-10', 'ü');
    INSERT INTO proofs (issue, edition, draft, at, archived, lists) VALUES ('2015-01', 'e', 'd', 1, '{}', '[]'), ('2015-02', 'e', 'd', 1, NULL, NULL);
    INSERT INTO approvals VALUES ('2015-01', 'e', 'k', 'K', 1, 0);
    INSERT INTO holds VALUES ('2015-03', 1, 'late', 0);
    INSERT INTO lifted VALUES ('2015-04', 1);
    INSERT INTO told VALUES ('a', 1), ('B', 2), ('ä', 3), ('', 4);
    INSERT INTO links VALUES ('https://example.org/', 1, '{}');
    INSERT INTO feeds VALUES ('https://example.org/feed', '{}');
    INSERT INTO feed_items VALUES ('https://example.org/feed', 'one', 1, 2, NULL, '{}'), ('https://example.org/feed', 'two', 1, 2, '2014-11', '{}');
    INSERT INTO files (digest, octets) VALUES ('d', 3);
    INSERT INTO file_parts (file, part, octets) VALUES (1, 0, x'00ff7f');
    INSERT INTO enclosures VALUES ('2014-11', 'a.png', 1, 640, NULL);
    INSERT INTO erased VALUES (x'0102', 1, 0), (x'00', 2, 1);
    INSERT INTO joinings (asked_at, address, address_key, name, lists, detail) VALUES (1, 'a@example.org', 'a@example.org', NULL, '[1]', 'd');
    INSERT INTO askings (at, address, network, domain) VALUES (1, 'a', 'n', 'd');";

/// A newsroom in the middle of a mailing, with something in every table.
async fn furnished(folder: &TempDir, readers: usize) -> SqliteStore {
    let place = folder.path().join("masthead.db");
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&place).unwrap());
    settle_in(&store, readers).await;
    suppress(&store, 3).await;
    leave(&store, 2, None).await;
    let mailing = open_mailing(&store, "2014-12", &["general"]).await;
    let fates = [Fate::Accepted, Fate::Deferred { next_at: at(900) }, Fate::Refused, Fate::Doubtful];
    for (delivery, fate) in claim(&store, &mailing, 4).await.iter().zip(fates) {
        hand_over(&store, delivery, fate).await;
    }
    drop(store);
    Connection::open(&place).unwrap().execute_batch(REST).unwrap();
    SqliteStore::open(&place).unwrap()
}

/// Moves everything, and says what was compared.
pub(crate) async fn carry(from: &dyn Portable, to: &dyn Portable) -> Vec<Compared> {
    let (origin, destination) = (from.origin().await.unwrap(), to.destination().await.unwrap());
    let progress = Progress::default();
    let compared = copy(origin.as_ref(), destination.as_ref(), &progress).await.unwrap();
    assert_eq!(progress.passed(), progress.total());
    origin.leave().await.unwrap();
    destination.finish("there").await.unwrap();
    compared
}

fn hashes(compared: &[Compared]) -> Vec<(&'static str, String)> {
    compared.iter().map(|table| (table.table, table.to.hash.to_string())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newsroom_goes_to_postgresql_and_back_and_is_the_same() {
    let (folder, back) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let Some(shared) = cluster::empty() else { return };
    let from = furnished(&folder, 9_000).await;
    let there = carry(&from, &database(&shared, "a").await).await;
    for table in &there {
        assert!(table.is_same() && table.from.rows > 0, "{table:?}");
    }
    let to = SqliteStore::open(&back.path().join("masthead.db")).unwrap();
    let here = carry(&database(&shared, "b").await, &to).await;
    assert_eq!(hashes(&there), hashes(&here));

    let ask = |place: &TempDir, sql: &str| -> Vec<String> {
        let connection = Connection::open(place.path().join("masthead.db")).unwrap();
        let mut statement = connection.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(std::result::Result::unwrap).collect()
    };
    let tallies = "SELECT concat_ws(' ', mailing, provider, fate, wave, many) FROM tallies WHERE many > 0 ORDER BY 1";
    assert_eq!(ask(&back, tallies), ask(&folder, tallies));
    assert_eq!(ask(&back, "SELECT name FROM home"), ["there"]);
    assert_eq!(ask(&folder, "SELECT name FROM home"), ["moved"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_is_in_pages_on_postgresql_and_counted_once() {
    let folder = TempDir::new().unwrap();
    let Some(shared) = cluster::empty() else { return };
    carry(&furnished(&folder, 2_000).await, &database(&shared, "a").await).await;
    let one = |sql: &str| shared.ask(sql).remove(0).join(" ");
    // Of 2,000 one left, one is suppressed, four were tried.
    assert_eq!(one("SELECT COUNT(*), COUNT(DISTINCT s) FROM queued, unnest(subscribers) s"), "1994 1994");
    assert_eq!(one("SELECT COUNT(*) FROM queued WHERE first <> subscribers[1] OR cardinality(subscribers) > 200"), "0");
    assert_eq!(
        one("SELECT COUNT(*) FROM queued, unnest(subscribers) s JOIN deliveries d ON subscriber = s AND fate = 0 AND d.mailing > 1"),
        "1994"
    );
    assert_eq!(one("SELECT COUNT(*), MIN(next_at) FROM deferred"), format!("1 {}", at(900).as_microsecond()));
    assert_eq!(one("SELECT SUM(many) FROM tallies WHERE mailing = 2"), "1999");
    assert_eq!(one("SELECT SUM(many) FROM tallies WHERE mailing = 2 AND fate = 0"), "1994");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_was_filled_goes_on_as_the_one_that_was_left_would() {
    let folder = TempDir::new().unwrap();
    let Some(shared) = cluster::empty() else { return };
    let from: Arc<dyn Store> = Arc::new(SqliteStore::open(&folder.path().join("masthead.db")).unwrap());
    settle_in(&from, 20).await;
    from.shelve(vec![archived("2014-11")]).await.unwrap();
    let mailing = open_mailing(&from, "2014-12", &["general"]).await;
    let deferred = Fate::Deferred { next_at: at(15) };
    for (delivery, fate) in claim(&from, &mailing, 3).await.iter().zip([Fate::Accepted, deferred, Fate::Refused]) {
        hand_over(&from, delivery, fate).await;
    }
    let to: Arc<dyn Store> = Arc::new(database(&shared, "a").await);
    carry(from.as_ref(), to.as_ref()).await;
    assert_eq!(to.back_issues().await.unwrap(), from.back_issues().await.unwrap());
    assert_eq!(to.uncatalogued(1).await.unwrap(), [issue("2014-11")], "the catalogue is made anew");
    assert_eq!(to.tallies(mailing.id).await.unwrap(), from.tallies(mailing.id).await.unwrap());
    assert_eq!(to.mailings().await.unwrap(), from.mailings().await.unwrap());
    assert_eq!(lines(&to, &mailing).await, lines(&from, &mailing).await);
    assert_eq!(to.reasons(mailing.id, 9).await.unwrap(), from.reasons(mailing.id, 9).await.unwrap());
    assert_eq!(to.traffic(at(0)).await.unwrap(), from.traffic(at(0)).await.unwrap());
    let claimed = claim(&to, &mailing, 4).await;
    let told: Vec<_> = claimed.iter().map(|delivery| (delivery.subscriber.0, delivery.attempt)).collect();
    assert_eq!(told, [(2, 2), (4, 1), (5, 1), (6, 1)], "what is due comes first, then the lowest numbers");
    hand_over(&to, &claimed[0], Fate::Accepted).await;
    assert_eq!(to.tally(mailing.id).await.unwrap().accepted, 2);
    assert_eq!(enrol(&to, "general", 20, Standing::Confirmed).await, Enrolled::AlreadyThere);
    assert_eq!(enrol(&to, "general", 21, Standing::Confirmed).await, Enrolled::Entered);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_was_given_is_never_given_again() {
    let (folder, back) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let Some(shared) = cluster::empty() else { return };
    let from = furnished(&folder, 9).await;
    let gone = "DELETE FROM subscribers WHERE id = 9; INSERT INTO lists (number, id, name, description) VALUES (70, 'x', '', ''); DELETE FROM lists WHERE number = 70";
    Connection::open(folder.path().join("masthead.db")).unwrap().execute_batch(gone).unwrap();
    carry(&from, &database(&shared, "a").await).await;
    let reader = "INSERT INTO subscribers (address, address_key, since) VALUES ('z@example.org', 'z@example.org', 0)";
    assert_eq!(shared.ask(&format!("{reader} RETURNING id")), [["10"]]);
    shared.tell("DELETE FROM subscribers WHERE id = 10");
    let to = SqliteStore::open(&back.path().join("masthead.db")).unwrap();
    carry(&database(&shared, "b").await, &to).await;
    let beside = Connection::open(back.path().join("masthead.db")).unwrap();
    beside.execute(reader, []).unwrap();
    assert_eq!(beside.last_insert_rowid(), 11);
    to.declare_lists(&[list("another")]).await.unwrap();
    let number: i64 = beside.query_row("SELECT number FROM lists WHERE id = 'another'", [], |row| row.get(0)).unwrap();
    assert_eq!(number, 71);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_is_not_given_for_good_may_be_left_out() {
    let back = TempDir::new().unwrap();
    let Some(shared) = cluster::empty() else { return };
    let from = database(&shared, "a").await;
    // Two that name a relay at one moment spend two numbers on it; and what was asked last may be forgotten first.
    shared.tell("INSERT INTO relays (name) VALUES ('main'); INSERT INTO relays (name) VALUES ('main') ON CONFLICT DO NOTHING");
    shared.tell("INSERT INTO askings (at, address, network, domain) VALUES (1, 'a', 'n', 'd'), (2, 'b', 'n', 'd')");
    shared.tell("DELETE FROM askings WHERE at = 2");
    let to = SqliteStore::open(&back.path().join("masthead.db")).unwrap();
    assert!(carry(&from, &to).await.iter().all(Compared::is_same));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nodes_counted_in_parts_is_one_count() {
    let back = TempDir::new().unwrap();
    let Some(shared) = cluster::empty() else { return };
    let from = database(&shared, "a").await;
    shared.tell("INSERT INTO traffic SELECT 0, 1, 1, part, 5, 4, 1, 0, 0 FROM generate_series(0, 15) part");
    shared.tell("INSERT INTO reasons SELECT 1, 1, 4, 1, 451, part, '', 'said ' || part, 2 FROM generate_series(3, 5) part");
    let to = SqliteStore::open(&back.path().join("masthead.db")).unwrap();
    let compared = carry(&from, &to).await;
    assert!(compared.iter().all(Compared::is_same));
    let beside = Connection::open(back.path().join("masthead.db")).unwrap();
    let one = |sql: &str| beside.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(one("SELECT concat_ws(' ', COUNT(*), SUM(attempts), SUM(accepted)) FROM traffic"), "1 80 64");
    assert_eq!(one("SELECT concat_ws(' ', COUNT(*), SUM(many), MIN(said)) FROM reasons"), "1 6 said 3");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_not_whole_cannot_be_opened() {
    let (folder, target) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let from = furnished(&folder, 9).await;
    let place = target.path().join("masthead.db");
    let to = SqliteStore::open(&place).unwrap();
    let broken_off = to.destination().await.unwrap();
    let origin = from.origin().await.unwrap();
    copy(origin.as_ref(), broken_off.as_ref(), &Progress::default()).await.unwrap();
    drop((origin, broken_off, to));
    assert!(matches!(SqliteStore::open(&place), Err(StoreError::Open { cause, .. }) if cause.contains("broken off")));
    assert!(from.occupied().await.unwrap().is_some());
    assert_eq!(from.home().await.unwrap(), None, "who was not left is not marked");

    let Some(shared) = cluster::empty() else { return };
    let to = database(&shared, "a").await;
    let (origin, broken_off) = (from.origin().await.unwrap(), to.destination().await.unwrap());
    drop((origin, broken_off));
    let seat = masthead::store::Seat { name: "b".to_owned(), place: String::new(), process: String::new() };
    let opened = masthead::store::postgres::PgStore::open(shared.url().parse().unwrap(), seat).await;
    assert!(matches!(opened, Err(StoreError::Open { cause, .. }) if cause.contains("broken off")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_would_change_what_is_being_left_waits() {
    let folder = TempDir::new().unwrap();
    let from = furnished(&folder, 9).await;
    let origin = from.origin().await.unwrap();
    let beside = Connection::open(folder.path().join("masthead.db")).unwrap();
    beside.busy_timeout(std::time::Duration::ZERO).unwrap();
    assert!(beside.execute("DELETE FROM told", []).is_err());
    drop(origin);
    assert_eq!(beside.execute("DELETE FROM told", []).unwrap(), 4);

    let Some(shared) = cluster::empty() else { return };
    let from = database(&shared, "a").await;
    let origin = from.origin().await.unwrap();
    shared.tell("SELECT * FROM told");
    for change in ["DELETE FROM told", "INSERT INTO nodes (name, place, process, entered_at, seen_at) VALUES ('', '', '', 0, 0)"] {
        // The statement of the test's own fails, since it may not wait.
        let change = format!(
            "DO $$ BEGIN SET LOCAL lock_timeout = 1; {change}; RAISE 'not kept'; EXCEPTION WHEN lock_not_available THEN NULL; END $$"
        );
        shared.tell(&change);
    }
    drop(origin);
    // The server needs a moment to see that the connection is gone.
    shared.tell("SET lock_timeout = '10s'; DELETE FROM told");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_holds_anything_but_lists_is_occupied() {
    let folder = TempDir::new().unwrap();
    let file: Arc<dyn Store> = Arc::new(SqliteStore::open(&folder.path().join("masthead.db")).unwrap());
    assert_eq!(file.occupied().await.unwrap(), None);
    settle_in(&file, 0).await;
    assert_eq!(file.occupied().await.unwrap(), None);
    settle_in(&file, 1).await;
    assert_eq!(file.occupied().await.unwrap(), Some("subscribers"));
    let Some(shared) = cluster::empty() else { return };
    let to = database(&shared, "a").await;
    assert_eq!(to.occupied().await.unwrap(), None);
    shared.tell("INSERT INTO told VALUES ('a', 1)");
    assert_eq!(to.occupied().await.unwrap(), Some("told"));
}

/// A destination that changes one thing.
struct Careless(Box<dyn Destination>);

#[async_trait]
impl Side for Careless {
    async fn count(&self, table: &'static Table) -> Result<u64> {
        self.0.count(table).await
    }

    async fn page(&self, table: &'static Table, after: Option<Vec<Value>>) -> Result<Vec<Row>> {
        self.0.page(table, after).await
    }

    async fn last_number(&self, table: &'static Table) -> Result<i64> {
        self.0.last_number(table).await
    }
}

#[async_trait]
impl Destination for Careless {
    async fn clear(&self, table: &'static Table) -> Result<()> {
        self.0.clear(table).await
    }

    async fn write(&self, table: &'static Table, mut rows: Vec<Row>) -> Result<()> {
        if table.name == "suppressions" {
            rows[0][2] = Value::Text("another".to_owned());
        }
        if table.name == "told" {
            rows.pop();
        }
        self.0.write(table, rows).await
    }

    async fn number_from(&self, table: &'static Table, last: i64) -> Result<()> {
        self.0.number_from(table, last).await
    }

    async fn derive(&self) -> Result<()> {
        self.0.derive().await
    }

    async fn finish(self: Box<Self>, home: &str) -> Result<()> {
        self.0.finish(home).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_is_missing_or_altered_is_found() {
    let (folder, target) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let from = furnished(&folder, 9).await;
    let to = SqliteStore::open(&target.path().join("masthead.db")).unwrap();
    let careless = Careless(to.destination().await.unwrap());
    let compared = copy(from.origin().await.unwrap().as_ref(), &careless, &Progress::default()).await.unwrap();
    let differ: Vec<_> = compared.iter().filter(|table| !table.is_same()).collect();
    assert_eq!(differ.iter().map(|table| table.table).collect::<Vec<_>>(), ["suppressions", "told"]);
    assert_eq!(differ.iter().map(|table| (table.from.rows, table.to.rows)).collect::<Vec<_>>(), [(1, 1), (4, 3)]);
}
