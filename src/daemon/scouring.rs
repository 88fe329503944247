//! The files are scoured of those who were erased: once for many, since it takes long and readers ask for it at will.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinHandle;

use super::office::{after, ended};
use crate::app::{AppError, Newsroom};

/// How often it is asked whether there is anything to do.
const LOOK: SignedDuration = SignedDuration::from_mins(1);

/// How long it is left alone after it was done, or failed.
const REST: SignedDuration = SignedDuration::from_hours(1);

/// The scouring, under way or to come.
pub(super) struct Scouring {
    task: Option<JoinHandle<Result<bool, AppError>>>,
    next: Timestamp,
}

impl Scouring {
    pub(super) fn new() -> Self {
        Self { task: None, next: Timestamp::MIN }
    }

    /// Begins it, if it is time.
    pub(super) fn go_on(&mut self, newsroom: Arc<Newsroom>, now: Timestamp) {
        // The clock may have been set back.
        self.next = self.next.min(after(now, REST));
        if self.task.is_none() && now >= self.next {
            self.task = Some(tokio::spawn(async move { scour(&newsroom).await }));
        }
    }

    pub(super) fn is_under_way(&self) -> bool {
        self.task.is_some()
    }

    /// Breaks it off: what is left is done the next time.
    pub(super) fn break_off(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }

    /// Waits until it has ended; does not return where it is not under way.
    pub(super) async fn ended(&mut self) -> Result<bool, AppError> {
        let end = ended(self.task.as_mut()).await;
        self.task = None;
        end
    }

    /// Settles when it is next looked at.
    pub(super) fn settle(&mut self, end: &Result<bool, AppError>, now: Timestamp) {
        if let Err(fault) = end {
            tracing::warn!(%fault, "files could not be scoured of those who were erased; it is tried again in an hour");
        }
        self.next = after(now, if matches!(end, Ok(false)) { LOOK } else { REST });
    }
}

/// Scours the files, if there is anything to scour. Says whether there was.
pub(super) async fn scour(newsroom: &Newsroom) -> Result<bool, AppError> {
    let is_due = newsroom.store().is_to_be_scoured().await?;
    if is_due {
        newsroom.store().scour().await?;
        tracing::info!("the files are scoured of those who were erased");
    }
    Ok(is_due)
}
