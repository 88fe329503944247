//! Which of the files beside an issue its readers can reach: those that it links to or shows.

use std::collections::HashSet;

use super::{House, Issue};
use crate::manuscript::EnclosedFile;
use crate::manuscript::document::{Block, Inline, InlineKind, each_inline, within};

/// Those of these files that an issue links to or shows, in the order in which they are given.
pub fn reached<'f>(issue: &Issue, files: &'f [EnclosedFile], house: &House) -> Vec<&'f EnclosedFile> {
    let targets = targets(issue);
    files.iter().filter(|file| targets.contains(house.file_url(&issue.id, &file.name).as_str())).collect()
}

/// Everything that an issue links to or shows.
fn targets(issue: &Issue) -> HashSet<&str> {
    let mut found = HashSet::new();
    let mut inlines: Vec<&[Inline]> = Vec::new();
    let mut blocks: Vec<&[Block]> = vec![&issue.introduction];
    for article in issue.articles() {
        inlines.push(&article.title);
        blocks.push(&article.blocks);
    }
    for section in &issue.sections {
        inlines.push(&section.title);
        blocks.push(&section.introduction);
    }
    if let Some(related) = &issue.related {
        inlines.push(&related.heading);
        blocks.extend([related.introduction.as_slice(), &related.closing]);
        for item in &related.items {
            found.insert(item.target.as_str());
            inlines.extend([item.title.as_slice(), &item.note]);
        }
    }
    blocks.extend(issue.footnotes.iter().map(|note| note.blocks.as_slice()));
    for inlines in inlines {
        within(inlines, &mut |inline| found.extend(target(inline)));
    }
    for blocks in blocks {
        each_inline(blocks, &mut |inline| found.extend(target(inline)));
    }
    found
}

fn target(inline: &Inline) -> Option<&str> {
    match &inline.kind {
        InlineKind::Link(link) => Some(&link.target),
        InlineKind::Image(image) => Some(&image.source),
        _ => None,
    }
}
