//! Which articles come first: words as BM25F weighs them, pairs of words, titles, pages; the fresh and the often cited
//! a little sooner.
//!
//! Measured on links that editors of a real publication made, chosen on some months and tried on others: pairs of words
//! bring most, then titles, age and citations. Whatever stands near the values below finds about as much, so they are round.

use std::collections::{BTreeMap, HashSet};

use jiff::civil::Date;

use super::postings::{Among, Place};
use super::reasons::{Reason, strongest};
use super::text::{Said, Text};
use super::{Index, Shelved, Suggestion, day_of, series, texts, words};
use crate::dateline::IssueId;
use crate::issue::{House, Issue};
use crate::manuscript::document::plain;

/// How many of an article's weightiest words are looked for: further ones say little, and cost.
const MOST_WORDS: usize = 60;
/// What the best match by each of these is worth.
const BY_WORDS: f32 = 1.0;
const BY_PAIRS: f32 = 0.8;
const BY_TITLE: f32 = 0.5;
const BY_PAGES: f32 = 0.05;
/// What an article of yesterday has before one that is old.
const FRESH: f32 = 0.4;
/// After so many days an article is a third as fresh.
const FADING: f32 = 730.0;
/// What a reference from an earlier issue brings; each further one brings less.
const CITED: f32 = 0.3;
/// More references than this bring nothing more: what all refer to is not what this one is about.
const MOST_CITED: usize = 7;
/// So many words in common, if no pair of them, are a relation.
const FEWEST_WORDS: usize = 3;

/// So many phrases are named as a reason.
const MOST_PHRASES: usize = 3;

/// A word, a pair or a page that is looked for.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) term: u64,
    /// How much it says of the article at hand.
    pub(super) weight: f32,
    said: Option<Said>,
}

impl Index {
    /// The articles that have most to do with the featured article of an issue, best first: up to `most` that its
    /// related items do not have yet, and between them those that they have. Only what was out on an earlier day counts.
    pub fn related(&self, issue: &Issue, house: &House, most: usize) -> Vec<Suggestion> {
        let Some((_, text)) = texts(issue).next() else { return Vec::new() };
        let day = day_of(&issue.id, issue.period);
        let earlier: Vec<bool> = self.issues.iter().map(|other| is_before(other, &issue.id, day)).collect();
        let may: Vec<bool> = self.articles.iter().map(|entry| earlier.get(entry.issue).copied().unwrap_or_default()).collect();
        let query = Query::of(self, Seen { day, earlier: &earlier, may: &may }, issue, text);
        let listed: HashSet<&str> = issue.related.iter().flat_map(|related| &related.items).map(|item| item.target.as_str()).collect();
        let (mut found, mut fresh) = (Vec::new(), 0);
        for (score, place) in query.ranked() {
            let Some((entry, shelved)) = self.issue_of(place).filter(|_| fresh < most) else { break };
            let why = query.reasons(place);
            if why.is_empty() {
                continue;
            }
            let is_listed = listed.contains(house.article_url(&shelved.id, &entry.slug).as_str());
            fresh += usize::from(!is_listed);
            let (issue, slug, title) = (shelved.id.clone(), entry.slug.clone(), entry.title.clone());
            found.push(Suggestion { issue, slug, title, period: shelved.period, score, is_listed, why });
        }
        found
    }
}

/// What was out before the issue at hand: what came on its day or later changes nothing.
#[derive(Clone, Copy)]
struct Seen<'a> {
    day: Date,
    /// For each issue.
    earlier: &'a [bool],
    /// For each article.
    may: &'a [bool],
}

/// Whether an issue was out on an earlier day. Issues of a month have no day: there the id decides.
fn is_before(other: &Shelved, id: &IssueId, day: Date) -> bool {
    let by_month = other.id.day().is_none() && id.day().is_none();
    other.id != *id && (other.day < day || (by_month && other.day == day && other.id < *id))
}

/// What is looked for in one of the indices.
struct Side<'a> {
    wanted: Vec<Wanted>,
    index: Among<'a>,
    worth: f32,
}

/// What is looked for, and where.
struct Query<'a> {
    index: &'a Index,
    seen: Seen<'a>,
    text: Text,
    words: Side<'a>,
    pairs: Side<'a>,
    titles: Side<'a>,
    pages: Side<'a>,
    series: Vec<String>,
}

impl<'a> Query<'a> {
    fn of(index: &'a Index, seen: Seen<'a>, issue: &Issue, text: Text) -> Self {
        let [in_words, in_pairs, in_titles, in_pages] =
            [&index.words, &index.pairs, &index.titles, &index.pages].map(|index| index.among(seen.may));
        let mut words = weighed(&text.words, in_words);
        words.truncate(MOST_WORDS);
        let page = |page: &String| (words::whole(page), None, 1.0);
        let pages = ordered(text.pages.iter().map(page), in_pages);
        Self {
            words: Side { wanted: words, index: in_words, worth: BY_WORDS },
            pairs: Side { wanted: weighed(&text.pairs, in_pairs), index: in_pairs, worth: BY_PAIRS },
            titles: Side { wanted: weighed(&text.words, in_titles), index: in_titles, worth: BY_TITLE },
            pages: Side { wanted: pages, index: in_pages, worth: BY_PAGES },
            series: series::names(&plain(&issue.featured.title)),
            index,
            seen,
            text,
        }
    }

    /// All that may be suggested, best first; of two that are alike the newer.
    fn ranked(&self) -> Vec<(f32, Place)> {
        let mut total = vec![0.0_f32; self.index.articles.len()];
        for Side { wanted, index, worth } in [&self.words, &self.pairs, &self.titles, &self.pages] {
            let mut scores = vec![0.0_f32; total.len()];
            for wanted in wanted {
                index.add(wanted.term, wanted.weight, &mut scores);
            }
            let best = scores.iter().fold(0.0_f32, |best, score| best.max(*score));
            if best > 0.0 {
                total.iter_mut().zip(scores).for_each(|(total, score)| *total += worth * score / best);
            }
        }
        let places = (0..).zip(total).filter(|(_, total)| *total > 0.0);
        let mut ranked: Vec<(f32, Place)> = places.map(|(place, total)| (total + self.standing(place), place)).collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
        ranked
    }

    /// What age and citations bring an article. Its series brings nothing: measured, editors do not go by it.
    fn standing(&self, place: Place) -> f32 {
        let Some((_, shelved)) = self.index.issue_of(place) else { return 0.0 };
        let days = shelved.day.until(self.seen.day).map_or(0, |span| span.get_days());
        #[allow(clippy::cast_precision_loss, reason = "days and citations are few")]
        let (days, cited) = (days.max(0) as f32, self.cited(place).min(MOST_CITED) as f32);
        FRESH * (-days / FADING).exp() + CITED * cited.ln_1p()
    }

    /// How many earlier issues refer to an article.
    fn cited(&self, place: Place) -> usize {
        self.index.citations.citing(place).filter(|citing| self.seen.earlier.get(*citing) == Some(&true)).count()
    }

    /// What an article has to do with the one at hand; nothing if it is too little to speak of.
    fn reasons(&self, place: Place) -> Vec<Reason> {
        let mut why = Vec::new();
        let own = self.index.issue_of(place).map_or(&[][..], |(entry, _)| entry.series.as_slice());
        why.extend(self.series.iter().find(|name| own.contains(&words::whole(name))).map(|name| Reason::Series(name.clone())));
        let pairs = strongest(&self.pairs.wanted, self.pairs.index, place, 6);
        let shared = strongest(&self.words.wanted, self.words.index, place, 5);
        let pages: Vec<String> =
            self.text.pages.iter().filter(|page| self.pages.index.gain(words::whole(page), place) > 0.0).take(2).cloned().collect();
        if why.is_empty() && pairs.is_empty() && pages.is_empty() && shared.len() < FEWEST_WORDS {
            return why;
        }
        let mut phrases = self.shown(&pairs);
        phrases.truncate(MOST_PHRASES);
        let words: Vec<String> =
            self.shown(&shared).into_iter().filter(|word| !phrases.iter().any(|phrase| phrase.contains(word.as_str()))).collect();
        why.extend((!phrases.is_empty()).then_some(Reason::Phrases(phrases)));
        why.extend((!words.is_empty()).then_some(Reason::Words(words)));
        why.extend((!pages.is_empty()).then_some(Reason::Pages(pages)));
        why.extend(Some(self.cited(place)).filter(|cited| *cited > 0).map(Reason::Cited));
        why
    }

    /// Words and phrases as the issue writes them, none that says only what those before it say.
    fn shown(&self, wanted: &[&Wanted]) -> Vec<String> {
        let (mut shown, mut known) = (Vec::new(), HashSet::new());
        for said in wanted.iter().filter_map(|wanted| wanted.said) {
            let written = self.text.shown(said).split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
            let reads_well = written.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '\'' | '\u{2019}'));
            let own: Vec<u64> = words::words(&written).iter().map(|word| word.term).collect();
            if reads_well && own.iter().any(|word| !known.contains(word)) {
                known.extend(own);
                shown.push(written);
            }
        }
        shown
    }
}

fn weighed(said: &BTreeMap<u64, Said>, index: Among<'_>) -> Vec<Wanted> {
    ordered(said.iter().map(|(term, said)| (*term, Some(*said), 1.0 + said.weight.ln())), index)
}

/// The weightiest first; those that no article has are left out.
fn ordered(terms: impl Iterator<Item = (u64, Option<Said>, f32)>, index: Among<'_>) -> Vec<Wanted> {
    let mut wanted: Vec<Wanted> = terms
        .map(|(term, said, weight)| Wanted { term, weight: weight * index.rarity(term), said })
        .filter(|wanted| wanted.weight > 0.0)
        .collect();
    wanted.sort_by(|a, b| b.weight.total_cmp(&a.weight).then(a.term.cmp(&b.term)));
    wanted
}
