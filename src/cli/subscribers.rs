//! `subscribers`: add, import, export, remove, show.

use std::io::{self, Write};

use serde::Serialize;

use super::Outcome;
use super::args::Subscribers;
use super::terminal::Terminal;
use crate::app::{AppError, Newsroom};
use crate::desk::subscribers::{self as desk, Import};
use crate::diagnostic::print::counted;
use crate::store::{Dossier, Enrolled};
use crate::subscription::PersonName;

/// How many rejected rows are shown one by one.
const SHOWN: usize = 20;

pub(super) async fn run(newsroom: &Newsroom, asked: Subscribers, terminal: &Terminal) -> Result<Outcome, AppError> {
    match asked {
        Subscribers::Add { address, name, list } => {
            let list = desk::list(newsroom, list.as_ref())?;
            let outcome = desk::add(newsroom, address.clone(), name, &list).await?;
            let said = match outcome {
                Enrolled::AlreadyThere => "is there already",
                Enrolled::Suppressed => "is suppressed and was not entered; `masthead subscribers show` says why",
                Enrolled::Entered | Enrolled::Changed | Enrolled::LeftBefore => "is on the list",
            };
            terminal.write(|out| writeln!(out, "{address} {said}: {list}"))?;
            Ok(if outcome == Enrolled::Suppressed { Outcome::Findings } else { Outcome::Clean })
        }
        Subscribers::Import { file, list, assume, dry_run, json } => {
            let list = desk::list(newsroom, list.as_ref())?;
            let import = desk::import(newsroom, &file, &list, assume, dry_run).await?;
            let outcome = if import.roll.rejected.is_empty() { Outcome::Clean } else { Outcome::Findings };
            if json {
                terminal.json(&Summary::of(&import))?;
            } else {
                print_import(&import, terminal)?;
            }
            Ok(outcome)
        }
        Subscribers::Export { list, json } => {
            let list = list.map(|list| desk::list(newsroom, Some(&list))).transpose()?;
            export(newsroom, list.as_ref(), json).await
        }
        Subscribers::Remove { address, list } => {
            let list = list.map(|list| desk::list(newsroom, Some(&list))).transpose()?;
            let ended = desk::remove(newsroom, &address, list.as_ref()).await?;
            let names: Vec<&str> = ended.iter().map(crate::subscription::ListId::as_str).collect();
            let said = if names.is_empty() { "was on no such list".to_owned() } else { format!("is off {}", names.join(", ")) };
            terminal.write(|out| writeln!(out, "{address} {said}"))
        }
        Subscribers::Show { address, json } => {
            let dossier = desk::show(newsroom, &address).await?;
            if json { terminal.json(&dossier) } else { terminal.write(|out| print_dossier(out, &dossier)) }
        }
    }
}

#[derive(Serialize)]
struct Summary {
    shape: String,
    entries: usize,
    entered: usize,
    changed: usize,
    already_there: usize,
    left_before: usize,
    suppressed: usize,
    duplicates: usize,
    rejected: Vec<Rejected>,
}

#[derive(Serialize)]
struct Rejected {
    line: u64,
    excerpt: String,
    reason: String,
}

impl Summary {
    fn of(import: &Import) -> Self {
        Self {
            shape: import.roll.shape.to_string(),
            entries: import.roll.entries.len(),
            entered: import.count(Enrolled::Entered),
            changed: import.count(Enrolled::Changed),
            already_there: import.count(Enrolled::AlreadyThere),
            left_before: import.count(Enrolled::LeftBefore),
            suppressed: import.count(Enrolled::Suppressed),
            duplicates: import.roll.duplicates.len(),
            rejected: import
                .roll
                .rejected
                .iter()
                .map(|row| Rejected { line: row.line, excerpt: row.excerpt.clone(), reason: row.reason.to_string() })
                .collect(),
        }
    }
}

fn print_import(import: &Import, terminal: &Terminal) -> Result<Outcome, AppError> {
    let summary = Summary::of(import);
    for row in summary.rejected.iter().take(SHOWN) {
        terminal.say(&format!("line {}: {} ({})", row.line, row.reason, row.excerpt));
    }
    if summary.rejected.len() > SHOWN {
        terminal.say(&format!("and {} more; `--json` tells all", summary.rejected.len() - SHOWN));
    }
    terminal.write(|out| {
        writeln!(out, "{}", summary.shape)?;
        if import.outcomes.is_empty() && summary.entries > 0 {
            writeln!(out, "{} would be entered", summary.entries)?;
        } else {
            writeln!(out, "{} entered, {} changed, {} there already", summary.entered, summary.changed, summary.already_there)?;
            writeln!(out, "{} had left before, {} suppressed", summary.left_before, summary.suppressed)?;
        }
        writeln!(out, "{} twice in the file, {} rejected", counted(summary.duplicates, "row"), summary.rejected.len())
    })
}

async fn export(newsroom: &Newsroom, list: Option<&crate::subscription::ListId>, json: bool) -> Result<Outcome, AppError> {
    let failed = || AppError::io("write to", "standard output");
    let mut out = io::BufWriter::new(io::stdout().lock());
    if !json {
        writeln!(out, "email,name,list,status,since").map_err(failed())?;
    }
    desk::each_reader(newsroom, list, |reader| {
        if json {
            serde_json::to_writer(&mut out, reader).map_err(io::Error::from).and_then(|()| writeln!(out)).map_err(failed())?;
            return Ok(());
        }
        let mut table = csv::Writer::from_writer(Vec::new());
        for subscription in reader.subscriptions.iter().filter(|subscription| list.is_none_or(|list| subscription.list == *list)) {
            let name = reader.subscriber.name.as_ref().map_or("", PersonName::as_str);
            let standing = if reader.suppressed { "suppressed" } else { subscription.standing.as_str() };
            let since = subscription.since.to_string();
            let _ = table.write_record([reader.subscriber.address.as_str(), name, subscription.list.as_str(), standing, &since]);
        }
        out.write_all(&table.into_inner().unwrap_or_default()).map_err(failed())
    })
    .await?;
    out.flush().map_err(failed())?;
    Ok(Outcome::Clean)
}

fn print_dossier(out: &mut dyn Write, dossier: &Dossier) -> io::Result<()> {
    let reader = &dossier.reader;
    let name = reader.subscriber.name.as_ref().map_or("(no name)", PersonName::as_str);
    writeln!(out, "{}  {name}, known since {}", reader.subscriber.address, reader.subscriber.since)?;
    for subscription in &reader.subscriptions {
        writeln!(out, "list       {}: {} since {}", subscription.list, subscription.standing, subscription.since)?;
    }
    if let Some(suppression) = &dossier.suppression {
        writeln!(out, "suppressed since {}: {}", suppression.at, suppression.reason)?;
    }
    for line in &dossier.consents {
        writeln!(out, "consent    {}  {} {} by {}: {}", line.at, line.list, line.standing, line.evidence.channel, line.evidence.detail)?;
    }
    for line in &dossier.deliveries {
        writeln!(
            out,
            "delivery   {}  {} after {} tries {}",
            line.issue,
            line.fate,
            line.attempts,
            line.last_answer.as_deref().unwrap_or("")
        )?;
    }
    Ok(())
}
