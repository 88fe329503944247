//! What is promised of readers where several nodes share one PostgreSQL, and of its files after an erasure.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use masthead::mailing::{Fate, Reply};
use masthead::store::{
    Admitted, Asking, Attempt, Caps, Ending, Enrolled, Import, Imported, Pieces, Registered, Store, StoreError, Suppression,
};
use masthead::subscription::roll::RollEntry;
use masthead::subscription::{EmailAddress, Enrolment, Evidence, Format, PersonName, Seal, Standing, SubscriberId};
use tokio_postgres::NoTls;

use crate::chance::Chance;
use crate::cluster::{self, Database};
use crate::newsroom::{address, at, attempt, claim, enrolment, evidence, list_id, open, roll, settle, settle_in, submit};
use crate::postgres::open_in;

/// Two nodes at one database.
async fn two_nodes() -> Option<(Database, Arc<dyn Store>, Arc<dyn Store>)> {
    let database = cluster::empty()?;
    let (one, other) = (open_in(&database, "a").await, open_in(&database, "b").await);
    Some((database, Arc::new(one), Arc::new(other)))
}

fn asking(number: usize, network: &str) -> Asking {
    Asking {
        address: address(number),
        name: PersonName::parse("Eve").ok(),
        lists: vec![list_id("general"), list_id("extra")],
        detail: "the form".to_owned(),
        marks: [format!("address {number}"), network.to_owned(), "domain".to_owned()],
    }
}

/// Caps that nobody meets, but for those of a network.
fn caps(of_a_network: u64) -> Caps {
    let wide = (at(0), 10_000);
    Caps { address: [wide; 2], network: (at(0), of_a_network), domain: wide, whole: wide }
}

fn pieces(entries: &[RollEntry]) -> Pieces {
    let pieces: Vec<_> = entries.chunks(1_000).map(|piece| Ok(piece.to_vec())).collect();
    Box::new(pieces.into_iter())
}

fn entries(numbers: impl Iterator<Item = usize>) -> Vec<RollEntry> {
    let entry = |number| RollEntry {
        line: number as u64,
        list: None,
        is_gone: false,
        format: Format::Html,
        enrolment: enrolment(number, Standing::Confirmed),
    };
    numbers.map(entry).collect()
}

async fn take_in(store: &Arc<dyn Store>, entries: Vec<RollEntry>) -> Imported {
    let import = Import { list: Some(list_id("general")), at: at(5), is_rehearsal: false, ending: None };
    store.import(import, pieces(&entries)).await.unwrap()
}

/// How many readers and consent lines there are.
fn counted(database: &Database) -> (usize, usize) {
    let row = database.ask("SELECT (SELECT COUNT(*) FROM subscribers), (SELECT COUNT(*) FROM consents)").remove(0);
    (row[0].parse().unwrap(), row[1].parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_that_enter_one_roll_at_once_enter_nobody_twice() {
    let Some((database, one, other)) = two_nodes().await else { return };
    settle_in(&one, 0).await;
    let list = list_id("general");
    let (there, back) = (roll(1..=3_000, Standing::Confirmed), roll((1..=3_000).rev(), Standing::Confirmed));
    let (there, back) = tokio::join!(one.enrol(&list, there, at(1)), other.enrol(&list, back, at(1)));
    let outcomes = [there.unwrap(), back.unwrap()].concat();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Enrolled::Entered).count(), 3_000);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Enrolled::AlreadyThere).count(), 3_000);
    assert_eq!(counted(&database), (3_000, 3_000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_confirms_at_two_nodes_at_once_is_entered_once() {
    let Some((database, one, other)) = two_nodes().await else { return };
    settle_in(&one, 0).await;
    for number in 1..=20 {
        let Admitted::Waits(id) = one.ask(asking(number, "n"), caps(99), at(10)).await.unwrap() else { panic!("it waits") };
        let proof = Evidence { channel: "form".to_owned(), detail: "confirmed by the link".to_owned() };
        let (here, there) = tokio::join!(one.join(id, at(9), proof.clone(), at(20)), other.join(id, at(9), proof, at(20)));
        assert!(here.unwrap() != there.unwrap(), "it is done by one of them");
    }
    assert_eq!(counted(&database), (20, 40), "on two lists each");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t9_caps_hold_however_many_ask_at_two_nodes_at_once() {
    let Some((_database, one, other)) = two_nodes().await else { return };
    settle_in(&one, 0).await;
    let asked = (1..=40).map(|number| {
        let store = Arc::clone(if number % 2 == 0 { &one } else { &other });
        tokio::spawn(async move { store.ask(asking(number, "the same network"), caps(5), at(10)).await.unwrap() })
    });
    let mut admitted = 0;
    for answer in asked.collect::<Vec<_>>() {
        admitted += usize::from(matches!(answer.await.unwrap(), Admitted::Waits(_)));
    }
    assert_eq!(admitted, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_roll_is_entered_beside_another_and_beside_readers_who_come_and_go() {
    let Some((database, one, other)) = two_nodes().await else { return };
    settle_in(&one, 100).await;
    let list = list_id("general");
    // Some of each stand in the other, in another order, and some twice.
    let long = entries((1..=20_000).rev().chain(5_000..5_050));
    let short = roll((4_000..7_000).chain(30_000..30_100), Standing::Confirmed);
    let come_and_go = async {
        for number in (1..=50).chain(4_500..4_520) {
            other.subscribe(&list, enrolment(number, Standing::Confirmed), at(6)).await.unwrap();
            other.unsubscribe(&address(number), None, enrolment(number, Standing::Ended).evidence, at(7)).await.unwrap();
        }
    };
    let (done, enrolled, ()) = tokio::join!(take_in(&one, long), other.enrol(&list, short, at(6)), come_and_go);
    assert_eq!((done.entries(), done.duplicates), (20_050, 50));
    assert_eq!(enrolled.unwrap().len(), 3_100);
    let twice = database.ask("SELECT address_key FROM subscribers GROUP BY address_key HAVING COUNT(*) > 1");
    assert!(twice.is_empty(), "{twice:?}");
    assert_eq!(database.ask("SELECT COUNT(*) FROM subscribers")[0][0], "20100");
    let unproved = "SELECT COUNT(*) FROM subscriptions u WHERE u.standing <> (
        SELECT c.standing FROM consents c WHERE c.subscriber = u.subscriber AND c.list = u.list ORDER BY c.id DESC LIMIT 1)";
    assert_eq!(database.ask(unproved)[0][0], "0", "every subscription stands as its last proof says");
    for number in 1..=50 {
        let reader = one.dossier(&address(number)).await.unwrap().unwrap().reader;
        assert_eq!(reader.subscriptions[0].standing, Standing::Ended, "no roll brought {number} back");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c4_after_erasing_and_scouring_no_file_holds_the_persons_octets() {
    let Some((database, one, other)) = two_nodes().await else { return };
    settle_in(&one, 30).await;
    one.seal_with(Seal::new(&[7; 32]));
    other.seal_with(Seal::new(&[7; 32]));
    let (name, mail) = ("Mary Unmistakable", "reader7@example.org");
    let known = Enrolment { name: PersonName::parse(name).ok(), ..enrolment(7, Standing::Confirmed) };
    one.enrol(&list_id("general"), vec![known], at(2)).await.unwrap();
    one.ask(asking(7, "n"), caps(9), at(3)).await.unwrap();
    let mailing = open(&one, "2014-12", &["general"]).await;
    for delivery in claim(&one, &mailing, 99).await {
        submit(&one, &delivery).await.unwrap();
        let is_refused = delivery.address == address(7);
        let fate = if is_refused { Fate::Refused } else { Fate::Accepted };
        let said = Reply::new(550, ["5.1.1 <reader7@example.org> is unknown here"]);
        let tried = attempt(delivery.mailing, delivery.subscriber, fate);
        let reply = if is_refused { Some(said) } else { tried.reply.clone() };
        settle(&one, Attempt { suppress: is_refused, reply, ..tried }).await.unwrap();
    }
    database.tell("ANALYZE");
    let found = |what: &str| {
        database.tell("CHECKPOINT");
        files_with(&database, what)
    };
    assert!(found(mail) > 3 && found(name) > 0, "the files can be read, and tell");
    assert!(one.erase(&address(7), at(40)).await.unwrap());
    assert!(found(mail) > 0, "what was deleted is still there");
    let (here, there) = tokio::join!(one.scour(), other.scour());
    for end in [&here, &there] {
        assert!(matches!(end, Ok(()) | Err(StoreError::Unavailable(_))), "two may try at once: {end:?}");
    }
    assert!(here.is_ok() || there.is_ok());
    assert!(!other.is_to_be_scoured().await.unwrap());
    assert_eq!((found(mail), found(name)), (0, 0));
    assert!(found("reader8@example.org") > 0, "the others are there");
    assert_eq!(one.readers(None, SubscriberId(0), 99).await.unwrap().len(), 29);
}

/// How many files of a database hold this.
fn files_with(database: &Database, what: &str) -> usize {
    let place =
        database.ask("SELECT current_setting('data_directory'), 'base/' || oid FROM pg_database WHERE datname = current_database()");
    let folder = Path::new(&place[0][0]).join(&place[0][1]);
    let files = fs::read_dir(folder).unwrap().flatten().filter_map(|file| fs::read(file.path()).ok());
    let holds = |octets: &Vec<u8>| octets.windows(what.len()).any(|window| window == what.as_bytes());
    files.filter(holds).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c4_while_somebody_reads_the_old_rows_scouring_is_still_to_be_done() {
    let Some((database, one, _other)) = two_nodes().await else { return };
    settle_in(&one, 3).await;
    one.seal_with(Seal::new(&[7; 32]));
    let (reader, connection) = tokio_postgres::connect(&database.url(), NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    reader.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT COUNT(*) FROM subscribers").await.unwrap();
    one.erase(&address(1), at(40)).await.unwrap();
    assert!(matches!(one.scour().await, Err(StoreError::Unavailable(_))));
    assert!(one.is_to_be_scoured().await.unwrap());
    reader.batch_execute("COMMIT").await.unwrap();
    one.scour().await.unwrap();
    assert!(!one.is_to_be_scoured().await.unwrap());
    drop(reader);
    driver.await.unwrap().unwrap();
}

/// An entry about one of a few readers: all that may stand in one is possible.
fn any_entry(chance: &mut Chance, line: usize) -> RollEntry {
    let number = chance.below(14);
    let name = [None, None, Some("Ann"), Some("Bob")][chance.below(4)];
    let is_gone = chance.below(7) == 0;
    let standing = if is_gone {
        Standing::Ended
    } else {
        [Standing::Pending, Standing::Confirmed, Standing::Confirmed, Standing::Ended][chance.below(4)]
    };
    RollEntry {
        line: line as u64,
        list: [None, None, Some("general"), Some("extra")][chance.below(4)].map(list_id),
        is_gone,
        format: [Format::Html, Format::Text][chance.below(2)],
        enrolment: Enrolment {
            name: name.and_then(|name| PersonName::parse(name).ok()),
            since: [None, Some(at(-100 - i64::try_from(line).unwrap()))][chance.below(2)],
            evidence: Evidence { channel: ["import", "suppression"][chance.below(2)].to_owned(), detail: format!("line {line}") },
            ..enrolment(number, standing)
        },
    }
}

/// All that an export tells, in the order of addresses: engines may number readers as they like.
async fn told(store: &Arc<dyn Store>) -> (Vec<Registered>, Vec<(EmailAddress, Suppression)>, Vec<usize>) {
    let mut register = store.register(None, SubscriberId(0), 1_000).await.unwrap();
    let mut consents = Vec::new();
    for number in 0..14 {
        consents.push(store.dossier(&address(number)).await.unwrap().map_or(0, |dossier| dossier.consents.len()));
    }
    for line in &mut register {
        line.subscriber = SubscriberId(0);
    }
    register.sort_by(|a, b| (a.email.key(), &a.list).cmp(&(b.email.key(), &b.list)));
    (register, store.suppressions(None, "", 1_000).await.unwrap(), consents)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_roll_means_the_same_to_both_engines() {
    let mut chance = Chance::told("any roll means the same to both engines");
    for _ in 0..8 {
        let Some(here) = crate::sqlite::open().await else { return };
        let Some(there) = crate::postgres::open().await else { return };
        let both = [here.store(), there.store()];
        let erased = chance.below(14);
        for store in &both {
            settle_in(store, 4).await;
            store.seal_with(Seal::new(&[7; 32]));
            store.erase(&address(erased), at(2)).await.unwrap();
        }
        for turn in 0..4 {
            let entries: Vec<RollEntry> = (1..=chance.below(40) + 1).map(|line| any_entry(&mut chance, line)).collect();
            let ending = (chance.below(2) == 0).then(|| Ending { evidence: evidence("not in it"), brake: [200, 1000][chance.below(2)] });
            let import = Import { list: Some(list_id("general")), at: at(10 + turn), is_rehearsal: chance.below(4) == 0, ending };
            let [here, there] = &both;
            let done = here.import(import.clone(), pieces(&entries)).await.unwrap();
            assert_eq!(there.import(import.clone(), pieces(&entries)).await.unwrap(), done, "{import:?}: {entries:#?}");
            assert_eq!(told(there).await, told(here).await, "{import:?}: {entries:#?}");
        }
    }
}
