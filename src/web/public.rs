//! Everything that a newsroom shows to the world: the editors' and the readers' pages under one roof, and what holds for
//! every answer.

mod porch;

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, map_response};
use axum::response::{IntoResponse as _, Response};
use tokio::net::TcpListener;
use tokio::sync::watch;

use self::porch::Porch;
use super::{editors, library, readers};
use crate::app::Newsroom;

pub(super) use self::porch::Peer;

/// Most octets of what may be sent to us (STANDARDS T20).
const MOST: usize = 16 << 10;

/// How long a request may take to come in and be answered.
const PATIENCE: Duration = Duration::from_secs(20);

/// What every answer says about itself, unless it says so in other words.
const SAFE: [(HeaderName, &str); 8] = [
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("x-robots-tag"), "noindex"),
];

/// The newsroom as it is now: another after its settings were read anew.
pub type Present = watch::Receiver<Arc<Newsroom>>;

/// Serves every page until `ended`; each request knows who asks.
pub async fn serve(listener: TcpListener, newsroom: Present, ended: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
    open(listener, router(newsroom), ended).await
}

/// Serves these pages until `ended`; each request knows who asks.
pub(super) async fn open(listener: TcpListener, pages: Router, ended: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
    let service = pages.into_make_service_with_connect_info::<Peer>();
    axum::serve(Porch::new(listener), service).with_graceful_shutdown(ended).await
}

/// Every page that is served.
pub fn router(newsroom: Present) -> Router {
    Router::new()
        .merge(editors::routes())
        .merge(readers::routes())
        .merge(library::routes())
        .layer(DefaultBodyLimit::max(MOST))
        .layer(from_fn(in_time))
        .layer(map_response(safely))
        .with_state(newsroom)
}

async fn in_time(request: Request, next: Next) -> Response {
    tokio::time::timeout(PATIENCE, next.run(request)).await.unwrap_or_else(|_| StatusCode::REQUEST_TIMEOUT.into_response())
}

async fn safely(mut response: Response) -> Response {
    for (name, value) in SAFE {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}
