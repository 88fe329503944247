//! All that a store answers about a newsroom, line by line, so that two can be held against each other.

use std::fmt::Debug;
use std::sync::Arc;

use masthead::archive::query::Query;
use masthead::mailing::Mailing;
use masthead::store::{Find, Reason, Result, Store, Wave};
use masthead::subscription::SubscriberId;

use crate::newsroom::{at, issue, list_id, list_ids};
use crate::walks::{FEEDS, ISSUES, LISTS, PERSONS, person};

/// More than there are.
const ALL: usize = 10_000;

struct Answers(Vec<String>);

impl Answers {
    fn add<T: Debug>(&mut self, question: &str, answer: Result<T>) {
        self.0.push(format!("{question}: {:?}", answer.unwrap()));
    }

    /// Where no order is promised.
    fn add_all<T: Debug>(&mut self, question: &str, answer: Result<Vec<T>>) {
        let mut lines: Vec<String> = answer.unwrap().iter().map(|line| format!("{question}: {line:?}")).collect();
        lines.sort();
        self.0.extend(lines);
    }
}

/// What a store answers to every question.
pub(crate) async fn all(store: &Arc<dyn Store>, asked: &[i64]) -> Vec<String> {
    let mut told = Answers(Vec::new());
    of_readers(store, asked, &mut told).await;
    of_issues(store, &mut told).await;
    for mailing in store.mailings().await.unwrap() {
        of_mailing(store, &mailing, &mut told).await;
    }
    told.add("pauses", store.pauses().await);
    told.add("traffic", store.traffic(jiff::Timestamp::from_second(-63_000_000_000).unwrap()).await);
    told.add("days", store.days(at(0)).await);
    told.add_all("feeds", store.feeds(&FEEDS.map(str::to_owned)).await);
    told.add_all("items", store.feed_items(&FEEDS.map(str::to_owned)).await);
    told.0
}

async fn of_readers(store: &Arc<dyn Store>, asked: &[i64], told: &mut Answers) {
    let none = SubscriberId(0);
    told.add("lists", store.lists().await);
    told.add("numbers", store.numbered_lists().await);
    told.add("readers", store.readers(None, none, ALL).await);
    told.add("register", store.register(None, none, ALL).await);
    told.add("suppressions", store.suppressions(None, "", ALL).await);
    told.add("erased", store.has_erased().await);
    told.add("to be scoured", store.is_to_be_scoured().await);
    for list in LISTS {
        told.add("audience", store.audience(&list_ids(&[list])).await);
        told.add("domains", store.domains(&list_ids(&[list])).await);
        told.add("its readers", store.readers(Some(&list_id(list)), none, ALL).await);
    }
    for number in 0..PERSONS {
        told.add("dossier", store.dossier(&person(number)).await);
        told.add("unconfirmed", store.unconfirmed(&person(number)).await);
        told.add("visitor", store.visitor(SubscriberId(i64::try_from(number).unwrap())).await);
    }
    for id in asked {
        told.add("joining", store.joining(*id, at(0)).await);
    }
}

async fn of_issues(store: &Arc<dyn Store>, told: &mut Answers) {
    for id in ISSUES.map(issue) {
        told.add("proofs", store.proofs(&id).await);
        told.add("approvals", store.approvals(&id).await);
        told.add("frozen", store.frozen(&id).await);
        told.add("lifted", store.lifted(&id).await);
        for name in store.enclosed(&id).await.unwrap() {
            told.add("enclosed", store.enclosure(&id, &name.name).await);
        }
        told.add("issue", store.public_issue(&id).await);
    }
    told.add("holds", store.holds().await);
    told.add("out", store.back_issues().await);
    told.add("public", store.public_shelf().await);
    let query = Query::parse("wells");
    // Each engine ranks in its own way.
    let found = store.search(Find { query, from: 0, most: 10 }).await;
    told.add_all("search", found.map(|found| found.hits.into_iter().map(|hit| (hit.issue, hit.title)).collect()));
}

async fn of_mailing(store: &Arc<dyn Store>, mailing: &Mailing, told: &mut Answers) {
    told.add("mailing", store.mailing(&mailing.issue).await);
    told.add("edition", store.edition(&mailing.edition).await);
    told.add("tally", store.tally(mailing.id).await);
    told.add("tallies", store.tallies(mailing.id).await);
    // Of several nodes each knows a first that said it.
    let unsaid = |reason: Reason| Reason { said: String::new(), ..reason };
    let reasons = store.reasons(mailing.id, ALL).await;
    told.add_all("reasons", reasons.map(|reasons| reasons.into_iter().map(unsaid).collect()));
    told.add("lines", store.lines(mailing.id, None, SubscriberId(0), ALL).await);
    for wave in Wave::ALL {
        told.add("waiting", store.waiting(mailing.id, wave).await);
    }
}
