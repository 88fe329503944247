//! An issue on its date: late and held, missed, reminded of, and once whatever the clock does.

use std::collections::BTreeSet;

use super::{ADA, BEFORE, DESK, DUE, Daemon, ISSUE, NOVEMBER, awaits, field, is_at_rest, readers, rhythm, to, until};
use crate::support::sink::{Received, Sink};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t23_an_issue_that_is_late_is_held_and_goes_when_a_person_says_so() {
    let sink = Sink::builder().start().await;
    let newsroom = rhythm(&sink).issue("2014-12", ISSUE).build();
    let mut daemon = Daemon::start_at(&newsroom, "2014-12-02T09:00:00Z");
    let told = awaits(&sink, DESK, "2014-12 is late and held", 0);
    assert!(parts_text(&told.bytes).contains("masthead resume 2014-12"));
    awaits(&sink, ADA, "2014-12 is late and held", 0);
    for other in ["2015-01", "2015-02"] {
        // Word of another file: the desk has looked again in between.
        newsroom.write(&format!("issues/{other}.md"), "");
        awaits(&sink, ADA, &format!("[To mend] {other}"), 0);
    }
    newsroom.run(["status"]).ok().says(&["2014-12"]);
    assert_eq!(readers(&sink), 0);
    newsroom.run(["resume", "2014-12"]).ok();
    daemon.tells("sending 2014-12");
    until("all three have it", || readers(&sink) == 3);
    daemon.stop().ok();
    assert_eq!(to(&sink, DESK).iter().filter(|mail| field(&mail.bytes, "Subject").contains("late and held")).count(), 1, "it is told once");
}

/// The text of a letter, in one line.
fn parts_text(message: &[u8]) -> String {
    let message = mail_parser::MessageParser::default().parse(message).expect("a message");
    let text = message.body_text(0).expect("a text");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newsroom_that_sends_even_the_latest_does() {
    let sink = Sink::builder().start().await;
    let newsroom = rhythm(&sink).issue("2014-12", ISSUE).variable("MASTHEAD_SCHEDULE__LATE", "send").build();
    let daemon = Daemon::start_at(&newsroom, "2014-12-20T09:00:00Z");
    until("all three have it", || readers(&sink) == 3);
    daemon.stop().ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn editors_are_reminded_before_the_deadline_and_a_run_without_an_issue_is_told_and_sends_nothing() {
    let sink = Sink::builder().start().await;
    let newsroom = rhythm(&sink).variable("MASTHEAD_SCHEDULE__COPY_DEADLINE", "3 days").build();
    let daemon = Daemon::start_at(&newsroom, NOVEMBER);
    daemon.set("2014-11-28T14:00:01Z");
    let reminder = awaits(&sink, ADA, "Copy deadline", 0);
    assert!(parts_text(&reminder.bytes).contains("none is ready"));
    daemon.set(DUE);
    awaits(&sink, DESK, "No issue was ready", 0);
    daemon.kill();
    let daemon = Daemon::start_at(&newsroom, "2014-12-01T15:00:00Z");
    newsroom.write("issues/2014-12.md", ISSUE);
    until("all three have it", || readers(&sink) == 3);
    daemon.stop().ok();
    let of =
        |person: &str, subject: &str| to(&sink, person).iter().filter(|mail| field(&mail.bytes, "Subject").starts_with(subject)).count();
    assert_eq!((of(ADA, "Copy deadline"), of(DESK, "No issue was ready")), (1, 1), "each is told once, also over a restart");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_combined_issue_leaves_the_run_of_its_second_month_empty_and_nobody_is_alarmed() {
    let sink = Sink::builder().start().await;
    let newsroom = rhythm(&sink).issue("2014-12", ISSUE).build();
    let daemon = Daemon::start_at(&newsroom, BEFORE);
    until("all three have it", || readers(&sink) == 3);
    until("the mailing is at rest", || is_at_rest(&newsroom));
    daemon.set("2015-01-05T14:00:01Z");
    newsroom.run(["schedule", "next"]).ok();
    daemon.set("2015-02-02T14:00:01Z");
    awaits(&sink, DESK, "No issue was ready", 0);
    daemon.stop().ok();
    let alarms: Vec<String> =
        to(&sink, DESK).iter().map(|mail| parts_text(&mail.bytes)).filter(|text| text.contains("none was ready")).collect();
    assert_eq!(alarms.len(), 1, "January was covered: {alarms:?}");
    assert!(alarms[0].contains("February") || alarms[0].contains("2015-02"), "{}", alarms[0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t23_a_clock_that_is_set_back_and_forth_sends_an_issue_once() {
    let sink = Sink::builder().start().await;
    let newsroom = rhythm(&sink).issue("2014-12", ISSUE).build();
    let daemon = Daemon::start_at(&newsroom, BEFORE);
    until("all three have it", || readers(&sink) == 3);
    for instant in ["2014-11-30T14:00:00Z", BEFORE, "2014-12-02T14:00:00Z", BEFORE] {
        daemon.set(instant);
        let before = sink.arrived();
        newsroom.write(
            "issues/2014-12-extra.md",
            &ISSUE.replace("number: 11", "number: 12").replace("status: ready", "status: draft").replace("2014-12..2015-01", instant),
        );
        until(&format!("it has looked again at {instant}"), || newsroom.path("issues/2014-12-extra.problems.txt").exists());
        std::fs::remove_file(newsroom.path("issues/2014-12-extra.md")).expect("the file");
        until("and again", || !newsroom.path("issues/2014-12-extra.problems.txt").exists());
        assert_eq!(readers(&sink), 3, "{before}");
    }
    daemon.stop().ok();
}

/// A few words that are due a minute after the issue.
const WORDS: &str =
    "---\ntitle: Closed Tomorrow\nstatus: ready\npublish_at: 2014-12-01 09:01\n---\nGood day.\n\n## Closed Tomorrow\n\nThe well.\n";

/// The readers who got the issue, and those who got the words.
fn each(sink: &Sink) -> [Vec<String>; 2] {
    ["Story Hours", "Closed"].map(|subject| {
        let is_of_it = |mail: &Received| mail.recipient.starts_with("reader") && field(&mail.bytes, "Subject").starts_with(subject);
        sink.messages().into_iter().filter(is_of_it).map(|mail| mail.recipient).collect()
    })
}

/// How many got either.
fn counts(sink: &Sink) -> [usize; 2] {
    each(sink).map(|readers| readers.len())
}

/// How many persons that were.
fn persons(sink: &Sink) -> [usize; 2] {
    each(sink).map(|readers| readers.into_iter().collect::<BTreeSet<_>>().len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_few_urgent_words_need_not_wait_until_a_large_issue_is_through() {
    const READERS: usize = 80;
    let sink = Sink::builder().start().await;
    let newsroom = rhythm(&sink).issue("2014-12", ISSUE).issue("2014-12-closed", WORDS);
    let newsroom = newsroom.subscribers(READERS).relay_setting("rate = \"20/s\"").build();
    let daemon = Daemon::start_at(&newsroom, BEFORE);
    until("some have the issue", || counts(&sink)[0] > 5);
    daemon.set("2014-12-01T14:05:30Z");
    until("some have the words", || counts(&sink)[1] > 5);
    let before = counts(&sink)[0];
    assert!(before < READERS, "the issue is not through");
    daemon.set("2014-12-01T14:11:00Z");
    until("more have the issue", || counts(&sink)[0] > before);
    assert!(counts(&sink)[1] < READERS, "the words gave way, too");
    until("all have both", || persons(&sink) == [READERS, READERS]);
    daemon.stop().ok();
    assert_eq!(counts(&sink), [READERS, READERS], "each once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issue_that_waits_for_its_canary_lets_others_go_first() {
    let sink = Sink::builder().start().await;
    let newsroom = rhythm(&sink).issue("2014-12", ISSUE).issue("2014-12-closed", WORDS).subscribers(20);
    let newsroom = newsroom.variable("MASTHEAD_DELIVERY__CANARY", "5 readers, 1 h").build();
    let daemon = Daemon::start_at(&newsroom, BEFORE);
    until("the issue's canary is out", || counts(&sink) == [5, 0]);
    daemon.set("2014-12-01T14:01:30Z");
    until("that of the words is, too", || counts(&sink) == [5, 5]);
    daemon.set("2014-12-01T15:05:00Z");
    until("all have both", || persons(&sink) == [20, 20]);
    daemon.stop().ok();
    assert_eq!(counts(&sink), [20, 20], "each once");
}
