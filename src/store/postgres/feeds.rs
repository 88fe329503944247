//! Feeds, in PostgreSQL.

use crate::dateline::IssueId;
use crate::issue::feed::{FeedItem, FeedState, ItemKey};
use crate::store::{Feeds, Result};
use async_trait::async_trait;
use jiff::SignedDuration;

#[async_trait]
impl Feeds for super::PgStore {
    async fn feeds(&self, urls: &[String]) -> Result<Vec<FeedState>> {
        Err(super::not_yet())
    }

    async fn feed_items(&self, urls: &[String]) -> Result<Vec<FeedItem>> {
        Err(super::not_yet())
    }

    async fn keep_feed(&self, state: FeedState, items: Vec<FeedItem>) -> Result<()> {
        Err(super::not_yet())
    }

    async fn carry(&self, issue: &IssueId, items: &[ItemKey]) -> Result<()> {
        Err(super::not_yet())
    }
}
