//! The public pages of editors and readers; the preview; and the reading room of the demo: the mail in the outbox as its
//! readers see it, and the files that it shows.
//!
//! The reading room and the preview listen on the operator's own machine only.

mod asked;
mod editors;
mod outbox;
mod page;
pub mod preview;
pub mod public;
mod readers;

pub use readers::{Form, Wanted};

use std::future::Future;
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use crate::app::Newsroom;
use crate::dateline::IssueId;
use outbox::{Letter, Outbox};

/// What every page says about itself: no script, nothing from elsewhere, no frame but our own (STANDARDS T4).
const PAGE_POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// What a shown mail may do: its own inline style, images, and nothing else.
const MAIL_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' https:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-same-origin";

struct Room {
    newsroom: Newsroom,
    outbox: Outbox,
}

/// Serves the reading room until `ended`.
pub async fn serve(
    newsroom: Newsroom,
    outbox: PathBuf,
    listener: TcpListener,
    ended: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    axum::serve(listener, router(newsroom, outbox)).with_graceful_shutdown(ended).await
}

/// The reading room's routes.
pub fn router(newsroom: Newsroom, outbox: PathBuf) -> Router {
    Router::new()
        .route("/", get(index))
        .route("/style.css", get(style))
        .route("/outbox/{name}", get(letter))
        .route("/outbox/{name}/html", get(letter_html))
        .route("/outbox/{name}/text", get(letter_text))
        .route("/outbox/{name}/source", get(letter_source))
        .route("/issues/{id}", get(first_letter))
        .route("/issues/{id}/{file}", get(file))
        .fallback(elsewhere)
        .with_state(Arc::new(Room { newsroom, outbox: Outbox::new(outbox) }))
}

type Shared = State<Arc<Room>>;

async fn index(State(room): Shared) -> Response {
    let name = &room.newsroom.config().imprint.publication.name;
    answer(StatusCode::OK, "text/html; charset=utf-8", PAGE_POLICY, page::index(name, &room.outbox.letters()))
}

async fn style() -> Response {
    answer(StatusCode::OK, "text/css; charset=utf-8", PAGE_POLICY, page::STYLE.to_owned())
}

async fn letter(State(room): Shared, Path(name): Path<String>) -> Response {
    let publication = &room.newsroom.config().imprint.publication.name;
    with(room.outbox.letter(&name), |letter| {
        answer(StatusCode::OK, "text/html; charset=utf-8", PAGE_POLICY, page::letter(publication, &letter))
    })
}

async fn letter_html(State(room): Shared, Path(name): Path<String>) -> Response {
    with(room.outbox.letter(&name), |letter| answer(StatusCode::OK, "text/html; charset=utf-8", MAIL_POLICY, letter.html))
}

async fn letter_text(State(room): Shared, Path(name): Path<String>) -> Response {
    with(room.outbox.letter(&name), |letter| answer(StatusCode::OK, "text/plain; charset=utf-8", PAGE_POLICY, letter.text))
}

async fn letter_source(State(room): Shared, Path(name): Path<String>) -> Response {
    with(room.outbox.letter(&name), |letter| answer(StatusCode::OK, "text/plain; charset=utf-8", PAGE_POLICY, letter.source))
}

/// "Read online" leads to the issue as the first reader got it; the archive's own page comes with the public web.
async fn first_letter(State(room): Shared, Path(_): Path<String>) -> Response {
    let first = room.outbox.letters().into_iter().next();
    with(first, |letter| answer(StatusCode::OK, "text/html; charset=utf-8", MAIL_POLICY, letter.html))
}

/// A file that came with an issue: only those that the intake has listed.
async fn file(State(room): Shared, Path((id, name)): Path<(String, String)>) -> Response {
    let octets = id.parse().ok().and_then(|id| enclosed(&room.newsroom, &id, &name));
    match octets {
        Some(octets) => (StatusCode::OK, heads(page::kind(&name), PAGE_POLICY), octets).into_response(),
        None => elsewhere().await,
    }
}

/// The octets of a file beside an issue, if it is still the ordinary file that the intake has listed (STANDARDS T13).
fn enclosed(newsroom: &Newsroom, id: &IssueId, name: &str) -> Option<Vec<u8>> {
    let folder = crate::intake::read(&newsroom.config().issues_folder, "issues").ok()?;
    let mut file = folder.get(id)?.open(name).ok()??;
    let mut octets = Vec::new();
    file.read_to_end(&mut octets).ok().map(|_| octets)
}

async fn elsewhere() -> Response {
    answer(StatusCode::NOT_FOUND, "text/html; charset=utf-8", PAGE_POLICY, page::elsewhere())
}

fn with(letter: Option<Letter>, show: impl FnOnce(Letter) -> Response) -> Response {
    letter.map_or_else(|| answer(StatusCode::NOT_FOUND, "text/html; charset=utf-8", PAGE_POLICY, page::elsewhere()), show)
}

fn answer(status: StatusCode, kind: &'static str, policy: &'static str, body: String) -> Response {
    (status, heads(kind, policy), body).into_response()
}

fn heads(kind: &'static str, policy: &'static str) -> HeaderMap {
    let said: [(HeaderName, &'static str); 5] = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    said.into_iter().map(|(name, value)| (name, HeaderValue::from_static(value))).collect()
}
