//! A pooler stands between the nodes and their database.

use std::time::Duration;

use crate::daemon::until;
use crate::support::daemon::Daemon;
use crate::support::newsroom::{ISSUE, Newsroom};
use crate::support::pooler::Pooler;
use crate::support::postgres::{self, Database};
use crate::support::sink::{Action, At, Sink, When};

/// After the fixture issue is due.
const DUE: &str = "2014-12-01T14:00:05Z";

const READERS: usize = 300;

/// A newsroom as the node of this name sees it, which comes to its store there.
fn room(name: &str, url: &str, sink: &Sink) -> Newsroom {
    let tables = format!("[schedule]\ncron = \"first-monday 09:00\"\n\n[node]\nname = \"{name}\"\nlease = \"3s\"");
    Newsroom::new().issue("2014-12", ISSUE).with_known_key().table(&tables).relay(sink).variable("MASTHEAD_STORE__URL", url)
}

fn before(database: &Database, mode: &str) -> Option<(Pooler, String)> {
    let pooler = Pooler::before(database, mode)?;
    let url = pooler.url(&database.url());
    Some((pooler, url))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_behind_a_pooler_that_gives_each_its_session_send_once_and_hear_each_other() {
    let Some(database) = postgres::empty() else { return };
    let Some((_pooler, url)) = before(&database, "session") else { return };
    let sink = Sink::builder().on(At::Dot, When::Always, Action::Late(Duration::from_millis(60))).start().await;
    let north = room("north", &url, &sink).back_issues().subscribers(READERS).build();
    let south = room("south", &url, &sink).configured();
    let first = Daemon::start_at(&north, DUE);
    let mut second = Daemon::start_at(&south, DUE);
    second.tells("helping with 2014-12");
    until("both listen", || database.ask("SELECT pid FROM pg_stat_activity WHERE query = 'LISTEN masthead'").len() == 2);
    // What each session has set came with no option at its start, which a pooler refuses.
    first.kill();
    second.tells("sending 2014-12");
    until("all have it", || north.run(["status", "2014-12", "--json"]).json()["finished_at"].is_string());
    second.stop().ok();
    let mut readers = sink.recipients();
    let handed = readers.len();
    readers.sort();
    readers.dedup();
    assert_eq!(readers.len(), READERS);
    assert!(handed - READERS <= 4, "{handed} messages with 4 connections");
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
