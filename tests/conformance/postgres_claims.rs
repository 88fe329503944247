//! What is promised of claims that meet a fault or somebody who has a whole mailing in hand.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use masthead::mailing::fate::OnDoubt;
use masthead::mailing::{Fate, Mailing};
use masthead::store::{Beat, Ledger as _, Nodes as _, Store};
use tokio::time::timeout;

use crate::cluster::{self, Cluster, Database};
use crate::newsroom::{at, claim, hand_over, open, page, settle_in};
use crate::postgres::{open_at, open_in};
use crate::strait::Strait;

/// Longer than anything takes on a busy machine.
const AMPLE: Duration = Duration::from_secs(30);

/// Whether some session sleeps, as a trigger of the test's own has it do.
const DAWDLES: &str = "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()";

/// Has the first claim of each node take its time with its commit.
const SLOW_COMMIT: &str = "
    CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN IF NEW.token = 0 THEN PERFORM pg_sleep(1); END IF; RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER dawdles AFTER INSERT ON held
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION dawdle()";

/// Has whoever cancels a mailing take their time.
const SLOW_CANCEL: &str = "
    CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_sleep(3); RETURN NEW; END $$;
    CREATE TRIGGER dawdles BEFORE UPDATE ON mailings FOR EACH ROW EXECUTE FUNCTION dawdle()";

/// Has whoever changes lines take their time.
const SLOW_LINES: &str = "
    CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_sleep(1); RETURN NULL; END $$;
    CREATE TRIGGER dawdles BEFORE UPDATE ON deliveries FOR EACH STATEMENT EXECUTE FUNCTION dawdle()";

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + AMPLE;
    while !is_so() {
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::task::yield_now().await;
    }
}

/// A node beyond a strait, with readers and a mailing to them of which its first claim is about to be committed, slowly, when
/// the node's connections break. Returns once the node has heard that its claim failed.
async fn unheard(cluster: &Cluster, readers: usize, most: usize) -> (Database, Arc<dyn Store>, Mailing, Strait) {
    let (database, strait) = (cluster.database(), Strait::to(cluster.socket()));
    let store: Arc<dyn Store> = Arc::new(open_at(&strait.url(&database.url()), "a").await);
    settle_in(&store, readers).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    database.tell(SLOW_COMMIT);
    let claiming = tokio::spawn({
        let (store, claimed) = (Arc::clone(&store), page(&mailing, most, at(20)));
        async move { store.claim(claimed).await }
    });
    until("the claim is being committed", || database.ask(DAWDLES) == [["1"]]).await;
    strait.close();
    assert!(timeout(AMPLE, claiming).await.unwrap().unwrap().is_err_and(|fault| fault.is_transient()));
    assert_eq!(database.ask(DAWDLES), [["1"]], "the server is still at it");
    strait.open();
    (database, store, mailing, strait)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_claimed_after_its_claimer_was_told_otherwise_waits_again() {
    let Some(cluster) = cluster::cluster(false) else { return };
    let (database, store, mailing, _strait) = unheard(&cluster, 10, 4).await;
    let mut claimed = 0;
    while claimed < 10 || database.ask(DAWDLES) != [["0"]] {
        match store.claim(page(&mailing, 10, at(20))).await {
            Ok(page) if page.is_empty() && database.ask(DAWDLES) == [["0"]] => break,
            Ok(page) => claimed += page.len(),
            Err(fault) => assert!(fault.is_transient(), "{fault}"),
        }
    }
    claimed += store.claim(page(&mailing, 10, at(20))).await.unwrap().len();
    assert_eq!(claimed, 10, "{:?}", store.tally(mailing.id).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_gives_back_what_it_holds_gives_back_also_what_it_was_told_it_did_not_get() {
    let Some(cluster) = cluster::cluster(false) else { return };
    let (database, store, mailing, _strait) = unheard(&cluster, 10, 10).await;
    while let Err(fault) = store.release(mailing.id, &[]).await {
        assert!(fault.is_transient(), "{fault}");
    }
    until("the server is done with it", || database.ask(DAWDLES) == [["0"]]).await;
    assert_eq!(store.tally(mailing.id).await.unwrap().queued, 10, "others may claim it, though nobody claims here any more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_claim_waits_for_somebody_who_has_the_whole_mailing_gives_signs_of_life() {
    let Some(database) = cluster::empty() else { return };
    let (a, b) = (Arc::new(open_in(&database, "a").await), Arc::new(open_in(&database, "b").await));
    let (one, other): (Arc<dyn Store>, Arc<dyn Store>) = (a, Arc::clone(&b) as Arc<dyn Store>);
    b.enter(Timestamp::UNIX_EPOCH).await.unwrap();
    settle_in(&one, 10).await;
    let mailing = open(&one, "2014-12", &["general"]).await;
    database.tell(SLOW_CANCEL);
    let id = mailing.id;
    let cancelling = tokio::spawn(async move { one.cancel(id, at(20)).await });
    until("the mailing is in hand", || database.ask(DAWDLES) == [["1"]]).await;
    let claiming = tokio::spawn(async move { other.claim(page(&mailing, 5, at(20))).await });
    let waits = "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    until("the claim waits", || database.ask(waits) == [["1"]]).await;
    timeout(AMPLE, b.beat(&Beat::default(), at(20))).await.unwrap().unwrap();
    assert!(!cancelling.is_finished(), "the sign of life waited for it");
    assert_eq!(cancelling.await.unwrap().unwrap(), 10);
    assert!(claiming.await.unwrap().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_node_held_that_is_buried_while_anothers_is_taken_back_is_taken_back_too() {
    let Some(database) = cluster::empty() else { return };
    let [a, b, c] = [open_in(&database, "a").await, open_in(&database, "b").await, open_in(&database, "c").await].map(Arc::new);
    let (one, other): (Arc<dyn Store>, Arc<dyn Store>) = (Arc::clone(&a) as _, Arc::clone(&b) as _);
    settle_in(&one, 10).await;
    let mailing = open(&one, "2014-12", &["general"]).await;
    assert_eq!((claim(&one, &mailing, 3).await.len(), claim(&other, &mailing, 2).await.len()), (3, 2));
    let ids = [a.enter(at(20)).await.unwrap(), b.enter(at(20)).await.unwrap()];
    c.enter(at(20)).await.unwrap();
    database.tell(SLOW_LINES);
    assert!(c.bury(ids[0], 0).await.unwrap());
    let taking = tokio::spawn({
        let (c, id) = (Arc::clone(&c), mailing.id);
        async move { c.take_back(id, OnDoubt::Resend, at(30)).await.unwrap().claimed }
    });
    until("it is being taken back", || database.ask(DAWDLES) == [["1"]]).await;
    assert!(c.bury(ids[1], 0).await.unwrap());
    assert_eq!(taking.await.unwrap(), 3);
    assert_eq!(c.take_back(mailing.id, OnDoubt::Resend, at(30)).await.unwrap().claimed, 2);
    assert_eq!(c.tally(mailing.id).await.unwrap().queued, 10);
}

/// Has the server look for the rows of one side of a join again for each of the other, as it may on small tables.
const NESTED: &str = "
    DO $$
    DECLARE setting TEXT;
    BEGIN
        FOREACH setting IN ARRAY ARRAY['hashjoin', 'mergejoin', 'material', 'memoize', 'indexscan', 'bitmapscan'] LOOP
            EXECUTE format('ALTER DATABASE %I SET enable_%s = off', current_database(), setting);
        END LOOP;
    END $$";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_takes_no_more_than_it_asks_for_however_the_server_goes_about_it() {
    let Some(database) = cluster::empty() else { return };
    database.tell(NESTED);
    let store: Arc<dyn Store> = Arc::new(open_in(&database, "a").await);
    settle_in(&store, 12).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    for delivery in claim(&store, &mailing, 6).await {
        hand_over(&store, &delivery, Fate::Deferred { next_at: at(15) }).await;
    }
    for due_then_queued in [4, 4, 4] {
        assert_eq!(claim(&store, &mailing, due_then_queued).await.len(), due_then_queued);
    }
}
