//! Readers by number, in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{SqliteStore, enrolling, rows, subscribers};
use crate::store::{Enrolled, Reader, Result, Visitors};
use crate::subscription::{Enrolment, Evidence, Format, List, ListId, PersonName, Standing, SubscriberId};

#[async_trait]
impl Visitors for SqliteStore {
    async fn visitor(&self, id: SubscriberId) -> Result<Option<Reader>> {
        self.readers.read(move |connection| subscribers::reader_numbered(connection, id)).await
    }

    async fn numbered_lists(&self) -> Result<Vec<(u32, List)>> {
        let list = |row: &rusqlite::Row<'_>| Ok((rows::count(row, "number")?, subscribers::declared(row)?));
        self.readers.read(move |connection| rows::all(connection, NUMBERED, [], list)).await
    }

    async fn rename(&self, id: SubscriberId, name: Option<PersonName>) -> Result<()> {
        let renaming =
            move |connection: &Connection| rows::change(connection, RENAME, params![id.0, name.as_ref().map(PersonName::as_str)]).map(drop);
        self.writer.write(renaming).await
    }

    async fn send_as(&self, id: SubscriberId, format: Format) -> Result<()> {
        self.writer
            .write(move |connection| rows::change(connection, SEND_AS, params![id.0, rows::place(&Format::ALL, &format)]).map(drop))
            .await
    }

    async fn may_take_back(&self, id: SubscriberId, list: &ListId, left_after: Timestamp) -> Result<bool> {
        let list = list.clone();
        self.readers.read(move |connection| Ok(joined_before(connection, id, &list, left_after)?.is_some())).await
    }

    async fn take_back(&self, id: SubscriberId, list: &ListId, left_after: Timestamp, evidence: Evidence, now: Timestamp) -> Result<bool> {
        let list = list.clone();
        self.writer.write(move |connection| take_back(connection, id, &list, left_after, evidence.clone(), now)).await
    }
}

fn take_back(
    connection: &Connection,
    id: SubscriberId,
    list: &ListId,
    left_after: Timestamp,
    evidence: Evidence,
    now: Timestamp,
) -> Result<bool> {
    let Some(joined) = joined_before(connection, id, list, left_after)? else { return Ok(false) };
    let Some(reader) = subscribers::reader_numbered(connection, id)? else { return Ok(false) };
    let (address, standing) = (reader.subscriber.address, Standing::Confirmed);
    let enrolment = Enrolment { address, name: None, standing, since: Some(joined), evidence };
    // Whoever has a number is not among the erased.
    Ok(enrolling::subscribe(connection, None, list, &enrolment, now)? == Enrolled::Entered)
}

/// Since when a reader was confirmed who has just left by themselves, and may come back without a letter.
fn joined_before(connection: &Connection, id: SubscriberId, list: &ListId, left_after: Timestamp) -> Result<Option<Timestamp>> {
    let list = rows::list_number(connection, list)?;
    rows::first(connection, JOINED_BEFORE, params![id.0, list, rows::kept(left_after)], |row| rows::time(row, "since"))
}

const NUMBERED: &str = "
    SELECT number, id, name, description, lang, frequency
    FROM lists
    ORDER BY number";

const RENAME: &str = "
    UPDATE subscribers
    SET name = ?2
    WHERE id = ?1";

pub(super) const SEND_AS: &str = "
    UPDATE subscribers
    SET format = ?2
    WHERE id = ?1";

// The last two lines of consent: a departure by the reader's own hand, and before it a confirmation.
const JOINED_BEFORE: &str = "
    SELECT COALESCE(joined.since, joined.at) AS since
    FROM consents ended
    JOIN consents joined ON joined.id = (
        SELECT MAX(c.id)
        FROM consents c
        WHERE c.subscriber = ?1
          AND c.list = ?2
          AND c.id < ended.id
    )
    WHERE ended.id = (
        SELECT MAX(c.id)
        FROM consents c
        WHERE c.subscriber = ?1
          AND c.list = ?2
    )
      AND ended.standing = 2
      AND ended.at >= ?3
      AND ended.channel IN ('one-click', 'page')
      AND joined.standing = 1
      AND NOT EXISTS (
          SELECT 1
          FROM subscribers s
          JOIN suppressions x ON x.address_key = s.address_key
          WHERE s.id = ?1
      )";
