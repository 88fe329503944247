//! Who refers to whom: the articles that other issues lead their readers to, by link, reference or related item.

use std::collections::{BTreeMap, BTreeSet};

use super::postings::Place;
use super::{Entry, Shelved, text};
use crate::dateline::IssueId;
use crate::issue::{House, Issue};
use crate::manuscript::document::{Block, Inline, InlineKind, each_inline, within};

/// For each article, the issues that refer to it.
#[derive(Debug, Default)]
pub(super) struct Citations {
    /// Cited article and citing issue, in order.
    made: Vec<(Place, usize)>,
}

impl Citations {
    /// Reads them from where each issue leads: the number of an issue, and a target.
    pub(super) fn of(links: &[(usize, String)], issues: &[Shelved], articles: &[Entry], house: &House) -> Self {
        let known = articles.iter().enumerate().filter_map(|(at, entry)| {
            let issue = issues.get(entry.issue)?;
            let is_first = at.checked_sub(1).and_then(|before| articles.get(before)).is_none_or(|before| before.issue != entry.issue);
            Some(Known { issue: &issue.id, year: issue.day.year(), slug: &entry.slug, is_first })
        });
        let addresses = Addresses::of(known, house);
        let cited = links.iter().filter_map(|(citing, target)| {
            let place = addresses.find(target)?;
            let own = articles.get(place as usize).is_some_and(|entry| entry.issue == *citing);
            (!own).then_some((place, *citing))
        });
        let made: BTreeSet<(Place, usize)> = cited.collect();
        Self { made: made.into_iter().collect() }
    }

    /// The issues that refer to an article.
    pub(super) fn citing(&self, place: Place) -> impl Iterator<Item = usize> {
        let from = self.made.partition_point(|(cited, _)| *cited < place);
        self.made[from..].iter().take_while(move |(cited, _)| *cited == place).map(|(_, citing)| *citing)
    }
}

/// Everything that an issue leads to.
pub(super) fn targets(issue: &Issue) -> BTreeSet<String> {
    let mut found = links_of(&[], &issue.introduction);
    for article in issue.articles() {
        found.extend(links_of(&article.title, &article.blocks));
    }
    found.extend(issue.related.iter().flat_map(|related| &related.items).map(|item| item.target.clone()));
    found
}

/// Everything that a title and blocks link to.
pub(super) fn links_of(title: &[Inline], blocks: &[Block]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut lead = |inline: &Inline| {
        if let InlineKind::Link(link) = &inline.kind
            && !link.target.is_empty()
        {
            found.insert(link.target.clone());
        }
    };
    within(title, &mut lead);
    each_inline(blocks, &mut lead);
    found
}

/// An article that may be led to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) issue: &'a IssueId,
    /// The year that its issue stands for.
    pub(super) year: i16,
    pub(super) slug: &'a str,
    /// Whether it is the first of its issue.
    pub(super) is_first: bool,
}

/// Under which addresses articles are known.
pub(super) struct Addresses<'a> {
    ours: BTreeMap<String, Place>,
    /// By the last part of an address that has the year as a part too, as web logs form them: year and article.
    dated: BTreeMap<&'a str, Vec<(i16, Place)>>,
}

impl<'a> Addresses<'a> {
    /// The addresses of these articles; those of an issue stand together.
    pub(super) fn of(articles: impl Iterator<Item = Known<'a>>, house: &House) -> Self {
        let mut found = Self { ours: BTreeMap::new(), dated: BTreeMap::new() };
        for (place, known) in (0..).zip(articles) {
            found.ours.insert(normal(&house.article_url(known.issue, known.slug)), place);
            // The first article of an issue stands for the issue.
            found.ours.entry(normal(&house.issue_url(known.issue))).or_insert(place);
            let word = known.issue.as_str().get("2014-12-01-".len()..).filter(|word| known.is_first && *word != known.slug);
            for name in word.into_iter().chain([known.slug]) {
                found.dated.entry(name).or_default().push((known.year, place));
            }
        }
        found
    }

    /// The place of the article that an address leads to.
    pub(super) fn find(&self, target: &str) -> Option<Place> {
        let page = normal(target);
        if let Some(place) = self.ours.get(&page) {
            return Some(*place);
        }
        let mut parts = page.rsplit('/');
        let named = self.dated.get(parts.next()?)?;
        let years: Vec<i16> = parts.filter(|part| part.len() == 4).filter_map(|part| part.parse().ok()).collect();
        let mut of_year = named.iter().filter(|(year, _)| years.contains(year));
        match (of_year.next(), of_year.next()) {
            (Some((_, place)), None) => Some(*place),
            _ => None,
        }
    }
}

/// An address, however it is written.
pub(super) fn normal(target: &str) -> String {
    text::page(target).unwrap_or_else(|| target.to_owned())
}
