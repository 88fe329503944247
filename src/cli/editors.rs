//! `proof`, `approve` and `hold`: what is decided about an issue before it goes out.

use clap::Args;

use super::Outcome;
use super::terminal::Terminal;
use crate::app::{AppError, Newsroom};
use crate::dateline::IssueId;
use crate::desk::{approval, hold, proof};
use crate::store::HoldCause;
use crate::subscription::EmailAddress;

/// Show an issue to the editors.
#[derive(Debug, Args)]
#[command(after_help = "The edition is frozen: while the file stays as it is, this is what goes out, whatever becomes of templates.")]
pub(super) struct Proof {
    /// Which issue; a draft is shown too, and marked as one
    pub id: IssueId,
}

/// Say that it may go out.
#[derive(Debug, Args)]
#[command(after_help = "What is approved is the edition of the latest proof. An edit afterwards asks again.")]
pub(super) struct Approve {
    /// Which issue
    pub id: IssueId,
    /// In whose name: an address of `editors` in [approval]; may be left out if there is only one
    #[arg(long = "as", value_name = "ADDRESS")]
    pub editor: Option<EmailAddress>,
}

/// Keep it from going out.
#[derive(Debug, Args)]
pub(super) struct Hold {
    /// Which issue
    pub id: IssueId,
    /// Why, for whoever reads `status`
    #[arg(default_value = "somebody said so")]
    pub reason: String,
}

pub(super) async fn proof(newsroom: &Newsroom, asked: &Proof, terminal: &Terminal) -> Result<Outcome, AppError> {
    let shown = proof::make(newsroom, &asked.id).await?;
    let edition = proof::short(&shown.proof.edition);
    terminal.write(|out| {
        for editor in &shown.told.told {
            writeln!(out, "edition {edition} of {} is shown to {editor}", asked.id)?;
        }
        Ok(())
    })?;
    if shown.told.is_done() {
        return Ok(Outcome::Clean);
    }
    let why = shown.told.fault.unwrap_or_else(|| "the relay did not take the letter".to_owned());
    for editor in &shown.told.left {
        terminal.complain(&format!("{editor} could not be told: {why}"));
    }
    Ok(Outcome::Findings)
}

pub(super) async fn approve(newsroom: &Newsroom, asked: &Approve, terminal: &Terminal) -> Result<Outcome, AppError> {
    let given = approval::approve(newsroom, &asked.id, asked.editor.as_ref()).await?;
    let (edition, editor) = (proof::short(&given.edition), &given.editor);
    let again = if given.is_new { "" } else { " before" };
    let standing = match (given.standing.needed, given.standing.missing()) {
        (0, _) => "it needs no approval".to_owned(),
        (_, 0) => "it has all the approvals that it needs".to_owned(),
        (needed, missing) => format!("it needs {needed}, {missing} missing"),
    };
    terminal.write(|out| writeln!(out, "{editor} has approved edition {edition} of {}{again}; {standing}", asked.id))
}

pub(super) async fn hold(newsroom: &Newsroom, asked: Hold, terminal: &Terminal) -> Result<Outcome, AppError> {
    hold::hold(newsroom, &asked.id, HoldCause::Person, &asked.reason).await?;
    told(newsroom, &asked.id, terminal).await
}

/// Cancels an issue whose mailing is not open yet.
pub(super) async fn cancel(newsroom: &Newsroom, issue: &IssueId, terminal: &Terminal) -> Result<Outcome, AppError> {
    hold::hold(newsroom, issue, HoldCause::Cancelled, "").await?;
    told(newsroom, issue, terminal).await
}

async fn told(newsroom: &Newsroom, issue: &IssueId, terminal: &Terminal) -> Result<Outcome, AppError> {
    let Some(held) = hold::held(newsroom, issue).await? else { return Ok(Outcome::Clean) };
    terminal.write(|out| writeln!(out, "{issue} does not go out: {}", hold::in_words(&held)))
}
