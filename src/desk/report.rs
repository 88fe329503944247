//! Tells the operators what became of a mailing, by mail.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::account::{Account, account, answer};
use super::letters;
use crate::app::{AppError, Newsroom};
use crate::dateline::{IssueId, Period};
use crate::edition;
use crate::edition::views::{ProviderShareView, PublicationView, ReasonView, ReportView};
use crate::mailing::letter::Letter;
use crate::store::Reason;

/// What an issue is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// Its title; of one that is not in the archive yet, the subject line.
    pub title: String,
    /// "December/January 2015".
    pub label: String,
}

/// Mails the report of an issue's mailing to those who are configured to get it; none is written if nobody is.
/// `halted` is why the run ended before its time.
pub async fn report(newsroom: &Newsroom, issue: &IssueId, halted: Option<&str>) -> Result<(), AppError> {
    let to = &newsroom.config().report_to;
    if to.is_empty() {
        return Ok(());
    }
    let account = account(newsroom, issue).await?;
    let view = view(newsroom, &account, heading(newsroom, issue).await?, halted);
    let (subject, text) = edition::report(&view, newsroom.press()).map_err(|fault| AppError::Faulty(vec![*fault]))?;
    let time = end(&account).unwrap_or_else(|| newsroom.now());
    let letter = |to: &crate::subscription::EmailAddress| Letter {
        to: to.clone(),
        name: None,
        kind: "report",
        about: format!("{issue} {time}"),
        subject: subject.clone(),
        text: text.clone(),
        html: None,
    };
    letters::post(newsroom, to.iter().map(letter).collect()).await?;
    Ok(())
}

/// As [`report`]; that a report cannot be mailed changes nothing for the mailing. Returns why it could not.
pub async fn tell(newsroom: &Newsroom, issue: &IssueId, halted: Option<&str>) -> Option<String> {
    let fault = report(newsroom, issue, halted).await.err()?;
    tracing::warn!(%issue, %fault, "the report could not be mailed");
    Some(fault.to_string())
}

/// What the issue is called: by the archive, or if it is not out yet by its frozen edition and its id.
async fn heading(newsroom: &Newsroom, issue: &IssueId) -> Result<Heading, AppError> {
    let store = newsroom.store();
    if let Some(out) = store.shelf().await?.into_iter().find(|out| out.id == *issue) {
        return Ok(Heading { title: out.title, label: out.period.label() });
    }
    let period = issue.day().map_or(Period::Months(issue.month(), issue.month()), Period::Day);
    let edition = match store.mailing(issue).await? {
        Some(mailing) => store.edition(&mailing.edition).await?,
        None => None,
    };
    Ok(Heading { title: edition.map(|edition| edition.subject).unwrap_or_default(), label: period.label() })
}

/// The account as the report's templates are told it.
pub fn view(newsroom: &Newsroom, account: &Account, heading: Heading, halted: Option<&str>) -> ReportView {
    let config = newsroom.config();
    told(&config.imprint.publication, &config.zone, account, heading, halted)
}

fn told(publication: &PublicationView, zone: &TimeZone, account: &Account, heading: Heading, halted: Option<&str>) -> ReportView {
    let tally = &account.tally;
    let standstill = account.pauses.iter().find(|paused| paused.pause.slow_to.is_none());
    let state = if account.cancelled_at.is_some() {
        "cancelled"
    } else if account.finished_at.is_some() {
        "out"
    } else if standstill.is_some() {
        "paused"
    } else {
        "under way"
    };
    let paused = || standstill.filter(|_| state == "paused").map(|paused| format!("{} is paused", paused.what));
    ReportView {
        publication: publication.clone(),
        issue: account.issue.to_string(),
        label: heading.label,
        title: heading.title,
        state,
        began: in_words(account.opened_at, zone),
        ended: end(account).map(|end| in_words(end, zone)),
        duration: end(account).map(|end| length(end.duration_since(account.opened_at))),
        total: tally.total(),
        accepted: tally.accepted,
        deferred: tally.deferred,
        refused: tally.refused,
        expired: tally.expired,
        withheld: tally.withheld,
        doubtful: tally.doubtful,
        open: tally.open(),
        halted: halted.map(str::to_owned).or_else(paused),
        providers: account
            .providers
            .iter()
            .map(|share| ProviderShareView {
                name: share.provider.to_string(),
                total: share.tally.total(),
                accepted: share.tally.accepted,
                deferred: share.tally.deferred,
                refused: share.tally.refused,
                expired: share.tally.expired,
            })
            .collect(),
        reasons: account.reasons.iter().map(reason).collect(),
        advice: account.advice.clone(),
    }
}

fn reason(reason: &Reason) -> ReasonView {
    let (provider, fate) = (reason.provider.to_string(), reason.fate.as_str().to_owned());
    ReasonView { many: reason.many, provider, fate, answer: answer(reason) }
}

/// When nothing more was to happen.
fn end(account: &Account) -> Option<Timestamp> {
    account.cancelled_at.or(account.finished_at)
}

/// "Monday, December 1, 2014, 09:00 EST".
pub fn in_words(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%A, %B %-d, %Y, %H:%M %Z").to_string()
}

/// "2 h 14 min": the two greatest units that count for something.
fn length(length: SignedDuration) -> String {
    let seconds = length.as_secs().max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests;
