//! The preview: an issue as its readers will see it, while it is being written, on the editor's own machine only.

mod mail;
mod manuscript;
mod page;
mod room;

use std::future::Future;
use std::io::{self, Read as _};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use crate::app::Newsroom;
use crate::dateline::IssueId;
use crate::desk;
use crate::desk::reading::Kind;
use crate::intake::watch::Watch;
use mail::View;
use room::Room;

/// How long a file must have been still before it is shown: longer than an editor's program takes to write it.
const SETTLE: Duration = Duration::from_millis(50);
/// How long a browser is kept waiting for news before it is told that there is none.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the pages may do: run our one script, frame our own mail, and nothing from elsewhere (STANDARDS T4).
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; img-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";
/// What the mail in its frame may do: its own inline style, images, and links that open beside it.
const MAIL_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' https:; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'self'; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox";
/// The same without images, as many readers see it at first.
const BARE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; \
     sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox";

const HTML: &str = "text/html; charset=utf-8";

/// Serves the preview until `ended`. The listener should be one of this machine's own addresses: only requests that name
/// it, or `localhost`, are answered.
pub async fn serve(newsroom: Newsroom, listener: TcpListener, ended: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
    let port = listener.local_addr()?.port();
    let mut watch = Watch::new(&newsroom.config().issues_folder, SETTLE);
    // What is read from here on is no older than what the watch has seen.
    let first = watch.settled().await;
    let room = Arc::new(Room::new(newsroom, port));
    let keeper = tokio::spawn(Arc::clone(&room).keep(watch, first));
    let closing = Arc::clone(&room);
    let served = axum::serve(listener, router(room)).with_graceful_shutdown(async move {
        ended.await;
        closing.close();
    });
    let result = served.await;
    keeper.abort();
    result
}

fn router(room: Arc<Room>) -> Router {
    Router::new()
        .route("/", get(choices))
        .route("/style.css", get(style))
        .route("/preview.js", get(script))
        .route("/icon.svg", get(icon))
        .route("/{id}", get(sheet))
        .route("/{id}/mail/{revision}/{view}", get(letter))
        .route("/{id}/events/{since}", get(events))
        .route("/issues/{id}/{file}", get(file))
        .fallback(elsewhere)
        .layer(middleware::from_fn_with_state(Arc::clone(&room), guard))
        .with_state(room)
}

type Shared = State<Arc<Room>>;

/// Answers nobody who was led here by a name of his own (DNS rebinding), and no request that would change something.
async fn guard(State(room): Shared, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    if !host.is_some_and(|host| room.is_named(host)) {
        return answer(StatusCode::MISDIRECTED_REQUEST, "text/plain; charset=utf-8", PAGE_POLICY, "this address is not answered here\n");
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return answer(StatusCode::METHOD_NOT_ALLOWED, "text/plain; charset=utf-8", PAGE_POLICY, "there is nothing to change here\n");
    }
    next.run(request).await
}

async fn choices(State(room): Shared) -> Response {
    match desk::preview::choices(room.newsroom()).await {
        Ok(choices) => answer(StatusCode::OK, HTML, PAGE_POLICY, page::choices(room.publication(), &choices)),
        Err(fault) => answer(StatusCode::INTERNAL_SERVER_ERROR, HTML, PAGE_POLICY, page::trouble(room.publication(), &fault.to_string())),
    }
}

async fn style() -> Response {
    answer(StatusCode::OK, "text/css; charset=utf-8", PAGE_POLICY, page::STYLE)
}

async fn script() -> Response {
    answer(StatusCode::OK, "text/javascript; charset=utf-8", PAGE_POLICY, page::SCRIPT)
}

async fn icon() -> Response {
    answer(StatusCode::OK, "image/svg+xml", PAGE_POLICY, page::ICON)
}

async fn sheet(State(room): Shared, Path(id): Path<String>) -> Response {
    match room.shown(&id).await {
        Some((id, shown)) => answer(StatusCode::OK, HTML, PAGE_POLICY, page::sheet(room.publication(), &id, &shown)),
        None => elsewhere(State(room)).await,
    }
}

/// The mail itself, for a frame. The revision is there for the browser, to which another one is another page.
async fn letter(State(room): Shared, Path((id, _, view)): Path<(String, String, String)>) -> Response {
    let shown = room.shown(&id).await;
    let printed = shown.as_ref().and_then(|(id, shown)| Some((id, shown.printed()?)));
    match (printed, View::named(&view)) {
        (Some((id, printed)), Some(view)) => {
            let policy = if view == View::Bare { BARE_POLICY } else { MAIL_POLICY };
            answer(StatusCode::OK, HTML, policy, mail::framed(printed, id, view))
        }
        _ => elsewhere(State(room)).await,
    }
}

/// Waits until there is another revision than the browser has, and tells of it. The answer ends there, and the browser
/// asks again, as server-sent events have it.
async fn events(State(room): Shared, Path((id, since)): Path<(String, String)>, heads: HeaderMap) -> Response {
    let Some((id, _)) = room.shown(&id).await else { return elsewhere(State(room)).await };
    let last = heads.get("last-event-id").and_then(|last| last.to_str().ok()).unwrap_or(&since);
    let news = tokio::select! {
        shown = room.other_than(&id, last) => format!("id: {}\nevent: fresh\ndata: {}\n\n", shown.revision, shown.state()),
        () = tokio::time::sleep(PATIENCE) => ": no news\n\n".to_owned(),
        () = room.closed() => String::new(),
    };
    answer(StatusCode::OK, "text/event-stream", PAGE_POLICY, format!("retry: 10\n{news}"))
}

/// A file that came with an issue: only those that the intake has listed.
async fn file(State(room): Shared, Path((id, name)): Path<(String, String)>) -> Response {
    let found = id.parse::<IssueId>().ok().and_then(|id| enclosed(room.newsroom(), &id, &name));
    match found {
        Some(octets) => answer(StatusCode::OK, Kind::of_file(&name).media_type(), PAGE_POLICY, octets),
        None => elsewhere(State(room)).await,
    }
}

async fn elsewhere(State(room): Shared) -> Response {
    answer(StatusCode::NOT_FOUND, HTML, PAGE_POLICY, page::elsewhere(room.publication()))
}

fn answer(status: StatusCode, kind: &'static str, policy: &'static str, body: impl IntoResponse) -> Response {
    let mut heads = super::heads(kind, policy);
    heads.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    heads.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    (status, heads, body).into_response()
}

/// The octets of a file beside an issue, if it is still the ordinary file that the intake has listed (STANDARDS T13).
fn enclosed(newsroom: &Newsroom, id: &IssueId, name: &str) -> Option<Vec<u8>> {
    let folder = crate::intake::read(&newsroom.config().issues_folder, "issues").ok()?;
    let mut file = folder.get(id)?.open(name).ok()??;
    let mut octets = Vec::new();
    file.read_to_end(&mut octets).ok().map(|_| octets)
}
