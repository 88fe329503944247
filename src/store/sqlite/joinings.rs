//! Requests to join, in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{SqliteStore, enrolling, rows};
use crate::store::{Admitted, Asking, Caps, Enrolled, Joining, Joinings, Result};
use crate::subscription::{Enrolment, Evidence, ListId, PersonName, Seal, Standing};

#[async_trait]
impl Joinings for SqliteStore {
    async fn ask(&self, asking: Asking, caps: Caps, now: Timestamp) -> Result<Admitted> {
        let seal = self.seal.get().cloned();
        self.writer.write(move |connection| ask(connection, seal.as_ref(), &asking, &caps, now)).await
    }

    async fn unask(&self, mark: &str, id: Option<i64>, at: Timestamp) -> Result<()> {
        let mark = mark.to_owned();
        self.writer
            .write(move |connection| {
                rows::change(connection, UNASK, params![mark, rows::kept(at)])?;
                rows::change(connection, DROP, [id]).map(drop)
            })
            .await
    }

    async fn joining(&self, id: i64, after: Timestamp) -> Result<Option<Joining>> {
        self.readers.read(move |connection| rows::first(connection, JOINING, params![id, rows::kept(after)], joining)).await
    }

    async fn join(&self, id: i64, after: Timestamp, evidence: Evidence, now: Timestamp) -> Result<bool> {
        let seal = self.seal.get().cloned();
        self.writer.write(move |connection| join(connection, seal.as_ref(), id, after, &evidence, now)).await
    }

    async fn forget_joinings(&self, before: Timestamp, askings_before: Timestamp) -> Result<()> {
        let (before, askings_before) = (rows::kept(before), rows::kept(askings_before));
        let is_any = self.readers.read(move |connection| rows::first(connection, ANY_OLD, [before, askings_before], |_| Ok(()))).await?;
        if is_any.is_none() {
            return Ok(());
        }
        self.writer
            .write(move |connection| {
                rows::change(connection, FORGET_JOININGS, [before])?;
                rows::change(connection, FORGET_ASKINGS, [askings_before]).map(drop)
            })
            .await
    }
}

fn ask(connection: &Connection, seal: Option<&Seal>, asking: &Asking, caps: &Caps, now: Timestamp) -> Result<Admitted> {
    let [address, network, domain] = &asking.marks;
    let capped = [
        ("address", address, caps.address[0]),
        ("address", address, caps.address[1]),
        ("network", network, caps.network),
        ("domain", domain, caps.domain),
        ("whole", address, caps.whole),
    ];
    for (name, mark, (since, most)) in capped {
        let counted: i64 = connection.query_row(&counting(name), params![mark, rows::kept(since)], |row| row.get(0))?;
        if counted.cast_unsigned() >= most {
            return Ok(Admitted::TooMany(name));
        }
    }
    rows::change(connection, ADD_ASKING, params![rows::kept(now), address, network, domain])?;
    let key = asking.address.key();
    if enrolling::is_suppressed(connection, seal, &key)? {
        return Ok(Admitted::Suppressed);
    }
    let lists = rows::to_json(&asking.lists)?;
    if rows::first(connection, IS_ON_ALL, params![key, lists], |_| Ok(()))?.is_some() {
        return Ok(Admitted::Subscribed);
    }
    let name = asking.name.as_ref().map(PersonName::as_str);
    rows::change(connection, ADD_JOINING, params![rows::kept(now), asking.address.as_str(), key, name, lists, asking.detail])?;
    Ok(Admitted::Waits(connection.last_insert_rowid()))
}

fn counting(cap: &str) -> String {
    let whose = if cap == "whole" { "?1 IS NOT NULL".to_owned() } else { format!("{cap} = ?1") };
    format!("SELECT COUNT(*) FROM askings WHERE {whose} AND at > ?2")
}

fn join(connection: &Connection, seal: Option<&Seal>, id: i64, after: Timestamp, evidence: &Evidence, now: Timestamp) -> Result<bool> {
    let found = rows::first(connection, JOINING, params![id, rows::kept(after)], |row| Ok((joining(row)?, rows::name(row)?)))?;
    let Some((Joining { address: Some(address), lists, .. }, name)) = found else { return Ok(false) };
    let mut is_entered = false;
    for list in &lists {
        let (address, name, evidence) = (address.clone(), name.clone(), evidence.clone());
        let enrolment = Enrolment { address, name, standing: Standing::Confirmed, since: None, evidence };
        is_entered |= enrolling::subscribe(connection, seal, list, &enrolment, now)? != Enrolled::Suppressed;
    }
    let subscriber: Option<i64> = connection.query_row(SUBSCRIBER, [address.key()], |row| row.get(0)).optional()?;
    if !is_entered {
        return Ok(false);
    }
    rows::change(connection, DONE, params![id, subscriber])?;
    Ok(true)
}

fn joining(row: &Row<'_>) -> Result<Joining> {
    let address: Option<String> = row.get("address")?;
    let subscriber: Option<i64> = row.get("subscriber")?;
    Ok(Joining {
        address: address.map(|_| rows::address(row)).transpose()?,
        asked_at: rows::time(row, "asked_at")?,
        lists: rows::from_json::<Vec<ListId>>(row, "lists")?,
        detail: row.get("detail")?,
        subscriber: subscriber.map(|_| rows::subscriber(row, "subscriber")).transpose()?,
    })
}

const ADD_ASKING: &str = "
    INSERT INTO askings (at, address, network, domain)
    VALUES (?1, ?2, ?3, ?4)";

const IS_ON_ALL: &str = "
    SELECT 1
    WHERE NOT EXISTS (
        SELECT 1
        FROM json_each(?2) wanted
        WHERE NOT EXISTS (
            SELECT 1
            FROM subscribers s
            JOIN subscriptions u ON u.subscriber = s.id
            JOIN lists l ON l.number = u.list
            WHERE s.address_key = ?1
              AND l.id = wanted.value
              AND u.standing = 1
        )
    )";

const ADD_JOINING: &str = "
    INSERT INTO joinings (asked_at, address, address_key, name, lists, detail)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

const UNASK: &str = "DELETE FROM askings WHERE address = ?1 AND at = ?2";

const DROP: &str = "DELETE FROM joinings WHERE id = ?1 AND address IS NOT NULL";

const JOINING: &str = "
    SELECT id, asked_at, address, name, lists, detail, subscriber
    FROM joinings
    WHERE id = ?1
      AND asked_at > ?2";

const SUBSCRIBER: &str = "
    SELECT id
    FROM subscribers
    WHERE address_key = ?1";

const DONE: &str = "
    UPDATE joinings
    SET address = NULL, address_key = NULL, name = NULL, detail = '', subscriber = ?2
    WHERE id = ?1";

const ANY_OLD: &str = "
    SELECT 1 FROM joinings WHERE asked_at <= ?1
    UNION ALL
    SELECT 1 FROM askings WHERE at <= ?2";

const FORGET_JOININGS: &str = "DELETE FROM joinings WHERE asked_at <= ?1";

const FORGET_ASKINGS: &str = "DELETE FROM askings WHERE at <= ?1";
