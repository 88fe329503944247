//! Feeds and their items, in PostgreSQL.

use std::collections::BTreeMap;

use async_trait::async_trait;
use deadpool_postgres::Transaction;
use tokio_postgres::Row;

use super::{PgStore, locks, rows};
use crate::dateline::IssueId;
use crate::issue::feed::{FeedItem, FeedState, ItemKey};
use crate::store::feeds::{MOST_KEPT, REMEMBERED};
use crate::store::{Feeds, Result};

#[async_trait]
impl Feeds for PgStore {
    async fn feeds(&self, urls: &[String]) -> Result<Vec<FeedState>> {
        rows::all(&self.link().await?, FEEDS, &[&texts(urls)], |row| rows::from_json(row, "state")).await
    }

    async fn feed_items(&self, urls: &[String]) -> Result<Vec<FeedItem>> {
        rows::all(&self.link().await?, ITEMS, &[&texts(urls)], item).await
    }

    async fn keep_feed(&self, state: FeedState, items: Vec<FeedItem>) -> Result<()> {
        let mut link = self.link().await?;
        let transaction = link.transaction().await?;
        locks::feeds(&transaction).await?;
        keep(&transaction, &state, &items).await?;
        Ok(transaction.commit().await?)
    }

    async fn carry(&self, issue: &IssueId, items: &[ItemKey]) -> Result<()> {
        let (feeds, keys): (Vec<String>, Vec<String>) = items.iter().map(|item| (rows::text(&item.feed), rows::text(&item.key))).unzip();
        let mut link = self.link().await?;
        let transaction = link.transaction().await?;
        locks::feeds(&transaction).await?;
        rows::change(&transaction, SET_DOWN, &[&issue.as_str()]).await?;
        rows::change(&transaction, CARRY, &[&issue.as_str(), &feeds, &keys]).await?;
        Ok(transaction.commit().await?)
    }
}

async fn keep(transaction: &Transaction<'_>, state: &FeedState, items: &[FeedItem]) -> Result<()> {
    let (url, now) = (rows::text(&state.url), state.tried_at);
    rows::change(transaction, KEEP_FEED, &[&url, &rows::to_json(state)?]).await?;
    // One statement cannot change a row twice: of an item that comes twice the last counts, first seen with the first.
    let mut by_key: BTreeMap<(String, String), (i64, String)> = BTreeMap::new();
    for item in items {
        let (first_seen, json) = (rows::kept(item.first_seen), rows::to_json(item)?);
        by_key.entry((rows::text(&item.feed), rows::text(&item.key))).or_insert_with(|| (first_seen, String::new())).1 = json;
    }
    let (feeds, keys): (Vec<&str>, Vec<&str>) = by_key.keys().map(|(feed, key)| (feed.as_str(), key.as_str())).unzip();
    let (first_seen, json): (Vec<i64>, Vec<&str>) = by_key.values().map(|(first_seen, json)| (first_seen, json.as_str())).unzip();
    rows::change(transaction, KEEP_ITEMS, &[&feeds, &keys, &first_seen, &json, &rows::kept(now)]).await?;
    rows::change(transaction, KEEP_SOME, &[&url, &MOST_KEPT]).await?;
    if let Ok(long_ago) = now.checked_sub(REMEMBERED) {
        rows::change(transaction, FORGET, &[&url, &rows::kept(long_ago)]).await?;
    }
    Ok(())
}

fn texts(urls: &[String]) -> Vec<String> {
    urls.iter().map(|url| rows::text(url)).collect()
}

fn item(row: &Row) -> Result<FeedItem> {
    let kept: FeedItem = rows::from_json(row, "item")?;
    let carried_by = rows::parsed(row, "carried_by", str::parse)?;
    Ok(FeedItem { first_seen: rows::time(row, "first_seen")?, carried_by, ..kept })
}

const FEEDS: &str = "SELECT state FROM feeds WHERE url = ANY ($1)";

const ITEMS: &str = "SELECT item, first_seen, carried_by FROM feed_items WHERE feed = ANY ($1)";

const KEEP_FEED: &str = "
    INSERT INTO feeds (url, state)
    VALUES ($1, $2)
    ON CONFLICT (url) DO UPDATE
    SET state = excluded.state";

const KEEP_ITEMS: &str = "
    INSERT INTO feed_items AS known (feed, key, first_seen, last_seen, item)
    SELECT feed, key, first_seen, $5::bigint, item
    FROM UNNEST($1::text[], $2::text[], $3::bigint[], $4::text[]) AS given (feed, key, first_seen, item)
    ON CONFLICT (feed, key) DO UPDATE
    SET last_seen = excluded.last_seen,
        item = CASE WHEN known.carried_by IS NULL THEN excluded.item ELSE known.item END";

const KEEP_SOME: &str = "
    DELETE FROM feed_items
    WHERE feed = $1
      AND key IN (
        SELECT key
        FROM feed_items
        WHERE feed = $1 AND carried_by IS NULL
        ORDER BY last_seen DESC, first_seen DESC, key
        OFFSET $2)";

const FORGET: &str = "DELETE FROM feed_items WHERE feed = $1 AND last_seen < $2 AND carried_by IS NULL";

const SET_DOWN: &str = "UPDATE feed_items SET carried_by = NULL WHERE carried_by = $1";

const CARRY: &str = "
    UPDATE feed_items
    SET carried_by = $1
    FROM UNNEST($2::text[], $3::text[]) AS given (feed, key)
    WHERE feed_items.feed = given.feed
      AND feed_items.key = given.key
      AND carried_by IS NULL";
