//! An issue while it is being written: what its readers would get of it now, and what there is to mend.

use std::sync::Arc;

use super::{check, render};
use crate::app::{AppError, Newsroom};
use crate::dateline::IssueId;
use crate::diagnostic::{Diagnostic, Source, has_errors, print};
use crate::intake;
use crate::manuscript::front_matter::Status;

/// An issue as it stands in the folder.
#[derive(Debug)]
pub struct Sheet {
    /// Its id.
    pub id: IssueId,
    /// Its file, as people know it.
    pub file: String,
    /// Whether it went out already.
    pub is_out: bool,
    /// The manuscript, if its file is a text.
    pub source: Option<Arc<Source>>,
    /// Everything found, in the order in which one mends it.
    pub findings: Vec<Diagnostic>,
    /// The issue as far as it can be printed.
    pub printed: Option<Arc<Printed>>,
}

impl Sheet {
    /// Whether something forbids to send it.
    pub fn is_faulty(&self) -> bool {
        has_errors(&self.findings)
    }
}

/// An issue as a specimen reader would get it.
#[derive(Debug)]
pub struct Printed {
    /// The subject line.
    pub subject: String,
    /// What a mail program shows beside it.
    pub preheader: Option<String>,
    /// "December 2014 – January 2015".
    pub label: String,
    /// "Vol. 1, No. 2", where the publication numbers its issues.
    pub number: Option<String>,
    /// The names of the lists that get it.
    pub lists: Vec<String>,
    /// Whether the editor has released it.
    pub is_ready: bool,
    /// Who writes, as the reader sees it.
    pub from: String,
    /// The HTML part.
    pub html: String,
    /// The plain-text part.
    pub text: String,
    /// The head of the message, or why it could not be written.
    pub head: Result<String, String>,
    /// Where the files of issues lie for readers: what the addresses of this issue's images begin with.
    pub files_url: String,
}

/// Reads an issue as the press would now. A fault of the text is no error here: it is what the sheet tells.
pub async fn sheet(newsroom: &Newsroom, id: &IssueId) -> Result<Sheet, AppError> {
    let checked = check::check_issue(newsroom, id).await?;
    let (file, is_out, source) = (checked.file, checked.is_out, checked.source);
    let (printed, findings) = match (checked.issue, checked.edition) {
        (Some(issue), Some(edition)) => {
            let rendered = render::fill(newsroom, issue, edition, checked.diagnostics, None).await?;
            (Some(Arc::new(printed(newsroom, &rendered).await)), rendered.diagnostics)
        }
        _ => (None, checked.diagnostics),
    };
    Ok(Sheet { id: id.clone(), file, is_out, source, findings, printed })
}

async fn printed(newsroom: &Newsroom, rendered: &render::Rendered) -> Printed {
    let (issue, edition) = (&rendered.issue, &rendered.edition);
    let config = newsroom.config();
    let named = |list: &crate::subscription::ListId| {
        config.lists.iter().find(|known| known.id == *list).map_or_else(|| list.to_string(), |known| known.name.clone())
    };
    let sender = &edition.sender;
    Printed {
        subject: edition.subject.clone(),
        preheader: issue.preheader.clone(),
        label: issue.period.label(),
        number: issue.number.map(|number| number.to_string()),
        lists: issue.lists.iter().map(named).collect(),
        is_ready: issue.status == Status::Ready,
        from: sender.name.as_ref().map_or_else(|| sender.address.to_string(), ToString::to_string),
        html: rendered.html.clone(),
        text: rendered.text.clone(),
        head: render::message(newsroom, rendered).await.map(|octets| head(&octets)).map_err(|fault| fault.to_string()),
        files_url: format!("{}/issues/{}/", sender.base_url, issue.id),
    }
}

fn head(message: &[u8]) -> String {
    let message = String::from_utf8_lossy(message);
    message.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n", "\n")
}

/// An issue that may be looked at.
#[derive(Debug)]
pub struct Choice {
    /// Its id.
    pub id: IssueId,
    /// Its title, if it is not out and can be read.
    pub title: Option<String>,
    /// "2 errors, 1 warning", if anything was found.
    pub findings: Option<String>,
    /// Whether it went out already.
    pub is_out: bool,
}

/// Every issue in the folder, the newest first.
pub async fn choices(newsroom: &Newsroom) -> Result<Vec<Choice>, AppError> {
    let report = check::check(newsroom, &[]).await?;
    let config = newsroom.config();
    let folder = intake::read(&config.issues_folder, &newsroom.shown(&config.issues_folder))?;
    let choice = |dropped: intake::Dropped| {
        let pending = report.issues.iter().find(|checked| checked.id == dropped.id);
        Choice {
            title: pending.and_then(|checked| Some(checked.issue.as_ref()?.title.clone())),
            findings: pending.and_then(|checked| print::tally(&checked.diagnostics)),
            is_out: pending.is_none(),
            id: dropped.id,
        }
    };
    Ok(folder.dropped.into_iter().rev().map(choice).collect())
}

/// The issue that one most likely wants to see: the newest that is not out.
pub async fn newest(newsroom: &Newsroom) -> Result<Option<IssueId>, AppError> {
    let choices = choices(newsroom).await?;
    Ok(choices.iter().find(|choice| !choice.is_out).or(choices.first()).map(|choice| choice.id.clone()))
}
