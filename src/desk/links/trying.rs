//! Tries one link: asks for its head, and for its first octet where the head does not tell enough.

use jiff::Timestamp;

use crate::intake::fetch::{Answer, FetchFault, Fetcher, Part, Version};
use crate::issue::known_links::{LinkEnd, LinkState};

/// Tries a link. What was known before is told to the server, and holds if nothing has changed since.
pub(super) async fn tried(fetcher: &Fetcher, url: &str, known: Option<&LinkState>, now: Timestamp) -> LinkState {
    let version = known.filter(|known| known.etag.is_some() || known.last_modified.is_some()).map(|known| Version {
        url: known.final_url.clone(),
        etag: known.etag.clone(),
        last_modified: known.last_modified.clone(),
    });
    let head = fetcher.ask(url, Part::Head, version.as_ref()).await;
    let answer = match head {
        Ok(answer) if tells_enough(&answer) => Ok(answer),
        // A server may break off what it does not know; with GET it can be told from one that is ill.
        Ok(_) | Err(FetchFault::Broken) => fetcher.ask(url, Part::First, None).await,
        Err(fault) => Err(fault),
    };
    match answer {
        Ok(answer) => of_answer(url, answer, known, now),
        Err(fault) => of_fault(url, &fault, known, now),
    }
}

/// Whether there is nothing to ask after this. Many servers answer a HEAD with a status that means nothing, and a dead
/// page is too much to say on the word of one of them; but whoever asks to be left alone is.
fn tells_enough(answer: &Answer) -> bool {
    let is_page = answer.media_type.as_deref().is_some_and(|kind| kind == "text/html" || kind == "application/xhtml+xml");
    match answer.status {
        200..=299 => is_page || answer.media_type.is_some() && answer.octets.is_some_and(|octets| octets > 0),
        304 | 410 | 429 | 503 => true,
        _ => false,
    }
}

fn of_answer(url: &str, answer: Answer, known: Option<&LinkState>, now: Timestamp) -> LinkState {
    let before = known.filter(|_| answer.status == 304);
    let is_it = matches!(answer.status, 200..=299);
    let octets = answer.octets.filter(|_| is_it).or(before.and_then(|before| before.octets));
    LinkState {
        url: url.to_owned(),
        tried_at: now,
        end: before.map_or(LinkEnd::Answered(answer.status), |before| before.end),
        moved_to: answer.moved_to,
        media_type: answer.media_type.filter(|_| is_it).or_else(|| before?.media_type.clone()),
        octets,
        etag: answer.etag.or_else(|| before?.etag.clone()),
        last_modified: answer.last_modified.or_else(|| before?.last_modified.clone()),
        final_url: answer.url,
    }
}

/// What was known of a file holds on where its server only keeps silent: "(PDF, 301 KB)" does not go away with it.
fn of_fault(url: &str, fault: &FetchFault, known: Option<&LinkState>, now: Timestamp) -> LinkState {
    let end = match fault {
        FetchFault::NotWeb => LinkEnd::NotWeb,
        FetchFault::Port(_) => LinkEnd::OddPort,
        FetchFault::Private => LinkEnd::Private,
        FetchFault::NoSuchName => LinkEnd::NoSuchName,
        FetchFault::Certificate => LinkEnd::BadCertificate,
        FetchFault::Unreachable => LinkEnd::Unreachable,
        FetchFault::Slow => LinkEnd::Slow,
        FetchFault::Redirects => LinkEnd::Loop,
        FetchFault::TooLarge(_) | FetchFault::Broken => LinkEnd::Broken,
    };
    let fresh = LinkState {
        url: url.to_owned(),
        tried_at: now,
        end,
        final_url: url.to_owned(),
        moved_to: None,
        media_type: None,
        octets: None,
        etag: None,
        last_modified: None,
    };
    match known.filter(|_| fresh.is_unreached()) {
        Some(known) => LinkState { tried_at: now, end, ..known.clone() },
        None => fresh,
    }
}
