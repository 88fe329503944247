//! Suggests what of the archive an issue could list as related.

use serde::Serialize;

use super::check;
use crate::app::{AppError, Newsroom};
use crate::archive;
use crate::dateline::IssueId;

/// An article of the archive, and how to list it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Suggestion {
    /// Which, how near, and why.
    #[serde(flatten)]
    pub article: archive::Suggestion,
    /// "April 2014".
    pub date: String,
    /// Its page.
    pub url: String,
    /// The line to paste under the related items.
    pub line: String,
}

/// The articles that are out and have most to do with the featured article of an issue in the folder, best first: up to
/// `most` that its related items do not have yet, and between them those that they have.
pub async fn suggest(newsroom: &Newsroom, id: &IssueId, most: usize) -> Result<Vec<Suggestion>, AppError> {
    let (report, archive) = check::look(newsroom, std::slice::from_ref(id)).await?;
    let house = &newsroom.config().house;
    let Some(checked) = report.issues.into_iter().next() else { return Ok(Vec::new()) };
    let Some(issue) = checked.issue else { return Err(AppError::Faulty(checked.diagnostics)) };
    let related = check::index(newsroom).await?.related(&issue, house, most);
    let with_line = |article: archive::Suggestion| Suggestion {
        date: article.period.label(),
        url: house.article_url(&article.issue, &article.slug),
        line: archive::line(&article, &archive, house),
        article,
    };
    Ok(related.into_iter().map(with_line).collect())
}
