//! Why a mailing does not go on although nothing is wrong with the machine: what is paused, and a canary that fell.

use crate::app::{AppError, Newsroom};
use crate::desk::account::{self, Paused};
use crate::mailing::settle::Judgement;
use crate::mailing::{Mailing, MailingId, Scope};
use crate::store::Waiting;

/// Most reasons that are looked at: a canary is small.
const REASONS: usize = 1000;

/// Why something is left although nothing is due: the pauses that only a person ends, and how.
pub(super) async fn what_holds_back(newsroom: &Newsroom, mailing: &Mailing, waiting: &[Waiting]) -> Result<Option<String>, AppError> {
    let now = newsroom.now();
    let left: Vec<&Waiting> = waiting.iter().filter(|waits| waits.queued > 0 || waits.next_due.is_some_and(|due| due <= now)).collect();
    let holds = |paused: &Paused| match &paused.scope {
        Scope::Provider(provider) => left.iter().any(|waits| waits.provider == *provider),
        Scope::Mailing(_) => true,
        Scope::Relay(_) => !left.is_empty(),
    };
    let pauses = account::pauses(newsroom, Some(mailing)).await?;
    let held: Vec<String> = pauses
        .iter()
        .filter(|paused| paused.pause.slow_to.is_none() && paused.pause.until.is_none() && holds(paused))
        .map(|paused| format!("{} is paused: {}; `{}` lets it go on", paused.what, paused.pause.reason, paused.remedy))
        .collect();
    Ok((!held.is_empty()).then(|| held.join("; ")))
}

/// How the canary fell, if more of it was turned away for policy than the breaker allows. The share is that of those who
/// were tried: the canary is small, and meant to tell of the many after it.
pub(super) async fn how_the_canary_fell(newsroom: &Newsroom, mailing: MailingId) -> Result<Option<String>, AppError> {
    let rules = newsroom.config().breaker;
    let tally = newsroom.store().tally(mailing).await?;
    let tried = tally.accepted + tally.refused + tally.expired + tally.deferred;
    let reasons = newsroom.store().reasons(mailing, REASONS).await?;
    let blocked: u64 = reasons.iter().filter(|reason| reason.judgement == Judgement::Block).map(|reason| reason.many).sum();
    let fell = rules.is_on && blocked * 1000 > u64::from(rules.block) * tried;
    Ok(fell.then(|| format!("of the first {tried} readers, {blocked} were turned away for policy")))
}
