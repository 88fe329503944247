//! The ledger: who is owed what, what became of it, and what that says of relays and providers.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;

use super::Result;
use crate::dateline::IssueId;
use crate::edition::Edition;
use crate::issue::archive::ArchivedIssue;
use crate::mailing::fate::{FateWord, OnDoubt};
use crate::mailing::{Delivery, EnhancedCode, Fate, Judgement, Mailing, MailingId, Pause, ProviderId, Reply, Scope, Stage};
use crate::subscription::{EmailAddress, ListId, SubscriberId};
use crate::traffic::{Day, Tallied};

/// Who is owed what, and what became of it. Rows are never deleted by sending.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Freezes the edition and opens its mailing with one delivery for every confirmed reader of its lists, in one
    /// transaction. Suppressed readers get a line with [`Fate::Withheld`]. If the issue has a mailing already, that
    /// one is returned unchanged, whatever edition was handed in: an issue goes out once. An issue that is held
    /// ([`super::Agenda::hold`]) gets none: that is [`super::StoreError::Unknown`].
    async fn open_mailing(&self, opening: Opening) -> Result<Opened>;

    /// Adds to a mailing those who joined a list, confirmed, since that moment and have no line in it; they go out
    /// with [`Wave::Rest`], on account of that list. Reopens the mailing if it was finished and anybody was added.
    /// Returns how many lines were added. A mailing that is not there, or was cancelled, is [`super::StoreError::Unknown`].
    async fn extend(&self, late: Latecomers) -> Result<u64>;

    /// The mailing of an issue.
    async fn mailing(&self, issue: &IssueId) -> Result<Option<Mailing>>;

    /// All mailings, newest first.
    async fn mailings(&self) -> Result<Vec<Mailing>>;

    /// A frozen edition by its hash.
    async fn edition(&self, hash: &str) -> Result<Option<Edition>>;

    /// A node takes a mailing up of which it has nothing in hand; `boot` names this run of the machine.
    ///
    /// Takes back what a dead process held; where nodes share a store, what those held that were buried, and what this one
    /// held before. `submitting` becomes `queued` or `doubtful` as `on_doubt` says. `claimed` becomes `queued`, if no note can
    /// be lost: a process that dies loses none, nor does an engine that waits for the disk at each. Where one does not, and the
    /// mailing was last taken up in another run of the machine, the notes of the last 50 ms may have gone with the power, so
    /// that `claimed` is treated as `submitting` is. What was held as `doubtful` before stays so until `on_doubt` says to send
    /// it again. A mailing that is not there is [`super::StoreError::Unknown`].
    async fn take_up(&self, mailing: MailingId, boot: &str, on_doubt: OnDoubt, now: Timestamp) -> Result<Recovered>;

    /// Which providers have anything that may be claimed in the waves up to this one, now or later, by name.
    async fn waiting(&self, mailing: MailingId, wave: Wave) -> Result<Vec<Waiting>>;

    /// Claims up to `most` deliveries of one provider: first the deferred that are due, those that waited longest
    /// before the others, whatever wave they went out with; then the queued, wave by wave, the lowest numbers first. What
    /// another node claims at the same moment is passed over.
    ///
    /// A reader who has left all of the mailing's lists, and the one on whose account the line was entered, or who was
    /// suppressed since, is withheld instead; one who has left some gets it on account of the first that is left.
    /// A claim that fails leaves nothing claimed once the store can be written again.
    /// The first claim fixes `first_attempt_at`. An empty answer means that nothing is queued or due, or that the
    /// mailing was cancelled.
    async fn claim(&self, claim: Claim) -> Result<Vec<Delivery>>;

    /// Gives claimed deliveries back unsent. Those that are not claimed stay as they are.
    async fn release(&self, mailing: MailingId, subscribers: &[SubscriberId]) -> Result<()>;

    /// Notes what became of one try, and that another delivery is about to be handed over, both or neither.
    ///
    /// To be awaited before the first octet of what is `submitting` leaves. Survives `kill -9` once it returned `Ok`, and
    /// power loss at most 50 ms later. If what is `submitting` is not claimed, or what is `settled` has come to rest
    /// before, the answer is [`super::StoreError::Unknown`], and nothing may be sent.
    async fn note(&self, note: Note) -> Result<()>;

    /// Pauses a mailing, a provider or a relay; a pause that was there is replaced. Pausing a mailing that is not there
    /// is [`super::StoreError::Unknown`].
    async fn pause(&self, scope: &Scope, pause: Pause) -> Result<()>;

    /// Ends a pause. Returns whether there was one.
    async fn resume(&self, scope: &Scope) -> Result<bool>;

    /// Everything that is paused: mailings, then providers, then relays.
    async fn pauses(&self) -> Result<Vec<(Scope, Pause)>>;

    /// Notes that the canary is sent, and until when the rest waits.
    async fn canary_sent(&self, mailing: MailingId, until: Timestamp) -> Result<()>;

    /// Cancels a mailing: everything queued, claimed or deferred is withheld, now and whenever it would become so again.
    /// Returns how many lines were withheld. What is being handed over may still be settled.
    /// A mailing that is not there is [`super::StoreError::Unknown`]; one that is finished stays as it is.
    async fn cancel(&self, mailing: MailingId, now: Timestamp) -> Result<u64>;

    /// Queues again what was refused, but not for good, and what expired; the next claim fixes `first_attempt_at` anew.
    /// Reopens the mailing if it was finished and anything is queued. Returns how many lines. A mailing that is not
    /// there, or was cancelled, is [`super::StoreError::Unknown`].
    async fn retry(&self, mailing: MailingId, now: Timestamp) -> Result<u64>;

    /// How many deliveries have which fate, and when the next deferred one is due.
    async fn tally(&self, mailing: MailingId) -> Result<Tally>;

    /// The same for each provider, by name.
    async fn tallies(&self, mailing: MailingId) -> Result<Vec<(ProviderId, Tally)>>;

    /// The tries of all mailings at or after the minute of `since`, counted by minute, relay and provider, oldest first;
    /// only those that reached a server ([`Stage::Mail`] or later).
    async fn traffic(&self, since: Timestamp) -> Result<Vec<Tallied>>;

    /// The same by day (UTC), relay and provider, oldest first; the day of `since` counts whole.
    async fn days(&self, since: Timestamp) -> Result<Vec<Day>>;

    /// Why tries of a mailing were refused, deferred or let expire: up to `most`, the most frequent first.
    async fn reasons(&self, mailing: MailingId, most: usize) -> Result<Vec<Reason>>;

    /// The domains of the confirmed readers of these lists, not suppressed, with how many each has; by name.
    async fn domains(&self, lists: &[ListId]) -> Result<Vec<(String, u64)>>;

    /// One page of the ledger in the order of subscriber numbers: up to `most` lines after `after`.
    async fn lines(&self, mailing: MailingId, fate: Option<FateWord>, after: SubscriberId, most: usize) -> Result<Vec<LedgerLine>>;

    /// Closes the mailing if nothing of it is open any more, and puts its issue on the shelf, in one transaction; a
    /// cancelled mailing of which nothing was accepted is not put there. Returns whether it is closed now. A closed
    /// mailing stays as it was closed; one that is not there is [`super::StoreError::Unknown`].
    async fn finish(&self, mailing: MailingId, now: Timestamp) -> Result<bool>;
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
    /// Who keeps the mailboxes of a domain (in lower case); all others are kept by [`ProviderId::other`].
    pub providers: Vec<(String, ProviderId)>,
    /// The list whose confirmed readers get it first, whether or not they are on one of `lists`.
    pub seeds: Option<ListId>,
    /// How many readers get it next, spread evenly over all of them; 0 for none.
    pub canary: u64,
    /// Now.
    pub at: Timestamp,
}

/// When a delivery's turn comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Wave {
    /// The newsroom's own addresses, before anybody else.
    Seeds,
    /// A few readers, to see how they fare.
    Canary,
    /// Everybody else.
    Rest,
}

impl Wave {
    /// All, in their order.
    pub const ALL: [Self; 3] = [Self::Seeds, Self::Canary, Self::Rest];
}

/// Those who joined a list after a mailing was opened.
#[derive(Debug, Clone)]
pub struct Latecomers {
    /// The mailing that they are to get.
    pub mailing: MailingId,
    /// The list that they joined.
    pub list: ListId,
    /// Since when.
    pub since: Timestamp,
    /// Whose mailboxes are at which domain.
    pub providers: Vec<(String, ProviderId)>,
    /// Now.
    pub at: Timestamp,
}

/// The mailing, and whether this call opened it.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// The issue's one mailing.
    pub mailing: Mailing,
    /// `false` if it was there already.
    pub is_new: bool,
}

/// What a dead process had left behind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Recovered {
    /// Claimed and certainly never sent: queued again.
    pub claimed: u64,
    /// Perhaps sent: queued again or held.
    pub doubtful: u64,
}

/// What waits for one provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// Whose mailboxes.
    pub provider: ProviderId,
    /// May be claimed at once.
    pub queued: u64,
    /// Is due now or later.
    pub deferred: u64,
    /// When the first of the deferred is due.
    pub next_due: Option<Timestamp>,
}

/// What one claim asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Of which mailing.
    pub mailing: MailingId,
    /// To whose mailboxes.
    pub provider: ProviderId,
    /// The last wave whose turn has come.
    pub wave: Wave,
    /// At most so many.
    pub most: usize,
    /// Now.
    pub now: Timestamp,
}

/// What a connection tells the ledger between two messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Of which mailing.
    pub mailing: MailingId,
    /// What became of the message before.
    pub settled: Option<Attempt>,
    /// Which delivery is handed over next.
    pub submitting: Option<SubscriberId>,
    /// Now.
    pub at: Timestamp,
}

/// One try of a delivery, as the ledger keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Which mailing.
    pub mailing: MailingId,
    /// To whom.
    pub subscriber: SubscriberId,
    /// Who keeps the reader's mailbox, as the delivery says.
    pub provider: ProviderId,
    /// Which try this was, as the delivery says.
    pub number: u32,
    /// The relay's name.
    pub relay: Arc<str>,
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
    /// What that says of the reader's address.
    pub judgement: Judgement,
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

/// Why tries ended as they did, with how many did so for the same reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Whose mailboxes.
    pub provider: ProviderId,
    /// What it made of the delivery: `deferred`, `refused` or `expired`.
    pub fate: FateWord,
    /// What it said of the address.
    pub judgement: Judgement,
    /// The reply's code; `None` if none came.
    pub code: Option<u16>,
    /// The reply's enhanced code.
    pub enhanced: Option<EnhancedCode>,
    /// What the first of them said, or the fault.
    pub said: String,
    /// How many tries.
    pub many: u64,
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
