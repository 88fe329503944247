//! The chosen items become part of an issue: of a section, which is made if there is none, or of the related list.

use std::cmp::Reverse;

use jiff::tz::TimeZone;

use super::{FeedItem, FeedPlace, FeedPlan, ItemKey};
use crate::dateline::Period;
use crate::issue::{Added, House, Issue, add};
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
        let heading = match place {
            FeedPlace::Section(heading) => Some(heading.clone()),
            FeedPlace::Related => None,
        };
        let added = |(plan, item): &Chosen<'_>| Added {
            heading: heading.clone(),
            title: item.title.clone(),
            target: item.link.clone(),
            date: source(plan, item, zone),
            note: item.excerpt.clone(),
        };
        add(issue, items.iter().map(added).collect(), house);
    }
}

fn is_same(one: &FeedPlace, other: &FeedPlace) -> bool {
    match (one, other) {
        (FeedPlace::Section(one), FeedPlace::Section(other)) => fold_title(one) == fold_title(other),
        (one, other) => one == other,
    }
}

/// "The Partner, November 3, 2026", as far as either is known.
fn source(plan: &FeedPlan, item: &FeedItem, zone: &TimeZone) -> Option<String> {
    let day = item.dated().map(|at| Period::Day(at.to_zoned(zone.clone()).date()).label());
    let known: Vec<String> = plan.title.clone().into_iter().chain(day).collect();
    (!known.is_empty()).then(|| known.join(", "))
}
