//! A disk that keeps what was synced and no more, fails, and loses its power.

// Two test binaries share this, and neither uses all of it.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use masthead::store::sqlite::{Disk, SqliteStore};
use rusqlite::Connection;
use tokio::sync::watch;

/// All is well.
pub const SOUND: u8 = 0;
/// No sync goes well, and what is written is not kept.
pub const FAILING: u8 = 1;

/// Copies database and log at every sync. The database stays open between the copies, because to close it would drop the
/// locks that SQLite holds in this process.
pub struct Shadow {
    database: File,
    kept: Mutex<(Vec<u8>, Vec<u8>)>,
    state: AtomicU8,
    folding: Option<Mutex<Connection>>,
    /// When the last sync ended well.
    pub synced: watch::Sender<Option<Instant>>,
    /// How many syncs ended well.
    pub syncs: AtomicUsize,
    /// How many syncs failed.
    pub refused: watch::Sender<usize>,
}

impl Shadow {
    /// The disk below the store at this place, which is made if it is missing.
    pub fn below(place: &Path) -> Self {
        drop(SqliteStore::open(place).unwrap());
        Self {
            database: File::open(place).unwrap(),
            kept: Mutex::default(),
            state: AtomicU8::new(SOUND),
            folding: None,
            synced: watch::Sender::new(None),
            syncs: AtomicUsize::new(0),
            refused: watch::Sender::new(0),
        }
    }

    /// Has the log folded into the database at every sync, and begun anew.
    pub fn folding(mut self, place: &Path) -> Self {
        self.folding = Some(Mutex::new(Connection::open(place).unwrap()));
        self
    }

    /// Opens the store at this place, which is on this disk.
    pub fn store(self: &Arc<Self>, place: &Path) -> Arc<SqliteStore> {
        Arc::new(SqliteStore::open_with(place, Arc::clone(self) as Arc<dyn Disk>).unwrap())
    }

    /// From now on it is so.
    pub fn is(&self, state: u8) {
        self.state.store(state, Ordering::SeqCst);
    }

    /// Writes what the disk keeps: what is found when the power is back.
    pub fn restore(&self, place: &Path) {
        let (database, wal) = self.kept.lock().unwrap().clone();
        fs::write(place, &database).unwrap();
        fs::write(place.with_extension("db-wal"), &wal).unwrap();
    }
}

impl Disk for Shadow {
    fn sync(&self, wal: &File) -> io::Result<()> {
        if self.state.load(Ordering::SeqCst) == FAILING {
            self.refused.send_modify(|refused| *refused += 1);
            return Err(io::Error::other("the disk is on fire"));
        }
        if let Some(folding) = &self.folding {
            // Somebody who reads just now may be in the way; then it is folded the next time.
            let _ = folding.lock().unwrap().query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()));
        }
        *self.kept.lock().unwrap() = (octets(&self.database)?, octets(wal)?);
        self.syncs.fetch_add(1, Ordering::SeqCst);
        self.synced.send_replace(Some(Instant::now()));
        Ok(())
    }
}

fn octets(file: &File) -> io::Result<Vec<u8>> {
    let mut octets = vec![0; usize::try_from(file.metadata()?.len()).unwrap()];
    file.read_exact_at(&mut octets, 0)?;
    Ok(octets)
}
