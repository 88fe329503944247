//! Fetches the feeds that issues take items from and keeps what they have; whatever prints or sends an issue only reads
//! what is kept.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{Instant, timeout_at};

use super::links::fetcher;
use crate::app::{AppError, Newsroom};
use crate::clock::before;
use crate::dateline::IssueId;
use crate::diagnostic::Diagnostic;
use crate::intake::fetch::{Answer, FetchFault, Fetcher, Part, Version};
use crate::issue::archive::{Archive, ArchivedIssue};
use crate::issue::feed::{self, FeedItem, FeedState, Window};
use crate::issue::{self, Issue};

/// Largest feed that is read, in octets.
const LARGEST: usize = 5 << 20;

/// How far the first issue of a publication looks back.
const FIRST_LOOK_BACK: SignedDuration = SignedDuration::from_hours(31 * 24);

/// What a round of fetching did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Feeds that were asked, whatever they answered.
    pub tried: u64,
    /// Feeds that the time did not suffice for; they stay due.
    pub open: u64,
}

/// Asks the feeds that were not asked of late, for this long at most.
pub async fn fetch(newsroom: &Newsroom, deadline: Duration) -> Result<Fetched, AppError> {
    let ends = Instant::now() + deadline;
    let urls = urls(newsroom);
    let states = newsroom.store().feeds(&urls).await?;
    let now = newsroom.now();
    let known = |url: &String| states.iter().find(|state| state.url == *url).cloned();
    let due: Vec<_> = urls.iter().map(|url| (url.clone(), known(url))).collect();
    let due: Vec<_> = due.into_iter().filter(|(_, state)| state.as_ref().is_none_or(|state| state.is_due(now))).collect();
    let mut round = Fetched { tried: 0, open: due.len() as u64 };
    if due.is_empty() {
        return Ok(round);
    }
    let fetcher = Arc::new(fetcher(newsroom)?);
    let mut under_way = JoinSet::new();
    for (url, known) in due {
        let fetcher = Arc::clone(&fetcher);
        under_way.spawn(async move { ask(&fetcher, url, known, now).await });
    }
    // Running out of time is no fault: whatever is still under way ends with its set, and stays due.
    while let Ok(Some(end)) = timeout_at(ends, under_way.join_next()).await {
        let Ok((state, items)) = end else { continue };
        newsroom.store().keep_feed(state, items).await?;
        round.tried += 1;
        round.open -= 1;
    }
    Ok(round)
}

/// Joins what is kept of the feeds to an issue, and tells which of them failed.
pub(super) async fn join(newsroom: &Newsroom, issue: &mut Issue, archive: &Archive, is_out: bool) -> Result<Vec<Diagnostic>, AppError> {
    let config = newsroom.config();
    if config.feeds.is_empty() {
        return Ok(Vec::new());
    }
    let urls = urls(newsroom);
    let (states, items) = (newsroom.store().feeds(&urls).await?, newsroom.store().feed_items(&urls).await?);
    let window = Window { issue: issue.id.clone(), since: since(newsroom, issue, archive), is_out };
    let listed = issue::linked(issue);
    let chosen = feed::choose(&config.feeds, &states, &items, &window, &listed);
    feed::join(issue, &chosen, &config.house, &config.zone);
    Ok(feed::findings(&config.feeds, &states))
}

/// Has an issue keep the items that it carries, so that no other issue ever has them: called before its edition is frozen.
pub async fn carry(newsroom: &Newsroom, issue: &ArchivedIssue) -> Result<(), AppError> {
    if newsroom.config().feeds.is_empty() {
        return Ok(());
    }
    Ok(newsroom.store().carry(&issue.id, &issue.carried).await?)
}

/// Lets other issues have what a cancelled one carried, if nobody got it.
pub(super) async fn set_down(newsroom: &Newsroom, issue: &IssueId) -> Result<(), AppError> {
    let is_out = newsroom.store().back_issue(issue).await?.is_some();
    if is_out { Ok(()) } else { Ok(newsroom.store().carry(issue, &[]).await?) }
}

/// When the newest issue that is out went out; before the first one, a month before the day that this one stands for.
fn since(newsroom: &Newsroom, issue: &Issue, archive: &Archive) -> Timestamp {
    let out = archive.issues().iter().filter(|other| other.id != issue.id && !archive.is_waiting(&other.id));
    let last = out.map(|other| other.made_at.unwrap_or(other.out_at)).max();
    let first = || before(issue.bears(&newsroom.config().zone), FIRST_LOOK_BACK);
    last.unwrap_or_else(first)
}

fn urls(newsroom: &Newsroom) -> Vec<String> {
    newsroom.config().feeds.iter().map(|plan| plan.url.clone()).collect()
}

/// Asks one feed. What it had before holds if it has not changed, and also if it fails.
async fn ask(fetcher: &Fetcher, url: String, known: Option<FeedState>, now: Timestamp) -> (FeedState, Vec<FeedItem>) {
    let before = known.unwrap_or_else(|| FeedState {
        url: url.clone(),
        tried_at: now,
        known_since: None,
        fetched_at: None,
        fault: None,
        final_url: url.clone(),
        etag: None,
        last_modified: None,
    });
    let version = Version { url: before.final_url.clone(), etag: before.etag.clone(), last_modified: before.last_modified.clone() };
    let answer = fetcher.ask(&url, Part::All(LARGEST), Some(&version)).await;
    let failed = |fault: String| (FeedState { tried_at: now, fault: Some(fault), ..before.clone() }, Vec::new());
    let well = |etag, last_modified, final_url| FeedState {
        url: url.clone(),
        tried_at: now,
        known_since: before.known_since.or(Some(now)),
        fetched_at: Some(now),
        fault: None,
        final_url,
        etag,
        last_modified,
    };
    match answer {
        Ok(Answer { status: 304, .. }) if before.fetched_at.is_some() => {
            (well(before.etag.clone(), before.last_modified.clone(), before.final_url.clone()), Vec::new())
        }
        Ok(answer) if answer.status == 200 => match read(answer.body, &url, &answer.url, now).await {
            Ok(items) => (well(answer.etag, answer.last_modified, answer.url), items),
            Err(fault) => failed(fault),
        },
        Ok(answer) => failed(format!("its server answered {}", answer.status)),
        Err(FetchFault::TooLarge(most)) => failed(format!("it is larger than {} MB", most >> 20)),
        Err(fault) => failed(fault.to_string()),
    }
}

/// Reads a feed where it keeps nobody waiting. Links in it count from where it was found in the end.
async fn read(octets: Vec<u8>, url: &str, found_at: &str, now: Timestamp) -> Result<Vec<FeedItem>, String> {
    let found_at = found_at.to_owned();
    let read = spawn_blocking(move || feed::parse(&octets, &found_at, now)).await;
    let items = read.map_err(|_| feed::FeedFault::Unreadable.to_string())?.map_err(|fault| fault.to_string())?;
    Ok(items.into_iter().map(|item| FeedItem { feed: url.to_owned(), ..item }).collect())
}
