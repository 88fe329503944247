//! Who got an issue, who did not, and why: the ledger, line by line.

use crate::app::{AppError, Newsroom};
use crate::dateline::IssueId;
use crate::mailing::Mailing;
use crate::mailing::fate::FateWord;
use crate::store::LedgerLine;
use crate::subscription::SubscriberId;

/// How many lines a page of the store holds.
const PAGE: usize = 1000;

/// The mailing of an issue.
pub async fn mailing(newsroom: &Newsroom, issue: &IssueId) -> Result<Mailing, AppError> {
    let found = newsroom.store().mailing(issue).await?;
    found.ok_or_else(|| AppError::Refused(format!("{issue} has no mailing; `masthead send {issue}` opens it")))
}

/// Hands every line of an issue's ledger to `take`, page by page.
pub async fn each_line(
    newsroom: &Newsroom,
    issue: &IssueId,
    fate: Option<FateWord>,
    mut take: impl FnMut(&LedgerLine) -> Result<(), AppError>,
) -> Result<(), AppError> {
    let mailing = mailing(newsroom, issue).await?;
    let mut after = SubscriberId(0);
    loop {
        let page = newsroom.store().lines(mailing.id, fate, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.subscriber;
        page.iter().try_for_each(&mut take)?;
    }
}
