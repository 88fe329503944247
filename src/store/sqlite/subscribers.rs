//! Readers and lists in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::{SqliteStore, audience, enrolling, reports, rows};
use crate::store::{ConsentLine, Dossier, Enrolled, ListTally, Reader, Result, Subscribers, Suppression};
use crate::subscription::{EmailAddress, Enrolment, Evidence, Format, List, ListId, Subscriber, SubscriberId, Subscription};

#[async_trait]
impl Subscribers for SqliteStore {
    async fn declare_lists(&self, lists: &[List]) -> Result<()> {
        // Whoever only reads must not have to wait for who writes.
        let known = self.readers.read(|connection| rows::all(connection, DECLARED, [], declared)).await?;
        let lists: Vec<List> = lists.iter().filter(|list| !known.contains(list)).cloned().collect();
        if lists.is_empty() {
            return Ok(());
        }
        self.writer.write(move |connection| lists.iter().try_for_each(|list| declare(connection, list))).await
    }

    async fn lists(&self) -> Result<Vec<ListTally>> {
        self.readers.read(|connection| rows::all(connection, LISTS, [], list_tally)).await
    }

    async fn enrol(&self, list: &ListId, roll: Vec<Enrolment>, now: Timestamp) -> Result<Vec<Enrolled>> {
        let (list, seal) = (list.clone(), self.seal.get().cloned());
        self.writer.write(move |connection| enrolling::enrol(connection, seal.as_ref(), &list, &roll, now)).await
    }

    async fn subscribe(&self, list: &ListId, enrolment: Enrolment, now: Timestamp) -> Result<Enrolled> {
        let (list, seal) = (list.clone(), self.seal.get().cloned());
        self.writer.write(move |connection| enrolling::subscribe(connection, seal.as_ref(), &list, &enrolment, now)).await
    }

    async fn unsubscribe(&self, address: &EmailAddress, list: Option<&ListId>, evidence: Evidence, now: Timestamp) -> Result<Vec<ListId>> {
        let (key, list) = (address.key(), list.cloned());
        self.writer.write(move |connection| enrolling::unsubscribe(connection, &key, list.as_ref(), &evidence, now)).await
    }

    async fn dossier(&self, address: &EmailAddress) -> Result<Option<Dossier>> {
        let key = address.key();
        self.readers.read(move |connection| dossier(connection, &key)).await
    }

    async fn readers(&self, list: Option<&ListId>, after: SubscriberId, most: usize) -> Result<Vec<Reader>> {
        let list = list.cloned();
        self.readers.read(move |connection| page(connection, list.as_ref(), after, most)).await
    }

    async fn audience(&self, lists: &[ListId]) -> Result<u64> {
        let lists = rows::to_json(&lists)?;
        let counted = self.readers.read(move |connection| rows::first(connection, AUDIENCE, [lists], |row| rows::count(row, "readers")));
        Ok(counted.await?.unwrap_or(0))
    }
}

fn declare(connection: &Connection, list: &List) -> Result<()> {
    let said = params![list.id.as_str(), list.name, list.description, list.lang, list.frequency];
    let known = rows::change(connection, RENAME, said)?;
    if known == 0 {
        rows::change(connection, DECLARE, said)?;
    }
    Ok(())
}

pub(super) fn declared(row: &Row<'_>) -> Result<List> {
    Ok(List {
        id: rows::id(row, "id")?,
        name: row.get("name")?,
        description: row.get("description")?,
        lang: row.get("lang")?,
        frequency: row.get("frequency")?,
    })
}

fn list_tally(row: &Row<'_>) -> Result<ListTally> {
    Ok(ListTally {
        list: declared(row)?,
        number: rows::count(row, "number")?,
        pending: rows::count(row, "pending")?,
        confirmed: rows::count(row, "confirmed")?,
        ended: rows::count(row, "ended")?,
    })
}

fn dossier(connection: &Connection, key: &str) -> Result<Option<Dossier>> {
    let Some(mut reader) = rows::first(connection, READER_BY_KEY, [key], reader)? else { return Ok(None) };
    fill_subscriptions(connection, &mut reader)?;
    let id = reader.subscriber.id;
    Ok(Some(Dossier {
        suppression: rows::first(connection, SUPPRESSION, [key], |row| {
            Ok(Suppression { at: rows::time(row, "at")?, reason: row.get("reason")? })
        })?,
        consents: rows::all(connection, CONSENTS, [id.0], consent_line)?,
        deliveries: reports::lines_to(connection, id)?,
        unconfirmed: audience::unconfirmed(connection, key)?,
        reader,
    }))
}

/// The reader of a number, with all subscriptions.
pub(super) fn reader_numbered(connection: &Connection, id: SubscriberId) -> Result<Option<Reader>> {
    let Some(mut found) = rows::first(connection, READER_NUMBERED, [id.0], reader)? else { return Ok(None) };
    fill_subscriptions(connection, &mut found)?;
    Ok(Some(found))
}

fn page(connection: &Connection, list: Option<&ListId>, after: SubscriberId, most: usize) -> Result<Vec<Reader>> {
    let most = rows::most(most);
    let mut page = match list {
        None => rows::all(connection, READERS, params![after.0, most], reader)?,
        Some(list) => {
            let list = rows::list_number(connection, list)?;
            rows::all(connection, READERS_OF_LIST, params![after.0, most, list], reader)?
        }
    };
    page.iter_mut().try_for_each(|reader| fill_subscriptions(connection, reader))?;
    Ok(page)
}

fn fill_subscriptions(connection: &Connection, reader: &mut Reader) -> Result<()> {
    reader.subscriptions = rows::all(connection, SUBSCRIPTIONS, [reader.subscriber.id.0], |row| {
        Ok(Subscription { list: rows::id(row, "list")?, standing: rows::standing(row)?, since: rows::time(row, "since")? })
    })?;
    Ok(())
}

fn reader(row: &Row<'_>) -> Result<Reader> {
    Ok(Reader {
        subscriber: Subscriber {
            id: rows::subscriber(row, "id")?,
            address: rows::address(row)?,
            name: rows::name(row)?,
            since: rows::time(row, "since")?,
            format: rows::numbered(row, "format", &Format::ALL)?,
        },
        subscriptions: Vec::new(),
        suppressed: row.get("suppressed")?,
    })
}

fn consent_line(row: &Row<'_>) -> Result<ConsentLine> {
    Ok(ConsentLine {
        at: rows::time(row, "at")?,
        list: rows::id(row, "list")?,
        standing: rows::standing(row)?,
        since: rows::time_if_any(row, "since")?,
        evidence: Evidence { channel: row.get("channel")?, detail: row.get("detail")? },
    })
}

// An upsert would spend a number of AUTOINCREMENT at every start, so a list is renamed first and made if that finds none.
const RENAME: &str = "
    UPDATE lists
    SET name = ?2, description = ?3, lang = ?4, frequency = ?5
    WHERE id = ?1";

const DECLARE: &str = "
    INSERT INTO lists (id, name, description, lang, frequency)
    VALUES (?1, ?2, ?3, ?4, ?5)";

// Counts each list in its index; the few suppressed readers are found from the suppressions, not looked for in every row.
const DECLARED: &str = "
    SELECT id, name, description, lang, frequency
    FROM lists";

const LISTS: &str = "
    SELECT l.number, l.id, l.name, l.description, l.lang, l.frequency,
           COUNT(u.subscriber) FILTER (WHERE u.standing = 0) AS pending,
           COUNT(u.subscriber) FILTER (WHERE u.standing = 1 AND u.subscriber NOT IN (
               SELECT s.id
               FROM suppressions x
               JOIN subscribers s ON s.address_key = x.address_key
           )) AS confirmed,
           COUNT(u.subscriber) FILTER (WHERE u.standing = 2) AS ended
    FROM lists l
    LEFT JOIN subscriptions u ON u.list = l.number
    GROUP BY l.number
    ORDER BY l.number";

const AUDIENCE: &str = "
    SELECT COUNT(DISTINCT u.subscriber) AS readers
    FROM subscriptions u
    JOIN lists l ON l.number = u.list
    WHERE u.standing = 1
      AND l.id IN (SELECT value FROM json_each(?1))
      AND u.subscriber NOT IN (
          SELECT s.id
          FROM suppressions x
          JOIN subscribers s ON s.address_key = x.address_key
      )";

const READER_BY_KEY: &str = "
    SELECT s.id, s.address, s.name, s.since, s.format,
           EXISTS (SELECT 1 FROM suppressions x WHERE x.address_key = s.address_key) AS suppressed
    FROM subscribers s
    WHERE s.address_key = ?1";

const READER_NUMBERED: &str = "
    SELECT s.id, s.address, s.name, s.since, s.format,
           EXISTS (SELECT 1 FROM suppressions x WHERE x.address_key = s.address_key) AS suppressed
    FROM subscribers s
    WHERE s.id = ?1";

const READERS: &str = "
    SELECT s.id, s.address, s.name, s.since, s.format,
           EXISTS (SELECT 1 FROM suppressions x WHERE x.address_key = s.address_key) AS suppressed
    FROM subscribers s
    WHERE s.id > ?1
    ORDER BY s.id
    LIMIT ?2";

const READERS_OF_LIST: &str = "
    SELECT s.id, s.address, s.name, s.since, s.format,
           EXISTS (SELECT 1 FROM suppressions x WHERE x.address_key = s.address_key) AS suppressed
    FROM subscriptions u
    CROSS JOIN subscribers s ON s.id = u.subscriber
    WHERE u.list = ?3
      AND u.subscriber > ?1
    ORDER BY u.subscriber
    LIMIT ?2";

const SUBSCRIPTIONS: &str = "
    SELECT l.id AS list, u.standing, u.since
    FROM subscriptions u
    JOIN lists l ON l.number = u.list
    WHERE u.subscriber = ?1
    ORDER BY u.list";

const SUPPRESSION: &str = "
    SELECT at, reason
    FROM suppressions
    WHERE address_key = ?1";

const CONSENTS: &str = "
    SELECT c.at, l.id AS list, c.standing, c.since, c.channel, c.detail
    FROM consents c
    JOIN lists l ON l.number = c.list
    WHERE c.subscriber = ?1
    ORDER BY c.id";
