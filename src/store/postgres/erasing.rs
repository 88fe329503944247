//! The erasure of a person from the tables (STANDARDS C4); what files still hold is scoured later.

use deadpool_postgres::Transaction;
use jiff::Timestamp;

use super::{enrolling, locks, rows};
use crate::store::{Enrolled, Result, StoreError};
use crate::subscription::{Enrolment, ListId, Seal};

/// Takes an address out of every table and leaves its mark. Says whether it was in any, now or before an earlier erasure.
///
/// The ledger's rows are locked in the order in which notes lock them, and before those of readers.
pub(super) async fn erase(transaction: &Transaction<'_>, seal: &Seal, key: &str, at: Timestamp) -> Result<bool> {
    locks::rolls(transaction).await?;
    locks::address(transaction, key).await?;
    let was_marked = !enrolling::erased(transaction, Some(seal), &[key]).await?.is_empty();
    let known = rows::first(transaction, BY_KEY, &[&key], |row| rows::int(row, "id")).await?;
    if let Some(subscriber) = known {
        withhold(transaction, subscriber, at).await?;
        rows::change(transaction, HUSH_ATTEMPTS, &[&subscriber]).await?;
    }
    for statement in HUSH {
        rows::change(transaction, statement, &[&key]).await?;
    }
    if let Some(subscriber) = known {
        rows::change(transaction, FORGET_SUBSCRIBER, &[&subscriber]).await?;
    }
    let asked = rows::change(transaction, FORGET_REQUESTS, &[&key]).await?;
    let suppressed = rows::change(transaction, FORGET_SUPPRESSION, &[&key]).await?;
    if known.is_none() && suppressed + asked == 0 {
        return Ok(was_marked);
    }
    rows::change(transaction, MARK, &[&seal.mark(key), &rows::kept(at)]).await?;
    Ok(true)
}

/// Lifts what keeps an address suppressed, and enters its reader; nothing of it if nothing is lifted. The address is locked
/// by who calls.
pub(super) async fn readmit(
    transaction: &Transaction<'_>,
    seal: Option<&Seal>,
    list: &ListId,
    line: &Enrolment,
    at: Timestamp,
) -> Result<Option<Enrolled>> {
    let key = line.address.key();
    let mut lifted = rows::change(transaction, FORGET_SUPPRESSION, &[&key]).await?;
    let marks: Vec<Vec<u8>> = seal.into_iter().flat_map(|seal| seal.marks(&key)).collect();
    lifted += rows::change(transaction, FORGET_MARKS, &[&marks]).await?;
    if lifted == 0 {
        return Ok(None);
    }
    enrolling::subscribe(transaction, seal, list, line, at).await.map(Some)
}

/// A line of the ledger that has not come to rest.
struct Open {
    mailing: i64,
    provider: i64,
    fate: i64,
    wave: i64,
}

/// What waits for this reader does not go out, and what is going out must have gone first.
async fn withhold(transaction: &Transaction<'_>, subscriber: i64, at: Timestamp) -> Result<()> {
    let open = rows::all(transaction, OPEN, &[&subscriber], |row| {
        let (fate, wave) = (rows::int(row, "fate")?, rows::int(row, "wave")?);
        Ok(Open { mailing: rows::int(row, "mailing")?, provider: rows::int(row, "provider")?, fate, wave })
    })
    .await?;
    if open.iter().any(|line| matches!(line.fate, rows::CLAIMED | rows::SUBMITTING)) {
        return Err(StoreError::Unavailable("a message to this reader is being handed over; try again when it is settled".to_owned()));
    }
    for Open { mailing, provider, fate, wave } in open {
        rows::change(transaction, WITHHOLD, &[&mailing, &subscriber, &rows::kept(at)]).await?;
        rows::change(transaction, WAIT_NO_MORE, &[&mailing, &provider, &subscriber]).await?;
        rows::change(transaction, MOVE, &[&mailing, &provider, &fate, &wave, &rows::WITHHELD]).await?;
    }
    Ok(())
}

const BY_KEY: &str = "
    SELECT id
    FROM subscribers
    WHERE address_key = $1";

// Queued 0, claimed 1, submitting 2, deferred 4.
const OPEN: &str = "
    SELECT mailing, provider, fate, wave
    FROM deliveries
    WHERE mailing = ANY(ARRAY(SELECT id FROM mailings))
      AND subscriber = $1
      AND fate IN (0, 1, 2, 4)
    ORDER BY mailing
    FOR UPDATE";

const WITHHOLD: &str = "
    UPDATE deliveries
    SET fate = 7, holder = NULL, next_at = NULL, changed_at = $3
    WHERE mailing = $1
      AND subscriber = $2";

// A page of `queued` may go on naming the line.
const WAIT_NO_MORE: &str = "
    DELETE FROM deferred
    WHERE mailing = $1
      AND provider = $2::bigint
      AND subscriber = $3";

// Only the queued are told apart by their wave.
const MOVE: &str = "
    INSERT INTO tallies (mailing, provider, fate, wave, part, many)
    VALUES ($1, $2::bigint, $3::bigint, CASE WHEN $3::bigint = 0 THEN $4::bigint ELSE 2 END, 0, -1),
           ($1, $2::bigint, $5::bigint, 2, 0, 1)
    ON CONFLICT (mailing, provider, fate, wave, part) DO UPDATE
    SET many = tallies.many + excluded.many";

// Servers like to repeat the address that they refuse.
const HUSH_ATTEMPTS: &str = "
    UPDATE attempts
    SET said = ''
    WHERE mailing = ANY(ARRAY(SELECT id FROM mailings))
      AND subscriber = $1";

const HUSH: [&str; 2] = [
    "UPDATE reasons SET said = '' WHERE position($1 in lower(said)) > 0",
    "UPDATE pauses SET reason = '' WHERE position($1 in lower(reason)) > 0",
];

const FORGET_SUBSCRIBER: &str = "
    DELETE FROM subscribers
    WHERE id = $1";

// Those of a reader go with the reader; somebody may have asked who never became one.
const FORGET_REQUESTS: &str = "
    DELETE FROM joinings
    WHERE address_key = $1";

const FORGET_SUPPRESSION: &str = "
    DELETE FROM suppressions
    WHERE address_key = $1";

const FORGET_MARKS: &str = "
    DELETE FROM erased
    WHERE mark = ANY($1)";

// The time stays that of the first.
const MARK: &str = "
    INSERT INTO erased (mark, at, is_scoured)
    VALUES ($1, $2, FALSE)
    ON CONFLICT (mark) DO UPDATE
    SET is_scoured = FALSE";
