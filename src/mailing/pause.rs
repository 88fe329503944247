//! What is paused, why, and until when.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::MailingId;
use super::provider::ProviderId;

/// Why nothing, or little, is sent just now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pause {
    /// Since when.
    pub since: Timestamp,
    /// Until when; without it a person must resume.
    pub until: Option<Timestamp>,
    /// Why, in words for the operator.
    pub reason: String,
    /// How many messages a second still pass; without it none.
    pub slow_to: Option<f64>,
}

/// What is paused.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// One mailing.
    Mailing(MailingId),
    /// Every mailing's messages to one provider.
    Provider(ProviderId),
    /// Everything that would go through the relay of this name.
    Relay(String),
}

impl Scope {
    /// What stores know it by: the number of its sort, and a name within that.
    pub fn key(&self) -> (i64, String) {
        match self {
            Self::Mailing(mailing) => (0, mailing.0.to_string()),
            Self::Provider(provider) => (1, provider.to_string()),
            Self::Relay(name) => (2, name.clone()),
        }
    }
}
