//! The pages where one subscribes and confirms, and the same for programs.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::{Extensions, HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::form::Form;
use super::wanted::Wanted;
use super::{now, page, spoken};
use crate::app::{AppError, Newsroom};
use crate::desk::choices::choice;
use crate::desk::joining::{self, Answer, Faults, Opened, Written};
use crate::edition::views::{ConfirmPageView, SubscribePageView};
use crate::web::asked::{Named, is_from_elsewhere};
use crate::web::public::{Peer, Present};

/// Shows the form.
pub(super) async fn look(State(present): State<Present>) -> Response {
    let newsroom = now(&present);
    form(&newsroom, StatusCode::OK, "open", &Form::default(), &Faults::default())
}

/// Takes the form, from wherever it was sent: it may stand on pages of other sites, and asks for a letter only
/// (STANDARDS T11).
pub(super) async fn take(State(present): State<Present>, head: HeaderMap, with: Extensions, said: Bytes) -> Response {
    let newsroom = now(&present);
    let said = Form::read(&head, &said);
    if said.field("website").is_some_and(|filled| !filled.is_empty()) {
        // Nobody sees that field: whoever fills it in is no person, and need not know.
        return form(&newsroom, StatusCode::OK, "taken", &Form::default(), &Faults::default());
    }
    let lists: Vec<&str> = said.fields("list").collect();
    let field = |name| said.field(name).unwrap_or_default();
    let written =
        Written { address: field("email"), name: field("name"), lists: &lists, stamp: field("stamp"), from: from(&newsroom, &head, &with) };
    match joining::take(&newsroom, &written) {
        Ok(Answer::Taken) => form(&newsroom, StatusCode::OK, "taken", &Form::default(), &Faults::default()),
        Ok(Answer::Again) => form(&newsroom, StatusCode::OK, "again", &said, &Faults::default()),
        Ok(Answer::Refused(faults)) => form(&newsroom, StatusCode::UNPROCESSABLE_ENTITY, "refused", &said, &faults),
        Err(fault) => failed(&newsroom, &fault),
    }
}

fn form(newsroom: &Newsroom, status: StatusCode, state: &'static str, said: &Form, faults: &Faults) -> Response {
    let stamp = match joining::stamp(newsroom) {
        Ok(stamp) if state != "taken" => stamp,
        Ok(_) => String::new(),
        Err(fault) => return failed(newsroom, &fault),
    };
    let chosen: Vec<&str> = said.fields("list").collect();
    let lists = joining::open_lists(newsroom).into_iter().map(|list| choice(newsroom, list, chosen.contains(&list.id.as_str())));
    let view = SubscribePageView {
        address: said.field("email").unwrap_or_default().to_owned(),
        name: said.field("name").unwrap_or_default().to_owned(),
        address_fault: faults.address.as_deref().map(spoken),
        name_fault: faults.name.as_deref().map(spoken),
        lists_fault: faults.lists.as_deref().map(spoken),
        lists: lists.collect(),
        consent: joining::CONSENT.to_owned(),
        stamp,
        ..blank(newsroom, state)
    };
    page(newsroom, "web/subscribe.html", status, &view)
}

fn blank(newsroom: &Newsroom, state: &'static str) -> SubscribePageView {
    let publication = &newsroom.config().imprint.publication;
    SubscribePageView {
        publication: publication.name.clone(),
        postal_address: publication.postal_address.clone(),
        privacy_url: publication.privacy_url.clone(),
        reply_address: publication.reply_address.clone(),
        state,
        ..SubscribePageView::default()
    }
}

fn failed(newsroom: &Newsroom, fault: &AppError) -> Response {
    tracing::error!(%fault, "a request to join could not be seen to");
    page(newsroom, "web/subscribe.html", StatusCode::SERVICE_UNAVAILABLE, &blank(newsroom, "failed"))
}

/// Where a request comes from. A server in front of us that we trust says for whom it asks, and who stands before that one
/// likewise; nobody else is believed (STANDARDS T20).
fn from(newsroom: &Newsroom, head: &HeaderMap, with: &Extensions) -> IpAddr {
    let peer = with.get::<ConnectInfo<Peer>>().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |ConnectInfo(Peer(peer))| peer.ip());
    let is_trusted = |from: IpAddr| newsroom.config().trusted_proxies.iter().any(|network| network.holds(from));
    let lines: Vec<&str> = head.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).collect();
    let mut said = lines.iter().rev().flat_map(|line| line.rsplit(',')).map(|one| one.trim().parse::<IpAddr>().ok());
    let mut from = peer;
    while is_trusted(from)
        && let Some(Some(before)) = said.next()
    {
        from = before;
    }
    from.to_canonical()
}

/// What a program must know to ask: the lists, what one agrees to, and a stamp.
pub(super) async fn offer(State(present): State<Present>) -> Response {
    let newsroom = now(&present);
    match joining::stamp(&newsroom) {
        Ok(stamp) => {
            let usual = &newsroom.config().house.lang;
            let lists: Vec<Value> = joining::open_lists(&newsroom)
                .into_iter()
                .map(|list| {
                    let (lang, frequency) = (list.lang.as_ref().unwrap_or(usual), &list.frequency);
                    json!({ "id": list.id, "name": list.name, "description": list.description, "lang": lang, "frequency": frequency })
                })
                .collect();
            told(StatusCode::OK, &json!({ "lists": lists, "consent": joining::CONSENT, "stamp": stamp }))
        }
        Err(fault) => {
            tracing::error!(%fault, "a form could not be stamped");
            told(StatusCode::SERVICE_UNAVAILABLE, &json!({ "status": "failed" }))
        }
    }
}

/// The same as [`take`] for programs.
pub(super) async fn ask(State(present): State<Present>, head: HeaderMap, with: Extensions, said: Bytes) -> Response {
    let newsroom = now(&present);
    let kind = head.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.split(';').next().unwrap_or_default().trim() != "application/json" {
        return told(StatusCode::UNSUPPORTED_MEDIA_TYPE, &json!({ "status": "refused", "reason": "application/json is wanted" }));
    }
    let Some(said) = Wanted::read(&said) else {
        return told(StatusCode::BAD_REQUEST, &json!({ "status": "refused", "reason": "this is no JSON" }));
    };
    let lists: Vec<&str> = said.lists.iter().map(String::as_str).collect();
    let written =
        Written { address: &said.email, name: &said.name, lists: &lists, stamp: &said.stamp, from: from(&newsroom, &head, &with) };
    match joining::take(&newsroom, &written) {
        Ok(Answer::Taken) => told(StatusCode::ACCEPTED, &json!({ "status": "taken" })),
        Ok(Answer::Again) => {
            let reason = "fetch a stamp by GET, show the form, and send the stamp along: no sooner than 2 seconds after, within a day";
            told(StatusCode::UNPROCESSABLE_ENTITY, &json!({ "status": "again", "reason": reason }))
        }
        Ok(Answer::Refused(Faults { address, name, lists })) => {
            let reason = [address, name, lists].into_iter().flatten().collect::<Vec<_>>().join("; ");
            told(StatusCode::UNPROCESSABLE_ENTITY, &json!({ "status": "refused", "reason": reason }))
        }
        Err(fault) => {
            tracing::error!(%fault, "a request to join could not be seen to");
            told(StatusCode::SERVICE_UNAVAILABLE, &json!({ "status": "failed" }))
        }
    }
}

fn told(status: StatusCode, value: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

/// Shows what a confirmation link opens, and changes nothing.
pub(super) async fn look_at(State(present): State<Present>, Named(token): Named<String>) -> Response {
    let newsroom = now(&present);
    opened(&newsroom, ("open", "used"), joining::look(&newsroom, &token).await)
}

/// Confirms, if the button was pressed, and on our page (STANDARDS T11).
pub(super) async fn confirm(State(present): State<Present>, Named(token): Named<String>, head: HeaderMap, said: Bytes) -> Response {
    let newsroom: Arc<Newsroom> = now(&present);
    let is_ours = !is_from_elsewhere(&head, &newsroom.config().house.base_url);
    if is_ours && Form::read(&head, &said).field("confirm") == Some("yes") {
        return opened(&newsroom, ("open", "done"), joining::confirm(&newsroom, &token).await);
    }
    opened(&newsroom, ("unsaid", "used"), joining::look(&newsroom, &token).await)
}

fn opened(newsroom: &Newsroom, (waits, done): (&'static str, &'static str), opened: Result<Opened, AppError>) -> Response {
    let publication = &newsroom.config().imprint.publication;
    let view = |state, address, lists| ConfirmPageView {
        publication: publication.name.clone(),
        reply_address: publication.reply_address.clone(),
        state,
        address,
        lists,
    };
    let (status, view) = match opened {
        Ok(Opened::Waits(address, lists)) => {
            (if waits == "unsaid" { StatusCode::BAD_REQUEST } else { StatusCode::OK }, view(waits, Some(address), lists))
        }
        Ok(Opened::Done(lists)) => (StatusCode::OK, view(done, None, lists)),
        Ok(Opened::Unknown) => (StatusCode::NOT_FOUND, view("unknown", None, Vec::new())),
        Err(fault) => {
            tracing::error!(%fault, "a confirmation could not be seen to");
            (StatusCode::SERVICE_UNAVAILABLE, view("failed", None, Vec::new()))
        }
    };
    page(newsroom, "web/confirm.html", status, &view)
}
