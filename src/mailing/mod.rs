//! One edition to its lists, once: what is owed to each reader, how a message is composed, and what an answer means.

pub mod compose;
pub mod dkim;
pub mod fate;
pub mod header;
pub mod ident;
pub mod letter;
pub mod pause;
pub mod plan;
pub mod provider;
mod replies;
pub mod reply;
pub mod settle;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::dateline::IssueId;
use crate::subscription::{EmailAddress, Format, ListId, PersonName, SubscriberId};

pub use fate::Fate;
pub use pause::{Pause, Scope};
pub use provider::ProviderId;
pub use reply::{EnhancedCode, Reply, Stage};
pub use settle::Judgement;

/// A mailing's number in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MailingId(pub i64);

/// One edition to its lists, once.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mailing {
    /// The store's number.
    pub id: MailingId,
    /// Which issue; an issue has at most one mailing.
    pub issue: IssueId,
    /// The hash of the frozen edition, in hex.
    pub edition: String,
    /// The lists it goes to, first the one whose unsubscribe link a reader of several gets.
    pub lists: Vec<ListId>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When its last delivery came to rest.
    pub finished_at: Option<Timestamp>,
    /// Why it is not sent just now, if somebody or something paused it.
    pub paused: Option<Pause>,
    /// When it was cancelled: what had not gone out by then never will.
    pub cancelled_at: Option<Timestamp>,
    /// Whether seeds or a canary get it before the rest.
    pub is_canaried: bool,
    /// Until when the rest waits for what becomes of the canary; `None` until the canary is sent.
    pub canary_until: Option<Timestamp>,
}

/// One mailing to one subscriber, claimed and ready to be composed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Which mailing.
    pub mailing: MailingId,
    /// To whom.
    pub subscriber: SubscriberId,
    /// Where.
    pub address: EmailAddress,
    /// Under which name.
    pub name: Option<PersonName>,
    /// On account of which list.
    pub list: ListId,
    /// In which form.
    pub format: Format,
    /// That list's number in the store, as tokens carry it.
    pub list_number: u32,
    /// Who keeps the reader's mailbox.
    pub provider: ProviderId,
    /// Which try this is, counted from 1.
    pub attempt: u32,
    /// When it was first claimed: the message's Date, the same on every try (STANDARDS M5, M6).
    pub first_attempt_at: Timestamp,
}

/// RFC 5321 sender and recipient: what the relay is told, apart from the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// `MAIL FROM`: one per delivery, so that a bounce names its reader (STANDARDS S10).
    pub sender: EmailAddress,
    /// `RCPT TO`: exactly one (STANDARDS M7).
    pub recipient: EmailAddress,
}
