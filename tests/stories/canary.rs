//! A few readers get an issue before the others, and what becomes of theirs decides about the rest.

use std::time::{Duration, Instant};

use jiff::SignedDuration;

use crate::support::later::{now, send_at};
use crate::support::newsroom::{ISSUE, Newsroom};
use crate::support::sink::{Action, At, Sink, When};

const READERS: usize = 100;

/// Three seeds on a list of their own, a canary of so many, and a hundred readers.
fn newsroom(sink: &Sink, canary: &str) -> Newsroom {
    let settings = format!("[delivery]\nseeds = \"seeds\"\ncanary = \"{canary}\"\n\n[[list]]\nid = \"seeds\"\nname = \"Our own\"");
    let newsroom = Newsroom::new().issue("2014-12", ISSUE.replace("lang: en", "lang: en\nlists: [general]").as_str());
    let newsroom = newsroom.back_issues().relay(sink).table(&settings).configured();
    newsroom.write(
        "readers.csv",
        &(1..=READERS).fold("email,status\n".to_owned(), |roll, n| format!("{roll}reader{n:04}@example.org,confirmed\n")),
    );
    newsroom.write("seeds.csv", &(1..=3).fold("email,status\n".to_owned(), |roll, n| format!("{roll}seed{n}@example.org,confirmed\n")));
    newsroom.run(["subscribers", "import", &newsroom.shown("readers.csv"), "--list", "general"]).ok();
    newsroom.run(["subscribers", "import", &newsroom.shown("seeds.csv"), "--list", "seeds"]).ok();
    newsroom.build()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seeds_come_first_then_the_canary_then_a_hold_then_everybody() {
    let sink = Sink::builder().start().await;
    let newsroom = newsroom(&sink, "10 readers, 1 s");
    let began = Instant::now();
    newsroom.run(["send", "2014-12"]).ok().says(&["103 accepted", "for the canary: the others get theirs"]);
    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
    let order = sink.recipients();
    assert_eq!(order.len(), READERS + 3);
    assert!(order[..3].iter().all(|recipient| recipient.starts_with("seed")), "{:?}", &order[..3]);
    let mut canary: Vec<&String> = order[3..13].iter().collect();
    canary.sort();
    assert!(canary[9] > &"reader0080@example.org".to_owned(), "they are spread over all: {canary:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_outlives_the_run_that_began_it() {
    let sink = Sink::builder().start().await;
    let newsroom = newsroom(&sink, "10 readers, 1 h");
    let mut running = newsroom.start(["send", "2014-12"]);
    running.hears("the canary");
    running.kill().unwrap();
    assert_eq!(sink.arrived(), 13);

    let mut running = newsroom.start(["send", "2014-12"]);
    running.hears("the canary");
    running.signal("TERM");
    running.end().exits(1).says(&["it was asked to stop", "90 not tried yet"]);
    assert_eq!(sink.arrived(), 13, "the rest waits on");
    let report = send_at(&newsroom, "2014-12", now() + SignedDuration::from_mins(61)).await;
    assert!(report.is_finished);
    assert_eq!(sink.arrived(), READERS + 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_is_kept_by_who_was_killed_between_the_last_of_the_canary_and_the_note_of_it() {
    let sink = Sink::builder().start().await;
    let newsroom = newsroom(&sink, "10 readers, 1 h");
    let mut running = newsroom.start(["send", "2014-12"]);
    running.hears("the canary");
    running.kill().unwrap();
    let ledger = rusqlite::Connection::open(newsroom.path("data/masthead.db")).unwrap();
    ledger.execute("UPDATE mailings SET canary_until = NULL", []).unwrap();
    drop(ledger);

    let mut running = newsroom.start(["send", "2014-12"]);
    running.hears("the canary");
    running.signal("TERM");
    running.end().exits(1).says(&["90 not tried yet"]);
    assert_eq!(sink.arrived(), 13);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_turned_away_for_policy_stops_the_mailing_until_a_person_has_looked() {
    let sink = Sink::builder().on(At::Dot, When::of(|to| to.starts_with("reader")), Action::reply("550 5.7.1 Spam")).start().await;
    let newsroom = newsroom(&sink, "5 readers, 1 s");
    let told = newsroom.run(["send", "2014-12"]).exits(1);
    told.says(&["it is paused: of the first 8 readers, 5 were turned away for policy", "masthead resume 2014-12", "95 not tried yet"]);
    assert_eq!(sink.arrived(), 3, "the seeds");
    newsroom.run(["send", "2014-12"]).exits(1).says(&["it is paused: of the first 8 readers"]);
    assert_eq!(sink.log().len(), 8);

    let calm = Sink::builder().start().await;
    let newsroom = newsroom.relay(&calm).configured();
    newsroom.run(["resume", "2014-12"]).ok();
    newsroom.run(["retry", "2014-12", "--failed"]).ok().says(&["5 readers"]);
    newsroom.run(["send", "2014-12"]).ok().says(&["103 accepted"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_in_the_middle_of_the_canary_does_not_let_the_rest_go() {
    let sink = Sink::builder().start().await;
    let newsroom = newsroom(&sink, "10 readers, 1 s").relay_setting("per_hour = 8").configured();
    let began = now();
    newsroom.run(["send", "2014-12"]).exits(1).says(&["a limit lets nothing pass before"]);
    let newsroom = newsroom.relay_setting("per_day = 10000").configured();
    let report = send_at(&newsroom, "2014-12", began + SignedDuration::from_mins(62)).await;
    assert!(!report.is_finished);
    let order = sink.recipients();
    assert_eq!(order.len(), 16);
    let mut canary: Vec<&String> = order[3..13].iter().collect();
    canary.sort();
    assert!(canary[9] > &"reader0080@example.org".to_owned(), "they are spread over all: {canary:?}");
}
