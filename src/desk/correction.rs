//! Corrections: a file that changes after its issue went out changes the page in the archive, never the mail.

use super::notice::{self, Notice};
use super::telling::Told;
use super::{cataloguing, check, enclosing};
use crate::app::{AppError, Newsroom};
use crate::dateline::IssueId;
use crate::diagnostic::{Diagnostic, has_errors};
use crate::intake::{self, Dropped, watch::Still};
use crate::issue::archive::ArchivedIssue;

/// What became of a changed file.
#[derive(Debug)]
pub struct Correction {
    /// Of which issue.
    pub issue: IssueId,
    /// Its file.
    pub file: String,
    /// What must be mended before the page changes.
    pub faults: Vec<Diagnostic>,
    /// Who was told.
    pub told: Told,
}

/// Brings the archive up to the files of the folder that differ from it and are still.
pub async fn correct(newsroom: &Newsroom, still: &Still) -> Result<Vec<Correction>, AppError> {
    let mut corrections = Vec::new();
    for (out, dropped) in changed(newsroom, still).await? {
        corrections.push(one(newsroom, out, &dropped).await?);
    }
    Ok(corrections)
}

/// The issues that are out whose file says something else now, or has another file beside it than the one that is kept.
async fn changed(newsroom: &Newsroom, still: &Still) -> Result<Vec<(ArchivedIssue, Dropped)>, AppError> {
    let config = newsroom.config();
    let folder = intake::read(&config.issues_folder, &newsroom.shown(&config.issues_folder))?;
    let mut changed = Vec::new();
    for dropped in folder.dropped.into_iter().filter(|dropped| still.holds(dropped)) {
        let Some(draft) = &dropped.draft else { continue };
        let Some(out) = newsroom.store().back_issue(&dropped.id).await? else { continue };
        if draft.source.text() != out.manuscript || enclosing::has_changed(newsroom, &dropped).await? {
            changed.push((out, dropped));
        }
    }
    Ok(changed)
}

async fn one(newsroom: &Newsroom, out: ArchivedIssue, dropped: &Dropped) -> Result<Correction, AppError> {
    let checked = check::check_issue(newsroom, &out.id).await?;
    let (issue, faults) = match checked.issue {
        Some(issue) if !has_errors(&checked.diagnostics) => (issue, Vec::new()),
        _ => return Ok(Correction { issue: out.id, file: checked.file, faults: checked.diagnostics, told: Told::default() }),
    };
    let now = newsroom.now();
    let corrected = ArchivedIssue { corrected_at: Some(now), made_at: out.made_at, carried: out.carried, ..issue.archived(out.out_at) };
    enclosing::keep(newsroom, &issue, Some(dropped)).await?;
    newsroom.store().shelve(vec![corrected]).await?;
    cataloguing::try_to_catch_up(newsroom).await;
    tracing::info!(issue = %out.id, "the page of an issue that is out is corrected");
    let notice = Notice::Corrected { issue: out.id.clone(), draft: checked.fingerprint.unwrap_or_default(), url: issue.url };
    let told = notice::tell(newsroom, &notice).await?;
    Ok(Correction { issue: out.id, file: checked.file, faults, told })
}
