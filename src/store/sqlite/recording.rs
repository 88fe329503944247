//! What is noted before and after each try, and the end of a mailing.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::rows;
use crate::mailing::{Fate, MailingId};
use crate::store::{Attempt, Result, StoreError};
use crate::subscription::SubscriberId;

/// Notes that a claimed delivery is about to be handed over.
pub(super) fn submitting(connection: &Connection, mailing: MailingId, subscriber: SubscriberId, now: Timestamp) -> Result<()> {
    match rows::change(connection, SUBMITTING, params![mailing.0, subscriber.0, rows::kept(now)])? {
        0 => Err(StoreError::Unknown(format!("a claimed delivery of mailing {} to subscriber {}", mailing.0, subscriber.0))),
        _ => Ok(()),
    }
}

/// Notes a try and what it makes of the delivery.
pub(super) fn record(connection: &Connection, attempt: &Attempt) -> Result<()> {
    let (mailing, subscriber) = (attempt.mailing.0, attempt.subscriber.0);
    let at = rows::kept(attempt.at);
    let fate = rows::fate_code(attempt.fate);
    let next_at = match attempt.fate {
        Fate::Deferred { next_at } => Some(rows::kept(next_at)),
        _ => None,
    };
    if rows::change(connection, SETTLE, params![mailing, subscriber, fate, next_at, at])? == 0 {
        return Err(StoreError::Unknown(format!("an open delivery of mailing {mailing} to subscriber {subscriber}")));
    }
    let reply = attempt.reply.as_ref();
    let code = reply.map(|reply| reply.code);
    let enhanced = reply.and_then(|reply| reply.enhanced).map(|code| code.to_string());
    let said = reply.map_or_else(|| attempt.fault.as_deref().unwrap_or_default(), |reply| &reply.text);
    let stage = attempt.stage.as_str();
    rows::change(connection, ADD_ATTEMPT, params![mailing, subscriber, at, attempt.relay, stage, code, enhanced, said, fate])?;
    if attempt.suppress {
        rows::change(connection, SUPPRESS, params![subscriber, at, reason(attempt)])?;
    }
    Ok(())
}

/// Closes a mailing of which nothing is open, and puts its issue on the shelf.
pub(super) fn finish(connection: &Connection, mailing: MailingId, now: Timestamp) -> Result<bool> {
    let is_finished = rows::first(connection, IS_FINISHED, [mailing.0], |row| Ok(row.get(0)?))?
        .ok_or_else(|| StoreError::Unknown(format!("mailing {}", mailing.0)))?;
    if is_finished {
        return Ok(true);
    }
    if rows::first(connection, ANY_OPEN, [mailing.0], |_| Ok(()))?.is_some() {
        return Ok(false);
    }
    rows::change(connection, SHELVE, [mailing.0])?;
    rows::change(connection, FINISH, params![mailing.0, rows::kept(now)])?;
    Ok(true)
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
      AND fate = 1";

// Any open delivery may learn what truly became of it; one that has come to rest stays as it is. A try that ended
// before `submitting`, because no connection came about, counts here.
const SETTLE: &str = "
    UPDATE deliveries
    SET fate = ?3, next_at = ?4, attempts = attempts + (fate = 1), changed_at = ?5
    WHERE mailing = ?1
      AND subscriber = ?2
      AND fate IN (0, 1, 2, 4, 8)";

const ADD_ATTEMPT: &str = "
    INSERT INTO attempts (mailing, subscriber, number, at, relay, stage, code, enhanced, said, fate)
    SELECT ?1, ?2, COALESCE(MAX(number), 0) + 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9
    FROM attempts
    WHERE mailing = ?1
      AND subscriber = ?2";

// The first evidence stays: it is what made us stop.
const SUPPRESS: &str = "
    INSERT INTO suppressions (address_key, at, reason)
    SELECT address_key, ?2, ?3
    FROM subscribers
    WHERE id = ?1
    ON CONFLICT (address_key) DO NOTHING";

const IS_FINISHED: &str = "
    SELECT finished_at IS NOT NULL
    FROM mailings
    WHERE id = ?1";

const ANY_OPEN: &str = "
    SELECT 1
    FROM tallies
    WHERE mailing = ?1
      AND fate IN (0, 1, 2, 4, 8)
      AND many > 0";

const SHELVE: &str = "
    INSERT INTO back_issues (id, issue)
    SELECT issue, archived
    FROM mailings
    WHERE id = ?1
      AND archived IS NOT NULL
    ON CONFLICT (id) DO UPDATE
    SET issue = excluded.issue";

const FINISH: &str = "
    UPDATE mailings
    SET finished_at = ?2, archived = NULL
    WHERE id = ?1";
