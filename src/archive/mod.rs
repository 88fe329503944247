//! What is out, as a reader would remember it: which articles of the archive have to do with an issue, and why.
//!
//! An [`Index`] is made from the archive alone, whatever engine keeps it, and holds until the archive changes. How it ranks
//! was measured on links that real editors made; see `rank`.

pub mod catalogue;
mod citations;
mod fill;
mod line;
mod postings;
pub mod query;
mod rank;
mod reasons;
mod series;
pub mod spelling;
mod text;
mod words;

pub use fill::fill;
pub use line::line;
pub use reasons::Reason;

use jiff::civil::Date;
use serde::Serialize;

use crate::dateline::{IssueId, Period};
use crate::diagnostic::Source;
use crate::issue::archive::{Archive, ArchivedIssue};
use crate::issue::{self, House, Issue};
use crate::manuscript::{self, Draft, EnclosedFile};
use citations::Citations;
use postings::{Gathering, Place, Postings};
use text::Text;

/// How far a long article is held to be long-winded: in its words and pairs, in its title, in the pages it leads to.
const LEVELLING: [f32; 3] = [0.75, 0.4, 0.5];

/// An article of the archive that has to do with an issue.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Suggestion {
    /// The issue that carried it.
    pub issue: IssueId,
    /// Its place within the issue's URLs.
    pub slug: String,
    /// Its title as printed.
    pub title: String,
    /// What that issue stands for.
    #[serde(skip)]
    pub period: Period,
    /// How much it has to do with it: the best have most. Scores of two issues do not compare.
    pub score: f32,
    /// Whether the issue's related items have it already.
    pub is_listed: bool,
    /// Why, the strongest reason first.
    pub why: Vec<Reason>,
}

/// Every article that is out, by what it says.
#[derive(Debug)]
pub struct Index {
    issues: Vec<Shelved>,
    articles: Vec<Entry>,
    words: Postings,
    pairs: Postings,
    titles: Postings,
    pages: Postings,
    citations: Citations,
}

#[derive(Debug)]
struct Shelved {
    id: IssueId,
    period: Period,
    day: Date,
}

#[derive(Debug)]
struct Entry {
    issue: usize,
    slug: String,
    title: String,
    series: Vec<u64>,
}

impl Index {
    /// Indexes what is out; what is only expected is left out. The same archive gives the same index.
    pub fn of(archive: &Archive, house: &House) -> Self {
        let mut making = Making::default();
        for archived in archive.issues().iter().filter(|archived| !archive.is_waiting(&archived.id)) {
            if let Some(issue) = reread(archived, Vec::new(), archive, house) {
                making.enter(archived, &issue);
            }
        }
        making.finish(house)
    }

    /// How many articles it knows.
    pub fn articles(&self) -> usize {
        self.articles.len()
    }

    /// About how much memory it takes, in octets.
    pub fn octets(&self) -> usize {
        let postings = [&self.words, &self.pairs, &self.titles, &self.pages].map(Postings::octets);
        let names = self.articles.iter().map(|entry| size_of::<Entry>() + entry.slug.len() + entry.title.len() + entry.series.len() * 8);
        postings.iter().sum::<usize>() + names.sum::<usize>() + self.issues.len() * (size_of::<Shelved>() + 16)
    }

    fn issue_of(&self, place: Place) -> Option<(&Entry, &Shelved)> {
        let entry = self.articles.get(place as usize)?;
        Some((entry, self.issues.get(entry.issue)?))
    }
}

/// An issue that is out as it was: assembled again from its manuscript and the files that came with it, with what the press
/// added to it. Its faults are of no interest any more. `None` if it cannot be read.
pub fn reread(archived: &ArchivedIssue, files: Vec<EnclosedFile>, archive: &Archive, house: &House) -> Option<Issue> {
    let source = Source::new(archived.id.as_str(), archived.manuscript.as_str());
    let draft = Draft { id: archived.id.clone(), source, files };
    let manuscript = manuscript::parse(&draft, &house.related_heading).value?;
    let mut issue = issue::assemble(&manuscript, archive, house).value?;
    issue::add(&mut issue, archived.added.clone(), house);
    Some(issue)
}

/// The day that orders issues: their own, or the first of their month.
fn day_of(id: &IssueId, period: Period) -> Date {
    id.day().or_else(|| period.first().day(1)).unwrap_or_default()
}

/// The featured article and the pieces, each taken apart. The issue's own lines belong to the first of them.
fn texts(issue: &Issue) -> impl Iterator<Item = (&str, Text)> {
    let printed = crate::manuscript::document::plain(&issue.featured.title);
    let title = Some(issue.title.as_str()).filter(|title| *title != printed);
    let lines: Vec<&str> = title.into_iter().chain(issue.preheader.as_deref()).collect();
    issue.articles().enumerate().map(move |(at, article)| {
        let over = if at == 0 { lines.as_slice() } else { &[] };
        (article.slug.as_str(), Text::of(article, over))
    })
}

#[derive(Debug, Default)]
struct Making {
    issues: Vec<Shelved>,
    articles: Vec<Entry>,
    words: Gathering,
    pairs: Gathering,
    titles: Gathering,
    pages: Gathering,
    links: Vec<(usize, String)>,
}

impl Making {
    fn enter(&mut self, archived: &ArchivedIssue, issue: &Issue) {
        let at = self.issues.len();
        self.issues.push(Shelved { id: archived.id.clone(), period: archived.period, day: day_of(&archived.id, archived.period) });
        self.links.extend(citations::targets(issue).into_iter().map(|target| (at, target)));
        for (slug, text) in texts(issue) {
            let Some(article) = archived.articles.iter().find(|article| article.slug == slug) else { continue };
            self.words.enter(text.words.iter().map(|(term, said)| (*term, said.weight)), text.length);
            self.pairs.enter(text.pairs.iter().map(|(term, said)| (*term, said.weight)), text.length);
            self.titles.enter(text.title.iter().map(|(term, weight)| (*term, *weight)), text.title.len());
            self.pages.enter(text.pages.iter().map(|page| (words::whole(page), 1.0)), text.pages.len());
            let series = series::names(&article.title).iter().map(|name| words::whole(name)).collect();
            self.articles.push(Entry { issue: at, slug: slug.to_owned(), title: article.title.clone(), series });
        }
    }

    fn finish(self, house: &House) -> Index {
        let [text, title, pages] = LEVELLING;
        Index {
            citations: Citations::of(&self.links, &self.issues, &self.articles, house),
            words: self.words.pack(text),
            pairs: self.pairs.pack(text),
            titles: self.titles.pack(title),
            pages: self.pages.pack(pages),
            issues: self.issues,
            articles: self.articles,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::dateline::VolumeRule;
    use crate::issue::Added;

    /// A house with nothing of its own.
    pub(super) fn house() -> House {
        House {
            base_url: "https://news.example.org".to_owned(),
            volume_rule: VolumeRule { begins: 1 },
            lang: "en".to_owned(),
            lists: Vec::new(),
            default_lists: Vec::new(),
            related_heading: "Related Items".to_owned(),
        }
    }

    #[test]
    fn an_issue_reads_next_year_as_it_did_when_it_went_out() {
        let house = house();
        let text = "---\ntitle: Wells\n---\n# The Deep Well\n\nWater.\n\n# Elsewhere\n\nFrom our partners.\n";
        let draft = Draft { id: "2014-12".parse().unwrap(), source: Source::new("2014-12.md", text), files: Vec::new() };
        let manuscript = manuscript::parse(&draft, &house.related_heading).value.unwrap();
        let mut sent = issue::assemble(&manuscript, &Archive::default(), &house).value.unwrap();
        let added = |heading: Option<&str>, title: &str, note: &str| Added {
            heading: heading.map(str::to_owned),
            title: title.to_owned(),
            target: format!("https://partner.example/{title}"),
            date: Some("The Partner, May 3, 2014".to_owned()),
            note: note.to_owned(),
        };
        issue::add(&mut sent, vec![added(None, "Rope", "")], &house);
        issue::add(&mut sent, vec![added(Some("elsewhere"), "Frost", "It bites."), added(Some("Far away"), "Sun", "")], &house);
        assert_eq!((sent.related.as_ref().unwrap().items.len(), sent.sections.len()), (1, 2));

        let kept = serde_json::to_string(&sent.archived(Timestamp::UNIX_EPOCH)).unwrap();
        let read = reread(&serde_json::from_str(&kept).unwrap(), Vec::new(), &Archive::default(), &house).unwrap();
        assert_eq!((&read.related, &read.sections, &read.added), (&sent.related, &sent.sections, &sent.added));
    }
}
