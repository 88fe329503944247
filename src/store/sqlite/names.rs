//! The small numbers by which the ledger keeps providers, relays and lists.

use std::collections::HashMap;

use rusqlite::Connection;

use super::rows;
use crate::mailing::ProviderId;
use crate::store::Result;
use crate::subscription::ListId;

/// The number of a provider, if the ledger ever met it.
pub(super) fn known_provider(connection: &Connection, provider: &ProviderId) -> Result<Option<i64>> {
    rows::first(connection, "SELECT number FROM providers WHERE name = ?1", [provider.as_str()], |row| Ok(row.get(0)?))
}

/// The number of a provider, given now if it has none.
pub(super) fn provider(connection: &Connection, provider: &ProviderId) -> Result<i64> {
    if let Some(known) = known_provider(connection, provider)? {
        return Ok(known);
    }
    rows::change(connection, "INSERT INTO providers (name) VALUES (?1)", [provider.as_str()])?;
    Ok(connection.last_insert_rowid())
}

/// The number of a relay, given now if it has none.
pub(super) fn relay(connection: &Connection, name: &str) -> Result<i64> {
    if let Some(known) = rows::first(connection, "SELECT number FROM relays WHERE name = ?1", [name], |row| Ok(row.get(0)?))? {
        return Ok(known);
    }
    rows::change(connection, "INSERT INTO relays (name) VALUES (?1)", [name])?;
    Ok(connection.last_insert_rowid())
}

/// Every list by its number.
pub(super) fn lists(connection: &Connection) -> Result<HashMap<u32, ListId>> {
    let all = rows::all(connection, "SELECT number, id FROM lists", [], |row| Ok((rows::count(row, "number")?, rows::id(row, "id")?)))?;
    Ok(all.into_iter().collect())
}
