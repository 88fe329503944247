//! What connections note between two messages.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{CachedStatement, Connection, params};

use super::counting::{self, Counts, Slot};
use super::{names, rows};
use crate::mailing::{Fate, ProviderId};
use crate::store::{Attempt, Note, Result, StoreError};
use crate::subscription::SubscriberId;

/// Who writes the notes: knows the numbers of providers and relays by heart, and adds up what the notes change.
#[derive(Default)]
pub(super) struct Scribe {
    providers: HashMap<ProviderId, i64>,
    relays: HashMap<Arc<str>, i64>,
    /// The provider of the delivery that was last handed over.
    last: Option<i64>,
    counts: Counts,
}

/// The statements of every note, looked up once for a group of them.
struct Pens<'c> {
    submit: CachedStatement<'c>,
    settle: CachedStatement<'c>,
    add: CachedStatement<'c>,
}

impl Scribe {
    /// Writes notes. If one of them comes to nothing all must be undone, and the scribe told to forget.
    pub(super) fn write<'n>(&mut self, connection: &Connection, notes: impl IntoIterator<Item = &'n Note>) -> Result<()> {
        let mut pens = Pens {
            submit: connection.prepare_cached(SUBMITTING_AS_GUESSED)?,
            settle: connection.prepare_cached(SETTLE_SUBMITTED)?,
            add: connection.prepare_cached(ADD_ATTEMPT)?,
        };
        for note in notes {
            if let Some(subscriber) = note.submitting {
                self.submit(connection, &mut pens, note, subscriber)?;
            }
            if let Some(attempt) = &note.settled {
                self.settle(connection, &mut pens, attempt)?;
            }
        }
        counting::write(&mut self.counts, connection)
    }

    /// Forgets what it knew and added up, because what it wrote was undone.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    fn submit(&mut self, connection: &Connection, pens: &mut Pens<'_>, note: &Note, subscriber: SubscriberId) -> Result<()> {
        let (mailing, at) = (note.mailing, rows::kept(note.at));
        // A connection mostly goes on with the provider that it was at, and to guess right is cheaper than to be told.
        let guess = note.settled.as_ref().map(|attempt| self.provider(connection, &attempt.provider)).transpose()?.or(self.last);
        let provider = match guess {
            Some(guess) if pens.submit.execute(params![mailing.0, subscriber.0, at, guess])? > 0 => guess,
            _ => rows::first(connection, SUBMITTING, params![mailing.0, subscriber.0, at], |row| Ok(row.get(0)?))?.ok_or_else(|| {
                StoreError::Unknown(format!("a claimed delivery of mailing {} to subscriber {}", mailing.0, subscriber.0))
            })?,
        };
        self.last = Some(provider);
        self.counts.shift(Slot::past(mailing, provider, rows::CLAIMED), Slot::past(mailing, provider, rows::SUBMITTING));
        Ok(())
    }

    fn settle(&mut self, connection: &Connection, pens: &mut Pens<'_>, attempt: &Attempt) -> Result<()> {
        let provider = self.provider(connection, &attempt.provider)?;
        let relay = self.relay(connection, &attempt.relay)?;
        let fate = rows::fate_code(attempt.fate);
        let (mailing, subscriber) = (attempt.mailing, attempt.subscriber);
        let at = rows::kept(attempt.at);
        // What is queued again is counted by its wave, which only the line knows.
        let is_plain = attempt.fate != Fate::Queued
            && pens.settle.execute(params![mailing.0, subscriber.0, provider, fate, next_at(attempt), at])? > 0;
        let provider = if is_plain {
            self.counts.shift(Slot::past(mailing, provider, rows::SUBMITTING), Slot::past(mailing, provider, fate));
            provider
        } else {
            self.settle_otherwise(connection, attempt)?
        };
        add_attempt(connection, pens, attempt, relay)?;
        self.counts.tried(attempt, relay, provider);
        if attempt.suppress {
            rows::change(connection, SUPPRESS, params![subscriber.0, at, rows::evidence(attempt)])?;
        }
        Ok(())
    }

    /// Settles what was not being handed over. Returns the provider as the line has it.
    fn settle_otherwise(&mut self, connection: &Connection, attempt: &Attempt) -> Result<i64> {
        let (mailing, subscriber) = (attempt.mailing, attempt.subscriber);
        let held = rows::first(connection, HELD, params![mailing.0, subscriber.0], |row| {
            Ok((row.get("provider")?, row.get("fate")?, row.get("wave")?))
        })?;
        let Some((provider, before, wave)) = held.filter(|(_, fate, _)| rows::is_open(*fate)) else {
            return Err(StoreError::Unknown(format!("an open delivery of mailing {} to subscriber {}", mailing.0, subscriber.0)));
        };
        let fate = rows::fate_code(attempt.fate);
        rows::change(connection, SETTLE, params![mailing.0, subscriber.0, fate, next_at(attempt), rows::kept(attempt.at)])?;
        self.counts.shift(Slot::of(mailing, provider, before, wave), Slot::of(mailing, provider, fate, wave));
        Ok(provider)
    }

    fn provider(&mut self, connection: &Connection, provider: &ProviderId) -> Result<i64> {
        if let Some(known) = self.providers.get(provider) {
            return Ok(*known);
        }
        let number = names::provider(connection, provider)?;
        self.providers.insert(provider.clone(), number);
        Ok(number)
    }

    fn relay(&mut self, connection: &Connection, relay: &Arc<str>) -> Result<i64> {
        if let Some(known) = self.relays.get(relay) {
            return Ok(*known);
        }
        let number = names::relay(connection, relay)?;
        self.relays.insert(Arc::clone(relay), number);
        Ok(number)
    }
}

/// Adds the line of a try under its number, or under the next one that is free: of a delivery in doubt the same try
/// may be settled twice.
fn add_attempt(connection: &Connection, pens: &mut Pens<'_>, attempt: &Attempt, relay: i64) -> Result<()> {
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
    if pens.add.execute(line)? == 0 {
        rows::change(connection, ADD_NEXT_ATTEMPT, line)?;
    }
    Ok(())
}

fn next_at(attempt: &Attempt) -> Option<i64> {
    match attempt.fate {
        Fate::Deferred { next_at } => Some(rows::kept(next_at)),
        _ => None,
    }
}

pub(super) const SUBMITTING_AS_GUESSED: &str = "
    UPDATE deliveries
    SET fate = 2, attempts = attempts + 1, changed_at = ?3
    WHERE mailing = ?1
      AND subscriber = ?2
      AND provider = ?4
      AND fate = 1";

const SUBMITTING: &str = "
    UPDATE deliveries
    SET fate = 2, attempts = attempts + 1, changed_at = ?3
    WHERE mailing = ?1
      AND subscriber = ?2
      AND fate = 1
    RETURNING provider";

// Nearly every line that is settled was being handed over (2), and is its provider's; so nothing is read before.
pub(super) const SETTLE_SUBMITTED: &str = "
    UPDATE deliveries
    SET fate = ?4, next_at = ?5, changed_at = ?6
    WHERE mailing = ?1
      AND subscriber = ?2
      AND provider = ?3
      AND fate = 2";

pub(super) const HELD: &str = "
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
