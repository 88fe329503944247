//! What connections are given, in whichever order they ask, break down and give back.

use std::time::Duration;

use jiff::SignedDuration;
use tempfile::TempDir;
use tokio::time::timeout;

use super::super::roster::Part;
use super::*;
use crate::clock::FixedClock;
use crate::dateline::Period;
use crate::edition::{Edition, Sender};
use crate::issue::archive::ArchivedIssue;
use crate::mailing::Judgement;
use crate::mailing::fate::OnDoubt;
use crate::mailing::{Mailing, Stage};
use crate::store::sqlite::SqliteStore;
use crate::store::{Attempt, Note, Opening};
use crate::subscription::{EmailAddress, Enrolment, Evidence, List, Standing};
use crate::traffic::{BreakerRules, Limits, Providers, RelayRules, Rules};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// Longer than anything takes on a busy machine, and shorter than the longest nap.
const AMPLE: Duration = Duration::from_secs(30);

const FIRST: Place = Place { relay: 0, connection: 0 };
const SECOND: Place = Place { relay: 1, connection: 1 };

fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

fn opening() -> Opening {
    let sender = Sender {
        name: None,
        address: address("desk@example.org"),
        reply_to: address("desk@example.org"),
        base_url: "https://example.org".to_owned(),
        bounce_domain: "example.org".to_owned(),
        sender_id: "example".to_owned(),
    };
    let issue: crate::dateline::IssueId = "2014-12".parse().unwrap();
    let edition = Edition {
        issue: issue.clone(),
        hash: "ab".repeat(32),
        subject: "Kinship".to_owned(),
        lang: "en".to_owned(),
        archived_at: String::new(),
        sender,
        html: String::new(),
        text: String::new(),
        mark: String::new(),
    };
    let archived = ArchivedIssue {
        period: Period::Months(issue.month(), issue.month()),
        id: issue,
        title: String::new(),
        number: None,
        out_at: NOW,
        corrected_at: None,
        made_at: None,
        carried: Vec::new(),
        added: Vec::new(),
        articles: Vec::new(),
        manuscript: String::new(),
    };
    Opening { edition, archived, lists: vec!["general".parse().unwrap()], providers: Vec::new(), seeds: None, canary: 0, at: NOW }
}

/// A mailing to so many readers, and two relays of one connection each.
struct Run {
    dispatch: Arc<Dispatch>,
    store: Arc<dyn Store>,
    mailing: Mailing,
    _folder: TempDir,
}

impl Run {
    async fn of(readers: usize, limits: [Limits; 2]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&folder.path().join("ledger.db")).unwrap());
        let list = List {
            id: "general".parse().unwrap(),
            name: "General".to_owned(),
            description: String::new(),
            lang: None,
            frequency: String::new(),
        };
        store.declare_lists(std::slice::from_ref(&list)).await.unwrap();
        let enrolment = |number| Enrolment {
            address: address(&format!("reader{number}@example.org")),
            name: None,
            standing: Standing::Confirmed,
            since: None,
            evidence: Evidence { channel: "import".to_owned(), detail: String::new() },
        };
        store.enrol(&list.id, (0..readers).map(enrolment).collect(), NOW).await.unwrap();
        let mailing = store.open_mailing(opening()).await.unwrap().mailing;
        store.take_up(mailing.id, "this boot", OnDoubt::Hold, NOW).await.unwrap();
        let relay = |(name, limits): (&str, Limits)| RelayRules { name: name.to_owned(), limits, window: None, warm_up: false };
        let rules = Rules {
            relays: ["first", "second"].into_iter().zip(limits).map(relay).collect(),
            providers: Providers::built_in(),
            window: None,
            zone: TimeZone::UTC,
            breaker: BreakerRules::default(),
        };
        let attendance = Attendance::new(Arc::new(FixedClock(NOW)), AMPLE);
        let errand = Errand { mailing: mailing.id, ahead: 4, zone: TimeZone::UTC, attendance };
        let (progress, clock) = (Arc::new(Progress::default()), Arc::new(FixedClock(NOW)));
        let roster = Roster::new([Part { duty: 1, weight: 1.0 }; 2]);
        let dispatch = Dispatch::new(Arc::clone(&store), clock, progress, errand, Gate::new(rules, &[], &[], &[], NOW), roster);
        let run = Self { dispatch, store, mailing, _folder: folder };
        run.begin().await;
        run
    }

    async fn begin(&self) {
        let waiting = self.store.waiting(self.mailing.id, Wave::Rest).await.unwrap();
        self.dispatch.begin(Wave::Rest, &waiting, NOW);
    }

    async fn next(&self, place: Place) -> Option<Delivery> {
        timeout(AMPLE, self.dispatch.next(place)).await.expect("nobody waits for ever")
    }

    /// Has a delivery settled with this fate, in the dispatcher and then in the ledger.
    async fn settle(&self, place: Place, delivery: &Delivery, fate: Fate) {
        let heard = Heard { attempt: delivery.attempt, fate, judgement: Judgement::Nothing, reply: None };
        self.dispatch.heard(place, &delivery.provider, heard);
        let mailing = self.mailing.id;
        let settled = Attempt {
            mailing,
            subscriber: delivery.subscriber,
            provider: delivery.provider.clone(),
            number: delivery.attempt,
            relay: "first".into(),
            at: NOW,
            stage: Stage::Message,
            reply: None,
            fault: None,
            fate,
            judgement: Judgement::Nothing,
            suppress: false,
        };
        self.store.note(Note { mailing, settled: None, submitting: Some(delivery.subscriber), at: NOW }).await.unwrap();
        self.store.note(Note { mailing, settled: Some(settled), submitting: None, at: NOW }).await.unwrap();
        self.dispatch.noted(&delivery.provider, Some(fate));
    }

    async fn is_over(&self, place: Place) -> bool {
        self.next(place).await.is_none()
    }
}

fn unlimited() -> [Limits; 2] {
    [Limits::default(), Limits::default()]
}

#[tokio::test]
async fn what_comes_back_last_finds_a_connection_that_still_waits() {
    let run = Run::of(1, unlimited()).await;
    let delivery = run.next(FIRST).await.unwrap();
    let (taken, ()) = tokio::join!(run.next(SECOND), async {
        tokio::task::yield_now().await;
        run.dispatch.relay_failed(0, "down".to_owned(), false);
        run.dispatch.put_back(FIRST, delivery);
    });
    let taken = taken.unwrap();
    run.settle(SECOND, &taken, Fate::Accepted).await;
    assert!(run.is_over(SECOND).await && run.is_over(FIRST).await, "and then all go home, the broken one too");
}

#[tokio::test]
async fn what_waits_again_is_claimed_again_within_the_round() {
    let run = Run::of(1, unlimited()).await;
    let delivery = run.next(FIRST).await.unwrap();
    let (again, ()) = tokio::join!(run.next(SECOND), run.settle(FIRST, &delivery, Fate::Queued));
    assert_eq!(again.unwrap().subscriber, delivery.subscriber);
}

#[tokio::test]
async fn the_last_relay_that_fails_ends_the_run_with_its_reason() {
    let run = Run::of(3, unlimited()).await;
    let delivery = run.next(FIRST).await.unwrap();
    run.dispatch.put_back(FIRST, delivery);
    run.dispatch.relay_failed(1, "down".to_owned(), true);
    assert!(!run.dispatch.has_ended());
    run.dispatch.relay_failed(0, "down as well".to_owned(), true);
    assert!(run.is_over(FIRST).await && run.is_over(SECOND).await);
    let (left, end, _) = run.dispatch.finish().await;
    assert_eq!(left.len(), 3, "all that was claimed goes back");
    assert!(matches!(end, Some(End::Halted(reason)) if reason == "down as well"));
}

#[tokio::test]
async fn a_relay_that_has_had_its_hour_sends_nobody_else_home() {
    let few = Limits { per_hour: Some(1), ..Limits::default() };
    let run = Run::of(20, [few, Limits::default()]).await;
    let first = run.next(FIRST).await.unwrap();
    run.settle(FIRST, &first, Fate::Accepted).await;
    let work = async {
        let mut carried = 0;
        while let Some(delivery) = run.next(SECOND).await {
            run.settle(SECOND, &delivery, Fate::Accepted).await;
            carried += 1;
        }
        carried
    };
    let (none, carried) = tokio::join!(run.next(FIRST), work);
    assert_eq!((none, carried), (None, 19));
    let (left, end, later) = run.dispatch.finish().await;
    assert!(left.is_empty() && end.is_none() && later.is_none(), "nothing is left for a limit to hold up: {later:?}");
}

#[tokio::test]
async fn a_limit_that_holds_up_everybody_ends_the_round_and_says_when_it_ends() {
    let few = Limits { per_hour: Some(1), ..Limits::default() };
    let run = Run::of(20, [few, few]).await;
    for place in [FIRST, SECOND] {
        let delivery = run.next(place).await.unwrap();
        run.settle(place, &delivery, Fate::Accepted).await;
    }
    assert!(run.is_over(FIRST).await && run.is_over(SECOND).await);
    let (left, _, later) = run.dispatch.finish().await;
    assert!(later.unwrap() > NOW + SignedDuration::from_mins(55), "{later:?}");
    run.store.release(run.mailing.id, &left).await.unwrap();
    let tally = run.store.tally(run.mailing.id).await.unwrap();
    assert_eq!((tally.accepted, tally.queued, tally.claimed), (2, 18, 0));
}

#[tokio::test]
async fn one_round_after_the_other_begins_afresh() {
    let run = Run::of(2, unlimited()).await;
    let scope = Scope::Relay("first".to_owned());
    let other = Scope::Relay("second".to_owned());
    let pause = Pause { since: NOW, until: None, reason: "a word".to_owned(), slow_to: None };
    run.dispatch.pause(&scope, pause.clone());
    run.dispatch.pause(&other, pause);
    assert!(run.is_over(FIRST).await && run.is_over(SECOND).await);
    let (left, ..) = run.dispatch.finish().await;
    run.store.release(run.mailing.id, &left).await.unwrap();

    run.dispatch.resume(&scope);
    run.begin().await;
    for _ in 0..2 {
        let delivery = run.next(FIRST).await.unwrap();
        run.settle(FIRST, &delivery, Fate::Accepted).await;
    }
    assert!(run.is_over(FIRST).await);
}

#[tokio::test]
async fn a_stop_between_claim_and_hand_over_leaves_nothing_claimed() {
    let run = Run::of(10, unlimited()).await;
    let delivery = run.next(FIRST).await.unwrap();
    run.dispatch.halt("it was cancelled".to_owned());
    assert!(run.is_over(SECOND).await && run.dispatch.next_at_once(FIRST).is_none());
    run.dispatch.put_back(FIRST, delivery);
    let (left, ..) = run.dispatch.finish().await;
    run.store.release(run.mailing.id, &left).await.unwrap();
    let tally = run.store.tally(run.mailing.id).await.unwrap();
    assert_eq!((tally.queued, tally.claimed), (10, 0));
}

#[tokio::test]
async fn a_node_that_may_have_been_taken_for_dead_begins_nothing() {
    let run = Run::of(8, [Limits::default(); 2]).await;
    run.next(FIRST).await.expect("somebody waits");
    assert!(run.dispatch.next_at_once(FIRST).is_some());
    run.dispatch.errand.attendance.falls_silent();
    assert!(run.dispatch.next_at_once(FIRST).is_none(), "what it has claimed may be another's");
    assert!(matches!(run.dispatch.look(FIRST), Next::Wait(Some(_))), "and it looks again");
}

#[tokio::test]
async fn what_was_begun_and_given_up_has_had_its_turn() {
    let slow = Limits { per_second: Some(1.0), ..Limits::default() };
    let run = Run::of(8, [slow; 2]).await;
    let delivery = run.next(FIRST).await.expect("somebody waits");
    run.dispatch.give_up(FIRST, &delivery.provider);
    run.dispatch.noted(&delivery.provider, None);
    assert!(run.dispatch.next_at_once(FIRST).is_none());
}
