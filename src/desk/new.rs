//! Starts an issue: a file with everything in its place, to be written over.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;

use super::archive;
use crate::app::{AppError, Newsroom};
use crate::dateline::{IssueId, Period};

/// Writes the file of a new issue and returns its path. Without an id it is the month after the latest issue; nothing
/// that is there is ever written over.
pub async fn start(newsroom: &Newsroom, id: Option<IssueId>, title: Option<&str>, as_folder: bool) -> Result<PathBuf, AppError> {
    let id = match id {
        Some(id) => id,
        None => next(newsroom).await?,
    };
    let issues = &newsroom.config().issues_folder;
    let (file, folder) = (issues.join(format!("{id}.md")), issues.join(id.as_str()));
    if file.exists() || folder.exists() {
        return Err(AppError::Refused(format!("{id} is there already, in {}", newsroom.shown(issues))));
    }
    let path = if as_folder { folder.join("issue.md") } else { file };
    let parent = path.parent().unwrap_or(issues);
    fs::create_dir_all(parent).map_err(AppError::io("make the folder", parent))?;
    let mut open = OpenOptions::new().write(true).create_new(true).open(&path).map_err(AppError::io("write", &path))?;
    let text = skeleton(newsroom, &id, title);
    open.write_all(text.as_bytes()).map_err(AppError::io("write", &path))?;
    Ok(path)
}

async fn next(newsroom: &Newsroom) -> Result<IssueId, AppError> {
    let month = match archive::latest(newsroom).await? {
        Some(latest) => {
            let issues = archive::list(newsroom).await?;
            issues.iter().find(|issue| issue.id == latest).map_or(latest.month(), |issue| issue.period.last()).next()
        }
        None => crate::dateline::period::Month::of(newsroom.now().to_zoned(newsroom.config().zone.clone()).date()),
    };
    month.to_string().parse().map_err(|fault| AppError::Refused(format!("no next issue: {fault}")))
}

fn skeleton(newsroom: &Newsroom, id: &IssueId, title: Option<&str>) -> String {
    let label = id.day().map_or_else(|| Period::Months(id.month(), id.month()), Period::Day).label();
    let title = title.map_or_else(|| format!("The issue of {label}"), str::to_owned);
    let heading = &newsroom.config().house.related_heading;
    let base_url = &newsroom.config().house.base_url;
    let quoted = serde_json::Value::from(title.as_str());
    format!(
        "---
title: {quoted}
# months: {month}..{next}      # for a combined issue
# related: auto 4              # the press lists four articles of the archive itself
preheader: One sentence that a mail program shows beside the subject.
status: draft                  # write `ready` when it may go out
---
# {title}

Begin the featured article here. Leave a blank line between paragraphs.

Link to a report like this: [the full report]({base_url}/report.pdf).

<!-- Articles of earlier issues, by title and month, become links. To use it, take this line and the last one out.

## {heading}

For more, see the following:

- \"Title of an earlier article\" (Month Year)
-->

# In brief

## A short piece

Two or three sentences.
",
        month = id.month(),
        next = id.month().next(),
    )
}
