//! What is out at a moment, without its texts: titles, numbers and order, for every page that leads to another.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::reprint::Reprint;
use crate::app::{AppError, Newsroom};
use crate::dateline::IssueId;
use crate::dateline::Period;
use crate::edition::online::Site;
use crate::edition::pages::numbered;
use crate::edition::views::{IssueLineView, LeadView};
use crate::issue::archive::{Archive, ArchivedIssue};
use crate::issue::{House, uri};

/// The shelf as it was when somebody looked.
#[derive(Debug)]
pub(super) struct Shelf {
    /// The store's mark of it.
    pub(super) mark: u64,
    /// When it was looked at.
    pub(super) seen_at: Timestamp,
    /// What is out, oldest first, without manuscripts.
    pub(super) archive: Archive,
    /// The issues that were read of late, the latest last: readers go from an issue to its articles.
    late: Mutex<Vec<Arc<Reprint>>>,
}

/// How many issues are kept as they were read.
const LATE: usize = 32;

impl Shelf {
    /// Looks at the shelf. The mark must have been asked for before.
    pub(super) async fn look(newsroom: &Newsroom, mark: u64) -> Result<Self, AppError> {
        let archive = Archive::new(newsroom.store().public_shelf().await?);
        Ok(Self { mark, seen_at: newsroom.now(), archive, late: Mutex::default() })
    }

    /// An issue, if it was read of late.
    pub(super) fn read_of_late(&self, id: &IssueId) -> Option<Arc<Reprint>> {
        let mut late = self.late.lock().unwrap_or_else(PoisonError::into_inner);
        let at = late.iter().position(|read| read.archived.id == *id)?;
        let read = late.remove(at);
        late.push(Arc::clone(&read));
        Some(read)
    }

    /// Keeps an issue that was read.
    pub(super) fn keep(&self, read: Reprint) -> Arc<Reprint> {
        let read = Arc::new(read);
        let mut late = self.late.lock().unwrap_or_else(PoisonError::into_inner);
        late.retain(|other| other.archived.id != read.archived.id);
        if late.len() == LATE {
            late.remove(0);
        }
        late.push(Arc::clone(&read));
        read
    }

    /// The latest issue.
    pub(super) fn latest(&self) -> Option<&ArchivedIssue> {
        self.archive.issues().last()
    }

    /// The issues before and after one.
    pub(super) fn beside(&self, id: &IssueId) -> (Option<&ArchivedIssue>, Option<&ArchivedIssue>) {
        let issues = self.archive.issues();
        let Some(at) = issues.iter().position(|issue| issue.id == *id) else { return (None, None) };
        (at.checked_sub(1).and_then(|before| issues.get(before)), issues.get(at + 1))
    }
}

/// The path of an issue's page.
pub(super) fn issue_path(house: &House, id: &IssueId) -> String {
    path(house, &house.issue_url(id))
}

/// The path of an article's page.
pub(super) fn article_path(house: &House, id: &IssueId, slug: &str) -> String {
    path(house, &house.article_url(id, slug))
}

fn path(house: &House, url: &str) -> String {
    uri(&Site::at(&house.base_url).path(url).unwrap_or_default())
}

/// An issue as it is listed.
pub(super) fn line(house: &House, issue: &ArchivedIssue) -> IssueLineView {
    IssueLineView {
        title: issue.title.clone(),
        url: issue_path(house, &issue.id),
        label: issue.period.label(),
        number: numbered(issue.number),
    }
}

/// An issue as a page leads to it.
pub(super) fn lead(house: &House, issue: &ArchivedIssue) -> LeadView {
    LeadView { title: issue.title.clone(), url: issue_path(house, &issue.id), label: issue.period.label() }
}

/// An article of an issue as a page of that issue leads to it.
pub(super) fn piece(house: &House, issue: &ArchivedIssue, at: usize) -> Option<LeadView> {
    let article = issue.articles.get(at)?;
    Some(LeadView { title: article.title.clone(), url: article_path(house, &issue.id, &article.slug), label: String::new() })
}

/// An instant as a day in words, on the publication's clock.
pub(super) fn day(newsroom: &Newsroom, at: Timestamp) -> String {
    Period::Day(at.to_zoned(newsroom.config().zone.clone()).date()).label()
}
