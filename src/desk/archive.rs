//! Brings in issues that went out before Masthead came, written in the same format.

use std::path::Path;

use super::{cataloguing, check, enclosing};
use crate::app::{AppError, Newsroom};
use crate::dateline::IssueId;
use crate::diagnostic::{Diagnostic, has_errors};
use crate::intake;
use crate::issue::archive::{Archive, ArchivedIssue};

/// What an import brought.
#[derive(Debug)]
pub struct Imported {
    /// The issues that are on the shelf now, oldest first.
    pub issues: Vec<ArchivedIssue>,
    /// Warnings about them.
    pub warnings: Vec<Diagnostic>,
}

/// Imports every issue of a folder as already out: all, or none if one of them has a fault.
pub async fn import(newsroom: &Newsroom, folder: &Path) -> Result<Imported, AppError> {
    let read = intake::read(folder, &newsroom.shown(folder))?;
    let mut diagnostics = read.diagnostics;
    let mut archive = Archive::new(newsroom.store().shelf().await?);
    let mut issues = Vec::new();
    let mut with_files = Vec::new();
    for one in read.dropped {
        diagnostics.extend(one.diagnostics.iter().cloned());
        let Some(draft) = &one.draft else { continue };
        let assembled = check::assembled(newsroom, draft, &archive, None);
        diagnostics.extend(assembled.diagnostics.into_iter().filter(|found| !is_moot(found.code)));
        if let Some(issue) = assembled.value {
            let archived = issue.archived(issue.bears(&newsroom.config().zone));
            archive.expect(archived.clone());
            issues.push(archived);
            with_files.push((issue, one));
        }
    }
    if has_errors(&diagnostics) {
        return Err(AppError::Faulty(diagnostics));
    }
    if issues.is_empty() {
        return Err(AppError::Refused(format!("there are no issues in {}", newsroom.shown(folder))));
    }
    // Before the issues are there: what they lead to must be.
    for (issue, dropped) in &with_files {
        enclosing::keep(newsroom, issue, Some(dropped)).await?;
    }
    newsroom.store().shelve(issues.clone()).await?;
    cataloguing::catch_up(newsroom).await?;
    Ok(Imported { issues, warnings: diagnostics })
}

/// What cannot be mended in an issue that is out, and need not be known.
fn is_moot(code: &str) -> bool {
    matches!(
        code,
        "preheader-missing"
            | "preheader-long"
            | "subject-long"
            | "related-not-out"
            | "link-repeated"
            | "link-text-vague"
            | "link-text-address"
            | "link-text-ambiguous"
    )
}

/// What is out, oldest first.
pub async fn list(newsroom: &Newsroom) -> Result<Vec<ArchivedIssue>, AppError> {
    Ok(newsroom.store().back_issues().await?)
}

/// The latest id that is out or in the folder, for whoever begins the next one.
pub async fn latest(newsroom: &Newsroom) -> Result<Option<IssueId>, AppError> {
    let config = newsroom.config();
    let folder = intake::read(&config.issues_folder, &newsroom.shown(&config.issues_folder))?;
    let out = newsroom.store().shelf().await?.into_iter().map(|issue| issue.id);
    Ok(out.chain(folder.dropped.into_iter().map(|dropped| dropped.id)).max())
}
