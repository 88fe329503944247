//! From an issue in the folder to a mailing in the ledger: what must hold before anything is frozen.

use super::providers::providers;
use super::{Request, fleet};
use crate::app::{AppError, Newsroom};
use crate::dateline::IssueId;
use crate::desk::check::Checked;
use crate::desk::{approval, check, deliveries, enclosing, feeds, hold, mailings, proof};
use crate::edition::Edition;
use crate::issue::Issue;
use crate::issue::archive::ArchivedIssue;
use crate::mailing::Mailing;
use crate::manuscript::front_matter::Status;
use crate::store::{Frozen, Latecomers, Opening};
use crate::subscription::ListId;

/// The mailing of an issue that has none yet, and whether this call opened it.
pub(super) async fn open(newsroom: &Newsroom, request: &Request) -> Result<(Mailing, bool), AppError> {
    let Frozen { edition, archived, lists } = releasable(newsroom, request).await?;
    let issue = &edition.issue;
    if newsroom.store().shelf().await?.iter().any(|out| out.id == *issue) {
        return Err(AppError::Refused(format!("{issue} is in the archive: it went out before; give the new issue another name")));
    }
    must_be_approved(newsroom, &edition).await?;
    // A relay that cannot be used must be mended first: from here on the edition is frozen.
    fleet::relays(newsroom)?;
    if newsroom.store().audience(&lists).await? == 0 {
        return Err(AppError::Refused(format!("nobody would get it: {} has no confirmed subscriber", names(&lists))));
    }
    let config = newsroom.config();
    let now = newsroom.now();
    // Before the mailing is there: a crash in between leaves items and files that only this issue may have, which it will.
    feeds::carry(newsroom, &archived).await?;
    enclosing::keep_for(newsroom, &archived).await?;
    let opening = Opening {
        archived: ArchivedIssue { out_at: now, made_at: Some(archived.out_at), ..archived },
        providers: providers(newsroom, &lists).await?,
        seeds: config.seeds.clone(),
        canary: config.canary.map_or(0, |canary| canary.readers),
        lists,
        edition,
        at: now,
    };
    let issue = opening.edition.issue.clone();
    match newsroom.store().open_mailing(opening).await {
        Ok(opened) => Ok((opened.mailing, opened.is_new)),
        Err(fault) => {
            // Somebody may have held it just now.
            must_be_free(newsroom, &issue).await?;
            Err(fault.into())
        }
    }
}

/// Refuses an issue that is held.
async fn must_be_free(newsroom: &Newsroom, issue: &IssueId) -> Result<(), AppError> {
    let held = hold::held(newsroom, issue).await?;
    held.map_or(Ok(()), |hold| Err(AppError::Refused(format!("{issue} does not go out: {}", hold::in_words(&hold)))))
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

/// What is to go out, if editor and calendar have released it and nobody holds it.
async fn releasable(newsroom: &Newsroom, request: &Request) -> Result<Frozen, AppError> {
    must_be_free(newsroom, &request.issue).await?;
    if let Some(edition) = &request.edition {
        return shown(newsroom, &request.issue, edition).await;
    }
    let checked = check::check_issue(newsroom, &request.issue).await?;
    let (issue, frozen) = as_shown(newsroom, checked).await?;
    if issue.status != Status::Ready {
        return Err(AppError::Refused(format!("{} is a draft: write `status: ready` in its front matter when it may go out", issue.id)));
    }
    if let Some(local) = issue.publish_at
        && !request.now
        && issue.bears(&newsroom.config().zone) > newsroom.now()
    {
        return Err(AppError::Refused(format!("{} is to go out at {local}: pass `--now` to send it before that", issue.id)));
    }
    Ok(frozen)
}

/// What a mailing of an issue would be made of: what the editors were shown, if the file is still what they were shown,
/// whatever became of templates and settings since (STANDARDS T15); else the issue as it is now.
pub(super) async fn as_shown(newsroom: &Newsroom, checked: Checked) -> Result<(Issue, Frozen), AppError> {
    let current = proof::current(newsroom, &checked).await?;
    let (issue, edition) = checked.clean()?;
    let shown = match current {
        Some(proof) => newsroom.store().frozen(&issue.id).await?.filter(|frozen| frozen.edition.hash == proof.edition),
        None => None,
    };
    let frozen = shown.unwrap_or_else(|| Frozen { archived: issue.archived(newsroom.now()), lists: issue.lists.clone(), edition });
    Ok((issue, frozen))
}

/// The edition that editors were shown, as it was frozen then.
async fn shown(newsroom: &Newsroom, issue: &IssueId, edition: &str) -> Result<Frozen, AppError> {
    let frozen = newsroom.store().frozen(issue).await?.filter(|frozen| frozen.edition.hash == edition);
    frozen.ok_or_else(|| AppError::Refused(format!("{issue} has another proof by now")))
}

/// Refuses an edition that editors have to approve first.
async fn must_be_approved(newsroom: &Newsroom, edition: &Edition) -> Result<(), AppError> {
    let standing = approval::standing(newsroom, &edition.issue, &edition.hash).await?;
    let is_shown = newsroom.store().proofs(&edition.issue).await?.first().is_some_and(|proof| proof.edition == edition.hash);
    approval::wanting(&edition.issue, &standing, is_shown).map_or(Ok(()), |words| Err(AppError::Refused(words)))
}

fn names(lists: &[ListId]) -> String {
    lists.iter().map(ListId::as_str).collect::<Vec<_>>().join(", ")
}
