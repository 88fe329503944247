//! What is paused, and the canary's time.

use deadpool_postgres::{GenericClient, Transaction};
use jiff::Timestamp;
use tokio_postgres::Row;

use super::{news, reports, rows};
use crate::mailing::{MailingId, Pause, ProviderId, Scope};
use crate::store::{Result, StoreError};

/// Pauses, or replaces a pause.
pub(super) async fn pause(transaction: &Transaction<'_>, scope: &Scope, pause: &Pause) -> Result<()> {
    if let Scope::Mailing(mailing) = scope {
        reports::is_finished(transaction, *mailing).await?;
    }
    let (kind, name) = scope.key();
    let (since, until, reason) = (rows::kept(pause.since), pause.until.map(rows::kept), rows::text(&pause.reason));
    rows::change(transaction, PAUSE, &[&kind, &name, &since, &until, &reason, &pause.slow_to]).await?;
    news::tell(transaction).await
}

/// Ends a pause.
pub(super) async fn resume(transaction: &Transaction<'_>, scope: &Scope) -> Result<bool> {
    let (kind, name) = scope.key();
    let was_paused = rows::change(transaction, "DELETE FROM pauses WHERE kind = $1::bigint AND name = $2", &[&kind, &name]).await? > 0;
    news::tell(transaction).await?;
    Ok(was_paused)
}

/// Everything that is paused.
pub(super) async fn pauses(client: &impl GenericClient) -> Result<Vec<(Scope, Pause)>> {
    rows::all(client, PAUSES, &[], |row| {
        let name: &str = row.try_get("name")?;
        let scope = match rows::int(row, "kind")? {
            0 => Scope::Mailing(MailingId(name.parse().map_err(|_| StoreError::Corrupt(format!("`{name}` is no mailing")))?)),
            1 => Scope::Provider(ProviderId::new(name)),
            _ => Scope::Relay(name.to_owned()),
        };
        Ok((scope, of_row(row)?))
    })
    .await
}

/// The pause of a mailing.
pub(super) async fn of_mailing(client: &impl GenericClient, mailing: MailingId) -> Result<Option<Pause>> {
    let (kind, name) = Scope::Mailing(mailing).key();
    rows::first(client, ONE_PAUSE, &[&kind, &name], of_row).await
}

/// Notes that the canary is sent.
pub(super) async fn canary_sent(transaction: &Transaction<'_>, mailing: MailingId, until: Timestamp) -> Result<()> {
    match rows::change(transaction, CANARY_SENT, &[&mailing.0, &rows::kept(until)]).await? {
        0 => Err(rows::no_such_mailing(mailing)),
        _ => news::tell(transaction).await,
    }
}

fn of_row(row: &Row) -> Result<Pause> {
    Ok(Pause {
        since: rows::time(row, "since")?,
        until: rows::time_if_any(row, "until")?,
        reason: row.try_get("reason")?,
        slow_to: row.try_get("slow_to")?,
    })
}

const PAUSE: &str = "
    INSERT INTO pauses (kind, name, since, until, reason, slow_to)
    VALUES ($1::bigint, $2, $3, $4, $5, $6)
    ON CONFLICT (kind, name) DO UPDATE
    SET since = excluded.since, until = excluded.until, reason = excluded.reason, slow_to = excluded.slow_to";

const PAUSES: &str = "
    SELECT kind, name, since, until, reason, slow_to
    FROM pauses
    ORDER BY kind, name";

const ONE_PAUSE: &str = "
    SELECT since, until, reason, slow_to
    FROM pauses
    WHERE kind = $1::bigint
      AND name = $2";

const CANARY_SENT: &str = "
    UPDATE mailings
    SET canary_until = $2
    WHERE id = $1";
