//! Reads issues as the press will, and tells every fault of them at once.

use std::sync::Arc;

use jiff::Timestamp;

use crate::app::{AppError, Newsroom};
use crate::dateline::IssueId;
use crate::diagnostic::{self, Diagnostic, Source, has_errors};
use crate::edition::{self, Edition};
use crate::intake::{self, Dropped};
use crate::issue::archive::Archive;
use crate::issue::{self, Issue};
use crate::manuscript::{self, Draft};

/// One issue of the folder, as far as it could be made.
#[derive(Debug)]
pub struct Checked {
    /// Its id.
    pub id: IssueId,
    /// Its file, as people know it.
    pub file: String,
    /// Whether it went out already.
    pub is_out: bool,
    /// Its text, if it is one.
    pub source: Option<Arc<Source>>,
    /// The issue, if there was anything to assemble.
    pub issue: Option<Issue>,
    /// The edition, if it could be printed.
    pub edition: Option<Edition>,
    /// Everything found.
    pub diagnostics: Vec<Diagnostic>,
}

impl Checked {
    /// The issue and its edition, if nothing forbids to send them.
    pub fn clean(self) -> Result<(Issue, Edition), AppError> {
        match (self.issue, self.edition) {
            (Some(issue), Some(edition)) if !has_errors(&self.diagnostics) => Ok((issue, edition)),
            _ => Err(AppError::Faulty(self.diagnostics)),
        }
    }
}

/// What a look at the folder gave.
#[derive(Debug)]
pub struct Report {
    /// The issues asked for, oldest first.
    pub issues: Vec<Checked>,
    /// Findings about the folder as a whole.
    pub diagnostics: Vec<Diagnostic>,
}

impl Report {
    /// Every finding, in the order in which one mends them.
    pub fn all(&self) -> Vec<Diagnostic> {
        let mut all: Vec<Diagnostic> = self.diagnostics.clone();
        for found in self.issues.iter().flat_map(|checked| &checked.diagnostics) {
            if !all.contains(found) {
                all.push(found.clone());
            }
        }
        diagnostic::sort(&mut all);
        all
    }
}

/// Checks the issues named, or, if none is, all that are not out yet.
pub async fn check(newsroom: &Newsroom, ids: &[IssueId]) -> Result<Report, AppError> {
    let config = newsroom.config();
    let shown = newsroom.shown(&config.issues_folder);
    let folder = intake::read(&config.issues_folder, &shown)?;
    if let Some(lost) = ids.iter().find(|id| folder.get(id).is_none()) {
        let near = diagnostic::nearest(lost.as_str(), folder.dropped.iter().map(|dropped| dropped.id.as_str()), 0.0);
        let hint = near.map_or_else(|| "the folder has no issues".to_owned(), |near| format!("did you mean {near}?"));
        return Err(AppError::Refused(format!("there is no issue {lost} in {shown}; {hint}")));
    }
    let mut archive = Archive::new(newsroom.store().back_issues().await?);
    let mut issues = Vec::new();
    for one in folder.dropped {
        let is_out = archive.issue(&one.id).is_some() && !archive.is_waiting(&one.id);
        let wanted = if ids.is_empty() { !is_out } else { ids.contains(&one.id) };
        if is_out && !wanted {
            continue;
        }
        if wanted {
            let checked = check_one(newsroom, one, &archive, is_out);
            expect(&mut archive, checked.issue.as_ref());
            issues.push(checked);
        } else if let Some(draft) = &one.draft {
            let assembled = assembled(newsroom, draft, &archive);
            expect(&mut archive, assembled.value.as_ref());
        }
    }
    Ok(Report { issues, diagnostics: folder.diagnostics })
}

/// Lets issues after this one refer to it.
fn expect(archive: &mut Archive, issue: Option<&Issue>) {
    if let Some(issue) = issue {
        archive.expect(issue.archived(Timestamp::UNIX_EPOCH));
    }
}

/// Checks the one issue named.
pub async fn check_issue(newsroom: &Newsroom, id: &IssueId) -> Result<Checked, AppError> {
    let report = check(newsroom, std::slice::from_ref(id)).await?;
    report.issues.into_iter().next().ok_or_else(|| AppError::Refused(format!("there is no issue {id}")))
}

fn check_one(newsroom: &Newsroom, dropped: Dropped, archive: &Archive, is_out: bool) -> Checked {
    let config = newsroom.config();
    let mut diagnostics = dropped.diagnostics;
    let file = newsroom.shown(&dropped.path);
    let source = dropped.draft.as_ref().map(|draft| Arc::clone(&draft.source));
    let done = |issue, edition, mut diagnostics: Vec<Diagnostic>| {
        diagnostic::sort(&mut diagnostics);
        Checked { id: dropped.id.clone(), file: file.clone(), is_out, source: source.clone(), issue, edition, diagnostics }
    };
    let Some(draft) = dropped.draft else { return done(None, None, diagnostics) };
    let assembled = assembled(newsroom, &draft, archive);
    diagnostics.extend(assembled.diagnostics);
    let Some(issue) = assembled.value else { return done(None, None, diagnostics) };
    let rendered = edition::render(&issue, &config.imprint, newsroom.press());
    diagnostics.extend(rendered.diagnostics);
    done(Some(issue), rendered.value, diagnostics)
}

/// The issue of a draft, with everything found on the way to it.
pub(super) fn assembled(newsroom: &Newsroom, draft: &Draft, archive: &Archive) -> diagnostic::Checked<Issue> {
    let house = &newsroom.config().house;
    let mut parsed = manuscript::parse(draft, &house.related_heading);
    let assembled = parsed.value.map(|manuscript| issue::assemble(&manuscript, archive, house));
    let value = assembled.and_then(|assembled| {
        parsed.diagnostics.extend(assembled.diagnostics);
        assembled.value
    });
    diagnostic::Checked { value, diagnostics: parsed.diagnostics }
}
