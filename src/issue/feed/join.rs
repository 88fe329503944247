//! The chosen items become part of an issue: of a section, which is made if there is none, or of the related list.

use std::cmp::Reverse;

use jiff::tz::TimeZone;

use super::{FeedItem, FeedPlace, FeedPlan, ItemKey};
use crate::dateline::Period;
use crate::diagnostic::Span;
use crate::issue::{House, Issue, RelatedItem, RelatedList, Section};
use crate::manuscript::document::{Block, BlockKind, Inline, InlineKind, Item, Link, plain};
use crate::manuscript::title::fold_title;

/// One item with the feed that it is of.
type Chosen<'a> = (&'a FeedPlan, &'a FeedItem);

/// Joins chosen items to an issue, and has it remember which. Where nothing was chosen nothing changes: no section stands
/// empty.
pub fn join(issue: &mut Issue, chosen: &[(&FeedPlan, Vec<&FeedItem>)], house: &House, zone: &TimeZone) {
    let all: Vec<Chosen<'_>> = chosen.iter().flat_map(|(plan, items)| items.iter().map(|item| (*plan, *item))).collect();
    issue.carried = all.iter().map(|(_, item)| ItemKey { feed: item.feed.clone(), key: item.key.clone() }).collect();
    let mut places: Vec<(&FeedPlace, Vec<Chosen<'_>>)> = Vec::new();
    for one in all {
        match places.iter_mut().find(|(place, _)| is_same(place, &one.0.place)) {
            Some((_, items)) => items.push(one),
            None => places.push((&one.0.place, vec![one])),
        }
    }
    for (place, mut items) in places {
        items.sort_by_key(|(_, item)| Reverse(item.when()));
        match place {
            FeedPlace::Section(heading) => into_section(issue, heading, &items, zone),
            FeedPlace::Related => into_related(issue, &items, house, zone),
        }
    }
}

fn is_same(one: &FeedPlace, other: &FeedPlace) -> bool {
    match (one, other) {
        (FeedPlace::Section(one), FeedPlace::Section(other)) => fold_title(one) == fold_title(other),
        (one, other) => one == other,
    }
}

fn into_section(issue: &mut Issue, heading: &str, items: &[Chosen<'_>], zone: &TimeZone) {
    let entry = |(plan, item): &Chosen<'_>| Item {
        ticked: None,
        blocks: vec![block(BlockKind::Paragraph(entry(plan, item, zone)))],
        span: Span::default(),
    };
    let list = block(BlockKind::List { start: None, tight: false, items: items.iter().map(entry).collect() });
    match issue.sections.iter_mut().find(|section| fold_title(&plain(&section.title)) == fold_title(heading)) {
        Some(section) => section.introduction.push(list),
        None => issue.sections.push(Section { title: vec![text(heading)], introduction: vec![list], pieces: Vec::new() }),
    }
}

fn into_related(issue: &mut Issue, items: &[Chosen<'_>], house: &House, zone: &TimeZone) {
    let fresh =
        || RelatedList { heading: vec![text(&house.related_heading)], introduction: Vec::new(), items: Vec::new(), closing: Vec::new() };
    let related = issue.related.get_or_insert_with(fresh);
    related.items.extend(items.iter().map(|(plan, item)| RelatedItem {
        title: vec![text(&item.title)],
        date: source(plan, item, zone),
        target: item.link.clone(),
        file: None,
        note: if item.excerpt.is_empty() { Vec::new() } else { vec![text(&item.excerpt)] },
    }));
}

/// `[Title](link) (The Partner, November 3, 2026) — what it says`
fn entry(plan: &FeedPlan, item: &FeedItem, zone: &TimeZone) -> Vec<Inline> {
    let link = Link { target: item.link.clone(), inlines: vec![text(&item.title)], file: None };
    let mut inlines = vec![Inline { kind: InlineKind::Link(link), span: Span::default() }];
    let mut after = source(plan, item, zone).map_or_else(String::new, |source| format!(" ({source})"));
    if !item.excerpt.is_empty() {
        after.push_str(&format!(" \u{2014} {}", item.excerpt));
    }
    if !after.is_empty() {
        inlines.push(text(&after));
    }
    inlines
}

/// "The Partner, November 3, 2026", as far as either is known.
fn source(plan: &FeedPlan, item: &FeedItem, zone: &TimeZone) -> Option<String> {
    let day = item.dated().map(|at| Period::Day(at.to_zoned(zone.clone()).date()).label());
    let known: Vec<String> = plan.title.clone().into_iter().chain(day).collect();
    (!known.is_empty()).then(|| known.join(", "))
}

fn text(words: &str) -> Inline {
    Inline { kind: InlineKind::Text(words.to_owned()), span: Span::default() }
}

fn block(kind: BlockKind) -> Block {
    Block { kind, span: Span::default() }
}
