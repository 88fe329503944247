//! What is kept of other people's web pages, so that no issue waits for them.

use async_trait::async_trait;

use super::Result;
use crate::issue::known_links::LinkState;

/// What links came to when they were last tried.
#[async_trait]
pub trait KnownLinks: Send + Sync {
    /// What is known of these addresses, in any order; nothing of those that were never tried.
    async fn known_links(&self, urls: &[String]) -> Result<Vec<LinkState>>;

    /// Keeps what they came to, all or none. What was tried before what is kept already changes nothing: two may be at it.
    async fn keep_links(&self, states: Vec<LinkState>) -> Result<()>;
}
