//! The page behind the preferences link: what comes, under which name, and a copy of everything that is known.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::form::Form;
use super::{now, page, spoken};
use crate::app::{AppError, Newsroom};
use crate::desk::preferences::{self, Opened, Wishes};
use crate::edition::views::PreferencesPageView;
use crate::web::asked::{Named, is_from_elsewhere};
use crate::web::public::Present;

/// Shows the page, and changes nothing.
pub(super) async fn look(State(present): State<Present>, Named(token): Named<String>) -> Response {
    let newsroom = now(&present);
    opened(&newsroom, "open", preferences::look(&newsroom, &token).await)
}

/// Does what the button says; nothing where none was pressed, or one on a page of another site (STANDARDS T11).
pub(super) async fn act(State(present): State<Present>, Named(token): Named<String>, head: HeaderMap, said: Bytes) -> Response {
    let newsroom = now(&present);
    let form = Form::read(&head, &said);
    let is_ours = !is_from_elsewhere(&head, &newsroom.config().house.base_url);
    match form.field("do").filter(|_| is_ours) {
        Some("save") => {
            let lists: Vec<&str> = form.fields("list").collect();
            let field = |name| form.field(name).unwrap_or_default();
            opened(&newsroom, "saved", preferences::save(&newsroom, &token, &lists, field("name"), field("format")).await)
        }
        Some("leave") => opened(&newsroom, "saved", preferences::leave_all(&newsroom, &token).await),
        Some("erase") if form.field("sure") == Some("yes") => opened(&newsroom, "erased", preferences::erase(&newsroom, &token).await),
        Some("erase") => opened(&newsroom, "asked", preferences::look(&newsroom, &token).await),
        Some("export") => match preferences::export(&newsroom, &token).await {
            Ok(Some(json)) => {
                let head = [
                    (header::CONTENT_TYPE, "application/json; charset=utf-8"),
                    (header::CONTENT_DISPOSITION, "attachment; filename=\"what-we-know.json\""),
                ];
                (head, json).into_response()
            }
            Ok(None) => opened(&newsroom, "open", preferences::look(&newsroom, &token).await),
            Err(fault) => opened(&newsroom, "open", Err(fault)),
        },
        _ => opened(&newsroom, "unsaid", preferences::look(&newsroom, &token).await),
    }
}

fn opened(newsroom: &Newsroom, state: &'static str, opened: Result<Opened, AppError>) -> Response {
    let config = newsroom.config();
    let blank = |state| PreferencesPageView {
        publication: config.imprint.publication.name.clone(),
        reply_address: config.imprint.publication.reply_address.clone(),
        state,
        ..PreferencesPageView::default()
    };
    let (status, view) = match opened {
        Ok(Opened::Known(wishes)) => {
            let status = if state == "unsaid" { StatusCode::BAD_REQUEST } else { StatusCode::OK };
            (status, filled(blank(state), wishes))
        }
        Ok(Opened::Refused(wishes, fault)) => {
            (StatusCode::UNPROCESSABLE_ENTITY, PreferencesPageView { fault: Some(spoken(&fault)), ..filled(blank("refused"), wishes) })
        }
        Ok(Opened::Busy(wishes)) => (StatusCode::SERVICE_UNAVAILABLE, filled(blank("busy"), wishes)),
        Ok(Opened::Gone) if state == "erased" => (StatusCode::OK, blank("erased")),
        Ok(Opened::Gone) => (StatusCode::GONE, blank("gone")),
        Ok(Opened::Unknown) => (StatusCode::NOT_FOUND, blank("unknown")),
        Err(fault) => {
            tracing::error!(%fault, "preferences could not be seen to");
            (StatusCode::SERVICE_UNAVAILABLE, blank("failed"))
        }
    };
    page(newsroom, "web/preferences.html", status, &view)
}

fn filled(view: PreferencesPageView, wishes: Wishes) -> PreferencesPageView {
    PreferencesPageView {
        address: Some(wishes.address),
        name: wishes.name,
        lists: wishes.lists,
        format: wishes.format.as_str(),
        is_suppressed: wishes.is_suppressed,
        ..view
    }
}
