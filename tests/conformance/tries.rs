//! What is promised of each delivery: claiming, handing over, noting the answer, and taking up again after a crash.

use std::collections::HashSet;
use std::sync::Arc;

use masthead::mailing::fate::OnDoubt;
use masthead::mailing::{Delivery, Fate, ProviderId};
use masthead::store::{Attempt, Recovered, Store, StoreError, Tally};
use masthead::subscription::{Enrolment, PersonName, Standing};
use tokio::task::JoinSet;

use crate::newsroom::{
    address, at, attempt, claim, claim_one, enrol, enrolment, fates, hand_over, leave, lines, list_id, open, page, settle, settle_in,
    submit, submit_to, suppress,
};

fn addresses(deliveries: &[Delivery]) -> Vec<&str> {
    deliveries.iter().map(|delivery| delivery.address.as_str()).collect()
}

fn is_unknown<T>(answer: &Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Unknown(_)))
}

pub(crate) async fn a_claim_carries_what_composing_needs(store: Arc<dyn Store>) {
    settle_in(&store, 0).await;
    let mary = Enrolment { name: Some(PersonName::parse("Mary Major").unwrap()), ..enrolment(1, Standing::Confirmed) };
    store.enrol(&list_id("extra"), vec![mary], at(1)).await.unwrap();
    let mailing = open(&store, "2014-12", &["general", "extra"]).await;
    let delivery = claim_one(&store, &mailing).await;
    let number = store.lists().await.unwrap().into_iter().find(|tally| tally.list.id == list_id("extra")).unwrap().number;
    let wanted = Delivery {
        mailing: mailing.id,
        subscriber: delivery.subscriber,
        address: address(1),
        name: Some(PersonName::parse("Mary Major").unwrap()),
        list: list_id("extra"),
        format: masthead::subscription::Format::Html,
        list_number: number,
        provider: ProviderId::other(),
        attempt: 1,
        first_attempt_at: at(20),
    };
    assert_eq!(delivery, wanted);
}

pub(crate) async fn the_lowest_numbers_are_claimed_first(store: Arc<dyn Store>) {
    settle_in(&store, 5).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    let first = claim(&store, &mailing, 2).await;
    assert_eq!(addresses(&first), ["reader1@example.org", "reader2@example.org"]);
    hand_over(&store, &first[1], Fate::Deferred { next_at: at(15) }).await;
    assert_eq!(addresses(&claim(&store, &mailing, 2).await), ["reader2@example.org", "reader3@example.org"]);
    assert_eq!(addresses(&claim(&store, &mailing, 9).await), ["reader4@example.org", "reader5@example.org"]);
}

pub(crate) async fn nobody_is_claimed_twice(store: Arc<dyn Store>) {
    settle_in(&store, 500).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    let mut claimers = JoinSet::new();
    for _ in 0..8 {
        let (store, mailing) = (Arc::clone(&store), mailing.clone());
        claimers.spawn(async move {
            let mut mine = Vec::new();
            loop {
                let claimed = store.claim(page(&mailing, 7, at(20))).await.unwrap();
                if claimed.is_empty() {
                    return mine;
                }
                mine.extend(claimed.into_iter().map(|delivery| delivery.subscriber));
            }
        });
    }
    let claimed: Vec<_> = claimers.join_all().await.into_iter().flatten().collect();
    assert_eq!(claimed.len(), 500);
    assert_eq!(claimed.into_iter().collect::<HashSet<_>>().len(), 500);
}

pub(crate) async fn the_first_claim_fixes_the_date(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    let first = store.claim(page(&mailing, 1, "2027-01-15T08:00:00.123456789Z".parse().unwrap())).await.unwrap().remove(0);
    store.release(mailing.id, &[first.subscriber]).await.unwrap();
    for (number, now) in (1_u32..).zip([100, 200, 300]) {
        let again = store.claim(page(&mailing, 1, at(now))).await.unwrap().remove(0);
        assert_eq!(again, Delivery { attempt: number, ..first.clone() });
        hand_over(&store, &again, Fate::Deferred { next_at: at(now + 1) }).await;
    }
}

pub(crate) async fn a_deferred_delivery_waits_until_it_is_due(store: Arc<dyn Store>) {
    settle_in(&store, 2).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    for (delivery, due) in claim(&store, &mailing, 2).await.iter().zip([600, 300]) {
        hand_over(&store, delivery, Fate::Deferred { next_at: at(due) }).await;
    }
    assert_eq!(store.tally(mailing.id).await.unwrap().next_due, Some(at(300)));
    assert!(store.claim(page(&mailing, 9, at(299))).await.unwrap().is_empty());
    assert_eq!(addresses(&store.claim(page(&mailing, 9, at(300))).await.unwrap()), ["reader2@example.org"]);
    assert_eq!(store.tally(mailing.id).await.unwrap().next_due, Some(at(600)));
    assert_eq!(addresses(&store.claim(page(&mailing, 9, at(601))).await.unwrap()), ["reader1@example.org"]);
    assert_eq!(store.tally(mailing.id).await.unwrap().next_due, None);
}

pub(crate) async fn a_reader_who_left_since_the_opening_is_withheld(store: Arc<dyn Store>) {
    settle_in(&store, 3).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    leave(&store, 2, Some("general")).await;
    assert_eq!(addresses(&claim(&store, &mailing, 9).await), ["reader1@example.org", "reader3@example.org"]);
    assert_eq!(fates(&store, &mailing).await, [Fate::Claimed, Fate::Withheld, Fate::Claimed]);
}

pub(crate) async fn a_reader_suppressed_since_the_opening_is_withheld(store: Arc<dyn Store>) {
    settle_in(&store, 3).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    suppress(&store, 1).await;
    assert_eq!(addresses(&claim(&store, &mailing, 9).await), ["reader2@example.org", "reader3@example.org"]);
    assert_eq!(fates(&store, &mailing).await, [Fate::Withheld, Fate::Claimed, Fate::Claimed]);
}

pub(crate) async fn a_reader_of_two_lists_who_left_one_gets_it_on_account_of_the_other(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    enrol(&store, "extra", 1, Standing::Confirmed).await;
    let mailing = open(&store, "2014-12", &["general", "extra"]).await;
    leave(&store, 1, Some("general")).await;
    let delivery = claim_one(&store, &mailing).await;
    assert_eq!(delivery.list, list_id("extra"));
    assert_eq!(lines(&store, &mailing).await[0].list, list_id("extra"));
}

pub(crate) async fn an_empty_claim_means_that_nothing_waits(store: Arc<dyn Store>) {
    settle_in(&store, 20).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    for number in 1..=19 {
        leave(&store, number, None).await;
    }
    assert_eq!(addresses(&claim(&store, &mailing, 3).await), ["reader20@example.org"]);
    assert!(claim(&store, &mailing, 3).await.is_empty());
    assert!(store.claim(page(&mailing, 0, at(20))).await.unwrap().is_empty());
}

pub(crate) async fn what_is_released_is_queued_again_and_was_no_try(store: Arc<dyn Store>) {
    settle_in(&store, 2).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    let claimed = claim(&store, &mailing, 2).await;
    store.release(mailing.id, &[claimed[0].subscriber, claimed[1].subscriber]).await.unwrap();
    let lines = lines(&store, &mailing).await;
    assert!(lines.iter().all(|line| line.fate == Fate::Queued && line.attempts == 0));
    assert_eq!(claim_one(&store, &mailing).await.attempt, 1);
}

pub(crate) async fn only_what_is_claimed_is_released(store: Arc<dyn Store>) {
    settle_in(&store, 2).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    let claimed = claim(&store, &mailing, 2).await;
    submit(&store, &claimed[0]).await.unwrap();
    hand_over(&store, &claimed[1], Fate::Accepted).await;
    store.release(mailing.id, &[claimed[0].subscriber, claimed[1].subscriber]).await.unwrap();
    assert_eq!(fates(&store, &mailing).await, [Fate::Submitting, Fate::Accepted]);
}

pub(crate) async fn only_a_claimed_delivery_may_be_submitted(store: Arc<dyn Store>) {
    settle_in(&store, 2).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    let delivery = claim_one(&store, &mailing).await;
    submit(&store, &delivery).await.unwrap();
    assert!(is_unknown(&submit(&store, &delivery).await));
    let queued = lines(&store, &mailing).await[1].subscriber;
    assert!(is_unknown(&submit_to(&store, mailing.id, queued).await));
    assert_eq!(fates(&store, &mailing).await, [Fate::Submitting, Fate::Queued]);
}

pub(crate) async fn take_up_queues_what_was_claimed(store: Arc<dyn Store>) {
    settle_in(&store, 3).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    store.take_up(mailing.id, "boot", OnDoubt::Hold, at(11)).await.unwrap();
    claim(&store, &mailing, 2).await;
    let recovered = store.take_up(mailing.id, "boot", OnDoubt::Hold, at(60)).await.unwrap();
    assert_eq!(recovered, Recovered { claimed: 2, doubtful: 0 });
    assert_eq!(fates(&store, &mailing).await, [Fate::Queued; 3]);
}

pub(crate) async fn take_up_sends_again_what_is_in_doubt(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    let first = claim_one(&store, &mailing).await;
    submit(&store, &first).await.unwrap();
    let recovered = store.take_up(mailing.id, "boot", OnDoubt::Resend, at(60)).await.unwrap();
    assert_eq!(recovered, Recovered { claimed: 0, doubtful: 1 });
    let again = store.claim(page(&mailing, 1, at(70))).await.unwrap().remove(0);
    assert_eq!(again, Delivery { attempt: 2, ..first });
}

pub(crate) async fn take_up_holds_what_is_in_doubt(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    let delivery = claim_one(&store, &mailing).await;
    submit(&store, &delivery).await.unwrap();
    let recovered = store.take_up(mailing.id, "boot", OnDoubt::Hold, at(60)).await.unwrap();
    assert_eq!(recovered, Recovered { claimed: 0, doubtful: 1 });
    assert_eq!(fates(&store, &mailing).await, [Fate::Doubtful]);
    assert!(claim(&store, &mailing, 1).await.is_empty());
}

pub(crate) async fn what_is_held_can_be_settled(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    let delivery = claim_one(&store, &mailing).await;
    hand_over(&store, &delivery, Fate::Doubtful).await;
    settle(&store, attempt(mailing.id, delivery.subscriber, Fate::Accepted)).await.unwrap();
    let line = lines(&store, &mailing).await.remove(0);
    assert_eq!((line.fate, line.attempts), (Fate::Accepted, 1));
}

pub(crate) async fn take_up_leaves_every_other_fate_alone(store: Arc<dyn Store>) {
    settle_in(&store, 6).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    let settled = [Fate::Accepted, Fate::Deferred { next_at: at(900) }, Fate::Refused, Fate::Expired];
    for (delivery, fate) in claim(&store, &mailing, 4).await.iter().zip(settled) {
        hand_over(&store, delivery, fate).await;
    }
    let before = lines(&store, &mailing).await;
    let recovered = store.take_up(mailing.id, "boot", OnDoubt::Resend, at(60)).await.unwrap();
    assert_eq!(recovered, Recovered::default());
    assert_eq!(lines(&store, &mailing).await, before);
}

pub(crate) async fn what_was_held_is_sent_again_once_that_is_the_rule(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    let first = claim_one(&store, &mailing).await;
    hand_over(&store, &first, Fate::Doubtful).await;
    assert_eq!(store.take_up(mailing.id, "boot", OnDoubt::Hold, at(60)).await.unwrap(), Recovered::default());
    assert_eq!(fates(&store, &mailing).await, [Fate::Doubtful]);
    assert_eq!(store.take_up(mailing.id, "boot", OnDoubt::Resend, at(60)).await.unwrap(), Recovered { claimed: 0, doubtful: 1 });
    assert_eq!(claim_one(&store, &mailing).await, Delivery { attempt: 2, ..first });
}

pub(crate) async fn a_delivery_at_rest_stays_at_rest(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    let delivery = claim_one(&store, &mailing).await;
    hand_over(&store, &delivery, Fate::Accepted).await;
    let before = lines(&store, &mailing).await;
    assert!(is_unknown(&settle(&store, attempt(mailing.id, delivery.subscriber, Fate::Refused)).await));
    assert_eq!(lines(&store, &mailing).await, before);
}

pub(crate) async fn a_try_without_connection_counts(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    let delivery = claim_one(&store, &mailing).await;
    settle(&store, attempt(mailing.id, delivery.subscriber, Fate::Deferred { next_at: at(15) })).await.unwrap();
    assert_eq!(lines(&store, &mailing).await[0].attempts, 1);
    assert_eq!(claim_one(&store, &mailing).await.attempt, 2);
}

pub(crate) async fn the_tally_counts_every_fate(store: Arc<dyn Store>) {
    settle_in(&store, 9).await;
    suppress(&store, 9).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    let claimed = claim(&store, &mailing, 7).await;
    let settled = [Fate::Accepted, Fate::Deferred { next_at: at(900) }, Fate::Refused, Fate::Expired, Fate::Doubtful];
    for (delivery, fate) in claimed.iter().zip(settled) {
        hand_over(&store, delivery, fate).await;
    }
    submit(&store, &claimed[5]).await.unwrap();
    let tally = store.tally(mailing.id).await.unwrap();
    let one_each = Tally {
        queued: 1,
        claimed: 1,
        submitting: 1,
        accepted: 1,
        deferred: 1,
        refused: 1,
        expired: 1,
        withheld: 1,
        doubtful: 1,
        next_due: Some(at(900)),
    };
    assert_eq!(tally, one_each);
    assert_eq!((tally.total(), tally.open()), (9, 5));
}

pub(crate) async fn sending_deletes_no_line(store: Arc<dyn Store>) {
    settle_in(&store, 4).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    for delivery in claim(&store, &mailing, 4).await {
        hand_over(&store, &delivery, Fate::Accepted).await;
        leave(&store, 1, None).await;
    }
    assert!(store.finish(mailing.id, at(90)).await.unwrap());
    assert_eq!(fates(&store, &mailing).await, [Fate::Accepted; 4]);
}

pub(crate) async fn a_refusal_on_evidence_suppresses_the_address(store: Arc<dyn Store>) {
    settle_in(&store, 2).await;
    let mailing = open(&store, "2014-11", &["general"]).await;
    let delivery = claim_one(&store, &mailing).await;
    submit(&store, &delivery).await.unwrap();
    settle(&store, Attempt { suppress: true, ..attempt(mailing.id, delivery.subscriber, Fate::Refused) }).await.unwrap();
    let dossier = store.dossier(&delivery.address).await.unwrap().unwrap();
    assert!(dossier.reader.suppressed);
    assert_eq!(dossier.suppression.unwrap().reason, "main at rcpt: 550 5.1.1 no such person");
    let later = open(&store, "2014-12", &["general"]).await;
    assert_eq!(fates(&store, &later).await, [Fate::Withheld, Fate::Queued]);
}

pub(crate) async fn the_first_evidence_of_a_suppression_stays(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    let both = [open(&store, "2014-11", &["general"]).await, open(&store, "2014-12", &["general"]).await];
    let [first, second] = [claim_one(&store, &both[0]).await, claim_one(&store, &both[1]).await];
    for (delivery, relay) in [(first, "main"), (second, "spare")] {
        let refused = attempt(delivery.mailing, delivery.subscriber, Fate::Refused);
        settle(&store, Attempt { suppress: true, relay: relay.into(), ..refused }).await.unwrap();
    }
    let suppression = store.dossier(&address(1)).await.unwrap().unwrap().suppression.unwrap();
    assert!(suppression.reason.starts_with("main"), "{}", suppression.reason);
}
