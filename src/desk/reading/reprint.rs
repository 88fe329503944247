//! An issue that is out, as it was: assembled again from its manuscript with its files, its number, and all that the press
//! had added.

use std::sync::Arc;

use super::shelf::Shelf;
use crate::app::{AppError, Newsroom};
use crate::archive::reread;
use crate::dateline::IssueId;
use crate::desk::enclosing;
use crate::issue::Issue;
use crate::issue::archive::ArchivedIssue;

/// An issue as it is printed, and what the shelf says of it.
#[derive(Debug)]
pub(super) struct Reprint {
    pub(super) archived: ArchivedIssue,
    pub(super) issue: Issue,
}

/// An issue, read again or as it was read of late; `None` if it is not out, or can no longer be read.
pub(super) async fn reprint(newsroom: &Newsroom, shelf: &Shelf, id: &IssueId) -> Result<Option<Arc<Reprint>>, AppError> {
    if shelf.archive.issue(id).is_none() {
        return Ok(None);
    }
    if let Some(read) = shelf.read_of_late(id) {
        return Ok(Some(read));
    }
    Ok(read(newsroom, shelf, id).await?.map(|read| shelf.keep(read)))
}

async fn read(newsroom: &Newsroom, shelf: &Shelf, id: &IssueId) -> Result<Option<Reprint>, AppError> {
    let Some(archived) = newsroom.store().public_issue(id).await? else { return Ok(None) };
    let files = newsroom.store().enclosed(id).await?.iter().map(enclosing::beside).collect();
    let Some(mut issue) = reread(&archived, files, &shelf.archive, &newsroom.config().house) else {
        tracing::error!(issue = %id, "an issue that is out can no longer be read from its manuscript");
        return Ok(None);
    };
    keep_to(&mut issue, &archived, newsroom);
    Ok(Some(Reprint { archived, issue }))
}

/// What was settled when the issue went out stays so, whatever has come onto the shelf since.
fn keep_to(issue: &mut Issue, archived: &ArchivedIssue, newsroom: &Newsroom) {
    let house = &newsroom.config().house;
    (issue.period, issue.number) = (archived.period, archived.number);
    let pieces = issue.sections.iter_mut().flat_map(|section| &mut section.pieces);
    for (article, known) in std::iter::once(&mut issue.featured).chain(pieces).zip(&archived.articles) {
        article.slug.clone_from(&known.slug);
        article.url = house.article_url(&archived.id, &known.slug);
    }
}
