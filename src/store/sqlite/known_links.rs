//! What links came to, in SQLite.

use async_trait::async_trait;
use rusqlite::{Connection, params};

use super::{SqliteStore, rows};
use crate::issue::known_links::LinkState;
use crate::store::{KnownLinks, Result};

#[async_trait]
impl KnownLinks for SqliteStore {
    async fn known_links(&self, urls: &[String]) -> Result<Vec<LinkState>> {
        let urls = urls.to_vec();
        self.readers
            .read(move |connection| {
                let state = |url: &String| rows::first(connection, FIND, [url], |row| rows::from_json(row, "state"));
                urls.iter().filter_map(|url| state(url).transpose()).collect()
            })
            .await
    }

    async fn keep_links(&self, states: Vec<LinkState>) -> Result<()> {
        self.writer.write(move |connection| states.iter().try_for_each(|state| keep(connection, state))).await
    }
}

fn keep(connection: &Connection, state: &LinkState) -> Result<()> {
    rows::change(connection, KEEP, params![state.url, rows::kept(state.tried_at), rows::to_json(state)?])?;
    Ok(())
}

const FIND: &str = "SELECT state FROM links WHERE url = ?1";

const KEEP: &str = "
    INSERT INTO links (url, tried_at, state)
    VALUES (?1, ?2, ?3)
    ON CONFLICT (url) DO UPDATE
    SET tried_at = excluded.tried_at, state = excluded.state
    WHERE excluded.tried_at >= tried_at";
