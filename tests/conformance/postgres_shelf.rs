//! What is promised of the shelf and the agenda where two nodes are at them at once.

use std::sync::Arc;
use std::time::Duration;

use masthead::archive::catalogue::{Catalogued, CataloguedArticle, Reference};
use masthead::archive::query::Query;
use masthead::issue::archive::ArchivedIssue;
use masthead::store::postgres::PgStore;
use masthead::store::{Agenda, Approval, BackIssues, Enclosure, Find, Frozen, Hold, HoldCause, Library, Means, Proof, Store};
use masthead::subscription::EmailAddress;
use tokio::task::JoinSet;
use tokio_postgres::{AsyncMessage, NoTls};

use crate::chance::Chance;
use crate::cluster::{self, Database};
use crate::newsroom::{archived, at, edition, issue, list_ids, opening, settle_in};
use crate::postgres::open_in;

/// How often two are set against each other.
const ROUNDS: usize = 20;

/// Two nodes at one database; `None` where there is no server.
async fn two() -> Option<(Arc<PgStore>, Arc<PgStore>, Database)> {
    let database = cluster::empty()?;
    Some((Arc::new(open_in(&database, "a").await), Arc::new(open_in(&database, "b").await), database))
}

fn entry(id: &str, title: &str) -> Catalogued {
    let article = |slug: &str| CataloguedArticle { slug: slug.to_owned(), title: title.to_owned(), text: "Water and rope.".to_owned() };
    let leads = Reference { from: "one".to_owned(), to: issue("2001-01"), to_slug: None };
    let day = "2014-12-01".parse().unwrap();
    Catalogued { issue: issue(id), version: 1, day, articles: vec![article("one"), article("two")], refers: vec![leads] }
}

fn hold(id: &str) -> Hold {
    Hold { issue: issue(id), since: at(1), reason: "a doubt".to_owned(), cause: HoldCause::Person }
}

async fn show(store: &PgStore, id: &str, hash: &str) {
    let edition = masthead::edition::Edition { hash: hash.to_owned(), ..edition(id) };
    let proof = Proof { issue: issue(id), edition: hash.to_owned(), draft: String::new(), at: at(1) };
    store.show(proof, Frozen { edition, archived: archived(id), lists: list_ids(&["general"]) }).await.unwrap();
}

fn approval(id: &str, hash: &str) -> Approval {
    let editor = EmailAddress::parse("ada@example.org").unwrap();
    Approval { issue: issue(id), edition: hash.to_owned(), editor, at: at(2), means: Means::Link }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_ask_on_two_nodes_one_is_the_first() {
    let Some((one, two, _database)) = two().await else { return };
    for round in 0..ROUNDS {
        let mut asking = JoinSet::new();
        for store in [&one, &two].into_iter().cycle().take(8) {
            let store = Arc::clone(store);
            asking.spawn(async move { store.first_time(&format!("slot {round}"), at(10)).await.unwrap() });
        }
        assert_eq!(asking.join_all().await.into_iter().filter(|first| *first).count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_on_two_nodes_at_once_counts_once() {
    let Some((one, two, _database)) = two().await else { return };
    for round in 0..ROUNDS {
        let hash = format!("edition {round}");
        show(&one, "2014-12", &hash).await;
        let (a, b) = tokio::join!(one.approve(approval("2014-12", &hash)), two.approve(approval("2014-12", &hash)));
        assert_ne!(a.unwrap(), b.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_two_nodes_show_at_once_leaves_one_latest_proof_that_can_be_mailed() {
    let Some((one, two, database)) = two().await else { return };
    for round in 0..ROUNDS {
        let (a, b) = (format!("a{round}"), format!("b{round}"));
        tokio::join!(show(&one, "2014-12", &a), show(&two, "2014-12", &b));
        let latest = one.proofs(&issue("2014-12")).await.unwrap().remove(0).edition;
        assert!(latest == a || latest == b, "{latest}");
        assert_eq!(two.frozen(&issue("2014-12")).await.unwrap().unwrap().edition.hash, latest);
        assert_eq!(database.ask("SELECT hash FROM editions"), [[latest]], "the other is thawed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_and_a_mailing_at_once_never_both_come_about() {
    let Some((one, two, _database)) = two().await else { return };
    settle_in(&(Arc::clone(&one) as Arc<dyn Store>), 2).await;
    for round in 0..ROUNDS {
        let id = format!("2014-12-round{round}");
        let open = async { masthead::store::Ledger::open_mailing(&*one, opening(&id, &["general"])).await };
        let (opened, held) = tokio::join!(open, two.hold(hold(&id)));
        assert_ne!(opened.is_ok(), held.is_ok(), "{opened:?} {held:?}");
        assert_eq!(one.holds().await.unwrap().iter().any(|hold| hold.issue == issue(&id)), held.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_and_its_end_at_once_leave_what_they_say() {
    let Some((one, two, _database)) = two().await else { return };
    let id = issue("2014-12");
    for _ in 0..ROUNDS {
        let was_held = !one.holds().await.unwrap().is_empty();
        let (held, lifted) = tokio::join!(one.hold(hold("2014-12")), two.lift(&id, at(3)));
        let (held, lifted) = (held.unwrap(), lifted.unwrap());
        let is_held = !one.holds().await.unwrap().is_empty();
        assert_eq!(i32::from(was_held) + i32::from(held) - i32::from(lifted), i32::from(is_held));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_node_hears_what_was_decided() {
    let Some((one, _two, database)) = two().await else { return };
    let (client, mut connection) = tokio_postgres::connect(&database.url(), NoTls).await.unwrap();
    let (mouth, mut ear) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(Ok(message)) = std::future::poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notification(word) = message {
                let _ = mouth.send(word.channel().to_owned());
            }
        }
    });
    client.batch_execute("LISTEN masthead").await.unwrap();
    let mut next = async |what: &str| {
        let word = tokio::time::timeout(Duration::from_secs(10), ear.recv()).await;
        assert_eq!(word.ok().flatten().as_deref(), Some("masthead"), "{what}");
        assert!(ear.try_recv().is_err(), "{what} is told once");
    };
    show(&one, "2014-12", "one").await;
    next("a proof").await;
    one.approve(approval("2014-12", "one")).await.unwrap();
    next("an approval").await;
    one.hold(hold("2014-12")).await.unwrap();
    next("a hold").await;
    one.lift(&issue("2014-12"), at(3)).await.unwrap();
    next("the end of a hold").await;
    one.adopt("here").await.unwrap();
    next("a home").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_mark_moves_once_for_each_change_whoever_makes_it() {
    let Some((one, two, database)) = two().await else { return };
    let before = one.shelf_mark().await.unwrap();
    let mut changing = JoinSet::new();
    for number in 1..=ROUNDS {
        for (store, month) in [(&one, "06"), (&two, "07")] {
            let store = Arc::clone(store);
            let id = format!("2014-{month}-{number:02}");
            changing.spawn(async move {
                store.shelve(vec![archived(&id)]).await.unwrap();
                let file = Enclosure { name: "a.pdf".to_owned(), pixels: None, octets: id.clone().into_bytes() };
                store.enclose(&issue(&id), vec![file]).await.unwrap();
            });
        }
    }
    changing.join_all().await;
    assert_eq!(two.shelf_mark().await.unwrap(), before + 4 * ROUNDS as u64);
    assert_eq!(database.ask("SELECT COUNT(DISTINCT mark), COUNT(*) FROM shelved"), [["40", "40"]]);
    database.tell("UPDATE back_issues SET issue = issue || ' ' WHERE id = '2014-06-01'");
    database.tell("DELETE FROM back_issues WHERE id = '2014-06-02'");
    assert_eq!(two.shelf_mark().await.unwrap(), before + 4 * ROUNDS as u64 + 2);
    assert!(!one.uncatalogued(1).await.unwrap().contains(&issue("2014-06-02")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_shelve_the_same_issues_in_whatever_order() {
    let Some((one, two, _database)) = two().await else { return };
    for round in 0..ROUNDS {
        let named = |id: &str, title: &str| ArchivedIssue { title: format!("{title} {round}"), ..archived(id) };
        let forth = vec![named("2014-06", "forth"), named("2014-07", "forth")];
        let back = vec![named("2014-07", "back"), named("2014-06", "back")];
        tokio::try_join!(one.shelve(forth), two.shelve(back)).unwrap();
        let titles: Vec<String> = one.shelf().await.unwrap().into_iter().map(|issue| issue.title).collect();
        assert_eq!(titles[0], titles[1], "whole or not at all");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_two_nodes_catalogue_at_once_is_found_once() {
    let Some((one, two, database)) = two().await else { return };
    one.shelve(vec![archived("2014-12"), archived("2014-12-extra")]).await.unwrap();
    for round in 0..ROUNDS {
        let mark = one.shelf_mark().await.unwrap();
        let title = format!("Well {round}");
        tokio::try_join!(
            one.catalogue(entry("2014-12", &title), mark),
            two.catalogue(entry("2014-12", &title), mark),
            two.catalogue(entry("2014-12-extra", &title), mark),
        )
        .unwrap();
        let find = Find { query: Query::parse("wells "), from: 0, most: 10 };
        let hits = two.search(find).await.unwrap();
        assert_eq!((hits.many, hits.hits.len()), (4, 4));
        assert_eq!(one.referring(&issue("2001-01")).await.unwrap().len(), 2);
        assert_eq!(one.uncatalogued(1).await.unwrap(), []);
    }
    assert_eq!(database.ask("SELECT COUNT(*) FROM catalogued_articles"), [["4"]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_one_node_lets_go_and_another_takes_up_stays() {
    let Some((one, two, database)) = two().await else { return };
    let file = || Enclosure { name: "a.pdf".to_owned(), pixels: None, octets: b"the same".to_vec() };
    let (odd, even) = (issue("2014-11"), issue("2014-12"));
    one.enclose(&odd, vec![file()]).await.unwrap();
    for round in 0..ROUNDS {
        let (from, to) = if round % 2 == 0 { (&odd, &even) } else { (&even, &odd) };
        tokio::try_join!(one.enclose(from, vec![]), two.enclose(to, vec![file()])).unwrap();
        assert_eq!(one.enclosure(to, "a.pdf").await.unwrap(), Some(file()));
    }
    assert_eq!(database.ask("SELECT COUNT(*), (SELECT COUNT(*) FROM file_parts) FROM files"), [["1", "1"]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t20_whatever_a_reader_types_is_no_fault() {
    let Some((one, _two, _database)) = two().await else { return };
    one.shelve(vec![archived("2014-12")]).await.unwrap();
    one.catalogue(entry("2014-12", "The Well"), one.shelf_mark().await.unwrap()).await.unwrap();
    let pieces = [
        "wel",
        "AND",
        "|",
        "&",
        "!",
        "<->",
        ":*",
        ":A",
        "'",
        "\\",
        "''",
        "\"",
        "-",
        " ",
        " ",
        "(",
        ")",
        "*",
        "title:",
        "\0",
        "\u{1}",
        "%",
        "_",
        "ु",
        "\u{301}",
        "İ",
        "ﬁ",
        "우물",
        "\u{fdfa}",
        "ª",
        "½",
        "٣",
        "x٣",
        "1e5",
        "-1.5",
        "a@b.example",
        "https://b.example/x?y",
        "&amp;",
        "<b>",
        "$1",
    ];
    let mut chance = Chance::told("what a reader types");
    for _ in 0..1_000 {
        let many = chance.below(12);
        let typed: String = (0..many).map(|_| pieces[chance.below(pieces.len())]).collect();
        let find = Find { query: Query::parse(&typed), from: 0, most: 3 };
        let found = one.search(find).await;
        assert!(found.is_ok(), "{typed:?}: {found:?}");
    }
}
