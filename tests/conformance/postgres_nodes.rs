//! What nodes that share a store are promised: each test is several stores at one database.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use masthead::mailing::Fate;
use masthead::mailing::fate::OnDoubt;
use masthead::store::postgres::PgStore;
use masthead::store::{Beat, Duty, NodeId, Nodes as _, Recovered, Store, StoreError};
use masthead::traffic::Share;
use tokio::time::timeout;

use crate::cluster::{self, Database};
use crate::newsroom::{at, attempt, claim, open, page, settle, settle_in, submit};
use crate::postgres::{open_at, open_in};
use crate::strait::Strait;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// Longer than anything takes on a busy machine.
const AMPLE: Duration = Duration::from_secs(30);

/// Two nodes at one database, entered in this order.
async fn two() -> Option<(Database, [PgStore; 2], [NodeId; 2])> {
    let database = cluster::empty()?;
    let stores = [open_in(&database, "a").await, open_in(&database, "b").await];
    let ids = [stores[0].enter(NOW).await.unwrap(), stores[1].enter(NOW).await.unwrap()];
    Some((database, stores, ids))
}

fn wants(share: Share) -> Beat {
    Beat { state: "sending".to_owned(), is_sending: true, share }
}

/// What a node has as its own.
async fn share(store: &PgStore, id: NodeId) -> Share {
    store.nodes().await.unwrap().into_iter().find(|node| node.id == id).unwrap().share
}

async fn beats(store: &PgStore, id: NodeId) -> i64 {
    store.nodes().await.unwrap().into_iter().find(|node| node.id == id).unwrap().beats
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_enters_once_and_all_see_it() {
    let Some((_database, [a, b], [first, second])) = two().await else { return };
    assert_eq!(a.enter(NOW).await.unwrap(), first);
    let seen = b.nodes().await.unwrap();
    let told: Vec<_> = seen.iter().map(|node| (node.id, node.name.as_str(), node.beats, node.share)).collect();
    assert_eq!(told, [(first, "a", 0, Share::NONE), (second, "b", 0, Share::NONE)]);
    let heard = a.beat(&wants(Share::ALL), NOW).await.unwrap();
    assert_eq!((heard[0].beats, heard[0].state.as_str(), heard[0].is_sending, heard[0].share), (1, "sending", true, Share::ALL));
    assert_eq!(b.nodes().await.unwrap(), heard);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_database_has_set_sessions_have_what_the_promises_want() {
    for (usual, kept) in [("off", "on"), ("remote_apply", "remote_apply")] {
        let Some(database) = cluster::empty() else { return };
        drop(open_in(&database, "a").await);
        let name = &database.ask("SELECT current_database()")[0][0];
        let set = |what: &str| database.tell(&format!("ALTER DATABASE {name} SET {what}"));
        set(&format!("synchronous_commit = {usual}"));
        set("default_transaction_isolation = 'serializable'");
        database.tell("CREATE TABLE seen (name TEXT, setting TEXT)");
        for setting in ["synchronous_commit", "transaction_isolation", "idle_in_transaction_session_timeout"] {
            let see = format!(
                "CREATE RULE see_{setting} AS ON INSERT TO nodes DO ALSO INSERT INTO seen VALUES ('{setting}', current_setting('{setting}'))"
            );
            database.tell(&see);
        }
        open_in(&database, "b").await.beat(&Beat::default(), NOW).await.unwrap();
        assert_eq!(database.ask("SELECT setting FROM seen ORDER BY name"), [["2s"], [kept], ["read committed"]]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_silent_are_buried_and_those_enter_anew() {
    let Some((_database, [a, b], [first, second])) = two().await else { return };
    let seen = beats(&b, first).await;
    a.beat(&Beat::default(), NOW).await.unwrap();
    assert!(!b.bury(first, seen).await.unwrap(), "it has beaten since");
    let seen = beats(&b, first).await;
    assert!(b.bury(first, seen).await.unwrap());
    assert!(!b.bury(first, seen).await.unwrap(), "once");
    assert_eq!(b.nodes().await.unwrap().iter().map(|node| node.id).collect::<Vec<_>>(), [second]);
    assert!(matches!(a.beat(&Beat::default(), NOW).await, Err(StoreError::Unknown(_))));
    let again = a.enter(NOW).await.unwrap();
    assert!(again > second);
    assert_eq!(a.beat(&Beat::default(), NOW).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_duty_has_one_node_until_that_lays_it_down_or_dies() {
    let Some((database, [a, b], [first, _])) = two().await else { return };
    assert_eq!(a.take(Duty::Office).await.unwrap(), None);
    assert_eq!(a.take(Duty::Office).await.unwrap(), None, "it keeps it");
    assert_eq!(b.take(Duty::Office).await.unwrap().unwrap().name, "a");
    assert_eq!(b.take(Duty::Sending).await.unwrap(), None, "another duty is another's");
    assert_eq!(a.nodes().await.unwrap().iter().map(|node| node.duties.clone()).collect::<Vec<_>>(), [[Duty::Office], [Duty::Sending]]);
    b.lay_down(Duty::Office).await.unwrap();
    assert!(b.take(Duty::Office).await.unwrap().is_some(), "nobody lays down what another has");
    a.lay_down(Duty::Office).await.unwrap();
    assert_eq!(b.take(Duty::Office).await.unwrap(), None);
    assert!(a.take(Duty::Office).await.unwrap().is_some());
    b.leave().await.unwrap();
    assert_eq!(a.take(Duty::Office).await.unwrap(), None);
    let witness = open_in(&database, "c").await;
    let seen = beats(&witness, first).await;
    assert!(witness.bury(first, seen).await.unwrap());
    assert!(matches!(a.take(Duty::Office).await, Err(StoreError::Unknown(_))), "the dead take nothing");
    witness.enter(NOW).await.unwrap();
    assert_eq!(witness.take(Duty::Office).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_take_a_duty_at_once_one_has_it() {
    let Some(database) = cluster::empty() else { return };
    let mut stores = Vec::new();
    for number in 0..6 {
        stores.push(open_in(&database, &format!("n{number}")).await);
    }
    for _ in 0..10 {
        let taking = stores.iter().map(|store| async { store.enter(NOW).await.and(store.take(Duty::Office).await).unwrap().is_none() });
        let taken = together(taking).await;
        assert_eq!(taken.iter().filter(|taken| **taken).count(), 1, "{taken:?}");
        // The next round begins with a holder that is gone.
        for (store, _) in stores.iter().zip(taken).filter(|(_, taken)| *taken) {
            store.leave().await.unwrap();
        }
    }
}

/// All of them at once.
async fn together<T>(all: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut all: Vec<_> = all.map(Box::pin).collect();
    let mut ended: Vec<Option<T>> = all.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (one, end) in all.iter_mut().zip(&mut ended).filter(|(_, end)| end.is_none()) {
            if let std::task::Poll::Ready(value) = one.as_mut().poll(context) {
                *end = Some(value);
            }
        }
        if ended.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    ended.into_iter().flatten().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_two_shares_ever_overlap_whoever_grows_at_once() {
    let Some((_database, [a, b], [first, second])) = two().await else { return };
    let (all, none) = (wants(Share::ALL), wants(Share::NONE));
    for _ in 0..20 {
        let (one, other) = tokio::join!(a.beat(&all, NOW), b.beat(&all, NOW));
        assert!(one.is_ok() && other.is_ok(), "{one:?} {other:?}");
        let shares = [share(&a, first).await, share(&a, second).await];
        assert!(shares.contains(&Share::ALL) && shares.contains(&Share::NONE), "one of them has it all: {shares:?}");
        tokio::try_join!(a.beat(&none, NOW), b.beat(&none, NOW)).unwrap();
    }
    a.beat(&wants(Share::due(0, 2)), NOW).await.unwrap();
    b.beat(&wants(Share::due(1, 2)), NOW).await.unwrap();
    assert_eq!([share(&a, first).await, share(&a, second).await], [Share::due(0, 2), Share::due(1, 2)]);
    b.beat(&wants(Share::ALL), NOW).await.unwrap();
    assert_eq!(share(&b, second).await, Share::due(1, 2), "refused, and as it was");
    assert!(b.bury(first, beats(&b, first).await).await.unwrap());
    b.beat(&wants(Share::ALL), NOW).await.unwrap();
    assert_eq!(share(&b, second).await, Share::ALL, "the dead have nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_beat_that_a_later_one_has_overtaken_changes_nothing() {
    let Some((database, [a, _], [first, _])) = two().await else { return };
    a.beat(&wants(Share::ALL), NOW).await.unwrap();
    // As if three more had been heard before the next one.
    database.tell("UPDATE nodes SET beats = 4, share_from = 0, share_to = 10 WHERE name = 'a'");
    assert!(matches!(a.beat(&wants(Share::ALL), NOW).await, Err(StoreError::Unavailable(_))));
    assert_eq!(share(&a, first).await, Share::between(0, 10));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_calls_out_the_others_hear() {
    let Some((database, [a, b], _)) = two().await else { return };
    // Who begins to listen is woken once, since a word may have been lost before.
    timeout(AMPLE, a.hear()).await.unwrap();
    let ((), heard) = tokio::join!(
        async {
            assert_eq!(b.take(Duty::Office).await.unwrap(), None);
            b.lay_down(Duty::Office).await.unwrap();
        },
        timeout(AMPLE, a.hear())
    );
    heard.unwrap();
    let hearing = timeout(AMPLE, a.hear());
    tokio::join!(hearing, async {
        database.tell("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN masthead'");
    })
    .0
    .expect("a connection that was lost is made anew, and whoever waits is woken");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_buried_claim_and_note_nothing_and_what_they_held_is_taken_back() {
    let Some((_database, [a, b], [first, second])) = two().await else { return };
    let (one, other): (Arc<dyn Store>, Arc<dyn Store>) = (Arc::new(a), Arc::new(b));
    settle_in(&one, 5).await;
    let mailing = open(&one, "2014-12", &["general"]).await;
    let held = claim(&one, &mailing, 3).await;
    let others = claim(&other, &mailing, 1).await;
    submit(&one, &held[0]).await.unwrap();
    submit(&other, &others[0]).await.unwrap();
    let nodes = other.shared().unwrap();
    assert_eq!(nodes.take_back(mailing.id, OnDoubt::Hold, at(1)).await.unwrap(), Recovered::default(), "both live");
    assert!(nodes.bury(first, 0).await.unwrap());
    let refused = [submit(&one, &held[1]).await, settle(&one, attempt(mailing.id, held[0].subscriber, Fate::Accepted)).await];
    assert!(refused.iter().all(Result::is_err), "{refused:?}");
    assert!(one.claim(page(&mailing, 5, at(2))).await.unwrap_err().is_transient(), "it may come back");
    let recovered = nodes.take_back(mailing.id, OnDoubt::Hold, at(3)).await.unwrap();
    assert_eq!(recovered, Recovered { claimed: 2, doubtful: 1 });
    assert_eq!(nodes.take_back(mailing.id, OnDoubt::Hold, at(3)).await.unwrap(), Recovered::default(), "once");
    settle(&other, attempt(mailing.id, others[0].subscriber, Fate::Accepted)).await.unwrap();
    assert!(one.shared().unwrap().beat(&Beat::default(), at(4)).await.is_err());
    assert!(one.shared().unwrap().enter(at(4)).await.unwrap() > second);
    let refused = submit(&one, &held[1]).await;
    assert!(matches!(refused, Err(StoreError::Unknown(_))), "what it claimed in its first life is not its own: {refused:?}");
    assert_eq!(claim(&one, &mailing, 5).await.len(), 3, "two that were taken back, and one that nobody had");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_come_at_once_sign_alike_or_are_told() {
    let Some(database) = cluster::empty() else { return };
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..6 {
        let node = open_in(&database, &format!("node {number}")).await;
        tasks.spawn(async move {
            let key = ["x", "y"][number % 2];
            (key, node.signs(key, &[]).await.unwrap())
        });
    }
    let mut told = tasks.join_all().await;
    told.sort_unstable();
    let is_x = told[0].1;
    assert_eq!(told, [("x", is_x), ("x", is_x), ("x", is_x), ("y", !is_x), ("y", !is_x), ("y", !is_x)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_signs_until_a_newer_one_stands_above_it() {
    let Some(database) = cluster::empty() else { return };
    let node = open_in(&database, "a").await;
    let signs = async |newest: &str, older: &[&str]| {
        let older: Vec<String> = older.iter().map(|key| (*key).to_owned()).collect();
        node.signs(newest, &older).await.unwrap()
    };
    assert!(signs("a", &[]).await && signs("a", &[]).await, "the first settles it");
    assert!(!signs("b", &[]).await && !signs("b", &[]).await, "another is refused, each time");
    assert!(signs("b", &["a"]).await, "a newer one above the known");
    assert!(signs("b", &["a"]).await && signs("b", &[]).await);
    assert!(!signs("a", &[]).await, "whoever has the old one alone has to be given the new one");
    assert!(!signs("a", &["b"]).await, "and the old one is not newer, whatever a file says");
    assert!(!signs("c", &["a"]).await, "from an old one nothing follows");
    assert!(signs("c", &["b", "a"]).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_freezes_in_the_middle_of_a_claim_keeps_it_from_nobody() {
    let Some(cluster) = cluster::cluster(true) else { return };
    let (database, strait) = (cluster.database(), Strait::to(cluster.socket()));
    let frozen = Arc::new(open_at(&strait.url(&database.url()), "a").await);
    let other = open_in(&database, "b").await;
    let (first, _) = (frozen.enter(NOW).await.unwrap(), other.enter(NOW).await.unwrap());
    let store: Arc<dyn Store> = frozen;
    settle_in(&store, 500).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    let amid = "SELECT COUNT(*) FROM pg_stat_activity JOIN pg_locks USING (pid) \
                WHERE state = 'idle in transaction' AND relation = 'nodes'::regclass AND mode = 'RowShareLock'";
    // Until the calm comes between one statement and the next.
    let mut turns = 0..;
    let claiming = loop {
        let (store, claimed) = (Arc::clone(&store), page(&mailing, 1, at(20)));
        let claiming = tokio::spawn(async move { store.claim(claimed).await });
        for _ in 0..turns.next().unwrap() {
            tokio::task::yield_now().await;
        }
        strait.becalm();
        if database.ask(amid) != [["0"]] {
            break claiming;
        }
        strait.open();
        claiming.await.unwrap().unwrap();
    };
    assert!(timeout(AMPLE, other.bury(first, beats(&other, first).await)).await.expect("its row is free soon").unwrap());
    let recovered = timeout(AMPLE, other.take_back(mailing.id, OnDoubt::Resend, NOW)).await.expect("and its claims").unwrap();
    assert_eq!(recovered.doubtful, 0);
    strait.open();
    assert!(matches!(timeout(AMPLE, claiming).await.expect("it goes on").unwrap(), Err(fault) if fault.is_transient()));
}
