//! What readers call an issue: a number, a date, a featured article, sections, and related items that are resolved.

pub mod archive;
mod assemble;
mod enclosures;
pub mod feed;
pub mod known_links;
mod learn;
mod links;
mod outline;
mod related;
mod rules;
mod said;
pub mod slug;

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

pub use assemble::assemble;
pub use enclosures::reached;
pub use learn::{addresses, learn, linked};
pub use links::escaped as uri;

use crate::dateline::{IssueId, IssueNumber, Period, VolumeRule};
use crate::diagnostic::Source;
use crate::manuscript::document::{Block, Footnote, Inline};
use crate::manuscript::front_matter::Status;
use crate::subscription::ListId;

/// What assembling must know of the publication.
#[derive(Debug, Clone)]
pub struct House {
    /// Without a slash at its end.
    pub base_url: String,
    /// When a new volume begins.
    pub volume_rule: VolumeRule,
    /// BCP 47 tag of an issue that names none.
    pub lang: String,
    /// All lists.
    pub lists: Vec<ListId>,
    /// Those that get an issue that names none.
    pub default_lists: Vec<ListId>,
    /// The heading of the related list.
    pub related_heading: String,
}

impl House {
    /// The public page of an issue.
    pub fn issue_url(&self, id: &IssueId) -> String {
        format!("{}/issues/{id}", self.base_url)
    }

    /// The public page of an article.
    pub fn article_url(&self, id: &IssueId, slug: &str) -> String {
        format!("{}/articles/{id}/{slug}", self.base_url)
    }

    /// A file that came with an issue.
    pub fn file_url(&self, id: &IssueId, name: &str) -> String {
        format!("{}/issues/{id}/{}", self.base_url, links::escaped(name))
    }
}

/// An issue, whole and resolved: every link absolute, every image found.
#[derive(Debug, Clone, PartialEq)]
pub struct Issue {
    /// Its name.
    pub id: IssueId,
    /// What it stands for.
    pub period: Period,
    /// Its number, where the publication numbers its issues.
    pub number: Option<IssueNumber>,
    /// Its title.
    pub title: String,
    /// The subject line.
    pub subject: String,
    /// The first visible line of the mail.
    pub preheader: Option<String>,
    /// BCP 47 tag.
    pub lang: String,
    /// To whom it goes.
    pub lists: Vec<ListId>,
    /// When it goes, if the editor says so; in the publication's time zone.
    pub publish_at: Option<DateTime>,
    /// Whether the editor has released it.
    pub status: Status,
    /// Its public page.
    pub url: String,
    /// What stands before the first heading.
    pub introduction: Vec<Block>,
    /// The article that it carries.
    pub featured: Article,
    /// The related list.
    pub related: Option<RelatedList>,
    /// Further sections.
    pub sections: Vec<Section>,
    /// Footnotes of the whole.
    pub footnotes: Vec<Footnote>,
    /// The items of feeds that it has.
    pub carried: Vec<feed::ItemKey>,
    /// The manuscript.
    pub source: Arc<Source>,
}

/// The featured article, or a piece of a section.
#[derive(Debug, Clone, PartialEq)]
pub struct Article {
    /// Its place within the issue's URLs.
    pub slug: String,
    /// Its page in the archive.
    pub url: String,
    /// Its title.
    pub title: Vec<Inline>,
    /// Everything under the title.
    pub blocks: Vec<Block>,
}

/// A further section.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Its title.
    pub title: Vec<Inline>,
    /// What stands before its first piece.
    pub introduction: Vec<Block>,
    /// Its pieces.
    pub pieces: Vec<Article>,
}

/// The related list.
#[derive(Debug, Clone, PartialEq)]
pub struct RelatedList {
    /// Its heading.
    pub heading: Vec<Inline>,
    /// What stands before it.
    pub introduction: Vec<Block>,
    /// Its items.
    pub items: Vec<RelatedItem>,
    /// What stands after it.
    pub closing: Vec<Block>,
}

/// An entry of the related list, resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct RelatedItem {
    /// The title: the text of the link.
    pub title: Vec<Inline>,
    /// "April 2014".
    pub date: Option<String>,
    /// Where it leads.
    pub target: String,
    /// "PDF" where it leads to a file.
    pub file: Option<String>,
    /// What the editor says about it.
    pub note: Vec<Inline>,
}

impl Issue {
    /// The featured article, then the pieces in reading order.
    pub fn articles(&self) -> impl Iterator<Item = &Article> {
        std::iter::once(&self.featured).chain(self.sections.iter().flat_map(|section| &section.pieces))
    }

    /// The instant that it bears: its `publish_at`, else nine o'clock on the first day that it stands for.
    pub fn bears(&self, zone: &TimeZone) -> Timestamp {
        let day = self.id.day().or_else(|| self.period.first().day(1)).unwrap_or_default();
        let local = self.publish_at.unwrap_or_else(|| day.at(9, 0, 0, 0));
        zone.to_ambiguous_timestamp(local).compatible().unwrap_or_default()
    }

    /// What the archive keeps of it once it is out.
    pub fn archived(&self, out_at: Timestamp) -> archive::ArchivedIssue {
        archive::ArchivedIssue {
            id: self.id.clone(),
            title: self.title.clone(),
            period: self.period,
            number: self.number,
            out_at,
            corrected_at: None,
            made_at: None,
            carried: self.carried.clone(),
            articles: self
                .articles()
                .map(|article| archive::ArchivedArticle {
                    slug: article.slug.clone(),
                    title: crate::manuscript::document::plain(&article.title),
                })
                .collect(),
            manuscript: self.source.text().to_owned(),
        }
    }
}
