//! What is promised of a mailing as a whole: its opening, its lines, its end.

use std::sync::Arc;

use masthead::edition::Edition;
use masthead::issue::archive::ArchivedIssue;
use masthead::mailing::Fate;
use masthead::mailing::fate::FateWord;
use masthead::store::{Opening, Store, StoreError};
use masthead::subscription::{Standing, SubscriberId};
use tokio::task::JoinSet;

use crate::newsroom::{
    address, archived, at, attempt, claim, claim_one, edition, enrol, fates, hand_over, issue, leave, lines, list_id, list_ids, open,
    opening, settle, settle_in, submit, suppress,
};

fn word(word: &str) -> FateWord {
    word.parse().unwrap()
}

pub(crate) async fn an_issue_goes_out_once_however_often_it_is_opened(store: Arc<dyn Store>) {
    settle_in(&store, 3).await;
    let mut openers = JoinSet::new();
    for opener in 0..8 {
        let store = Arc::clone(&store);
        openers.spawn(async move {
            let other = Edition { hash: format!("{opener:064}"), ..edition("2014-12") };
            store.open_mailing(Opening { edition: other, ..opening("2014-12", &["general"]) }).await.unwrap()
        });
    }
    let opened = openers.join_all().await;
    assert_eq!(opened.iter().filter(|opened| opened.is_new).count(), 1);
    assert!(opened.iter().all(|other| other.mailing == opened[0].mailing));
    assert_eq!(store.mailing(&issue("2014-12")).await.unwrap().as_ref(), Some(&opened[0].mailing));
    assert_eq!(lines(&store, &opened[0].mailing).await.len(), 3);
}

pub(crate) async fn every_confirmed_reader_gets_one_line(store: Arc<dyn Store>) {
    settle_in(&store, 3).await;
    enrol(&store, "general", 4, Standing::Pending).await;
    enrol(&store, "extra", 5, Standing::Confirmed).await;
    leave(&store, 2, None).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    let written = lines(&store, &mailing).await;
    assert_eq!(written.iter().map(|line| line.address.clone()).collect::<Vec<_>>(), [address(1), address(3)]);
    for line in written {
        assert_eq!((line.fate, line.attempts, line.first_attempt_at, line.last_answer), (Fate::Queued, 0, None, None));
        assert_eq!(line.issue, issue("2014-12"));
    }
}

pub(crate) async fn the_first_list_in_order_counts(store: Arc<dyn Store>) {
    settle_in(&store, 2).await;
    enrol(&store, "extra", 1, Standing::Confirmed).await;
    let mailing = open(&store, "2014-12", &["extra", "general", "extra"]).await;
    assert_eq!(mailing.lists, list_ids(&["extra", "general"]));
    let on_account_of: Vec<_> = lines(&store, &mailing).await.into_iter().map(|line| line.list).collect();
    assert_eq!(on_account_of, list_ids(&["extra", "general"]));
}

pub(crate) async fn a_suppressed_reader_gets_a_withheld_line(store: Arc<dyn Store>) {
    settle_in(&store, 3).await;
    suppress(&store, 2).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    assert_eq!(fates(&store, &mailing).await, [Fate::Queued, Fate::Withheld, Fate::Queued]);
    assert_eq!(lines(&store, &mailing).await[1].changed_at, Some(at(10)));
}

pub(crate) async fn a_mailing_to_an_unknown_list_is_not_opened(store: Arc<dyn Store>) {
    settle_in(&store, 3).await;
    let refused = store.open_mailing(opening("2014-12", &["general", "nowhere"])).await;
    assert!(matches!(refused, Err(StoreError::Unknown(_))), "{refused:?}");
    assert_eq!(store.mailing(&issue("2014-12")).await.unwrap(), None);
    assert_eq!(store.edition(&edition("2014-12").hash).await.unwrap(), None);
}

pub(crate) async fn an_edition_is_frozen_as_it_was(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    assert_eq!(mailing.edition, edition("2014-12").hash);
    assert_eq!(store.edition(&mailing.edition).await.unwrap(), Some(edition("2014-12")));
    assert_eq!(store.edition("no such hash").await.unwrap(), None);
}

pub(crate) async fn mailings_come_newest_first(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    for id in ["2014-10", "2014-12", "2014-11"] {
        open(&store, id, &["general"]).await;
    }
    let issues: Vec<_> = store.mailings().await.unwrap().into_iter().map(|mailing| mailing.issue).collect();
    assert_eq!(issues, ["2014-11", "2014-12", "2014-10"].map(issue));
    assert_eq!(store.mailing(&issue("2014-09")).await.unwrap(), None);
}

pub(crate) async fn a_line_tells_the_last_answer(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    hand_over(&store, &claim_one(&store, &mailing).await, Fate::Deferred { next_at: at(15) }).await;
    let line = lines(&store, &mailing).await.remove(0);
    assert_eq!(line.fate, Fate::Deferred { next_at: at(15) });
    assert_eq!(line.last_answer.as_deref(), Some("451 4.7.1 try again later"));
    hand_over(&store, &claim_one(&store, &mailing).await, Fate::Doubtful).await;
    let line = lines(&store, &mailing).await.remove(0);
    assert_eq!(line.last_answer.as_deref(), Some("the connection was lost"));
    assert_eq!((line.attempts, line.first_attempt_at, line.changed_at), (2, Some(at(20)), Some(at(30))));
}

pub(crate) async fn lines_come_in_complete_pages_and_in_order(store: Arc<dyn Store>) {
    settle_in(&store, 25).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    let (mut seen, mut after) = (Vec::new(), SubscriberId(0));
    loop {
        let page = store.lines(mailing.id, None, after, 7).await.unwrap();
        assert!(page.len() <= 7);
        let Some(last) = page.last() else { break };
        after = last.subscriber;
        seen.extend(page.into_iter().map(|line| line.address));
    }
    assert_eq!(seen, (1..=25).map(address).collect::<Vec<_>>());
}

pub(crate) async fn lines_are_found_by_their_fate(store: Arc<dyn Store>) {
    settle_in(&store, 6).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    for (delivery, fate) in claim(&store, &mailing, 4).await.iter().zip([Fate::Accepted, Fate::Refused, Fate::Accepted, Fate::Refused]) {
        hand_over(&store, delivery, fate).await;
    }
    let refused = store.lines(mailing.id, Some(word("refused")), SubscriberId(0), 1).await.unwrap();
    assert_eq!(refused[0].address, address(2));
    let next = store.lines(mailing.id, Some(word("refused")), refused[0].subscriber, 9).await.unwrap();
    assert_eq!(next.into_iter().map(|line| line.address).collect::<Vec<_>>(), [address(4)]);
    assert_eq!(store.lines(mailing.id, Some(word("queued")), SubscriberId(0), 9).await.unwrap().len(), 2);
    assert!(store.lines(mailing.id, Some(word("expired")), SubscriberId(0), 9).await.unwrap().is_empty());
}

pub(crate) async fn a_mailing_is_finished_only_when_nothing_is_open(store: Arc<dyn Store>) {
    settle_in(&store, 3).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    let still_open = async |what: &str| {
        assert!(!store.finish(mailing.id, at(90)).await.unwrap(), "{what}");
        assert!(store.back_issues().await.unwrap().is_empty(), "{what}");
    };
    still_open("queued").await;
    let claimed = claim(&store, &mailing, 3).await;
    still_open("claimed").await;
    for delivery in &claimed {
        submit(&store, delivery).await.unwrap();
    }
    still_open("submitting").await;
    for (delivery, fate) in claimed.iter().zip([Fate::Accepted, Fate::Refused, Fate::Doubtful]) {
        settle(&store, attempt(mailing.id, delivery.subscriber, fate)).await.unwrap();
    }
    still_open("doubtful").await;
    settle(&store, attempt(mailing.id, claimed[2].subscriber, Fate::Deferred { next_at: at(40) })).await.unwrap();
    still_open("deferred").await;
    settle(&store, attempt(mailing.id, claimed[2].subscriber, Fate::Expired)).await.unwrap();
    assert!(store.finish(mailing.id, at(90)).await.unwrap());
    assert_eq!(store.mailing(&issue("2014-12")).await.unwrap().unwrap().finished_at, Some(at(90)));
}

pub(crate) async fn a_finished_mailing_puts_its_issue_on_the_shelf_once(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    hand_over(&store, &claim_one(&store, &mailing).await, Fate::Accepted).await;
    assert!(store.finish(mailing.id, at(90)).await.unwrap());
    assert_eq!(store.back_issues().await.unwrap(), [archived("2014-12")]);
    let mended = ArchivedIssue { title: "Mended".to_owned(), ..archived("2014-12") };
    store.shelve(vec![mended.clone()]).await.unwrap();
    assert!(store.finish(mailing.id, at(99)).await.unwrap());
    assert_eq!(store.back_issues().await.unwrap(), [mended]);
    assert_eq!(store.mailing(&issue("2014-12")).await.unwrap().unwrap().finished_at, Some(at(90)));
}

pub(crate) async fn an_unknown_mailing_cannot_be_finished(store: Arc<dyn Store>) {
    let refused = store.finish(masthead::mailing::MailingId(7), at(90)).await;
    assert!(matches!(refused, Err(StoreError::Unknown(_))), "{refused:?}");
}

pub(crate) async fn a_mailing_to_nobody_can_be_finished(store: Arc<dyn Store>) {
    settle_in(&store, 0).await;
    let mailing = open(&store, "2014-12", &["general"]).await;
    assert_eq!(store.audience(&[list_id("general")]).await.unwrap(), 0);
    assert!(claim(&store, &mailing, 5).await.is_empty());
    assert!(store.finish(mailing.id, at(90)).await.unwrap());
}
