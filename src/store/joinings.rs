//! Those who asked on a page to join, until they confirm or have let it be.

use async_trait::async_trait;
use jiff::Timestamp;

use super::Result;
use crate::subscription::{EmailAddress, Evidence, ListId, PersonName, SubscriberId};

/// A request as a page takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asking {
    /// Whose address was given; whether it is theirs is not known yet.
    pub address: EmailAddress,
    /// The name that was given.
    pub name: Option<PersonName>,
    /// What they want.
    pub lists: Vec<ListId>,
    /// The page, and the consent text that stood on it (STANDARDS C2).
    pub detail: String,
    /// Keyed hashes of who asks, from where, and at which domain: they name nobody.
    pub marks: [String; 3],
}

/// How many letters may be asked for (STANDARDS T9): each within the span after the instant beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// For one address, twice: within a short and a long span.
    pub address: [(Timestamp, u64); 2],
    /// From one network.
    pub network: (Timestamp, u64),
    /// For addresses of one domain.
    pub domain: (Timestamp, u64),
    /// For all.
    pub whole: (Timestamp, u64),
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admitted {
    /// It waits to be confirmed, under this number, which is never given twice.
    Waits(i64),
    /// The address is on all those lists already.
    Subscribed,
    /// We do not write to this address.
    Suppressed,
    /// More were asked for than this cap allows.
    TooMany(&'static str),
}

/// A request that was admitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joining {
    /// Whose; `None` once it was confirmed.
    pub address: Option<EmailAddress>,
    /// When it was made.
    pub asked_at: Timestamp,
    /// What was wanted.
    pub lists: Vec<ListId>,
    /// The page, and the consent text that stood on it.
    pub detail: String,
    /// Who it became, once it was confirmed.
    pub subscriber: Option<SubscriberId>,
}

/// Requests to join.
#[async_trait]
pub trait Joinings: Send + Sync {
    /// Takes a request, if the caps allow it and a letter would be sent. Every request within the caps counts for the next.
    async fn ask(&self, asking: Asking, caps: Caps, now: Timestamp) -> Result<Admitted>;

    /// Takes back what [`Joinings::ask`] did at this instant for who has the first of those marks: no letter could be sent.
    async fn unask(&self, mark: &str, id: Option<i64>, at: Timestamp) -> Result<()>;

    /// The request of this number, if it was made after this instant.
    async fn joining(&self, id: i64, after: Timestamp) -> Result<Option<Joining>>;

    /// Enters who confirms on the lists that they asked for, as [`super::Subscribers::subscribe`] does. Returns whether it
    /// was done by this call; it is done once.
    async fn join(&self, id: i64, after: Timestamp, evidence: Evidence, now: Timestamp) -> Result<bool>;

    /// Forgets requests made before the first instant, and that letters were asked for before the second.
    async fn forget_joinings(&self, before: Timestamp, askings_before: Timestamp) -> Result<()>;
}
