//! An operator pauses a mailing, a provider or a relay, lets it go on, or ends it, while it is being sent or not.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::support::newsroom::{ISSUE, Newsroom};
use crate::support::sink::{Action, At, Sink, When};

const READERS: usize = 400;

/// A run looks once a second; the rest is for a busy machine.
const SOON: Duration = Duration::from_secs(15);

const TOWN: &str = "[[provider]]\nid = \"town\"\ndomains = [\"town.example\"]";
const DESK: &str = "desk@example.org";

/// A relay that takes its time, so that there is some to say a word in.
async fn slow() -> Sink {
    Sink::builder().on(At::Dot, When::Always, Action::Late(Duration::from_millis(50))).start().await
}

/// Who got the issue, each once.
fn reached(sink: &Sink) -> BTreeSet<String> {
    let all: Vec<String> = sink.recipients().into_iter().filter(|recipient| recipient != DESK).collect();
    let each: BTreeSet<String> = all.iter().cloned().collect();
    assert_eq!(each.len(), all.len(), "somebody got it twice");
    each
}

fn letters(sink: &Sink) -> usize {
    sink.recipients().iter().filter(|recipient| *recipient == DESK).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_mailing_stops_with_nothing_in_flight_and_goes_on_when_it_is_resumed() {
    let sink = slow().await;
    let newsroom = Newsroom::ready(READERS, &sink);
    let running = newsroom.start(["send", "2014-12"]);
    sink.until(20).await;
    newsroom.run(["pause", "2014-12", "--because", "a wrong link"]).ok().says(&["2014-12 is paused", "masthead resume 2014-12"]);
    let began = Instant::now();
    running.end().exits(1).says(&["2014-12 is paused: ", "it is paused: a wrong link", "`masthead resume 2014-12` lets it go on"]);
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());

    let sent = sink.arrived();
    assert!(sent < READERS, "it was over before");
    assert_eq!((newsroom.count("2014-12", "accepted"), newsroom.count("2014-12", "queued")), (sent, READERS - sent));
    newsroom.run(["status"]).ok().says(&["2014-12  paused", "a wrong link", "masthead resume 2014-12"]);
    newsroom.run(["status", "2014-12"]).ok().says(&["a wrong link", "masthead resume 2014-12"]);
    newsroom.run(["send", "2014-12"]).exits(1).says(&["it is paused: a wrong link"]);
    assert_eq!(sink.arrived(), sent);

    newsroom.run(["resume", "2014-12"]).ok().says(&["2014-12 may go on"]);
    newsroom.run(["resume", "2014-12"]).ok().says(&["2014-12 was not paused"]);
    newsroom.run(["send", "2014-12"]).ok().says(&["400 accepted"]);
    assert_eq!(reached(&sink).len(), READERS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_provider_gets_nothing_and_all_others_do() {
    let sink = slow().await;
    let newsroom = Newsroom::new().issue("2014-12", ISSUE).back_issues().subscribers(100).subscribers_at("town.example", 100);
    let newsroom = newsroom.table(TOWN).relay(&sink).build();
    let running = newsroom.start(["send", "2014-12"]);
    sink.until(10).await;
    newsroom.run(["pause", "--provider", "town"]).ok();
    let told = running.end().exits(1);
    told.says(&["mail to town is paused: an operator said so", "`masthead resume --provider town` lets it go on"]);
    let in_town = |sink: &Sink| reached(sink).iter().filter(|reader| reader.ends_with("@town.example")).count();
    let sent = in_town(&sink);
    assert!(sent < 100);
    assert_eq!(reached(&sink).len() - sent, 100, "the others have theirs");

    newsroom.run(["send", "2014-12"]).exits(1).says(&["mail to town is paused"]);
    assert_eq!(in_town(&sink), sent);
    newsroom.run(["resume", "--provider", "town"]).ok();
    newsroom.run(["send", "2014-12"]).ok().says(&["200 accepted"]);
    assert_eq!(reached(&sink).len(), 200);
    newsroom.run(["pause", "--provider", "nowhere"]).exits(1).says(&["there is no provider `nowhere`"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_a_person_resumes_goes_on_within_the_same_run() {
    let sink = slow().await;
    let newsroom = Newsroom::new().issue("2014-12", ISSUE).back_issues().subscribers(100).subscribers_at("town.example", 20);
    let newsroom = newsroom.table(TOWN).relay(&sink).build();
    newsroom.run(["pause", "--provider", "town"]).ok();
    let running = newsroom.start(["send", "2014-12"]);
    sink.until(5).await;
    newsroom.run(["resume", "--provider", "town"]).ok();
    running.end().ok().says(&["120 accepted"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deferred_reader_of_a_paused_provider_keeps_no_run_busy() {
    let sink = Sink::builder().on(At::Rcpt, When::Always, Action::reply("451 4.7.1 later")).start().await;
    let newsroom = Newsroom::new().issue("2014-12", ISSUE).back_issues().subscribers_at("town.example", 2);
    let newsroom = newsroom.table(TOWN).relay(&sink).build();
    let began = crate::support::later::now();
    newsroom.run(["send", "2014-12"]).exits(1);
    newsroom.run(["pause", "--provider", "town", "--because", "flood"]).ok();
    let later = began + jiff::SignedDuration::from_hours(2);
    let report = crate::support::later::send_at(&newsroom, "2014-12", later).await;
    assert_eq!((sink.count("RCPT"), report.tally.deferred), (2, 2));
    assert!(report.halted.unwrap().contains("mail to town is paused: flood"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_relay_gets_nothing_and_the_other_does_its_work() {
    let (first, second) = (slow().await, slow().await);
    let other = format!("\n[[relay]]\nname = \"spare\"\nurl = \"smtp://127.0.0.1:{}?tls=none\"", second.port());
    let newsroom = Newsroom::new().issue("2014-12", ISSUE).back_issues().subscribers(READERS).relay(&first).relay_setting(&other).build();
    let running = newsroom.start(["send", "2014-12"]);
    first.until(10).await;
    newsroom.run(["pause", "--relay", "main"]).ok();
    running.end().ok().says(&["400 accepted"]);
    assert_eq!(reached(&first).len() + reached(&second).len(), READERS);
    assert!(second.arrived() > READERS / 2, "{} and {}", first.arrived(), second.arrived());
    newsroom.run(["status"]).ok().says(&["relay `main`", "masthead resume --relay main"]);
    newsroom.run(["pause", "--relay", "nowhere"]).exits(1).says(&["there is no relay `nowhere`"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_its_only_relay_paused_nothing_goes_out_and_the_way_on_is_told() {
    let sink = Sink::builder().start().await;
    let newsroom = Newsroom::ready(5, &sink);
    newsroom.run(["pause", "--relay", "main", "--because", "new certificate"]).ok();
    newsroom.run(["send", "2014-12"]).exits(1).says(&["relay `main` is paused: new certificate", "masthead resume --relay main"]);
    assert_eq!(sink.arrived(), 0);
    newsroom.run(["resume", "--relay", "main"]).ok();
    newsroom.run(["send", "2014-12"]).ok().says(&["5 accepted"]);
}

/// A newsroom that reports to its desk.
fn reporting(sink: &Sink) -> Newsroom {
    let newsroom = Newsroom::new().issue("2014-12", ISSUE).back_issues().subscribers(READERS).relay(sink);
    newsroom.table(&format!("[delivery]\nreport_to = [\"{DESK}\"]")).build()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailing_cancelled_under_way_stops_is_told_once_and_nobody_else_gets_it() {
    let sink = slow().await;
    let newsroom = reporting(&sink);
    let running = newsroom.start(["send", "2014-12"]);
    sink.until(20).await;
    newsroom.run(["cancel", "2014-12"]).exits(1).says(&["readers would not get 2014-12", "--yes"]);
    newsroom.run(["cancel", "2014-12", "--yes"]).ok().says(&["2014-12 is cancelled", "will not get it"]);
    running.end().ok().says(&["2014-12 is cancelled", "withheld"]);

    let sent = reached(&sink).len();
    assert!(sent < READERS, "it was over before");
    assert_eq!((newsroom.count("2014-12", "accepted"), newsroom.count("2014-12", "withheld")), (sent, READERS - sent));
    assert_eq!(letters(&sink), 1);
    newsroom.run(["status"]).ok().says(&["2014-12  cancelled"]);
    newsroom.run(["status", "2014-12"]).ok().says(&["cancelled 20"]);
    newsroom.run(["send", "2014-12"]).ok().says(&["2014-12 is cancelled"]);
    newsroom.run(["retry", "2014-12", "--failed"]).exits(1).says(&["2014-12 was cancelled"]);
    newsroom.run(["send", "2014-12", "--list", "general", "--since", "2014-01-01"]).exits(1).says(&["2014-12 was cancelled"]);
    assert_eq!((reached(&sink).len(), letters(&sink)), (sent, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailing_cancelled_before_anybody_got_it_is_told_and_not_put_in_the_archive() {
    let sink = Sink::builder().start().await;
    let newsroom = reporting(&sink);
    newsroom.run(["pause", "--relay", "main"]).ok();
    newsroom.run(["send", "2014-12"]).exits(1);
    newsroom.run(["cancel", "2014-12"]).exits(1).says(&["400 readers would not get 2014-12"]);
    newsroom.run(["resume", "--relay", "main"]).ok();
    newsroom.run(["cancel", "2014-12", "--yes"]).ok().says(&["400 readers will not get it"]);
    assert_eq!((reached(&sink).len(), letters(&sink)), (0, 1));
    let archive = newsroom.run(["archive", "list"]).ok();
    assert!(!archive.stdout.contains("2014-12"), "{archive}");
    newsroom.run(["status", "2014-12"]).ok().says(&["cancelled 20", "at rest"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_relay_gets_no_report_either() {
    let sink = Sink::builder().start().await;
    let newsroom = reporting(&sink).variable("RUST_LOG", "warn");
    newsroom.run(["pause", "--relay", "main"]).ok();
    newsroom.run(["send", "2014-12"]).exits(1);
    newsroom.run(["cancel", "2014-12", "--yes"]).ok().says(&["the report could not be mailed", "every relay is paused"]);
    assert_eq!(sink.connections(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_hears_of_a_pause_and_of_an_end_at_once() {
    for (word, said) in
        [(["pause", "2014-12", "--because=flood"], "it is paused: flood"), (["cancel", "2014-12", "--yes"], "2014-12 is cancelled")]
    {
        let sink = Sink::builder().on(At::Rcpt, When::to("reader0002@example.org"), Action::reply("450 4.2.0 later")).start().await;
        let newsroom = Newsroom::ready(2, &sink);
        let mut running = newsroom.start(["send", "2014-12", "--wait", "1h"]);
        running.hears("for those who asked to be tried later");
        newsroom.run(word).ok();
        let began = Instant::now();
        running.end().says(&[said]);
        assert!(began.elapsed() < SOON);
        newsroom.run(["status", "2014-12"]).ok().says(&[if word[0] == "cancel" { "cancelled 20" } else { "flood" }]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_out_cannot_be_cancelled() {
    let sink = Sink::builder().start().await;
    let newsroom = Newsroom::ready(2, &sink);
    newsroom.run(["send", "2014-12"]).ok();
    newsroom.run(["cancel", "2014-12", "--yes"]).exits(1).says(&["2014-12 is out: nothing of it is left to cancel"]);
    newsroom.run(["status"]).ok().says(&["2014-12  out"]);
    newsroom.run(["cancel", "2015-02", "--yes"]).exits(1).says(&["there is no issue 2015-02"]);
}
