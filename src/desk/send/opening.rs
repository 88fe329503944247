//! From an issue in the folder to a mailing in the ledger: what must hold before anything is frozen.

use super::providers::providers;
use super::{Request, fleet};
use crate::app::{AppError, Newsroom};
use crate::desk::{check, deliveries, feeds, mailings};
use crate::edition::Edition;
use crate::issue::Issue;
use crate::mailing::Mailing;
use crate::manuscript::front_matter::Status;
use crate::store::{Latecomers, Opening};
use crate::subscription::ListId;

/// The mailing of an issue that has none yet, and whether this call opened it.
pub(super) async fn open(newsroom: &Newsroom, request: &Request) -> Result<(Mailing, bool), AppError> {
    let (issue, edition) = releasable(newsroom, request).await?;
    if newsroom.store().back_issues().await?.iter().any(|out| out.id == issue.id) {
        return Err(AppError::Refused(format!("{} is in the archive: it went out before; give the new issue another name", issue.id)));
    }
    // A relay that cannot be used must be mended first: from here on the edition is frozen.
    fleet::relays(newsroom)?;
    if newsroom.store().audience(&issue.lists).await? == 0 {
        return Err(AppError::Refused(format!("nobody would get it: {} has no confirmed subscriber", names(&issue.lists))));
    }
    let config = newsroom.config();
    let now = newsroom.now();
    // Before the mailing is there: a crash in between leaves items that only this issue may have, which it will.
    feeds::carry(newsroom, &issue).await?;
    let opening = Opening {
        archived: issue.archived(now),
        providers: providers(newsroom, &issue.lists).await?,
        seeds: config.seeds.clone(),
        canary: config.canary.map_or(0, |canary| canary.readers),
        lists: issue.lists,
        edition,
        at: now,
    };
    let opened = newsroom.store().open_mailing(opening).await?;
    Ok((opened.mailing, opened.is_new))
}

/// Refuses a list that the newsroom does not have.
pub(super) fn must_be_known(newsroom: &Newsroom, list: &ListId) -> Result<(), AppError> {
    if !newsroom.config().lists.iter().any(|known| known.id == *list) {
        let known: Vec<ListId> = newsroom.config().lists.iter().map(|list| list.id.clone()).collect();
        return Err(AppError::Refused(format!("there is no list `{list}`; there is {}", names(&known))));
    }
    Ok(())
}

/// Adds to a mailing those who joined a list since, and gives it back as it is then.
pub(super) async fn extend(newsroom: &Newsroom, mailing: Mailing, list: &ListId, since: jiff::Timestamp) -> Result<Mailing, AppError> {
    let mailing = mailings::uncancelled(mailing)?;
    let lists = [list.clone()];
    let providers = providers(newsroom, &lists).await?;
    let late = Latecomers { mailing: mailing.id, list: list.clone(), since, providers, at: newsroom.now() };
    newsroom.store().extend(late).await?;
    deliveries::mailing(newsroom, &mailing.issue).await
}

/// The issue and edition, if editor and calendar have released them.
async fn releasable(newsroom: &Newsroom, request: &Request) -> Result<(Issue, Edition), AppError> {
    let (issue, edition) = check::check_issue(newsroom, &request.issue).await?.clean()?;
    if issue.status != Status::Ready {
        return Err(AppError::Refused(format!("{} is a draft: write `status: ready` in its front matter when it may go out", issue.id)));
    }
    if let Some(local) = issue.publish_at
        && !request.now
        && issue.bears(&newsroom.config().zone) > newsroom.now()
    {
        return Err(AppError::Refused(format!("{} is to go out at {local}: pass `--now` to send it before that", issue.id)));
    }
    Ok((issue, edition))
}

fn names(lists: &[ListId]) -> String {
    lists.iter().map(ListId::as_str).collect::<Vec<_>>().join(", ")
}
