//! `pause`, `resume`, `cancel` and `retry`: an operator's word about a mailing.

use super::Outcome;
use super::args::{Cancel, PauseArgs, Retry, Scoped};
use super::terminal::Terminal;
use crate::app::{AppError, Newsroom};
use crate::desk::mailings::{self, Whom};
use crate::diagnostic::print::counted;

pub(super) async fn pause(newsroom: &Newsroom, asked: PauseArgs, terminal: &Terminal) -> Result<Outcome, AppError> {
    let whom = whom(asked.whom);
    mailings::pause(newsroom, &whom, asked.because).await?;
    terminal.write(|out| writeln!(out, "{} is paused; `masthead resume {}` lets it go on", name(&whom), option(&whom)))
}

pub(super) async fn resume(newsroom: &Newsroom, asked: Scoped, terminal: &Terminal) -> Result<Outcome, AppError> {
    let whom = whom(asked);
    let was_paused = mailings::resume(newsroom, &whom).await?;
    terminal.write(|out| match (&whom, was_paused) {
        (_, false) => writeln!(out, "{} was not paused", name(&whom)),
        (Whom::Issue(issue), true) => writeln!(out, "{issue} may go on: with the daemon by itself, else by `masthead send {issue}`"),
        (_, true) => writeln!(out, "{} may go on", name(&whom)),
    })
}

pub(super) async fn cancel(newsroom: &Newsroom, asked: Cancel, terminal: &Terminal) -> Result<Outcome, AppError> {
    if mailings::is_unopened(newsroom, &asked.id).await? {
        return super::editors::cancel(newsroom, &asked.id, terminal).await;
    }
    if !asked.yes {
        let open = mailings::open_deliveries(newsroom, &asked.id).await?;
        terminal.write(|out| {
            writeln!(
                out,
                "{} would not get {}, and nobody could send it to them later; say `--yes` if that is meant",
                readers(open),
                asked.id
            )
        })?;
        return Ok(Outcome::Findings);
    }
    let withheld = mailings::cancel(newsroom, &asked.id).await?;
    terminal.write(|out| writeln!(out, "{} is cancelled: {} will not get it", asked.id, readers(withheld)))
}

pub(super) async fn retry(newsroom: &Newsroom, asked: Retry, terminal: &Terminal) -> Result<Outcome, AppError> {
    let queued = mailings::retry(newsroom, &asked.id).await?;
    terminal.write(|out| match queued {
        0 => writeln!(out, "nobody is left to try again: who was refused for good stays so"),
        _ => writeln!(out, "{} wait again; `masthead send {}` sends to them", readers(queued), asked.id),
    })
}

fn whom(asked: Scoped) -> Whom {
    match (asked.id, asked.provider, asked.relay) {
        (_, Some(provider), _) => Whom::Provider(crate::mailing::ProviderId::new(&provider)),
        (_, _, Some(relay)) => Whom::Relay(relay),
        (Some(id), ..) => Whom::Issue(id),
        // The parser wants one of the three.
        (None, None, None) => Whom::Relay(String::new()),
    }
}

fn name(whom: &Whom) -> String {
    match whom {
        Whom::Issue(issue) => issue.to_string(),
        Whom::Provider(provider) => format!("provider `{provider}`"),
        Whom::Relay(relay) => format!("relay `{relay}`"),
    }
}

fn option(whom: &Whom) -> String {
    match whom {
        Whom::Issue(issue) => issue.to_string(),
        Whom::Provider(provider) => format!("--provider {provider}"),
        Whom::Relay(relay) => format!("--relay {relay}"),
    }
}

fn readers(count: u64) -> String {
    counted(usize::try_from(count).unwrap_or(usize::MAX), "reader")
}
