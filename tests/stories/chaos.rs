//! One mailing that is killed again and again, at a relay that is never quite well: nobody is missed, and the ledger
//! and the relay tell the same tale.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use crate::support::chance::{Chance, is_thorough, tell};
use crate::support::later::{now, send_again_and_again};
use crate::support::newsroom::{ISSUE, Newsroom};
use crate::support::sink::{Action, At, Handed, Sink, SinkBuilder, When};

const CONNECTIONS: usize = 4;

/// Readers and kills: few enough for every day, as many as promised where nothing may be left out.
fn ordeal() -> (usize, usize) {
    if is_thorough() { (20_000, 200) } else { (4_000, 60) }
}

/// The number in a reader's address.
fn number(recipient: &str) -> usize {
    recipient.trim_start_matches("reader").split('@').next().and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// Readers whose number leaves this remainder.
fn those(remainder: usize, divisor: usize) -> impl Fn(&str) -> bool {
    move |recipient| number(recipient) % divisor == remainder
}

/// Nobody by that name; one reader in a hundred.
fn is_unknown(recipient: &str) -> bool {
    those(13, 100)(recipient)
}

/// A relay with every fault that a working one has, each so rare that no sender would give it up: one answer in
/// twenty is not the good one.
fn ailing() -> SinkBuilder {
    Sink::builder()
        .forgetful()
        .on(At::Connect, When::Every(25), Action::reply("421 4.3.2 too busy"))
        .on(At::Mail, When::Carried(60), Action::reply("421 4.7.0 enough for one connection"))
        .on(At::Rcpt, When::of(is_unknown), Action::reply("550 5.1.1 no such reader"))
        .on(At::Rcpt, When::first_of(those(7, 50)), Action::reply("451 4.7.1 greylisted"))
        .on(At::Data, When::first_of(those(21, 200)), Action::Drop)
        .on(At::Dot, When::first_of(those(71, 200)), Action::DropAfterDot)
        .on(At::Dot, When::first_of(those(121, 200)), Action::Drop)
        .on(At::Dot, When::first_of(those(171, 200)), Action::reply("421 4.3.0 out of breath"))
        .on(At::Dot, When::Every(97), Action::Late(Duration::from_millis(5)))
}

/// What the relay says happened.
struct Tale {
    lines: BTreeMap<String, Vec<Handed>>,
    /// The last message of each connection that was cut, by either side, which nobody can know the ledger has: the next
    /// message's door may have been slammed in the moment of the kill.
    in_doubt: BTreeSet<(String, usize)>,
}

impl Tale {
    fn of(sink: &Sink) -> Self {
        let (mut lines, mut last) = (BTreeMap::<String, Vec<Handed>>::new(), BTreeMap::new());
        let cut = sink.broken_off();
        for line in sink.log() {
            if line.is_whole() && cut.contains(&line.connection) {
                last.insert(line.connection, line.recipient.clone());
            }
            lines.entry(line.recipient.clone()).or_default().push(line);
        }
        Self { lines, in_doubt: last.into_iter().map(|(connection, recipient)| (recipient, connection)).collect() }
    }

    fn of_reader(&self, reader: &str) -> &[Handed] {
        self.lines.get(reader).map_or(&[], Vec::as_slice)
    }

    /// Whether a sender that is killed or hung up on cannot know of this copy.
    fn is_in_doubt(&self, copy: &Handed) -> bool {
        copy.code == 0 || self.in_doubt.contains(&(copy.recipient.clone(), copy.connection))
    }

    /// Copies that the relay has of a reader's message.
    fn copies(&self, reader: &str) -> Vec<&Handed> {
        self.of_reader(reader).iter().filter(|line| line.is_accepted() || (line.code == 0 && line.is_whole())).collect()
    }
}

/// Line by line, what the ledger says is what the relay said. Whoever is in doubt since the last run, which began after
/// so many connections, it names.
fn agree(ledger: &[Value], tale: &Tale, before: usize) {
    for line in ledger {
        let (reader, fate) = (line["address"].as_str().unwrap(), line["fate"].as_str().unwrap());
        let said = tale.of_reader(reader);
        let accepted: Vec<_> = said.iter().filter(|said| said.is_accepted()).collect();
        match fate {
            "accepted" => assert!(!accepted.is_empty(), "the ledger alone says so: {line} {said:?}"),
            "refused" => assert!(said.last().is_some_and(|last| last.code / 100 == 5), "{line} {said:?}"),
            "queued" | "claimed" | "submitting" | "deferred" => {}
            _ => panic!("no fate of this story: {line} {said:?}"),
        }
        if fate != "accepted" {
            assert!(accepted.iter().all(|copy| tale.is_in_doubt(copy)), "the ledger has forgotten it: {line} {said:?}");
            let is_named = fate == "submitting" || accepted.iter().all(|copy| copy.connection <= before);
            assert!(is_named, "the ledger does not name who is in doubt: {line} {said:?}");
        }
    }
}

/// Every copy but the last was in doubt, and all are one message. Returns how many were too many.
fn explain_repeats(tale: &Tale) -> usize {
    let mut repeats = 0;
    for (reader, said) in &tale.lines {
        let copies = tale.copies(reader);
        if let Some((_, earlier)) = copies.split_last() {
            repeats += earlier.len();
            assert!(earlier.iter().all(|copy| tale.is_in_doubt(copy)), "sent again without need: {said:?}");
        }
        let whole = said.iter().filter(|line| line.is_whole());
        let messages: BTreeSet<_> = whole.map(|line| (&line.message_id, &line.sender, line.print)).collect();
        assert!(messages.len() <= 1, "not the same message: {said:?}");
    }
    repeats
}

/// Starts the binary `kills` times and kills it at a random message, now and then before it has come to one.
async fn torment(newsroom: &Newsroom, sink: &Sink, readers: usize, kills: usize) {
    let mut chance = Chance::told("chaos");
    let mut moments: Vec<usize> = (0..kills).map(|_| chance.below(readers * 9 / 10)).collect();
    moments.sort_unstable();
    for (round, moment) in moments.into_iter().enumerate() {
        let before = sink.connections();
        let running = newsroom.start(["send", "2014-12"]);
        sink.until(moment.max(sink.arrived() + chance.below(4))).await;
        running.kill().unwrap();
        sink.wait_until_left().await;
        if round % (kills / 6) == 0 {
            agree(&newsroom.deliveries("2014-12"), &Tale::of(sink), before);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s12_t23_killed_all_the_time_at_an_ailing_relay_it_misses_nobody_and_the_ledger_agrees_with_the_relay() {
    let (readers, kills) = ordeal();
    let sink = ailing().start().await;
    let newsroom = Newsroom::new().issue("2014-12", ISSUE).back_issues().subscribers(readers).relay(&sink);
    let newsroom = newsroom.relay_setting(&format!("connections = {CONNECTIONS}")).build();
    torment(&newsroom, &sink, readers, kills).await;
    newsroom.run(["send", "2014-12"]);
    assert!(send_again_and_again(&newsroom, "2014-12", now(), 6).await.is_finished);

    let (ledger, tale) = (newsroom.deliveries("2014-12"), Tale::of(&sink));
    assert_eq!(ledger.len(), readers);
    agree(&ledger, &tale, sink.connections());
    let fates: BTreeMap<&str, &str> =
        ledger.iter().map(|line| (line["address"].as_str().unwrap(), line["fate"].as_str().unwrap())).collect();
    for (reader, fate) in fates {
        assert_eq!(fate, if is_unknown(reader) { "refused" } else { "accepted" }, "{reader} {:?}", tale.of_reader(reader));
    }

    let repeats = explain_repeats(&tale);
    let dropped_after_dot = tale.lines.values().flatten().filter(|line| line.is_whole() && line.code == 0).count();
    tell(&format!("chaos: {readers} readers, {kills} kills, {} cut in doubt, {repeats} repeats", tale.in_doubt.len()));
    assert!(repeats <= kills * CONNECTIONS + dropped_after_dot, "{repeats} repeats");
    assert!(sink.most_open() <= CONNECTIONS, "{} connections at a time", sink.most_open());
    assert_eq!(sink.faults(), [""; 0]);
}
