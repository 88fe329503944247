//! Mailbox providers, as the ledger tells them apart.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A mailbox provider as the ledger names it: `google`, `yahoo`, or `other` for all that the table does not know.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct ProviderId(Arc<str>);

impl ProviderId {
    /// The provider of this name.
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// Every provider that the table does not know.
    pub fn other() -> Self {
        Self::new("other")
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ProviderId {
    fn default() -> Self {
        Self::other()
    }
}

impl fmt::Display for ProviderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<String> for ProviderId {
    fn from(name: String) -> Self {
        Self(name.into())
    }
}

impl From<ProviderId> for String {
    fn from(id: ProviderId) -> Self {
        id.as_str().to_owned()
    }
}
