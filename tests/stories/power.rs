//! A machine that loses its power, or whose disk fails for a while: whoever may have the issue is named, and nobody is missed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use masthead::clock::SystemClock;
use masthead::desk::send::{Progress, Report, Request, send};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use crate::support::chance::{Chance, is_thorough, tell};
use crate::support::disk::{FAILING, SOUND, Shadow};
use crate::support::newsroom::{ISSUE, Newsroom};
use crate::support::sink::{Action, At, Received, Sink, When};

const READERS: usize = 400;
const CONNECTIONS: usize = 4;
const LEDGER: &str = "data/masthead.db";

/// How often the power goes: often enough for every day, more where nothing may be left out.
fn cuts() -> usize {
    if is_thorough() { 60 } else { 12 }
}

/// A relay that now and then takes its time, so that the power goes at many points of the conversation.
async fn relay() -> Sink {
    Sink::builder().on(At::Dot, When::Every(2), Action::Late(Duration::from_millis(4))).start().await
}

/// A newsroom whose mail goes to this relay, and which holds what is in doubt.
fn newsroom(sink: &Sink) -> Newsroom {
    let newsroom = Newsroom::new().issue("2014-12", ISSUE).back_issues().subscribers(READERS).relay(sink);
    let newsroom = newsroom.relay_setting(&format!("connections = {CONNECTIONS}")).with_known_key();
    newsroom.table("[delivery]\non_doubt = \"hold\"").configured()
}

/// A run on a disk of its own, in a machine that can be stopped at any moment.
struct Machine {
    newsroom: Newsroom,
    disk: Arc<Shadow>,
    processor: Runtime,
    run: JoinHandle<Report>,
}

impl Machine {
    /// Begins to send. Whoever is `stocked` has back issues and readers.
    fn start(sink: &Sink, stocked: &Newsroom, is_folding: bool) -> Self {
        let newsroom = newsroom(sink);
        let place = newsroom.path(LEDGER);
        fs::copy(stocked.path(LEDGER), &place).unwrap();
        let mut disk = Shadow::below(&place);
        if is_folding {
            disk = disk.folding(&place);
        }
        let disk = Arc::new(disk);
        let processor = Runtime::new().unwrap();
        let run = processor.spawn(run(newsroom.root().to_owned(), disk.store(&place)));
        Self { newsroom, disk, processor, run }
    }

    /// Loses its power. Returns the newsroom as it is found when that is back.
    fn lose_power(self, sink: &Sink) -> Newsroom {
        self.disk.is(FAILING);
        drop(self.processor);
        let found = newsroom(sink);
        self.disk.restore(&found.path(LEDGER));
        found
    }
}

async fn run(root: std::path::PathBuf, store: Arc<dyn masthead::store::Store>) -> Report {
    let boot = "before the power went".to_owned();
    let newsroom = masthead::app::Newsroom::open_on(&root, &[], Arc::new(SystemClock), store, boot).await.unwrap();
    let request = Request { issue: "2014-12".parse().unwrap(), now: false, wait: Duration::ZERO, joined: None, edition: None };
    send(&newsroom, &request, &Arc::new(Progress::default())).await.unwrap()
}

/// The readers whose deliveries have one of these fates.
fn named(newsroom: &Newsroom, fates: &[&str]) -> BTreeSet<String> {
    let lines = newsroom.deliveries("2014-12");
    let named = lines.iter().filter(|line| fates.contains(&line["fate"].as_str().unwrap()));
    named.map(|line| line["address"].as_str().unwrap().to_owned()).collect()
}

fn recipients(messages: &[Received]) -> BTreeSet<String> {
    messages.iter().map(|message| message.recipient.clone()).collect()
}

/// The readers who have more than one copy, which all are one message.
fn repeated(messages: &[Received]) -> BTreeSet<String> {
    let mut copies: BTreeMap<&str, Vec<&Received>> = BTreeMap::new();
    for message in messages {
        copies.entry(&message.recipient).or_default().push(message);
    }
    copies.retain(|_, copies| copies.len() > 1);
    for (reader, copies) in &copies {
        assert!(copies.iter().all(|copy| copy.bytes == copies[0].bytes && copy.sender == copies[0].sender), "{reader}");
    }
    copies.into_keys().map(str::to_owned).collect()
}

/// The power goes once the relay has so many messages. Returns how many readers were in doubt, and how many copies too many.
fn lose_power_after(count: usize, stocked: &Newsroom, is_folding: bool) -> (usize, usize) {
    let outside = Runtime::new().unwrap();
    let sink = outside.block_on(relay());
    let machine = Machine::start(&sink, stocked, is_folding);
    outside.block_on(sink.until(count));
    let found = machine.lose_power(&sink);
    outside.block_on(sink.wait_until_left());
    let sent = sink.messages();
    assert_eq!(repeated(&sent).len(), 0);
    if sent.len() == READERS {
        // A busy machine was done before the power went.
        return (0, 0);
    }

    let held = named(&found, &["claimed", "submitting"]);
    let accepted = named(&found, &["accepted"]);
    assert!(accepted.is_subset(&recipients(&sent)), "the ledger alone says so");
    // The disk lies in another newsroom's folder by now, which a person has to mean.
    found.run(["send", "2014-12"]).exits(1).says(&["masthead adopt"]);
    found.run(["adopt"]).ok();
    found.run(["send", "2014-12"]);
    let doubtful = named(&found, &["doubtful"]);
    assert_eq!(doubtful, held, "whoever was claimed, and nobody else");
    let unnamed: Vec<_> = recipients(&sent).into_iter().filter(|reader| !accepted.contains(reader) && !doubtful.contains(reader)).collect();
    assert!(unnamed.is_empty(), "perhaps sent, and not named: {unnamed:?}");
    assert_eq!(repeated(&sink.messages()).len(), 0, "what is in doubt is held");

    let found = found.variable("MASTHEAD_DELIVERY__ON_DOUBT", "resend");
    found.run(["send", "2014-12"]).ok().says(&["400 accepted"]);
    let messages = sink.messages();
    assert_eq!(recipients(&messages).len(), READERS, "nobody is missed");
    let repeated = repeated(&messages);
    assert!(repeated.is_subset(&doubtful), "{repeated:?} beyond {doubtful:?}");
    assert_eq!(messages.len(), READERS + repeated.len());
    assert_eq!(sink.faults(), [""; 0]);
    (doubtful.len(), repeated.len())
}

#[test]
fn s12_when_the_power_goes_whoever_may_have_it_is_named_and_nobody_is_missed() {
    let mut chance = Chance::told("power");
    let outside = Runtime::new().unwrap();
    let stocked = newsroom(&outside.block_on(relay())).build();
    let (mut doubtful, mut repeats) = (0, 0);
    for cut in 0..cuts() {
        let (named, copies) = lose_power_after(1 + chance.below(READERS - 150), &stocked, cut % 2 == 1);
        doubtful += named;
        repeats += copies;
    }
    tell(&format!("power: {} cuts, {doubtful} in doubt, {repeats} repeats", cuts()));
    assert!(repeats > 0, "nothing was ever lost");
}

#[test]
fn while_the_disk_fails_nothing_goes_out_and_when_it_works_all_goes_on() {
    let outside = Runtime::new().unwrap();
    let sink = outside.block_on(relay());
    let stocked = newsroom(&sink).build();
    for count in [1, 100] {
        let sink = outside.block_on(relay());
        let machine = Machine::start(&sink, &stocked, false);
        let mut refused = machine.disk.refused.subscribe();
        outside.block_on(sink.until(count));
        machine.disk.is(FAILING);
        outside.block_on(refused.wait_for(|refused| *refused > 0)).unwrap();
        let arrived = sink.arrived();
        outside.block_on(refused.wait_for(|refused| *refused > 10)).unwrap();
        let sent = recipients(&sink.messages());
        assert!(sent.len() <= arrived + CONNECTIONS, "{arrived} when the disk failed, {} later", sent.len());
        let found = newsroom(&sink);
        machine.disk.restore(&found.path(LEDGER));
        let claimed = named(&found, &["claimed", "submitting", "accepted"]);
        assert!(sent.is_subset(&claimed), "sent, and their claim is not on the disk: {:?}", sent.difference(&claimed));

        machine.disk.is(SOUND);
        let report = outside.block_on(machine.run).unwrap();
        assert!(report.is_finished, "{:?}", report.halted);
        assert_eq!((recipients(&sink.messages()).len(), sink.messages().len()), (READERS, READERS));
        assert_eq!(machine.newsroom.count("2014-12", "accepted"), READERS);
        drop(machine.processor);
    }
}
