//! Readers of a roll whom the store has not met: found by entering them, their standings and proofs written many at a time.

use jiff::Timestamp;
use rusqlite::{CachedStatement, Connection, params};

use super::rows;
use crate::store::Result;
use crate::subscription::{Enrolment, PersonName, SubscriberId};

/// How many standings, or proofs, one statement writes: what a statement costs by itself is then next to nothing.
const SHEET: usize = 32;

/// What writes strangers; prepared once for a whole roll.
pub(super) struct Strangers<'c> {
    now: Timestamp,
    connection: &'c Connection,
    add: CachedStatement<'c>,
    standings: CachedStatement<'c>,
    proofs: CachedStatement<'c>,
}

/// One who was entered, and whose standing and proof are still to be written.
pub(super) struct Stranger<'e> {
    pub(super) subscriber: SubscriberId,
    pub(super) list: u32,
    pub(super) line: &'e Enrolment,
}

impl<'c> Strangers<'c> {
    pub(super) fn new(connection: &'c Connection, now: Timestamp) -> Result<Self> {
        Ok(Self {
            now,
            connection,
            add: connection.prepare_cached(ADD_IF_NEW)?,
            standings: connection.prepare_cached(&sheet(ADD_STANDING, "(?, ?, ?, ?)"))?,
            proofs: connection.prepare_cached(&sheet(ADD_PROOF, "(?, ?, ?, ?, ?, ?, ?)"))?,
        })
    }

    /// Adds whom an address belongs to, unless somebody has it: one search of the index where asking first would be two.
    pub(super) fn add(&mut self, key: &str, line: &Enrolment) -> Result<Option<SubscriberId>> {
        let since = rows::kept(line.since.unwrap_or(self.now));
        let name = line.name.as_ref().map(PersonName::as_str);
        let is_new = self.add.execute(params![line.address.as_str(), key, name, since])? > 0;
        Ok(is_new.then(|| SubscriberId(self.connection.last_insert_rowid())))
    }

    /// Writes standings and proofs of those who were added.
    pub(super) fn write(&mut self, added: &mut Vec<Stranger<'_>>) -> Result<()> {
        let (sheets, rest) = added.as_chunks::<SHEET>();
        for sheet in sheets {
            fill(&mut self.standings, &mut self.proofs, sheet, self.now)?;
        }
        if !rest.is_empty() {
            let mut standing = self.connection.prepare_cached(ADD_ONE_STANDING)?;
            let mut proof = self.connection.prepare_cached(ADD_ONE_PROOF)?;
            for stranger in rest {
                fill(&mut standing, &mut proof, std::slice::from_ref(stranger), self.now)?;
            }
        }
        added.clear();
        Ok(())
    }
}

fn fill(standings: &mut CachedStatement<'_>, proofs: &mut CachedStatement<'_>, sheet: &[Stranger<'_>], now: Timestamp) -> Result<()> {
    let now = rows::kept(now);
    let (mut place, mut proof) = (1, 1);
    for Stranger { subscriber, list, line } in sheet {
        let (standing, since) = (rows::standing_code(line.standing), line.since.map(rows::kept));
        standings.raw_bind_parameter(place, subscriber.0)?;
        standings.raw_bind_parameter(place + 1, list)?;
        standings.raw_bind_parameter(place + 2, standing)?;
        standings.raw_bind_parameter(place + 3, since.unwrap_or(now))?;
        proofs.raw_bind_parameter(proof, subscriber.0)?;
        proofs.raw_bind_parameter(proof + 1, list)?;
        proofs.raw_bind_parameter(proof + 2, standing)?;
        proofs.raw_bind_parameter(proof + 3, now)?;
        proofs.raw_bind_parameter(proof + 4, since)?;
        proofs.raw_bind_parameter(proof + 5, line.evidence.channel.as_str())?;
        proofs.raw_bind_parameter(proof + 6, line.evidence.detail.as_str())?;
        (place, proof) = (place + 4, proof + 7);
    }
    standings.raw_execute()?;
    proofs.raw_execute()?;
    Ok(())
}

fn sheet(beginning: &str, row: &str) -> String {
    format!("{beginning} {}", [row; SHEET].join(", "))
}

pub(super) const ADD_IF_NEW: &str = "
    INSERT INTO subscribers (address, address_key, name, since)
    VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (address_key) DO NOTHING";

const ADD_STANDING: &str = "
    INSERT INTO subscriptions (subscriber, list, standing, since)
    VALUES";

const ADD_ONE_STANDING: &str = "
    INSERT INTO subscriptions (subscriber, list, standing, since)
    VALUES (?1, ?2, ?3, ?4)";

const ADD_PROOF: &str = "
    INSERT INTO consents (subscriber, list, standing, at, since, channel, detail)
    VALUES";

const ADD_ONE_PROOF: &str = "
    INSERT INTO consents (subscriber, list, standing, at, since, channel, detail)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
