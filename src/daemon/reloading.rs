//! Settings and templates read again in the middle of everything.

use std::sync::Arc;

use super::office::tell;
use crate::app::{AppError, Newsroom};
use crate::desk::notice::{self, Notice};

/// The newsroom by what its files say now. Nothing where they have a fault: the old settings stay, and operators are told.
pub(super) async fn reopened(old: &Arc<Newsroom>, environment: &[(String, String)]) -> Option<Newsroom> {
    let fault = match old.reopened(environment).await {
        Ok(newsroom) => {
            tracing::info!("the settings are read again");
            return Some(newsroom);
        }
        Err(fault) => fault,
    };
    tracing::error!(%fault, "the settings stay as they were");
    let since = old.now();
    let notice = match fault {
        AppError::Faulty(faults) => {
            notice::log(&faults);
            Notice::Refused { faults, at: since }
        }
        fault => Notice::Trouble { reason: format!("the settings could not be read again: {fault}"), since },
    };
    tell(notice, Arc::clone(old));
    None
}
