//! Searching what is out: ten articles a page, with what was sought marked in title and text.

use super::shelf::{Shelf, article_path};
use crate::app::Newsroom;
use crate::archive::query::Query;
use crate::edition::html::escape;
use crate::edition::pages::Masthead;
use crate::edition::views::{HitView, Printed, SearchPageView};
use crate::issue::uri;
use crate::store::{Find, Fragment, Hits};

/// Hits on a page.
const ON_PAGE: u32 = 10;

/// Searches, and shows a page of what was found. A store that cannot answer is told on the page.
pub(super) async fn search(newsroom: &Newsroom, shelf: &Shelf, masthead: &Masthead, typed: &str, number: u64) -> SearchPageView {
    let query = Query::parse(typed);
    if query.is_empty() {
        return masthead.search(typed, "open");
    }
    let number = number.max(1);
    let from = (number - 1).saturating_mul(u64::from(ON_PAGE));
    let hits = match newsroom.store().search(Find { query, from, most: ON_PAGE }).await {
        Ok(hits) => hits,
        Err(fault) => {
            tracing::error!(%fault, "the archive could not be searched");
            return masthead.search(typed, "failed");
        }
    };
    shown(newsroom, shelf, masthead.search(typed, "asked"), &hits, number)
}

fn shown(newsroom: &Newsroom, shelf: &Shelf, mut view: SearchPageView, hits: &Hits, number: u64) -> SearchPageView {
    let house = &newsroom.config().house;
    view.many = hits.many;
    view.pages = hits.many.div_ceil(u64::from(ON_PAGE));
    view.number = number;
    view.hits = hits
        .hits
        .iter()
        .filter_map(|hit| {
            let issue = shelf.archive.issue(&hit.issue)?;
            Some(HitView {
                title: marked(&hit.title),
                url: article_path(house, &hit.issue, &hit.slug),
                label: issue.period.label(),
                excerpt: marked(&hit.excerpt),
            })
        })
        .collect();
    let page = |number: u64| {
        let form = view.site.search.as_ref()?;
        Some(format!("{form}?q={}&page={number}", in_query(&view.query)))
    };
    (view.before, view.after) = (
        (number > 1).then(|| page((number - 1).min(view.pages.max(1)))).flatten(),
        (number < view.pages).then(|| page(number + 1)).flatten(),
    );
    view
}

fn marked(fragments: &[Fragment]) -> Printed {
    let pieces = fragments.iter().map(|fragment| {
        let text = escape(&fragment.text);
        if fragment.is_match { format!("<mark>{text}</mark>") } else { text }
    });
    Printed(pieces.collect())
}

/// Words as the value of a parameter.
fn in_query(words: &str) -> String {
    let reserved = |text: String, (sign, code): (char, &str)| text.replace(sign, code);
    let text =
        [('%', "%25"), ('&', "%26"), ('#', "%23"), ('+', "%2B"), ('=', "%3D"), ('?', "%3F")].into_iter().fold(words.to_owned(), reserved);
    uri(&text).replace('\'', "%27")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t4_what_was_sought_is_marked_and_nothing_else_is_markup() {
        let fragments = [("a <b> ", false), ("wells", true), (" & \"c\"", false)];
        let fragments = fragments.map(|(text, is_match)| Fragment { text: text.to_owned(), is_match });
        assert_eq!(marked(&fragments).0, "a &lt;b&gt; <mark>wells</mark> &amp; &quot;c&quot;");
        assert_eq!(in_query("50% & \"é\" +1"), "50%25%20%26%20%22%C3%A9%22%20%2B1");
    }
}
