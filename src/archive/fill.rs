//! `related: auto 4`: the press fills the related list, after what the editor lists, and says so.

use super::{Index, Suggestion};
use crate::diagnostic::{Diagnostic, Span};
use crate::issue::{House, Issue, RelatedItem, RelatedList};
use crate::manuscript::Manuscript;
use crate::manuscript::document::{Inline, InlineKind};

/// Puts as many articles as the front matter asks for into the related list of an issue assembled from this manuscript.
/// The same archive and manuscript give the same list. Nothing is done where nothing is asked.
pub fn fill(issue: &mut Issue, manuscript: &Manuscript, index: &Index, house: &House) -> Option<Diagnostic> {
    let asked = manuscript.front.related.as_ref()?;
    let mut taken = index.related(issue, house, asked.value);
    taken.retain(|suggestion| !suggestion.is_listed);
    let found = if taken.is_empty() {
        Diagnostic::warning("related-none-found", "the archive has nothing that the press could list as related")
            .help("list related items yourself, or take `related:` out")
    } else {
        let names: Vec<String> = taken.iter().map(|taken| format!("\"{}\" ({})", taken.title, taken.period.label())).collect();
        Diagnostic::warning("related-filled", format!("the press lists as related: {}", names.join("; ")))
            .help("`masthead suggest` tells why and knows more; to choose yourself, list them and take `related:` out")
    };
    let items = taken.iter().map(|taken| item(taken, house, asked.span));
    match &mut issue.related {
        Some(related) => related.items.extend(items),
        None if taken.is_empty() => {}
        None => issue.related = Some(list(items.collect(), house, asked.span)),
    }
    Some(found.at(&manuscript.source, asked.span))
}

fn item(taken: &Suggestion, house: &House, span: Span) -> RelatedItem {
    RelatedItem {
        title: vec![Inline { kind: InlineKind::Text(taken.title.clone()), span }],
        date: Some(taken.period.label()),
        target: house.article_url(&taken.issue, &taken.slug),
        file: None,
        note: Vec::new(),
    }
}

fn list(items: Vec<RelatedItem>, house: &House, span: Span) -> RelatedList {
    let heading = vec![Inline { kind: InlineKind::Text(house.related_heading.clone()), span }];
    RelatedList { heading, introduction: Vec::new(), items, closing: Vec::new() }
}
