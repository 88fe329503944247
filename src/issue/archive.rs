//! What is already out, as assembling sees it: found by reference, or by a title as a person would quote it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::added::Added;
use super::feed::ItemKey;
use crate::dateline::{IssueId, IssueNumber, Period};
use crate::manuscript::title::fold_title;

/// Longest title that is compared letter by letter, in octets.
const MAX_COMPARED: usize = 300;

/// An issue that is out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchivedIssue {
    /// Its id.
    pub id: IssueId,
    /// Its title.
    pub title: String,
    /// What it stands for.
    pub period: Period,
    /// Its number, where the publication numbers its issues.
    pub number: Option<IssueNumber>,
    /// When it went out.
    pub out_at: Timestamp,
    /// When its manuscript was last changed after that: the mail says what it said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrected_at: Option<Timestamp>,
    /// The featured article first, then the pieces in reading order.
    pub articles: Vec<ArchivedArticle>,
    /// When it was made, if that was before it went out: what feeds brought after that is for the next issue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_at: Option<Timestamp>,
    /// The items of feeds that it carries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub carried: Vec<ItemKey>,
    /// What the press added to the words of the manuscript.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<Added>,
    /// The manuscript as it stood then, for the archive's pages and for whatever is asked of it later.
    pub manuscript: String,
}

/// An article of an issue that is out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchivedArticle {
    /// Its place within the issue's URLs.
    pub slug: String,
    /// Its title as printed, without markup.
    pub title: String,
}

/// One article together with the issue that carried it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<'a> {
    /// The issue.
    pub issue: &'a ArchivedIssue,
    /// The article.
    pub article: &'a ArchivedArticle,
}

/// Everything that is out, and what will be out before the issue at hand; in the order of months and ids.
#[derive(Debug, Clone, Default)]
pub struct Archive {
    issues: Vec<ArchivedIssue>,
    waiting: Vec<IssueId>,
    /// Folded titles, each with the issues and the places within them where it stands.
    titles: BTreeMap<String, Vec<(IssueId, usize)>>,
}

impl Archive {
    /// An archive of these issues, in any order.
    pub fn new(mut issues: Vec<ArchivedIssue>) -> Self {
        issues.sort_by(|a, b| (a.period.first(), &a.id).cmp(&(b.period.first(), &b.id)));
        let mut archive = Self { issues, ..Self::default() };
        for issue in &archive.issues {
            enter(&mut archive.titles, issue);
        }
        archive
    }

    /// Adds an earlier issue that is written but not out: it may be referred to, at the editor's risk.
    pub fn expect(&mut self, issue: ArchivedIssue) {
        if self.issue(&issue.id).is_none() {
            self.waiting.push(issue.id.clone());
            enter(&mut self.titles, &issue);
            let key = (issue.period.first(), &issue.id);
            let at = self.issues.partition_point(|other| (other.period.first(), &other.id) < key);
            self.issues.insert(at, issue);
        }
    }

    /// Whether an issue is written but not out.
    pub fn is_waiting(&self, id: &IssueId) -> bool {
        self.waiting.contains(id)
    }

    /// All issues, oldest first.
    pub fn issues(&self) -> &[ArchivedIssue] {
        &self.issues
    }

    /// The issue of this id.
    pub fn issue(&self, id: &IssueId) -> Option<&ArchivedIssue> {
        self.issues.iter().find(|issue| issue.id == *id)
    }

    /// The latest numbered issue that stands before this one; the day or month decides, then the id.
    pub fn numbered_before(&self, id: &IssueId, period: Period) -> Option<(Period, IssueNumber)> {
        self.issues
            .iter()
            .rfind(|issue| issue.id != *id && (issue.period.first(), &issue.id) < (period.first(), id) && issue.number.is_some())
            .and_then(|issue| Some((issue.period, issue.number?)))
    }

    /// Every article, newest issue first.
    pub fn articles(&self) -> impl Iterator<Item = Found<'_>> {
        self.issues.iter().rev().flat_map(|issue| issue.articles.iter().map(move |article| Found { issue, article }))
    }

    /// The articles whose title reads the same, whatever quotes, case, dashes and spaces were used; newest first.
    pub fn titled(&self, title: &str) -> Vec<Found<'_>> {
        self.titles.get(&fold_title(title)).map_or_else(Vec::new, |places| self.at(places))
    }

    /// The articles whose titles come nearest, best first; at most `most`, and none that is far off.
    pub fn near(&self, title: &str, most: usize) -> Vec<Found<'_>> {
        let wanted = fold_title(title);
        if wanted.len() > MAX_COMPARED {
            return Vec::new();
        }
        let mut scored: Vec<(f64, &Vec<(IssueId, usize)>)> = self
            .titles
            .iter()
            .filter(|(title, _)| title.len() <= MAX_COMPARED)
            .map(|(title, places)| (likeness(&wanted, title), places))
            .filter(|(score, _)| *score >= 0.6)
            .collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        scored.into_iter().flat_map(|(_, places)| self.at(places)).take(most).collect()
    }

    fn at(&self, places: &[(IssueId, usize)]) -> Vec<Found<'_>> {
        let mut found: Vec<Found<'_>> = places
            .iter()
            .filter_map(|(id, at)| self.issue(id).and_then(|issue| Some(Found { issue, article: issue.articles.get(*at)? })))
            .collect();
        found.sort_by(|a, b| (b.issue.period.first(), &b.issue.id).cmp(&(a.issue.period.first(), &a.issue.id)));
        found
    }
}

fn enter(titles: &mut BTreeMap<String, Vec<(IssueId, usize)>>, issue: &ArchivedIssue) {
    for (at, article) in issue.articles.iter().enumerate() {
        titles.entry(fold_title(&article.title)).or_default().push((issue.id.clone(), at));
    }
}

/// From 0 to 1: by letters for misspellings, by words for words left out.
fn likeness(a: &str, b: &str) -> f64 {
    let letters = strsim::normalized_damerau_levenshtein(a, b);
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    let words: Vec<&str> = short.split(' ').filter(|word| word.len() > 3).collect();
    if words.len() < 2 {
        return letters;
    }
    let shared = words.iter().filter(|word| long.split(' ').any(|other| other == **word)).count();
    #[allow(clippy::cast_precision_loss, reason = "a title has few words")]
    let share = shared as f64 / words.len() as f64;
    letters.max(share * 0.9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_miss_is_near_and_a_stranger_is_not() {
        assert!(likeness("guide to safe harbour", "guide to safe harbor") > 0.9);
        assert!(likeness("safe harbor victims", "guide to safe harbor for trafficking victims") > 0.6);
        assert!(likeness("guide to safe harbor", "water in the cellar") < 0.6);
    }
}
