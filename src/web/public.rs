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
    guarded(Router::new().merge(editors::routes()).merge(readers::routes()).merge(library::routes())).with_state(newsroom)
}

/// What holds for every page: so much, so long, and so shown.
fn guarded<S: Clone + Send + Sync + 'static>(pages: Router<S>) -> Router<S> {
    pages.layer(DefaultBodyLimit::max(MOST)).layer(from_fn(within_bounds)).layer(from_fn(in_time)).layer(map_response(safely))
}

async fn in_time(request: Request, next: Next) -> Response {
    tokio::time::timeout(PATIENCE, next.run(request)).await.unwrap_or_else(|_| StatusCode::REQUEST_TIMEOUT.into_response())
}

/// Whoever announces more than is taken is told so at once, and none of it is waited for (STANDARDS T20).
async fn within_bounds(request: Request, next: Next) -> Response {
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|announced| announced > MOST as u64) {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    }
    next.run(request).await
}

async fn safely(mut response: Response) -> Response {
    for (name, value) in SAFE {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;

    /// What is answered to these octets by a page that takes for ever and one that reads what it is sent.
    async fn answered(octets: &[u8]) -> String {
        let pages = Router::new()
            .route("/never", get(std::future::pending::<()>))
            .route("/form", get(|| async {}).post(|form: String| async { form }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        tokio::spawn(axum::serve(Porch::new(listener), guarded(pages)).into_future());
        stream.write_all(octets).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test(start_paused = true)]
    async fn t12_t20_whoever_takes_too_long_is_told_so_on_a_page_that_nobody_can_frame() {
        for octets in [
            "GET /never HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            "POST /form HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 9\r\n\r\nabc",
        ] {
            let answer = answered(octets.as_bytes()).await;
            assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
            for (name, value) in SAFE {
                assert!(answer.contains(&format!("{name}: {value}\r\n")), "{name}: {answer}");
            }
        }
    }

    #[tokio::test]
    async fn t20_what_is_announced_as_too_much_is_not_waited_for() {
        for (length, status) in [(MOST + 1, 413), (1 << 30, 413)] {
            let answer =
                answered(format!("POST /form HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n").as_bytes())
                    .await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")) && answer.contains("x-frame-options: DENY"), "{answer}");
        }
        let whole = format!("POST /form HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {MOST}\r\n\r\n{}", "a".repeat(MOST));
        assert!(answered(whole.as_bytes()).await.starts_with("HTTP/1.1 200 "));
    }
}
