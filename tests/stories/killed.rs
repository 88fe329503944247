//! Whatever ends a run before its time, nobody is missed, and nobody gets more copies than were in flight.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::newsroom::{ISSUE, Newsroom};
use crate::support::reading::{field, neutral};
use crate::support::sink::{Action, At, Received, Sink, SinkBuilder, When};

const READERS: usize = 1000;
const CONNECTIONS: usize = 4;

/// All copies, by reader.
fn copies(messages: &[Received]) -> BTreeMap<&str, Vec<&Received>> {
    let mut copies: BTreeMap<&str, Vec<&Received>> = BTreeMap::new();
    for message in messages {
        copies.entry(&message.recipient).or_default().push(message);
    }
    copies
}

/// After `count` messages, the next of each connection is kept and never answered.
fn mute_after(count: usize) -> SinkBuilder {
    // A rule counts the occasions that the rules before it left to it, so these act one after the other.
    (0..CONNECTIONS).fold(Sink::builder(), |sink, _| sink.on(At::Dot, When::Nth(count + 1), Action::StallAfterDot))
}

/// Sends, and kills the binary once the sink holds `count` messages.
async fn send_and_kill(newsroom: &Newsroom, sink: &Sink, count: usize) {
    let running = newsroom.start(["send", "2014-12"]);
    sink.wait_for(count).await;
    running.kill().unwrap();
    sink.wait_until_left().await;
    assert!(sink.most_open() <= CONNECTIONS, "{} connections at a time", sink.most_open());
}

/// The readers whose deliveries have this fate.
fn named(newsroom: &Newsroom, fate: &str) -> BTreeSet<String> {
    let lines = newsroom.run(["deliveries", "2014-12", "--fate", fate, "--json"]).ok().lines();
    lines.iter().map(|line| line["address"].as_str().unwrap().to_owned()).collect()
}

fn nobody_is_missed(messages: &[Received]) {
    let copies = copies(messages);
    assert_eq!(copies.len(), READERS);
    let repeats = messages.len() - READERS;
    assert!(repeats <= CONNECTIONS, "{repeats} repeats");
    for (reader, copies) in copies {
        let ids: BTreeSet<String> = copies.iter().map(|copy| field(&copy.bytes, "Message-ID")).collect();
        assert_eq!(ids.len(), 1, "{reader}");
        assert!(copies.iter().all(|copy| copy.bytes == copies[0].bytes && copy.sender == copies[0].sender), "{reader}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s12_t23_killed_at_any_point_a_second_run_completes_the_mailing() {
    for count in [1, 333, 995] {
        let sink = Sink::builder().start().await;
        let newsroom = Newsroom::ready(READERS, &sink);
        send_and_kill(&newsroom, &sink, count).await;
        newsroom.run(["send", "2014-12"]).ok().says(&["2014-12 is out: 1000 of 1000 deliveries: 1000 accepted"]);
        nobody_is_missed(&sink.messages());
        assert_eq!(sink.faults(), [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s12_killed_twice_and_with_every_connection_in_doubt_repeats_are_equal_to_their_firsts() {
    let sink = mute_after(500).start().await;
    let newsroom = Newsroom::ready(READERS, &sink);
    send_and_kill(&newsroom, &sink, 500 + CONNECTIONS).await;
    newsroom.run(["status"]).ok().says(&["2014-12  under way: 500 of 1000 accepted, 500 open"]);
    assert_eq!(newsroom.count("2014-12", "submitting"), CONNECTIONS);
    newsroom.run(["send", "2014-12"]).ok().says(&["4 were in flight when the last run broke off", "1000 accepted"]);
    assert_eq!(sink.messages().len(), READERS + CONNECTIONS);
    nobody_is_missed(&sink.messages());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s12_who_holds_what_is_in_doubt_is_told_which_deliveries_these_are() {
    let sink = mute_after(500).start().await;
    let newsroom = Newsroom::ready(READERS, &sink).table("[delivery]\non_doubt = \"hold\"").configured();
    send_and_kill(&newsroom, &sink, 500 + CONNECTIONS).await;
    let in_doubt = named(&newsroom, "submitting");
    let last: BTreeMap<usize, String> = sink.messages().into_iter().map(|message| (message.connection, message.recipient)).collect();
    assert!(in_doubt.len() == CONNECTIONS && in_doubt.iter().all(|reader| last.values().any(|other| other == reader)));

    newsroom.run(["send", "2014-12"]).exits(1).says(&["996 accepted", "4 doubtful"]);
    assert_eq!(named(&newsroom, "doubtful"), in_doubt);

    newsroom.run(["send", "2014-12"]).exits(1).says(&["4 doubtful", "4 may have arrived or not", "on_doubt"]);
    assert_eq!(sink.messages().len(), READERS, "what is held is sent again by nobody");
    nobody_is_missed(&sink.messages());

    // Whoever changes the setting has decided, and the mailing comes to rest.
    let newsroom = newsroom.variable("MASTHEAD_DELIVERY__ON_DOUBT", "resend");
    newsroom.run(["send", "2014-12"]).ok().says(&["1000 accepted"]);
    assert_eq!(sink.messages().len(), READERS + CONNECTIONS);
    nobody_is_missed(&sink.messages());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asked_to_stop_it_finishes_what_is_in_flight_and_goes_on_later() {
    for signal in ["TERM", "INT"] {
        let sink = Sink::builder().start().await;
        let newsroom = Newsroom::ready(READERS, &sink);
        let mut running = newsroom.start(["send", "2014-12"]);
        sink.wait_for(50).await;
        running.signal(signal);
        running.end().exits(1).says(&["stopping after the messages in flight", "not tried yet", "stopped: it was asked to stop"]);
        sink.wait_until_left().await;
        let sent = sink.messages().len();
        assert!(sent < READERS, "it was done before it was asked");
        assert_eq!((newsroom.count("2014-12", "accepted"), newsroom.count("2014-12", "queued")), (sent, READERS - sent));
        assert_eq!(newsroom.count("2014-12", "submitting") + newsroom.count("2014-12", "doubtful"), 0);
        assert_eq!(sink.count("QUIT"), sink.connections());

        newsroom.run(["send", "2014-12"]).ok();
        assert_eq!(sink.messages().len(), READERS, "nobody gets it twice");
        nobody_is_missed(&sink.messages());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t23_two_runs_never_send_at_the_same_time() {
    let sink = mute_after(0).start().await;
    let newsroom = Newsroom::ready(10, &sink);
    let first = newsroom.start(["send", "2014-12"]);
    sink.wait_for(CONNECTIONS).await;
    newsroom.run(["send", "2014-12"]).exits(1).says(&["another `masthead` is sending from this newsroom"]);
    newsroom.run(["status"]).ok().says(&["under way"]);
    newsroom.run(["subscribers", "add", "late@example.org"]).ok();
    assert_eq!(sink.connections(), CONNECTIONS, "the second run asked for no connection");
    first.kill().unwrap();
    sink.wait_until_left().await;
    newsroom.run(["send", "2014-12"]).ok().says(&["10 accepted"]);
    assert_eq!(copies(&sink.messages()).len(), 10, "who came after the mailing was opened gets the next issue");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asked_twice_it_stops_at_once_and_what_was_in_flight_is_sent_again() {
    let sink = mute_after(0).start().await;
    let newsroom = Newsroom::ready(20, &sink);
    let mut running = newsroom.start(["send", "2014-12"]);
    sink.wait_for(CONNECTIONS).await;
    running.signal("INT");
    running.hears("once more stops at once");
    running.signal("INT");
    running.end().exits(2);
    sink.wait_until_left().await;
    newsroom.run(["send", "2014-12"]).ok().says(&["4 were in flight", "20 accepted"]);
    assert_eq!((copies(&sink.messages()).len(), sink.messages().len()), (20, 20 + CONNECTIONS));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t15_an_issue_that_is_changed_under_way_goes_out_as_it_began() {
    for changed in [ISSUE.replace("More and more", "Fewer and fewer"), "---\nno: front matter\n".to_owned()] {
        let sink = mute_after(10).start().await;
        let newsroom = Newsroom::ready(30, &sink);
        send_and_kill(&newsroom, &sink, 10 + CONNECTIONS).await;
        newsroom.write("issues/2014-12.md", &changed);
        newsroom.run(["send", "2014-12"]).ok().says(&["30 accepted"]);
        let undated = |message: &Received| neutral(&message.bytes).replace(&field(&message.bytes, "Date"), "DATE");
        assert_eq!(sink.messages().iter().map(undated).collect::<BTreeSet<_>>().len(), 1);
        let archive = newsroom.run(["archive", "list", "--json"]).ok().stdout;
        assert!(archive.contains("More and more family shelters") && !archive.contains("Fewer and fewer"), "{archive}");
    }
}
