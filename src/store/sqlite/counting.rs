//! Counts that are kept beside the lines: written once for many of them.

use rusqlite::{Connection, params};

use super::rows;
use crate::mailing::MailingId;
use crate::store::Result;
use crate::store::counts::{Cause, Passed};
pub(super) use crate::store::counts::{Counts, Slot};

/// Writes what was gathered, and leaves nothing of it.
pub(super) fn write(counts: &mut Counts, connection: &Connection) -> Result<()> {
    let Counts { slots, causes, traffic } = std::mem::take(counts);
    for (slot, many) in slots.into_iter().filter(|(_, many)| *many != 0) {
        let key = params![slot.mailing.0, slot.provider, slot.fate, slot.wave, many];
        if rows::change(connection, MOVE, key)? == 0 {
            rows::change(connection, BEGIN, key)?;
        }
    }
    for ((minute, relay, provider), passed) in traffic {
        let Passed { attempts, accepted, deferred, hard, block } = passed;
        rows::change(connection, PASS, params![minute, relay, provider, attempts, accepted, deferred, hard, block])?;
    }
    for (cause, (said, many)) in causes {
        let Cause { mailing, provider, fate, judgement, code, enhanced } = cause;
        rows::change(connection, EXPLAIN, params![mailing.0, provider, fate, judgement, code, enhanced, said, many])?;
    }
    Ok(())
}

const MOVE: &str = "
    UPDATE tallies
    SET many = many + ?5
    WHERE mailing = ?1
      AND provider = ?2
      AND fate = ?3
      AND wave = ?4";

const BEGIN: &str = "
    INSERT INTO tallies (mailing, provider, fate, wave, many)
    VALUES (?1, ?2, ?3, ?4, ?5)";

const PASS: &str = "
    INSERT INTO traffic (minute, relay, provider, attempts, accepted, deferred, hard, block)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
    ON CONFLICT (minute, relay, provider) DO UPDATE
    SET attempts = attempts + excluded.attempts, accepted = accepted + excluded.accepted,
        deferred = deferred + excluded.deferred, hard = hard + excluded.hard, block = block + excluded.block";

const EXPLAIN: &str = "
    INSERT INTO reasons (mailing, provider, fate, judgement, code, enhanced, said, many)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
    ON CONFLICT (mailing, provider, fate, judgement, code, enhanced) DO UPDATE
    SET many = many + excluded.many";

/// Counts a mailing's lines anew, after a statement that changed many of them.
pub(super) fn recount(connection: &Connection, mailing: MailingId) -> Result<()> {
    for statement in [FORGET, COUNT_QUEUED, COUNT_OTHERS] {
        rows::change(connection, statement, [mailing.0])?;
    }
    Ok(())
}

const FORGET: &str = "
    DELETE FROM tallies
    WHERE mailing = ?1";

pub(super) const COUNT_QUEUED: &str = "
    INSERT INTO tallies (mailing, provider, fate, wave, many)
    SELECT mailing, provider, 0, wave, COUNT(*)
    FROM deliveries INDEXED BY deliveries_queued
    WHERE mailing = ?1
      AND fate = 0
    GROUP BY mailing, wave, provider";

const COUNT_OTHERS: &str = "
    INSERT INTO tallies (mailing, provider, fate, wave, many)
    SELECT mailing, provider, fate, 2, COUNT(*)
    FROM deliveries
    WHERE mailing = ?1
      AND fate > 0
    GROUP BY mailing, provider, fate";
