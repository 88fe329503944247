//! A hand lent to another node that drives a mailing: this one claims and sends of the same, and leaves its end, its report
//! and every word about it to the other.

use std::sync::Arc;

use super::{Progress, frozen, rounds};
use crate::app::{AppError, Newsroom};
use crate::dateline::IssueId;
use crate::mailing::Mailing;
use crate::store::{Duty, Recovered, Wave};

/// The mailing that another node drives and that has something to do for more: not before its canary's time is over.
pub async fn wanted(newsroom: &Newsroom) -> Result<Option<IssueId>, AppError> {
    if newsroom.attendance().other_with(Duty::Sending).is_none() || !newsroom.attendance().may_act() {
        return Ok(None);
    }
    let (store, now) = (newsroom.store(), newsroom.now());
    for mailing in store.mailings().await? {
        if !is_open(newsroom, &mailing) {
            continue;
        }
        let_go(newsroom, &mailing).await?;
        let waiting = store.waiting(mailing.id, Wave::Rest).await?;
        if waiting.iter().any(|waits| waits.queued > 0 || waits.next_due.is_some_and(|due| due <= now)) {
            return Ok(Some(mailing.issue));
        }
    }
    Ok(None)
}

/// Gives back what stands in the ledger as ours while no run of this node has anything in its hands. There is none, unless the database
/// has lost its last commits, as a replica has that was promoted: whoever drives the mailing would wait for it for ever.
async fn let_go(newsroom: &Newsroom, mailing: &Mailing) -> Result<(), AppError> {
    let (Some(nodes), Some(_turn)) = (newsroom.store().shared(), newsroom.attendance().allotment().free_turn()) else { return Ok(()) };
    if nodes.holds(mailing.id).await? {
        let recovered = newsroom.store().take_up(mailing.id, newsroom.boot(), newsroom.config().on_doubt, newsroom.now()).await?;
        if recovered != Recovered::default() {
            let Recovered { claimed, doubtful } = recovered;
            tracing::warn!(issue = %mailing.issue, claimed, doubtful, "the database has forgotten what became of these: they are taken up anew");
        }
    }
    Ok(())
}

/// Lends a hand until nothing of it is due any more. Returns why it ends before that.
pub async fn lend(newsroom: &Newsroom, issue: &IssueId, progress: &Arc<Progress>) -> Result<Option<String>, AppError> {
    let mailing = newsroom.store().mailing(issue).await?;
    let Some(mailing) = mailing.filter(|mailing| is_open(newsroom, mailing)) else { return Ok(None) };
    let edition = frozen(newsroom, &mailing).await?;
    tracing::info!(%issue, "lending a hand");
    let halt = rounds::help(newsroom, &mailing, &edition, progress).await?;
    tracing::info!(%issue, settled = progress.settled(), "the hand is taken back");
    Ok(halt.map(|halt| halt.reason))
}

/// Whether there may be something to do for more than one node.
pub(super) fn is_open(newsroom: &Newsroom, mailing: &Mailing) -> bool {
    let is_the_rests_turn = !mailing.is_canaried || mailing.canary_until.is_some_and(|until| until <= newsroom.now());
    mailing.finished_at.is_none() && mailing.cancelled_at.is_none() && mailing.paused.is_none() && is_the_rests_turn
}
