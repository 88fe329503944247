//! The public pages of editors and readers; the preview; and the reading room of the demo: the mail in the outbox as its
//! readers see it, beside the public pages that it leads to.
//!
//! The reading room and the preview listen on the operator's own machine only.

mod asked;
mod editors;
mod files;
mod library;
mod outbox;
mod page;
pub mod preview;
pub mod public;
mod readers;

pub use readers::{Form, Wanted};

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::app::Newsroom;
use outbox::{Letter, Outbox};

/// What every page says about itself: no script, nothing from elsewhere, no frame but our own (STANDARDS T4).
const PAGE_POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// What a shown mail may do: its own inline style, images, and nothing else.
const MAIL_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' https:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-same-origin";

struct Room {
    newsroom: Arc<Newsroom>,
    outbox: Outbox,
}

/// Serves the reading room until `ended`.
pub async fn serve(
    newsroom: Newsroom,
    outbox: PathBuf,
    listener: TcpListener,
    ended: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (present, receiver) = watch::channel(Arc::new(newsroom));
    let served = public::open(listener, router(receiver, outbox), ended).await;
    drop(present);
    served
}

/// The reading room's routes, and the public pages.
fn router(newsroom: public::Present, outbox: PathBuf) -> Router {
    let room = Room { newsroom: Arc::clone(&newsroom.borrow()), outbox: Outbox::new(outbox) };
    let letters = Router::new()
        .route("/outbox", get(index))
        .route("/style.css", get(style))
        .route("/outbox/{name}", get(letter))
        .route("/outbox/{name}/html", get(letter_html))
        .route("/outbox/{name}/text", get(letter_text))
        .route("/outbox/{name}/source", get(letter_source))
        .with_state(Arc::new(room));
    public::router(newsroom).merge(letters)
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
