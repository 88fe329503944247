//! `related: auto 4`: the press fills the related list, after what the editor lists, and says so.

use super::{Index, Suggestion};
use crate::diagnostic::Diagnostic;
use crate::issue::{Added, House, Issue, add};
use crate::manuscript::Manuscript;

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
    add(issue, taken.iter().map(|taken| item(taken, house)).collect(), house);
    Some(found.at(&manuscript.source, asked.span))
}

fn item(taken: &Suggestion, house: &House) -> Added {
    Added {
        heading: None,
        title: taken.title.clone(),
        target: house.article_url(&taken.issue, &taken.slug),
        date: Some(taken.period.label()),
        note: String::new(),
    }
}
