//! An issue that is out, assembled again from its manuscript with all that it had: its files, its number, what feeds
//! brought, and the related items that the press chose.

use tokio::task::spawn_blocking;

use super::shelf::Shelf;
use crate::app::{AppError, Newsroom};
use crate::archive::Index;
use crate::dateline::IssueId;
use crate::desk::{check, feeds};
use crate::diagnostic::Source;
use crate::issue::Issue;
use crate::issue::archive::{Archive, ArchivedIssue};
use crate::manuscript::{Draft, EnclosedFile};

/// An issue and what the shelf says of it; `None` if it is not out, or can no longer be read.
pub(super) async fn reprint(newsroom: &Newsroom, shelf: &Shelf, id: &IssueId) -> Result<Option<(ArchivedIssue, Issue)>, AppError> {
    if shelf.archive.issue(id).is_none() {
        return Ok(None);
    }
    let Some(archived) = newsroom.store().back_issue(id).await? else { return Ok(None) };
    let files = newsroom.store().enclosed(id).await?;
    let files = files.into_iter().map(|file| EnclosedFile { name: file.name, octets: file.octets, pixels: file.pixels }).collect();
    let draft = Draft { id: id.clone(), source: Source::new(id.as_str(), archived.manuscript.as_str()), files };
    let is_filled = wants_filling(&archived.manuscript);
    if is_filled && shelf.index.get().is_none() {
        let index = index(newsroom).await?;
        // Two may have made it at once: it is the same index.
        let _ = shelf.index.set(index);
    }
    let Some(mut issue) = check::assembled(newsroom, &draft, &shelf.archive, is_filled.then_some(&shelf.index)).value else {
        tracing::error!(issue = %id, "an issue that is out can no longer be read from its manuscript");
        return Ok(None);
    };
    if !archived.carried.is_empty() {
        feeds::join(newsroom, &mut issue, &shelf.archive, true).await?;
    }
    keep_to(&mut issue, &archived, newsroom);
    Ok(Some((archived, issue)))
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

/// Whether the front matter may ask the press to choose related items. Where it does not after all, nothing is chosen.
fn wants_filling(manuscript: &str) -> bool {
    manuscript.lines().take_while(|line| !line.starts_with('#')).any(|line| line.starts_with("related:"))
}

async fn index(newsroom: &Newsroom) -> Result<Index, AppError> {
    let archive = Archive::new(newsroom.store().back_issues().await?);
    let house = newsroom.config().house.clone();
    let made = spawn_blocking(move || Index::of(&archive, &house)).await;
    made.map_err(|_| AppError::Refused("the index of the archive could not be made".to_owned()))
}
