//! What is paused, and the canary's time.

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::{reports, rows};
use crate::mailing::{MailingId, Pause, ProviderId, Scope};
use crate::store::{Result, StoreError};

/// Pauses, or replaces a pause.
pub(super) fn pause(connection: &Connection, scope: &Scope, pause: &Pause) -> Result<()> {
    if let Scope::Mailing(mailing) = scope {
        reports::is_finished(connection, *mailing)?;
    }
    let (kind, name) = scope.key();
    let until = pause.until.map(rows::kept);
    rows::change(connection, PAUSE, params![kind, name, rows::kept(pause.since), until, pause.reason, pause.slow_to])?;
    Ok(())
}

/// Ends a pause.
pub(super) fn resume(connection: &Connection, scope: &Scope) -> Result<bool> {
    let (kind, name) = scope.key();
    Ok(rows::change(connection, "DELETE FROM pauses WHERE kind = ?1 AND name = ?2", params![kind, name])? > 0)
}

/// Everything that is paused.
pub(super) fn pauses(connection: &Connection) -> Result<Vec<(Scope, Pause)>> {
    rows::all(connection, PAUSES, [], |row| {
        let name: String = row.get("name")?;
        let scope = match row.get::<_, i64>("kind")? {
            0 => Scope::Mailing(MailingId(name.parse().map_err(|_| StoreError::Corrupt(format!("`{name}` is no mailing")))?)),
            1 => Scope::Provider(ProviderId::new(&name)),
            _ => Scope::Relay(name),
        };
        Ok((scope, of_row(row)?))
    })
}

/// The pause of a mailing.
pub(super) fn of_mailing(connection: &Connection, mailing: MailingId) -> Result<Option<Pause>> {
    let (kind, name) = Scope::Mailing(mailing).key();
    rows::first(connection, ONE_PAUSE, params![kind, name], of_row)
}

/// Notes that the canary is sent.
pub(super) fn canary_sent(connection: &Connection, mailing: MailingId, until: Timestamp) -> Result<()> {
    match rows::change(connection, CANARY_SENT, params![mailing.0, rows::kept(until)])? {
        0 => Err(rows::no_such_mailing(mailing)),
        _ => Ok(()),
    }
}

fn of_row(row: &Row<'_>) -> Result<Pause> {
    Ok(Pause {
        since: rows::time(row, "since")?,
        until: rows::time_if_any(row, "until")?,
        reason: row.get("reason")?,
        slow_to: row.get("slow_to")?,
    })
}

const PAUSE: &str = "
    INSERT INTO pauses (kind, name, since, until, reason, slow_to)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT (kind, name) DO UPDATE
    SET since = excluded.since, until = excluded.until, reason = excluded.reason, slow_to = excluded.slow_to";

const PAUSES: &str = "
    SELECT kind, name, since, until, reason, slow_to
    FROM pauses
    ORDER BY kind, name";

const ONE_PAUSE: &str = "
    SELECT since, until, reason, slow_to
    FROM pauses
    WHERE kind = ?1
      AND name = ?2";

const CANARY_SENT: &str = "
    UPDATE mailings
    SET canary_until = ?2
    WHERE id = ?1";
