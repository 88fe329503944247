//! What is promised of the turns that a mailing may take: paused, cancelled, tried again, and told about afterwards.

use std::sync::Arc;

use jiff::civil::date;
use masthead::mailing::{Delivery, Fate, Judgement, Mailing, Pause, ProviderId, Scope, Stage};
use masthead::store::{Attempt, Note, Reason, Store, StoreError, Tally};
use masthead::subscription::Standing;
use masthead::traffic::{Day, Tallied};

use crate::newsroom::{
    at, attempt, claim, claim_one, enrol, fates, hand_over, issue, leave, lines, list_ids, open, page, settle, settle_in, submit, suppress,
};
use crate::waves::late;

async fn now(store: &Arc<dyn Store>) -> Mailing {
    store.mailing(&issue("2014-12")).await.unwrap().unwrap()
}

fn pause(reason: &str) -> Pause {
    Pause { since: at(40), until: Some(at(60)), reason: reason.to_owned(), slow_to: Some(0.5) }
}

fn of(delivery: &Delivery, fate: Fate, judgement: Judgement) -> Attempt {
    Attempt { judgement, ..attempt(delivery.mailing, delivery.subscriber, fate) }
}

pub(crate) async fn pauses_are_kept_until_they_end(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    let scopes = [Scope::Mailing(mailing.id), Scope::Provider(ProviderId::new("google")), Scope::Relay("main".to_owned())];
    for scope in scopes.iter().rev() {
        store.pause(scope, pause("first")).await.unwrap();
        store.pause(scope, Pause { until: None, slow_to: None, ..pause("second") }).await.unwrap();
    }
    let second = Pause { until: None, slow_to: None, ..pause("second") };
    let all = scopes.clone().map(|scope| (scope, second.clone()));
    assert_eq!(store.pauses().await.unwrap(), all);
    assert_eq!(now(&store).await.paused, Some(second));
    assert!(store.resume(&scopes[0]).await.unwrap());
    assert!(!store.resume(&scopes[0]).await.unwrap());
    assert_eq!(store.pauses().await.unwrap(), all[1..]);
    assert_eq!(now(&store).await.paused, None);
}

pub(crate) async fn an_unknown_mailing_cannot_be_paused(store: Arc<dyn Store>) {
    let refused = store.pause(&Scope::Mailing(masthead::mailing::MailingId(7)), pause("why not")).await;
    assert!(matches!(refused, Err(StoreError::Unknown(_))), "{refused:?}");
}

pub(crate) async fn a_note_says_what_was_and_what_comes(store: Arc<dyn Store>) {
    settle_in(&store, 2).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    let both = claim(&store, &mailing, 2).await;
    submit(&store, &both[0]).await.unwrap();
    let settled = Some(of(&both[0], Fate::Accepted, Judgement::Nothing));
    store.note(Note { mailing: mailing.id, settled, submitting: Some(both[1].subscriber), at: at(26) }).await.unwrap();
    assert_eq!(fates(&store, &mailing).await, [Fate::Accepted, Fate::Submitting]);
}

pub(crate) async fn a_note_is_kept_whole_or_not_at_all(store: Arc<dyn Store>) {
    settle_in(&store, 3).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    let both = claim(&store, &mailing, 2).await;
    submit(&store, &both[0]).await.unwrap();
    let before = lines(&store, &mailing).await;
    let tally = store.tally(mailing.id).await.unwrap();
    let queued = before[2].subscriber;
    let settled = || Some(of(&both[0], Fate::Accepted, Judgement::Nothing));
    let wrong_next = Note { mailing: mailing.id, settled: settled(), submitting: Some(queued), at: at(26) };
    assert!(matches!(store.note(wrong_next).await, Err(StoreError::Unknown(_))));
    let nobody = settled().map(|attempt| Attempt { subscriber: masthead::subscription::SubscriberId(99), ..attempt });
    let wrong_last = Note { mailing: mailing.id, settled: nobody, submitting: Some(both[1].subscriber), at: at(26) };
    assert!(matches!(store.note(wrong_last).await, Err(StoreError::Unknown(_))));
    assert_eq!(lines(&store, &mailing).await, before);
    assert_eq!(store.tally(mailing.id).await.unwrap(), tally);
    assert!(store.traffic(at(0)).await.unwrap().is_empty());
}

pub(crate) async fn one_wrong_note_spoils_no_other(store: Arc<dyn Store>) {
    settle_in(&store, 64).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    let claimed = claim(&store, &mailing, 63).await;
    let queued = lines(&store, &mailing).await[63].subscriber;
    let mut tasks = tokio::task::JoinSet::new();
    let submitting = claimed.iter().map(|delivery| delivery.subscriber).chain([queued]);
    for subscriber in submitting.rev() {
        let (store, mailing) = (Arc::clone(&store), mailing.id);
        tasks.spawn(async move { (subscriber, crate::newsroom::submit_to(&store, mailing, subscriber).await) });
    }
    for (subscriber, end) in tasks.join_all().await {
        assert_eq!(end.is_ok(), subscriber != queued, "{subscriber:?} {end:?}");
    }
    assert_eq!(store.tally(mailing.id).await.unwrap(), Tally { queued: 1, submitting: 63, ..Tally::default() });
}

pub(crate) async fn a_cancelled_mailing_withholds_what_has_not_gone_out(store: Arc<dyn Store>) {
    settle_in(&store, 5).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    let claimed = claim(&store, &mailing, 4).await;
    hand_over(&store, &claimed[0], Fate::Accepted).await;
    hand_over(&store, &claimed[1], Fate::Deferred { next_at: at(99) }).await;
    submit(&store, &claimed[2]).await.unwrap();
    assert_eq!(store.cancel(mailing.id, at(50)).await.unwrap(), 3);
    let wanted = [Fate::Accepted, Fate::Withheld, Fate::Submitting, Fate::Withheld, Fate::Withheld];
    assert_eq!(fates(&store, &mailing).await, wanted);
    assert_eq!(now(&store).await.cancelled_at, Some(at(50)));
    assert!(matches!(submit(&store, &claimed[3]).await, Err(StoreError::Unknown(_))));
}

pub(crate) async fn what_is_deferred_after_the_cancelling_goes_out_no_more(store: Arc<dyn Store>) {
    settle_in(&store, 2).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    let delivery = claim_one(&store, &mailing).await;
    submit(&store, &delivery).await.unwrap();
    store.cancel(mailing.id, at(50)).await.unwrap();
    assert!(!store.finish(mailing.id, at(51)).await.unwrap());
    settle(&store, of(&delivery, Fate::Deferred { next_at: at(52) }, Judgement::Nothing)).await.unwrap();
    assert!(store.claim(page(&mailing, 9, at(60))).await.unwrap().is_empty());
    assert!(store.finish(mailing.id, at(61)).await.unwrap());
    assert_eq!(fates(&store, &mailing).await, [Fate::Withheld; 2]);
}

pub(crate) async fn a_mailing_cancelled_before_anybody_had_it_is_not_out(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    store.cancel(mailing.id, at(50)).await.unwrap();
    assert!(store.finish(mailing.id, at(51)).await.unwrap());
    assert!(store.back_issues().await.unwrap().is_empty());
}

pub(crate) async fn a_mailing_cancelled_after_somebody_had_it_is_out(store: Arc<dyn Store>) {
    settle_in(&store, 2).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    hand_over(&store, &claim_one(&store, &mailing).await, Fate::Accepted).await;
    store.cancel(mailing.id, at(50)).await.unwrap();
    assert!(store.finish(mailing.id, at(51)).await.unwrap());
    assert_eq!(store.back_issues().await.unwrap().len(), 1);
    assert_eq!(store.cancel(mailing.id, at(52)).await.unwrap(), 0);
}

pub(crate) async fn a_cancelled_mailing_is_not_begun_again(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    store.cancel(mailing.id, at(50)).await.unwrap();
    assert!(matches!(store.retry(mailing.id, at(51)).await, Err(StoreError::Unknown(_))));
    let extended = store.extend(late(mailing.id, "extra", 0, &[], 51)).await;
    assert!(matches!(extended, Err(StoreError::Unknown(_))), "{extended:?}");
}

pub(crate) async fn what_failed_but_not_for_good_is_tried_again(store: Arc<dyn Store>) {
    settle_in(&store, 5).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    let claimed = claim(&store, &mailing, 5).await;
    let ends = [
        (Fate::Accepted, Judgement::Nothing),
        (Fate::Refused, Judgement::Block),
        (Fate::Refused, Judgement::Hard),
        (Fate::Expired, Judgement::Nothing),
        (Fate::Refused, Judgement::Soft),
    ];
    for (delivery, (fate, judgement)) in claimed.iter().zip(ends) {
        submit(&store, delivery).await.unwrap();
        settle(&store, of(delivery, fate, judgement)).await.unwrap();
    }
    suppress(&store, 5).await;
    assert!(store.finish(mailing.id, at(90)).await.unwrap());
    assert_eq!(store.retry(mailing.id, at(95)).await.unwrap(), 2);
    assert_eq!(fates(&store, &mailing).await, [Fate::Accepted, Fate::Queued, Fate::Refused, Fate::Queued, Fate::Refused]);
    assert_eq!(now(&store).await.finished_at, None);
    let again = store.claim(page(&mailing, 9, at(100))).await.unwrap();
    assert!(again.iter().all(|delivery| delivery.first_attempt_at == at(100) && delivery.attempt == 2), "{again:?}");
    assert_eq!(again.len(), 2);
}

pub(crate) async fn where_nothing_failed_nothing_is_tried_again(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    hand_over(&store, &claim_one(&store, &mailing).await, Fate::Accepted).await;
    assert!(store.finish(mailing.id, at(90)).await.unwrap());
    assert_eq!(store.retry(mailing.id, at(95)).await.unwrap(), 0);
    assert!(now(&store).await.finished_at.is_some());
}

pub(crate) async fn traffic_is_counted_by_minute_relay_and_provider(store: Arc<dyn Store>) {
    settle_in(&store, 6).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    let claimed = claim(&store, &mailing, 6).await;
    let deferred = Fate::Deferred { next_at: at(900) };
    let tries = [
        (Fate::Accepted, Judgement::Nothing, Stage::Message, 0),
        (deferred, Judgement::Nothing, Stage::Rcpt, 1),
        (Fate::Refused, Judgement::Hard, Stage::Rcpt, 59),
        (Fate::Refused, Judgement::Block, Stage::Mail, 60),
        (deferred, Judgement::Nothing, Stage::Greeting, 60),
    ];
    for (delivery, (fate, judgement, stage, second)) in claimed.iter().zip(tries) {
        submit(&store, delivery).await.unwrap();
        settle(&store, Attempt { stage, at: at(second), ..of(delivery, fate, judgement) }).await.unwrap();
    }
    let first = Tallied {
        relay: "main".to_owned(),
        provider: ProviderId::other(),
        minute: at(0),
        attempts: 3,
        accepted: 1,
        deferred: 1,
        hard: 1,
        block: 0,
    };
    let second = Tallied { minute: at(60), attempts: 1, accepted: 0, deferred: 0, hard: 0, block: 1, ..first.clone() };
    assert_eq!(store.traffic(at(30)).await.unwrap(), [first, second.clone()]);
    assert_eq!(store.traffic(at(61)).await.unwrap(), [second]);
    let day = Day { relay: "main".to_owned(), provider: ProviderId::other(), date: date(2027, 1, 15), accepted: 1, block: 1 };
    assert_eq!(store.days(at(3_600)).await.unwrap(), [day]);
    assert!(store.days(at(24 * 3_600)).await.unwrap().is_empty());
}

pub(crate) async fn reasons_come_with_the_most_frequent_first(store: Arc<dyn Store>) {
    settle_in(&store, 4).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    let claimed = claim(&store, &mailing, 4).await;
    hand_over(&store, &claimed[0], Fate::Accepted).await;
    hand_over(&store, &claimed[1], Fate::Refused).await;
    for delivery in &claimed[2..] {
        hand_over(&store, delivery, Fate::Deferred { next_at: at(900) }).await;
    }
    let deferred = Reason {
        provider: ProviderId::other(),
        fate: "deferred".parse().unwrap(),
        judgement: Judgement::Nothing,
        code: Some(451),
        enhanced: "4.7.1".parse().ok(),
        said: "try again later".to_owned(),
        many: 2,
    };
    let reasons = store.reasons(mailing.id, 9).await.unwrap();
    assert_eq!((reasons.len(), reasons[0].clone()), (2, deferred));
    assert_eq!((reasons[1].judgement, reasons[1].many), (Judgement::Hard, 1));
    assert_eq!(store.reasons(mailing.id, 1).await.unwrap(), reasons[..1]);
}

pub(crate) async fn a_lost_connection_is_a_reason_without_a_code(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    hand_over(&store, &claim_one(&store, &mailing).await, Fate::Expired).await;
    let reason = store.reasons(mailing.id, 9).await.unwrap().remove(0);
    assert_eq!((reason.code, reason.enhanced, reason.said.as_str()), (None, None, "the connection was lost"));
}

pub(crate) async fn domains_are_counted_once_for_each_reader(store: Arc<dyn Store>) {
    settle_in(&store, 4).await;
    enrol(&store, "extra", 1, Standing::Confirmed).await;
    enrol(&store, "extra", 5, Standing::Pending).await;
    leave(&store, 2, None).await;
    suppress(&store, 3).await;
    assert_eq!(store.domains(&list_ids(&["general", "extra"])).await.unwrap(), [("example.org".to_owned(), 2)]);
    assert!(store.domains(&[]).await.unwrap().is_empty());
}

pub(crate) async fn tallies_add_up_to_the_tally(store: Arc<dyn Store>) {
    settle_in(&store, 3).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    hand_over(&store, &claim_one(&store, &mailing).await, Fate::Deferred { next_at: at(15) }).await;
    let tallies = store.tallies(mailing.id).await.unwrap();
    assert_eq!(tallies, [(ProviderId::other(), store.tally(mailing.id).await.unwrap())]);
    assert_eq!(tallies[0].1, Tally { queued: 2, deferred: 1, next_due: Some(at(15)), ..Tally::default() });
}
