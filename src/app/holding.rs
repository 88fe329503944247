//! What one process does at a time: looking after the newsroom, and sending. A lock on a file keeps others of this machine
//! away; on a store that several nodes share it is a duty, which the store gives to one of them.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::PathBuf;
use std::sync::Arc;

use super::attendance::Driving;
use super::{AppError, Attendance, Newsroom, Presence};
use crate::config::StorePlace;
use crate::store::{Duty, Store};

/// That nobody else sends from this newsroom. To be released; a duty that is only dropped stays with the node.
pub enum Held {
    /// By a lock on a file, which goes with it.
    Lock(File),
    /// By a duty.
    Duty(Arc<Attendance>, Arc<dyn Store>, Presence, Driving),
}

impl Held {
    /// Lets others send.
    pub async fn release(self) {
        if let Self::Duty(attendance, store, presence, driving) = self {
            attendance.laid_down(Duty::Sending);
            if let Some(nodes) = store.shared()
                && let Err(fault) = nodes.lay_down(Duty::Sending).await
            {
                tracing::warn!(%fault, "that this node sends no more could not be said; it keeps the duty");
            }
            drop(driving);
            presence.leave().await;
        }
    }
}

impl Newsroom {
    /// Makes sure that nobody else drives a mailing of this newsroom until it is released (STANDARDS T23).
    pub async fn hold(&self) -> Result<Held, AppError> {
        let Some(nodes) = self.store.shared() else {
            return Ok(Held::Lock(self.lock("lock", "another `masthead` is sending from this newsroom; wait until it has ended")?));
        };
        let refused = |who: &str| AppError::Refused(format!("{who} is sending from this newsroom; wait until it has ended"));
        let driving = self.attendance.drive().ok_or_else(|| refused("this node"))?;
        let presence = self.attend().await?;
        match nodes.take(Duty::Sending).await {
            Ok(None) => {
                self.attendance.took(Duty::Sending);
                Ok(Held::Duty(Arc::clone(&self.attendance), self.shared_store(), presence, driving))
            }
            Ok(Some(other)) => {
                presence.leave().await;
                Err(refused(&format!("the node `{}`", other.name)))
            }
            Err(fault) => {
                presence.leave().await;
                Err(fault.into())
            }
        }
    }

    /// Makes sure that no other daemon looks after this newsroom while the guard lives (STANDARDS T23). Where nodes share
    /// the store that is a duty, and there is nothing to guard.
    pub fn hold_office(&self) -> Result<Option<File>, AppError> {
        match self.store.shared() {
            Some(_) => Ok(None),
            None => self.lock("serve.lock", "another `masthead serve` looks after this newsroom already").map(Some),
        }
    }

    fn lock(&self, ending: &str, taken: &str) -> Result<File, AppError> {
        let path = match &self.config.store {
            StorePlace::File(path) => path.with_extension(ending),
            StorePlace::Database { .. } => self.root.join("data/masthead").with_extension(ending),
        };
        lock(path, taken)
    }
}

/// Takes a lock that goes with whoever has it.
pub(super) fn lock(path: PathBuf, taken: &str) -> Result<File, AppError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(AppError::io("make", folder))?;
    }
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(AppError::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(AppError::Refused(taken.to_owned())),
        Err(TryLockError::Error(cause)) => Err(AppError::Io { deed: "lock", path, cause }),
    }
}
