//! A newsroom at random work: what may happen to a store through its own calls, in any order and with odd values.

#[path = "walked_steps.rs"]
mod steps;

use std::sync::Arc;

use jiff::Timestamp;
use masthead::archive::catalogue::{Catalogued, CataloguedArticle};
use masthead::issue::feed::{FeedItem, FeedState, ItemKey};
use masthead::issue::known_links::{LONGEST, LinkEnd, LinkState};
use masthead::mailing::fate::OnDoubt;
use masthead::mailing::{Delivery, EnhancedCode, Fate, Judgement, Mailing, Pause, ProviderId, Reply, Scope, Stage};
use masthead::store::{
    Admitted, Approval, Asking, Attempt, Caps, Claim, Enclosure, Ending, Frozen, Hold, HoldCause, Import, Latecomers, Means, Note, Opening,
    Proof, Store, StoreError, Wave,
};
use masthead::subscription::roll::RollEntry;
use masthead::subscription::{EmailAddress, Enrolment, Evidence, Format, List, ListId, PersonName, Seal, Standing, SubscriberId};

use crate::chance::Chance;
use crate::newsroom::{archived, at, edition, issue, list_id};

pub(crate) const LISTS: [&str; 3] = ["general", "extra", "trial"];
pub(crate) const ISSUES: [&str; 6] = ["2014-10", "2014-11", "2014-12", "2015-01-special", "2015-02", "2015-03-04"];
pub(crate) const PERSONS: usize = 40;
pub(crate) const FEEDS: [&str; 2] = ["https://one.example/feed", "https://zwei.example/\u{1F33B}"];

/// Whoever walks, and what they have in hand. Two with the same chance at equal stores meet the same.
pub(crate) struct Walker {
    pub(crate) store: Arc<dyn Store>,
    chance: Chance,
    /// What was claimed and not yet settled.
    held: Vec<Delivery>,
    /// Requests to join that were once told a number.
    pub(crate) asked: Vec<i64>,
    clock: i64,
    /// Rolls spend numbers on nothing on an engine that several nodes share: who compares numbers enters none.
    has_rolls: bool,
}

/// An answer as it can be compared; what is no fault of the engine's own is an answer as well.
fn said<T: std::fmt::Debug>(answer: Result<T, StoreError>) -> String {
    match answer {
        Ok(answer) => format!("{answer:?}"),
        Err(StoreError::Unknown(what)) => format!("unknown: {what}"),
        Err(StoreError::Unavailable(why)) if !why.contains("deadlock") => format!("not now: {why}"),
        Err(fault) => panic!("{fault}"),
    }
}

pub(crate) fn person(number: usize) -> EmailAddress {
    let domain = ["a.example", "b.example", "m\u{fc}ller.example"][number % 3];
    EmailAddress::parse(&format!("Reader{number}@{domain}")).unwrap()
}

impl Walker {
    pub(crate) fn new(store: Arc<dyn Store>, chance: Chance) -> Self {
        store.seal_with(Seal::new(&[7; 32]));
        Self { store, chance, held: Vec::new(), asked: Vec::new(), clock: 100, has_rolls: true }
    }

    /// Another at another store who goes on as this one would, from this chance on.
    pub(crate) fn twin(&self, store: Arc<dyn Store>, chance: Chance) -> Self {
        let twin = Self::new(store, chance);
        Self { asked: self.asked.clone(), clock: self.clock, has_rolls: false, ..twin }
    }

    fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.chance.below(all.len())].clone()
    }

    fn number(&mut self) -> usize {
        self.chance.below(PERSONS)
    }

    fn is_so(&mut self) -> bool {
        self.chance.below(2) == 0
    }

    fn maybe<T>(&mut self, value: T) -> Option<T> {
        self.is_so().then_some(value)
    }

    /// Any text that somebody may send us.
    fn text(&mut self) -> String {
        let long: String = (0..400).map(|_| char::from_u32(0x4e00 + u32::try_from(self.chance.below(20_000)).unwrap()).unwrap()).collect();
        let odd = [
            "",
            " ",
            "a\0b",
            "\u{FFFD}",
            "\u{10FFFF}\u{1F33B}",
            "'; --",
            "\u{1}\u{7f}\u{85}",
            "\u{130}stanbul STRASSE\u{df}",
            "\\x00 \\N",
            "plain",
        ];
        if self.chance.below(8) == 0 { long.repeat(20) } else { self.of(&odd).to_owned() }
    }

    fn time(&mut self) -> Timestamp {
        self.clock += 1;
        let odd = [
            Timestamp::from_second(-62_000_000_000).unwrap(),
            Timestamp::from_second(250_000_000_000).unwrap(),
            Timestamp::UNIX_EPOCH,
            Timestamp::from_microsecond(-1).unwrap(),
        ];
        if self.chance.below(6) == 0 { self.of(&odd) } else { at(self.clock) }
    }

    fn now(&mut self) -> Timestamp {
        self.clock += 7;
        at(self.clock)
    }

    fn evidence(&mut self) -> Evidence {
        Evidence { channel: self.text(), detail: self.text() }
    }

    fn enrolment(&mut self) -> Enrolment {
        let (number, since) = (self.number(), self.time());
        let name = ["Eve", "\u{1F33B}", "Zo\u{eb}"].map(|name| PersonName::parse(name).ok());
        let standing = self.of(&[Standing::Pending, Standing::Confirmed, Standing::Confirmed, Standing::Ended]);
        Enrolment { address: person(number), name: self.of(&name), standing, since: self.maybe(since), evidence: self.evidence() }
    }

    fn list(&mut self) -> ListId {
        list_id(self.of(&LISTS))
    }

    async fn mailing(&mut self) -> Option<Mailing> {
        let all = self.store.mailings().await.unwrap();
        (!all.is_empty()).then(|| self.of(&all))
    }

    fn providers() -> Vec<(String, ProviderId)> {
        vec![("a.example".to_owned(), ProviderId::new("a")), ("b.example".to_owned(), ProviderId::new("b \u{1F33B}"))]
    }

    /// So many steps, and what each was told.
    pub(crate) async fn walk(&mut self, steps: usize) -> Vec<String> {
        let mut told = Vec::new();
        for _ in 0..steps {
            let step = self.chance.below(34);
            told.push(format!("{step}: {}", self.step(step).await));
        }
        told
    }

    async fn step(&mut self, step: usize) -> String {
        match step {
            0..=3 => self.enter(step).await,
            4..=8 => self.change_reader(step).await,
            9..=12 => self.decide(step).await,
            13..=15 => self.open(step).await,
            16..=22 => self.send(step).await,
            23..=26 => self.steer(step).await,
            27..=30 => self.shelve(step).await,
            _ => self.learn(step).await,
        }
    }

    async fn enter(&mut self, step: usize) -> String {
        let store = Arc::clone(&self.store);
        let (list, now) = (self.list(), self.time());
        let lines = self.chance.below(6);
        let roll: Vec<Enrolment> = (0..lines).map(|_| self.enrolment()).collect();
        match step {
            0 => {
                let odd = List {
                    name: self.text(),
                    description: self.text(),
                    lang: self.maybe("de".to_owned()),
                    frequency: self.text(),
                    ..crate::newsroom::list(LISTS[2])
                };
                said(store.declare_lists(&[crate::newsroom::list(LISTS[0]), crate::newsroom::list(LISTS[1]), odd]).await)
            }
            1 => said(store.enrol(&list, roll, now).await),
            2 => {
                let line = self.enrolment();
                said(store.subscribe(&list, Enrolment { standing: Standing::Confirmed, ..line }, now).await)
            }
            _ if !self.has_rolls => String::new(),
            _ => {
                let entry = |enrolment: Enrolment| {
                    let is_gone = enrolment.standing == Standing::Ended;
                    RollEntry { line: 1, list: None, is_gone, format: Format::Text, enrolment }
                };
                let ending = self.evidence();
                let ending = (self.chance.below(4) == 0).then_some(Ending { evidence: ending, brake: 1_000 });
                let import = Import { list: Some(list), at: now, is_rehearsal: self.chance.below(4) == 0, ending };
                said(store.import(import, Box::new(std::iter::once(Ok(roll.into_iter().map(entry).collect())))).await)
            }
        }
    }
}
