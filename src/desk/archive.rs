//! Brings in issues that went out before Masthead came, written in the same format.

use std::path::Path;

use jiff::Timestamp;

use crate::app::{AppError, Newsroom};
use crate::dateline::IssueId;
use crate::diagnostic::{Diagnostic, has_errors};
use crate::intake;
use crate::issue;
use crate::issue::archive::{Archive, ArchivedIssue};
use crate::manuscript;

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
    let config = newsroom.config();
    let read = intake::read(folder, &newsroom.shown(folder))?;
    let mut diagnostics = read.diagnostics;
    let mut archive = Archive::new(newsroom.store().back_issues().await?);
    let mut dropped = read.dropped;
    dropped.sort_by(|a, b| (a.id.month(), &a.id).cmp(&(b.id.month(), &b.id)));
    let mut issues = Vec::new();
    for one in dropped {
        diagnostics.extend(one.diagnostics);
        let Some(draft) = one.draft else { continue };
        let parsed = manuscript::parse(&draft, &config.house.related_heading);
        diagnostics.extend(parsed.diagnostics);
        let Some(manuscript) = parsed.value else { continue };
        let assembled = issue::assemble(&manuscript, &archive, &config.house);
        diagnostics.extend(assembled.diagnostics.into_iter().filter(|found| !is_moot(found.code)));
        if let Some(issue) = assembled.value {
            let archived = issue.archived(out_at(newsroom, &issue));
            archive.expect(archived.clone());
            issues.push(archived);
        }
    }
    if has_errors(&diagnostics) {
        return Err(AppError::Faulty(diagnostics));
    }
    if issues.is_empty() {
        return Err(AppError::Refused(format!("there are no issues in {}", newsroom.shown(folder))));
    }
    newsroom.store().shelve(issues.clone()).await?;
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

fn out_at(newsroom: &Newsroom, issue: &issue::Issue) -> Timestamp {
    let day = issue.id.day().or_else(|| issue.period.first().day(1)).unwrap_or_default();
    let local = issue.publish_at.unwrap_or_else(|| day.at(9, 0, 0, 0));
    newsroom.config().zone.to_ambiguous_timestamp(local).compatible().unwrap_or_default()
}

/// What is out, oldest first.
pub async fn list(newsroom: &Newsroom) -> Result<Vec<ArchivedIssue>, AppError> {
    Ok(newsroom.store().back_issues().await?)
}

/// The latest id that is out or in the folder, for whoever begins the next one.
pub async fn latest(newsroom: &Newsroom) -> Result<Option<IssueId>, AppError> {
    let config = newsroom.config();
    let folder = intake::read(&config.issues_folder, &newsroom.shown(&config.issues_folder))?;
    let out = newsroom.store().back_issues().await?.into_iter().map(|issue| issue.id);
    Ok(out.chain(folder.dropped.into_iter().map(|dropped| dropped.id)).max_by_key(|id| (id.month(), id.clone())))
}
