//! The public archive on the web: paths to addresses, and what a browser or a cache is told of each page.
//!
//! Every page is the same for everybody, so anybody may keep it; whether it is still the same says its tag.

use std::sync::Arc;

use axum::Extension;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::Timestamp;
use jiff::fmt::rfc2822;

use super::files::Counter;
use super::public::Present;
use super::readers::form::Form;
use crate::app::Newsroom;
use crate::desk::reading::{Address, Kind, Manner, Matter, Page, ReadingRoom};

/// What a page of the archive may do: show the site's own pictures, and send the search form.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What a file may do when it is looked at by itself.
const FILE_POLICY: &str = "default-src 'none'; sandbox; frame-ancestors 'none'";

/// The same for a PDF, whose viewer brings styles and an element of its own, and stands in no sandbox.
const PDF_POLICY: &str = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'";

const PAGES: &str = "public, max-age=300";
const FILES: &str = "public, max-age=86400";

/// Longest that a query may be, in octets as it comes.
const MOST_ASKED: usize = 2000;

type Room = Extension<Arc<Hall>>;

/// Where the archive is read on the web.
struct Hall {
    room: ReadingRoom,
    counter: Counter,
}

/// The archive's pages; also where no page is.
pub(super) fn routes() -> Router<Present> {
    Router::new()
        .route("/", get(|present, room, head| fixed(present, room, head, Address::Front)))
        .route("/issues", get(|present, room, head| fixed(present, room, head, Address::Issues)))
        .route("/feed.xml", get(|present, room, head| fixed(present, room, head, Address::Feed)))
        .route("/sitemap.xml", get(|present, room, head| fixed(present, room, head, Address::Sitemap)))
        .route("/robots.txt", get(|present, room, head| fixed(present, room, head, Address::Robots)))
        .route("/library.css", get(|present, room, head| fixed(present, room, head, Address::Style)))
        .route("/search", get(search))
        .route("/issues/{id}", get(issue))
        .route("/issues/{id}/{name}", get(enclosed))
        .route("/articles/{id}/{slug}", get(article))
        .fallback(elsewhere)
        .layer(Extension(Arc::new(Hall { room: ReadingRoom::new(Manner::Served), counter: Counter::default() })))
}

async fn fixed(State(present): State<Present>, Extension(room): Room, head: HeaderMap, address: Address) -> Response {
    read(&present, &room, &head, Some(address)).await
}

async fn issue(State(present): State<Present>, Extension(room): Room, head: HeaderMap, Path(id): Path<String>) -> Response {
    read(&present, &room, &head, id.parse().ok().map(Address::Issue)).await
}

async fn article(
    State(present): State<Present>,
    Extension(room): Room,
    head: HeaderMap,
    Path((id, slug)): Path<(String, String)>,
) -> Response {
    read(&present, &room, &head, id.parse().ok().map(|id| Address::Article(id, slug))).await
}

async fn enclosed(
    State(present): State<Present>,
    Extension(room): Room,
    head: HeaderMap,
    Path((id, name)): Path<(String, String)>,
) -> Response {
    read(&present, &room, &head, id.parse().ok().map(|id| Address::Enclosed(id, name))).await
}

async fn search(State(present): State<Present>, Extension(room): Room, head: HeaderMap, RawQuery(asked): RawQuery) -> Response {
    let form = asked.filter(|asked| asked.len() <= MOST_ASKED).map(|asked| Form::urlencoded(asked.as_bytes())).unwrap_or_default();
    let typed: String = form.field("q").unwrap_or_default().chars().filter(|c| !c.is_control()).collect();
    let number = form.field("page").and_then(|number| number.parse().ok()).unwrap_or(1);
    read(&present, &room, &head, Some(Address::Search(typed.trim().to_owned(), number))).await
}

/// Where no page is.
async fn elsewhere(State(present): State<Present>, Extension(room): Room, head: HeaderMap) -> Response {
    read(&present, &room, &head, None).await
}

async fn read(present: &Present, hall: &Hall, head: &HeaderMap, address: Option<Address>) -> Response {
    let newsroom = Arc::clone(&present.borrow());
    let found = match &address {
        Some(address) => hall.room.read(&newsroom, address).await,
        None => Ok(None),
    };
    let shown = match (found, address) {
        (Ok(Some(page)), Some(address)) => Ok(shown(newsroom, hall, page, &address, head).await),
        (Ok(_), _) => lost(&newsroom, &hall.room).await,
        (Err(fault), _) => Err(fault),
    };
    shown.unwrap_or_else(|fault| {
        tracing::error!(%fault, "a page of the archive could not be shown");
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    })
}

async fn lost(newsroom: &Arc<Newsroom>, room: &ReadingRoom) -> Result<Response, crate::app::AppError> {
    let page = room.lost(newsroom).await?;
    let heads = [(header::CONTENT_TYPE, page.kind.media_type()), (header::CONTENT_SECURITY_POLICY, POLICY)];
    Ok((StatusCode::NOT_FOUND, heads, Body::from(Bytes::from_owner(Shared(Arc::new(page))))).into_response())
}

async fn shown(newsroom: Arc<Newsroom>, hall: &Hall, page: Arc<Page>, address: &Address, asked: &HeaderMap) -> Response {
    let heads = heads(&page, address);
    if is_known(&page, asked) {
        return (StatusCode::NOT_MODIFIED, heads).into_response();
    }
    let body = match &page.matter {
        Matter::Whole(_) => Some(Body::from(Bytes::from_owner(Shared(page)))),
        Matter::Parts(file) => hall.counter.hand_out(newsroom, file.clone()).await,
    };
    match body {
        Some(body) => (StatusCode::OK, heads, body).into_response(),
        None => (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "60")]).into_response(),
    }
}

/// The octets of a page that is at hand, without a copy of them for each reader.
struct Shared(Arc<Page>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        if let Matter::Whole(octets) = &self.0.matter { octets } else { &[] }
    }
}

fn heads(page: &Page, address: &Address) -> HeaderMap {
    let mut heads = HeaderMap::new();
    let mut say = |name: HeaderName, value: &str| heads.extend(HeaderValue::from_str(value).ok().map(|value| (name, value)));
    say(header::CONTENT_TYPE, page.kind.media_type());
    say(header::ETAG, &format!("\"{}\"", page.tag));
    say(header::LAST_MODIFIED, &http_date(page.changed_at));
    say(HeaderName::from_static("x-robots-tag"), if page.is_indexed { "all" } else { "noindex" });
    let policy = match page.kind {
        Kind::Pdf => PDF_POLICY,
        kind if kind.is_file() => FILE_POLICY,
        _ => POLICY,
    };
    say(header::CONTENT_SECURITY_POLICY, policy);
    match (address, page.kind) {
        // What somebody looked for is nobody else's business.
        (Address::Search(..), _) => say(header::CACHE_CONTROL, "private, max-age=300"),
        (Address::Enclosed(_, name), kind) => {
            say(header::CACHE_CONTROL, FILES);
            // Mail programs in a browser show our pictures on their own pages.
            say(HeaderName::from_static("cross-origin-resource-policy"), "cross-origin");
            if kind == Kind::Other {
                say(header::CONTENT_DISPOSITION, &format!("attachment; filename*=UTF-8''{}", encoded(name)));
            }
        }
        _ => say(header::CACHE_CONTROL, PAGES),
    }
    heads
}

/// A file's name as RFC 8187 has it.
fn encoded(name: &str) -> String {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~".contains(&octet);
    name.bytes().map(|octet| if plain(octet) { char::from(octet).to_string() } else { format!("%{octet:02X}") }).collect()
}

/// Whether whoever asks has these octets already (RFC 9110 §13.1). The tag decides where one was sent, else the date.
fn is_known(page: &Page, asked: &HeaderMap) -> bool {
    let said = |name: HeaderName| asked.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    if asked.contains_key(header::IF_NONE_MATCH) {
        let mut tags = said(header::IF_NONE_MATCH).flat_map(|value| value.split(','));
        return tags.any(|tag| {
            let tag = tag.trim();
            tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"') == page.tag
        });
    }
    let since = said(header::IF_MODIFIED_SINCE).next().and_then(|date| rfc2822::parse(date).ok());
    since.is_some_and(|since| page.changed_at.as_second() <= since.timestamp().as_second())
}

/// `Sun, 22 Nov 2026 09:00:00 GMT` (RFC 9110 §5.6.7).
fn http_date(at: Timestamp) -> String {
    rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_is_known_is_not_sent_again() {
        let changed_at = "2026-11-22T09:00:00.5Z".parse().unwrap();
        let page = Page { kind: Kind::Html, matter: Matter::Whole(Vec::new()), tag: "abc".to_owned(), changed_at, is_indexed: true };
        let known = |heads: &[(HeaderName, &str)]| {
            is_known(&page, &heads.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap())).collect())
        };
        assert_eq!(http_date(changed_at), "Sun, 22 Nov 2026 09:00:00 GMT");
        for tags in ["\"abc\"", "W/\"abc\"", "\"x\", \"abc\"", "*"] {
            assert!(known(&[(header::IF_NONE_MATCH, tags)]), "{tags}");
        }
        let date = "Sun, 22 Nov 2026 09:00:00 GMT";
        assert!(known(&[(header::IF_MODIFIED_SINCE, date)]));
        assert!(!known(&[(header::IF_NONE_MATCH, "\"x\""), (header::IF_MODIFIED_SINCE, date)]), "the tag decides");
        assert!(!known(&[(header::IF_MODIFIED_SINCE, "Sun, 22 Nov 2026 08:59:59 GMT")]));
        assert!(!known(&[(header::IF_MODIFIED_SINCE, "yesterday")]) && !known(&[]));
    }

    #[test]
    fn a_name_that_is_said_in_a_head_can_say_nothing_else_there() {
        assert_eq!(encoded("a b\"\r\nx: é.zip"), "a%20b%22%0D%0Ax%3A%20%C3%A9.zip");
    }
}
