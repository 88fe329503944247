//! Leaving: what the unsubscribe link in a mail shows and does, for ever and without a question (RFC 8058; STANDARDS L5 to L8).

use jiff::{SignedDuration, Timestamp};

use super::stamps;
use crate::app::{AppError, Newsroom};
use crate::clock::before;
use crate::store::Reader;
use crate::subscription::token::{Bearer, Purpose};
use crate::subscription::{EmailAddress, Evidence, List, Standing};

/// How long a departure can be taken back on its own page; later, one subscribes anew.
const UNDO: SignedDuration = SignedDuration::from_hours(1);

/// What a reader's link opens: how it stands between them and one list. Everything is empty where the person is not known
/// any more; the page then says what it says to everybody who has left (STANDARDS L8).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The list's name.
    pub list: String,
    /// The reader's address, for the reader's eyes: `j•••@example.org` (STANDARDS T7).
    pub address: String,
    /// Whether they are on the list.
    pub is_on: bool,
    /// On how many other lists they are.
    pub others: usize,
    /// What takes the departure back, where that can still be done.
    pub undo: Option<String>,
}

/// Who asked for a departure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// The mail program's own button.
    OneClick,
    /// The button on our page.
    OnPage,
    /// The page's other button: all lists.
    AllOnPage,
}

/// What became of an undo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undone {
    /// The reader is on the list again, or was not gone.
    Back(Place),
    /// It is too late, or cannot be done by a form.
    TooLate(Place),
}

/// A reader and a list, as a token names them.
struct Seat {
    bearer: Bearer,
    reader: Option<Reader>,
    list: Option<List>,
}

/// Looks where a link leads. Changes nothing. `None` if the link is not one of ours.
pub async fn look(newsroom: &Newsroom, token: &str) -> Result<Option<Place>, AppError> {
    match seat(newsroom, token).await? {
        Some(seat) => place(newsroom, seat).await.map(Some),
        None => Ok(None),
    }
}

/// Ends the subscription that a link names, or all of its reader; whoever has left has left. `None` if the link is not
/// one of ours.
pub async fn leave(newsroom: &Newsroom, token: &str, asked: Asked) -> Result<Option<Place>, AppError> {
    let Some(seat) = seat(newsroom, token).await? else { return Ok(None) };
    if let (Some(reader), Some(list)) = (&seat.reader, &seat.list) {
        let only = (asked != Asked::AllOnPage).then_some(&list.id);
        let (channel, detail) = match asked {
            Asked::OneClick => ("one-click", "List-Unsubscribe=One-Click (RFC 8058)"),
            Asked::OnPage => ("page", "the button on the page behind the unsubscribe link"),
            Asked::AllOnPage => ("page", "the button for all lists on the page behind the unsubscribe link"),
        };
        let evidence = Evidence { channel: channel.to_owned(), detail: detail.to_owned() };
        let ended = newsroom.store().unsubscribe(&reader.subscriber.address, only, evidence, newsroom.now()).await?;
        tracing::info!(list = %list.id, ended = ended.len(), channel, "a reader has left");
    }
    look(newsroom, token).await
}

/// Takes a departure back, if `stamp` is one that [`Place::undo`] gave for this link not long ago. `None` if the link is
/// not one of ours.
pub async fn undo(newsroom: &Newsroom, token: &str, stamp: &str) -> Result<Option<Undone>, AppError> {
    let Some(seat) = seat(newsroom, token).await? else { return Ok(None) };
    let age = stamps::age(&newsroom.keys()?, &about(seat.bearer), stamp, newsroom.now());
    let is_fresh = age.is_some_and(|age| age <= UNDO);
    if let (true, Some(reader), Some(list)) = (is_fresh, &seat.reader, &seat.list) {
        let evidence = Evidence { channel: "page".to_owned(), detail: "the undo button after a departure".to_owned() };
        newsroom.store().take_back(reader.subscriber.id, &list.id, earliest(newsroom.now()), evidence, newsroom.now()).await?;
    }
    let place = look(newsroom, token).await?;
    Ok(place.map(|place| if place.is_on { Undone::Back(place) } else { Undone::TooLate(place) }))
}

async fn seat(newsroom: &Newsroom, token: &str) -> Result<Option<Seat>, AppError> {
    let Ok(bearer) = newsroom.keys()?.verify(Purpose::Unsubscribe, token) else { return Ok(None) };
    let reader = newsroom.store().visitor(bearer.subscriber).await?;
    let lists = newsroom.store().numbered_lists().await?;
    let list = lists.into_iter().find(|(number, _)| *number == bearer.list_number).map(|(_, list)| list);
    Ok(Some(Seat { bearer, reader, list }))
}

async fn place(newsroom: &Newsroom, seat: Seat) -> Result<Place, AppError> {
    let (Some(reader), Some(list)) = (seat.reader, seat.list) else { return Ok(Place::default()) };
    let living = || reader.subscriptions.iter().filter(|subscription| subscription.standing != Standing::Ended);
    let is_on = living().any(|subscription| subscription.list == list.id);
    let now = newsroom.now();
    let may_undo = !is_on && newsroom.store().may_take_back(reader.subscriber.id, &list.id, earliest(now)).await?;
    Ok(Place {
        address: masked(&reader.subscriber.address),
        is_on,
        others: living().filter(|subscription| subscription.list != list.id).count(),
        undo: if may_undo { Some(stamps::stamp(&newsroom.keys()?, &about(seat.bearer), now)) } else { None },
        list: list.name,
    })
}

fn about(bearer: Bearer) -> String {
    format!("undo {} {}", bearer.subscriber.0, bearer.list_number)
}

/// The oldest departure that can be taken back.
fn earliest(now: Timestamp) -> Timestamp {
    before(now, UNDO)
}

/// Enough of an address for its owner to know it, and too little for anybody else to write to it (STANDARDS T7).
pub(super) fn masked(address: &EmailAddress) -> String {
    let first: String = address.as_str().chars().take(1).collect();
    format!("{first}•••@{}", address.domain())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t7_a_masked_address_keeps_its_first_letter_and_its_domain() {
        for (address, shown) in [("jane@example.org", "j•••@example.org"), ("é@example.org", "é•••@example.org"), ("x@a.b", "x•••@a.b")]
        {
            assert_eq!(masked(&EmailAddress::parse(address).unwrap()), shown);
        }
    }
}
