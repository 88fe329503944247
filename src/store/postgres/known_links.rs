//! What links came to, in PostgreSQL.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{PgStore, rows};
use crate::issue::known_links::LinkState;
use crate::store::{KnownLinks, Result};

#[async_trait]
impl KnownLinks for PgStore {
    async fn known_links(&self, urls: &[String]) -> Result<Vec<LinkState>> {
        let urls: Vec<String> = urls.iter().map(|url| rows::text(url)).collect();
        rows::all(&self.link().await?, FIND, &[&urls], |row| rows::from_json(row, "state")).await
    }

    /// One statement for all, by address: two who keep the same links lock them in the same order.
    async fn keep_links(&self, states: Vec<LinkState>) -> Result<()> {
        let mut latest: BTreeMap<String, (i64, String)> = BTreeMap::new();
        for state in &states {
            let (tried_at, json) = (rows::kept(state.tried_at), rows::to_json(state)?);
            let known = latest.entry(rows::text(&state.url)).or_insert_with(|| (i64::MIN, String::new()));
            if tried_at >= known.0 {
                *known = (tried_at, json);
            }
        }
        let (urls, known): (Vec<String>, Vec<(i64, String)>) = latest.into_iter().unzip();
        let (tried, json): (Vec<i64>, Vec<String>) = known.into_iter().unzip();
        rows::change(&self.link().await?, KEEP, &[&urls, &tried, &json]).await?;
        Ok(())
    }
}

const FIND: &str = "SELECT state FROM links WHERE url = ANY ($1)";

const KEEP: &str = "
    INSERT INTO links AS known (url, tried_at, state)
    SELECT url, tried_at, state
    FROM UNNEST($1::text[], $2::bigint[], $3::text[]) AS given (url, tried_at, state)
    ORDER BY url COLLATE \"C\"
    ON CONFLICT (url) DO UPDATE
    SET tried_at = excluded.tried_at, state = excluded.state
    WHERE excluded.tried_at >= known.tried_at";
