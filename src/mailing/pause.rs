//! A halt that somebody called: for a mailing, a provider or a relay, until a time or until a person ends it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::MailingId;
use super::provider::ProviderId;

/// What is paused.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// One mailing as a whole.
    Mailing(MailingId),
    /// The readers of one provider.
    Provider(ProviderId),
    /// One relay, by its name.
    Relay(String),
}

/// How long, why, and what still passes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pause {
    /// Since when.
    pub since: Timestamp,
    /// Until when; `None`: a person must resume.
    pub until: Option<Timestamp>,
    /// Why, in words for a person.
    pub reason: String,
    /// Messages a second that still pass; `None`: nothing passes.
    pub slow_to: Option<f64>,
}
