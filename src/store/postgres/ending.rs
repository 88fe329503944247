//! The end of a mailing: finished, cancelled, or begun again for those who were refused.

use deadpool_postgres::Transaction;
use jiff::Timestamp;

use super::counting::recount;
use super::paging::{self, pages_of_new};
use super::{locks, news, opening, reports, rows};
use crate::mailing::MailingId;
use crate::store::Result;

/// Closes a mailing of which nothing is open, and puts its issue on the shelf.
pub(super) async fn finish(transaction: &Transaction<'_>, mailing: MailingId, now: Timestamp) -> Result<bool> {
    // Most who ask come too early: nobody who is at work is to wait for them.
    if !reports::is_finished(transaction, mailing).await?
        && reports::is_cancelled(transaction, mailing).await? == Some(false)
        && reports::tally(transaction, mailing).await?.open() > 0
    {
        return Ok(false);
    }
    locks::hold_mailing(transaction, mailing).await?;
    if reports::is_finished(transaction, mailing).await? {
        return Ok(true);
    }
    let is_cancelled = reports::is_cancelled(transaction, mailing).await? == Some(true);
    if is_cancelled {
        withhold_what_waits(transaction, mailing, now).await?;
    }
    let tally = reports::tally(transaction, mailing).await?;
    if tally.open() > 0 {
        return Ok(false);
    }
    if !is_cancelled || tally.accepted > 0 {
        rows::change(transaction, SHELVE, &[&mailing.0]).await?;
    }
    rows::change(transaction, FINISH, &[&mailing.0, &rows::kept(now)]).await?;
    paging::clear(transaction, mailing).await?;
    rows::change(transaction, "DELETE FROM held WHERE mailing = $1", &[&mailing.0]).await?;
    news::tell(transaction).await?;
    Ok(true)
}

/// Withholds whatever has not gone out.
pub(super) async fn cancel(transaction: &Transaction<'_>, mailing: MailingId, now: Timestamp) -> Result<u64> {
    locks::hold_mailing(transaction, mailing).await?;
    if reports::is_finished(transaction, mailing).await? {
        return Ok(0);
    }
    rows::change(transaction, CANCEL, &[&mailing.0, &rows::kept(now)]).await?;
    news::tell(transaction).await?;
    withhold_what_waits(transaction, mailing, now).await
}

/// Queues again what may yet arrive.
pub(super) async fn retry(transaction: &Transaction<'_>, mailing: MailingId, now: Timestamp) -> Result<u64> {
    locks::hold_mailing(transaction, mailing).await?;
    reports::must_be_uncancelled(transaction, mailing).await?;
    let before = reports::tally(transaction, mailing).await?.queued;
    rows::change(transaction, RETRY, &[&mailing.0, &rows::kept(now)]).await?;
    recount(transaction, mailing).await?;
    let queued = reports::tally(transaction, mailing).await?.queued - before;
    if queued > 0 {
        rows::change(transaction, opening::REOPEN, &[&mailing.0]).await?;
        news::tell(transaction).await?;
    }
    Ok(queued)
}

async fn withhold_what_waits(transaction: &Transaction<'_>, mailing: MailingId, now: Timestamp) -> Result<u64> {
    let tally = reports::tally(transaction, mailing).await?;
    if tally.queued + tally.claimed + tally.deferred == 0 {
        return Ok(0);
    }
    let withheld = rows::change(transaction, WITHHOLD, &[&mailing.0, &rows::kept(now)]).await?;
    paging::clear(transaction, mailing).await?;
    recount(transaction, mailing).await?;
    Ok(withheld)
}

const WITHHOLD: &str = "
    UPDATE deliveries
    SET fate = 7, holder = NULL, next_at = NULL, changed_at = $2
    WHERE mailing = $1
      AND fate IN (0, 1, 4)";

const CANCEL: &str = "
    UPDATE mailings
    SET cancelled_at = COALESCE(cancelled_at, $2)
    WHERE id = $1";

// The last try decides: a hard bounce (2) stays refused, and whoever is suppressed is not written to.
const RETRY: &str = concat!(
    "
    WITH new AS (
        UPDATE deliveries d
        SET fate = 0, first_attempt_at = NULL, changed_at = $2
        WHERE d.mailing = $1
          AND (d.fate = 6 OR d.fate = 5 AND (
              SELECT a.judgement
              FROM attempts a
              WHERE a.mailing = d.mailing
                AND a.subscriber = d.subscriber
              ORDER BY a.number DESC
              LIMIT 1
          ) IS DISTINCT FROM 2)
          AND NOT EXISTS (
              SELECT 1
              FROM subscribers s
              JOIN suppressions x ON x.address_key = s.address_key
              WHERE s.id = d.subscriber
          )
        RETURNING d.subscriber, d.wave, d.provider, d.fate
    )",
    pages_of_new!()
);

const SHELVE: &str = "
    INSERT INTO back_issues (id, issue)
    SELECT issue, archived
    FROM mailings
    WHERE id = $1
      AND archived IS NOT NULL
    ON CONFLICT (id) DO UPDATE
    SET issue = excluded.issue";

const FINISH: &str = "
    UPDATE mailings
    SET finished_at = $2, archived = NULL
    WHERE id = $1";
