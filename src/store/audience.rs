//! A whole audience in and out: rolls of any length, what an export tells, and the erasure of a person.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;

use super::{Enrolled, Result, Suppression};
use crate::subscription::roll::RollEntry;
use crate::subscription::{EmailAddress, Enrolment, Evidence, Format, ListId, PersonName, Seal, Standing, SubscriberId};

/// The channel of a suppression in an export: its line is about an address and no list.
pub const SUPPRESSION: &str = "suppression";

/// A roll that came to no end: nothing of it may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrokenOff;

/// A roll as it is read, in pieces of some thousand entries.
pub type Pieces = Box<dyn Iterator<Item = std::result::Result<Vec<RollEntry>, BrokenOff>> + Send>;

/// How a roll is to be entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// On which list those are entered whose entry names none.
    pub list: Option<ListId>,
    /// When.
    pub at: Timestamp,
    /// Only to see what would happen: nothing stands.
    pub is_rehearsal: bool,
    /// Whether `list` is to hold nobody else afterwards.
    pub ending: Option<Ending>,
}

/// How those are taken off a list who are not in the roll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// Why.
    pub evidence: Evidence,
    /// The largest part of the list's readers that may end, in thousandths; if it would be more, nothing stands.
    pub brake: u32,
}

/// What became of a roll; each entry is counted once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Imported {
    /// Whether it stands: no rehearsal, not broken off, not braked.
    pub stands: bool,
    /// Entered and confirmed.
    pub entered: u64,
    /// Entered, still to confirm.
    pub pending: u64,
    /// Entered as a past departure from the list.
    pub ended: u64,
    /// A pending subscription was confirmed, or one was ended.
    pub changed: u64,
    /// On the list already, as the roll says or better.
    pub already_there: u64,
    /// Left before, so not brought back.
    pub left_before: u64,
    /// Gone, as the roll says; suppressed from now on.
    pub newly_suppressed: u64,
    /// Suppressed before, or erased.
    pub suppressed: u64,
    /// Further up in the same roll already.
    pub duplicates: u64,
    /// How many were on the list before, pending or confirmed; counted only if others are to end.
    pub living: u64,
    /// How many of them are not in the roll, and ended.
    pub absent: u64,
}

impl Imported {
    /// How many entries there were.
    pub fn entries(&self) -> u64 {
        let came = self.entered + self.pending + self.ended + self.changed;
        came + self.already_there + self.left_before + self.newly_suppressed + self.suppressed + self.duplicates
    }
}

/// One subscription with its proof, as an export tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Registered {
    /// The reader's number.
    #[serde(skip)]
    pub subscriber: SubscriberId,
    /// The address.
    pub email: EmailAddress,
    /// The name.
    pub name: Option<PersonName>,
    /// In which form the mail is wanted.
    pub format: Format,
    /// The list.
    pub list: ListId,
    /// Where it stands.
    pub status: Standing,
    /// Since when.
    pub since: Timestamp,
    /// How the last change of it reached us.
    pub channel: String,
    /// What proves it.
    pub evidence: String,
}

/// A request to join that nobody has confirmed yet, as it is told to the person whom it names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unconfirmed {
    /// When it was made.
    pub at: Timestamp,
    /// The name that was given.
    pub name: Option<PersonName>,
    /// What was wanted.
    pub lists: Vec<ListId>,
    /// The page, and the consent text that stood on it.
    pub detail: String,
}

/// Rolls, registers and erasure.
#[async_trait]
pub trait Audience: Send + Sync {
    /// Enters a whole roll in one transaction, as it is read: each entry as [`super::Subscribers::enrol`] does, on its
    /// own list or that of the import. Who is gone is suppressed with the evidence of the entry, whether known before or
    /// not; a subscription on the list ends, and none begins. The first entry of an address counts; a later one is a
    /// duplicate, but a departure counts wherever it stands.
    ///
    /// A form of the mail holds for who comes new; whoever is known has chosen.
    ///
    /// With [`Import::ending`], those end who are pending or confirmed on the list and in no entry.
    /// [`super::StoreError::Unknown`] where an entry has no list, or one that was never declared.
    async fn import(&self, import: Import, pieces: Pieces) -> Result<Imported>;

    /// The subscriptions of one list or all, of up to `most` readers whose numbers follow `after`; in the order of
    /// readers and lists.
    async fn register(&self, list: Option<&ListId>, after: SubscriberId, most: usize) -> Result<Vec<Registered>>;

    /// Up to `most` suppressions in the order of their addresses, which follow `after`: all of them, or those of readers
    /// who are or were on one list.
    async fn suppressions(&self, list: Option<&ListId>, after: &str, most: usize) -> Result<Vec<(EmailAddress, Suppression)>>;

    /// Why an address is suppressed, known or not; `None` if it is not. Of who was erased, only that.
    async fn suppression(&self, address: &EmailAddress) -> Result<Option<Suppression>>;

    /// The requests to join for an address that wait to be confirmed, oldest first.
    async fn unconfirmed(&self, address: &EmailAddress) -> Result<Vec<Unconfirmed>>;

    /// Lifts whatever keeps an address suppressed, the mark of the erased too, and enters the reader who asked to come
    /// back. `None` if nothing was lifted, and then nobody is entered.
    async fn readmit(&self, list: &ListId, enrolment: Enrolment, at: Timestamp) -> Result<Option<Enrolled>>;

    /// Removes everything that tells of an address (STANDARDS C4): reader, subscriptions, consents, suppression, requests
    /// to join, and whatever servers said of it. What remains are the numbers in the ledger and a mark that keeps the
    /// address suppressed. An issue that waits for this reader is withheld. Says whether anything was known, now or before
    /// an earlier erasure.
    ///
    /// No call finds anything of the person from then on; octets that once told of them may lie in the store's files until
    /// [`Audience::scour`]; what the log and the backups of a database server keep is the server's, and ends with them.
    /// It is [`super::StoreError::Unavailable`] while a message to this reader is being handed over.
    async fn erase(&self, address: &EmailAddress, at: Timestamp) -> Result<bool>;

    /// Whether somebody was erased since the files were scoured last.
    async fn is_to_be_scoured(&self) -> Result<bool>;

    /// Writes the files anew, if somebody was erased since that was done last: afterwards none of them holds anything of
    /// who was erased before. Takes as long as copying the store, and whoever writes meanwhile waits, or is told
    /// [`super::StoreError::Unavailable`]. The same is said here where somebody reads the old files for too long; then it
    /// is still to be done.
    async fn scour(&self) -> Result<()>;

    /// Whether anybody was ever erased: then rolls are to be entered under the seal that marked them.
    async fn has_erased(&self) -> Result<bool>;

    /// Marks the erased with this seal, and knows them by it. Only the first seal counts.
    fn seal_with(&self, seal: Seal);
}
