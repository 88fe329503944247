//! The nodes' database has a second server: it takes over when the first is gone, and may have lost what was committed last.

use jiff::Timestamp;
use masthead::mailing::ProviderId;
use masthead::store::postgres::PgStore;
use masthead::store::{Claim, Ledger as _, Nodes as _, Seat, Wave};

use crate::daemon::until;
use crate::nodes::{DUE, copies, is_at_rest, room, slow};
use crate::support::daemon::Daemon;
use crate::support::postgres::{self, Database};
use crate::support::strait::Strait;

const READERS: usize = 400;

/// How long the relay takes for a message, in milliseconds: so long that there is some left for whoever comes later.
const LONG: u64 = 60;

/// An address that names both servers, in this order.
fn either(first: &Strait, second: &Strait, database: &Database) -> String {
    let [first, second] = [first, second].map(|strait| strait.url(&database.url()));
    let host = second.split_once('@').and_then(|(_, rest)| rest.split_once('/')).expect("a host").0;
    let (before, name) = first.rsplit_once('/').expect("a database");
    format!("{before},{host}/{name}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_whose_address_names_two_servers_go_on_at_the_other_also_when_the_first_says_nothing() {
    let Some(cluster) = postgres::cluster(false) else { return };
    let (database, sink) = (cluster.database(), slow(LONG).await);
    let [first, second] = [(); 2].map(|()| Strait::to(cluster.socket()));
    let url = either(&first, &second, &database);
    let newsroom = room("north", &url, &sink, "").back_issues().subscribers(READERS).build();
    let daemon = Daemon::start_at(&newsroom, DUE);
    until("some have it", || copies(&sink).len() > 50);
    first.close();
    let held = copies(&sink).len();
    until("more have it", || copies(&sink).len() > held + 100);
    first.becalm();
    second.close();
    second.open();
    let held = copies(&sink).len();
    until("more have it", || copies(&sink).len() > held + 100);
    until("the mailing is at rest", || is_at_rest(&newsroom));
    daemon.stop().ok();
    assert_eq!((copies(&sink).len(), copies(&sink).values().sum::<usize>()), (READERS, READERS), "it kept its answers meanwhile");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailing_ends_although_the_database_has_forgotten_what_its_nodes_did_last() {
    let Some(database) = postgres::empty() else { return };
    let sink = slow(LONG).await;
    let north = room("north", &database.url(), &sink, "").back_issues().subscribers(READERS).build();
    let south = room("south", &database.url(), &sink, "").configured();
    let first = Daemon::start_at(&north, DUE);
    until("some have it", || copies(&sink).len() > 20);
    let mut second = Daemon::start_at(&south, DUE);
    second.tells("helping with 2014-12");
    // What a promoted replica would say: these are in the hands of nodes that know nothing of it any more.
    let seat = Seat { name: "x".to_owned(), place: "elsewhere".to_owned(), process: "x".to_owned() };
    let forgotten = PgStore::open(database.url().parse().unwrap(), seat).await.unwrap();
    let now: Timestamp = DUE.parse().unwrap();
    forgotten.enter(now).await.unwrap();
    let mailing = forgotten.mailing(&"2014-12".parse().unwrap()).await.unwrap().unwrap().id;
    for name in ["north", "south"] {
        let claim = Claim { mailing, provider: ProviderId::other(), wave: Wave::Rest, most: 5, now };
        assert_eq!(forgotten.claim(claim).await.unwrap().len(), 5);
        let node = &database.ask(&format!("SELECT max(id) FROM nodes WHERE name = '{name}'"))[0][0];
        let own = "(SELECT id FROM nodes WHERE name = 'x')";
        database
            .tell(&format!("UPDATE deliveries SET holder = {node} WHERE holder = {own}; UPDATE held SET node = {node} WHERE node = {own}"));
    }
    forgotten.leave().await.unwrap();
    until("the mailing is at rest", || is_at_rest(&north));
    second.stop().ok();
    first.stop().ok();
    assert_eq!((copies(&sink).len(), copies(&sink).values().sum::<usize>()), (READERS, READERS));
}
