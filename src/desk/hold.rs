//! Keeps an issue from going out before its mailing is open, and lets it go.

use crate::app::{AppError, Newsroom};
use crate::dateline::IssueId;
use crate::desk::check;
use crate::store::{Hold, HoldCause, StoreError};

/// Holds an issue that waits. Returns whether it is held for this cause now and was not before. One that is out, under
/// way or not in the folder is refused.
pub async fn hold(newsroom: &Newsroom, issue: &IssueId, cause: HoldCause, reason: &str) -> Result<bool, AppError> {
    if newsroom.store().mailing(issue).await?.is_some() {
        return Err(AppError::Refused(format!("{issue} is going out or gone: `masthead pause {issue}` stops what is under way")));
    }
    if check::check_issue(newsroom, issue).await?.is_out {
        return Err(AppError::Refused(format!("{issue} is in the archive: it went out before")));
    }
    let hold = Hold { issue: issue.clone(), since: newsroom.now(), reason: reason.to_owned(), cause };
    match newsroom.store().hold(hold).await {
        Err(StoreError::Unknown(_)) => Err(AppError::Refused(format!("{issue} has just begun to go out"))),
        done => Ok(done?),
    }
}

/// What holds an issue, if anything does.
pub async fn held(newsroom: &Newsroom, issue: &IssueId) -> Result<Option<Hold>, AppError> {
    Ok(newsroom.store().holds().await?.into_iter().find(|hold| hold.issue == *issue))
}

/// Lets an issue go. `false` if nothing held it.
pub async fn lift(newsroom: &Newsroom, issue: &IssueId) -> Result<bool, AppError> {
    Ok(newsroom.store().lift(issue, newsroom.now()).await?)
}

/// Why it is held, in words without full stop, and what lets it go.
pub fn in_words(hold: &Hold) -> String {
    let state = if hold.cause == HoldCause::Cancelled { "cancelled" } else { "held" };
    let reason = if hold.reason.is_empty() { String::new() } else { format!(": {}", hold.reason) };
    format!("it is {state}{reason}; `masthead resume {}` lets it go", hold.issue)
}
