//! The readers' own pages: what the links in their mail open, and where one subscribes.
//!
//! Looking at a page changes nothing, since programs that look for harm open every link in a mail (STANDARDS L7, T8). No
//! page has a script, a cookie, or anything from elsewhere (STANDARDS T4); every link on one is relative, so that no
//! `Host` of somebody's making gets into it (STANDARDS T22).

pub(super) mod form;
mod join;
mod leave;
mod preferences;
mod wanted;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;

pub use self::form::Form;
pub use self::wanted::Wanted;
use super::public::Present;
use crate::app::Newsroom;

/// The pages of readers.
pub(super) fn routes() -> Router<Present> {
    Router::new()
        .route("/reader.css", get(style))
        .route("/u/{token}", get(leave::look).post(leave::act))
        .route("/preferences/{token}", get(preferences::look).post(preferences::act))
        .route("/subscribe", get(join::look).post(join::take))
        .route("/api/v1/subscribe", get(join::offer).post(join::ask))
        .route("/confirm/{token}", get(join::look_at).post(join::confirm))
}

async fn style(State(present): State<Present>) -> Response {
    let css = present.borrow().press().style("style/reader.css").to_owned();
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], css).into_response()
}

/// The newsroom as it is now.
fn now(present: &Present) -> Arc<Newsroom> {
    Arc::clone(&present.borrow())
}

fn page(newsroom: &Newsroom, template: &str, status: StatusCode, view: &impl Serialize) -> Response {
    match newsroom.press().print(template, view) {
        Ok(html) => (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
        Err(found) => {
            tracing::error!(fault = %found.message, template, "a page could not be printed");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A reason as it is said to a reader: a whole sentence, its quotations in the marks of print.
fn spoken(reason: &str) -> String {
    let mut said = String::with_capacity(reason.len() + 8);
    for (number, part) in reason.split('`').enumerate() {
        if number > 0 {
            said.push(if number % 2 == 1 { '\u{201c}' } else { '\u{201d}' });
        }
        said.push_str(part);
    }
    let mut letters = said.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if said.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::spoken;

    #[test]
    fn a_reason_is_said_as_a_sentence() {
        assert_eq!(spoken("the domain `a` has no dot; write `a.b`"), "The domain \u{201c}a\u{201d} has no dot; write \u{201c}a.b\u{201d}.");
        assert_eq!([spoken(""), spoken("\u{e9}t\u{e9}."), spoken("`")], [".", "\u{c9}t\u{e9}.", "\u{201c}."]);
    }
}
