//! When what was written reaches the disk: SQLite hands it to the system, and this seam makes sure of it.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::store::{Result, StoreError};

/// The longest that a note may wait for its sync to begin. The sync has the rest of 50 ms to end.
const SOON: Duration = Duration::from_millis(30);

/// How a file's octets are made to survive a loss of power.
pub trait Disk: Send + Sync {
    /// Returns once everything that was written to the WAL is on the disk. Called by the one thread that writes, never
    /// in the middle of a transaction.
    ///
    /// # Errors
    /// Those of the system; the store is unavailable until a sync goes well.
    fn sync(&self, wal: &File) -> io::Result<()>;
}

/// The disk as the system knows it.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemDisk;

impl Disk for SystemDisk {
    fn sync(&self, wal: &File) -> io::Result<()> {
        wal.sync_data()
    }
}

/// The write-ahead log as the writer sees it: what of it is certainly on the disk.
pub(super) struct Log {
    /// `None` for a database in memory.
    place: Option<PathBuf>,
    disk: Arc<dyn Disk>,
    /// Kept open. Of the files of a database only this one may be opened beside SQLite: to close any descriptor of the
    /// others would drop its locks.
    wal: Option<File>,
    unsynced: Option<Instant>,
    has_failed: bool,
}

impl Log {
    /// The log of the database at this place.
    pub(super) fn of(database: &Path, disk: Arc<dyn Disk>) -> Self {
        let mut place = database.as_os_str().to_owned();
        place.push("-wal");
        Self { place: Some(place.into()), ..Self::nowhere(disk) }
    }

    /// For a database that is on no disk.
    pub(super) fn nowhere(disk: Arc<dyn Disk>) -> Self {
        Self { place: None, disk, wal: None, unsynced: None, has_failed: false }
    }

    /// Notes that something was written.
    pub(super) fn written(&mut self) {
        self.unsynced.get_or_insert_with(Instant::now);
    }

    /// When the next sync must begin; `None` if everything is on the disk.
    pub(super) fn due(&self) -> Option<Instant> {
        self.unsynced.map(|since| since + SOON)
    }

    /// Whether a sync failed, and none went well since.
    pub(super) fn has_failed(&self) -> bool {
        self.has_failed
    }

    /// Makes sure of everything that was written, and lets `then` do its part before that counts as done.
    pub(super) fn sync(&mut self, then: impl FnOnce() -> Result<()>) -> Result<()> {
        if self.unsynced.is_none() {
            return Ok(());
        }
        let lost = |cause: io::Error| StoreError::Unavailable(format!("what was written did not reach the disk: {cause}"));
        let end = self.try_sync().map_err(lost).and_then(|()| then());
        self.has_failed = end.is_err();
        // A disk that fails is asked again only after as long.
        self.unsynced = end.is_err().then(Instant::now);
        end
    }

    fn try_sync(&mut self) -> io::Result<()> {
        let Some(place) = &self.place else { return Ok(()) };
        let there = match place.metadata() {
            Ok(there) => there,
            // Nothing was ever written, or SQLite keeps no log here and syncs by itself.
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(fault) => return Err(fault),
        };
        let is_same = |wal: &File| wal.metadata().is_ok_and(|open| (open.dev(), open.ino()) == (there.dev(), there.ino()));
        let wal = match self.wal.take().filter(is_same) {
            Some(wal) => wal,
            None => File::open(place)?,
        };
        let end = self.disk.sync(&wal);
        self.wal = Some(wal);
        end
    }
}
