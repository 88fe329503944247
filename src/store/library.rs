//! The shelf as the public reads it: what can be found in it, what refers to what, and the files that came with issues.

use async_trait::async_trait;

use super::Result;
use crate::archive::catalogue::Catalogued;
use crate::archive::query::Query;
use crate::dateline::IssueId;

/// Octets of one part of a kept file; only the last may have fewer.
pub const PART: usize = 1 << 20;

/// A file that an issue links to or shows, as it stood when the issue went out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enclosure {
    /// Its name beside the issue.
    pub name: String,
    /// Width and height in pixels, if it is an image.
    pub pixels: Option<(u32, u32)>,
    /// The whole of it.
    pub octets: Vec<u8>,
}

/// What is known of an enclosure without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnclosedName {
    /// Its name beside the issue.
    pub name: String,
    /// Width and height in pixels, if it is an image.
    pub pixels: Option<(u32, u32)>,
    /// Its size in octets.
    pub octets: u64,
    /// Hex SHA-256 of its octets.
    pub digest: String,
}

/// What a reader looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Find {
    /// The words, parsed.
    pub query: Query,
    /// How many hits to pass over.
    pub from: u64,
    /// How many to give at most.
    pub most: u32,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hits {
    /// How many articles there are in all.
    pub many: u64,
    /// Those asked for, the best first, and among equals the newest.
    pub hits: Vec<Hit>,
}

/// An article that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The issue that carried it.
    pub issue: IssueId,
    /// Its place within the issue's URLs.
    pub slug: String,
    /// Its title, whole.
    pub title: Vec<Fragment>,
    /// A passage of it, where most of what was looked for stands.
    pub excerpt: Vec<Fragment>,
}

/// A piece of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment {
    /// The text.
    pub text: String,
    /// Whether it is what was looked for.
    pub is_match: bool,
}

/// An article that leads to an issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referring {
    /// The issue that carried it.
    pub from: IssueId,
    /// The article.
    pub slug: String,
    /// Which article it leads to, unless it leads to the issue as a whole.
    pub to_slug: Option<String>,
}

/// What the public archive asks of a store.
#[async_trait]
pub trait Library: Send + Sync {
    /// A number that grows with every change of the shelf, its files or its catalogue. It costs one row to ask, so that
    /// whoever keeps something made of them may ask at each request.
    async fn shelf_mark(&self) -> Result<u64>;

    /// Keeps the files that came with an issue in place of those that it had, whole or not at all. The same octets are
    /// kept once, whatever issues they came with and under whatever names; of two files of one name the last is kept.
    async fn enclose(&self, issue: &IssueId, files: Vec<Enclosure>) -> Result<()>;

    /// The files that came with an issue, by name. They may be there before the issue is out.
    async fn enclosed(&self, issue: &IssueId) -> Result<Vec<EnclosedName>>;

    /// One of them, whole.
    async fn enclosure(&self, issue: &IssueId, name: &str) -> Result<Option<Enclosure>>;

    /// A part of a kept file, of [`PART`] octets but for the last; counted from 0. `None` past its end: also when it has
    /// been replaced, and nobody has it any more.
    async fn enclosed_part(&self, digest: &str, part: u32) -> Result<Option<Vec<u8>>>;

    /// The issues that are out and not catalogued by this version of the cataloguer, or have changed since; in the order
    /// of their ids.
    async fn uncatalogued(&self, version: u32) -> Result<Vec<IssueId>>;

    /// Enters an issue into the catalogue in place of its older entry. `mark` is the shelf's mark from before the issue
    /// was read: if it has changed since, it stays uncatalogued. An issue that is not out is passed over.
    async fn catalogue(&self, entry: Catalogued, mark: u64) -> Result<()>;

    /// Looks for articles that have all words wanted and none of those unwanted, in title or text, in whatever form of
    /// the word, case and accents. A query that wants nothing finds nothing; none is a fault.
    async fn search(&self, find: Find) -> Result<Hits>;

    /// The articles of other issues that lead to an issue or its articles: the newest first, then in reading order.
    async fn referring(&self, to: &IssueId) -> Result<Vec<Referring>>;
}
