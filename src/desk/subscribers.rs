//! Readers in and out: one by one, by the roll, and everything that is known of one of them.

use std::path::Path;

use crate::app::{AppError, Newsroom};
use crate::store::{Dossier, Enrolled, ListTally, Reader};
use crate::subscription::roll::{self, Roll};
use crate::subscription::{EmailAddress, Enrolment, Evidence, ListId, PersonName, Standing, SubscriberId};

/// How many readers a page of the store holds.
const PAGE: usize = 1000;

/// What an import did, or would do.
#[derive(Debug)]
pub struct Import {
    /// The roll as it was read.
    pub roll: Roll,
    /// One outcome for each entry of the roll; none for a dry run.
    pub outcomes: Vec<Enrolled>,
}

impl Import {
    /// How many entries came out so.
    pub fn count(&self, outcome: Enrolled) -> usize {
        self.outcomes.iter().filter(|other| **other == outcome).count()
    }
}

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

/// Enters a roll on a list: all of it in one transaction, or, for a dry run, nothing.
pub async fn import(newsroom: &Newsroom, file: &Path, list: &ListId, assume: Option<Standing>, dry_run: bool) -> Result<Import, AppError> {
    let octets = std::fs::read(file).map_err(AppError::io("read", file))?;
    let name = file.file_name().map_or_else(|| file.display().to_string(), |name| name.to_string_lossy().into_owned());
    let roll = roll::read(&octets, &name, assume).map_err(|fault| AppError::Refused(format!("{name}: {fault}")))?;
    if dry_run {
        return Ok(Import { roll, outcomes: Vec::new() });
    }
    let enrolments: Vec<Enrolment> = roll.entries.iter().map(|entry| entry.enrolment.clone()).collect();
    let outcomes = newsroom.store().enrol(list, enrolments, newsroom.now()).await?;
    Ok(Import { roll, outcomes })
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

/// All that is known of an address.
pub async fn show(newsroom: &Newsroom, address: &EmailAddress) -> Result<Dossier, AppError> {
    let found = newsroom.store().dossier(address).await?;
    found.ok_or_else(|| AppError::Refused(format!("{address} is not known here")))
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
