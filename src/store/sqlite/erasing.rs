//! The erasure of a person, from the tables and then from the octets of the files (STANDARDS C4).

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, Row, params};
use std::path::Path;

use super::claiming::WITHHOLD;
use super::counting::recount;
use super::{enrolling, rows, schema};
use crate::mailing::MailingId;
use crate::store::{Enrolled, Result, StoreError};
use crate::subscription::{Enrolment, ListId, Seal, SubscriberId};

/// Takes an address out of every table and leaves its mark. Says whether it was in any.
pub(super) fn erase(connection: &Connection, seal: &Seal, key: &str, at: Timestamp) -> Result<bool> {
    let known = rows::first(connection, BY_KEY, [key], |row| rows::subscriber(row, "id"))?;
    if let Some(subscriber) = known {
        withhold(connection, subscriber, at)?;
        rows::change(connection, HUSH_ATTEMPTS, [subscriber.0])?;
        rows::change(connection, FORGET_SUBSCRIBER, [subscriber.0])?;
    }
    let asked = rows::change(connection, FORGET_REQUESTS, [key])?;
    let suppressed = rows::change(connection, FORGET_SUPPRESSION, [key])?;
    for statement in HUSH {
        rows::change(connection, statement, [key])?;
    }
    if known.is_none() && suppressed + asked == 0 {
        return Ok(false);
    }
    rows::change(connection, MARK, params![seal.mark(key), rows::kept(at)])?;
    Ok(true)
}

/// Lifts what keeps an address suppressed, and enters its reader; nothing of it if nothing is lifted.
pub(super) fn readmit(
    connection: &Connection,
    seal: Option<&Seal>,
    list: &ListId,
    line: &Enrolment,
    at: Timestamp,
) -> Result<Option<Enrolled>> {
    let key = line.address.key();
    let mut lifted = rows::change(connection, FORGET_SUPPRESSION, [&key])?;
    for mark in seal.into_iter().flat_map(|seal| seal.marks(&key)) {
        lifted += rows::change(connection, FORGET_MARK, [mark])?;
    }
    if lifted == 0 {
        return Ok(None);
    }
    enrolling::subscribe(connection, seal, list, line, at).map(Some)
}

/// What waits for this reader does not go out, and what is going out must have gone first.
fn withhold(connection: &Connection, subscriber: SubscriberId, at: Timestamp) -> Result<()> {
    if rows::first(connection, UNDER_WAY, [subscriber.0], |_| Ok(()))?.is_some() {
        return Err(StoreError::Unavailable("a message to this reader is being handed over; try again when it is settled".to_owned()));
    }
    let waiting = rows::all(connection, WAITING, [subscriber.0], |row| Ok(MailingId(row.get("mailing")?)))?;
    for mailing in waiting {
        rows::change(connection, WITHHOLD, params![mailing.0, subscriber.0, rows::kept(at)])?;
        recount(connection, mailing)?;
    }
    Ok(())
}

/// Whether the file may still hold octets of who was erased.
pub(super) fn is_to_be_scoured(connection: &Connection) -> Result<bool> {
    Ok(rows::first(connection, TO_BE_SCOURED, [], |_| Ok(()))?.is_some())
}

/// A file that was written anew, and whose log still holds the old pages.
pub(super) struct Rewritten {
    connection: Connection,
    /// Those for whom it was done: who is erased meanwhile is not among them.
    marks: Vec<Vec<u8>>,
}

/// Writes the whole file anew. What was freed is overwritten already, but a page that was rebuilt may still hold, in its
/// unused middle, octets of what stood there once.
pub(super) fn rewrite(place: &Path) -> Result<Rewritten> {
    let connection = Connection::open_with_flags(place, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    schema::tune(&connection)?;
    connection.pragma_update(None, "secure_delete", true)?;
    let marks = rows::all(&connection, TO_BE_SCOURED, [], |row| Ok(row.get("mark")?))?;
    connection.execute_batch("VACUUM")?;
    fold(&connection, "PASSIVE")?;
    Ok(Rewritten { connection, marks })
}

impl Rewritten {
    /// Empties the log, and notes that all is done.
    pub(super) fn empty_log(mut self) -> Result<()> {
        if !fold(&self.connection, "TRUNCATE")? {
            let words = "readers are erased, but somebody still reads the old file, and its log cannot be emptied";
            return Err(StoreError::Unavailable(words.to_owned()));
        }
        let transaction = self.connection.transaction()?;
        for mark in self.marks {
            rows::change(&transaction, SCOURED, [mark])?;
        }
        Ok(transaction.commit()?)
    }
}

/// Folds the log into the file. Says whether all of it was.
fn fold(connection: &Connection, mode: &str) -> Result<bool> {
    let sql = format!("PRAGMA wal_checkpoint({mode})");
    Ok(connection.query_row(&sql, [], |row: &Row<'_>| row.get::<_, i64>(0))? == 0)
}

const BY_KEY: &str = "
    SELECT id
    FROM subscribers
    WHERE address_key = ?1";

// Claimed 1, submitting 2.
const UNDER_WAY: &str = "
    SELECT 1
    FROM mailings m
    CROSS JOIN deliveries d ON d.mailing = m.id AND d.subscriber = ?1
    WHERE d.fate IN (1, 2)
    LIMIT 1";

// Queued 0, deferred 4.
const WAITING: &str = "
    SELECT d.mailing
    FROM mailings m
    CROSS JOIN deliveries d ON d.mailing = m.id AND d.subscriber = ?1
    WHERE d.fate IN (0, 4)";

// Servers like to repeat the address that they refuse.
const HUSH_ATTEMPTS: &str = "
    UPDATE attempts
    SET said = ''
    WHERE mailing IN (SELECT id FROM mailings)
      AND subscriber = ?1";

const HUSH: [&str; 2] =
    ["UPDATE reasons SET said = '' WHERE instr(lower(said), ?1) > 0", "UPDATE pauses SET reason = '' WHERE instr(lower(reason), ?1) > 0"];

const FORGET_SUBSCRIBER: &str = "
    DELETE FROM subscribers
    WHERE id = ?1";

// Those of a reader go with the reader; somebody may have asked who never became one.
const FORGET_REQUESTS: &str = "
    DELETE FROM joinings
    WHERE address_key = ?1";

const FORGET_SUPPRESSION: &str = "
    DELETE FROM suppressions
    WHERE address_key = ?1";

const FORGET_MARK: &str = "
    DELETE FROM erased
    WHERE mark = ?1";

// The time stays that of the first.
const MARK: &str = "
    INSERT INTO erased (mark, at, is_scoured)
    VALUES (?1, ?2, 0)
    ON CONFLICT (mark) DO UPDATE
    SET is_scoured = 0";

const TO_BE_SCOURED: &str = "
    SELECT mark
    FROM erased
    WHERE is_scoured = 0";

const SCOURED: &str = "
    UPDATE erased
    SET is_scoured = 1
    WHERE mark = ?1";
