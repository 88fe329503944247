//! The feeds that issues take items from.

use serde::Deserialize;
use toml::Spanned;

use super::Reader;
use crate::issue::feed::{FeedPlace, FeedPlan};

/// Most items of a feed in one issue, where nothing is said.
const USUAL: u64 = 5;
/// More than anybody reads.
const MOST: u64 = 50;

/// A table `[[feed]]` as it is typed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FeedTable {
    url: Spanned<String>,
    title: Option<Spanned<String>>,
    section: Option<Spanned<String>>,
    related: Option<Spanned<bool>>,
    max: Option<Spanned<u64>>,
    required: Option<bool>,
}

impl Reader<'_> {
    pub(super) fn feeds(&mut self, tables: &[FeedTable]) -> Vec<FeedPlan> {
        let mut plans: Vec<FeedPlan> = Vec::new();
        for table in tables {
            let Some(plan) = self.feed(table) else { continue };
            if plans.iter().any(|other| other.url == plan.url) {
                self.wrong(&table.url, "this feed is there already", "take one of the two tables out");
                continue;
            }
            plans.push(plan);
        }
        plans
    }

    fn feed(&mut self, table: &FeedTable) -> Option<FeedPlan> {
        let url = table.url.get_ref().trim();
        let is_web = ["https://", "http://"].iter().any(|scheme| url.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()));
        if !is_web || !url.bytes().all(|b| b.is_ascii_graphic()) {
            self.wrong(&table.url, "this is no address of a feed", "write one such as `https://partner.example.org/feed.xml`");
        }
        let place = match (&table.section, table.related.as_ref().is_some_and(|related| *related.get_ref())) {
            (Some(section), false) if section.get_ref().contains(char::is_alphanumeric) => {
                FeedPlace::Section(section.get_ref().split_whitespace().collect::<Vec<_>>().join(" "))
            }
            (None, true) => FeedPlace::Related,
            _ => {
                let help = "add either `section = \"From our partners\"` or `related = true`";
                self.wrong(&table.url, "it does not say where the items of this feed go", help);
                return None;
            }
        };
        Some(FeedPlan {
            url: url.to_owned(),
            title: table.title.as_ref().map(|title| title.get_ref().split_whitespace().collect::<Vec<_>>().join(" ")),
            place,
            max: self.most_items(table.max.as_ref()),
            is_required: table.required.unwrap_or(false),
        })
    }

    fn most_items(&mut self, written: Option<&Spanned<u64>>) -> usize {
        let most = written.map_or(USUAL, |written| *written.get_ref());
        if let Some(written) = written.filter(|_| !(1..=MOST).contains(&most)) {
            let span = written.span();
            let found = crate::diagnostic::Diagnostic::error("config-value", format!("from one item to {MOST} can be asked for"));
            self.report(found.help(format!("write `max = {USUAL}`")), crate::diagnostic::Span::new(span.start, span.end));
        }
        usize::try_from(most).unwrap_or_default()
    }
}
