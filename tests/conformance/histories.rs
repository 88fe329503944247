//! Whatever happens to a mailing, and in whatever order: its tallies are what its lines count.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use masthead::mailing::fate::OnDoubt;
use masthead::mailing::{Delivery, Fate, Judgement, Mailing, ProviderId};
use masthead::store::{Attempt, Claim, Opening, Store, Tally, Wave};
use masthead::subscription::{EmailAddress, Enrolment, Standing};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::newsroom::{at, attempt, enrolment, lines, list_id, opening, settle, settle_in, submit};

/// One thing that happens: what, and to which of those that it may happen to.
type Step = (u8, usize);

const READERS: usize = 12;

async fn enter_readers(store: &Arc<dyn Store>) {
    settle_in(store, 0).await;
    let domains = ["a.example", "b.example", "c.example"];
    let roll = (0..READERS).map(|number| {
        let address = EmailAddress::parse(&format!("reader{number}@{}", domains[number % 3])).unwrap();
        Enrolment { address, ..enrolment(number, Standing::Confirmed) }
    });
    store.enrol(&list_id("general"), roll.collect(), at(0)).await.unwrap();
}

async fn begin(store: &Arc<dyn Store>, number: usize) -> Mailing {
    let providers = vec![("a.example".to_owned(), ProviderId::new("a")), ("b.example".to_owned(), ProviderId::new("b"))];
    let opening = Opening { providers, canary: 3, ..opening(&format!("2014-12-history{number}"), &["general"]) };
    store.open_mailing(opening).await.unwrap().mailing
}

async fn happen(store: &Arc<dyn Store>, mailing: &Mailing, held: &mut Vec<Delivery>, step: Step) {
    let (what, which) = step;
    let provider = [ProviderId::new("a"), ProviderId::new("b"), ProviderId::other()][which % 3].clone();
    let wave = Wave::ALL[which % Wave::ALL.len()];
    let fates = [Fate::Accepted, Fate::Deferred { next_at: at(15) }, Fate::Refused, Fate::Expired, Fate::Doubtful, Fate::Queued];
    match what {
        0..=2 => held.extend(store.claim(Claim { mailing: mailing.id, provider, wave, most: 2, now: at(20) }).await.unwrap()),
        3 | 4 if !held.is_empty() => drop(submit(store, &held[which % held.len()]).await),
        5..=7 if !held.is_empty() => {
            let delivery = &held[which % held.len()];
            let tried = attempt(mailing.id, delivery.subscriber, fates[which % fates.len()]);
            let judgement = Judgement::ALL[which % Judgement::ALL.len()];
            drop(settle(store, Attempt { judgement, number: delivery.attempt, provider, ..tried }).await);
        }
        8 if !held.is_empty() => store.release(mailing.id, &[held[which % held.len()].subscriber]).await.unwrap(),
        9 => drop(store.take_up(mailing.id, ["a", "b"][which % 2], [OnDoubt::Hold, OnDoubt::Resend][which / 2 % 2], at(30)).await),
        10 => drop(store.retry(mailing.id, at(40)).await),
        11 => drop(store.finish(mailing.id, at(50)).await),
        12 if which == 0 => drop(store.cancel(mailing.id, at(45)).await),
        _ => {}
    }
}

fn counted<'a>(fates: impl Iterator<Item = &'a str>) -> BTreeMap<String, u64> {
    fates.fold(BTreeMap::new(), |mut counts, fate| {
        *counts.entry(fate.to_owned()).or_default() += 1;
        counts
    })
}

fn told(tally: &Tally) -> BTreeMap<String, u64> {
    let serde_json::Value::Object(fields) = serde_json::to_value(tally).unwrap() else { panic!("a tally is an object") };
    fields.into_iter().filter_map(|(fate, many)| Some((fate, many.as_u64().filter(|many| *many > 0)?))).collect()
}

async fn adds_up(store: &Arc<dyn Store>, mailing: &Mailing) {
    let lines = lines(store, mailing).await;
    let wanted = counted(lines.iter().map(|line| line.fate.word()));
    assert_eq!(told(&store.tally(mailing.id).await.unwrap()), wanted);
    for (provider, tally) in store.tallies(mailing.id).await.unwrap() {
        let of_it = lines.iter().filter(|line| match line.address.domain() {
            "a.example" => provider.as_str() == "a",
            "b.example" => provider.as_str() == "b",
            _ => provider == ProviderId::other(),
        });
        assert_eq!(told(&tally), counted(of_it.map(|line| line.fate.word())), "{provider}");
    }
    let waiting = store.waiting(mailing.id, Wave::Rest).await.unwrap();
    assert_eq!(waiting.iter().map(|waiting| waiting.queued).sum::<u64>(), wanted.get("queued").copied().unwrap_or(0));
}

pub(crate) async fn tallies_are_what_the_lines_count(store: Arc<dyn Store>) {
    enter_readers(&store).await;
    let runtime = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| {
        let config = Config { cases: 24, failure_persistence: None, ..Config::default() };
        let number = Cell::new(0);
        TestRunner::new(config)
            .run(&prop::collection::vec((0_u8..13, 0_usize..24), 1..40), |history| {
                number.set(number.get() + 1);
                runtime.block_on(async {
                    let mailing = begin(&store, number.get()).await;
                    let mut held = Vec::new();
                    for step in history {
                        happen(&store, &mailing, &mut held, step).await;
                        adds_up(&store, &mailing).await;
                    }
                });
                Ok(())
            })
            .unwrap();
    });
}
