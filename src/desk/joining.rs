//! Joining: a form, a letter with a button behind its link, and a welcome (STANDARDS C1 to C3, L7, L15, T9, T10).

use std::net::IpAddr;
use std::sync::Arc;

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use jiff::{SignedDuration, Timestamp};

use super::leaving::masked;
use super::notice::{self, Notice};
use super::report::in_words;
use super::telling::Told;
use super::{letters, stamps};
use crate::app::{AppError, Newsroom};
use crate::clock::before;
use crate::edition::views::{ConfirmLetterView, WelcomeLetterView};
use crate::edition::{self, Sheets};
use crate::mailing::letter::Letter;
use crate::store::{Admitted, Asking, Caps, Joining};
use crate::subscription::token::{Bearer, Keys, Purpose};
use crate::subscription::{EmailAddress, Evidence, List, ListId, PersonName, SubscriberId};

/// What one agrees to; it stands on the form and is kept with every consent. A change makes another version by itself.
pub const CONSENT: &str = "Mail me what I have ticked, and keep my address for that. \
                           I can leave at any time by the link in every mail.";

/// How long a request waits to be confirmed; then it is erased (STANDARDS C1).
const WAITS: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long it is remembered, by hashes, that letters were asked for.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Nobody fills in a form sooner than this after it was shown, and few later.
const SHORTEST: SignedDuration = SignedDuration::from_secs(2);
const LONGEST: SignedDuration = SignedDuration::from_hours(24);
/// What the stamps on this form are for.
const FORM: &str = "join";

/// What somebody wrote into the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written<'a> {
    /// The address.
    pub address: &'a str,
    /// The name, or nothing.
    pub name: &'a str,
    /// The ids of the lists that were ticked.
    pub lists: &'a [&'a str],
    /// The stamp that the form was shown with.
    pub stamp: &'a str,
    /// From where it came.
    pub from: IpAddr,
}

/// What is answered to a form. It depends on nothing but the form (STANDARDS T10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Whoever has that mailbox will know more.
    Taken,
    /// The form was not shown by us, just now, or so long ago: it is to be shown again as it was filled in.
    Again,
    /// Something in it cannot be used.
    Refused(Faults),
}

/// Why each part of a form cannot be used, where it cannot; all of it is told at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// The address.
    pub address: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The lists.
    pub lists: Option<String>,
}

/// The lists that anybody may join.
pub fn open_lists(newsroom: &Newsroom) -> Vec<&List> {
    let config = newsroom.config();
    config.lists.iter().filter(|list| config.public_lists.contains(&list.id)).collect()
}

/// A stamp for a form that is shown now.
pub fn stamp(newsroom: &Newsroom) -> Result<String, AppError> {
    Ok(stamps::stamp(&newsroom.keys()?, FORM, newsroom.now()))
}

/// Takes a form. What there is to do is done after the answer, so that the answer and its time tell nothing of who is known
/// here.
pub fn take(newsroom: &Arc<Newsroom>, written: &Written<'_>) -> Result<Answer, AppError> {
    let (address, name, lists) = match read(newsroom, written) {
        Ok(read) => read,
        Err(faults) => return Ok(Answer::Refused(faults)),
    };
    let (keys, now) = (newsroom.keys()?, newsroom.now());
    let age = stamps::age(&keys, FORM, written.stamp, now);
    if age.is_none_or(|age| age < SHORTEST || age > LONGEST) {
        return Ok(Answer::Again);
    }
    let marks =
        [mark(&keys, "address", &address.key()), mark(&keys, "network", &network(written.from)), mark(&keys, "domain", address.domain())];
    let version = HEXLOWER.encode(digest::digest(&digest::SHA256, CONSENT.as_bytes()).as_ref().get(..6).unwrap_or_default());
    let detail = format!("the form at {}; consent text {version}: {CONSENT}", form_url(newsroom));
    let asking = Asking { address, name, lists, detail, marks };
    let newsroom = Arc::clone(newsroom);
    tokio::spawn(async move {
        if let Err(fault) = ask(&newsroom, asking).await {
            tracing::error!(%fault, "a request to join was lost");
        }
    });
    Ok(Answer::Taken)
}

fn read(newsroom: &Newsroom, written: &Written<'_>) -> Result<(EmailAddress, Option<PersonName>, Vec<ListId>), Faults> {
    let address = EmailAddress::parse(written.address);
    let name = Some(written.name.trim()).filter(|name| !name.is_empty()).map(PersonName::parse).transpose();
    let open = open_lists(newsroom).into_iter().filter(|list| written.lists.contains(&list.id.as_str()));
    let lists: Vec<ListId> = open.map(|list| list.id.clone()).collect();
    match (address, name) {
        (Ok(address), Ok(name)) if !lists.is_empty() => Ok((address, name, lists)),
        (address, name) => Err(Faults {
            address: address.err().map(|fault| fault.to_string()),
            name: name.err().map(|fault| fault.to_string()),
            lists: lists.is_empty().then(|| "nothing is ticked; choose what you want to get".to_owned()),
        }),
    }
}

async fn ask(newsroom: &Newsroom, asking: Asking) -> Result<(), AppError> {
    // Whoever was erased by another program since we were opened is to be known too.
    newsroom.seal_store()?;
    let (now, address, lists) = (newsroom.now(), asking.address.clone(), asking.lists.clone());
    let within = |hours| before(now, SignedDuration::from_hours(hours));
    let most = newsroom.config().caps;
    let caps = Caps {
        address: [(within(24), most.address_per_day), (within(30 * 24), most.address_per_month)],
        network: (within(1), most.network_per_hour),
        domain: (within(1), most.domain_per_hour),
        whole: (within(1), most.per_hour),
    };
    let mark = asking.marks[0].clone();
    let (id, about) = match newsroom.store().ask(asking, caps, now).await? {
        Admitted::Waits(id) => (Some(id), format!("joining {id}")),
        Admitted::Subscribed => (None, format!("asked {now}")),
        Admitted::Suppressed => return Ok(()),
        Admitted::TooMany("whole") => return alarm(newsroom, now).await,
        Admitted::TooMany(cap) => {
            // Whoever asks so often could fill the log as well.
            tracing::debug!(cap, "more letters are asked for than we send: nothing was sent");
            return Ok(());
        }
    };
    let token = id.map(|id| newsroom.keys().map(|keys| keys.sign(Purpose::Confirm, seat(id)).url())).transpose()?;
    let url = token.map(|token| format!("{}/confirm/{token}", newsroom.config().house.base_url));
    let sheets = confirmation(newsroom, &lists, now, url)?;
    let posted = post(newsroom, "confirm", about, address, sheets).await;
    if !matches!(posted, Ok(1)) {
        // Nobody has got anything, so it is as if nobody had asked: another try must not find the cap.
        newsroom.store().unask(&mark, id, now).await?;
    }
    posted.map(drop)
}

/// Tells operators, once a day, that so many letters are asked for that whoever comes now gets none (STANDARDS T9).
async fn alarm(newsroom: &Newsroom, now: Timestamp) -> Result<(), AppError> {
    const DAY: i64 = 24 * 60 * 60;
    let since = Timestamp::from_second(now.as_second() - now.as_second().rem_euclid(DAY)).unwrap_or(now);
    let mark = format!("joining: all letters of the hour, {since}");
    if !newsroom.store().first_time(&mark, now).await? {
        return Ok(());
    }
    tracing::warn!("so many letters of confirmation are asked for that no more are sent within this hour");
    let most = newsroom.config().caps.per_hour;
    let reason = format!(
        "{most} letters of confirmation were asked for by the subscribe form within an hour, and whoever asks now gets none; \
         somebody may be abusing the form, or `per_hour` in [web.caps] is too low"
    );
    let told = notice::tell(newsroom, &Notice::Trouble { reason, since }).await;
    if !told.as_ref().is_ok_and(Told::is_done) {
        // Whoever asks next tries again.
        newsroom.store().forget(&mark).await?;
    }
    told.map(drop)
}

fn confirmation(newsroom: &Newsroom, lists: &[ListId], now: Timestamp, url: Option<String>) -> Result<Sheets, AppError> {
    let config = newsroom.config();
    let view = ConfirmLetterView {
        publication: config.imprint.publication.clone(),
        lists: names(newsroom, lists),
        asked: in_words(now, &config.zone),
        page: form_url(newsroom),
        url,
        days: 7,
    };
    edition::confirmation(&view, newsroom.press()).map_err(|fault| AppError::Faulty(vec![*fault]))
}

async fn post(newsroom: &Newsroom, kind: &'static str, about: String, to: EmailAddress, sheets: Sheets) -> Result<u64, AppError> {
    let Sheets { subject, text, html } = sheets;
    letters::post(newsroom, vec![Letter { to, name: None, kind, about, subject, text, html }]).await
}

/// What a confirmation link opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// A request that waits: the address with most of it hidden, and the names of the lists.
    Waits(String, Vec<String>),
    /// One that was confirmed, and the names of the lists.
    Done(Vec<String>),
    /// None: never made, or longer ago than a week.
    Unknown,
}

/// Looks at what a confirmation link opens. Changes nothing (STANDARDS L7).
pub async fn look(newsroom: &Newsroom, token: &str) -> Result<Opened, AppError> {
    let Some((_, joining)) = joining(newsroom, token).await? else { return Ok(Opened::Unknown) };
    let lists = names(newsroom, &joining.lists);
    Ok(joining.address.map_or_else(|| Opened::Done(lists.clone()), |address| Opened::Waits(masked(&address), lists.clone())))
}

/// Confirms a request, once, and welcomes who made it.
pub async fn confirm(newsroom: &Arc<Newsroom>, token: &str) -> Result<Opened, AppError> {
    let Some((id, Joining { address: Some(address), lists, detail, asked_at, .. })) = joining(newsroom, token).await? else {
        return look(newsroom, token).await;
    };
    newsroom.seal_store()?;
    let now = newsroom.now();
    let evidence = Evidence {
        channel: "form".to_owned(),
        detail: format!("asked at {asked_at} by {detail} Confirmed by the link in letter `joining {id}`"),
    };
    if newsroom.store().join(id, before(now, WAITS), evidence, now).await? {
        tracing::info!(lists = lists.len(), "a reader has joined");
        let newsroom = Arc::clone(newsroom);
        tokio::spawn(async move {
            if let Err(fault) = welcome(&newsroom, id, address, &lists).await {
                tracing::error!(%fault, "a reader could not be welcomed");
            }
        });
    }
    look(newsroom, token).await
}

async fn welcome(newsroom: &Newsroom, id: i64, address: EmailAddress, lists: &[ListId]) -> Result<(), AppError> {
    let config = newsroom.config();
    let (latest, base) = (newsroom.store().back_issues().await?.pop(), &config.house.base_url);
    let reader = newsroom.store().joining(id, Timestamp::MIN).await?.and_then(|joining| joining.subscriber);
    let numbered = newsroom.store().numbered_lists().await?;
    let number = numbered.iter().find(|(_, list)| lists.first() == Some(&list.id)).map(|(number, _)| *number);
    let (Some(subscriber), Some(list_number)) = (reader, number) else { return Ok(()) };
    let preferences = newsroom.keys()?.sign(Purpose::Preferences, Bearer { subscriber, list_number }).url();
    let view = WelcomeLetterView {
        publication: config.imprint.publication.clone(),
        lists: names(newsroom, lists),
        latest: latest.as_ref().map(|issue| issue.title.clone()),
        latest_url: latest.as_ref().map(|issue| format!("{base}/issues/{}", issue.id)),
        preferences_url: format!("{base}/preferences/{preferences}"),
    };
    let sheets = edition::welcome(&view, newsroom.press()).map_err(|fault| AppError::Faulty(vec![*fault]))?;
    post(newsroom, "welcome", format!("joining {id}"), address, sheets).await.map(drop)
}

/// Erases requests that nobody has confirmed in time.
pub async fn tidy(newsroom: &Newsroom) -> Result<(), AppError> {
    let now = newsroom.now();
    Ok(newsroom.store().forget_joinings(before(now, WAITS), before(now, REMEMBERED)).await?)
}

async fn joining(newsroom: &Newsroom, token: &str) -> Result<Option<(i64, Joining)>, AppError> {
    let Ok(bearer) = newsroom.keys()?.verify(Purpose::Confirm, token) else { return Ok(None) };
    let id = bearer.subscriber.0;
    let found = newsroom.store().joining(id, before(newsroom.now(), WAITS)).await?;
    Ok(found.filter(|_| bearer == seat(id)).map(|joining| (id, joining)))
}

/// A confirmation link names a request where others name a subscriber, and no list.
fn seat(id: i64) -> Bearer {
    Bearer { subscriber: SubscriberId(id), list_number: 0 }
}

fn names(newsroom: &Newsroom, lists: &[ListId]) -> Vec<String> {
    newsroom.config().lists.iter().filter(|list| lists.contains(&list.id)).map(|list| list.name.clone()).collect()
}

fn form_url(newsroom: &Newsroom) -> String {
    format!("{}/subscribe", newsroom.config().house.base_url)
}

/// A word for somebody that nobody can read back without our oldest key.
fn mark(keys: &Keys, kind: &str, word: &str) -> String {
    HEXLOWER.encode(&keys.steady_mac("asking", &[kind.as_bytes(), b"\0", word.as_bytes()]))
}

/// An address of version 4, or the half of one of version 6 that names the network (STANDARDS T9).
fn network(from: IpAddr) -> String {
    match from.to_canonical() {
        IpAddr::V4(from) => from.to_string(),
        IpAddr::V6(from) => format!("{:x?}", from.segments().get(..4).unwrap_or_default()),
    }
}
