//! An operator's word about a mailing: pause it, let it go on, end it, or try again those who were refused.

use crate::app::{AppError, Newsroom};
use crate::dateline::IssueId;
use crate::desk::deliveries::mailing;
use crate::mailing::{Pause, ProviderId, Scope};

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
    let pause = Pause { since: newsroom.now(), until: None, reason, slow_to: None };
    Ok(newsroom.store().pause(&scope(newsroom, whom).await?, pause).await?)
}

/// Ends a pause, whoever began it: a person, a breaker, or what a provider said. `false` if there was none.
pub async fn resume(newsroom: &Newsroom, whom: &Whom) -> Result<bool, AppError> {
    Ok(newsroom.store().resume(&scope(newsroom, whom).await?).await?)
}

/// Ends a mailing: those who have not had the issue will not get it. Returns how many they are.
pub async fn cancel(newsroom: &Newsroom, issue: &IssueId) -> Result<u64, AppError> {
    let mailing = mailing(newsroom, issue).await?;
    let withheld = newsroom.store().cancel(mailing.id, newsroom.now()).await?;
    newsroom.store().finish(mailing.id, newsroom.now()).await?;
    Ok(withheld)
}

/// How many would not get an issue if its mailing were cancelled now.
pub async fn open_deliveries(newsroom: &Newsroom, issue: &IssueId) -> Result<u64, AppError> {
    let mailing = mailing(newsroom, issue).await?;
    Ok(newsroom.store().tally(mailing.id).await?.open())
}

/// Puts those who were refused for a reason that may have passed, and those for whom patience ended, back among the
/// waiting. Returns how many.
pub async fn retry(newsroom: &Newsroom, issue: &IssueId) -> Result<u64, AppError> {
    let mailing = mailing(newsroom, issue).await?;
    Ok(newsroom.store().retry(mailing.id, newsroom.now()).await?)
}

async fn scope(newsroom: &Newsroom, whom: &Whom) -> Result<Scope, AppError> {
    Ok(match whom {
        Whom::Issue(issue) => Scope::Mailing(mailing(newsroom, issue).await?.id),
        Whom::Provider(provider) => Scope::Provider(provider.clone()),
        Whom::Relay(relay) => {
            if !newsroom.config().relays.iter().any(|known| known.name == *relay) {
                return Err(AppError::Refused(format!("there is no relay `{relay}` in the configuration")));
            }
            Scope::Relay(relay.clone())
        }
    })
}
