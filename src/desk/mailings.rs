//! An operator's word about a mailing: pause it, let it go on, end it, or try again those who were refused.

use std::time::Duration;

use crate::app::{AppError, Held, Newsroom};
use crate::dateline::IssueId;
use crate::desk::deliveries::mailing;
use crate::desk::{feeds, hold, report};
use crate::mailing::{Mailing, Pause, ProviderId, Scope};

/// How often a cancelled mailing's run is looked at until it has ended, and how long after each other.
const LOOKS: u32 = 100;
const LOOK: Duration = Duration::from_millis(50);

/// What is to be paused or to go on.
#[derive(Debug, Clone)]
pub enum Whom {
    /// The mailing of an issue.
    Issue(IssueId),
    /// Everything to one provider.
    Provider(ProviderId),
    /// One relay.
    Relay(String),
}

/// Pauses until a person says otherwise. A run at work stops within a second or two, with nothing left in flight.
pub async fn pause(newsroom: &Newsroom, whom: &Whom, reason: String) -> Result<(), AppError> {
    if let Whom::Issue(issue) = whom
        && mailing(newsroom, issue).await?.finished_at.is_some()
    {
        return Err(AppError::Refused(format!("{issue} is out: nothing of it is left to pause")));
    }
    let pause = Pause { since: newsroom.now(), until: None, reason, slow_to: None };
    Ok(newsroom.store().pause(&scope(newsroom, whom).await?, pause).await?)
}

/// Ends a pause, whoever began it: a person, a breaker, or what a provider said; of an issue whose mailing is not open yet,
/// the hold. `false` if there was none.
pub async fn resume(newsroom: &Newsroom, whom: &Whom) -> Result<bool, AppError> {
    if let Whom::Issue(issue) = whom
        && hold::lift(newsroom, issue).await?
    {
        return Ok(true);
    }
    Ok(newsroom.store().resume(&scope(newsroom, whom).await?).await?)
}

/// Ends a mailing: those who have not had the issue will not get it. Returns how many they are. A run at work stops and
/// closes the mailing; if there is none, this does, and tells the operators.
pub async fn cancel(newsroom: &Newsroom, issue: &IssueId) -> Result<u64, AppError> {
    let id = cancellable(newsroom, issue).await?.id;
    let withheld = newsroom.store().cancel(id, newsroom.now()).await?;
    let presence = newsroom.attend().await?;
    let closed = match alone(newsroom).await {
        Ok(Some(held)) => {
            let closed = close(newsroom, issue).await;
            held.release().await;
            closed
        }
        Ok(None) => Ok(()),
        Err(fault) => Err(fault),
    };
    presence.leave().await;
    closed.map(|()| withheld)
}

/// Whether an issue has no mailing yet, so that it is held or let go and not paused.
pub async fn is_unopened(newsroom: &Newsroom, issue: &IssueId) -> Result<bool, AppError> {
    Ok(newsroom.store().mailing(issue).await?.is_none())
}

/// The mailing of an issue, if there is anything left to cancel.
async fn cancellable(newsroom: &Newsroom, issue: &IssueId) -> Result<Mailing, AppError> {
    let mailing = mailing(newsroom, issue).await?;
    match mailing {
        Mailing { cancelled_at: None, finished_at: Some(_), .. } => {
            Err(AppError::Refused(format!("{issue} is out: nothing of it is left to cancel")))
        }
        mailing => Ok(mailing),
    }
}

/// The newsroom's lock, once the run at work has ended; `None` if that takes too long, and the run closes the mailing.
async fn alone(newsroom: &Newsroom) -> Result<Option<Held>, AppError> {
    for _ in 0..LOOKS {
        match newsroom.hold().await {
            Ok(held) => return Ok(Some(held)),
            Err(AppError::Refused(_)) => tokio::time::sleep(LOOK).await,
            Err(fault) => return Err(fault),
        }
    }
    Ok(None)
}

/// Brings a cancelled mailing to rest that nobody sends any more.
async fn close(newsroom: &Newsroom, issue: &IssueId) -> Result<(), AppError> {
    let (store, mailing) = (newsroom.store(), mailing(newsroom, issue).await?);
    if mailing.finished_at.is_some() {
        return Ok(());
    }
    store.take_up(mailing.id, newsroom.boot(), newsroom.config().on_doubt, newsroom.now()).await?;
    if store.finish(mailing.id, newsroom.now()).await? {
        report::tell(newsroom, issue, None).await;
    }
    feeds::set_down(newsroom, issue).await
}

/// How many would not get an issue if its mailing were cancelled now.
pub async fn open_deliveries(newsroom: &Newsroom, issue: &IssueId) -> Result<u64, AppError> {
    let mailing = cancellable(newsroom, issue).await?;
    Ok(newsroom.store().tally(mailing.id).await?.open())
}

/// Puts those who were refused for a reason that may have passed, and those for whom patience ended, back among the
/// waiting. Returns how many.
pub async fn retry(newsroom: &Newsroom, issue: &IssueId) -> Result<u64, AppError> {
    let mailing = uncancelled(mailing(newsroom, issue).await?)?;
    Ok(newsroom.store().retry(mailing.id, newsroom.now()).await?)
}

/// The mailing, unless it was cancelled.
pub(super) fn uncancelled(mailing: Mailing) -> Result<Mailing, AppError> {
    match mailing.cancelled_at {
        Some(at) => Err(AppError::Refused(format!("{} was cancelled at {at}: nobody gets it any more", mailing.issue))),
        None => Ok(mailing),
    }
}

async fn scope(newsroom: &Newsroom, whom: &Whom) -> Result<Scope, AppError> {
    Ok(match whom {
        Whom::Issue(issue) => Scope::Mailing(mailing(newsroom, issue).await?.id),
        Whom::Provider(provider) => {
            if !newsroom.config().providers.iter().any(|known| known.id == *provider) {
                return Err(AppError::Refused(format!("there is no provider `{provider}`: `masthead status ID` names those of a mailing")));
            }
            Scope::Provider(provider.clone())
        }
        Whom::Relay(relay) => {
            if !newsroom.config().relays.iter().any(|known| known.name == *relay) {
                return Err(AppError::Refused(format!("there is no relay `{relay}` in the configuration")));
            }
            Scope::Relay(relay.clone())
        }
    })
}
