//! Who enters a list, who leaves it, and the consent line that each change leaves behind.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::rows;
use super::rows::list_number;
use super::schema::with_room_for_a_roll;
use crate::store::outcome::{Asking, judge};
use crate::store::{Enrolled, Result};
use crate::subscription::{Enrolment, Evidence, ListId, PersonName, Seal, Standing, SubscriberId};

/// What the store holds of an address and one list before a line of a roll is entered.
pub(super) struct Held {
    pub(super) subscriber: Option<SubscriberId>,
    pub(super) standing: Option<Standing>,
    pub(super) is_suppressed: bool,
}

/// Enters a whole roll.
pub(super) fn enrol(
    connection: &Connection,
    seal: Option<&Seal>,
    list: &ListId,
    roll: &[Enrolment],
    now: Timestamp,
) -> Result<Vec<Enrolled>> {
    let list = list_number(connection, list)?;
    with_room_for_a_roll(connection, || roll.iter().map(|line| enter(connection, seal, list, line, Asking::Roll, now)).collect())
}

/// Enters one reader who asked.
pub(super) fn subscribe(connection: &Connection, seal: Option<&Seal>, list: &ListId, line: &Enrolment, now: Timestamp) -> Result<Enrolled> {
    enter(connection, seal, list_number(connection, list)?, line, Asking::Reader, now)
}

/// Ends what is not ended yet of the subscriptions of an address.
pub(super) fn unsubscribe(
    connection: &Connection,
    key: &str,
    list: Option<&ListId>,
    evidence: &Evidence,
    now: Timestamp,
) -> Result<Vec<ListId>> {
    let only = list.map(|list| list_number(connection, list)).transpose()?;
    let living = rows::all(connection, LIVING, params![key, only], |row| {
        Ok((rows::subscriber(row, "subscriber")?, rows::count(row, "number")?, rows::id(row, "list")?))
    })?;
    let mut ended = Vec::with_capacity(living.len());
    for (subscriber, number, list) in living {
        let change = Change { subscriber, list: number, standing: Standing::Ended, evidence, since: None, now };
        change.write(connection)?;
        ended.push(list);
    }
    Ok(ended)
}

fn enter(connection: &Connection, seal: Option<&Seal>, list: u32, line: &Enrolment, asking: Asking, now: Timestamp) -> Result<Enrolled> {
    let key = line.address.key();
    let held = held(connection, &key, list, is_suppressed(connection, seal, &key)?)?;
    Ok(write(connection, &key, &held, list, line, asking, now)?.0)
}

/// Writes what becomes of one line. Returns that, and who it is about, if that is anybody.
pub(super) fn write(
    connection: &Connection,
    key: &str,
    held: &Held,
    list: u32,
    line: &Enrolment,
    asking: Asking,
    now: Timestamp,
) -> Result<(Enrolled, Option<SubscriberId>)> {
    let outcome = judge(held.standing, held.is_suppressed, line.standing, asking);
    let subscriber = match (outcome, held.subscriber) {
        (Enrolled::Entered | Enrolled::Changed, known) => {
            let subscriber = match known {
                Some(id) => learn_name(connection, id, line)?,
                None => add_subscriber(connection, key, line, now)?,
            };
            let change = Change { subscriber, list, standing: line.standing, evidence: &line.evidence, since: line.since, now };
            change.write(connection)?;
            Some(subscriber)
        }
        (Enrolled::AlreadyThere, Some(id)) => Some(learn_name(connection, id, line)?),
        (_, known) => known,
    };
    Ok((outcome, subscriber))
}

pub(super) fn held(connection: &Connection, key: &str, list: u32, is_suppressed: bool) -> Result<Held> {
    let known = rows::first(connection, HELD, params![key, list], |row| {
        let standing = row.get::<_, Option<i64>>("standing")?.map(|_| rows::standing(row)).transpose()?;
        Ok((rows::subscriber(row, "id")?, standing))
    })?;
    let (subscriber, standing) = known.map_or((None, None), |(id, standing)| (Some(id), standing));
    Ok(Held { subscriber, standing, is_suppressed })
}

/// Whether we do not write to an address, the erased among them.
pub(super) fn is_suppressed(connection: &Connection, seal: Option<&Seal>, key: &str) -> Result<bool> {
    Ok(is_noted(connection, key)? || is_erased(connection, seal, key)?)
}

/// Whether an address is among the suppressions.
pub(super) fn is_noted(connection: &Connection, key: &str) -> Result<bool> {
    Ok(rows::first(connection, IS_SUPPRESSED, [key], |_| Ok(()))?.is_some())
}

/// Whether the mark of an address is among those of the erased.
pub(super) fn is_erased(connection: &Connection, seal: Option<&Seal>, key: &str) -> Result<bool> {
    let Some(seal) = seal else { return Ok(false) };
    for mark in seal.marks(key) {
        if rows::first(connection, IS_ERASED, [mark], |_| Ok(()))?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn add_subscriber(connection: &Connection, key: &str, line: &Enrolment, now: Timestamp) -> Result<SubscriberId> {
    let since = rows::kept(line.since.unwrap_or(now));
    let name = line.name.as_ref().map(PersonName::as_str);
    rows::change(connection, ADD_SUBSCRIBER, params![line.address.as_str(), key, name, since])?;
    Ok(SubscriberId(connection.last_insert_rowid()))
}

/// A name fills a gap; the one that we have been using stays.
fn learn_name(connection: &Connection, id: SubscriberId, line: &Enrolment) -> Result<SubscriberId> {
    if let Some(name) = &line.name {
        rows::change(connection, LEARN_NAME, params![id.0, name.as_str()])?;
    }
    Ok(id)
}

/// A new standing together with the proof of it: neither is ever written without the other.
pub(super) struct Change<'a> {
    pub(super) subscriber: SubscriberId,
    pub(super) list: u32,
    pub(super) standing: Standing,
    pub(super) evidence: &'a Evidence,
    pub(super) since: Option<Timestamp>,
    pub(super) now: Timestamp,
}

impl Change<'_> {
    pub(super) fn write(&self, connection: &Connection) -> Result<()> {
        let standing = rows::standing_code(self.standing);
        let since = rows::kept(self.since.unwrap_or(self.now));
        rows::change(connection, SET_STANDING, params![self.subscriber.0, self.list, standing, since])?;
        rows::change(
            connection,
            ADD_CONSENT,
            params![
                self.subscriber.0,
                self.list,
                standing,
                rows::kept(self.now),
                self.since.map(rows::kept),
                self.evidence.channel,
                self.evidence.detail,
            ],
        )?;
        Ok(())
    }
}

pub(super) const HELD: &str = "
    SELECT s.id, u.standing
    FROM subscribers s
    LEFT JOIN subscriptions u ON u.subscriber = s.id AND u.list = ?2
    WHERE s.address_key = ?1";

pub(super) const IS_SUPPRESSED: &str = "
    SELECT 1
    FROM suppressions
    WHERE address_key = ?1";

pub(super) const IS_ERASED: &str = "
    SELECT 1
    FROM erased
    WHERE mark = ?1";

const ADD_SUBSCRIBER: &str = "
    INSERT INTO subscribers (address, address_key, name, since)
    VALUES (?1, ?2, ?3, ?4)";

const LEARN_NAME: &str = "
    UPDATE subscribers
    SET name = ?2
    WHERE id = ?1
      AND name IS NULL";

const SET_STANDING: &str = "
    INSERT INTO subscriptions (subscriber, list, standing, since)
    VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (subscriber, list) DO UPDATE
    SET standing = excluded.standing, since = excluded.since";

const ADD_CONSENT: &str = "
    INSERT INTO consents (subscriber, list, standing, at, since, channel, detail)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

// The subscriptions of an address that are not ended: of one list where ?2 names it, of all where it is NULL.
const LIVING: &str = "
    SELECT u.subscriber, l.number, l.id AS list
    FROM subscribers s
    JOIN subscriptions u ON u.subscriber = s.id
    JOIN lists l ON l.number = u.list
    WHERE s.address_key = ?1
      AND u.standing <> 2
      AND (?2 IS NULL OR u.list = ?2)
    ORDER BY l.number";
