//! Readers in and out: one by one, by the roll, and everything that is known of one of them.

use crate::app::{AppError, Newsroom};
use crate::store::{Dossier, Enrolled, ListTally, Reader, Registered, Suppression};
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

/// Takes a reader off a list, or off all.
pub async fn remove(newsroom: &Newsroom, address: &EmailAddress, list: Option<&ListId>) -> Result<Vec<ListId>, AppError> {
    let evidence = Evidence { channel: "command".to_owned(), detail: "masthead subscribers remove".to_owned() };
    Ok(newsroom.store().unsubscribe(address, list, evidence, newsroom.now()).await?)
}

/// All that is known of an address, and why it is suppressed if it is: also one that is no reader's.
pub async fn show(newsroom: &Newsroom, address: &EmailAddress) -> Result<(Option<Dossier>, Option<Suppression>), AppError> {
    let found = newsroom.store().dossier(address).await?;
    let suppression = newsroom.store().suppression(address).await?;
    if found.is_none() && suppression.is_none() {
        return Err(AppError::Refused(format!("{address} is not known here")));
    }
    Ok((found, suppression))
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

/// Hands every suppression to `take`.
pub async fn each_suppression(
    newsroom: &Newsroom,
    mut take: impl FnMut(&EmailAddress, &Suppression) -> Result<(), AppError>,
) -> Result<(), AppError> {
    let mut after = String::new();
    loop {
        let page = newsroom.store().suppressions(&after, PAGE).await?;
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
