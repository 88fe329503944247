//! What the tries of the past say of relays, providers and domains.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::{Connection, params};

use super::rows;
use crate::mailing::{Fate, MailingId};
use crate::store::{Reason, Result, StoreError};
use crate::subscription::ListId;
use crate::traffic::{Day, Tallied};

/// Tries by minute, relay and provider.
pub(super) fn traffic(connection: &Connection, since: Timestamp) -> Result<Vec<Tallied>> {
    rows::all(connection, TRAFFIC, [rows::begin(since, rows::MINUTE)], |row| {
        Ok(Tallied {
            relay: row.get("relay")?,
            provider: rows::provider(row)?,
            minute: rows::time(row, "minute")?,
            attempts: rows::count(row, "attempts")?,
            accepted: rows::count(row, "accepted")?,
            deferred: rows::count(row, "deferred")?,
            hard: rows::count(row, "hard")?,
            block: rows::count(row, "block")?,
        })
    })
}

/// Tries by day, relay and provider.
pub(super) fn days(connection: &Connection, since: Timestamp) -> Result<Vec<Day>> {
    rows::all(connection, DAYS, params![rows::begin(since, rows::DAY), rows::DAY], |row| {
        Ok(Day {
            relay: row.get("relay")?,
            provider: rows::provider(row)?,
            date: rows::time(row, "day")?.to_zoned(TimeZone::UTC).date(),
            accepted: rows::count(row, "accepted")?,
            block: rows::count(row, "block")?,
        })
    })
}

/// Why tries of a mailing did not end well.
pub(super) fn reasons(connection: &Connection, mailing: MailingId, most: usize) -> Result<Vec<Reason>> {
    rows::all(connection, REASONS, params![mailing.0, rows::most(most)], |row| {
        let fate: usize = rows::count(row, "fate")?;
        let word = Fate::WORDS.get(fate).and_then(|word| word.parse().ok());
        let code: u16 = rows::count(row, "code")?;
        Ok(Reason {
            provider: rows::provider(row)?,
            fate: word.ok_or_else(|| StoreError::Corrupt(format!("{fate} is no fate")))?,
            judgement: rows::judgement(row)?,
            code: Some(code).filter(|code| *code != 0),
            enhanced: row.get::<_, String>("enhanced")?.parse().ok(),
            said: row.get("said")?,
            many: rows::count(row, "many")?,
        })
    })
}

/// The domains of the readers of some lists.
pub(super) fn domains(connection: &Connection, lists: &[ListId]) -> Result<Vec<(String, u64)>> {
    rows::all(connection, DOMAINS, [rows::to_json(&lists)?], |row| Ok((row.get("domain")?, rows::count(row, "many")?)))
}

pub(super) const TRAFFIC: &str = "
    SELECT r.name AS relay, p.name AS provider, t.minute, t.attempts, t.accepted, t.deferred, t.hard, t.block
    FROM traffic t
    JOIN relays r ON r.number = t.relay
    JOIN providers p ON p.number = t.provider
    WHERE t.minute >= ?1
    ORDER BY t.minute, r.name, p.name";

pub(super) const DAYS: &str = "
    SELECT r.name AS relay, p.name AS provider, t.minute / ?2 * ?2 AS day, SUM(t.accepted) AS accepted, SUM(t.block) AS block
    FROM traffic t
    JOIN relays r ON r.number = t.relay
    JOIN providers p ON p.number = t.provider
    WHERE t.minute >= ?1
    GROUP BY day, r.number, p.number
    ORDER BY day, r.name, p.name";

pub(super) const REASONS: &str = "
    SELECT p.name AS provider, r.fate, r.judgement, r.code, r.enhanced, r.said, r.many
    FROM reasons r
    JOIN providers p ON p.number = r.provider
    WHERE r.mailing = ?1
    ORDER BY r.many DESC, p.name, r.fate, r.code, r.enhanced
    LIMIT ?2";

const DOMAINS: &str = "
    SELECT substr(s.address, instr(s.address, '@') + 1) AS domain, COUNT(*) AS many
    FROM subscribers s
    WHERE s.id IN (
        SELECT u.subscriber
        FROM subscriptions u
        JOIN lists l ON l.number = u.list
        WHERE u.standing = 1
          AND l.id IN (SELECT value FROM json_each(?1))
    )
      AND NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.address_key = s.address_key)
    GROUP BY domain
    ORDER BY domain";
