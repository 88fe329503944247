//! The erasure of a person from the tables (STANDARDS C4); what files still hold is scoured later.

use deadpool_postgres::Transaction;
use jiff::Timestamp;

use super::counting::{self, Counts, Slot};
use super::{enrolling, locks, rows};
use crate::mailing::MailingId;
use crate::store::{Enrolled, NodeId, Result, StoreError};
use crate::subscription::{Enrolment, ListId, Seal};

/// Takes an address out of every table and leaves its mark. Says whether it was in any, now or before an earlier erasure.
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

/// What waits for this reader does not go out, and what is going out must have gone first.
async fn withhold(transaction: &Transaction<'_>, subscriber: i64, at: Timestamp) -> Result<()> {
    let mailings = rows::all(transaction, MAILINGS, &[&subscriber], |row| Ok(MailingId(rows::int(row, "mailing")?))).await?;
    let mut counts = Counts::default();
    for mailing in mailings {
        // No claim and no note is between reading and writing from here on.
        locks::hold_mailing(transaction, mailing).await?;
        let open = rows::first(transaction, OPEN, &[&mailing.0, &subscriber], |row| {
            Ok((rows::int(row, "provider")?, rows::int(row, "fate")?, rows::int(row, "wave")?))
        })
        .await?;
        let Some((provider, fate, wave)) = open else { continue };
        if matches!(fate, rows::CLAIMED | rows::SUBMITTING) {
            return Err(StoreError::Unavailable("a message to this reader is being handed over; try again when it is settled".to_owned()));
        }
        rows::change(transaction, WAIT_NO_MORE, &[&mailing.0, &subscriber]).await?;
        rows::change(transaction, WITHHOLD, &[&mailing.0, &subscriber, &rows::kept(at)]).await?;
        counts.shift(Slot::of(mailing, provider, fate, wave), Slot::past(mailing, provider, rows::WITHHELD));
    }
    // In any part: nobody else counts these mailings meanwhile.
    counting::write(counts, transaction, NodeId(0)).await
}

const BY_KEY: &str = "
    SELECT id
    FROM subscribers
    WHERE address_key = $1";

// Queued 0, claimed 1, submitting 2, deferred 4.
const MAILINGS: &str = "
    SELECT mailing
    FROM deliveries
    WHERE mailing = ANY(ARRAY(SELECT id FROM mailings))
      AND subscriber = $1
      AND fate IN (0, 1, 2, 4)
    ORDER BY mailing";

const OPEN: &str = "
    SELECT provider, fate, wave
    FROM deliveries
    WHERE mailing = $1
      AND subscriber = $2
      AND fate IN (0, 1, 2, 4)";

const WAIT_NO_MORE: &str = "
    DELETE FROM deferred w
    USING deliveries d
    WHERE d.mailing = $1
      AND d.subscriber = $2
      AND w.mailing = d.mailing
      AND w.provider = d.provider
      AND w.next_at = d.next_at
      AND w.subscriber = d.subscriber";

// A page of `queued` may go on naming the line.
const WITHHOLD: &str = "
    UPDATE deliveries
    SET fate = 7, next_at = NULL, changed_at = $3
    WHERE mailing = $1
      AND subscriber = $2";

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
