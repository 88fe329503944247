//! Counts that are kept beside the lines: gathered while lines change, and written once for many of them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rusqlite::{Connection, params};

use super::rows;
use crate::mailing::{Fate, Judgement, MailingId, Stage};
use crate::store::{Attempt, Result, Wave};

/// How long a minute of traffic is, in microseconds.
const MINUTE: i64 = 60_000_000;

/// Where a line is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Slot {
    pub(super) mailing: MailingId,
    pub(super) provider: i64,
    pub(super) fate: i64,
    wave: i64,
}

impl Slot {
    /// The place of a line of this fate. Only the queued are told apart by their wave.
    pub(super) fn of(mailing: MailingId, provider: i64, fate: i64, wave: i64) -> Self {
        Self { mailing, provider, fate, wave: if fate == rows::QUEUED { wave } else { rows::wave_code(Wave::Rest) } }
    }

    /// The place of a line that is not queued.
    pub(super) fn past(mailing: MailingId, provider: i64, fate: i64) -> Self {
        Self { mailing, provider, fate, wave: rows::wave_code(Wave::Rest) }
    }
}

/// Why a try ended as it did, as the reasons are kept.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Cause {
    mailing: MailingId,
    provider: i64,
    fate: i64,
    judgement: i64,
    code: u16,
    enhanced: String,
}

#[derive(Debug, Default)]
struct Passed {
    attempts: i64,
    accepted: i64,
    deferred: i64,
    hard: i64,
    block: i64,
}

/// What is to be added to the counts when a group of changes ends.
#[derive(Debug, Default)]
pub(super) struct Counts {
    slots: HashMap<Slot, i64>,
    causes: HashMap<Cause, (String, i64)>,
    traffic: HashMap<(i64, i64, i64), Passed>,
}

impl Counts {
    /// So many lines came to this place.
    pub(super) fn add(&mut self, slot: Slot, many: i64) {
        *self.slots.entry(slot).or_default() += many;
    }

    /// One line went from one place to another.
    pub(super) fn shift(&mut self, from: Slot, to: Slot) {
        self.add(from, -1);
        self.add(to, 1);
    }

    /// A try was noted.
    pub(super) fn tried(&mut self, attempt: &Attempt, relay: i64, provider: i64) {
        if attempt.stage >= Stage::Mail {
            let minute = rows::kept(attempt.at).div_euclid(MINUTE) * MINUTE;
            let passed = self.traffic.entry((minute, relay, provider)).or_default();
            passed.attempts += 1;
            passed.accepted += i64::from(attempt.fate == Fate::Accepted);
            passed.deferred += i64::from(matches!(attempt.fate, Fate::Deferred { .. } | Fate::Expired));
            passed.hard += i64::from(attempt.judgement == Judgement::Hard);
            passed.block += i64::from(attempt.judgement == Judgement::Block);
        }
        if matches!(attempt.fate, Fate::Deferred { .. } | Fate::Refused | Fate::Expired) {
            let cause = Cause {
                mailing: attempt.mailing,
                provider,
                fate: rows::fate_code(attempt.fate),
                judgement: rows::judgement_code(attempt.judgement),
                code: attempt.reply.as_ref().map_or(0, |reply| reply.code),
                enhanced: attempt.reply.as_ref().and_then(|reply| reply.enhanced).map(|code| code.to_string()).unwrap_or_default(),
            };
            match self.causes.entry(cause) {
                Entry::Occupied(mut known) => known.get_mut().1 += 1,
                Entry::Vacant(new) => {
                    new.insert((rows::said(attempt).to_owned(), 1));
                }
            }
        }
    }

    /// Writes all of it, and is empty again.
    pub(super) fn write(&mut self, connection: &Connection) -> Result<()> {
        for (slot, many) in self.slots.drain().filter(|(_, many)| *many != 0) {
            let key = params![slot.mailing.0, slot.provider, slot.fate, slot.wave, many];
            if rows::change(connection, MOVE, key)? == 0 {
                rows::change(connection, BEGIN, key)?;
            }
        }
        for ((minute, relay, provider), passed) in self.traffic.drain() {
            let Passed { attempts, accepted, deferred, hard, block } = passed;
            rows::change(connection, PASS, params![minute, relay, provider, attempts, accepted, deferred, hard, block])?;
        }
        for (cause, (said, many)) in self.causes.drain() {
            let Cause { mailing, provider, fate, judgement, code, enhanced } = cause;
            rows::change(connection, EXPLAIN, params![mailing.0, provider, fate, judgement, code, enhanced, said, many])?;
        }
        Ok(())
    }
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
