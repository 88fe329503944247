//! The page behind the unsubscribe link. The link alone is the reader's word: no cookie, no login, no question (RFC 8058
//! §3.1, §6; STANDARDS L5, L6).

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::form::Form;
use super::{now, page};
use crate::app::{AppError, Newsroom};
use crate::desk::leaving::{self, Asked, Place, Undone};
use crate::edition::views::LeavePageView;
use crate::web::asked::Named;
use crate::web::public::Present;

/// Shows the page, and changes nothing.
pub(super) async fn look(State(present): State<Present>, Named(token): Named<String>) -> Response {
    let newsroom = now(&present);
    opened(&newsroom, leaving::look(&newsroom, &token).await)
}

/// Does what the button says. Whoever sends anything else has still asked to leave: mail programs differ in what they
/// send, and none may be turned away for it.
pub(super) async fn act(State(present): State<Present>, Named(token): Named<String>, head: HeaderMap, said: Bytes) -> Response {
    let newsroom = now(&present);
    let form = Form::read(&head, &said);
    if let Some(stamp) = form.field("undo") {
        return match leaving::undo(&newsroom, &token, stamp).await {
            Ok(Some(Undone::Back(place))) => shown(&newsroom, "back", StatusCode::OK, place),
            Ok(Some(Undone::TooLate(place))) => shown(&newsroom, "late", StatusCode::OK, Place { undo: None, ..place }),
            other => opened(&newsroom, other.map(|_| None)),
        };
    }
    let asked = match form.field("leave") {
        Some("list") => Asked::OnPage,
        Some("all") => Asked::AllOnPage,
        _ => Asked::OneClick,
    };
    opened(&newsroom, leaving::leave(&newsroom, &token, asked).await)
}

fn opened(newsroom: &Newsroom, place: Result<Option<Place>, AppError>) -> Response {
    match place {
        Ok(Some(place)) => shown(newsroom, if place.is_on { "open" } else { "left" }, StatusCode::OK, place),
        Ok(None) => shown(newsroom, "unknown", StatusCode::NOT_FOUND, Place::default()),
        Err(fault) => {
            tracing::error!(%fault, "a departure could not be seen to");
            shown(newsroom, "failed", StatusCode::SERVICE_UNAVAILABLE, Place::default())
        }
    }
}

fn shown(newsroom: &Newsroom, state: &'static str, status: StatusCode, place: Place) -> Response {
    let config = newsroom.config();
    let said = |text: String| (!text.is_empty()).then_some(text);
    let view = LeavePageView {
        publication: config.imprint.publication.name.clone(),
        state,
        list: said(place.list),
        address: said(place.address),
        others: place.others as u64,
        undo: place.undo,
        reply_address: config.imprint.publication.reply_address.clone(),
    };
    page(newsroom, "web/leave.html", status, &view)
}
