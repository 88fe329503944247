//! One commit for all that came in together; each job of it stands or falls alone.

use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::{Connection, Row};

use super::disk::Log;
use super::job::{Deed, Job, NoteTask, Regret};
use super::recording::Scribe;
use crate::store::{Result, StoreError};

/// The hand that writes: its connection, what it knows by heart, and what it must see to.
pub(super) struct Hand<'c> {
    connection: &'c Connection,
    scribe: Scribe,
    pub(super) log: Log,
    /// What was committed for callers who were told that it may be lost.
    regrets: Vec<Regret>,
    commits: &'c AtomicU64,
}

impl<'c> Hand<'c> {
    pub(super) fn new(connection: &'c Connection, log: Log, commits: &'c AtomicU64) -> Self {
        Self { connection, scribe: Scribe::default(), log, regrets: Vec::new(), commits }
    }

    /// Makes sure that what was written is on the disk, also after a sync that failed. Then nobody knows what of the log
    /// is there, and another sync need not write it again; so the log is folded into the file, which is another place,
    /// and which SQLite itself syncs.
    pub(super) fn secure(&mut self) -> Result<()> {
        let was_lost = self.log.has_failed();
        let connection = self.connection;
        self.log.sync(|| {
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

    /// Nothing more is written while what was written before may be lost; and the first thing to be written then is what
    /// undoes it for those who were told so.
    fn make_good(&mut self) -> Result<()> {
        if self.log.has_failed() {
            self.secure()?;
        }
        if self.regrets.is_empty() {
            return Ok(());
        }
        execute(self.connection, "BEGIN IMMEDIATE")?;
        self.regrets.iter().try_for_each(|regret| regret(self.connection))?;
        execute(self.connection, "COMMIT")?;
        self.regrets.clear();
        Ok(())
    }

    /// Undoes a group that failed.
    fn undo(&mut self) {
        if !self.connection.is_autocommit() {
            // If even this fails the next BEGIN says so to the next group.
            let _ = execute(self.connection, "ROLLBACK");
        }
        self.scribe.forget();
    }
}

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
    pub(super) fn carry_out(mut self, hand: &mut Hand<'_>) {
        let before = hand.connection.total_changes();
        let end = hand.make_good().and_then(|()| self.commit(hand.connection, &mut hand.scribe));
        if end.is_err() {
            hand.undo();
        } else {
            hand.commits.fetch_add(1, Ordering::Relaxed);
        }
        if hand.connection.total_changes() != before {
            hand.log.written();
        }
        for note in self.notes {
            note.answer(end.clone());
        }
        let (patient, hasty): (Vec<_>, Vec<_>) = self.deeds.into_iter().partition(|deed| deed.is_synced());
        for deed in hasty {
            deed.answer(end.clone());
        }
        if patient.is_empty() {
            return;
        }
        let is_kept = end.is_ok().then(|| hand.secure());
        for deed in patient {
            match &is_kept {
                Some(Err(fault)) => hand.regrets.extend(deed.regret(fault.clone())),
                _ => deed.answer(end.clone()),
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

fn execute(connection: &Connection, sql: &str) -> Result<()> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}
