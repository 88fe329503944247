//! The small numbers by which the ledger keeps providers, relays and lists.

use std::collections::HashMap;

use deadpool_postgres::GenericClient;

use super::rows;
use crate::mailing::ProviderId;
use crate::store::Result;
use crate::subscription::ListId;

/// The number of a provider, if the ledger ever met it.
pub(super) async fn known_provider(client: &impl GenericClient, provider: &ProviderId) -> Result<Option<i64>> {
    rows::first(client, "SELECT number FROM providers WHERE name = $1", &[&provider.as_str()], |row| rows::int(row, "number")).await
}

/// The number of a provider, given now if it has none. Two nodes may give it at once: both learn the same.
pub(super) async fn provider(client: &impl GenericClient, provider: &ProviderId) -> Result<i64> {
    if let Some(known) = known_provider(client, provider).await? {
        return Ok(known);
    }
    rows::change(client, "INSERT INTO providers (name) VALUES ($1) ON CONFLICT DO NOTHING", &[&provider.as_str()]).await?;
    rows::int(&rows::one(client, "SELECT number FROM providers WHERE name = $1", &[&provider.as_str()]).await?, "number")
}

/// The number of a relay, given now if it has none.
pub(super) async fn relay(client: &impl GenericClient, name: &str) -> Result<i64> {
    let known = "SELECT number FROM relays WHERE name = $1";
    if let Some(known) = rows::first(client, known, &[&name], |row| rows::int(row, "number")).await? {
        return Ok(known);
    }
    rows::change(client, "INSERT INTO relays (name) VALUES ($1) ON CONFLICT DO NOTHING", &[&name]).await?;
    rows::int(&rows::one(client, known, &[&name]).await?, "number")
}

/// Every list by its number.
pub(super) async fn lists(client: &impl GenericClient) -> Result<HashMap<i64, ListId>> {
    let all = rows::all(client, "SELECT number, id FROM lists", &[], |row| Ok((rows::int(row, "number")?, rows::id(row, "id")?))).await?;
    Ok(all.into_iter().collect())
}
