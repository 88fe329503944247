//! Readers as their own pages meet them: by number, with a departure that can be taken back.

use std::sync::Arc;

use jiff::Timestamp;
use masthead::mailing::Fate;
use masthead::store::{Reader, Store};
use masthead::subscription::{Evidence, Format, PersonName, Seal, Standing, SubscriberId};

use crate::newsroom::{address, at, claim, enrol, hand_over, leave, list, list_id, open, settle_in, suppress};

const NOBODY: SubscriberId = SubscriberId(4_711);

async fn number(store: &Arc<dyn Store>, reader: usize) -> SubscriberId {
    store.dossier(&address(reader)).await.unwrap().unwrap().reader.subscriber.id
}

async fn visitor(store: &Arc<dyn Store>, reader: usize) -> Reader {
    store.visitor(number(store, reader).await).await.unwrap().unwrap()
}

fn by(channel: &str) -> Evidence {
    Evidence { channel: channel.to_owned(), detail: "a button".to_owned() }
}

/// A reader leaves a list in this way, so many seconds into the story.
async fn departs(store: &Arc<dyn Store>, reader: usize, channel: &str, second: i64) {
    let ended = store.unsubscribe(&address(reader), Some(&list_id("general")), by(channel), at(second)).await.unwrap();
    assert_eq!(ended, [list_id("general")]);
}

/// What both calls say of a departure since this instant, which must be the same.
async fn is_taken_back(store: &Arc<dyn Store>, id: SubscriberId, since: Timestamp) -> bool {
    let list = list_id("general");
    let may = store.may_take_back(id, &list, since).await.unwrap();
    let done = store.take_back(id, &list, since, by("page"), at(60)).await.unwrap();
    assert_eq!(may, done);
    assert!(!store.may_take_back(id, &list, since).await.unwrap(), "what was taken back cannot be taken back again");
    done
}

pub(crate) async fn a_visitor_is_known_by_number_with_all_subscriptions(store: Arc<dyn Store>) {
    settle_in(&store, 2).await;
    enrol(&store, "extra", 2, Standing::Pending).await;
    leave(&store, 2, Some("general")).await;
    let found = visitor(&store, 2).await;
    assert_eq!(found, store.dossier(&address(2)).await.unwrap().unwrap().reader);
    let standings: Vec<_> = found.subscriptions.iter().map(|one| (one.list.to_string(), one.standing)).collect();
    assert_eq!(standings, [("general".to_owned(), Standing::Ended), ("extra".to_owned(), Standing::Pending)]);
    assert_eq!(store.visitor(NOBODY).await.unwrap(), None);
    let id = number(&store, 1).await;
    store.seal_with(Seal::new(&[7; 32]));
    store.erase(&address(1), at(40)).await.unwrap();
    assert_eq!(store.visitor(id).await.unwrap(), None, "nobody any more");
}

pub(crate) async fn every_list_ever_declared_keeps_its_number(store: Arc<dyn Store>) {
    settle_in(&store, 1).await;
    let before = store.numbered_lists().await.unwrap();
    store.declare_lists(&[list("later")]).await.unwrap();
    let after = store.numbered_lists().await.unwrap();
    assert_eq!((&after[..2], &after[2].1), (&before[..], &list("later")));
    let counted: Vec<_> = store.lists().await.unwrap().into_iter().map(|tally| (tally.number, tally.list)).collect();
    assert_eq!(after, counted);
}

pub(crate) async fn a_reader_is_called_as_they_wish_or_not_at_all(store: Arc<dyn Store>) {
    settle_in(&store, 2).await;
    let id = number(&store, 1).await;
    for name in [PersonName::parse("Ann").ok(), PersonName::parse("Ann Lee").ok(), None] {
        store.rename(id, name.clone()).await.unwrap();
        assert_eq!(visitor(&store, 1).await.subscriber.name, name);
        store.rename(NOBODY, PersonName::parse("Nobody").ok()).await.unwrap();
    }
    assert_eq!((store.visitor(NOBODY).await.unwrap(), visitor(&store, 2).await.subscriber.name), (None, None));
}

pub(crate) async fn a_reader_gets_the_mail_in_the_form_they_wish(store: Arc<dyn Store>) {
    settle_in(&store, 3).await;
    let id = number(&store, 2).await;
    store.send_as(id, Format::Text).await.unwrap();
    store.send_as(NOBODY, Format::Text).await.unwrap();
    let mailing = open(&store, "2014-12", &["general"]).await;
    let deliveries = claim(&store, &mailing, 9).await;
    let formats: Vec<_> = deliveries.iter().map(|delivery| delivery.format).collect();
    assert_eq!(formats, [Format::Html, Format::Text, Format::Html]);
    for delivery in &deliveries {
        hand_over(&store, delivery, Fate::Deferred { next_at: at(50) }).await;
    }
    store.send_as(id, Format::Html).await.unwrap();
    let again = store.claim(crate::newsroom::page(&mailing, 9, at(51))).await.unwrap();
    assert!(again.iter().all(|delivery| delivery.format == Format::Html), "the last wish counts, also for a later try");
    let register = store.register(None, SubscriberId(0), 9).await.unwrap();
    assert!(register.iter().all(|line| line.format == Format::Html));
}

pub(crate) async fn a_departure_by_page_or_mail_program_is_taken_back_as_if_it_had_not_been(store: Arc<dyn Store>) {
    settle_in(&store, 2).await;
    for (reader, channel) in [(1, "one-click"), (2, "page")] {
        let before = visitor(&store, reader).await;
        departs(&store, reader, channel, 30).await;
        assert!(is_taken_back(&store, before.subscriber.id, at(29)).await);
        assert_eq!(visitor(&store, reader).await, before, "confirmed again, and as old as it was");
        let consents = store.dossier(&address(reader)).await.unwrap().unwrap().consents;
        let last = consents.last().unwrap();
        assert_eq!((consents.len(), last.standing, &last.evidence, last.at), (3, Standing::Confirmed, &by("page"), at(60)));
    }
}

pub(crate) async fn no_other_departure_is_taken_back(store: Arc<dyn Store>) {
    settle_in(&store, 5).await;
    let mut ids = Vec::new();
    for reader in 1..=5 {
        ids.push(number(&store, reader).await);
    }
    departs(&store, 1, "page", 30).await;
    assert!(!is_taken_back(&store, ids[0], at(31)).await, "too long ago");
    departs(&store, 2, "command", 30).await;
    assert!(!is_taken_back(&store, ids[1], at(29)).await, "it was not the reader's own hand");
    departs(&store, 3, "page", 30).await;
    suppress(&store, 3).await;
    assert!(!is_taken_back(&store, ids[2], at(29)).await, "suppressed since");
    assert!(!is_taken_back(&store, ids[3], at(29)).await, "not gone");
    assert!(!is_taken_back(&store, NOBODY, at(29)).await);
    enrol(&store, "extra", 5, Standing::Pending).await;
    store.unsubscribe(&address(5), Some(&list_id("extra")), by("page"), at(30)).await.unwrap();
    let was = store.take_back(ids[4], &list_id("extra"), at(29), by("page"), at(60)).await.unwrap();
    assert!(!was, "never confirmed");
    for (reader, lines) in [(1, 2), (2, 2), (4, 1)] {
        assert_eq!(store.dossier(&address(reader)).await.unwrap().unwrap().consents.len(), lines, "reader {reader}");
    }
}
