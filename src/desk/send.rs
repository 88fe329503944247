//! Sends an issue: opens its mailing or takes it up again, and drives it until nothing is due any more.

mod dispatch;
mod dry_run;
pub(super) mod fleet;
mod holding;
pub mod lending;
mod opening;
mod progress;
mod providers;
mod roster;
mod rounds;
mod sharing;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::deliveries::mailing as mailing_of;
use super::report;
use super::{adopt, cataloguing};
use crate::app::{AppError, Newsroom};
use crate::dateline::IssueId;
use crate::edition::Edition;
use crate::mailing::Mailing;
use crate::mailing::compose::Composer;
use crate::store::{Recovered, Tally};
use crate::subscription::{List, ListId};

pub use dry_run::dry_run;
pub use progress::Progress;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Request {
    /// Which issue.
    pub issue: IssueId,
    /// Even though its `publish_at` has not come.
    pub now: bool,
    /// How long to stay for deferred deliveries when nothing else is left.
    pub wait: Duration,
    /// Also to those who joined this list at or after this moment.
    pub joined: Option<(ListId, Timestamp)>,
    /// If the mailing is to be opened: with this edition, as editors were shown it, whatever is in the folder now.
    pub edition: Option<String>,
}

/// How a run ended.
#[derive(Debug)]
pub struct Report {
    /// The mailing.
    pub mailing: Mailing,
    /// Whether this run opened it.
    pub is_new: bool,
    /// What a dead run had left.
    pub recovered: Recovered,
    /// The ledger now.
    pub tally: Tally,
    /// Why the run stopped before its time, in words.
    pub halted: Option<String>,
    /// Whether everything is at rest and the issue is in the archive.
    pub is_finished: bool,
    /// Why those who are to be told of it could not be, if they could not.
    pub unreported: Option<String>,
}

/// Why a run ends before its time.
struct Halt {
    reason: String,
    /// Whether operators are told by mail; not of what they have asked for.
    is_news: bool,
}

/// Sends an issue, or takes up a mailing that was broken off. If it has gone out, nothing is sent.
pub async fn send(newsroom: &Newsroom, request: &Request, progress: &Arc<Progress>) -> Result<Report, AppError> {
    adopt::must_be_at_home(newsroom).await?;
    let held = newsroom.hold().await?;
    let report = drive(newsroom, request, progress).await;
    held.release().await;
    report
}

async fn drive(newsroom: &Newsroom, request: &Request, progress: &Arc<Progress>) -> Result<Report, AppError> {
    let store = newsroom.store();
    if let Some((list, _)) = &request.joined {
        opening::must_be_known(newsroom, list)?;
    }
    let (mut mailing, is_new) = match store.mailing(&request.issue).await? {
        Some(mailing) => (mailing, false),
        None => opening::open(newsroom, request).await?,
    };
    if let Some((list, since)) = &request.joined {
        mailing = opening::extend(newsroom, mailing, list, *since).await?;
    }
    if mailing.finished_at.is_some() {
        let tally = store.tally(mailing.id).await?;
        return Ok(Report { mailing, is_new, recovered: Recovered::default(), tally, halted: None, is_finished: true, unreported: None });
    }
    let edition = frozen(newsroom, &mailing).await?;
    let recovered = store.take_up(mailing.id, newsroom.boot(), newsroom.config().on_doubt, newsroom.now()).await?;
    tracing::info!(issue = %mailing.issue, edition = %mailing.edition, is_new, "mailing under way");
    let halt = match &mailing.paused {
        Some(pause) => Some(Halt { reason: pause.reason.clone(), is_news: false }),
        None => rounds::drive(newsroom, &mailing, &edition, request.wait, progress).await?,
    };
    let is_finished = store.finish(mailing.id, newsroom.now()).await?;
    if is_finished {
        cataloguing::try_to_catch_up(newsroom).await;
    }
    // As others have left it meanwhile.
    let mailing = mailing_of(newsroom, &request.issue).await?;
    let tally = store.tally(mailing.id).await?;
    tracing::info!(issue = %mailing.issue, accepted = tally.accepted, open = tally.open(), is_finished, "run ended");
    let is_news = halt.as_ref().is_some_and(|halt| halt.is_news);
    let halted = halt.filter(|_| !is_finished).map(|halt| in_words(&mailing, halt));
    let mut unreported = None;
    if is_finished || is_news {
        unreported = report::tell(newsroom, &mailing.issue, halted.as_deref()).await;
    }
    Ok(Report { mailing, is_new, recovered, tally, halted, is_finished, unreported })
}

/// Why it ends, and what lets it go on where a person has to.
fn in_words(mailing: &Mailing, halt: Halt) -> String {
    match &mailing.paused {
        Some(pause) => format!("it is paused: {}; `masthead resume {}` lets it go on", pause.reason, mailing.issue),
        None => halt.reason,
    }
}

async fn frozen(newsroom: &Newsroom, mailing: &Mailing) -> Result<Edition, AppError> {
    let edition = newsroom.store().edition(&mailing.edition).await?;
    edition.ok_or_else(|| AppError::Refused(format!("the store has lost the edition of {}", mailing.issue)))
}

/// What composes this newsroom's messages. It knows all lists of the store: a reader may be owed mail on account of one
/// that is not configured any more.
pub(super) async fn composer(newsroom: &Newsroom, edition: &Edition) -> Result<Composer, AppError> {
    let lists: Vec<List> = newsroom.store().lists().await?.into_iter().map(|tally| tally.list).collect();
    Ok(Composer::new(edition, &lists, newsroom.keys()?).signed_by(newsroom.signer()?))
}
