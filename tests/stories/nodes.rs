//! Several daemons share one newsroom: an issue goes out once, whoever dies in the middle; letters are told once; limits hold
//! for all of them together.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::daemon::until;
use crate::support::daemon::Daemon;
use crate::support::newsroom::{ISSUE, Newsroom};
use crate::support::postgres::{self, Database};
use crate::support::sink::{Action, At, Sink, When};

const DESK: &str = "desk@example.org";
const ADA: &str = "ada@example.org";

/// After the fixture issue is due.
pub(super) const DUE: &str = "2014-12-01T14:00:05Z";

/// A relay that takes so long for each message.
pub(super) async fn slow(millis: u64) -> Sink {
    Sink::builder().on(At::Dot, When::Always, Action::Late(Duration::from_millis(millis))).start().await
}

/// A newsroom as the node of this name sees it, which comes to its store there.
pub(super) fn room(name: &str, url: &str, sink: &Sink, tables: &str) -> Newsroom {
    let tables = format!(
        "[schedule]\ncron = \"first-monday 09:00\"\n\n[issues]\nsettle = \"100ms\"\n\n[node]\nname = \"{name}\"\nlease = \"3s\"\n\n\
         {tables}\n[delivery]\nreport_to = [\"{DESK}\"]"
    );
    Newsroom::new().issue("2014-12", ISSUE).with_known_key().table(&tables).relay(sink).variable("MASTHEAD_STORE__URL", url)
}

/// Two nodes at one database, with so many readers.
fn two(database: &Database, sink: &Sink, readers: usize, tables: &str) -> [Newsroom; 2] {
    let url = database.url();
    let first = room("north", &url, sink, tables).back_issues().subscribers(readers).build();
    [first, room("south", &url, sink, tables).configured()]
}

/// How often each reader got it.
pub(super) fn copies(sink: &Sink) -> BTreeMap<String, usize> {
    let mut copies = BTreeMap::new();
    for recipient in sink.recipients().into_iter().filter(|recipient| recipient.starts_with("reader")) {
        *copies.entry(recipient).or_default() += 1;
    }
    copies
}

fn letters(sink: &Sink, to: &str) -> usize {
    sink.recipients().iter().filter(|recipient| *recipient == to).count()
}

pub(super) fn is_at_rest(newsroom: &Newsroom) -> bool {
    newsroom.run(["status", "2014-12", "--json"]).json()["finished_at"].is_string()
}

/// The nodes that are here, as `status` tells them.
fn nodes(newsroom: &Newsroom) -> Vec<Value> {
    newsroom.run(["status", "--json"]).ok().json()["nodes"].as_array().unwrap().clone()
}

/// Every repeat is the first message again.
fn repeats_are_the_same(sink: &Sink) {
    let mut identities: BTreeMap<String, String> = BTreeMap::new();
    for handed in sink.log().into_iter().filter(|handed| handed.recipient.starts_with("reader")) {
        let first = identities.entry(handed.recipient.clone()).or_insert_with(|| handed.message_id.clone());
        assert_eq!(*first, handed.message_id);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_send_one_issue_once_together_and_tell_it_once() {
    let Some(database) = postgres::empty() else { return };
    let sink = slow(20).await;
    let [north, south] = two(&database, &sink, 600, &format!("[approval]\neditors = [\"Ada <{ADA}>\"]\n"));
    let first = Daemon::start_at(&north, "2014-11-20T12:00:00Z");
    let mut second = Daemon::start_at(&south, "2014-11-20T12:00:00Z");
    until("Ada has her proof", || letters(&sink, ADA) == 1);
    second.tells("standing by; `north` has the office");
    first.set(DUE);
    second.set(DUE);
    second.tells("helping with 2014-12");
    until("all have it", || copies(&sink).len() == 600);
    until("the mailing is at rest", || is_at_rest(&north));
    until("it is told", || letters(&sink, DESK) > 0);
    second.stop().ok();
    first.stop().ok();
    assert!(copies(&sink).values().all(|copies| *copies == 1), "{:?}", copies(&sink));
    assert_eq!((letters(&sink, ADA), letters(&sink, DESK)), (1, 1), "one proof, one report");
    // Each node writes three parts of a count.
    let by_node = database.ask("SELECT part / 3, sum(many) FROM tallies WHERE fate = 3 GROUP BY 1");
    assert_eq!(by_node.len(), 2, "both have sent: {by_node:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_office_is_killed_another_takes_over_and_nobody_is_missed() {
    let Some(database) = postgres::empty() else { return };
    let sink = slow(20).await;
    let [north, south] = two(&database, &sink, 600, "");
    let first = Daemon::start_at(&north, DUE);
    until("some have it", || copies(&sink).len() > 50);
    let mut second = Daemon::start_at(&south, DUE);
    second.tells("helping with 2014-12");
    first.kill();
    second.tells("sending 2014-12");
    until("all have it", || copies(&sink).len() == 600);
    until("the mailing is at rest", || is_at_rest(&south));
    until("it is told", || letters(&sink, DESK) > 0);
    second.stop().ok();
    let repeats = copies(&sink).values().sum::<usize>() - 600;
    assert!(repeats <= 4, "{repeats} repeats with 4 connections");
    repeats_are_the_same(&sink);
    assert_eq!(letters(&sink, DESK), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_stopped_past_its_lease_sends_nothing_that_another_has_taken_over() {
    let Some(database) = postgres::empty() else { return };
    let sink = slow(20).await;
    let [north, south] = two(&database, &sink, 600, "");
    let mut first = Daemon::start_at(&north, DUE);
    until("some have it", || copies(&sink).len() > 50);
    let mut second = Daemon::start_at(&south, DUE);
    second.tells("helping with 2014-12");
    first.process().signal("STOP");
    second.tells("sending 2014-12");
    let held = copies(&sink).len();
    first.process().signal("CONT");
    until("all have it", || copies(&sink).len() == 600);
    until("the mailing is at rest", || is_at_rest(&south));
    until("it is told", || letters(&sink, DESK) > 0);
    until("both are here again", || nodes(&south).len() == 2);
    second.stop().ok();
    first.stop().ok();
    let repeats = copies(&sink).values().sum::<usize>() - 600;
    assert!(repeats <= 4, "{repeats} repeats with 4 connections, {held} before it went on");
    repeats_are_the_same(&sink);
    assert_eq!(letters(&sink, DESK), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_no_node_may_have_the_office_each_says_what_is_wanted() {
    let Some(database) = postgres::empty() else { return };
    let sink = slow(20).await;
    let newsrooms = two(&database, &sink, 3, "").map(|newsroom| newsroom.variable("MASTHEAD_NODE__OFFICE", "false"));
    let mut daemons: Vec<Daemon> = newsrooms.iter().map(|newsroom| Daemon::start_at(newsroom, DUE)).collect();
    for daemon in &mut daemons {
        daemon.tells("nobody has the office: it wants a node with `office = true`");
    }
    for daemon in daemons {
        daemon.stop().ok();
    }
    assert!(copies(&sink).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t23_whoever_sends_by_hand_meanwhile_is_told_which_node_does() {
    let Some(database) = postgres::empty() else { return };
    let sink = slow(20).await;
    let [north, south] = two(&database, &sink, 600, "");
    let daemon = Daemon::start_at(&north, DUE);
    until("some have it", || copies(&sink).len() > 20);
    south.run(["send", "2014-12"]).exits(1).says(&["the node `north` is sending from this newsroom; wait until it has ended"]);
    let told = nodes(&south);
    assert_eq!(told.len(), 1, "who was refused has left: {told:?}");
    assert_eq!((told[0]["name"].as_str(), &told[0]["duties"]), (Some("north"), &serde_json::json!(["office", "sending"])));
    assert_eq!(told[0]["share"], 1.0);
    south.run(["status"]).ok().says(&["node       north  since ", "office, drives the mailing, 100 % of the limits: sending 2014-12: "]);
    daemon.stop().ok();
    assert_eq!(nodes(&south).len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_would_sign_with_another_key_is_refused_and_told_what_to_do() {
    let Some(database) = postgres::empty() else { return };
    let sink = Sink::builder().start().await;
    let [north, south] = two(&database, &sink, 1, "");
    Daemon::start_at(&north, "2014-11-20T12:00:00Z").stop().ok();
    let keys = [("b", 2), ("c", 3)].map(|(digit, _)| digit.repeat(64));
    south.write("data/token.key", &keys[0]);
    south.run(["serve"]).exits(1).says(&["sign with another key", "copy the key's file"]);
    south.run(["send", "2014-12", "--now"]).exits(1).says(&["sign with another key"]);
    south.write("data/token.key", &format!("{}\n{}", keys[1], "0123456789abcdef".repeat(4)));
    Daemon::start_at(&south, "2014-11-20T12:00:00Z").stop().ok();
    north.run(["serve"]).exits(1).says(&["sign with another key"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_stops_every_node_and_its_end_lets_all_go_on() {
    let Some(database) = postgres::empty() else { return };
    let sink = slow(20).await;
    let [north, south] = two(&database, &sink, 600, "");
    let first = Daemon::start_at(&north, DUE);
    let mut second = Daemon::start_at(&south, DUE);
    second.tells("helping with 2014-12");
    south.run(["pause", "2014-12"]).ok();
    sink.wait_until_left().await;
    let when_paused = copies(&sink).len();
    assert!(when_paused < 600, "nothing was left to pause");
    second.tells("standing by");
    assert_eq!(copies(&sink).len(), when_paused);
    south.run(["resume", "2014-12"]).ok();
    until("all have it", || copies(&sink).len() == 600);
    until("the mailing is at rest", || is_at_rest(&south));
    second.stop().ok();
    first.stop().ok();
    assert!(copies(&sink).values().all(|copies| *copies == 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_takes_one_connection_has_one_of_all_nodes_together() {
    let Some(database) = postgres::empty() else { return };
    let sink = slow(20).await;
    let provider = "[[provider]]\nid = \"town\"\ndomains = [\"example.org\"]\nconnections = 1\n";
    let [north, south] = two(&database, &sink, 150, &format!("{provider}\n"));
    let first = Daemon::start_at(&north, DUE);
    let second = Daemon::start_at(&south, DUE);
    until("all have it", || copies(&sink).len() == 150);
    until("the mailing is at rest", || is_at_rest(&south));
    second.stop().ok();
    first.stop().ok();
    assert!(copies(&sink).values().all(|copies| *copies == 1));
    assert_eq!(sink.most_at_once(), 1);
}
