//! Who runs the servers behind readers' addresses: traffic is counted, limited and paused by provider.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The name of a mailbox provider in the ledger, in reports and in `[[provider]]`, such as `google`. Cheap to copy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct ProviderId(Arc<str>);

impl ProviderId {
    /// The word for all providers that have no name of their own.
    const OTHER: &'static str = "other";

    /// The provider of this name.
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// Everybody whom no table knows: many small servers of different people.
    pub fn other() -> Self {
        Self::new(Self::OTHER)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
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
