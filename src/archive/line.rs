//! A suggestion as an editor pastes it under the related items.

use super::Suggestion;
use crate::dateline::Period;
use crate::diagnostic::Source;
use crate::issue::archive::Archive;
use crate::issue::{self, House};
use crate::manuscript::document::plain;
use crate::manuscript::{self, Draft};

/// `- "Title" (April 2014)` where that leads to this article and no other, else the same as a reference. What is
/// returned has been read back as an editor's line would be.
pub fn line(suggestion: &Suggestion, archive: &Archive, house: &House) -> String {
    let Suggestion { issue, slug, title, period, .. } = suggestion;
    // Editors date by month, also where an issue stands for a day.
    let month = Period::Months(period.first(), period.last()).label();
    let quoted = format!("- \"{title}\" ({month})");
    let referring = format!("- [{}](issue:{issue}#{slug})", escaped(title));
    let bare = format!("- [](issue:{issue}#{slug})");
    [quoted, referring].into_iter().find(|line| leads_there(line, suggestion, archive, house)).unwrap_or(bare)
}

/// Whether the resolver takes a line to the article, under its title and without a word of complaint.
fn leads_there(line: &str, suggestion: &Suggestion, archive: &Archive, house: &House) -> bool {
    let text = format!("---\ntitle: T\npreheader: A line.\n---\n# T\n\n## {}\n\n{line}\n", house.related_heading);
    let draft = Draft { id: suggestion.issue.clone(), source: Source::new("a line", text), files: Vec::new() };
    let Some(manuscript) = manuscript::parse(&draft, &house.related_heading).value else { return false };
    let assembled = issue::assemble(&manuscript, archive, house);
    let wanted = house.article_url(&suggestion.issue, &suggestion.slug);
    let is_clean = assembled.diagnostics.iter().all(|found| !found.code.starts_with("related-"));
    let related = assembled.value.and_then(|issue| issue.related);
    is_clean
        && related.is_some_and(|related| match related.items.as_slice() {
            [item] => item.target == wanted && plain(&item.title) == suggestion.title && item.note.is_empty(),
            _ => false,
        })
}

/// A title whose signs are letters to Markdown.
fn escaped(title: &str) -> String {
    title.chars().flat_map(|c| [Some('\\').filter(|_| c.is_ascii_punctuation()), Some(c)]).flatten().collect()
}
