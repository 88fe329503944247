//! What must outlive the process: readers and their consent, what is decided, what is out, and the ledger of deliveries.
//!
//! A few traits in the house's words, and [`Store`] for an engine that keeps the promises of all: [`sqlite`], which is built in
//! and one process's own, and [`postgres`], which several nodes share ([`Nodes`]). `tests/conformance` holds both to them.
//!
//! Promises that every engine keeps:
//! - a call that returned `Ok` is durable: it survives `kill -9` and power loss; but for [`Ledger::note`] and
//!   [`Ledger::release`], which survive `kill -9` at once and power loss 50 ms later (in PostgreSQL at once, too);
//! - no call holds a transaction open while somebody waits on the network;
//! - whatever a call changes, it changes whole or not at all.

mod agenda;
mod audience;
mod codes;
mod counts;
mod feeds;
mod joinings;
mod known_links;
mod ledger;
pub mod library;
mod nodes;
mod outcome;
pub mod portable;
pub mod postgres;
mod shelf;
pub mod sqlite;
mod visitors;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;

use crate::dateline::IssueId;
use crate::issue::archive::ArchivedIssue;
use crate::subscription::{EmailAddress, Enrolment, Evidence, List, ListId, Standing, Subscriber, SubscriberId, Subscription};

pub use agenda::{Agenda, Approval, Frozen, Hold, HoldCause, Means, Proof};
pub use audience::{Audience, BrokenOff, Ending, Import, Imported, Pieces, Registered, SUPPRESSION, Unconfirmed};
pub use feeds::Feeds;
pub use joinings::{Admitted, Asking, Caps, Joining, Joinings};
pub use known_links::KnownLinks;
pub use ledger::{Attempt, Claim, Latecomers, Ledger, LedgerLine, Note, Opened, Opening, Reason, Recovered, Tally, Waiting, Wave};
pub use library::{EnclosedName, Enclosure, Find, Fragment, Hit, Hits, Library, Referring};
pub use nodes::{Beat, Duty, Node, NodeId, Nodes, Seat};
pub use portable::Portable;
pub use visitors::Visitors;

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

/// An engine that keeps readers, archive, agenda, ledger, and what is known of links and feeds.
pub trait Store:
    Subscribers + BackIssues + Agenda + Ledger + KnownLinks + Feeds + Audience + Visitors + Joinings + Library + Place + Portable
{
}

impl<T: Subscribers + BackIssues + Agenda + Ledger + KnownLinks + Feeds + Audience + Visitors + Joinings + Library + Place + Portable> Store
    for T
{
}

/// Where a store is, and whether several nodes can be at it.
#[async_trait]
pub trait Place: Send + Sync {
    /// What tells this store from a copy of it that was brought elsewhere: octets of its own that no person reads.
    async fn place(&self) -> Result<Vec<u8>>;

    /// The nodes that share it; `None` where only one can be at it, and locks keep others away.
    fn shared(&self) -> Option<&dyn Nodes>;
}

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

    /// The same without their manuscripts, which are empty here: for whoever asks only what is out, and need not have
    /// years of text in memory.
    async fn shelf(&self) -> Result<Vec<ArchivedIssue>>;

    /// One issue that is out, whole.
    async fn back_issue(&self, id: &IssueId) -> Result<Option<ArchivedIssue>>;

    /// Puts issues on the shelf, all or none; one of the same id is replaced.
    async fn shelve(&self, issues: Vec<ArchivedIssue>) -> Result<()>;
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
    /// Requests to join that nobody has confirmed yet.
    pub unconfirmed: Vec<Unconfirmed>,
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
