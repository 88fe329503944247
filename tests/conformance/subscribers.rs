//! What is promised of readers, lists and consent.

use std::sync::Arc;

use masthead::mailing::Fate;
use masthead::store::{Enrolled, ListTally, Store, StoreError};
use masthead::subscription::{EmailAddress, Enrolment, List, ListId, PersonName, Standing, SubscriberId};

use crate::newsroom::{
    address, at, claim, enrol, enrolment, evidence, hand_over, leave, list, list_id, list_ids, open, opening, roll, settle_in, suppress,
};

async fn tally(store: &Arc<dyn Store>, list: &str) -> ListTally {
    store.lists().await.unwrap().into_iter().find(|tally| tally.list.id.as_str() == list).unwrap()
}

async fn standings(store: &Arc<dyn Store>, number: usize) -> Vec<(ListId, Standing)> {
    let Some(dossier) = store.dossier(&address(number)).await.unwrap() else { return Vec::new() };
    dossier.reader.subscriptions.into_iter().map(|subscription| (subscription.list, subscription.standing)).collect()
}

fn named(number: usize, name: &str) -> Enrolment {
    Enrolment { name: Some(PersonName::parse(name).unwrap()), ..enrolment(number, Standing::Confirmed) }
}

async fn name_of(store: &Arc<dyn Store>, number: usize) -> Option<PersonName> {
    store.dossier(&address(number)).await.unwrap().unwrap().reader.subscriber.name
}

pub(crate) async fn a_declared_list_is_known_and_may_be_renamed(store: Arc<dyn Store>) {
    store.declare_lists(&[list("general"), list("extra")]).await.unwrap();
    let before = tally(&store, "extra").await;
    let renamed = List { name: "Something else".to_owned(), lang: Some("es".to_owned()), frequency: String::new(), ..list("extra") };
    store.declare_lists(&[renamed.clone(), list("third")]).await.unwrap();
    let after = tally(&store, "extra").await;
    assert_eq!(after, ListTally { list: renamed, ..before });
    assert_eq!(store.lists().await.unwrap().len(), 3);
}

pub(crate) async fn a_list_that_is_declared_no_more_keeps_its_readers(store: Arc<dyn Store>) {
    settle_in(&store, 2).await;
    store.declare_lists(&[list("extra")]).await.unwrap();
    assert_eq!(tally(&store, "general").await.confirmed, 2);
}

pub(crate) async fn a_list_counts_who_stands_where(store: Arc<dyn Store>) {
    settle_in(&store, 5).await;
    enrol(&store, "general", 6, Standing::Pending).await;
    leave(&store, 1, Some("general")).await;
    suppress(&store, 2).await;
    let tally = tally(&store, "general").await;
    assert_eq!((tally.pending, tally.confirmed, tally.ended), (1, 3, 1));
}

pub(crate) async fn outcomes_come_in_the_order_of_the_roll(store: Arc<dyn Store>) {
    settle_in(&store, 2).await;
    leave(&store, 2, None).await;
    let mixed = roll([3, 1, 2, 3], Standing::Confirmed);
    let outcomes = store.enrol(&list_id("general"), mixed, at(1)).await.unwrap();
    assert_eq!(outcomes, [Enrolled::Entered, Enrolled::AlreadyThere, Enrolled::LeftBefore, Enrolled::AlreadyThere]);
}

pub(crate) async fn two_spellings_of_an_address_are_one_reader(store: Arc<dyn Store>) {
    settle_in(&store, 0).await;
    let spelled = |text: &str| Enrolment { address: EmailAddress::parse(text).unwrap(), ..enrolment(1, Standing::Confirmed) };
    let both = vec![spelled("Mary.Major@example.org"), spelled("mary.major@EXAMPLE.org")];
    let outcomes = store.enrol(&list_id("general"), both, at(1)).await.unwrap();
    assert_eq!(outcomes, [Enrolled::Entered, Enrolled::AlreadyThere]);
    let readers = store.readers(None, SubscriberId(0), 10).await.unwrap();
    assert_eq!(readers.len(), 1);
    assert_eq!(readers[0].subscriber.address.as_str(), "Mary.Major@example.org");
}

pub(crate) async fn a_suppressed_address_is_never_entered(store: Arc<dyn Store>) {
    settle_in(&store, 0).await;
    suppress(&store, 1).await;
    assert_eq!(enrol(&store, "general", 1, Standing::Confirmed).await, Enrolled::Suppressed);
    let asked = store.subscribe(&list_id("general"), enrolment(1, Standing::Confirmed), at(5)).await.unwrap();
    assert_eq!(asked, Enrolled::Suppressed);
    assert_eq!(standings(&store, 1).await, [(list_id("trial"), Standing::Ended)]);
}

pub(crate) async fn a_departure_is_noted_even_of_a_suppressed_reader(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    suppress(&store, 1).await;
    assert_eq!(enrol(&store, "general", 1, Standing::Ended).await, Enrolled::Changed);
    assert!(standings(&store, 1).await.contains(&(list_id("general"), Standing::Ended)));
}

pub(crate) async fn a_roll_revives_nobody(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    leave(&store, 1, None).await;
    for standing in [Standing::Pending, Standing::Confirmed] {
        assert_eq!(enrol(&store, "general", 1, standing).await, Enrolled::LeftBefore);
    }
    assert_eq!(standings(&store, 1).await, [(list_id("general"), Standing::Ended)]);
}

pub(crate) async fn a_reader_who_asks_begins_anew(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    leave(&store, 1, None).await;
    let outcome = store.subscribe(&list_id("general"), enrolment(1, Standing::Confirmed), at(50)).await.unwrap();
    assert_eq!(outcome, Enrolled::Entered);
    let subscription = store.dossier(&address(1)).await.unwrap().unwrap().reader.subscriptions.remove(0);
    assert_eq!((subscription.standing, subscription.since), (Standing::Confirmed, at(50)));
}

pub(crate) async fn pending_never_replaces_confirmed(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    assert_eq!(enrol(&store, "general", 1, Standing::Pending).await, Enrolled::AlreadyThere);
    let asked = store.subscribe(&list_id("general"), enrolment(1, Standing::Pending), at(5)).await.unwrap();
    assert_eq!(asked, Enrolled::AlreadyThere);
    assert_eq!(standings(&store, 1).await, [(list_id("general"), Standing::Confirmed)]);
}

pub(crate) async fn a_roll_confirms_who_was_pending(store: Arc<dyn Store>) {
    settle_in(&store, 0).await;
    assert_eq!(enrol(&store, "general", 1, Standing::Pending).await, Enrolled::Entered);
    assert_eq!(enrol(&store, "general", 1, Standing::Confirmed).await, Enrolled::Changed);
    assert_eq!(standings(&store, 1).await, [(list_id("general"), Standing::Confirmed)]);
}

pub(crate) async fn a_roll_records_departures(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    assert_eq!(enrol(&store, "general", 1, Standing::Ended).await, Enrolled::Changed);
    assert_eq!(enrol(&store, "general", 1, Standing::Ended).await, Enrolled::AlreadyThere);
    assert_eq!(enrol(&store, "general", 2, Standing::Ended).await, Enrolled::Entered);
    assert_eq!(enrol(&store, "general", 2, Standing::Confirmed).await, Enrolled::LeftBefore);
}

pub(crate) async fn every_change_of_standing_leaves_its_evidence(store: Arc<dyn Store>) {
    settle_in(&store, 0).await;
    let asked = Enrolment { since: Some(at(-900)), evidence: evidence("line 1"), ..enrolment(1, Standing::Pending) };
    store.enrol(&list_id("general"), vec![asked], at(1)).await.unwrap();
    let confirmed = Enrolment { evidence: evidence("line 2"), ..enrolment(1, Standing::Confirmed) };
    store.enrol(&list_id("general"), vec![confirmed.clone()], at(2)).await.unwrap();
    store.unsubscribe(&address(1), None, evidence("line 3"), at(3)).await.unwrap();
    let anew = Enrolment { evidence: evidence("line 4"), ..confirmed };
    store.subscribe(&list_id("general"), anew, at(4)).await.unwrap();
    let consents = store.dossier(&address(1)).await.unwrap().unwrap().consents;
    let told: Vec<_> = consents.iter().map(|line| (line.at, line.standing, line.since, line.evidence.clone())).collect();
    assert_eq!(
        told,
        [
            (at(1), Standing::Pending, Some(at(-900)), evidence("line 1")),
            (at(2), Standing::Confirmed, None, evidence("line 2")),
            (at(3), Standing::Ended, None, evidence("line 3")),
            (at(4), Standing::Confirmed, None, evidence("line 4")),
        ]
    );
    assert!(consents.iter().all(|line| line.list == list_id("general")));
}

pub(crate) async fn what_changes_nothing_leaves_no_consent_line(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    enrol(&store, "general", 1, Standing::Confirmed).await;
    enrol(&store, "general", 1, Standing::Pending).await;
    leave(&store, 1, Some("extra")).await;
    assert_eq!(store.dossier(&address(1)).await.unwrap().unwrap().consents.len(), 1);
    leave(&store, 1, None).await;
    leave(&store, 1, None).await;
    enrol(&store, "general", 1, Standing::Confirmed).await;
    assert_eq!(store.dossier(&address(1)).await.unwrap().unwrap().consents.len(), 2);
}

pub(crate) async fn a_name_fills_a_gap_and_replaces_none(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    assert_eq!(name_of(&store, 1).await, None);
    for name in ["Mary Major", "Somebody Else"] {
        store.enrol(&list_id("general"), vec![named(1, name)], at(1)).await.unwrap();
        assert_eq!(name_of(&store, 1).await, Some(PersonName::parse("Mary Major").unwrap()));
    }
}

pub(crate) async fn a_roll_for_an_unknown_list_enters_nobody(store: Arc<dyn Store>) {
    settle_in(&store, 0).await;
    let outcome = store.enrol(&list_id("nowhere"), roll(1..=3, Standing::Confirmed), at(1)).await;
    assert!(matches!(outcome, Err(StoreError::Unknown(_))), "{outcome:?}");
    assert!(store.readers(None, SubscriberId(0), 10).await.unwrap().is_empty());
}

pub(crate) async fn leaving_ends_one_list_or_all_and_says_which(store: Arc<dyn Store>) {
    settle_in(&store, 2).await;
    for number in 1..=2 {
        enrol(&store, "extra", number, Standing::Pending).await;
    }
    assert_eq!(leave(&store, 1, Some("extra")).await, list_ids(&["extra"]));
    assert_eq!(leave(&store, 1, None).await, list_ids(&["general"]));
    assert_eq!(leave(&store, 2, None).await, list_ids(&["general", "extra"]));
    assert!(leave(&store, 2, None).await.is_empty());
    assert!(standings(&store, 2).await.iter().all(|(_, standing)| *standing == Standing::Ended));
}

pub(crate) async fn an_unknown_address_leaves_nothing(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    assert!(leave(&store, 7, None).await.is_empty());
    assert!(store.dossier(&address(7)).await.unwrap().is_none());
}

pub(crate) async fn a_dossier_holds_all_that_is_known(store: Arc<dyn Store>) {
    settle_in(&store, 0).await;
    let entered = Enrolment { since: Some(at(-500)), ..named(1, "Mary Major") };
    store.enrol(&list_id("general"), vec![entered], at(1)).await.unwrap();
    for id in ["2014-11", "2014-12"] {
        let mailing = open(&store, id, &["general"]).await;
        let delivery = claim(&store, &mailing, 1).await.remove(0);
        hand_over(&store, &delivery, Fate::Accepted).await;
    }
    suppress(&store, 1).await;
    let dossier = store.dossier(&address(1)).await.unwrap().unwrap();
    assert_eq!(dossier.reader.subscriber.address, address(1));
    assert_eq!(dossier.reader.subscriber.since, at(-500));
    assert!(dossier.reader.suppressed);
    assert_eq!(dossier.reader.subscriptions.len(), 2);
    let suppression = dossier.suppression.unwrap();
    assert_eq!(suppression.at, at(30));
    assert!(suppression.reason.contains("550 5.1.1 no such person"), "{}", suppression.reason);
    assert_eq!(dossier.consents.len(), 3);
    let issues: Vec<_> = dossier.deliveries.iter().map(|line| line.issue.as_str()).collect();
    assert_eq!(issues, ["2001-01-trial1", "2014-12", "2014-11"]);
}

pub(crate) async fn nobody_has_a_dossier_unasked(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    let dossier = store.dossier(&address(1)).await.unwrap().unwrap();
    assert!(!dossier.reader.suppressed);
    assert_eq!(dossier.suppression, None);
    assert!(dossier.deliveries.is_empty());
    assert!(store.dossier(&address(2)).await.unwrap().is_none());
}

pub(crate) async fn pages_of_readers_are_complete_and_in_order(store: Arc<dyn Store>) {
    settle_in(&store, 25).await;
    let (mut seen, mut after) = (Vec::new(), SubscriberId(0));
    loop {
        let page = store.readers(None, after, 10).await.unwrap();
        assert!(page.len() <= 10);
        let Some(last) = page.last() else { break };
        after = last.subscriber.id;
        seen.extend(page.into_iter().map(|reader| reader.subscriber));
    }
    assert!(seen.is_sorted_by(|a, b| a.id < b.id));
    let addresses: Vec<_> = seen.into_iter().map(|subscriber| subscriber.address).collect();
    assert_eq!(addresses, (1..=25).map(address).collect::<Vec<_>>());
}

pub(crate) async fn pages_of_one_list_hold_its_readers_only(store: Arc<dyn Store>) {
    settle_in(&store, 6).await;
    for number in [2, 4, 5] {
        enrol(&store, "extra", number, Standing::Pending).await;
    }
    let first = store.readers(Some(&list_id("extra")), SubscriberId(0), 2).await.unwrap();
    let rest = store.readers(Some(&list_id("extra")), first[1].subscriber.id, 2).await.unwrap();
    let addresses: Vec<_> = first.iter().chain(&rest).map(|reader| reader.subscriber.address.clone()).collect();
    assert_eq!(addresses, [address(2), address(4), address(5)]);
    assert!(first.iter().all(|reader| reader.subscriptions.len() == 2));
}

pub(crate) async fn the_audience_counts_each_reader_once(store: Arc<dyn Store>) {
    settle_in(&store, 4).await;
    for number in [1, 5] {
        enrol(&store, "extra", number, Standing::Confirmed).await;
    }
    enrol(&store, "extra", 6, Standing::Pending).await;
    leave(&store, 2, None).await;
    suppress(&store, 3).await;
    assert_eq!(store.audience(&list_ids(&["general"])).await.unwrap(), 2);
    assert_eq!(store.audience(&list_ids(&["general", "extra"])).await.unwrap(), 3);
    assert_eq!(store.audience(&[]).await.unwrap(), 0);
    let mailing = store.open_mailing(opening("2014-12", &["general", "extra"])).await.unwrap().mailing;
    assert_eq!(store.tally(mailing.id).await.unwrap().queued, 3);
}
