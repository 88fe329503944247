//! A small newsroom to try the promises on: lists, readers, an edition, and short words for what happens to them.

use std::any::Any;
use std::sync::Arc;

use jiff::Timestamp;
use masthead::dateline::IssueId;
use masthead::dateline::period::Period;
use masthead::edition::{Edition, Sender};
use masthead::issue::archive::{ArchivedArticle, ArchivedIssue};
use masthead::mailing::{Delivery, Fate, Judgement, Mailing, MailingId, ProviderId, Reply, Stage};
use masthead::store::{Attempt, Claim, Enrolled, LedgerLine, Note, Opening, Store, StoreError, Wave};
use masthead::subscription::{EmailAddress, Enrolment, Evidence, List, ListId, Standing, SubscriberId};

/// An empty store, and what must live as long as it does.
pub(crate) struct Empty {
    store: Arc<dyn Store>,
    _keeps: Box<dyn Any + Send>,
}

impl Empty {
    pub(crate) fn new(store: Arc<dyn Store>, keeps: impl Any + Send) -> Self {
        Self { store, _keeps: Box::new(keeps) }
    }

    pub(crate) fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }
}

/// So many seconds into the story.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

pub(crate) fn list(id: &str) -> List {
    List {
        id: list_id(id),
        name: format!("The {id} list"),
        description: "What comes, and how often.".to_owned(),
        lang: None,
        frequency: "monthly".to_owned(),
    }
}

pub(crate) fn list_id(id: &str) -> ListId {
    id.parse().unwrap()
}

pub(crate) fn list_ids(ids: &[&str]) -> Vec<ListId> {
    ids.iter().map(|id| list_id(id)).collect()
}

pub(crate) fn issue(id: &str) -> IssueId {
    id.parse().unwrap()
}

pub(crate) fn address(number: usize) -> EmailAddress {
    EmailAddress::parse(&format!("reader{number}@example.org")).unwrap()
}

pub(crate) fn evidence(detail: &str) -> Evidence {
    Evidence { channel: "import".to_owned(), detail: detail.to_owned() }
}

pub(crate) fn enrolment(number: usize, standing: Standing) -> Enrolment {
    Enrolment { address: address(number), name: None, standing, since: None, evidence: evidence(&format!("readers.csv, line {number}")) }
}

pub(crate) fn roll(numbers: impl IntoIterator<Item = usize>, standing: Standing) -> Vec<Enrolment> {
    numbers.into_iter().map(|number| enrolment(number, standing)).collect()
}

/// Declares `general` and `extra`, and enters so many confirmed readers on `general`.
pub(crate) async fn settle_in(store: &Arc<dyn Store>, readers: usize) {
    store.declare_lists(&[list("general"), list("extra")]).await.unwrap();
    store.enrol(&list_id("general"), roll(1..=readers, Standing::Confirmed), at(0)).await.unwrap();
}

pub(crate) async fn enrol(store: &Arc<dyn Store>, list: &str, number: usize, standing: Standing) -> Enrolled {
    store.enrol(&list_id(list), vec![enrolment(number, standing)], at(1)).await.unwrap()[0]
}

pub(crate) async fn leave(store: &Arc<dyn Store>, number: usize, list: Option<&str>) -> Vec<ListId> {
    let list = list.map(list_id);
    store.unsubscribe(&address(number), list.as_ref(), evidence("asked by mail"), at(2)).await.unwrap()
}

pub(crate) fn edition(id: &str) -> Edition {
    Edition {
        issue: issue(id),
        hash: format!("{id:0>64}"),
        subject: format!("The issue of {id}"),
        lang: "en".to_owned(),
        archived_at: format!("https://news.example.org/issues/{id}"),
        sender: Sender {
            name: None,
            address: address(0),
            reply_to: address(0),
            base_url: "https://news.example.org".to_owned(),
            bounce_domain: "news.example.org".to_owned(),
            sender_id: "example".to_owned(),
        },
        html: "<p>Dear @@mark@@name</p>".to_owned(),
        text: "Dear @@mark@@name".to_owned(),
        mark: "@@mark@@".to_owned(),
    }
}

pub(crate) fn archived(id: &str) -> ArchivedIssue {
    let month = issue(id).month();
    ArchivedIssue {
        id: issue(id),
        title: format!("The issue of {id}"),
        period: Period::Months(month, month),
        number: None,
        out_at: at(0),
        corrected_at: None,
        made_at: None,
        carried: Vec::new(),
        added: Vec::new(),
        articles: vec![ArchivedArticle { slug: "first".to_owned(), title: "First".to_owned() }],
        manuscript: "# First\n".to_owned(),
    }
}

pub(crate) fn opening(id: &str, lists: &[&str]) -> Opening {
    Opening {
        edition: edition(id),
        archived: archived(id),
        lists: list_ids(lists),
        providers: Vec::new(),
        seeds: None,
        canary: 0,
        at: at(10),
    }
}

pub(crate) async fn open(store: &Arc<dyn Store>, id: &str, lists: &[&str]) -> Mailing {
    store.open_mailing(opening(id, lists)).await.unwrap().mailing
}

/// A claim of everything but what belongs to a provider that has a name.
pub(crate) fn page(mailing: &Mailing, most: usize, now: Timestamp) -> Claim {
    Claim { mailing: mailing.id, provider: ProviderId::other(), wave: Wave::Rest, most, now }
}

pub(crate) async fn claim(store: &Arc<dyn Store>, mailing: &Mailing, most: usize) -> Vec<Delivery> {
    store.claim(page(mailing, most, at(20))).await.unwrap()
}

pub(crate) async fn claim_one(store: &Arc<dyn Store>, mailing: &Mailing) -> Delivery {
    claim(store, mailing, 1).await.remove(0)
}

/// A try with the relay's usual answer to this fate.
pub(crate) fn attempt(mailing: MailingId, subscriber: SubscriberId, fate: Fate) -> Attempt {
    let reply = match fate {
        Fate::Accepted => Some(Reply::new(250, ["2.0.0 queued"])),
        Fate::Deferred { .. } => Some(Reply::new(451, ["4.7.1 try again later"])),
        Fate::Refused => Some(Reply::new(550, ["5.1.1 no such person"])),
        _ => None,
    };
    let fault = reply.is_none().then(|| "the connection was lost".to_owned());
    let judgement = if fate == Fate::Refused { Judgement::Hard } else { Judgement::Nothing };
    Attempt {
        mailing,
        subscriber,
        provider: ProviderId::other(),
        number: 1,
        relay: "main".into(),
        at: at(30),
        stage: Stage::Rcpt,
        reply,
        fault,
        fate,
        judgement,
        suppress: false,
    }
}

/// Notes that a delivery is about to be handed over.
pub(crate) async fn submit(store: &Arc<dyn Store>, delivery: &Delivery) -> Result<(), StoreError> {
    submit_to(store, delivery.mailing, delivery.subscriber).await
}

pub(crate) async fn submit_to(store: &Arc<dyn Store>, mailing: MailingId, subscriber: SubscriberId) -> Result<(), StoreError> {
    store.note(Note { mailing, settled: None, submitting: Some(subscriber), at: at(25) }).await
}

/// Notes what became of a try.
pub(crate) async fn settle(store: &Arc<dyn Store>, attempt: Attempt) -> Result<(), StoreError> {
    let (mailing, at) = (attempt.mailing, attempt.at);
    store.note(Note { mailing, settled: Some(attempt), submitting: None, at }).await
}

/// Hands over a claimed delivery and notes this fate.
pub(crate) async fn hand_over(store: &Arc<dyn Store>, delivery: &Delivery, fate: Fate) {
    submit(store, delivery).await.unwrap();
    let tried = Attempt { number: delivery.attempt, ..attempt(delivery.mailing, delivery.subscriber, fate) };
    settle(store, Attempt { provider: delivery.provider.clone(), ..tried }).await.unwrap();
}

pub(crate) async fn lines(store: &Arc<dyn Store>, mailing: &Mailing) -> Vec<LedgerLine> {
    store.lines(mailing.id, None, SubscriberId(0), 10_000).await.unwrap()
}

pub(crate) async fn fates(store: &Arc<dyn Store>, mailing: &Mailing) -> Vec<Fate> {
    lines(store, mailing).await.into_iter().map(|line| line.fate).collect()
}

/// Suppresses a reader the way it happens: a relay refuses them for good.
pub(crate) async fn suppress(store: &Arc<dyn Store>, number: usize) {
    store.declare_lists(&[list("trial")]).await.unwrap();
    enrol(store, "trial", number, Standing::Confirmed).await;
    let mailing = open(store, &format!("2001-01-trial{number}"), &["trial"]).await;
    for delivery in claim(store, &mailing, 10_000).await {
        let is_meant = delivery.address == address(number);
        let fate = if is_meant { Fate::Refused } else { Fate::Accepted };
        submit(store, &delivery).await.unwrap();
        settle(store, Attempt { suppress: is_meant, ..attempt(delivery.mailing, delivery.subscriber, fate) }).await.unwrap();
    }
    leave(store, number, Some("trial")).await;
}
