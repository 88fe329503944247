//! What became of a mailing, by provider and reason, and what there is to do about it.

use jiff::Timestamp;
use serde::Serialize;

use super::deliveries::mailing;
use crate::app::{AppError, Newsroom};
use crate::dateline::IssueId;
use crate::mailing::{Pause, ProviderId};
use crate::store::{Reason, Tally};

/// What became of a mailing.
#[derive(Debug, Clone, Serialize)]
pub struct Account {
    /// Which issue.
    pub issue: IssueId,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it came to rest.
    pub finished_at: Option<Timestamp>,
    /// When it was cancelled, if it was.
    pub cancelled_at: Option<Timestamp>,
    /// All deliveries.
    pub tally: Tally,
    /// Those of each provider, the most readers first.
    pub providers: Vec<Share>,
    /// Why messages were not accepted at once, the most frequent first.
    pub reasons: Vec<Reason>,
    /// What is paused and concerns this mailing.
    pub pauses: Vec<Paused>,
    /// What to do, in sentences.
    pub advice: Vec<String>,
}

/// One provider's part of a mailing.
#[derive(Debug, Clone, Serialize)]
pub struct Share {
    /// Which.
    pub provider: ProviderId,
    /// Its deliveries.
    pub tally: Tally,
}

/// A pause, and what it is about.
#[derive(Debug, Clone, Serialize)]
pub struct Paused {
    /// What, in words.
    pub what: String,
    /// The command that ends it.
    pub remedy: String,
    /// The pause.
    #[serde(flatten)]
    pub pause: Pause,
}

/// The account of an issue's mailing, as far as the store tells of it: the whole, not yet by provider and reason.
pub async fn account(newsroom: &Newsroom, issue: &IssueId) -> Result<Account, AppError> {
    let mailing = mailing(newsroom, issue).await?;
    let tally = newsroom.store().tally(mailing.id).await?;
    Ok(Account {
        issue: mailing.issue,
        opened_at: mailing.opened_at,
        finished_at: mailing.finished_at,
        cancelled_at: None,
        tally,
        providers: Vec::new(),
        reasons: Vec::new(),
        pauses: Vec::new(),
        advice: Vec::new(),
    })
}
