//! A pooler stands between the nodes and their database.

use crate::daemon::until;
use crate::nodes::{DUE, copies, is_at_rest, room, slow};
use crate::support::daemon::Daemon;
use crate::support::newsroom::Newsroom;
use crate::support::pooler::Pooler;
use crate::support::postgres::{self, Database};

const READERS: usize = 300;

fn before(database: &Database, mode: &str) -> Option<(Pooler, String)> {
    let pooler = Pooler::before(database, mode)?;
    let url = pooler.url(&database.url());
    Some((pooler, url))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_behind_a_pooler_that_gives_each_its_session_send_once_and_hear_each_other() {
    let Some(database) = postgres::empty() else { return };
    let Some((_pooler, url)) = before(&database, "session") else { return };
    let sink = slow(60).await;
    let north = room("north", &url, &sink, "").back_issues().subscribers(READERS).build();
    let south = room("south", &url, &sink, "").configured();
    let first = Daemon::start_at(&north, DUE);
    let mut second = Daemon::start_at(&south, DUE);
    second.tells("helping with 2014-12");
    until("both listen", || database.ask("SELECT pid FROM pg_stat_activity WHERE query = 'LISTEN masthead'").len() == 2);
    // What each session has set came with no option at its start, which a pooler refuses.
    first.kill();
    second.tells("sending 2014-12");
    until("the mailing is at rest", || is_at_rest(&north));
    second.stop().ok();
    let copies = copies(&sink);
    assert_eq!(copies.len(), READERS);
    assert!(copies.values().sum::<usize>() - READERS <= 4, "more is repeated than was in flight with 4 connections");
    let file = north.path("data/back.db");
    north.run(["store", "copy", &url, &format!("sqlite:{}", file.display())]).ok().says(&["the newsroom is there"]);
}

#[test]
fn one_that_lends_a_session_to_several_is_refused_by_name_and_nothing_is_written() {
    let Some(database) = postgres::empty() else { return };
    for mode in ["transaction", "statement"] {
        let Some((_pooler, url)) = before(&database, mode) else { return };
        let newsroom = Newsroom::new().variable("MASTHEAD_STORE__URL", &url).configured();
        newsroom.run(["store", "migrate"]).exits(2).says(&["a pooler between lends one session to several", "pool_mode = session"]);
    }
    assert_eq!(database.ask("SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public'"), [["0"]]);
}
