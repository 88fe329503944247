//! Taking deliveries, giving them back, and taking back what a dead process held.

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::{reports, rows};
use crate::mailing::fate::OnDoubt;
use crate::mailing::{Delivery, MailingId};
use crate::store::{Recovered, Result};
use crate::subscription::{EmailAddress, ListId, PersonName, SubscriberId};

/// A delivery that waits, and what decides whether it may be claimed.
struct Candidate {
    subscriber: SubscriberId,
    /// `None` once the person was erased.
    address: Option<EmailAddress>,
    name: Option<PersonName>,
    /// The first of the mailing's lists on which the reader is confirmed now.
    list: Option<u32>,
    is_suppressed: bool,
    attempts: u32,
    first_attempt_at: Option<Timestamp>,
}

/// Claims what waits. Comes back with nothing only if nothing waits.
pub(super) fn claim(connection: &Connection, mailing: MailingId, most: usize, now: Timestamp) -> Result<Vec<Delivery>> {
    let lists = reports::lists_of(connection, mailing)?;
    let page = params![mailing.0, rows::most(most), rows::kept(now)];
    loop {
        let waiting = rows::all(connection, WAITING, page, candidate)?;
        let is_last = waiting.is_empty();
        let mut claimed = Vec::with_capacity(waiting.len());
        for candidate in waiting {
            claimed.extend(settle(connection, mailing, candidate, &lists, now)?);
        }
        // A whole page of readers who left must not look like the end of the mailing.
        if is_last || !claimed.is_empty() {
            return Ok(claimed);
        }
    }
}

/// Gives back what was claimed and not begun.
pub(super) fn release(connection: &Connection, mailing: MailingId, subscribers: &[SubscriberId]) -> Result<()> {
    for subscriber in subscribers {
        rows::change(connection, RELEASE, params![mailing.0, subscriber.0])?;
    }
    Ok(())
}

/// Takes back what nobody holds any more.
pub(super) fn recover(connection: &Connection, mailing: MailingId, on_doubt: OnDoubt, now: Timestamp) -> Result<Recovered> {
    let doubtful = match on_doubt {
        OnDoubt::Resend => RESEND,
        OnDoubt::Hold => HOLD,
    };
    let now = rows::kept(now);
    let claimed = rows::change(connection, UNCLAIM, params![mailing.0, now])?;
    let doubtful = rows::change(connection, doubtful, params![mailing.0, now])?;
    Ok(Recovered { claimed: claimed as u64, doubtful: doubtful as u64 })
}

/// Claims one delivery, or withholds it if the reader is gone.
fn settle(
    connection: &Connection,
    mailing: MailingId,
    candidate: Candidate,
    lists: &[(u32, ListId)],
    now: Timestamp,
) -> Result<Option<Delivery>> {
    let subscriber = candidate.subscriber;
    let list = candidate.list.and_then(|number| lists.iter().find(|(known, _)| *known == number));
    let (Some((list_number, list)), Some(address), false) = (list, candidate.address, candidate.is_suppressed) else {
        rows::change(connection, WITHHOLD, params![mailing.0, subscriber.0, rows::kept(now)])?;
        return Ok(None);
    };
    let first = rows::kept(candidate.first_attempt_at.unwrap_or(now));
    rows::change(connection, CLAIM, params![mailing.0, subscriber.0, list_number, first, rows::kept(now)])?;
    Ok(Some(Delivery {
        mailing,
        subscriber,
        address,
        name: candidate.name,
        list: list.clone(),
        list_number: *list_number,
        attempt: candidate.attempts.saturating_add(1),
        // As it is kept, so that every later try is handed exactly the same.
        first_attempt_at: rows::known(first)?,
    }))
}

fn candidate(row: &Row<'_>) -> Result<Candidate> {
    Ok(Candidate {
        subscriber: rows::subscriber(row, "subscriber")?,
        address: row.get::<_, Option<String>>("address")?.map(|_| rows::address(row)).transpose()?,
        name: rows::name(row)?,
        list: row.get("list")?,
        is_suppressed: row.get("suppressed")?,
        attempts: rows::count(row, "attempts")?,
        first_attempt_at: rows::time_if_any(row, "first_attempt_at")?,
    })
}

// The lowest numbers among those that are queued (0) and the deferred (4) that have been due longest. Both halves read
// their own small index from its beginning and stop after a page, however many lines the ledger has.
const WAITING: &str = "
    WITH waiting AS (
        SELECT subscriber
        FROM (
            SELECT subscriber
            FROM deliveries
            WHERE mailing = ?1
              AND fate = 0
            ORDER BY subscriber
            LIMIT ?2
        )
        UNION ALL
        SELECT subscriber
        FROM (
            SELECT subscriber
            FROM deliveries
            WHERE mailing = ?1
              AND fate = 4
              AND next_at <= ?3
            ORDER BY next_at
            LIMIT ?2
        )
        ORDER BY subscriber
        LIMIT ?2
    )
    SELECT d.subscriber, s.address, s.name, d.attempts, d.first_attempt_at,
           (
               SELECT u.list
               FROM mailing_lists m
               CROSS JOIN subscriptions u ON u.subscriber = d.subscriber AND u.list = m.list
               WHERE m.mailing = ?1
                 AND u.standing = 1
               ORDER BY m.place
               LIMIT 1
           ) AS list,
           EXISTS (SELECT 1 FROM suppressions x WHERE x.address_key = s.address_key) AS suppressed
    FROM waiting w
    CROSS JOIN deliveries d ON d.mailing = ?1 AND d.subscriber = w.subscriber
    LEFT JOIN subscribers s ON s.id = d.subscriber
    ORDER BY w.subscriber";

const CLAIM: &str = "
    UPDATE deliveries
    SET fate = 1, list = ?3, first_attempt_at = ?4, next_at = NULL, changed_at = ?5
    WHERE mailing = ?1
      AND subscriber = ?2";

const WITHHOLD: &str = "
    UPDATE deliveries
    SET fate = 7, next_at = NULL, changed_at = ?3
    WHERE mailing = ?1
      AND subscriber = ?2";

const RELEASE: &str = "
    UPDATE deliveries
    SET fate = 0
    WHERE mailing = ?1
      AND subscriber = ?2
      AND fate = 1";

const UNCLAIM: &str = "
    UPDATE deliveries
    SET fate = 0, changed_at = ?2
    WHERE mailing = ?1
      AND fate = 1";

// Also what an earlier run held (8): whoever changes the setting has decided.
const RESEND: &str = "
    UPDATE deliveries
    SET fate = 0, changed_at = ?2
    WHERE mailing = ?1
      AND fate IN (2, 8)";

const HOLD: &str = "
    UPDATE deliveries
    SET fate = 8, changed_at = ?2
    WHERE mailing = ?1
      AND fate = 2";

#[cfg(test)]
mod tests {
    use super::super::schema;
    use super::*;

    #[test]
    fn a_claim_reads_only_the_indexes_of_what_waits() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::tune(&connection).unwrap();
        schema::migrate(&mut connection).unwrap();
        let plan =
            rows::all(&connection, &format!("EXPLAIN QUERY PLAN {WAITING}"), params![1, 100, 0], |row| Ok(row.get::<_, String>("detail")?))
                .unwrap();
        let plan = plan.join("\n");
        for step in
            ["INDEX deliveries_queued (mailing=?)", "INDEX deliveries_deferred (mailing=? AND next_at<?)", "SEARCH d USING PRIMARY KEY"]
        {
            assert!(plan.contains(step), "no `{step}` in\n{plan}");
        }
        for word in ["SCAN deliveries", "SCAN d ", "SCAN s", "SCAN u"] {
            assert!(!plan.contains(word), "`{word}` in\n{plan}");
        }
    }
}
