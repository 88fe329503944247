//! With which key the nodes sign, known by its fingerprint: the last of a row of them.

use deadpool_postgres::Transaction;

use super::{locks, rows};
use crate::store::Result;

/// Whether a node signs as the others do, which from now on it does if nobody signed before, or if its key is newer.
pub(super) async fn signs(transaction: &Transaction<'_>, newest: &str, older: &[String]) -> Result<bool> {
    // Two nodes that come first at once: the second finds what the first has settled.
    locks::signing(transaction).await?;
    let known = rows::first(transaction, LAST, &[], |row| Ok(row.try_get::<_, String>("fingerprint")?)).await?;
    if known.as_deref() == Some(newest) {
        return Ok(true);
    }
    if known.is_some_and(|known| !older.contains(&known)) {
        return Ok(false);
    }
    // One that signed before is not newer, whatever a node's file says.
    Ok(rows::change(transaction, ADD, &[&newest]).await? > 0)
}

const LAST: &str = "
    SELECT fingerprint
    FROM signing
    ORDER BY number DESC
    LIMIT 1";

const ADD: &str = "
    INSERT INTO signing (fingerprint)
    VALUES ($1)
    ON CONFLICT (fingerprint) DO NOTHING";
