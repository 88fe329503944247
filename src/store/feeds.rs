//! What is kept of the feeds that issues take items from, so that no issue waits for them and none repeats another.

use async_trait::async_trait;
use jiff::SignedDuration;

use super::Result;
use crate::dateline::IssueId;
use crate::issue::feed::{FeedItem, FeedState, ItemKey};

/// How long an item is kept that its feed no longer has.
pub(super) const REMEMBERED: SignedDuration = SignedDuration::from_hours(365 * 24);

/// Most items of a feed that are kept and that no issue has: a feed may give its items new names every hour.
pub(super) const MOST_KEPT: i64 = 2_000;

/// Feeds, their items, and which issue has which.
#[async_trait]
pub trait Feeds: Send + Sync {
    /// What is known of these feeds as a whole, in any order; nothing of those that were never asked.
    async fn feeds(&self, urls: &[String]) -> Result<Vec<FeedState>>;

    /// The items of these feeds, in any order.
    async fn feed_items(&self, urls: &[String]) -> Result<Vec<FeedItem>>;

    /// Keeps what a feed came to and the items that it had, all or none. An item that is known stays first seen when it
    /// was; all else of it is as the feed says now, but for one that an issue has: it stays as it was. Of those that no
    /// issue has, those are forgotten that the feed has not had for a year, and the oldest beyond two thousand.
    async fn keep_feed(&self, state: FeedState, items: Vec<FeedItem>) -> Result<()>;

    /// Gives these items to an issue and takes from it all others that it had. An item that another issue has stays there.
    async fn carry(&self, issue: &IssueId, items: &[ItemKey]) -> Result<()>;
}
