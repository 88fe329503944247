//! What is promised of providers and waves: who is told apart, whose turn comes when, who joins late.

use std::sync::Arc;

use masthead::mailing::fate::OnDoubt;
use masthead::mailing::{Fate, Mailing, MailingId, ProviderId};
use masthead::store::{Claim, Latecomers, Opening, Store, StoreError, Waiting, Wave};
use masthead::subscription::{EmailAddress, Enrolment, Standing};

use crate::newsroom::{
    address, at, claim, edition, enrol, enrolment, fates, hand_over, issue, leave, lines, list_id, opening, settle_in, suppress,
};

fn google() -> ProviderId {
    ProviderId::new("google")
}

fn at_domain(number: usize, domain: &str) -> Enrolment {
    let address = EmailAddress::parse(&format!("reader{number}@{domain}")).unwrap();
    Enrolment { address, ..enrolment(number, Standing::Confirmed) }
}

/// Opens a mailing whose table knows that `gmail.example` is Google's.
async fn open_with(store: &Arc<dyn Store>, opening: Opening) -> Mailing {
    let providers = vec![("gmail.example".to_owned(), google())];
    store.open_mailing(Opening { providers, ..opening }).await.unwrap().mailing
}

/// Two readers at Google, then one elsewhere.
async fn settle_in_at_two_providers(store: &Arc<dyn Store>) {
    settle_in(store, 0).await;
    let roll = vec![at_domain(1, "gmail.example"), at_domain(2, "GMAIL.example"), at_domain(3, "sub.gmail.example")];
    store.enrol(&list_id("general"), roll, at(0)).await.unwrap();
}

async fn claim_of(store: &Arc<dyn Store>, mailing: &Mailing, provider: ProviderId, wave: Wave) -> Vec<String> {
    let claim = Claim { mailing: mailing.id, provider, wave, most: 100, now: at(20) };
    store.claim(claim).await.unwrap().into_iter().map(|delivery| delivery.address.local().to_owned()).collect()
}

async fn waits(store: &Arc<dyn Store>, mailing: &Mailing, wave: Wave) -> Vec<(String, u64, u64)> {
    let waiting = store.waiting(mailing.id, wave).await.unwrap();
    waiting.into_iter().map(|Waiting { provider, queued, deferred, .. }| (provider.to_string(), queued, deferred)).collect()
}

pub(crate) async fn a_provider_is_known_by_the_exact_domain(store: Arc<dyn Store>) {
    settle_in_at_two_providers(&store).await;
    let mailing = open_with(&store, opening("2014-12", &["general"])).await;
    assert_eq!(waits(&store, &mailing, Wave::Rest).await, [("google".to_owned(), 2, 0), ("other".to_owned(), 1, 0)]);
}

pub(crate) async fn a_claim_takes_from_one_provider_only(store: Arc<dyn Store>) {
    settle_in_at_two_providers(&store).await;
    let mailing = open_with(&store, opening("2014-12", &["general"])).await;
    assert_eq!(claim_of(&store, &mailing, google(), Wave::Rest).await, ["reader1", "reader2"]);
    assert!(claim_of(&store, &mailing, google(), Wave::Rest).await.is_empty());
    assert!(claim_of(&store, &mailing, ProviderId::new("nobody"), Wave::Rest).await.is_empty());
    let elsewhere = claim(&store, &mailing, 9).await;
    assert_eq!((elsewhere.len(), elsewhere[0].provider.clone()), (1, ProviderId::other()));
}

pub(crate) async fn what_waits_is_told_with_its_time(store: Arc<dyn Store>) {
    settle_in(&store, 3).await;
    let mailing = open_with(&store, opening("2014-12", &["general"])).await;
    for (delivery, due) in claim(&store, &mailing, 2).await.iter().zip([600, 300]) {
        hand_over(&store, delivery, Fate::Deferred { next_at: at(due) }).await;
    }
    let other = ProviderId::other();
    let wanted = Waiting { provider: other.clone(), queued: 1, deferred: 2, next_due: Some(at(300)) };
    assert_eq!(store.waiting(mailing.id, Wave::Rest).await.unwrap(), [wanted]);
    let no_more_queued = Waiting { provider: other, queued: 0, deferred: 2, next_due: Some(at(300)) };
    assert_eq!(store.waiting(mailing.id, Wave::Canary).await.unwrap(), [no_more_queued]);
}

pub(crate) async fn nothing_waits_where_all_is_at_rest(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    let mailing = open_with(&store, opening("2014-12", &["general"])).await;
    hand_over(&store, &claim(&store, &mailing, 1).await[0], Fate::Accepted).await;
    assert!(store.waiting(mailing.id, Wave::Rest).await.unwrap().is_empty());
}

pub(crate) async fn seeds_come_first_and_on_account_of_their_list(store: Arc<dyn Store>) {
    settle_in(&store, 3).await;
    enrol(&store, "extra", 3, Standing::Confirmed).await;
    enrol(&store, "extra", 4, Standing::Confirmed).await;
    enrol(&store, "extra", 5, Standing::Pending).await;
    let mailing = open_with(&store, Opening { seeds: Some(list_id("extra")), ..opening("2014-12", &["general"]) }).await;
    let accounts: Vec<_> = lines(&store, &mailing).await.into_iter().map(|line| (line.address, line.list)).collect();
    let general = [1, 2, 3].map(|number| (address(number), list_id("general")));
    assert_eq!(accounts, [&general[..], &[(address(4), list_id("extra"))]].concat());
    assert_eq!(claim_of(&store, &mailing, ProviderId::other(), Wave::Seeds).await, ["reader3", "reader4"]);
    assert!(claim_of(&store, &mailing, ProviderId::other(), Wave::Canary).await.is_empty());
    assert_eq!(claim_of(&store, &mailing, ProviderId::other(), Wave::Rest).await, ["reader1", "reader2"]);
}

pub(crate) async fn a_suppressed_seed_is_withheld(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    enrol(&store, "extra", 2, Standing::Confirmed).await;
    suppress(&store, 2).await;
    let mailing = open_with(&store, Opening { seeds: Some(list_id("extra")), ..opening("2014-12", &["general"]) }).await;
    assert_eq!(fates(&store, &mailing).await, [Fate::Queued, Fate::Withheld]);
}

pub(crate) async fn the_canary_is_spread_evenly(store: Arc<dyn Store>) {
    settle_in(&store, 100).await;
    let mailing = open_with(&store, Opening { canary: 4, ..opening("2014-12", &["general"]) }).await;
    assert_eq!(waits(&store, &mailing, Wave::Canary).await, [("other".to_owned(), 4, 0)]);
    let chosen = claim_of(&store, &mailing, ProviderId::other(), Wave::Canary).await;
    assert_eq!(chosen, ["reader25", "reader50", "reader75", "reader100"]);
}

pub(crate) async fn a_canary_larger_than_the_list_is_everybody(store: Arc<dyn Store>) {
    settle_in(&store, 3).await;
    let mailing = open_with(&store, Opening { canary: 200, ..opening("2014-12", &["general"]) }).await;
    assert_eq!(waits(&store, &mailing, Wave::Canary).await, [("other".to_owned(), 3, 0)]);
}

pub(crate) async fn a_deferred_canary_is_due_whatever_the_wave(store: Arc<dyn Store>) {
    settle_in(&store, 2).await;
    let mailing = open_with(&store, opening("2014-12", &["general"])).await;
    let first = claim(&store, &mailing, 1).await;
    hand_over(&store, &first[0], Fate::Deferred { next_at: at(15) }).await;
    assert_eq!(claim_of(&store, &mailing, ProviderId::other(), Wave::Seeds).await, ["reader1"]);
}

pub(crate) async fn a_mailing_remembers_that_some_get_it_first(store: Arc<dyn Store>) {
    settle_in(&store, 2).await;
    let plain = open_with(&store, opening("2014-10", &["general"])).await;
    let seeded = open_with(&store, Opening { seeds: Some(list_id("extra")), ..opening("2014-11", &["general"]) }).await;
    let canaried = open_with(&store, Opening { canary: 1, ..opening("2014-12", &["general"]) }).await;
    assert_eq!([plain.is_canaried, seeded.is_canaried, canaried.is_canaried], [false, true, true]);
    claim_of(&store, &canaried, ProviderId::other(), Wave::Canary).await;
    assert!(waits(&store, &canaried, Wave::Canary).await.is_empty());
    assert!(store.mailing(&issue("2014-12")).await.unwrap().unwrap().is_canaried, "also when nobody of the canary waits any more");
}

pub(crate) async fn the_canary_has_its_time(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    let mailing = open_with(&store, opening("2014-12", &["general"])).await;
    assert_eq!(mailing.canary_until, None);
    store.canary_sent(mailing.id, at(900)).await.unwrap();
    assert_eq!(store.mailing(&issue("2014-12")).await.unwrap().unwrap().canary_until, Some(at(900)));
}

/// Those who joined a list since a second, at another.
pub(crate) fn late(mailing: MailingId, list: &str, since: i64, providers: &[(String, ProviderId)], second: i64) -> Latecomers {
    Latecomers { mailing, list: list_id(list), since: at(since), providers: providers.to_vec(), at: at(second) }
}

pub(crate) async fn those_who_joined_since_are_added(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    let mailing = open_with(&store, opening("2014-12", &["general"])).await;
    store.enrol(&list_id("extra"), vec![enrolment(2, Standing::Confirmed)], at(39)).await.unwrap();
    store.enrol(&list_id("extra"), vec![enrolment(3, Standing::Pending)], at(40)).await.unwrap();
    let two = vec![enrolment(1, Standing::Confirmed), at_domain(4, "gmail.example")];
    store.enrol(&list_id("extra"), two, at(40)).await.unwrap();
    let providers = [("gmail.example".to_owned(), google())];
    assert_eq!(store.extend(late(mailing.id, "extra", 40, &providers, 50)).await.unwrap(), 1);
    assert_eq!(store.extend(late(mailing.id, "extra", 40, &providers, 51)).await.unwrap(), 0);
    assert_eq!(claim_of(&store, &mailing, google(), Wave::Rest).await, ["reader4"]);
    assert_eq!(lines(&store, &mailing).await[1].list, list_id("extra"));
}

pub(crate) async fn a_finished_mailing_is_reopened_for_those_who_joined_since(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    let mailing = open_with(&store, opening("2014-12", &["general"])).await;
    hand_over(&store, &claim(&store, &mailing, 1).await[0], Fate::Accepted).await;
    assert!(store.finish(mailing.id, at(90)).await.unwrap());
    assert_eq!(store.extend(late(mailing.id, "general", 91, &[], 92)).await.unwrap(), 0);
    assert!(store.mailing(&issue("2014-12")).await.unwrap().unwrap().finished_at.is_some());
    store.enrol(&list_id("general"), vec![enrolment(2, Standing::Confirmed)], at(91)).await.unwrap();
    assert_eq!(store.extend(late(mailing.id, "general", 91, &[], 92)).await.unwrap(), 1);
    assert_eq!(store.mailing(&issue("2014-12")).await.unwrap().unwrap().finished_at, None);
    assert!(!store.finish(mailing.id, at(93)).await.unwrap());
}

pub(crate) async fn a_late_reader_who_left_again_is_withheld(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    let mailing = open_with(&store, opening("2014-12", &["general"])).await;
    store.enrol(&list_id("extra"), vec![enrolment(2, Standing::Confirmed)], at(40)).await.unwrap();
    store.extend(late(mailing.id, "extra", 40, &[], 50)).await.unwrap();
    leave(&store, 2, Some("extra")).await;
    assert_eq!(claim(&store, &mailing, 9).await.len(), 1);
    assert_eq!(fates(&store, &mailing).await, [Fate::Claimed, Fate::Withheld]);
}

pub(crate) async fn calls_about_an_unknown_mailing_are_refused(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    let nowhere = MailingId(7);
    let refusals = [
        store.extend(late(nowhere, "general", 0, &[], 1)).await.map(|_| ()),
        store.take_up(nowhere, "boot", OnDoubt::Hold, at(1)).await.map(|_| ()),
        store.canary_sent(nowhere, at(1)).await,
        store.cancel(nowhere, at(1)).await.map(|_| ()),
        store.retry(nowhere, at(1)).await.map(|_| ()),
    ];
    for (place, refusal) in refusals.into_iter().enumerate() {
        assert!(matches!(refusal, Err(StoreError::Unknown(_))), "{place}: {refusal:?}");
    }
    assert_eq!(store.edition(&edition("2014-12").hash).await.unwrap(), None);
}
