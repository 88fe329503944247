//! Feeds and their items, in SQLite.

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};

use super::{SqliteStore, rows};
use crate::dateline::IssueId;
use crate::issue::feed::{FeedItem, FeedState, ItemKey};
use crate::store::feeds::{MOST_KEPT, REMEMBERED};
use crate::store::{Feeds, Result};

#[async_trait]
impl Feeds for SqliteStore {
    async fn feeds(&self, urls: &[String]) -> Result<Vec<FeedState>> {
        let urls = urls.to_vec();
        self.readers
            .read(move |connection| {
                let state = |url: &String| rows::first(connection, FEED, [url], |row| rows::from_json(row, "state"));
                urls.iter().filter_map(|url| state(url).transpose()).collect()
            })
            .await
    }

    async fn feed_items(&self, urls: &[String]) -> Result<Vec<FeedItem>> {
        let urls = urls.to_vec();
        self.readers
            .read(move |connection| {
                let mut items = Vec::new();
                for url in urls {
                    items.extend(rows::all(connection, ITEMS, [&url], item)?);
                }
                Ok(items)
            })
            .await
    }

    async fn keep_feed(&self, state: FeedState, items: Vec<FeedItem>) -> Result<()> {
        self.writer.write(move |connection| keep(connection, &state, &items)).await
    }

    async fn carry(&self, issue: &IssueId, items: &[ItemKey]) -> Result<()> {
        let (issue, items) = (issue.clone(), items.to_vec());
        self.writer
            .write(move |connection| {
                rows::change(connection, SET_DOWN, [issue.as_str()])?;
                items.iter().try_for_each(|item| {
                    rows::change(connection, CARRY, [issue.as_str(), &item.feed, &item.key])?;
                    Ok(())
                })
            })
            .await
    }
}

fn keep(connection: &Connection, state: &FeedState, items: &[FeedItem]) -> Result<()> {
    rows::change(connection, KEEP_FEED, params![state.url, rows::to_json(state)?])?;
    let now = state.tried_at;
    for item in items {
        let columns = params![item.feed, item.key, rows::kept(item.first_seen), rows::kept(now), rows::to_json(item)?];
        rows::change(connection, KEEP_ITEM, columns)?;
    }
    rows::change(connection, KEEP_SOME, params![state.url, MOST_KEPT])?;
    if let Ok(long_ago) = now.checked_sub(REMEMBERED) {
        rows::change(connection, FORGET, params![state.url, rows::kept(long_ago)])?;
    }
    Ok(())
}

fn item(row: &Row<'_>) -> Result<FeedItem> {
    let kept: FeedItem = rows::from_json(row, "item")?;
    let carried_by = row.get::<_, Option<String>>("carried_by")?.map(|_| rows::id(row, "carried_by")).transpose()?;
    Ok(FeedItem { first_seen: rows::time(row, "first_seen")?, carried_by, ..kept })
}

const FEED: &str = "SELECT state FROM feeds WHERE url = ?1";

const ITEMS: &str = "SELECT item, first_seen, carried_by FROM feed_items WHERE feed = ?1";

const KEEP_FEED: &str = "
    INSERT INTO feeds (url, state)
    VALUES (?1, ?2)
    ON CONFLICT (url) DO UPDATE
    SET state = excluded.state";

const KEEP_ITEM: &str = "
    INSERT INTO feed_items (feed, key, first_seen, last_seen, item)
    VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (feed, key) DO UPDATE
    SET last_seen = excluded.last_seen, item = CASE WHEN carried_by IS NULL THEN excluded.item ELSE item END";

const KEEP_SOME: &str = "
    DELETE FROM feed_items
    WHERE feed = ?1 AND carried_by IS NULL AND key NOT IN (
        SELECT key FROM feed_items WHERE feed = ?1 AND carried_by IS NULL ORDER BY last_seen DESC, first_seen DESC, key LIMIT ?2)";

const FORGET: &str = "DELETE FROM feed_items WHERE feed = ?1 AND last_seen < ?2 AND carried_by IS NULL";

const SET_DOWN: &str = "UPDATE feed_items SET carried_by = NULL WHERE carried_by = ?1";

const CARRY: &str = "UPDATE feed_items SET carried_by = ?1 WHERE feed = ?2 AND key = ?3 AND carried_by IS NULL";
