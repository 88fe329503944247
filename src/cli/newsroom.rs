//! `init`, `new`, `check` and `render`.

use std::fs;
use std::path::Path;

use serde::Serialize;

use super::Outcome;
use super::args::{Check, Form, Init, New, Render};
use super::links;
use super::terminal::Terminal;
use crate::app::{AppError, Newsroom};
use crate::clock::{Clock as _, SystemClock};
use crate::desk;
use crate::diagnostic::{has_errors, print};

pub(super) fn init(root: &Path, asked: &Init, terminal: &Terminal) -> Result<Outcome, AppError> {
    let birth = desk::init::Birth {
        name: asked.name.clone(),
        from: asked.from.clone(),
        base_url: asked.base_url.clone(),
        time_zone: asked.time_zone.clone(),
        postal_address: asked.postal_address.clone(),
    };
    for path in desk::init::init(root, &birth, SystemClock.now())? {
        terminal.say(&format!("wrote {}", path.display()));
    }
    let dir = root.display();
    terminal.say(&format!("next: look through it, then `masthead -C {dir} new` and `masthead -C {dir} check`"));
    Ok(Outcome::Clean)
}

pub(super) async fn new(newsroom: &Newsroom, asked: New, terminal: &Terminal) -> Result<Outcome, AppError> {
    let path = desk::new::start(newsroom, asked.id, asked.title.as_deref(), asked.folder).await?;
    terminal.write(|out| writeln!(out, "{}", path.display()))
}

#[derive(Serialize)]
struct CheckedIssue<'a> {
    id: &'a str,
    file: &'a str,
    title: Option<&'a str>,
    label: Option<String>,
    number: Option<String>,
    is_out: bool,
    html_octets: Option<usize>,
}

#[derive(Serialize)]
struct CheckReport<'a> {
    issues: Vec<CheckedIssue<'a>>,
    diagnostics: Vec<print::Listed<'a>>,
}

pub(super) async fn check(newsroom: &Newsroom, asked: &Check, terminal: &Terminal) -> Result<Outcome, AppError> {
    if !asked.offline {
        links::fetch(newsroom, terminal).await?;
        links::look_up(newsroom, &asked.ids, terminal).await?;
    }
    let report = desk::check::check(newsroom, &asked.ids).await?;
    let all = report.all();
    let outcome = if has_errors(&all) { Outcome::Findings } else { Outcome::Clean };
    if asked.json {
        let issues = report
            .issues
            .iter()
            .map(|checked| CheckedIssue {
                id: checked.id.as_str(),
                file: &checked.file,
                title: checked.issue.as_ref().map(|issue| issue.title.as_str()),
                label: checked.issue.as_ref().map(|issue| issue.period.label()),
                number: checked.issue.as_ref().and_then(|issue| issue.number).map(|number| number.to_string()),
                is_out: checked.is_out,
                html_octets: checked.edition.as_ref().map(|edition| edition.html.len()),
            })
            .collect();
        terminal.json(&CheckReport { issues, diagnostics: print::listed(&all) })?;
        return Ok(outcome);
    }
    terminal.findings(&all);
    terminal.write(|out| {
        for checked in &report.issues {
            let title = checked.issue.as_ref().map_or("(cannot be read)", |issue| issue.title.as_str());
            let found = print::tally(&checked.diagnostics).unwrap_or_else(|| "no findings".to_owned());
            let size = checked.edition.as_ref().map_or_else(String::new, |edition| format!(", {} KB", edition.html.len().div_ceil(1000)));
            writeln!(out, "{}  {title}: {found}{size}", checked.id)?;
        }
        if report.issues.is_empty() {
            writeln!(out, "nothing to check: every issue in the folder is out")?;
        }
        Ok(())
    })?;
    Ok(outcome)
}

#[derive(Serialize)]
struct RenderedIssue<'a> {
    issue: &'a str,
    edition: &'a str,
    subject: &'a str,
    label: String,
    number: Option<String>,
    lang: &'a str,
    archived_at: &'a str,
    html: &'a str,
    text: &'a str,
}

pub(super) async fn render(newsroom: &Newsroom, asked: &Render, terminal: &Terminal) -> Result<Outcome, AppError> {
    let rendered = desk::render::render(newsroom, &asked.id, asked.subscriber.as_ref()).await?;
    terminal.findings(&rendered.diagnostics);
    let outcome = if has_errors(&rendered.diagnostics) { Outcome::Findings } else { Outcome::Clean };
    let (octets, ending) = match asked.to {
        Form::Eml => (desk::render::message(newsroom, &rendered).await?, "eml"),
        Form::Html => (rendered.html.into_bytes(), "html"),
        Form::Text => (rendered.text.into_bytes(), "txt"),
        Form::Json => {
            let parts = RenderedIssue {
                issue: asked.id.as_str(),
                edition: &rendered.edition.hash,
                subject: &rendered.edition.subject,
                label: rendered.issue.period.label(),
                number: rendered.issue.number.map(|number| number.to_string()),
                lang: &rendered.edition.lang,
                archived_at: &rendered.edition.archived_at,
                html: &rendered.html,
                text: &rendered.text,
            };
            (serde_json::to_vec_pretty(&parts).map_err(|fault| AppError::Refused(fault.to_string()))?, "json")
        }
    };
    let Some(folder) = &asked.out else {
        terminal.write(|out| out.write_all(&octets))?;
        return Ok(outcome);
    };
    fs::create_dir_all(folder).map_err(AppError::io("make the folder", folder))?;
    let path = folder.join(format!("{}.{ending}", asked.id));
    fs::write(&path, octets).map_err(AppError::io("write", &path))?;
    terminal.write(|out| writeln!(out, "{}", path.display()))?;
    Ok(outcome)
}
