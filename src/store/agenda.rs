//! The agenda: what is decided about an issue before its mailing is open.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;

use super::Result;
use crate::dateline::IssueId;
use crate::edition::Edition;
use crate::issue::archive::ArchivedIssue;
use crate::subscription::{EmailAddress, ListId};

/// What editors were shown, what they approved, and what is held.
#[async_trait]
pub trait Agenda: Send + Sync {
    /// Freezes an edition as it is shown to editors: from now on it is the issue's latest proof, also if it was shown
    /// before. What the proof before it had frozen is thawed, unless somebody approved it or a mailing has it.
    async fn show(&self, proof: Proof, frozen: Frozen) -> Result<()>;

    /// Every proof of an issue, the latest first.
    async fn proofs(&self, issue: &IssueId) -> Result<Vec<Proof>>;

    /// What a mailing of the issue's latest proof is made of; `None` if it has no proof.
    async fn frozen(&self, issue: &IssueId) -> Result<Option<Frozen>>;

    /// Notes an approval. `false` if that editor had approved that edition already. An edition that was never shown as a
    /// proof of that issue is [`super::StoreError::Unknown`].
    async fn approve(&self, approval: Approval) -> Result<bool>;

    /// Every approval of an issue's editions, oldest first.
    async fn approvals(&self, issue: &IssueId) -> Result<Vec<Approval>>;

    /// Keeps an issue from going out: [`super::Ledger::open_mailing`] refuses it. A hold for a graver cause takes the place
    /// of a lesser one, a new reason that of an old one for the same cause; a graver one stays. Returns whether the issue
    /// is held for this cause now and was not before. An issue whose mailing is open is [`super::StoreError::Unknown`].
    async fn hold(&self, hold: Hold) -> Result<bool>;

    /// Lifts the hold of an issue, whatever its cause. `false` if there was none.
    async fn lift(&self, issue: &IssueId, at: Timestamp) -> Result<bool>;

    /// All that is held, by issue.
    async fn holds(&self) -> Result<Vec<Hold>>;

    /// When a hold of the issue was last lifted: from then on it is counted how late it is.
    async fn lifted(&self, issue: &IssueId) -> Result<Option<Timestamp>>;

    /// Notes that a word is told which is told once, over restarts and nodes: `true` for the first who asks.
    async fn first_time(&self, what: &str, at: Timestamp) -> Result<bool>;

    /// When a word was told; `None` if it was not yet.
    async fn told(&self, what: &str) -> Result<Option<Timestamp>>;

    /// Takes back a word and all that begin with it and a blank: the next who asks is the first again. Returns how many.
    async fn forget(&self, what: &str) -> Result<u64>;

    /// On which machine the database is at home; `None` if nobody has said so yet.
    async fn home(&self) -> Result<Option<String>>;

    /// Says on which machine it is at home from now on.
    async fn adopt(&self, home: &str) -> Result<()>;
}

/// An edition as it was shown to the editors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// Of which issue.
    pub issue: IssueId,
    /// The hash of the edition.
    pub edition: String,
    /// The fingerprint of what it was made of, in hex.
    pub draft: String,
    /// When it was last shown.
    pub at: Timestamp,
}

/// All that a mailing needs of an issue, so that it can be opened without rendering anew.
#[derive(Debug, Clone, PartialEq)]
pub struct Frozen {
    /// What every reader gets.
    pub edition: Edition,
    /// What enters the archive; its `out_at` is that of the proof, and a mailing puts its own there.
    pub archived: ArchivedIssue,
    /// To whom it goes, in order.
    pub lists: Vec<ListId>,
}

/// An editor's word that an edition may go out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Approval {
    /// Of which issue.
    pub issue: IssueId,
    /// The hash of the edition.
    pub edition: String,
    /// Whose word.
    pub editor: EmailAddress,
    /// When it was given.
    pub at: Timestamp,
    /// How.
    pub means: Means,
}

/// How an approval was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Means {
    /// By the link in the editor's proof.
    Link,
    /// By a command on the machine, in the editor's name.
    Command,
}

impl Means {
    /// All, in the order in which a store numbers them.
    pub const ALL: [Self; 2] = [Self::Link, Self::Command];
}

/// That an issue must not go out until somebody lets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hold {
    /// Which issue.
    pub issue: IssueId,
    /// Since when it is held for this cause.
    pub since: Timestamp,
    /// Why, in words.
    pub reason: String,
    /// What sort of hold it is.
    pub cause: HoldCause,
}

/// Why an issue is held, the graver after the lesser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HoldCause {
    /// Its time had passed by more than the grace allowed.
    Late,
    /// A person said so.
    Person,
    /// A person cancelled it: it is not to go out at all.
    Cancelled,
}

impl HoldCause {
    /// All, in the order in which a store numbers them.
    pub const ALL: [Self; 3] = [Self::Late, Self::Person, Self::Cancelled];
}
