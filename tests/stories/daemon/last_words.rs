//! A person's word at the last moment, and one that lets things go on: each is heard in time.

use std::time::{Duration, Instant};

use super::{ADA, DESK, Daemon, ISSUE, NOVEMBER, awaits, readers, rhythm, until};
use crate::support::sink::{Action, At, Sink, When};

/// Sooner than a daemon that only looks once a minute would know.
const SOON: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_takes_an_issue_back_before_its_file_is_still_is_heard_before_it_goes() {
    let sink = Sink::builder().start().await;
    let newsroom = rhythm(&sink).issue("2014-12", ISSUE).variable("MASTHEAD_ISSUES__SETTLE", "8s").build();
    let mut daemon = Daemon::start_at(&newsroom, NOVEMBER);
    awaits(&sink, ADA, "[Proof]", 0);
    // The duty that sent the proof is over.
    daemon.tells("2014-12");
    newsroom.write("issues/2014-12.md", &ISSUE.replace("status: ready", "status: draft"));
    daemon.set("2014-12-01T14:00:00Z");
    daemon.tells("2014-12 has just been changed");
    awaits(&sink, DESK, "No issue was ready", 0);
    daemon.stop().ok();
    assert_eq!(readers(&sink), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailing_that_is_resumed_goes_on_within_seconds() {
    let sink = Sink::builder().on(At::Dot, When::Always, Action::Late(Duration::from_millis(50))).start().await;
    let newsroom = rhythm(&sink).issue("2014-12", ISSUE).subscribers(400).build();
    let mut daemon = Daemon::start_at(&newsroom, "2014-12-01T14:00:00Z");
    daemon.tells("sending 2014-12");
    until("some have it", || readers(&sink) >= 20);
    newsroom.run(["pause", "2014-12"]).ok();
    until("nothing is in flight", || newsroom.count("2014-12", "submitting") + newsroom.count("2014-12", "claimed") == 0);
    let (sent, resumed) = (readers(&sink), Instant::now());
    assert!(sent < 400, "it was over before");
    newsroom.run(["resume", "2014-12"]).ok();
    until("it goes on", || readers(&sink) > sent);
    assert!(resumed.elapsed() < SOON, "{:?}", resumed.elapsed());
    until("all have it", || readers(&sink) == 400);
    daemon.stop().ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_cancelled_leaves_its_run_to_the_next() {
    let sink = Sink::builder().start().await;
    let newsroom = rhythm(&sink).issue("2014-12", ISSUE).build();
    let second = ISSUE.replace("months: 2014-12..2015-01\n", "").replace("Story Hours in Family Shelters", "A Second Thought");
    newsroom.write("issues/2014-12-b.md", &second.replace("number: 11", "number: 12"));
    let clock = newsroom.path("clock");
    std::fs::write(&clock, NOVEMBER).expect("a clock");
    let newsroom = newsroom.variable("MASTHEAD_CLOCK", clock.to_str().expect("a path"));
    let taker = || newsroom.run(["schedule", "next", "--json"]).json().to_string();
    assert!(taker().contains("\"taker\":\"2014-12\""), "{}", taker());
    newsroom.run(["cancel", "2014-12"]).ok();
    assert!(taker().contains("\"taker\":\"2014-12-b\""), "{}", taker());
    newsroom.run(["resume", "2014-12"]).ok();
    newsroom.run(["hold", "2014-12", "wait"]).ok();
    assert!(taker().contains("\"taker\":\"2014-12\"") && taker().contains("\"held\""), "{}", taker());
}
