//! Readers in and out: one by one, by the roll, and everything that is known of one of them.

use crate::app::{AppError, Newsroom};
use crate::store::{Dossier, Enrolled, ListTally, Reader, Registered, Suppression, Unconfirmed};
use crate::subscription::{EmailAddress, Enrolment, Evidence, ListId, PersonName, Standing, SubscriberId};

/// How many readers a page of the store holds.
const PAGE: usize = 1000;

/// The list of this id, or the only one there is.
pub fn list(newsroom: &Newsroom, wanted: Option<&ListId>) -> Result<ListId, AppError> {
    let lists = &newsroom.config().lists;
    match wanted {
        Some(wanted) if lists.iter().any(|list| list.id == *wanted) => Ok(wanted.clone()),
        None if lists.len() == 1 => Ok(lists[0].id.clone()),
        _ => {
            let known: Vec<&str> = lists.iter().map(|list| list.id.as_str()).collect();
            let wrong = wanted.map_or_else(|| "say which list with `--list`".to_owned(), |wanted| format!("there is no list `{wanted}`"));
            Err(AppError::Refused(format!("{wrong}; the lists are {}", known.join(", "))))
        }
    }
}

/// Enters one reader who asked for it.
pub async fn add(newsroom: &Newsroom, address: EmailAddress, name: Option<PersonName>, list: &ListId) -> Result<Enrolled, AppError> {
    let evidence = Evidence { channel: "command".to_owned(), detail: "masthead subscribers add".to_owned() };
    let enrolment = Enrolment { address, name, standing: Standing::Confirmed, since: None, evidence };
    Ok(newsroom.store().subscribe(list, enrolment, newsroom.now()).await?)
}

/// Enters one reader who was suppressed, or erased, and asks to come back. `why` is kept with the consent, beside what it
/// was that kept the reader out and who lifted it.
pub async fn readmit(
    newsroom: &Newsroom,
    address: EmailAddress,
    name: Option<PersonName>,
    list: &ListId,
    why: &str,
    by: &str,
) -> Result<Enrolled, AppError> {
    let not_needed = || AppError::Refused(format!("{address} is not suppressed; leave out `--lift`"));
    let Some(Suppression { at, reason }) = newsroom.store().suppression(&address).await? else { return Err(not_needed()) };
    let detail = format!("masthead subscribers add --lift, by {by}: {why} (kept out since {at}: {reason})");
    let evidence = Evidence { channel: "command".to_owned(), detail };
    let enrolment = Enrolment { address: address.clone(), name, standing: Standing::Confirmed, since: None, evidence };
    newsroom.store().readmit(list, enrolment, newsroom.now()).await?.ok_or_else(not_needed)
}

/// Takes a reader off a list, or off all.
pub async fn remove(newsroom: &Newsroom, address: &EmailAddress, list: Option<&ListId>) -> Result<Vec<ListId>, AppError> {
    let evidence = Evidence { channel: "command".to_owned(), detail: "masthead subscribers remove".to_owned() };
    Ok(newsroom.store().unsubscribe(address, list, evidence, newsroom.now()).await?)
}

/// All that is known of an address, whether it is a reader's or not.
#[derive(Debug)]
pub struct Known {
    /// Of a reader, what the store holds.
    pub dossier: Option<Dossier>,
    /// Why it is not written to; of one who was erased, only that.
    pub suppression: Option<Suppression>,
    /// Requests to join that nobody has confirmed.
    pub unconfirmed: Vec<Unconfirmed>,
}

/// Everything that is known of an address, for whoever asks what it is.
pub async fn show(newsroom: &Newsroom, address: &EmailAddress) -> Result<Known, AppError> {
    let store = newsroom.store();
    let (dossier, suppression) = (store.dossier(address).await?, store.suppression(address).await?);
    let unconfirmed = store.unconfirmed(address).await?;
    if dossier.is_none() && suppression.is_none() && unconfirmed.is_empty() {
        return Err(AppError::Refused(format!("{address} is not known here")));
    }
    Ok(Known { dossier, suppression, unconfirmed })
}

/// Removes a person from every file of the store; a mark stays that keeps the address suppressed (STANDARDS C4).
pub async fn erase(newsroom: &Newsroom, address: &EmailAddress) -> Result<(), AppError> {
    if !forget(newsroom, address).await? {
        return Err(AppError::Refused(format!("{address} is not known here")));
    }
    Ok(newsroom.store().scour().await?)
}

/// The same, but what the files may still hold is left to [`crate::store::Audience::scour`], which takes long and is done
/// once for many. Says whether anything was known.
pub(super) async fn forget(newsroom: &Newsroom, address: &EmailAddress) -> Result<bool, AppError> {
    newsroom.seal_store()?;
    Ok(newsroom.store().erase(address, newsroom.now()).await?)
}

/// Hands every subscription of a list, or of all, to `take`, with its proof.
pub async fn each_registered(
    newsroom: &Newsroom,
    list: Option<&ListId>,
    mut take: impl FnMut(&Registered) -> Result<(), AppError>,
) -> Result<(), AppError> {
    let mut after = SubscriberId(0);
    loop {
        let page = newsroom.store().register(list, after, PAGE).await?;
        let Some(end) = page.last() else { return Ok(()) };
        after = end.subscriber;
        page.iter().try_for_each(&mut take)?;
    }
}

/// Hands every suppression to `take`, or those of readers who are or were on one list.
pub async fn each_suppression(
    newsroom: &Newsroom,
    list: Option<&ListId>,
    mut take: impl FnMut(&EmailAddress, &Suppression) -> Result<(), AppError>,
) -> Result<(), AppError> {
    let mut after = String::new();
    loop {
        let page = newsroom.store().suppressions(list, &after, PAGE).await?;
        let Some((end, _)) = page.last() else { return Ok(()) };
        end.as_str().clone_into(&mut after);
        page.iter().try_for_each(|(address, suppression)| take(address, suppression))?;
    }
}

/// Hands every reader of a list, or of all, to `take`, page by page.
pub async fn each_reader(
    newsroom: &Newsroom,
    list: Option<&ListId>,
    mut take: impl FnMut(&Reader) -> Result<(), AppError>,
) -> Result<(), AppError> {
    let mut after = SubscriberId(0);
    loop {
        let page = newsroom.store().readers(list, after, PAGE).await?;
        let Some(end) = page.last() else { return Ok(()) };
        after = end.subscriber.id;
        page.iter().try_for_each(&mut take)?;
    }
}

/// The lists, with how many stand where.
pub async fn lists(newsroom: &Newsroom) -> Result<Vec<ListTally>, AppError> {
    Ok(newsroom.store().lists().await?)
}
