//! What an operator sees of a mailing: while it goes out, while it waits, and when it has ended.

use crate::support::newsroom::{ISSUE, Newsroom, Running};
use crate::support::sink::{Action, At, Sink, When};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_became_of_a_mailing_is_told_by_provider_and_reason() {
    let sink = Sink::builder()
        .on(At::Rcpt, When::to("far001@town.example"), Action::reply("552 5.2.2 Mailbox full"))
        .on(At::Rcpt, When::to("reader0001@example.org"), Action::reply("450 4.2.0 Later"))
        .start()
        .await;
    let town = "[[provider]]\nid = \"town\"\ndomains = [\"town.example\"]";
    let newsroom = Newsroom::new().issue("2014-12", ISSUE).back_issues().subscribers(4).subscribers_at("town.example", 3);
    let newsroom = newsroom.table(town).relay(&sink).build();
    newsroom.run(["send", "2014-12"]).exits(1);

    let told = newsroom.run(["status", "2014-12"]).ok();
    told.says(&[
        "2014-12: 5 of 7 accepted, 1 open",
        "town",
        "other",
        "552 5.2.2 Mailbox full",
        "450 4.2.0 Later",
        "retry 2014-12 --failed",
    ]);
    let told = newsroom.run(["status", "2014-12", "--json"]).ok().json();
    assert_eq!((&told["issue"], &told["tally"]["accepted"]), (&"2014-12".into(), &5.into()));
    let providers: Vec<(&str, u64)> = told["providers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|share| (share["provider"].as_str().unwrap(), share["tally"]["accepted"].as_u64().unwrap()))
        .collect();
    assert_eq!(providers, [("other", 3), ("town", 2)]);
    let reasons: Vec<(&str, u64)> = told["reasons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reason| (reason["fate"].as_str().unwrap(), reason["code"].as_u64().unwrap()))
        .collect();
    assert!(reasons.contains(&("refused", 552)) && reasons.contains(&("deferred", 450)), "{told}");
    assert_eq!(told["pauses"].as_array().unwrap().len(), 0);
    newsroom.run(["pause", "2014-12", "--because", "a wrong link"]).ok();
    let told = newsroom.run(["status", "2014-12", "--json"]).ok().json();
    assert_eq!((&told["pauses"][0]["reason"], &told["pauses"][0]["remedy"]), (&"a wrong link".into(), &"masthead resume 2014-12".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ledger_and_status_can_be_read_while_another_process_sends() {
    let sink = Sink::builder().on(At::Dot, When::Always, Action::Late(Duration::from_millis(20))).start().await;
    let newsroom = Newsroom::ready(300, &sink);
    let running = newsroom.start(["send", "2014-12"]);
    sink.until(20).await;
    for _ in 0..3 {
        assert_eq!(newsroom.deliveries("2014-12").len(), 300);
        newsroom.run(["status"]).ok().says(&["2014-12  under way"]);
        newsroom.run(["status", "2014-12", "--json"]).ok();
    }
    newsroom.run(["send", "2014-12"]).exits(1).says(&["another `masthead` is sending from this newsroom"]);
    running.end().ok().says(&["300 accepted"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_only_reads_does_not_wait_for_who_holds_the_ledger() {
    let sink = Sink::builder().start().await;
    let newsroom = Newsroom::ready(3, &sink);
    newsroom.run(["send", "2014-12"]).ok();
    let other = rusqlite::Connection::open(newsroom.path("data/masthead.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(newsroom.deliveries("2014-12").len(), 3);
    newsroom.run(["status"]).ok().says(&["2014-12  out: 3 of 3 accepted"]);
    newsroom.run(["lists"]).ok().says(&["3 confirmed"]);
    other.execute_batch("ROLLBACK").unwrap();

    let renamed = newsroom.list_name("The Letter, Renamed").configured();
    renamed.run(["lists"]).ok().says(&["The Letter, Renamed"]);
}

/// Hears why a run waits, sees that it is said once, and has it stop.
fn waits(mut running: Running, why: &str) {
    running.hears(why);
    running.signal("TERM");
    let told = running.end().exits(1);
    assert!(!told.stderr.contains("waiting until"), "said again: {told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_says_why_and_until_when() {
    let sink = Sink::builder().on(At::Rcpt, When::to("reader0003@example.org"), Action::reply("450 4.2.0 Later")).start().await;
    let newsroom = Newsroom::ready(12, &sink).relay_setting("per_hour = 8").configured();
    waits(newsroom.start(["send", "2014-12", "--wait", "2h"]), "since a limit lets nothing pass before");
    assert_eq!(newsroom.count("2014-12", "claimed"), 0);

    let newsroom = Newsroom::ready(12, &sink);
    waits(newsroom.start(["send", "2014-12", "--wait", "2h"]), "for those who asked to be tried later");
}
