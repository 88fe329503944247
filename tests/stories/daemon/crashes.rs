//! The daemon is ended in every way in the middle of a mailing, and nobody is missed.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{BEFORE, DESK, Daemon, ISSUE, Newsroom, is_at_rest, until};
use crate::support::sink::{Action, At, Sink, When};

const READERS: usize = 300;

/// A relay that takes its time.
async fn slow() -> Sink {
    Sink::builder().on(At::Dot, When::Always, Action::Late(Duration::from_millis(20))).start().await
}

fn due(sink: &Sink) -> Newsroom {
    let tables =
        format!("[schedule]\ncron = \"first-monday 09:00\"\n\n[issues]\nsettle = \"100ms\"\n\n[delivery]\nreport_to = [\"{DESK}\"]");
    Newsroom::new().issue("2014-12", ISSUE).back_issues().subscribers(READERS).table(&tables).relay(sink).build()
}

/// How often each reader got it.
fn copies(sink: &Sink) -> BTreeMap<String, usize> {
    let mut copies = BTreeMap::new();
    for recipient in sink.recipients().into_iter().filter(|recipient| recipient.starts_with("reader")) {
        *copies.entry(recipient).or_default() += 1;
    }
    copies
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t23_killed_twenty_times_in_a_mailing_it_misses_nobody() {
    let sink = slow().await;
    let newsroom = due(&sink);
    for kill in 1..=20 {
        let daemon = Daemon::begin(&newsroom, Some("2014-12-01T14:00:05Z"));
        until("some have it", || copies(&sink).values().sum::<usize>() >= kill * 10);
        daemon.kill();
    }
    let daemon = Daemon::begin(&newsroom, Some("2014-12-01T15:00:05Z"));
    until("all have it", || copies(&sink).len() == READERS);
    until("the mailing is at rest", || is_at_rest(&newsroom));
    daemon.stop().ok();
    let repeats = copies(&sink).values().sum::<usize>() - READERS;
    assert!(repeats <= 20 * 4, "{repeats} repeats of 20 kills with 4 connections");
    let mut identities: BTreeMap<String, String> = BTreeMap::new();
    for handed in sink.log().into_iter().filter(|handed| handed.recipient.starts_with("reader")) {
        let first = identities.entry(handed.recipient.clone()).or_insert_with(|| handed.message_id.clone());
        assert_eq!(*first, handed.message_id, "a repeat is the first message again");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asked_to_end_in_a_mailing_it_leaves_nothing_in_doubt_and_the_next_goes_on() {
    let sink = slow().await;
    let newsroom = due(&sink);
    let mut daemon = Daemon::start_at(&newsroom, BEFORE);
    daemon.tells("sending 2014-12: ");
    sink.until(40).await;
    let told = daemon.stop().ok();
    assert!(told.stderr.contains("stopping after the messages in flight"), "{told}");
    let sent = copies(&sink).len();
    assert!(sent < READERS, "it was over before");
    assert_eq!((newsroom.count("2014-12", "accepted"), newsroom.count("2014-12", "doubtful")), (sent, 0));

    let daemon = Daemon::start_at(&newsroom, "2014-12-01T14:30:00Z");
    until("all have it", || copies(&sink).len() == READERS);
    daemon.stop().ok();
    assert!(copies(&sink).values().all(|copies| *copies == 1), "each once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asked_twice_it_ends_at_once() {
    let sink = Sink::builder().on(At::Dot, When::Always, Action::Stall).start().await;
    let newsroom = due(&sink);
    let mut daemon = Daemon::start_at(&newsroom, BEFORE);
    daemon.tells("sending 2014-12: ");
    until("bodies are under way", || sink.count("DATA") >= 4);
    daemon.process().signal("TERM");
    daemon.tells("STOPPING=1");
    daemon.process().signal("TERM");
    daemon.end().exits(1).says(&["stopped at once"]);
}
