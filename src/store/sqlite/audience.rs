//! A whole audience in and out of SQLite.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::{SqliteStore, enrolling, erasing, importing, rows};
use crate::store::{Audience, Enrolled, Import, Imported, Pieces, Registered, Result, StoreError, Suppression, Unconfirmed};
use crate::subscription::{EmailAddress, Enrolment, Format, ListId, Seal, SubscriberId};

#[async_trait]
impl Audience for SqliteStore {
    async fn import(&self, import: Import, pieces: Pieces) -> Result<Imported> {
        let seal = self.seal.get().cloned();
        self.writer.write(move |connection| importing::import(connection, seal.as_ref(), &import, pieces)).await
    }

    async fn register(&self, list: Option<&ListId>, after: SubscriberId, most: usize) -> Result<Vec<Registered>> {
        let list = list.cloned();
        self.readers.read(move |connection| register(connection, list.as_ref(), after, most)).await
    }

    async fn suppressions(&self, list: Option<&ListId>, after: &str, most: usize) -> Result<Vec<(EmailAddress, Suppression)>> {
        let (list, after) = (list.cloned(), after.to_owned());
        let line = |row: &Row<'_>| Ok((rows::address(row)?, suppression(row)?));
        self.readers
            .read(move |connection| {
                let (after, most) = (after.as_str(), rows::most(most));
                let Some(list) = &list else { return rows::all(connection, SUPPRESSIONS, params![after, most], line) };
                let list = rows::list_number(connection, list)?;
                rows::all(connection, SUPPRESSIONS_OF_LIST, params![after, most, list], line)
            })
            .await
    }

    async fn suppression(&self, address: &EmailAddress) -> Result<Option<Suppression>> {
        let (key, seal) = (address.key(), self.seal.get().cloned());
        let find = move |connection: &Connection| {
            if let Some(found) = rows::first(connection, SUPPRESSION_OF, [&key], suppression)? {
                return Ok(Some(found));
            }
            let Some(seal) = seal else { return Ok(None) };
            for mark in seal.marks(&key) {
                if let Some(found) = rows::first(connection, ERASED, [mark], suppression)? {
                    return Ok(Some(found));
                }
            }
            Ok(None)
        };
        self.readers.read(find).await
    }

    async fn unconfirmed(&self, address: &EmailAddress) -> Result<Vec<Unconfirmed>> {
        let key = address.key();
        self.readers.read(move |connection| unconfirmed(connection, &key)).await
    }

    async fn readmit(&self, list: &ListId, enrolment: Enrolment, at: Timestamp) -> Result<Option<Enrolled>> {
        let (list, seal) = (list.clone(), self.seal.get().cloned());
        self.writer.write(move |connection| erasing::readmit(connection, seal.as_ref(), &list, &enrolment, at)).await
    }

    async fn erase(&self, address: &EmailAddress, at: Timestamp) -> Result<bool> {
        let no_seal = || StoreError::Engine("nothing marks the erased".to_owned());
        let (address, seal) = (address.clone(), self.seal.get().cloned().ok_or_else(no_seal)?);
        let key = address.key();
        let is_marked = self.readers.read({
            let (key, seal) = (key.clone(), seal.clone());
            move |connection| enrolling::is_erased(connection, Some(&seal), &key)
        });
        let was_marked = is_marked.await?;
        Ok(self.writer.write(move |connection| erasing::erase(connection, &seal, &key, at)).await? || was_marked)
    }

    async fn is_to_be_scoured(&self) -> Result<bool> {
        self.readers.read(erasing::is_to_be_scoured).await
    }

    async fn scour(&self) -> Result<()> {
        if self.is_to_be_scoured().await? { self.readers.scour().await } else { Ok(()) }
    }

    async fn has_erased(&self) -> Result<bool> {
        self.readers.read(|connection| Ok(rows::first(connection, "SELECT 1 FROM erased LIMIT 1", [], |_| Ok(()))?.is_some())).await
    }

    fn seal_with(&self, seal: Seal) {
        let _ = self.seal.set(seal);
    }
}

fn register(connection: &Connection, list: Option<&ListId>, after: SubscriberId, most: usize) -> Result<Vec<Registered>> {
    let number = list.map(|list| rows::list_number(connection, list)).transpose()?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    rows::all(connection, REGISTER, params![after.0, most, number], |row| {
        Ok(Registered {
            subscriber: rows::subscriber(row, "id")?,
            email: rows::address(row)?,
            name: rows::name(row)?,
            format: rows::numbered(row, "format", &Format::ALL)?,
            list: rows::id(row, "list")?,
            status: rows::standing(row)?,
            since: rows::time(row, "since")?,
            channel: row.get("channel")?,
            evidence: row.get("detail")?,
        })
    })
}

/// Requests to join of an address that nobody has confirmed.
pub(super) fn unconfirmed(connection: &Connection, key: &str) -> Result<Vec<Unconfirmed>> {
    rows::all(connection, UNCONFIRMED, [key], asked)
}

fn asked(row: &Row<'_>) -> Result<Unconfirmed> {
    Ok(Unconfirmed {
        at: rows::time(row, "asked_at")?,
        name: rows::name(row)?,
        lists: rows::from_json(row, "lists")?,
        detail: row.get("detail")?,
    })
}

fn suppression(row: &Row<'_>) -> Result<Suppression> {
    Ok(Suppression { at: rows::time(row, "at")?, reason: row.get("reason")? })
}

// Every subscription has a consent line, since none is written without one. The newest is that of its standing.
pub(super) const REGISTER: &str = "
    SELECT s.id, s.address, s.name, s.format, l.id AS list, u.standing, u.since, c.channel, c.detail
    FROM (
        SELECT id
        FROM subscribers
        WHERE id > ?1
          AND (?3 IS NULL OR EXISTS (SELECT 1 FROM subscriptions o WHERE o.subscriber = subscribers.id AND o.list = ?3))
        ORDER BY id
        LIMIT ?2
    ) p
    CROSS JOIN subscribers s ON s.id = p.id
    CROSS JOIN subscriptions u ON u.subscriber = s.id AND (?3 IS NULL OR u.list = ?3)
    CROSS JOIN lists l ON l.number = u.list
    CROSS JOIN consents c ON c.id = (
        SELECT MAX(n.id)
        FROM consents n
        WHERE n.subscriber = s.id
          AND n.list = u.list
    )
    ORDER BY s.id, u.list";

pub(super) const SUPPRESSIONS: &str = "
    SELECT address_key AS address, at, reason
    FROM suppressions
    WHERE address_key > ?1
    ORDER BY address_key
    LIMIT ?2";

pub(super) const SUPPRESSIONS_OF_LIST: &str = "
    SELECT x.address_key AS address, x.at, x.reason
    FROM suppressions x
    CROSS JOIN subscribers s ON s.address_key = x.address_key
    CROSS JOIN subscriptions u ON u.subscriber = s.id AND u.list = ?3
    WHERE x.address_key > ?1
    ORDER BY x.address_key
    LIMIT ?2";

pub(super) const SUPPRESSION_OF: &str = "
    SELECT at, reason
    FROM suppressions
    WHERE address_key = ?1";

pub(super) const UNCONFIRMED: &str = "
    SELECT asked_at, name, lists, detail
    FROM joinings
    WHERE address_key = ?1
    ORDER BY id";

pub(super) const ERASED: &str = "
    SELECT at, 'erased at the person''s request' AS reason
    FROM erased
    WHERE mark = ?1";
