//! The built-in store: one SQLite file beside the newsroom, with no server to install.
//!
//! One thread writes (`writer`), a few connections read (`readers`). Each trait has a file that lists its calls;
//! the work of the longer ones is in files named after it.

mod agenda;
mod audience;
mod back_issues;
mod claiming;
mod counting;
mod disk;
mod enclosing;
mod ending;
mod enrolling;
mod erasing;
mod fault;
mod feeds;
mod figures;
mod finding;
mod group;
mod importing;
mod job;
mod joinings;
mod known_links;
mod ledger;
mod library;
mod names;
mod opening;
mod pausing;
#[cfg(test)]
mod plans;
mod portable;
mod readers;
mod recording;
mod reports;
mod rows;
mod schema;
mod strangers;
mod subscribers;
mod visitors;
mod writer;

use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use rusqlite::{Connection, OpenFlags};

use self::disk::Log;
use self::readers::ReadingRoom;
use self::schema::Unfit;
use self::writer::Writer;
use super::{Nodes, Place, Result, StoreError};
use crate::subscription::Seal;

pub use self::disk::{Disk, SystemDisk};

/// A store in one file. Dropping it waits until the last write has ended.
pub struct SqliteStore {
    // The order matters: only the last connection to close may write, and it folds the WAL back into the file.
    readers: ReadingRoom,
    writer: Writer,
    /// Marks the erased, once there are any.
    seal: Arc<OnceLock<Seal>>,
    place: PathBuf,
    /// What opening it took, to bring its tables up to this version.
    steps: Vec<&'static str>,
}

impl SqliteStore {
    /// Opens the store at this place, and brings its tables up to this version. A missing file is made, readable by
    /// nobody else, and so is its folder.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the file is read-only or held by another program; [`StoreError::Open`] if it
    /// cannot be made, or is not a store of this version or an older one.
    pub fn open(place: &Path) -> Result<Self> {
        Self::open_with(place, Arc::new(SystemDisk))
    }

    /// The same, with a disk of the caller's own: a test may see what is on it at each sync, or have it fail.
    ///
    /// # Errors
    /// Those of [`SqliteStore::open`].
    pub fn open_with(place: &Path, disk: Arc<dyn Disk>) -> Result<Self> {
        let refused = |cause: String| StoreError::Open { place: place.display().to_string(), cause };
        prepare(place).map_err(|cause| refused(cause.to_string()))?;
        let (connection, steps) = connect(place).map_err(|unfit| match unfit {
            Unfit::Store(fault) if fault.is_transient() => fault,
            unfit => refused(unfit.to_string()),
        })?;
        Ok(Self {
            writer: Writer::start(connection, Log::of(place, disk))?,
            readers: ReadingRoom::new(place),
            seal: Arc::default(),
            place: place.to_owned(),
            steps,
        })
    }

    /// How many commits this store has made since it was opened: with many workers far fewer than their calls.
    pub fn commits(&self) -> u64 {
        self.writer.commits()
    }
}

#[async_trait]
impl Place for SqliteStore {
    /// Where the file lies, by whatever road it was opened.
    async fn place(&self) -> Result<Vec<u8>> {
        Ok(fs::canonicalize(&self.place).unwrap_or_else(|_| self.place.clone()).into_os_string().into_encoded_bytes())
    }

    fn shared(&self) -> Option<&dyn Nodes> {
        None
    }
}

/// Makes what is missing, for the eyes of its owner only: it will hold addresses.
fn prepare(place: &Path) -> io::Result<()> {
    if let Some(folder) = place.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(place) {
        Err(fault) if fault.kind() != io::ErrorKind::AlreadyExists => Err(fault),
        _ => Ok(()),
    }
}

fn connect(place: &Path) -> std::result::Result<(Connection, Vec<&'static str>), Unfit> {
    let mut connection = Connection::open_with_flags(place, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    // SQLite falls back to reading where it may not write, and would tell only at the first change.
    if connection.is_readonly("main")? {
        return Err(StoreError::Unavailable(format!("{} is read-only", place.display())).into());
    }
    schema::tune(&connection)?;
    schema::tune_for_writing(&connection)?;
    let steps = schema::migrate(&mut connection)?;
    Ok((connection, steps))
}
