//! What became of a mailing, by provider and reason, and what there is to do about it.

use jiff::Timestamp;
use serde::Serialize;

use super::deliveries::mailing;
use crate::app::{AppError, Newsroom};
use crate::dateline::IssueId;
use crate::mailing::settle::Judgement;
use crate::mailing::{Mailing, Pause, ProviderId, Scope};
use crate::store::{Reason, Tally};

/// Most reasons that an account names.
const REASONS: usize = 20;

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
    /// What, as the store has it.
    #[serde(skip)]
    pub scope: Scope,
    /// The pause.
    #[serde(flatten)]
    pub pause: Pause,
}

/// The account of an issue's mailing.
pub async fn account(newsroom: &Newsroom, issue: &IssueId) -> Result<Account, AppError> {
    let store = newsroom.store();
    let mailing = mailing(newsroom, issue).await?;
    let tally = store.tally(mailing.id).await?;
    let mut providers: Vec<Share> =
        store.tallies(mailing.id).await?.into_iter().map(|(provider, tally)| Share { provider, tally }).collect();
    providers.sort_by_key(|share| std::cmp::Reverse(share.tally.total()));
    let reasons = store.reasons(mailing.id, REASONS).await?;
    let pauses = pauses(newsroom, Some(&mailing)).await?;
    let advice = advice(&mailing, &tally, &reasons, &pauses);
    Ok(Account {
        issue: mailing.issue,
        opened_at: mailing.opened_at,
        finished_at: mailing.finished_at,
        cancelled_at: mailing.cancelled_at,
        tally,
        providers,
        reasons,
        pauses,
        advice,
    })
}

/// What is paused: of everything, or as far as it concerns one mailing.
pub async fn pauses(newsroom: &Newsroom, only: Option<&Mailing>) -> Result<Vec<Paused>, AppError> {
    let mailings = newsroom.store().mailings().await?;
    let now = newsroom.now();
    let lasting = newsroom.store().pauses().await?.into_iter().filter(|(_, pause)| pause.until.is_none_or(|until| until > now));
    let pauses = lasting.filter_map(|(scope, pause)| {
        let (what, which) = match &scope {
            Scope::Mailing(id) if only.is_some_and(|mailing| mailing.id != *id) => return None,
            Scope::Mailing(id) => {
                let issue = &mailings.iter().find(|mailing| mailing.id == *id)?.issue;
                (format!("the mailing of {issue}"), issue.to_string())
            }
            Scope::Provider(provider) => (format!("mail to {provider}"), format!("--provider {provider}")),
            Scope::Relay(relay) => (format!("relay `{relay}`"), format!("--relay {relay}")),
        };
        Some(Paused { what, remedy: format!("masthead resume {which}"), scope, pause })
    });
    Ok(pauses.collect())
}

/// What was said, as a person reads it.
pub fn answer(reason: &Reason) -> String {
    let code = reason.code.map(|code| code.to_string());
    let enhanced = reason.enhanced.map(|enhanced| enhanced.to_string());
    let said = Some(reason.said.clone()).filter(|said| !said.is_empty());
    [code, enhanced, said].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// What a person may do about it; nothing where all is well.
fn advice(mailing: &Mailing, tally: &Tally, reasons: &[Reason], pauses: &[Paused]) -> Vec<String> {
    let mut advice = Vec::new();
    let many = |judgement| -> u64 { reasons.iter().filter(|reason| reason.judgement == judgement).map(|reason| reason.many).sum() };
    for paused in pauses.iter().filter(|paused| paused.pause.until.is_none()) {
        advice.push(format!("{} is paused: {}. When that is mended: `{}`", paused.what, paused.pause.reason, paused.remedy));
    }
    // Reasons count tries; who is refused still, and not for good, is what a second chance is for.
    let failed = (tally.refused + tally.expired).saturating_sub(many(Judgement::Hard));
    if failed > 0 && many(Judgement::Block) > 0 {
        advice.push(
            "Some providers turned the message away as a matter of policy. Look at the reasons below, at SPF, DKIM and DMARC \
             (`masthead status` prints the record), and at the provider's page for postmasters; no reader was struck off for it"
                .to_owned(),
        );
    }
    match many(Judgement::Hard) {
        0 => {}
        1 => advice.push("One address does not exist any more; it will not be written to again".to_owned()),
        gone => advice.push(format!("{gone} addresses do not exist any more; they will not be written to again")),
    }
    if failed > 0 {
        advice.push(format!("Some failures may have passed: `masthead retry {} --failed` tries them again", mailing.issue));
    }
    if tally.doubtful > 0 {
        advice.push("Whether the doubtful ones arrived nobody knows; with `on_doubt = \"resend\"` they are sent again".to_owned());
    }
    advice
}
