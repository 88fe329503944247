//! What the press adds to an issue beside the words of its manuscript: items of feeds, and related items out of the archive.

use serde::{Deserialize, Serialize};

use super::{House, Issue, RelatedItem, RelatedList, Section};
use crate::diagnostic::Span;
use crate::manuscript::document::{Block, BlockKind, Inline, InlineKind, Item, Link, plain};
use crate::manuscript::title::fold_title;

/// One such item. The archive keeps them, so that an issue reads next year as it did when it went out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Added {
    /// Under which heading it stands; `None` is the related list.
    pub heading: Option<String>,
    /// Its title: the text of the link.
    pub title: String,
    /// Where it leads.
    pub target: String,
    /// "April 2014", or "The Partner, November 3, 2026".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// What it says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// Adds items to an issue, in their order, and has it remember them. Those under one heading that follow each other become
/// one list; a section is made where there is none of that heading.
pub fn add(issue: &mut Issue, items: Vec<Added>, house: &House) {
    for together in items.chunk_by(is_same) {
        match together.first().and_then(|item| item.heading.as_deref()) {
            Some(heading) => into_section(issue, heading, together),
            None => into_related(issue, together, house),
        }
    }
    issue.added.extend(items);
}

fn is_same(one: &Added, other: &Added) -> bool {
    one.heading.as_deref().map(fold_title) == other.heading.as_deref().map(fold_title)
}

fn into_section(issue: &mut Issue, heading: &str, items: &[Added]) {
    let item = |added: &Added| Item { ticked: None, blocks: vec![block(BlockKind::Paragraph(entry(added)))], span: Span::default() };
    let list = block(BlockKind::List { start: None, tight: false, items: items.iter().map(item).collect() });
    match issue.sections.iter_mut().find(|section| fold_title(&plain(&section.title)) == fold_title(heading)) {
        Some(section) => section.introduction.push(list),
        None => issue.sections.push(Section { title: vec![text(heading)], introduction: vec![list], pieces: Vec::new() }),
    }
}

fn into_related(issue: &mut Issue, items: &[Added], house: &House) {
    let fresh =
        || RelatedList { heading: vec![text(&house.related_heading)], introduction: Vec::new(), items: Vec::new(), closing: Vec::new() };
    let related = issue.related.get_or_insert_with(fresh);
    related.items.extend(items.iter().map(|added| RelatedItem {
        title: vec![text(&added.title)],
        date: added.date.clone(),
        target: added.target.clone(),
        file: None,
        note: if added.note.is_empty() { Vec::new() } else { vec![text(&added.note)] },
    }));
}

/// `[Title](target) (The Partner, November 3, 2026) — what it says`
fn entry(added: &Added) -> Vec<Inline> {
    let link = Link { target: added.target.clone(), inlines: vec![text(&added.title)], file: None };
    let mut inlines = vec![Inline { kind: InlineKind::Link(link), span: Span::default() }];
    let mut after = added.date.as_ref().map_or_else(String::new, |date| format!(" ({date})"));
    if !added.note.is_empty() {
        after.push_str(&format!(" \u{2014} {}", added.note));
    }
    if !after.is_empty() {
        inlines.push(text(&after));
    }
    inlines
}

fn text(words: &str) -> Inline {
    Inline { kind: InlineKind::Text(words.to_owned()), span: Span::default() }
}

fn block(kind: BlockKind) -> Block {
    Block { kind, span: Span::default() }
}
