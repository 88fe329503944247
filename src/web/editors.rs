//! The editors' pages: the one behind the link in a proof, where an edition is approved.
//!
//! Looking at a page acts on nothing, since programs that look for harm open every link in a mail (STANDARDS L7). No page
//! has a script, a cookie, or anything from elsewhere (STANDARDS T4).

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::asked::{Named, is_from_elsewhere};
use super::public::Present;
use crate::app::{AppError, Newsroom};
use crate::desk::approval::{self, Link, Offer};
use crate::desk::proof::{Departure, short};
use crate::edition::views::ApprovalPageView;

/// What the button says; a form needs no more room than that.
const SAID: &[u8] = b"approve=yes";
/// Most octets of what may be sent to us.
const MOST: usize = 1024;

/// The pages of editors, below `/approve/`.
pub(super) fn routes() -> Router<Present> {
    Router::new()
        .route("/approve/style.css", get(style))
        .route("/approve/{issue}/{token}", get(look).post(accept))
        .layer(DefaultBodyLimit::max(MOST))
}

async fn style(State(present): State<Present>) -> Response {
    let css = present.borrow().press().style("style/approval.css").to_owned();
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], css).into_response()
}

async fn look(State(present): State<Present>, Named((issue, token)): Named<(String, String)>) -> Response {
    let newsroom = Arc::clone(&present.borrow());
    opened(&newsroom, approval::look(&newsroom, &issue, &token).await)
}

/// Approves, if the button was pressed, and on our page (STANDARDS T11).
async fn accept(State(present): State<Present>, Named((issue, token)): Named<(String, String)>, head: HeaderMap, said: Bytes) -> Response {
    let newsroom = Arc::clone(&present.borrow());
    if said.as_ref() != SAID || is_from_elsewhere(&head, &newsroom.config().house.base_url) {
        return page(&newsroom, StatusCode::BAD_REQUEST, &blank(&newsroom, "unsaid"));
    }
    opened(&newsroom, approval::accept(&newsroom, &issue, &token).await)
}

/// What a link opens, as a page.
fn opened(newsroom: &Newsroom, link: Result<Link, AppError>) -> Response {
    let named = |state, issue: &dyn ToString| ApprovalPageView { issue: issue.to_string(), ..blank(newsroom, state) };
    match link {
        Ok(Link::Open(offer)) => page(newsroom, StatusCode::OK, &shown(newsroom, *offer)),
        Ok(Link::Replaced(issue)) => page(newsroom, StatusCode::GONE, &named("replaced", &issue)),
        Ok(Link::Gone(issue)) => page(newsroom, StatusCode::GONE, &named("gone", &issue)),
        Ok(Link::Unknown) => page(newsroom, StatusCode::NOT_FOUND, &blank(newsroom, "unknown")),
        Err(fault) => {
            tracing::error!(%fault, "an approval page could not be made");
            page(newsroom, StatusCode::SERVICE_UNAVAILABLE, &blank(newsroom, "failed"))
        }
    }
}

fn blank(newsroom: &Newsroom, state: &'static str) -> ApprovalPageView {
    ApprovalPageView { publication: newsroom.config().imprint.publication.name.clone(), state, ..ApprovalPageView::default() }
}

fn shown(newsroom: &Newsroom, offer: Offer) -> ApprovalPageView {
    let (departs, stays) = match offer.departure {
        Departure::At(at) => (Some(crate::desk::report::in_words(at, &newsroom.config().zone)), None),
        Departure::Stays(why) => (None, Some(why)),
    };
    ApprovalPageView {
        issue: offer.issue.to_string(),
        title: offer.title,
        edition: short(&offer.edition).to_owned(),
        departs,
        stays,
        is_changed: offer.is_changed,
        needed: offer.standing.needed as u64,
        missing: offer.standing.missing() as u64,
        given: offer.approved_by,
        ..blank(newsroom, if offer.is_given { "given" } else { "open" })
    }
}

fn page(newsroom: &Newsroom, status: StatusCode, view: &ApprovalPageView) -> Response {
    match newsroom.press().print("web/approval.html", view) {
        Ok(html) => (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
        Err(found) => {
            tracing::error!(fault = %found.message, "an approval page could not be printed");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
