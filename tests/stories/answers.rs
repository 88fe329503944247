//! What relays answer, and what that makes of a delivery, of its reader and of the run.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use data_encoding::BASE64;
use jiff::Timestamp;
use masthead::clock::Clock;
use masthead::desk::send::{Progress, Report, Request, send};
use serde_json::Value;

use crate::support::newsroom::{ISSUE, Newsroom, close_to_others, set_mode};
use crate::support::sink::{Action, At, Sink, When};

pub(super) const ANOTHER_ISSUE: &str =
    "---\ntitle: The Month After\nstatus: ready\npreheader: Short and sweet.\n---\n# The Month After\n\nAll is well.\n";

fn reader(number: usize) -> String {
    format!("reader{number:04}@example.org")
}

fn to(number: usize) -> When {
    When::to(&reader(number))
}

/// Every reader's line of the ledger.
fn ledger(newsroom: &Newsroom, issue: &str) -> BTreeMap<String, Value> {
    newsroom.deliveries(issue).into_iter().map(|line| (line["address"].as_str().unwrap().to_owned(), line)).collect()
}

fn fates(newsroom: &Newsroom, issue: &str) -> Vec<String> {
    ledger(newsroom, issue).into_values().map(|line| line["fate"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_gets_its_fate_and_only_hard_ones_suppress() {
    let sink = Sink::builder()
        .on(At::Rcpt, to(1), Action::reply("450 4.2.0 Greylisted, come back later"))
        .on(At::Rcpt, to(2), Action::reply("550 5.1.1 No such reader here"))
        .on(At::Dot, to(3), Action::reply("550 5.7.1 Looks like spam to us"))
        .on(At::Rcpt, to(4), Action::reply("421 4.3.2 Going down for the night"))
        .on(At::Dot, to(5), Action::DropAfterDot)
        .on(At::Rcpt, to(6), Action::reply("552 5.2.2 Mailbox full"))
        .on(At::Rcpt, to(7), Action::Drop)
        .start()
        .await;
    let newsroom = Newsroom::ready(10, &sink).issue("2015-02", ANOTHER_ISSUE);
    newsroom.run(["send", "2014-12"]).exits(1).says(&["2014-12 is under way: 6 of 10", "3 accepted", "3 refused", "4 deferred"]);
    let deferred = ["deferred", "refused", "refused", "deferred", "deferred", "refused", "deferred", "accepted", "accepted", "accepted"];
    assert_eq!(fates(&newsroom, "2014-12"), deferred);
    assert_eq!(sink.messages().len(), 4, "three answered for, and one of which the answer was lost");

    let lines = ledger(&newsroom, "2014-12");
    for (number, said) in [(1, "450 4.2.0 Greylisted"), (2, "550 5.1.1 No such reader"), (4, "421 4.3.2 Going down"), (6, "552 5.2.2")] {
        let line = &lines[&reader(number)];
        assert!(line["last_answer"].as_str().unwrap().contains(said), "{line}");
    }
    assert!(lines[&reader(1)]["next_at"].is_string());
    newsroom.run(["deliveries", "2014-12", "--fate", "refused"]).ok().says(&["No such reader here", "Looks like spam", "Mailbox full"]);

    newsroom.run(["subscribers", "show", &reader(2)]).ok().says(&["suppressed since", "550 5.1.1 No such reader here"]);
    newsroom.run(["subscribers", "add", &reader(2)]).exits(1).says(&["is suppressed and was not entered"]);
    for number in [1, 3, 4, 5, 6, 7] {
        assert_eq!(newsroom.run(["subscribers", "show", &reader(number), "--json"]).ok().json()["suppression"], Value::Null);
    }

    // The next issue leaves out the reader who does not exist, and nobody else.
    let calm = Sink::builder().start().await;
    let newsroom = newsroom.relay(&calm).configured();
    newsroom.run(["send", "2015-02"]).ok().says(&["9 accepted", "1 withheld"]);
    assert_eq!(newsroom.delivery("2015-02", &reader(2))["fate"], "withheld");
    assert!(calm.messages().iter().all(|message| message.recipient != reader(2)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s12_with_hold_a_lost_answer_is_doubtful_and_a_lost_greeting_is_not() {
    let sink = Sink::builder().on(At::Dot, to(1), Action::DropAfterDot).on(At::Rcpt, to(2), Action::Drop).start().await;
    let newsroom = Newsroom::ready(3, &sink).table("[delivery]\non_doubt = \"hold\"").configured();
    newsroom.run(["send", "2014-12"]).exits(1).says(&["1 doubtful", "1 deferred", "1 accepted"]);
    assert_eq!(fates(&newsroom, "2014-12"), ["doubtful", "deferred", "accepted"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn patience_that_is_short_ends_at_the_first_deferral() {
    let sink = Sink::builder().on(At::Rcpt, to(1), Action::reply("451 4.7.1 later")).start().await;
    let newsroom = Newsroom::ready(2, &sink).table("[delivery]\ngive_up_after = \"1m\"").configured();
    newsroom.run(["send", "2014-12"]).ok().says(&["2014-12 is out: 2 of 2", "1 expired", "1 accepted"]);
    assert_eq!(newsroom.run(["subscribers", "show", &reader(1), "--json"]).ok().json()["suppression"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_turns_us_away_stops_the_run_and_costs_no_reader_anything() {
    let sink = Sink::builder().on(At::Mail, When::Nth(6), Action::reply("530 5.7.0 Who are you?")).start().await;
    let newsroom = Newsroom::ready(20, &sink).relay_setting("connections = 1").configured();
    let told = newsroom.run(["send", "2014-12"]).exits(1);
    told.says(&["stopped: relay `main` turned us away at mail", "530 5.7.0 Who are you?", "5 accepted", "15 not tried yet"]);
    assert_eq!(newsroom.count("2014-12", "queued"), 15);
    newsroom.run(["send", "2014-12"]).ok().says(&["20 accepted"]);
    assert_eq!(sink.messages().len(), 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s2_t19_a_wrong_password_stops_the_run_and_is_never_printed() {
    let sink = Sink::builder().start_tls().account("press", "open sesame").start().await;
    let newsroom = Newsroom::ready(5, &sink)
        .relay_at(&format!("smtp://127.0.0.1:{}", sink.port()))
        .relay_setting("user = \"press\"\npassword_file = \"secrets/relay\"\nca_file = \"secrets/ca.pem\"")
        .variable("RUST_LOG", "trace")
        .configured();
    newsroom.write("secrets/ca.pem", sink.ca_pem());
    newsroom.write("secrets/relay", "close sesame\n");
    close_to_others(&newsroom.path("secrets/relay"));
    let told = newsroom.run(["send", "2014-12"]).exits(1).says(&["535 5.7.8 who are you?", "5 not tried yet"]);
    assert!(!told.to_string().contains("sesame"), "{told}");

    newsroom.write("secrets/relay", "open sesame\n");
    set_mode(&newsroom.path("secrets/relay"), 0o644);
    let told = newsroom.run(["send", "2014-12"]).exits(2).says(&["others may read the secret", "chmod 600"]);
    assert!(!told.to_string().contains("sesame"), "{told}");

    close_to_others(&newsroom.path("secrets/relay"));
    let told = newsroom.run(["send", "2014-12"]).ok().says(&["5 accepted"]);
    let encoded = BASE64.encode(b"\0press\0open sesame");
    assert!(!told.to_string().contains("sesame") && !told.to_string().contains(&encoded), "{told}");
    assert!(sink.messages().iter().all(|message| message.secure));
    assert_eq!(sink.faults(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t19_the_log_tells_of_the_mailing_and_names_no_reader() {
    let sink = Sink::builder().on(At::Rcpt, to(2), Action::reply("550 5.1.1 No such reader here")).start().await;
    let newsroom = Newsroom::ready(5, &sink).variable("RUST_LOG", "info").configured();
    let told = newsroom.run(["send", "2014-12"]).ok().says(&["mailing under way", "run ended"]);
    assert!(!told.stderr.contains("@example.org"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t19_an_open_secret_is_refused_before_the_mailing_is_opened() {
    let newsroom = Newsroom::new().issue("2014-12", ISSUE).back_issues().subscribers(1).relay_at("smtps://mail.example.org");
    let newsroom = newsroom.relay_setting("user = \"press\"\npassword_file = \"secrets/relay\"").build();
    newsroom.write("secrets/relay", "open sesame\n");
    set_mode(&newsroom.path("secrets/relay"), 0o644);
    newsroom.run(["send", "2014-12"]).exits(2).says(&["others may read the secret"]);
    newsroom.run(["deliveries", "2014-12"]).exits(1).says(&["2014-12 has no mailing"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_is_down_is_named_and_nothing_is_lost() {
    let gone = Sink::builder().start().await;
    let newsroom = Newsroom::ready(5, &gone);
    let port = gone.port();
    drop(gone);
    let told = newsroom.run(["send", "2014-12"]).exits(1);
    told.says(&["`main`", &port.to_string(), "refused", "5 not tried yet", "`masthead send 2014-12` goes on"]);

    let sink = Sink::builder().start().await;
    let newsroom = newsroom.relay(&sink).configured();
    newsroom.run(["send", "2014-12"]).ok().says(&["5 accepted"]);
    assert!(ledger(&newsroom, "2014-12").values().all(|line| line["attempts"] == 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_patience_to_wait_it_says_when_to_come_back() {
    let sink = Sink::builder().on(At::Rcpt, to(1), Action::reply("450 4.2.0 later")).start().await;
    let newsroom = Newsroom::ready(2, &sink);
    newsroom.run(["send", "2014-12", "--wait", "1m"]).exits(1).says(&["the next deferred one is due at 20", "goes on then"]);
    // Coming back too early sends nothing.
    newsroom.run(["send", "2014-12"]).exits(1).says(&["1 accepted", "1 deferred"]);
    assert_eq!(sink.count("MAIL"), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_may_still_be_asked_to_stop() {
    let sink = Sink::builder().on(At::Rcpt, to(1), Action::reply("450 4.2.0 later")).start().await;
    let newsroom = Newsroom::ready(2, &sink);
    let mut running = newsroom.start(["send", "2014-12", "--wait", "1h"]);
    sink.wait_for(1).await;
    sink.wait_until_left().await;
    running.signal("TERM");
    running.end().exits(1).says(&["1 accepted", "1 deferred"]);
}

/// A clock that is so much later each time somebody looks.
struct Striding {
    seconds: AtomicI64,
    stride: i64,
}

impl Clock for Striding {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.seconds.fetch_add(self.stride, Ordering::SeqCst)).unwrap()
    }
}

async fn send_by(stride: Duration, root: &Path, wait: Duration) -> Report {
    let clock = Striding { seconds: AtomicI64::new(1_417_500_000), stride: stride.as_secs().try_into().unwrap() };
    let newsroom = masthead::app::Newsroom::open(root, &[], Arc::new(clock)).await.unwrap();
    let request = Request { issue: "2014-12".parse().unwrap(), now: false, wait, joined: None, edition: None };
    send(&newsroom, &request, &Arc::new(Progress::default())).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s10_s11_whoever_waits_sees_the_greylisted_reader_get_it_under_the_same_sender() {
    let sink = Sink::builder().on(At::Dot, When::Nth(1), Action::reply("451 4.7.1 greylisted")).start().await;
    let newsroom = Newsroom::ready(1, &sink);
    // On a busy machine the clock is looked at often before the second try is through.
    let report = send_by(Duration::from_mins(6), newsroom.root(), Duration::from_hours(48)).await;
    assert!(report.is_finished);
    assert_eq!(newsroom.delivery("2014-12", &reader(1))["attempts"], 2);
    let senders: Vec<String> = sink.commands().into_iter().filter(|command| command.starts_with("MAIL")).collect();
    assert_eq!((senders.len(), &senders[0]), (2, &senders[1]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s11_whoever_is_put_off_for_ever_is_given_up_and_the_mailing_comes_to_rest() {
    let sink = Sink::builder().on(At::Rcpt, to(1), Action::reply("450 4.2.0 later")).start().await;
    let newsroom = Newsroom::ready(2, &sink);
    let report = send_by(Duration::from_mins(45), newsroom.root(), Duration::from_hours(24 * 30)).await;
    assert!(report.is_finished);
    assert_eq!((report.tally.accepted, report.tally.expired), (1, 1));
    let tries = newsroom.delivery("2014-12", &reader(1))["attempts"].as_u64().unwrap();
    assert!((3..=20).contains(&tries), "{tries} tries");
    newsroom.run(["deliveries", "2014-12", "--fate", "expired"]).ok().says(&["reader0001", "450 4.2.0 later"]);
}
