//! What connections note between two messages.

use rusqlite::{Connection, params};

use super::counting::{Counts, Slot};
use super::{names, rows};
use crate::mailing::Fate;
use crate::store::{Attempt, Note, Result, StoreError};
use crate::subscription::SubscriberId;

/// Notes what became of one message and which one goes out next.
pub(super) fn note(connection: &Connection, note: &Note, counts: &mut Counts) -> Result<()> {
    if let Some(subscriber) = note.submitting {
        submitting(connection, note, subscriber, counts)?;
    }
    note.settled.as_ref().map_or(Ok(()), |attempt| settle(connection, attempt, counts))
}

fn submitting(connection: &Connection, note: &Note, subscriber: SubscriberId, counts: &mut Counts) -> Result<()> {
    let key = params![note.mailing.0, subscriber.0, rows::kept(note.at)];
    let provider = rows::first(connection, SUBMITTING, key, |row| Ok(row.get(0)?))?
        .ok_or_else(|| StoreError::Unknown(format!("a claimed delivery of mailing {} to subscriber {}", note.mailing.0, subscriber.0)))?;
    counts.shift(Slot::past(note.mailing, provider, rows::CLAIMED), Slot::past(note.mailing, provider, rows::SUBMITTING));
    Ok(())
}

fn settle(connection: &Connection, attempt: &Attempt, counts: &mut Counts) -> Result<()> {
    let (mailing, subscriber) = (attempt.mailing, attempt.subscriber);
    let held = rows::first(connection, HELD, params![mailing.0, subscriber.0], |row| {
        Ok((row.get::<_, i64>("provider")?, row.get::<_, i64>("fate")?, row.get::<_, i64>("wave")?))
    })?;
    let Some((provider, before, wave)) = held.filter(|(_, fate, _)| is_open(*fate)) else {
        return Err(StoreError::Unknown(format!("an open delivery of mailing {} to subscriber {}", mailing.0, subscriber.0)));
    };
    let fate = rows::fate_code(attempt.fate);
    rows::change(connection, SETTLE, params![mailing.0, subscriber.0, fate, next_at(attempt), rows::kept(attempt.at)])?;
    counts.shift(Slot::of(mailing, provider, before, wave), Slot::of(mailing, provider, fate, wave));
    let relay = names::relay(connection, &attempt.relay)?;
    add_attempt(connection, attempt, relay)?;
    counts.tried(attempt, relay, provider);
    if attempt.suppress {
        rows::change(connection, SUPPRESS, params![subscriber.0, rows::kept(attempt.at), reason(attempt)])?;
    }
    Ok(())
}

/// Adds the line of a try under its number, or under the next one that is free: of a delivery in doubt the same try may
/// be settled twice.
fn add_attempt(connection: &Connection, attempt: &Attempt, relay: i64) -> Result<()> {
    let reply = attempt.reply.as_ref();
    let line = params![
        attempt.mailing.0,
        attempt.subscriber.0,
        attempt.number,
        rows::kept(attempt.at),
        relay,
        rows::stage_code(attempt.stage),
        reply.map(|reply| reply.code),
        reply.and_then(|reply| reply.enhanced).map(|code| code.to_string()),
        rows::said(attempt),
        rows::fate_code(attempt.fate),
        rows::judgement_code(attempt.judgement),
    ];
    if rows::change(connection, ADD_ATTEMPT, line)? == 0 {
        rows::change(connection, ADD_NEXT_ATTEMPT, line)?;
    }
    Ok(())
}

fn is_open(fate: i64) -> bool {
    matches!(fate, rows::QUEUED | rows::CLAIMED | rows::SUBMITTING | rows::DEFERRED | rows::DOUBTFUL)
}

fn next_at(attempt: &Attempt) -> Option<i64> {
    match attempt.fate {
        Fate::Deferred { next_at } => Some(rows::kept(next_at)),
        _ => None,
    }
}

/// The evidence of a suppression: who said it, at which stage, and in which words.
fn reason(attempt: &Attempt) -> String {
    let said = match (&attempt.reply, &attempt.fault) {
        (Some(reply), _) => reply.to_string(),
        (None, fault) => fault.clone().unwrap_or_default(),
    };
    format!("{} at {}: {said}", attempt.relay, attempt.stage)
}

const SUBMITTING: &str = "
    UPDATE deliveries
    SET fate = 2, attempts = attempts + 1, changed_at = ?3
    WHERE mailing = ?1
      AND subscriber = ?2
      AND fate = 1
    RETURNING provider";

const HELD: &str = "
    SELECT provider, fate, wave
    FROM deliveries
    WHERE mailing = ?1
      AND subscriber = ?2";

// Any open delivery may learn what truly became of it; one that has come to rest stays as it is. A try that ended
// before `submitting`, because no connection came about, counts here.
const SETTLE: &str = "
    UPDATE deliveries
    SET fate = ?3, next_at = ?4, attempts = attempts + (fate = 1), changed_at = ?5
    WHERE mailing = ?1
      AND subscriber = ?2";

const ADD_ATTEMPT: &str = "
    INSERT OR IGNORE INTO attempts (mailing, subscriber, number, at, relay, stage, code, enhanced, said, fate, judgement)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";

const ADD_NEXT_ATTEMPT: &str = "
    INSERT INTO attempts (mailing, subscriber, number, at, relay, stage, code, enhanced, said, fate, judgement)
    SELECT ?1, ?2, MAX(number, ?3) + 1, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11
    FROM (
        SELECT COALESCE(MAX(number), 0) AS number
        FROM attempts
        WHERE mailing = ?1
          AND subscriber = ?2
    )";

// The first evidence stays: it is what made us stop.
const SUPPRESS: &str = "
    INSERT INTO suppressions (address_key, at, reason)
    SELECT address_key, ?2, ?3
    FROM subscribers
    WHERE id = ?1
    ON CONFLICT (address_key) DO NOTHING";
