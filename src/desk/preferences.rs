//! What a reader may see and change by the preferences link in a mail: lists, name, and everything that is known of them.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::app::{AppError, Newsroom};
use crate::desk::leaving::masked;
use crate::desk::{choices, subscribers};
use crate::edition::views::ListChoiceView;
use crate::store::Reader;
use crate::subscription::token::Purpose;
use crate::subscription::{Enrolment, Evidence, Format, ListId, PersonName, Standing};

/// How long a message that is just being handed over to a reader is waited for before they are erased, and how often it
/// is asked whether it still is.
const HANDING_OVER: Duration = Duration::from_secs(5);
const A_MOMENT: Duration = Duration::from_millis(100);

/// How it stands with a reader, for the reader's eyes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wishes {
    /// The address with most of it hidden (STANDARDS T7).
    pub address: String,
    /// The name, or nothing.
    pub name: String,
    /// The lists that are open to everybody, and those that the reader is on.
    pub lists: Vec<ListChoiceView>,
    /// In which form the mail comes.
    pub format: Format,
    /// Whether we will not write to them, whatever they wish.
    pub is_suppressed: bool,
}

/// What a link opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// A reader's wishes.
    Known(Wishes),
    /// A reader's wishes as they were before: the name that was sent cannot be used, for this reason.
    Refused(Wishes, String),
    /// A reader's wishes: they cannot be erased at this moment, since a message to them is being handed over.
    Busy(Wishes),
    /// Nobody any more: the person was erased.
    Gone,
    /// The link is not one of ours.
    Unknown,
}

/// Looks at what a link opens. Changes nothing.
pub async fn look(newsroom: &Newsroom, token: &str) -> Result<Opened, AppError> {
    match bearer(newsroom, token).await? {
        Bearer::Unknown => Ok(Opened::Unknown),
        Bearer::Gone => Ok(Opened::Gone),
        Bearer::Known(reader) => Ok(Opened::Known(wishes(newsroom, &reader))),
    }
}

/// Puts a reader on those lists that are named and takes them off all others, calls them by this name, where an empty one
/// is none, and sends the mail in this form from now on, where one of ours is said. Lists that nobody could choose are
/// passed over. Either everything that was sent can be used, or nothing changes.
pub async fn save(newsroom: &Newsroom, token: &str, lists: &[&str], name: &str, format: &str) -> Result<Opened, AppError> {
    let reader = match bearer(newsroom, token).await? {
        Bearer::Known(reader) => reader,
        Bearer::Gone => return Ok(Opened::Gone),
        Bearer::Unknown => return Ok(Opened::Unknown),
    };
    let name = match name.trim() {
        "" => None,
        name => match PersonName::parse(name) {
            Ok(name) => Some(name),
            Err(fault) => return Ok(Opened::Refused(wishes(newsroom, &reader), fault.to_string())),
        },
    };
    if name != reader.subscriber.name {
        newsroom.store().rename(reader.subscriber.id, name.clone()).await?;
    }
    if let Some(format) = format.parse().ok().filter(|format| *format != reader.subscriber.format) {
        newsroom.store().send_as(reader.subscriber.id, format).await?;
    }
    for choice in wishes(newsroom, &reader).lists {
        let (is_wanted, list) = (lists.contains(&choice.id.as_str()), choice.id.parse::<ListId>());
        let Ok(list) = list else { continue };
        if is_wanted != choice.is_on {
            change(newsroom, &reader, &list, is_wanted).await?;
        }
    }
    look(newsroom, token).await
}

/// Takes a reader off every list.
pub async fn leave_all(newsroom: &Newsroom, token: &str) -> Result<Opened, AppError> {
    if let Bearer::Known(reader) = bearer(newsroom, token).await? {
        newsroom.store().unsubscribe(&reader.subscriber.address, None, evidence(), newsroom.now()).await?;
        tracing::info!(channel = "preferences", "a reader has left every list");
    }
    look(newsroom, token).await
}

/// Everything that is known of a reader, as JSON (STANDARDS C2). `None` if the link opens nothing, or nobody any more.
pub async fn export(newsroom: &Newsroom, token: &str) -> Result<Option<String>, AppError> {
    let Bearer::Known(reader) = bearer(newsroom, token).await? else { return Ok(None) };
    let dossier = newsroom.store().dossier(&reader.subscriber.address).await?;
    Ok(dossier.and_then(|dossier| serde_json::to_string_pretty(&dossier).ok()))
}

/// Erases a reader: everything but a mark that keeps the address from every list (STANDARDS C4).
pub async fn erase(newsroom: &Newsroom, token: &str) -> Result<Opened, AppError> {
    let reader = match bearer(newsroom, token).await? {
        Bearer::Known(reader) => reader,
        Bearer::Gone => return Ok(Opened::Gone),
        Bearer::Unknown => return Ok(Opened::Unknown),
    };
    let deadline = Instant::now() + HANDING_OVER;
    loop {
        match subscribers::forget(newsroom, &reader.subscriber.address).await {
            Ok(_) => {
                tracing::info!(channel = "preferences", "a reader is erased");
                return Ok(Opened::Gone);
            }
            Err(AppError::Store(fault)) if fault.is_transient() => {
                if Instant::now() >= deadline {
                    tracing::warn!(%fault, "a reader could not be erased just now");
                    return Ok(Opened::Busy(wishes(newsroom, &reader)));
                }
                sleep(A_MOMENT).await;
            }
            Err(fault) => return Err(fault),
        }
    }
}

async fn change(newsroom: &Newsroom, reader: &Reader, list: &ListId, is_wanted: bool) -> Result<(), AppError> {
    let (address, store, now) = (reader.subscriber.address.clone(), newsroom.store(), newsroom.now());
    tracing::info!(%list, is_wanted, channel = "preferences", "a reader has changed what comes");
    if is_wanted {
        let standing = Standing::Confirmed;
        store.subscribe(list, Enrolment { address, name: None, standing, since: None, evidence: evidence() }, now).await?;
    } else {
        store.unsubscribe(&address, Some(list), evidence(), now).await?;
    }
    Ok(())
}

fn evidence() -> Evidence {
    Evidence { channel: "preferences".to_owned(), detail: "the form behind the preferences link in a mail".to_owned() }
}

/// Who holds a link.
enum Bearer {
    Known(Box<Reader>),
    Gone,
    Unknown,
}

async fn bearer(newsroom: &Newsroom, token: &str) -> Result<Bearer, AppError> {
    let Ok(bearer) = newsroom.keys()?.verify(Purpose::Preferences, token) else { return Ok(Bearer::Unknown) };
    let reader = newsroom.store().visitor(bearer.subscriber).await?;
    Ok(reader.map_or(Bearer::Gone, |reader| Bearer::Known(Box::new(reader))))
}

fn wishes(newsroom: &Newsroom, reader: &Reader) -> Wishes {
    let config = newsroom.config();
    let on = |standing: Standing| standing == Standing::Confirmed;
    let theirs: BTreeSet<&ListId> = reader.subscriptions.iter().filter(|one| on(one.standing)).map(|one| &one.list).collect();
    let shown = config.lists.iter().filter(|list| config.public_lists.contains(&list.id) || theirs.contains(&list.id));
    Wishes {
        address: masked(&reader.subscriber.address),
        name: reader.subscriber.name.as_ref().map_or_else(String::new, |name| name.as_str().to_owned()),
        lists: shown.map(|list| choices::choice(newsroom, list, theirs.contains(&list.id))).collect(),
        format: reader.subscriber.format,
        is_suppressed: reader.suppressed,
    }
}
