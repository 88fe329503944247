//! What must outlive the process: readers and their consent, what is out, and the ledger of every delivery.
//!
//! Three traits in the house's words, and [`Store`] for an engine that keeps all three promises. SQLite is built in;
//! a second engine implements the same traits and passes `tests/conformance`.
//!
//! Promises that every engine keeps:
//! - a call that returned `Ok` is durable: it survives `kill -9` and power loss;
//! - no call holds a transaction open while somebody waits on the network;
//! - whatever a call changes, it changes whole or not at all.

mod reason;
pub mod sqlite;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;

use crate::dateline::IssueId;
use crate::edition::Edition;
use crate::issue::archive::ArchivedIssue;
use crate::mailing::fate::{FateWord, OnDoubt};
use crate::mailing::{Delivery, Fate, Mailing, MailingId, Reply, Stage};
use crate::subscription::{EmailAddress, Enrolment, Evidence, List, ListId, Standing, Subscriber, SubscriberId, Subscription};

pub use reason::Reason;

/// What can go wrong at the store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The store cannot be opened: no such folder, not a database, made by a newer version.
    #[error("could not open the store {place}: {cause}")]
    Open {
        /// Where it is.
        place: String,
        /// Why.
        cause: String,
    },
    /// The disk is full, the file is read-only or locked by another program.
    #[error("the store cannot be written just now: {0}")]
    Unavailable(String),
    /// A row does not say what this version expects of it.
    #[error("the store holds something unexpected: {0}")]
    Corrupt(String),
    /// A list, a mailing or a delivery that the caller named is not there, or not in the state that the call is about.
    #[error("the store does not know {0}")]
    Unknown(String),
    /// Anything else that the engine reports.
    #[error("the store failed: {0}")]
    Engine(String),
}

impl StoreError {
    /// Whether the same call may go through later, with nothing changed but the machine's state.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

/// The result of every call.
pub type Result<T> = std::result::Result<T, StoreError>;

/// An engine that keeps readers, archive and ledger.
pub trait Store: Subscribers + BackIssues + Ledger {}

impl<T: Subscribers + BackIssues + Ledger> Store for T {}

/// Readers, lists, and the consent that links them.
#[async_trait]
pub trait Subscribers: Send + Sync {
    /// Makes the configured lists known. Called at every start; a list that is no longer configured keeps its readers.
    async fn declare_lists(&self, lists: &[List]) -> Result<()>;

    /// Every list known, with how many stand where on it.
    async fn lists(&self) -> Result<Vec<ListTally>>;

    /// Enters a whole roll on a list, in one transaction.
    ///
    /// An address is known by [`EmailAddress::key`]. A suppressed address is never entered. A subscription that was
    /// ended is never revived by a roll, and `pending` never replaces `confirmed`; [`Standing::Ended`] ends one.
    /// Every change of standing writes a consent line with its evidence. A name fills a gap and replaces none.
    /// The outcomes come in the order of the roll. A list that was never declared is [`StoreError::Unknown`].
    async fn enrol(&self, list: &ListId, roll: Vec<Enrolment>, now: Timestamp) -> Result<Vec<Enrolled>>;

    /// Enters one reader who asked for it just now: as [`Subscribers::enrol`], but an ended subscription begins anew.
    /// A suppressed address stays out.
    async fn subscribe(&self, list: &ListId, enrolment: Enrolment, now: Timestamp) -> Result<Enrolled>;

    /// Ends the subscriptions of an address, all or those of one list. Returns the lists that were ended by this call.
    async fn unsubscribe(&self, address: &EmailAddress, list: Option<&ListId>, evidence: Evidence, now: Timestamp) -> Result<Vec<ListId>>;

    /// All that is known of an address; `None` if nothing is.
    async fn dossier(&self, address: &EmailAddress) -> Result<Option<Dossier>>;

    /// One page of readers in the order of their numbers: up to `most` after `after`, of one list or of all.
    async fn readers(&self, list: Option<&ListId>, after: SubscriberId, most: usize) -> Result<Vec<Reader>>;

    /// How many confirmed readers, not suppressed, a mailing to these lists would have now; each counted once.
    async fn audience(&self, lists: &[ListId]) -> Result<u64>;
}

/// Issues that are out.
#[async_trait]
pub trait BackIssues: Send + Sync {
    /// Everything that is out, oldest first: by the month or day that an issue stands for, then by id.
    async fn back_issues(&self) -> Result<Vec<ArchivedIssue>>;

    /// Puts issues on the shelf, all or none; one of the same id is replaced.
    async fn shelve(&self, issues: Vec<ArchivedIssue>) -> Result<()>;
}

/// Who is owed what, and what became of it. Rows are never deleted by sending.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Freezes the edition and opens its mailing with one delivery for every confirmed reader of its lists, in one
    /// transaction. Suppressed readers get a line with [`Fate::Withheld`]. If the issue has a mailing already, that
    /// one is returned unchanged, whatever edition was handed in: an issue goes out once.
    async fn open_mailing(&self, opening: Opening) -> Result<Opened>;

    /// The mailing of an issue.
    async fn mailing(&self, issue: &IssueId) -> Result<Option<Mailing>>;

    /// All mailings, newest first.
    async fn mailings(&self) -> Result<Vec<Mailing>>;

    /// A frozen edition by its hash.
    async fn edition(&self, hash: &str) -> Result<Option<Edition>>;

    /// Takes back what a dead process held: `claimed` becomes `queued`; `submitting` becomes `queued` or `doubtful`
    /// as `on_doubt` says. What was held as `doubtful` before stays so until `on_doubt` says to send it again. Called when a node starts on a mailing that no living node holds.
    async fn recover(&self, mailing: MailingId, on_doubt: OnDoubt, now: Timestamp) -> Result<Recovered>;

    /// Claims up to `most` deliveries that are queued, or deferred and due, for one worker. A reader who has left all
    /// of the mailing's lists or was suppressed since is withheld instead; one who has left some gets it on account of
    /// the first that is left. The lowest subscriber numbers come first, and of the due those that waited longest.
    /// The first claim fixes `first_attempt_at`. An empty answer means that nothing is queued or due.
    async fn claim(&self, mailing: MailingId, most: usize, now: Timestamp) -> Result<Vec<Delivery>>;

    /// Gives claimed deliveries back unsent. Those that are not claimed stay as they are.
    async fn release(&self, mailing: MailingId, subscribers: &[SubscriberId]) -> Result<()>;

    /// Notes that a claimed delivery is about to be handed over. Durable before the first octet leaves. If it is not
    /// claimed the answer is [`StoreError::Unknown`], and nothing may be sent.
    async fn submitting(&self, mailing: MailingId, subscriber: SubscriberId, now: Timestamp) -> Result<()>;

    /// Notes what became of a try. Durable before that connection sends its next message. A delivery that has come to
    /// rest is never changed again: the answer then is [`StoreError::Unknown`].
    async fn record(&self, attempt: Attempt) -> Result<()>;

    /// How many deliveries have which fate, and when the next deferred one is due.
    async fn tally(&self, mailing: MailingId) -> Result<Tally>;

    /// One page of the ledger in the order of subscriber numbers: up to `most` lines after `after`.
    async fn lines(&self, mailing: MailingId, fate: Option<FateWord>, after: SubscriberId, most: usize) -> Result<Vec<LedgerLine>>;

    /// Closes the mailing if nothing of it is open any more, and puts its issue on the shelf, in one transaction.
    /// Returns whether it is closed now. A closed mailing stays as it was closed; one that is not there is
    /// [`StoreError::Unknown`].
    async fn finish(&self, mailing: MailingId, now: Timestamp) -> Result<bool>;
}

/// A list with the number of its subscriptions by standing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListTally {
    /// The list.
    #[serde(flatten)]
    pub list: List,
    /// The store's number for it, as tokens carry it.
    pub number: u32,
    /// Asked, not confirmed.
    pub pending: u64,
    /// Receiving, suppressed ones not counted.
    pub confirmed: u64,
    /// Left.
    pub ended: u64,
}

/// What became of one line of a roll.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Enrolled {
    /// Entered now, with the standing that the roll gave.
    Entered,
    /// A pending subscription was confirmed, or one was ended, by this line.
    Changed,
    /// Was on the list already, as the roll says or better.
    AlreadyThere,
    /// Left before; a roll does not bring anybody back.
    LeftBefore,
    /// Suppressed; never written to.
    Suppressed,
}

/// A reader together with the subscriptions that a listing shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reader {
    /// Who.
    #[serde(flatten)]
    pub subscriber: Subscriber,
    /// On which lists.
    pub subscriptions: Vec<Subscription>,
    /// Whether we will not write to them.
    pub suppressed: bool,
}

/// All that is known of a person, for `subscribers show` and for an access request (STANDARDS C2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dossier {
    /// The person and where their subscriptions stand.
    #[serde(flatten)]
    pub reader: Reader,
    /// The evidence of a suppression.
    pub suppression: Option<Suppression>,
    /// Every change of standing, oldest first.
    pub consents: Vec<ConsentLine>,
    /// Every delivery, newest first.
    pub deliveries: Vec<LedgerLine>,
}

/// An address that we will not write to, and why (STANDARDS B2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suppression {
    /// Since when.
    pub at: Timestamp,
    /// What the relay or the reader said.
    pub reason: String,
}

/// One change of standing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConsentLine {
    /// When.
    pub at: Timestamp,
    /// On which list.
    pub list: ListId,
    /// To which standing.
    pub standing: Standing,
    /// Since when, where the evidence gives a time of its own.
    pub since: Option<Timestamp>,
    /// How we know.
    pub evidence: Evidence,
}

/// What a new mailing is made of.
#[derive(Debug, Clone)]
pub struct Opening {
    /// The edition to freeze.
    pub edition: Edition,
    /// What enters the archive once the mailing is finished.
    pub archived: ArchivedIssue,
    /// The lists, in order.
    pub lists: Vec<ListId>,
    /// Now.
    pub at: Timestamp,
}

/// The mailing, and whether this call opened it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The issue's one mailing.
    pub mailing: Mailing,
    /// `false` if it was there already.
    pub is_new: bool,
}

/// What a dead process had left behind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Recovered {
    /// Claimed and never sent: queued again.
    pub claimed: u64,
    /// Perhaps sent: queued again or held.
    pub doubtful: u64,
}

/// One try of a delivery, as the ledger keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Which mailing.
    pub mailing: MailingId,
    /// To whom.
    pub subscriber: SubscriberId,
    /// The relay's name.
    pub relay: String,
    /// When the answer came.
    pub at: Timestamp,
    /// Where in the conversation.
    pub stage: Stage,
    /// What the server said; `None` if the connection was lost.
    pub reply: Option<Reply>,
    /// Why there is no reply.
    pub fault: Option<String>,
    /// What that makes of the delivery.
    pub fate: Fate,
    /// Whether the address is to be suppressed on this evidence.
    pub suppress: bool,
}

/// How many deliveries have which fate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the fields are the fates")]
pub struct Tally {
    pub queued: u64,
    pub claimed: u64,
    pub submitting: u64,
    pub accepted: u64,
    pub deferred: u64,
    pub refused: u64,
    pub expired: u64,
    pub withheld: u64,
    pub doubtful: u64,
    /// When the next deferred delivery is due.
    pub next_due: Option<Timestamp>,
}

impl Tally {
    /// All deliveries of the mailing.
    pub fn total(&self) -> u64 {
        self.open() + self.accepted + self.refused + self.expired + self.withheld
    }

    /// Those to which something may still happen.
    pub fn open(&self) -> u64 {
        self.queued + self.claimed + self.submitting + self.deferred + self.doubtful
    }
}

/// One line of the ledger, as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LedgerLine {
    /// Which issue.
    pub issue: IssueId,
    /// The store's number of the reader.
    pub subscriber: SubscriberId,
    /// Where the mail went.
    pub address: EmailAddress,
    /// On account of which list.
    pub list: ListId,
    /// What became of it.
    #[serde(flatten)]
    pub fate: Fate,
    /// Tries begun so far: a claim that was released counts for nothing.
    pub attempts: u32,
    /// When it was first claimed.
    pub first_attempt_at: Option<Timestamp>,
    /// When anything last happened to it.
    pub changed_at: Option<Timestamp>,
    /// The last answer or fault, in words.
    pub last_answer: Option<String>,
}
