//! The end of a mailing: finished, cancelled, or begun again for those who were refused.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::counting::recount;
use super::{opening, reports, rows};
use crate::mailing::MailingId;
use crate::store::Result;

/// Closes a mailing of which nothing is open, and puts its issue on the shelf.
pub(super) fn finish(connection: &Connection, mailing: MailingId, now: Timestamp) -> Result<bool> {
    if reports::is_finished(connection, mailing)? {
        return Ok(true);
    }
    let is_cancelled = reports::is_cancelled(connection, mailing)? == Some(true);
    if is_cancelled {
        withhold_what_waits(connection, mailing, now)?;
    }
    let tally = reports::tally(connection, mailing)?;
    if tally.open() > 0 {
        return Ok(false);
    }
    if !is_cancelled || tally.accepted > 0 {
        rows::change(connection, SHELVE, [mailing.0])?;
    }
    rows::change(connection, FINISH, params![mailing.0, rows::kept(now)])?;
    Ok(true)
}

/// Withholds whatever has not gone out.
pub(super) fn cancel(connection: &Connection, mailing: MailingId, now: Timestamp) -> Result<u64> {
    if reports::is_finished(connection, mailing)? {
        return Ok(0);
    }
    rows::change(connection, CANCEL, params![mailing.0, rows::kept(now)])?;
    withhold_what_waits(connection, mailing, now)
}

/// Queues again what may yet arrive.
pub(super) fn retry(connection: &Connection, mailing: MailingId, now: Timestamp) -> Result<u64> {
    reports::must_be_uncancelled(connection, mailing)?;
    let queued = rows::change(connection, RETRY, params![mailing.0, rows::kept(now)])?;
    if queued > 0 {
        rows::change(connection, opening::REOPEN, [mailing.0])?;
        recount(connection, mailing)?;
    }
    Ok(queued as u64)
}

fn withhold_what_waits(connection: &Connection, mailing: MailingId, now: Timestamp) -> Result<u64> {
    let tally = reports::tally(connection, mailing)?;
    if tally.queued + tally.claimed + tally.deferred == 0 {
        return Ok(0);
    }
    let withheld = rows::change(connection, WITHHOLD, params![mailing.0, rows::kept(now)])?;
    recount(connection, mailing)?;
    Ok(withheld as u64)
}

const WITHHOLD: &str = "
    UPDATE deliveries
    SET fate = 7, next_at = NULL, changed_at = ?2
    WHERE mailing = ?1
      AND fate IN (0, 1, 4)";

const CANCEL: &str = "
    UPDATE mailings
    SET cancelled_at = COALESCE(cancelled_at, ?2)
    WHERE id = ?1";

// The last try decides: a hard bounce (2) stays refused, and whoever is suppressed is not written to.
const RETRY: &str = "
    UPDATE deliveries
    SET fate = 0, first_attempt_at = NULL, changed_at = ?2
    WHERE mailing = ?1
      AND (fate = 6 OR fate = 5 AND (
          SELECT a.judgement
          FROM attempts a
          WHERE a.mailing = deliveries.mailing
            AND a.subscriber = deliveries.subscriber
          ORDER BY a.number DESC
          LIMIT 1
      ) IS NOT 2)
      AND NOT EXISTS (
          SELECT 1
          FROM subscribers s
          JOIN suppressions x ON x.address_key = s.address_key
          WHERE s.id = deliveries.subscriber
      )";

const SHELVE: &str = "
    INSERT INTO back_issues (id, issue)
    SELECT issue, archived
    FROM mailings
    WHERE id = ?1
      AND archived IS NOT NULL
    ON CONFLICT (id) DO UPDATE
    SET issue = excluded.issue";

const FINISH: &str = "
    UPDATE mailings
    SET finished_at = ?2, archived = NULL
    WHERE id = ?1";
