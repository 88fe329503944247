//! From the octets of a feed to its items: RSS, Atom and JSON Feed.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use feed_rs::model::{Entry, Text};
use feed_rs::parser::Builder;
use jiff::Timestamp;

use super::words::{cut, words};
use super::{FeedItem, canonical};
use crate::issue::known_links::LONGEST;
use crate::issue::links::escaped;

/// Most items that are read of a feed: the newest stand first.
const MOST_ITEMS: usize = 500;
/// Longest title, in characters.
const LONGEST_TITLE: usize = 200;
/// Longest excerpt, in characters.
const LONGEST_EXCERPT: usize = 240;
/// Longest title that is made of an excerpt, in characters.
const LONGEST_MADE: usize = 80;

/// Why there are no items.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FeedFault {
    /// A web page stands where the feed should be.
    #[error("it is a web page and no feed")]
    Page,
    /// Neither RSS nor Atom nor JSON Feed, or broken.
    #[error("it cannot be read as RSS, Atom or JSON Feed")]
    Unreadable,
}

/// Reads a feed that stood at `url` and was seen `now`. An item without an address on the web or without any words is
/// left out; of two with the same name the first counts.
pub fn parse(octets: &[u8], url: &str, now: Timestamp) -> Result<Vec<FeedItem>, FeedFault> {
    let parser = Builder::new().base_uri(Some(url)).sanitize_content(false).id_generator(|_, _, _| String::new()).build();
    let feed = parser.parse(octets).map_err(|_| if is_page(octets) { FeedFault::Page } else { FeedFault::Unreadable })?;
    let mut items: Vec<FeedItem> = Vec::new();
    let mut known = std::collections::HashSet::new();
    for (place, entry) in (0..).zip(feed.entries.iter().take(MOST_ITEMS)) {
        if let Some(item) = item(entry, url, place, now).filter(|item| known.insert(item.key.clone())) {
            items.push(item);
        }
    }
    Ok(items)
}

fn item(entry: &Entry, feed: &str, place: u32, now: Timestamp) -> Option<FeedItem> {
    let link = link_of(entry, feed)?;
    let said = entry.summary.as_ref().map(|summary| words(&summary.content)).filter(|words| !words.is_empty());
    let said = said.or_else(|| entry.content.as_ref()?.body.as_deref().map(words)).unwrap_or_default();
    let title = cut(&entry.title.as_ref().map_or_else(String::new, |title: &Text| words(&title.content)), LONGEST_TITLE);
    let title = if title.is_empty() { cut(&said, LONGEST_MADE) } else { title };
    let id = entry.id.trim();
    let published = entry.published.or(entry.updated).and_then(|at| Timestamp::from_second(at.timestamp()).ok());
    (!title.is_empty()).then(|| FeedItem {
        feed: feed.to_owned(),
        key: named(id, &link),
        place,
        link,
        excerpt: if said == title { String::new() } else { cut(&said, LONGEST_EXCERPT) },
        title,
        published,
        first_seen: now,
        carried_by: None,
    })
}

/// What an item is known by: what the feed calls it, or where it leads. What is too long for a store to find again is known
/// by its hash.
fn named(id: &str, link: &str) -> String {
    let name = if id.is_empty() || id.len() > LONGEST { canonical(link) } else { id.replace('\0', "\u{FFFD}") };
    if name.len() > LONGEST { HEXLOWER.encode(digest(&SHA256, name.as_bytes()).as_ref()) } else { name }
}

/// Where an item leads: its page, or else whatever address it has or is called by.
fn link_of(entry: &Entry, feed: &str) -> Option<String> {
    let is_page = |rel: Option<&str>| rel.is_none_or(|rel| rel == "alternate");
    let pages = entry.links.iter().filter(|link| is_page(link.rel.as_deref()));
    let others = entry.links.iter().filter(|link| !is_page(link.rel.as_deref()));
    let written = pages.chain(others).map(|link| link.href.as_str()).chain(Some(entry.id.as_str()).filter(|id| id.starts_with("http")));
    let addresses = written.filter_map(|written| web_address(written.trim(), feed));
    addresses.into_iter().next()
}

/// An address as an issue may print it, if it leads to the web.
fn web_address(written: &str, feed: &str) -> Option<String> {
    let whole = absolute(written, feed)?;
    let (scheme, rest) = whole.split_once("://")?;
    let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let has_host = rest.starts_with(|c: char| c.is_alphanumeric() || c == '[');
    let fits = is_web && has_host && whole.len() <= LONGEST && !whole.chars().any(|c| c.is_control() || c.is_whitespace());
    fits.then(|| escaped(&whole))
}

/// An address that may be written from the feed on: those of JSON Feed come as they are (RFC 3986 section 5.2).
fn absolute(written: &str, feed: &str) -> Option<String> {
    let (scheme, after) = feed.split_once("://")?;
    let host = after.split(['/', '?', '#']).next()?;
    match written {
        "" => None,
        whole if whole.split(['/', '?', '#']).next()?.contains(':') => Some(whole.to_owned()),
        other_host if other_host.starts_with("//") => Some(format!("{scheme}:{other_host}")),
        from_the_root if from_the_root.starts_with('/') => Some(format!("{scheme}://{host}{from_the_root}")),
        beside if beside.starts_with(|c: char| c.is_alphanumeric()) && feed.len() > scheme.len() + 3 + host.len() => {
            let path = feed.split(['?', '#']).next()?;
            Some(format!("{}/{beside}", path.rsplit_once('/')?.0))
        }
        beside if beside.starts_with(|c: char| c.is_alphanumeric()) => Some(format!("{scheme}://{host}/{beside}")),
        _ => None,
    }
}

/// Whether these are the first octets of a web page.
fn is_page(octets: &[u8]) -> bool {
    let head = String::from_utf8_lossy(&octets[..octets.len().min(1_000)]).to_ascii_lowercase();
    head.contains("<!doctype html") || head.contains("<html")
}
