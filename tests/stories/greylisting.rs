//! Readers whose servers put everybody off at first, who do not exist, or whose provider is down for days.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::answers::ANOTHER_ISSUE;
use crate::support::later::{send_again_and_again, send_at};
use crate::support::newsroom::{ISSUE, Newsroom};
use crate::support::sink::{Action, At, Handed, Sink, When};

const READERS: usize = 1000;
const UNKNOWN: usize = 20;
const CUT_OFF: usize = 60;
const DOWN: &str = "@down.example.net";

/// Nobody by that name: one reader in fifty.
fn is_unknown(recipient: &str) -> bool {
    let number = recipient.trim_start_matches("reader").trim_end_matches("@example.org");
    number.parse::<usize>().is_ok_and(|number| number % 50 == 31)
}

fn is_cut_off(recipient: &str) -> bool {
    recipient.ends_with(DOWN)
}

/// As the ledger counts.
fn count(readers: usize) -> u64 {
    readers.try_into().unwrap()
}

async fn grey() -> Sink {
    let says_good_bye = |recipient: &str| is_cut_off(recipient) && recipient.contains("7@");
    Sink::builder()
        .on(At::Mail, When::Carried(100), Action::reply("421 4.7.0 a hundred are enough"))
        .on(At::Rcpt, When::first_of(|_| true), Action::reply("451 4.7.1 Greylisted, come back later"))
        .on(At::Rcpt, When::of(is_unknown), Action::reply("550 5.1.1 No such reader here"))
        .on(At::Rcpt, When::of(says_good_bye), Action::reply("421 4.4.2 Going down"))
        .on(At::Rcpt, When::of(is_cut_off), Action::reply("451 4.4.1 No route to that host"))
        .start()
        .await
}

fn newsroom(sink: &Sink) -> Newsroom {
    let newsroom = Newsroom::new().issue("2014-12", ISSUE).issue("2015-02", ANOTHER_ISSUE).back_issues().subscribers(READERS);
    let add = |newsroom: Newsroom, number| newsroom.subscriber(&format!("far{number:03}{DOWN}"), "Far", "confirmed");
    (0..CUT_OFF).fold(newsroom, add).relay(sink).relay_setting("messages_per_connection = 1000").build()
}

/// What was said of each reader, in order.
fn by_reader(log: Vec<Handed>) -> BTreeMap<String, Vec<Handed>> {
    let mut lines: BTreeMap<String, Vec<Handed>> = BTreeMap::new();
    for line in log {
        lines.entry(line.recipient.clone()).or_default().push(line);
    }
    lines
}

/// Everybody was put off once and tried again; whoever can be reached got it once, under the sender of the first try.
fn each_is_reached_once(said: &BTreeMap<String, Vec<Handed>>) {
    for (reader, said) in said {
        assert_eq!(said[0].code, 451, "{said:?}");
        assert!(said.iter().all(|line| line.sender == said[0].sender), "{said:?}");
        let codes: Vec<u16> = said[1..].iter().map(|line| line.code).collect();
        match reader {
            reader if is_cut_off(reader) => assert!(codes.iter().all(|code| [421, 451].contains(code)), "{said:?}"),
            reader if is_unknown(reader) => assert_eq!(codes, [550], "{said:?}"),
            _ => assert_eq!(codes, [250], "{said:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s11_greylisted_by_everybody_all_who_can_be_reached_are_and_nobody_twice() {
    let (sink, began) = (grey().await, Timestamp::from_second(1_417_500_000).unwrap());
    let newsroom = newsroom(&sink);
    let report = send_again_and_again(&newsroom, "2014-12", began, 6).await;
    assert_eq!(report.tally.accepted, count(READERS - UNKNOWN));

    let said = by_reader(sink.log());
    assert_eq!(said.len(), READERS + CUT_OFF);
    each_is_reached_once(&said);
    for line in newsroom.deliveries("2014-12") {
        let (reader, fate) = (line["address"].as_str().unwrap(), line["fate"].as_str().unwrap());
        match reader {
            reader if is_cut_off(reader) => assert!(["deferred", "queued"].contains(&fate), "{line}"),
            reader if is_unknown(reader) => assert_eq!(fate, "refused", "{line}"),
            _ => assert_eq!(fate, "accepted", "{line}"),
        }
    }
    let mut carried: BTreeMap<usize, usize> = BTreeMap::new();
    for message in sink.messages() {
        *carried.entry(message.connection).or_default() += 1;
    }
    assert_eq!(carried.values().max(), Some(&100), "turned away after a hundred, and after no fewer");
    assert!(sink.most_open() <= 4, "{} connections at a time", sink.most_open());
    assert_eq!(sink.faults(), [""; 0]);

    // Patience has an end, and costs nobody anything but this issue.
    let report = send_at(&newsroom, "2014-12", began + SignedDuration::from_hours(24 * 4)).await;
    assert!(report.is_finished);
    assert_eq!((report.tally.expired, report.tally.refused), (count(CUT_OFF), count(UNKNOWN)));
    let calm = Sink::builder().start().await;
    let newsroom = newsroom.relay(&calm).configured();
    newsroom.run(["send", "2015-02"]).ok();
    let reached = by_reader(calm.log());
    assert_eq!((reached.len(), calm.messages().len()), (READERS + CUT_OFF - UNKNOWN, READERS + CUT_OFF - UNKNOWN));
    assert!(!reached.keys().any(|reader| is_unknown(reader)), "who does not exist is left out, and nobody else");
}
