//! What links came to, in PostgreSQL.

use crate::issue::known_links::LinkState;
use crate::store::{KnownLinks, Result};
use async_trait::async_trait;

#[async_trait]
impl KnownLinks for super::PgStore {
    async fn known_links(&self, urls: &[String]) -> Result<Vec<LinkState>> {
        Err(super::not_yet())
    }

    async fn keep_links(&self, states: Vec<LinkState>) -> Result<()> {
        Err(super::not_yet())
    }
}
