//! Nodes for which something is missing for a while: the store, or a part of what limits allow that another node still has.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use masthead::store::postgres::{Address, PgStore};
use masthead::store::{Beat, Nodes as _, Seat};
use masthead::traffic::Share;

use crate::daemon::until;
use crate::nodes::{DUE, copies, is_at_rest, room};
use crate::support::daemon::Daemon;
use crate::support::postgres::{self, Database};
use crate::support::sink::{Action, At, Sink, When};
use crate::support::strait::Strait;

/// So long that nobody is taken for dead in these stories.
const LEASE: (&str, &str) = ("MASTHEAD_NODE__LEASE", "1m");

/// More than one node claims ahead before the other has begun.
const READERS: usize = 400;

/// How long the relay takes for an answer.
const ANSWER: Duration = Duration::from_millis(200);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_to_go_on_by_new_settings_notes_its_answers_also_if_the_store_is_away_by_then() {
    let Some(cluster) = postgres::cluster(true) else { return };
    let sink = Sink::builder().on(At::Dot, When::Always, Action::Late(ANSWER)).start().await;
    let (database, strait) = (cluster.database(), Strait::to(cluster.socket()));
    let north = room("north", &database.url(), &sink, "").variable(LEASE.0, LEASE.1).back_issues().subscribers(READERS).build();
    let south = room("south", &strait.url(&database.url()), &sink, "").variable(LEASE.0, LEASE.1).configured();
    let first = Daemon::start_at(&north, DUE);
    let mut second = Daemon::start_at(&south, DUE);
    second.tells("helping with 2014-12");
    until("both are at work", || sink.most_open() == 8);
    second.process().signal("HUP");
    second.tells("RELOADING=1");
    second.tells("READY=1");
    strait.close();
    assert!(copies(&sink).len() < READERS / 2, "it is over too soon");
    thread::park_timeout(ANSWER * 2);
    strait.open();
    until("the mailing is at rest", || is_at_rest(&north));
    second.stop().ok();
    first.stop().ok();
    let copies = copies(&sink);
    assert_eq!((copies.len(), copies.values().sum::<usize>()), (READERS, READERS), "each once");
}

/// Another node, which has a part of what limits allow for as long as it is asked to.
async fn with_share(database: &Database, share: Share) -> (Arc<AtomicBool>, tokio::task::JoinHandle<()>) {
    let address: Address = database.url().parse().unwrap();
    let seat = Seat { name: "other".to_owned(), place: "elsewhere".to_owned(), process: "1".to_owned() };
    let node = PgStore::open(address, seat).await.unwrap();
    let keeps = Arc::new(AtomicBool::new(true));
    let kept = Arc::clone(&keeps);
    let beating = tokio::spawn(async move {
        node.enter(Timestamp::UNIX_EPOCH).await.unwrap();
        while kept.load(Ordering::Relaxed) {
            let beat = Beat { state: "sending".to_owned(), is_sending: true, share };
            node.beat(&beat, Timestamp::UNIX_EPOCH).await.unwrap();
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        node.leave().await.unwrap();
    });
    (keeps, beating)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_whose_part_of_the_limits_another_node_has_waits_for_it_and_all_others_by_the_clock_for_the_canary() {
    let Some(database) = postgres::empty() else { return };
    let sink = Sink::builder().start().await;
    let tables = "[[provider]]\nid = \"town\"\ndomains = [\"example.org\"]\nconnections = 1\n\n";
    let newsroom = room("north", &database.url(), &sink, tables).variable(LEASE.0, LEASE.1);
    let newsroom = newsroom.variable("MASTHEAD_DELIVERY__CANARY", "10 readers, 1 h").back_issues().subscribers(100).build();
    let mut daemon = Daemon::start_at(&newsroom, "2014-11-20T12:00:00Z");
    let (keeps, beating) = with_share(&database, Share::due(1, 2)).await;
    until("the other has its part", || {
        database.ask("SELECT share_to FROM nodes WHERE name = 'other'") == [[Share::ALL.marks().1.to_string()]]
    });
    daemon.set(DUE);
    daemon.tells("waiting for");
    keeps.store(false, Ordering::Relaxed);
    beating.await.unwrap();
    until("the canary has it", || copies(&sink).len() == 10);
    until("the hold begins", || database.ask("SELECT 1 FROM mailings WHERE canary_until IS NOT NULL").len() == 1);
    assert_eq!(copies(&sink).len(), 10);
    daemon.set("2014-12-01T15:30:00Z");
    until("all have it", || copies(&sink).len() == 100);
    daemon.stop().ok();
}
