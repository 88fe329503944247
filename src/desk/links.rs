//! Tries the links of issues and keeps what they came to; whatever prints or sends an issue only reads what is kept.

mod trying;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::check;
use crate::app::{AppError, Newsroom};
use crate::dateline::IssueId;
use crate::diagnostic::Diagnostic;
use crate::intake::fetch::{Fetcher, Manners};
use crate::issue::known_links::{LinkState, LinkStates};
use crate::issue::{self, Issue};

/// Most links that are under way at once; at the hosts themselves fewer are.
const UNDER_WAY: usize = 64;

/// How many results are kept in one go.
const KEPT_AT_ONCE: usize = 32;

/// How far the trying has come; read it as often as you like.
#[derive(Debug, Default)]
pub struct Progress {
    tried: AtomicU64,
    total: AtomicU64,
}

impl Progress {
    /// Links tried so far.
    pub fn tried(&self) -> u64 {
        self.tried.load(Ordering::Relaxed)
    }

    /// Links to try.
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }
}

/// What a round of trying did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LookedUp {
    /// Links that were tried; what they came to is kept.
    pub tried: u64,
    /// Links that the time did not suffice for; they stay due.
    pub open: u64,
}

/// Tries the links of the issues named, or of all that are not out, as far as what is kept of them is not fresh, for
/// this long at most. Does nothing where the settings say that links are not tried.
pub async fn look_up(newsroom: &Newsroom, ids: &[IssueId], deadline: Duration, progress: &Progress) -> Result<LookedUp, AppError> {
    if !newsroom.config().links.check {
        return Ok(LookedUp::default());
    }
    let ends = Instant::now() + deadline;
    let due = due(newsroom, ids).await?;
    let total = due.len() as u64;
    progress.total.store(total, Ordering::Relaxed);
    if due.is_empty() {
        return Ok(LookedUp::default());
    }
    let mut round = Round { newsroom, fetcher: Arc::new(fetcher(newsroom)?), fresh: Vec::new(), tried: 0, progress };
    // Running out of time is no fault: whatever is still under way ends with the future, and stays due.
    let within = timeout_at(ends, round.run(due)).await;
    round.keep().await?;
    within.unwrap_or(Ok(()))?;
    Ok(LookedUp { tried: round.tried, open: total - round.tried })
}

/// Has an issue learn what is kept of its links.
pub(super) async fn learn(newsroom: &Newsroom, issue: &mut Issue) -> Result<Vec<Diagnostic>, AppError> {
    let config = newsroom.config();
    if !config.links.check {
        return Ok(Vec::new());
    }
    let addresses = issue::addresses(issue, &config.house.base_url);
    let states: LinkStates = newsroom.store().known_links(&addresses).await?.into_iter().collect();
    Ok(issue::learn(issue, &states))
}

/// Whoever asks other people's servers on behalf of this newsroom.
pub(super) fn fetcher(newsroom: &Newsroom) -> Result<Fetcher, AppError> {
    let config = newsroom.config();
    let authorities = match &config.links.ca_file {
        Some(file) => Some(std::fs::read(file).map_err(AppError::io("read the certificates in", file))?),
        None => None,
    };
    let manners =
        Manners { allow: config.links.allow.clone(), timeout: config.links.timeout, authorities, ..Manners::of(&config.house.base_url) };
    Ok(Fetcher::new(manners)?)
}

/// A link to try, and what is kept of it.
struct Due {
    url: String,
    known: Option<LinkState>,
}

/// What is to be tried: first what never was, then what was tried longest ago.
async fn due(newsroom: &Newsroom, ids: &[IssueId]) -> Result<Vec<Due>, AppError> {
    let report = check::check(newsroom, ids).await?;
    let base_url = &newsroom.config().house.base_url;
    let mut seen = HashSet::new();
    let mut urls: Vec<String> = Vec::new();
    for issue in report.issues.iter().filter_map(|checked| checked.issue.as_ref()) {
        urls.extend(issue::addresses(issue, base_url).into_iter().filter(|url| seen.insert(url.clone())));
    }
    let known: LinkStates = newsroom.store().known_links(&urls).await?.into_iter().collect();
    let now = newsroom.now();
    let mut due: Vec<Due> = urls.into_iter().map(|url| Due { known: known.of(&url).cloned(), url }).collect();
    due.retain(|due| due.known.as_ref().is_none_or(|state| state.is_due(now)));
    due.sort_by_key(|due| due.known.as_ref().map(|state| state.tried_at));
    Ok(due)
}

/// One round of trying.
struct Round<'a> {
    newsroom: &'a Newsroom,
    fetcher: Arc<Fetcher>,
    /// Tried and not kept yet.
    fresh: Vec<LinkState>,
    tried: u64,
    progress: &'a Progress,
}

impl Round<'_> {
    async fn run(&mut self, due: Vec<Due>) -> Result<(), AppError> {
        let mut waiting = due.into_iter();
        let mut under_way = JoinSet::new();
        loop {
            while under_way.len() < UNDER_WAY
                && let Some(Due { url, known }) = waiting.next()
            {
                let (fetcher, now) = (Arc::clone(&self.fetcher), self.newsroom.now());
                under_way.spawn(async move { trying::tried(&fetcher, &url, known.as_ref(), now).await });
            }
            let Some(state) = under_way.join_next().await else { return Ok(()) };
            // A try that broke off tells nothing; its link stays due.
            let Ok(state) = state else { continue };
            self.fresh.push(state);
            self.tried += 1;
            self.progress.tried.store(self.tried, Ordering::Relaxed);
            if self.fresh.len() >= KEPT_AT_ONCE {
                self.keep().await?;
            }
        }
    }

    async fn keep(&mut self) -> Result<(), AppError> {
        if !self.fresh.is_empty() {
            // Given away only once they are kept: the time may run out in between.
            self.newsroom.store().keep_links(self.fresh.clone()).await?;
            self.fresh.clear();
        }
        Ok(())
    }
}
