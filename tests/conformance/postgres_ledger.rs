//! What is promised of the ledger where several nodes are at it, and where connections to it are lost.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use masthead::mailing::{Delivery, Fate, Mailing};
use masthead::store::{Note, Store, StoreError, Tally};
use tokio::task::JoinSet;

use crate::cluster::{self, Database};
use crate::newsroom::{at, attempt, fates, issue, lines, open, opening, page, settle_in};
use crate::postgres::open_in;

/// So many nodes at one database.
async fn nodes(many: usize) -> Option<(Vec<Arc<dyn Store>>, Database)> {
    let database = cluster::empty()?;
    let mut nodes: Vec<Arc<dyn Store>> = Vec::new();
    for number in 0..many {
        nodes.push(Arc::new(open_in(&database, &format!("node {number}")).await));
    }
    Some((nodes, database))
}

/// Asks until the store answers.
pub(crate) async fn insist<T, F: Future<Output = Result<T, StoreError>>>(ask: impl Fn() -> F) -> Result<T, StoreError> {
    for _ in 0..1_000 {
        match ask().await {
            Err(fault) if fault.is_transient() => tokio::task::yield_now().await,
            end => return end,
        }
    }
    panic!("the store stays away");
}

/// Claims and hands over until nothing waits. Returns whom this node handed over.
async fn work(store: Arc<dyn Store>, mailing: Mailing) -> Vec<i64> {
    let mut done = Vec::new();
    loop {
        let claimed: Vec<Delivery> = insist(|| store.claim(page(&mailing, 7, at(20)))).await.unwrap();
        if claimed.is_empty() {
            return done;
        }
        for delivery in claimed {
            let submitting = Note { mailing: mailing.id, settled: None, submitting: Some(delivery.subscriber), at: at(21) };
            insist(|| store.note(submitting.clone())).await.unwrap();
            let settled = Some(attempt(mailing.id, delivery.subscriber, Fate::Accepted));
            let settled = Note { mailing: mailing.id, settled, submitting: None, at: at(30) };
            insist(|| store.note(settled.clone())).await.unwrap();
            done.push(delivery.subscriber.0);
        }
    }
}

/// Lets all nodes work, and sees to it that everybody is done once and all counts are right.
async fn all_work(nodes: &[Arc<dyn Store>], mailing: &Mailing, readers: usize) {
    let mut tasks = JoinSet::new();
    for node in nodes {
        tasks.spawn(work(Arc::clone(node), mailing.clone()));
    }
    let done: Vec<i64> = tasks.join_all().await.into_iter().flatten().collect();
    let different: BTreeSet<i64> = done.iter().copied().collect();
    assert_eq!((done.len(), different.len()), (readers, readers));
    let readers = readers as u64;
    assert_eq!(nodes[0].tally(mailing.id).await.unwrap(), Tally { accepted: readers, ..Tally::default() });
    assert!(lines(&nodes[0], mailing).await.iter().all(|line| line.attempts == 1));
    assert!(nodes[0].finish(mailing.id, at(60)).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_nodes_hand_everybody_over_once() {
    let Some((nodes, _database)) = nodes(3).await else { return };
    settle_in(&nodes[0], 700).await;
    let mailing = open(&nodes[1], "2014-12", &["general"]).await;
    all_work(&nodes, &mailing, 700).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_connections_are_lost_everybody_is_handed_over_once() {
    let Some((nodes, database)) = nodes(2).await else { return };
    settle_in(&nodes[0], 300).await;
    let mailing = open(&nodes[0], "2014-12", &["general"]).await;
    let is_over = Arc::new(AtomicBool::new(false));
    let database = Arc::new(database);
    let cutting = {
        let (is_over, database) = (Arc::clone(&is_over), Arc::clone(&database));
        tokio::task::spawn_blocking(move || {
            let mut cuts = 0;
            while !is_over.load(Ordering::Relaxed) {
                let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                           WHERE application_name = 'masthead' AND datname = current_database() AND random() < 0.3";
                cuts += database.ask(cut).len();
                std::thread::park_timeout(Duration::from_millis(40));
            }
            cuts
        })
    };
    all_work(&nodes, &mailing, 300).await;
    is_over.store(true, Ordering::Relaxed);
    assert!(cutting.await.unwrap() > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_nodes_that_open_a_mailing_one_does() {
    let Some((nodes, _database)) = nodes(3).await else { return };
    settle_in(&nodes[0], 5).await;
    let mut tasks = JoinSet::new();
    for node in &nodes {
        let node = Arc::clone(node);
        tasks.spawn(async move { node.open_mailing(opening("2014-12", &["general"])).await.unwrap() });
    }
    let opened = tasks.join_all().await;
    assert_eq!(opened.iter().filter(|opened| opened.is_new).count(), 1);
    assert!(opened.iter().all(|other| other.mailing == opened[0].mailing));
    assert_eq!(nodes[0].tally(opened[0].mailing.id).await.unwrap().queued, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailing_that_one_node_cancels_is_cancelled_for_all() {
    let Some((nodes, _database)) = nodes(2).await else { return };
    settle_in(&nodes[0], 400).await;
    let mailing = open(&nodes[0], "2014-12", &["general"]).await;
    let working = tokio::spawn({
        let (store, mailing) = (Arc::clone(&nodes[0]), mailing.clone());
        async move {
            loop {
                let claimed = insist(|| store.claim(page(&mailing, 5, at(20)))).await.unwrap();
                if claimed.is_empty() {
                    return;
                }
            }
        }
    });
    let withheld = insist(|| nodes[1].cancel(mailing.id, at(25))).await.unwrap();
    working.await.unwrap();
    assert_eq!(withheld, 400);
    assert!(nodes[0].claim(page(&mailing, 5, at(30))).await.unwrap().is_empty());
    assert_eq!(nodes[0].tally(mailing.id).await.unwrap(), Tally { withheld: 400, ..Tally::default() });
    assert!(fates(&nodes[0], &mailing).await.iter().all(|fate| *fate == Fate::Withheld));
    assert!(nodes[0].mailing(&issue("2014-12")).await.unwrap().unwrap().cancelled_at.is_some());
}
