//! The cataloguer: the words of each article that is out, to be found by, and where it leads within the archive.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::citations::{Addresses, Known, links_of, normal};
use super::{day_of, reread};
use crate::dateline::IssueId;
use crate::issue::archive::{Archive, ArchivedIssue};
use crate::issue::{Article, House, Issue};
use crate::manuscript::document::{Block, BlockKind, plain};

/// Which cataloguer this is. One that makes something else of the same issue has another number, and everything is
/// catalogued anew.
pub const VERSION: u32 = 1;

/// One issue's words, to be found by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogued {
    /// The issue.
    pub issue: IssueId,
    /// Which cataloguer made this.
    pub version: u32,
    /// What orders issues: the day that it stands for, or the first of its month.
    pub day: Date,
    /// The featured article first, then the pieces in reading order.
    pub articles: Vec<CataloguedArticle>,
    /// Where they lead within the archive: each once, in reading order of who leads.
    pub refers: Vec<Reference>,
}

/// The words of an article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CataloguedArticle {
    /// Its place within the issue's URLs.
    pub slug: String,
    /// Its title as printed, without markup.
    pub title: String,
    /// Everything under it, without markup: one passage a line.
    pub text: String,
}

/// That an article leads to another issue or an article of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The article that leads there.
    pub from: String,
    /// The issue that it leads to; never its own.
    pub to: IssueId,
    /// The article of that issue, unless it leads to the issue as a whole.
    pub to_slug: Option<String>,
}

/// Catalogues issues of an archive. Their manuscripts are needed only of those that are catalogued.
pub struct Cataloguer<'a> {
    archive: &'a Archive,
    house: &'a House,
    known: Vec<(&'a IssueId, &'a str)>,
    addresses: Addresses<'a>,
}

impl<'a> Cataloguer<'a> {
    /// A cataloguer for this archive.
    pub fn new(archive: &'a Archive, house: &'a House) -> Self {
        let known: Vec<Known<'a>> = archive
            .issues()
            .iter()
            .filter(|issue| !archive.is_waiting(&issue.id))
            .flat_map(|issue| {
                let year = day_of(&issue.id, issue.period).year();
                let known = move |(at, slug)| Known { issue: &issue.id, year, slug, is_first: at == 0 };
                issue.articles.iter().map(|article| article.slug.as_str()).enumerate().map(known)
            })
            .collect();
        let addresses = Addresses::of(known.iter().copied(), house);
        Self { archive, house, known: known.into_iter().map(|known| (known.issue, known.slug)).collect(), addresses }
    }

    /// The entry of an issue that is out, by what its manuscript says today. Of one that cannot be read any more the
    /// titles are known.
    pub fn entry(&self, archived: &ArchivedIssue) -> Catalogued {
        let issue = reread(archived, Vec::new(), self.archive, self.house);
        let articles = archived.articles.iter().enumerate().map(|(at, article)| CataloguedArticle {
            slug: article.slug.clone(),
            title: article.title.clone(),
            text: issue.as_ref().map(|issue| text(issue, at, &article.slug)).unwrap_or_default(),
        });
        Catalogued {
            issue: archived.id.clone(),
            version: VERSION,
            day: day_of(&archived.id, archived.period),
            articles: articles.collect(),
            refers: issue.map(|issue| self.references(&issue)).unwrap_or_default(),
        }
    }

    fn references(&self, issue: &Issue) -> Vec<Reference> {
        let featured = &issue.featured.slug;
        let mut found = Vec::new();
        let mut lead = |from: &str, targets: BTreeSet<String>| {
            for (to, to_slug) in targets.iter().filter_map(|target| self.place(target)).filter(|(to, _)| **to != issue.id) {
                let reference = Reference { from: from.to_owned(), to: to.clone(), to_slug: to_slug.map(str::to_owned) };
                if !found.contains(&reference) {
                    found.push(reference);
                }
            }
        };
        for article in issue.articles() {
            lead(&article.slug, links_of(&article.title, &article.blocks));
        }
        // What belongs to no piece belongs to the issue, for which its first article stands.
        lead(featured, links_of(&[], &issue.introduction));
        for section in &issue.sections {
            let stands = section.pieces.first().map_or(featured, |piece| &piece.slug);
            lead(stands, links_of(&section.title, &section.introduction));
        }
        for note in &issue.footnotes {
            lead(featured, links_of(&[], &note.blocks));
        }
        if let Some(related) = &issue.related {
            lead(featured, links_of(&related.heading, &related.introduction));
            lead(featured, related.items.iter().map(|item| item.target.clone()).collect());
            related.items.iter().for_each(|item| lead(featured, links_of(&item.note, &[])));
            lead(featured, links_of(&[], &related.closing));
        }
        let order = |slug: &str| issue.articles().position(|article| article.slug == slug);
        found.sort_by_key(|reference| order(&reference.from));
        found
    }

    /// The issue that an address leads to, and the article where it is one's own.
    fn place(&self, target: &str) -> Option<(&'a IssueId, Option<&'a str>)> {
        let (issue, slug) = *self.known.get(self.addresses.find(target)? as usize)?;
        let is_whole = normal(target) == normal(&self.house.issue_url(issue));
        Some((issue, Some(slug).filter(|_| !is_whole)))
    }
}

/// What an article says. To the first belongs what belongs to none.
fn text(issue: &Issue, at: usize, slug: &str) -> String {
    let mut passages = Vec::new();
    if at == 0 {
        passages.extend(issue.preheader.clone());
        enter(&issue.introduction, &mut passages);
    }
    for section in &issue.sections {
        let stands = section.pieces.first().map_or(at == 0, |piece| piece.slug == slug);
        if stands {
            passages.push(plain(&section.title));
            enter(&section.introduction, &mut passages);
        }
    }
    if let Some(article) = issue.articles().find(|article: &&Article| article.slug == slug) {
        enter(&article.blocks, &mut passages);
    }
    if at == 0 {
        issue.footnotes.iter().for_each(|note| enter(&note.blocks, &mut passages));
    }
    passages.retain(|passage| !passage.is_empty());
    passages.join("\n")
}

fn enter(blocks: &[Block], passages: &mut Vec<String>) {
    for block in blocks {
        match &block.kind {
            BlockKind::Heading { inlines, .. } | BlockKind::Paragraph(inlines) => passages.push(plain(inlines)),
            BlockKind::List { items, .. } => items.iter().for_each(|item| enter(&item.blocks, passages)),
            BlockKind::Quote(inner) => enter(inner, passages),
            BlockKind::Table { head, rows } => {
                passages.extend(head.iter().chain(rows.iter().flatten()).map(|cell| plain(&cell.inlines)));
            }
            BlockKind::Code(text) => passages.push(text.trim().to_owned()),
            BlockKind::Rule => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::super::tests::house;
    use super::*;
    use crate::diagnostic::Source;
    use crate::manuscript::Draft;

    const OLD: &str = "---\ntitle: Old\n---\n# The Deep Well\n\nWater.\n\n# In brief\n\n## Rope\n\nIt is frayed.\n";

    const NEW: &str = "---\ntitle: New\npreheader: A line above.\n---\nBefore all.\n\n# A Pump\n\nAs [we said](https://news.example.org/issues/2014-06) \
        of *water*.[^1]\n\n| a | b |\n|---|---|\n| c | d |\n\n## Related Items\n\n- \"Rope\" (June 2014)\n\n# In brief\n\nShort ones.\n\n## Frost\n\n\
        See [the well](issue:2014-06#the-deep-well), [again](issue:2014-06#the-deep-well) and [this](issue:2014-12).\n\n[^1]: A note.\n";

    fn archived(id: &str, text: &str, archive: &Archive) -> ArchivedIssue {
        let draft = Draft { id: id.parse().unwrap(), source: Source::new(id, text), files: Vec::new() };
        let manuscript = crate::manuscript::parse(&draft, "Related Items").value.unwrap();
        crate::issue::assemble(&manuscript, archive, &house()).value.unwrap().archived(Timestamp::UNIX_EPOCH)
    }

    fn archive() -> Archive {
        let old = archived("2014-06", OLD, &Archive::default());
        let archive = Archive::new(vec![old.clone()]);
        Archive::new(vec![archived("2014-12", NEW, &archive), old])
    }

    #[test]
    fn an_entry_has_all_words_and_each_reference_once() {
        let (archive, house) = (archive(), house());
        let entry = Cataloguer::new(&archive, &house).entry(archive.issue(&"2014-12".parse().unwrap()).unwrap());
        let texts: Vec<(&str, &str)> = entry.articles.iter().map(|article| (article.title.as_str(), article.text.as_str())).collect();
        let pump = "A line above.\nBefore all.\nAs we said of water.\na\nb\nc\nd\nA note.";
        let frost = "In brief\nShort ones.\nSee the well, again and this.";
        assert_eq!(texts, [("A Pump", pump), ("Frost", frost)]);
        let leads = |from: &str, to_slug: Option<&str>| Reference {
            from: from.to_owned(),
            to: "2014-06".parse().unwrap(),
            to_slug: to_slug.map(str::to_owned),
        };
        assert_eq!(entry.refers, [leads("a-pump", None), leads("a-pump", Some("rope")), leads("frost", Some("the-deep-well"))]);
        assert_eq!((entry.day.to_string().as_str(), entry.version), ("2014-12-01", VERSION));
    }

    #[test]
    fn an_issue_that_cannot_be_read_any_more_is_found_by_its_titles() {
        let (archive, house) = (archive(), house());
        let mut lost = archive.issue(&"2014-06".parse().unwrap()).unwrap().clone();
        lost.manuscript = String::new();
        let entry = Cataloguer::new(&archive, &house).entry(&lost);
        assert_eq!(entry.articles.iter().map(|article| article.title.as_str()).collect::<Vec<_>>(), ["The Deep Well", "Rope"]);
        assert!(entry.articles.iter().all(|article| article.text.is_empty()) && entry.refers.is_empty());
    }
}
