//! A few connections that only read, each query on a snapshot of its own, away from the threads that serve the network.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::{erasing, schema};
use crate::store::{Result, StoreError};

/// How many queries run at once; more would only quarrel over the disk.
const MOST: usize = 4;

/// The connections that read.
pub(super) struct ReadingRoom {
    place: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
    seats: Arc<Semaphore>,
}

impl ReadingRoom {
    /// A room for the database at this place; connections are made as they are needed.
    pub(super) fn new(place: &Path) -> Self {
        Self { place: place.to_owned(), idle: Arc::default(), seats: Arc::new(Semaphore::new(MOST)) }
    }

    /// Writes the file anew, so that nothing that was erased is left in it. Only at the end, which is short, must nobody of
    /// ours read it.
    pub(super) async fn scour(&self) -> Result<()> {
        let failed = |cause: &dyn std::fmt::Display| StoreError::Engine(format!("the file was not written anew: {cause}"));
        let place = self.place.clone();
        let rewritten = spawn_blocking(move || erasing::rewrite(&place)).await.map_err(|cause| failed(&cause))??;
        let all = u32::try_from(MOST).unwrap_or(u32::MAX);
        let _seats = self.seats.acquire_many(all).await.map_err(|cause| failed(&cause))?;
        spawn_blocking(move || rewritten.empty_log()).await.map_err(|cause| failed(&cause))?
    }

    /// Asks a question; every statement of it sees the same instant.
    pub(super) async fn read<T, F>(&self, question: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let closed = |cause: &dyn std::fmt::Display| StoreError::Engine(format!("a query did not end: {cause}"));
        let seat = Arc::clone(&self.seats).acquire_owned().await.map_err(|cause| closed(&cause))?;
        let idle = Arc::clone(&self.idle);
        let place = self.place.clone();
        let reading = spawn_blocking(move || {
            let _seat = seat;
            let waiting = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut connection = waiting.map_or_else(|| open(&place), Ok)?;
            let snapshot = connection.transaction()?;
            let answer = question(&snapshot)?;
            snapshot.finish()?;
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            Ok(answer)
        });
        reading.await.map_err(|cause| closed(&cause))?
    }
}

fn open(place: &Path) -> Result<Connection> {
    let connection = Connection::open_with_flags(place, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    schema::tune(&connection)?;
    Ok(connection)
}
