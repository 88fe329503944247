//! What is not ready does not go out, and whoever asked for it is told why.

use crate::support::newsroom::{ISSUE, Newsroom};
use crate::support::sink::Sink;

/// A newsroom with this issue beside three readers; nothing may be sent from it.
async fn with(text: &str) -> (Newsroom, Sink) {
    let sink = Sink::builder().start().await;
    let newsroom = Newsroom::new().issue("2014-12", text).back_issues().subscribers(3).relay(&sink).build();
    (newsroom, sink)
}

fn nothing_happened(newsroom: &Newsroom, sink: &Sink) {
    assert_eq!(sink.connections(), 0);
    newsroom.run(["deliveries", "2014-12"]).exits(1).says(&["2014-12 has no mailing"]);
    assert_eq!(newsroom.run(["archive", "list", "--json"]).ok().json().as_array().unwrap().len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_is_checked_and_never_sent() {
    let (newsroom, sink) = with(&ISSUE.replace("status: ready", "status: draft")).await;
    newsroom.run(["check", "2014-12"]).ok();
    newsroom.run(["status"]).ok().says(&["2014-12  draft: Story Hours"]);
    newsroom.run(["send", "2014-12"]).exits(1).says(&["2014-12 is a draft", "status: ready"]);
    newsroom.run(["send", "2014-12", "--now"]).exits(1).says(&["2014-12 is a draft"]);
    nothing_happened(&newsroom, &sink);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issue_waits_for_its_hour_unless_told_not_to() {
    let (newsroom, sink) = with(&ISSUE.replace("status: ready", "status: ready\npublish_at: 2999-12-02 09:00")).await;
    newsroom.run(["send", "2014-12"]).exits(1).says(&["2014-12 is to go out at 2999-12-02", "--now"]);
    nothing_happened(&newsroom, &sink);
    newsroom.run(["send", "2014-12", "--now"]).ok().says(&["3 accepted"]);

    let (newsroom, _sink) = with(&ISSUE.replace("status: ready", "status: ready\npublish_at: 2014-12-02 09:00")).await;
    newsroom.run(["send", "2014-12"]).ok().says(&["3 accepted"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_is_told_at_once_and_before_anything_is_sent() {
    let faulty = ISSUE
        .replace("number: 11", "number: 99")
        .replace("A Guide to Quiet Corners", "A Guide to Quiet Korners")
        .replace("lang: en", "lang: en\nheadline: Hello");
    let (newsroom, sink) = with(&faulty).await;
    for command in ["check", "send", "render"] {
        let told = newsroom.run([command, "2014-12"]).exits(1);
        let told = told.says(&["issues/2014-12.md:5:", "number", "A Guide to Quiet Corners", "headline"]);
        assert!(!told.stderr.contains("panicked") && !told.stdout.contains("is out"), "{told}");
    }
    nothing_happened(&newsroom, &sink);
    let findings = newsroom.run(["check", "2014-12", "--json"]).exits(1).json();
    let errors = findings["diagnostics"].as_array().unwrap().iter().filter(|found| found["severity"] == "error");
    assert!(errors.count() >= 3, "{findings:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issue_that_nobody_would_get_is_not_opened() {
    let sink = Sink::builder().start().await;
    let newsroom = Newsroom::new().issue("2014-12", ISSUE).back_issues().subscriber("a@example.org", "A", "pending").relay(&sink).build();
    newsroom.run(["send", "2014-12"]).exits(1).says(&["nobody would get it: general has no confirmed subscriber"]);
    nothing_happened(&newsroom, &sink);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issue_that_is_not_there_is_asked_back() {
    let (newsroom, sink) = with(ISSUE).await;
    for command in ["check", "send", "render"] {
        newsroom.run([command, "2014-11"]).exits(1).says(&["there is no issue 2014-11", "did you mean 2014-12?"]);
    }
    newsroom.run(["send", "december"]).exits(2).says(&["december"]);
    nothing_happened(&newsroom, &sink);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issue_that_is_out_already_is_not_sent_under_its_name_again() {
    let sink = Sink::builder().start().await;
    let newsroom = Newsroom::new().issue("2014-10", &ISSUE.replace("months: 2014-12..2015-01\n", "")).back_issues().subscribers(3);
    let newsroom = newsroom.relay(&sink).build();
    newsroom.run(["send", "2014-10"]).exits(1);
    assert_eq!(sink.connections(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c1_l8_only_who_confirmed_and_has_not_left_gets_an_issue() {
    let sink = Sink::builder().start().await;
    let newsroom = Newsroom::of_every_standing(&sink);
    newsroom.run(["lists"]).ok().says(&["3 confirmed", "1 pending", "1 ended"]);
    newsroom.run(["send", "2014-12"]).ok().says(&["3 of 3 deliveries"]);

    newsroom.run(["subscribers", "remove", "reader0002@example.org"]).ok().says(&["is off general"]);
    newsroom.run(["subscribers", "remove", "reader0002@example.org"]).ok().says(&["was on no such list"]);
    let newsroom = newsroom.issue("2015-02", crate::support::newsroom::NEXT_ISSUE);
    newsroom.run(["send", "2015-02"]).ok().says(&["2 of 2 deliveries"]);
    let mut recipients: Vec<String> = sink.messages().into_iter().skip(3).map(|message| message.recipient).collect();
    recipients.sort();
    assert_eq!(recipients, ["reader0001@example.org", "reader0003@example.org"]);
}
