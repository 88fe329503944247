//! Reads issues as the press will, and tells every fault of them at once.

use std::sync::Arc;

use jiff::Timestamp;

use super::{enclosing, feeds, links};
use crate::app::{AppError, Newsroom};
use crate::archive::{self, Index};
use crate::dateline::IssueId;
use crate::diagnostic::{self, Diagnostic, Source, has_errors};
use crate::edition::{self, Edition};
use crate::intake::watch::Still;
use crate::intake::{self, Dropped, Stamp};
use crate::issue::archive::Archive;
use crate::issue::{self, Issue};
use crate::manuscript::front_matter::Status;
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
    /// How its files stood when they had been read.
    pub stamp: Option<Stamp>,
    /// The fingerprint of its text and of what lies beside it, if the text can be read.
    pub fingerprint: Option<String>,
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
    /// How it stands: `faulty`, `draft`, or `ready` to go out.
    pub fn state(&self) -> &'static str {
        match &self.issue {
            Some(issue) if !has_errors(&self.diagnostics) => match issue.status {
                Status::Draft => "draft",
                Status::Ready => "ready",
            },
            _ => "faulty",
        }
    }

    /// Whether what was read is what was still.
    pub fn is_as(&self, still: &Still) -> bool {
        self.stamp.is_some() && still.issues.get(&self.id).copied() == self.stamp
    }

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
    Ok(look(newsroom, ids).await?.0)
}

/// The same, and the archive as the last of the issues saw it.
pub(super) async fn look(newsroom: &Newsroom, ids: &[IssueId]) -> Result<(Report, Archive), AppError> {
    let config = newsroom.config();
    let shown = newsroom.shown(&config.issues_folder);
    let folder = intake::read(&config.issues_folder, &shown)?;
    if let Some(lost) = ids.iter().find(|id| folder.get(id).is_none()) {
        let near = diagnostic::nearest(lost.as_str(), folder.dropped.iter().map(|dropped| dropped.id.as_str()), 0.0);
        let hint = near.map_or_else(|| "the folder has no issues".to_owned(), |near| format!("did you mean {near}?"));
        return Err(AppError::Refused(format!("there is no issue {lost} in {shown}; {hint}")));
    }
    let mut archive = Archive::new(newsroom.store().shelf().await?);
    let is_wanted = |id: &IssueId, is_out: bool| if ids.is_empty() { !is_out } else { ids.contains(id) };
    let chooses = |dropped: &Dropped| {
        let is_out = archive.issue(&dropped.id).is_some();
        is_wanted(&dropped.id, is_out) && dropped.draft.as_ref().is_some_and(|draft| draft.source.text().contains("\nrelated:"))
    };
    let index = if folder.dropped.iter().any(chooses) { Some(index(newsroom).await?) } else { None };
    let mut issues = Vec::new();
    for one in folder.dropped {
        let is_out = archive.issue(&one.id).is_some() && !archive.is_waiting(&one.id);
        let wanted = is_wanted(&one.id, is_out);
        if is_out && !wanted {
            continue;
        }
        if wanted {
            let checked = check_one(newsroom, one, &archive, index.as_deref(), is_out).await?;
            expect(&mut archive, checked.issue.as_ref());
            issues.push(checked);
        } else if let Some(draft) = &one.draft {
            let assembled = assembled(newsroom, draft, &archive, None);
            expect(&mut archive, assembled.value.as_ref());
        }
    }
    Ok((Report { issues, diagnostics: folder.diagnostics }, archive))
}

/// The index of what is out. It takes all manuscripts and a while to make, so it is made anew only once the shelf has changed.
pub(super) async fn index(newsroom: &Newsroom) -> Result<Arc<Index>, AppError> {
    let mark = newsroom.store().shelf_mark().await?;
    if let Some(index) = newsroom.index().of(mark) {
        return Ok(index);
    }
    newsroom.index().drop_older();
    let archive = Archive::new(newsroom.store().back_issues().await?);
    Ok(newsroom.index().keep(mark, Index::of(&archive, &newsroom.config().house)))
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

async fn check_one(
    newsroom: &Newsroom,
    dropped: Dropped,
    archive: &Archive,
    index: Option<&Index>,
    is_out: bool,
) -> Result<Checked, AppError> {
    let config = newsroom.config();
    let file = newsroom.shown(&dropped.path);
    let source = dropped.draft.as_ref().map(|draft| Arc::clone(&draft.source));
    let (stamp, fingerprint) = (dropped.stamp, dropped.draft.as_ref().map(|_| dropped.fingerprint()));
    let mut diagnostics = dropped.diagnostics;
    let done = |issue, edition, mut diagnostics: Vec<Diagnostic>| {
        diagnostic::sort(&mut diagnostics);
        let (id, file, source, fingerprint) = (dropped.id.clone(), file.clone(), source.clone(), fingerprint.clone());
        Checked { id, file, is_out, stamp, fingerprint, source, issue, edition, diagnostics }
    };
    let Some(mut draft) = dropped.draft else { return Ok(done(None, None, diagnostics)) };
    if is_out {
        enclosing::lend(newsroom, &mut draft).await?;
    }
    let assembled = assembled(newsroom, &draft, archive, index);
    diagnostics.extend(assembled.diagnostics);
    let Some(mut issue) = assembled.value else { return Ok(done(None, None, diagnostics)) };
    diagnostics.extend(links::learn(newsroom, &mut issue).await?);
    diagnostics.extend(feeds::join(newsroom, &mut issue, archive, is_out).await?);
    let rendered = edition::render(&issue, &config.imprint, newsroom.press());
    diagnostics.extend(rendered.diagnostics);
    Ok(done(Some(issue), rendered.value, diagnostics))
}

/// The issue of a draft, with everything found on the way to it. Where the press is to choose related items, they come
/// from the index; without one none are chosen.
pub(super) fn assembled(newsroom: &Newsroom, draft: &Draft, archive: &Archive, index: Option<&Index>) -> diagnostic::Checked<Issue> {
    let house = &newsroom.config().house;
    let mut parsed = manuscript::parse(draft, &house.related_heading);
    let value = parsed.value.and_then(|manuscript| {
        let assembled = issue::assemble(&manuscript, archive, house);
        parsed.diagnostics.extend(assembled.diagnostics);
        let mut issue = assembled.value?;
        if let Some(index) = index.filter(|_| manuscript.front.related.is_some()) {
            parsed.diagnostics.extend(archive::fill(&mut issue, &manuscript, index, house));
        }
        Some(issue)
    });
    diagnostic::Checked { value, diagnostics: parsed.diagnostics }
}
