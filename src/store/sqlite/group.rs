//! One commit for all that came in together; each job of it stands or falls alone.

use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::{Connection, Row};

use super::disk::Log;
use super::job::{Deed, Job, NoteTask};
use super::recording::Scribe;
use crate::store::{Result, StoreError};

/// The jobs of one commit. Notes go first: none of them can know of a deed that has not been answered.
#[derive(Default)]
pub(super) struct Group {
    notes: Vec<NoteTask>,
    deeds: Vec<Box<dyn Deed>>,
}

impl Group {
    /// One more job.
    pub(super) fn add(&mut self, job: Job) {
        match job {
            Job::Note(note) => self.notes.push(*note),
            Job::Deed(deed) => self.deeds.push(deed),
        }
    }

    /// How many jobs it has.
    pub(super) fn len(&self) -> usize {
        self.notes.len() + self.deeds.len()
    }

    /// Does all of it, and counts the commit. Notes are answered when they are committed, deeds when they are on the disk.
    pub(super) fn carry_out(mut self, connection: &Connection, scribe: &mut Scribe, log: &mut Log, commits: &AtomicU64) {
        let before = connection.total_changes();
        let end = is_sound(connection, log).and_then(|()| self.commit(connection, scribe));
        if end.is_err() && !connection.is_autocommit() {
            // If even this fails the next BEGIN says so to the next group.
            let _ = execute(connection, "ROLLBACK");
        }
        if end.is_err() {
            scribe.forget();
        } else {
            commits.fetch_add(1, Ordering::Relaxed);
        }
        if end.is_ok() && connection.total_changes() != before {
            log.written();
        }
        for note in self.notes {
            note.answer(end.clone());
        }
        let (patient, hasty): (Vec<_>, Vec<_>) = self.deeds.into_iter().partition(|deed| deed.is_synced());
        for deed in hasty {
            deed.answer(end.clone());
        }
        if !patient.is_empty() {
            let end = end.clone().and_then(|()| secure(connection, log));
            for deed in patient {
                deed.answer(end.clone());
            }
        }
    }

    fn commit(&mut self, connection: &Connection, scribe: &mut Scribe) -> Result<()> {
        // A transaction that began by reading could not wait for another program's lock; IMMEDIATE can.
        execute(connection, "BEGIN IMMEDIATE")?;
        if !self.notes.is_empty() {
            self.note(connection, scribe)?;
        }
        for deed in &mut self.deeds {
            // The deed keeps its own fault for its caller.
            let _ = alone(connection, || deed.run(connection))?;
        }
        execute(connection, "COMMIT")
    }

    /// Writes all notes as one, with nothing before them in the transaction; or, if one of them comes to nothing, begins
    /// anew and writes each for itself. A savepoint for all would cost a copy of every page.
    fn note(&mut self, connection: &Connection, scribe: &mut Scribe) -> Result<()> {
        let Err(fault) = scribe.write(connection, self.notes.iter().map(|task| &task.note)) else { return Ok(()) };
        scribe.forget();
        // On a full disk SQLite may have undone the transaction by itself.
        if connection.is_autocommit() {
            return Err(fault);
        }
        execute(connection, "ROLLBACK")?;
        execute(connection, "BEGIN IMMEDIATE")?;
        for task in &mut self.notes {
            task.fault = alone(connection, || scribe.write(connection, [&task.note]))?.err();
            if task.fault.is_some() {
                scribe.forget();
            }
        }
        Ok(())
    }
}

/// Does something whole or not at all. The outer error ends the whole group.
fn alone(connection: &Connection, deed: impl FnOnce() -> Result<()>) -> Result<Result<()>> {
    execute(connection, "SAVEPOINT job")?;
    let end = deed();
    if let Err(fault) = &end {
        // On a full disk SQLite may undo the whole transaction by itself, and what was done before with it.
        if connection.is_autocommit() {
            return Err(fault.clone());
        }
        execute(connection, "ROLLBACK TO job")?;
    }
    execute(connection, "RELEASE job")?;
    Ok(end)
}

/// Nothing more is written while what was written before may be lost.
fn is_sound(connection: &Connection, log: &mut Log) -> Result<()> {
    if log.has_failed() { secure(connection, log) } else { Ok(()) }
}

/// Makes sure that what was written is on the disk, also after a sync that failed. Then nobody knows what of the log is
/// there, and another sync need not write it again; so the log is folded into the file, which is another place, and which
/// SQLite itself syncs.
pub(super) fn secure(connection: &Connection, log: &mut Log) -> Result<()> {
    let was_lost = log.has_failed();
    log.sync(|| {
        if !was_lost {
            return Ok(());
        }
        let folded = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)? == row.get::<_, i64>(2)?));
        match connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], folded)? {
            (0, true) => Ok(()),
            _ => Err(StoreError::Unavailable("somebody still reads what a failed sync must write anew".to_owned())),
        }
    })
}

fn execute(connection: &Connection, sql: &str) -> Result<()> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}
