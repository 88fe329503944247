//! Readers as their own pages meet them: by the numbers that a link carries.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Reader, Result};
use crate::subscription::{Evidence, Format, List, ListId, PersonName, SubscriberId};

/// What the pages of readers ask of the store.
#[async_trait]
pub trait Visitors: Send + Sync {
    /// The reader of this number and all their subscriptions; `None` if there is nobody of it, or nobody any more.
    async fn visitor(&self, id: SubscriberId) -> Result<Option<Reader>>;

    /// Every list that was ever declared, under its number. Counts nobody.
    async fn numbered_lists(&self) -> Result<Vec<(u32, List)>>;

    /// Calls a reader by this name from now on, or by none. Nothing happens if there is nobody of this number.
    async fn rename(&self, id: SubscriberId, name: Option<PersonName>) -> Result<()>;

    /// Sends a reader the mail in this form from now on. Nothing happens if there is nobody of this number.
    async fn send_as(&self, id: SubscriberId, format: Format) -> Result<()>;

    /// Whether [`Visitors::take_back`] would bring a reader back.
    async fn may_take_back(&self, id: SubscriberId, list: &ListId, left_after: Timestamp) -> Result<bool>;

    /// Takes back a departure that a page or a mail program asked for after this instant: the subscription is confirmed
    /// again, and as old as it was. Returns whether it was; it is not where the reader had never confirmed, left otherwise
    /// or is suppressed. Writes a consent line with the evidence.
    async fn take_back(&self, id: SubscriberId, list: &ListId, left_after: Timestamp, evidence: Evidence, now: Timestamp) -> Result<bool>;
}
