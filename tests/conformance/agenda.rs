//! What is promised of the agenda: proofs, approvals, holds, and what is told once.

use std::sync::Arc;

use masthead::store::{Approval, Frozen, Hold, HoldCause, Means, Proof, Store, StoreError};
use masthead::subscription::EmailAddress;
use tokio::task::JoinSet;

use crate::newsroom::{archived, at, edition, issue, list_ids, open, opening, settle_in};

/// What a mailing of this edition would be made of; `edition` stands for its hash.
fn frozen(id: &str, hash: &str) -> Frozen {
    let mut edition = edition(id);
    hash.clone_into(&mut edition.hash);
    Frozen { edition, archived: archived(id), lists: list_ids(&["general", "extra"]) }
}

fn proof(id: &str, hash: &str, seconds: i64) -> Proof {
    Proof { issue: issue(id), edition: hash.to_owned(), draft: format!("draft of {hash}"), at: at(seconds) }
}

async fn show(store: &Arc<dyn Store>, id: &str, hash: &str, seconds: i64) -> Proof {
    let proof = proof(id, hash, seconds);
    store.show(proof.clone(), frozen(id, hash)).await.unwrap();
    proof
}

fn approval(id: &str, hash: &str, editor: &str, seconds: i64) -> Approval {
    let editor = EmailAddress::parse(editor).unwrap();
    Approval { issue: issue(id), edition: hash.to_owned(), editor, at: at(seconds), means: Means::Link }
}

fn hold(id: &str, cause: HoldCause, reason: &str, seconds: i64) -> Hold {
    Hold { issue: issue(id), since: at(seconds), reason: reason.to_owned(), cause }
}

pub(crate) async fn the_latest_proof_comes_first_whatever_the_clock_said(store: Arc<dyn Store>) {
    let first = show(&store, "2014-12", "one", 50).await;
    let second = show(&store, "2014-12", "two", 40).await;
    show(&store, "2015-01", "three", 60).await;
    assert_eq!(store.proofs(&issue("2014-12")).await.unwrap(), [second, first]);
    assert_eq!(store.proofs(&issue("2016-01")).await.unwrap(), []);
}

pub(crate) async fn what_is_shown_again_is_the_latest_proof_again(store: Arc<dyn Store>) {
    show(&store, "2014-12", "one", 10).await;
    let second = show(&store, "2014-12", "two", 20).await;
    let again = show(&store, "2014-12", "one", 30).await;
    assert_eq!(store.proofs(&issue("2014-12")).await.unwrap(), [again, second]);
    assert_eq!(store.frozen(&issue("2014-12")).await.unwrap(), Some(frozen("2014-12", "one")));
}

pub(crate) async fn t15_the_latest_proof_can_be_mailed_as_it_was_shown(store: Arc<dyn Store>) {
    settle_in(&store, 2).await;
    assert_eq!(store.frozen(&issue("2014-12")).await.unwrap(), None);
    show(&store, "2014-12", "one", 10).await;
    let kept = store.frozen(&issue("2014-12")).await.unwrap().unwrap();
    assert_eq!(kept, frozen("2014-12", "one"));
    let opening = masthead::store::Opening { edition: kept.edition, archived: kept.archived, ..opening("2014-12", &["general"]) };
    assert_eq!(store.open_mailing(opening).await.unwrap().mailing.edition, "one");
}

pub(crate) async fn what_a_later_proof_replaced_is_thawed(store: Arc<dyn Store>) {
    show(&store, "2014-12", "one", 10).await;
    show(&store, "2014-12", "two", 20).await;
    assert_eq!(store.edition("one").await.unwrap(), None);
    assert_eq!(store.edition("two").await.unwrap(), Some(frozen("2014-12", "two").edition));
    assert_eq!(store.proofs(&issue("2014-12")).await.unwrap().len(), 2);
}

pub(crate) async fn what_was_approved_or_mailed_stays_frozen(store: Arc<dyn Store>) {
    settle_in(&store, 2).await;
    show(&store, "2014-12", "approved", 10).await;
    store.approve(approval("2014-12", "approved", "ada@example.org", 15)).await.unwrap();
    let mailing = open(&store, "2014-12", &["general"]).await;
    show(&store, "2014-12", &mailing.edition, 20).await;
    show(&store, "2014-12", "latest", 30).await;
    for hash in ["approved", &mailing.edition, "latest"] {
        assert!(store.edition(hash).await.unwrap().is_some(), "{hash}");
    }
}

pub(crate) async fn an_approval_counts_once_however_it_is_spelt(store: Arc<dyn Store>) {
    show(&store, "2014-12", "one", 10).await;
    assert!(store.approve(approval("2014-12", "one", "ada@example.org", 20)).await.unwrap());
    let again = Approval { means: Means::Command, ..approval("2014-12", "one", "Ada@Example.org", 30) };
    assert!(!store.approve(again).await.unwrap());
    assert!(store.approve(approval("2014-12", "one", "bea@example.org", 25)).await.unwrap());
    let told = store.approvals(&issue("2014-12")).await.unwrap();
    assert_eq!(told, [approval("2014-12", "one", "ada@example.org", 20), approval("2014-12", "one", "bea@example.org", 25)]);
}

pub(crate) async fn approvals_are_of_one_edition_and_one_issue(store: Arc<dyn Store>) {
    show(&store, "2014-12", "one", 10).await;
    show(&store, "2014-12", "two", 20).await;
    show(&store, "2015-01", "three", 30).await;
    store.approve(approval("2014-12", "one", "ada@example.org", 40)).await.unwrap();
    assert!(store.approve(approval("2014-12", "two", "ada@example.org", 50)).await.unwrap(), "another edition");
    let of: Vec<String> = store.approvals(&issue("2014-12")).await.unwrap().into_iter().map(|given| given.edition).collect();
    assert_eq!(of, ["one", "two"]);
    assert_eq!(store.approvals(&issue("2015-01")).await.unwrap(), []);
}

pub(crate) async fn what_was_never_shown_cannot_be_approved(store: Arc<dyn Store>) {
    show(&store, "2014-12", "one", 10).await;
    for (id, hash) in [("2014-12", "two"), ("2015-01", "one")] {
        let refused = store.approve(approval(id, hash, "ada@example.org", 20)).await;
        assert!(matches!(refused, Err(StoreError::Unknown(_))), "{id} {hash}: {refused:?}");
    }
    assert_eq!(store.approvals(&issue("2014-12")).await.unwrap(), []);
}

pub(crate) async fn a_held_issue_gets_no_mailing_until_it_is_let_go(store: Arc<dyn Store>) {
    settle_in(&store, 2).await;
    assert!(store.hold(hold("2014-12", HoldCause::Person, "the cover is wrong", 10)).await.unwrap());
    let refused = store.open_mailing(opening("2014-12", &["general"])).await;
    assert!(matches!(&refused, Err(StoreError::Unknown(why)) if why.contains("the cover is wrong")), "{refused:?}");
    assert_eq!(store.mailing(&issue("2014-12")).await.unwrap(), None);
    assert!(store.open_mailing(opening("2015-01", &["general"])).await.unwrap().is_new, "another issue is free");
    store.lift(&issue("2014-12"), at(20)).await.unwrap();
    assert!(store.open_mailing(opening("2014-12", &["general"])).await.unwrap().is_new);
}

pub(crate) async fn a_graver_hold_takes_the_place_of_a_lesser_one(store: Arc<dyn Store>) {
    assert!(store.hold(hold("2014-12", HoldCause::Late, "late by two days", 10)).await.unwrap());
    assert!(!store.hold(hold("2014-12", HoldCause::Late, "late by three days", 20)).await.unwrap());
    assert_eq!(store.holds().await.unwrap(), [hold("2014-12", HoldCause::Late, "late by three days", 10)]);
    assert!(store.hold(hold("2014-12", HoldCause::Cancelled, "not this month", 30)).await.unwrap());
    assert!(!store.hold(hold("2014-12", HoldCause::Person, "a doubt", 40)).await.unwrap());
    assert!(!store.hold(hold("2014-12", HoldCause::Late, "late by four days", 50)).await.unwrap());
    assert!(store.hold(hold("2014-11", HoldCause::Person, "a doubt", 60)).await.unwrap());
    let held = [hold("2014-11", HoldCause::Person, "a doubt", 60), hold("2014-12", HoldCause::Cancelled, "not this month", 30)];
    assert_eq!(store.holds().await.unwrap(), held);
}

pub(crate) async fn an_issue_whose_mailing_is_open_cannot_be_held(store: Arc<dyn Store>) {
    settle_in(&store, 2).await;
    open(&store, "2014-12", &["general"]).await;
    let refused = store.hold(hold("2014-12", HoldCause::Person, "too late", 10)).await;
    assert!(matches!(refused, Err(StoreError::Unknown(_))), "{refused:?}");
    assert_eq!(store.holds().await.unwrap(), []);
}

pub(crate) async fn lifting_says_whether_and_remembers_when(store: Arc<dyn Store>) {
    assert!(!store.lift(&issue("2014-12"), at(10)).await.unwrap());
    assert_eq!(store.lifted(&issue("2014-12")).await.unwrap(), None);
    store.hold(hold("2014-12", HoldCause::Late, "late", 20)).await.unwrap();
    assert!(store.lift(&issue("2014-12"), at(30)).await.unwrap());
    assert_eq!(store.lifted(&issue("2014-12")).await.unwrap(), Some(at(30)));
    store.hold(hold("2014-12", HoldCause::Late, "late again", 40)).await.unwrap();
    assert!(store.lift(&issue("2014-12"), at(50)).await.unwrap());
    assert_eq!(store.lifted(&issue("2014-12")).await.unwrap(), Some(at(50)));
    assert_eq!(store.lifted(&issue("2015-01")).await.unwrap(), None);
}

pub(crate) async fn a_word_is_told_once_unless_it_is_taken_back(store: Arc<dyn Store>) {
    assert!(store.first_time("late 2014-12", at(10)).await.unwrap());
    assert!(!store.first_time("late 2014-12", at(20)).await.unwrap());
    assert!(store.first_time("late 2015-01", at(20)).await.unwrap());
    assert_eq!(store.told("late 2014-12").await.unwrap(), Some(at(10)));
    assert_eq!(store.forget("late 2014-12").await.unwrap(), 1);
    assert_eq!(store.forget("late 2014-12").await.unwrap(), 0);
    assert_eq!(store.told("late 2014-12").await.unwrap(), None);
    assert!(store.first_time("late 2014-12", at(30)).await.unwrap());
}

pub(crate) async fn what_is_taken_back_takes_with_it_what_begins_so(store: Arc<dyn Store>) {
    for what in ["late 2014-12", "late 2014-12 ada@example.org", "late 2014-12 bea", "late 2014-12-extra", "late 2014-1", "late"] {
        store.first_time(what, at(10)).await.unwrap();
    }
    assert_eq!(store.forget("late 2014-12").await.unwrap(), 3);
    for what in ["late 2014-12-extra", "late 2014-1", "late"] {
        assert_eq!(store.told(what).await.unwrap(), Some(at(10)), "{what}");
    }
}

pub(crate) async fn of_many_who_ask_at_once_one_is_the_first(store: Arc<dyn Store>) {
    let mut asking = JoinSet::new();
    for _ in 0..32 {
        let store = Arc::clone(&store);
        asking.spawn(async move { store.first_time("the slot of December 1", at(10)).await.unwrap() });
    }
    assert_eq!(asking.join_all().await.into_iter().filter(|first| *first).count(), 1);
}

pub(crate) async fn the_home_is_the_one_that_was_said_last(store: Arc<dyn Store>) {
    assert_eq!(store.home().await.unwrap(), None);
    store.adopt("the old machine").await.unwrap();
    store.adopt("the new machine").await.unwrap();
    assert_eq!(store.home().await.unwrap().as_deref(), Some("the new machine"));
}
