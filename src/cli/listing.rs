//! `deliveries`, `lists` and `archive`: for people as tables, for programs as JSON or CSV.

use std::io::{self, Write};
use std::path::Path;

use super::Outcome;
use super::args::Deliveries;
use super::terminal::Terminal;
use crate::app::{AppError, Newsroom};
use crate::desk;
use crate::diagnostic::print::counted;
use crate::store::LedgerLine;
use crate::subscription::List;

pub(super) async fn lists(newsroom: &Newsroom, json: bool, terminal: &Terminal) -> Result<Outcome, AppError> {
    let lists = desk::subscribers::lists(newsroom).await?;
    if json {
        return terminal.json(&lists);
    }
    terminal.write(|out| {
        for list in &lists {
            writeln!(
                out,
                "{:<20} {:>9} confirmed {:>9} pending {:>9} ended   {}{}",
                list.list.id.as_str(),
                list.confirmed,
                list.pending,
                list.ended,
                list.list.name,
                nature(&list.list)
            )?;
        }
        Ok(())
    })
}

/// ` (es, monthly)`, as far as it is said.
fn nature(list: &List) -> String {
    let words: Vec<&str> = list.lang.iter().map(String::as_str).chain([list.frequency.as_str()]).filter(|word| !word.is_empty()).collect();
    if words.is_empty() { String::new() } else { format!(" ({})", words.join(", ")) }
}

pub(super) async fn deliveries(newsroom: &Newsroom, asked: &Deliveries, terminal: &Terminal) -> Result<Outcome, AppError> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut table = asked.csv.then(|| csv::Writer::from_writer(Vec::new()));
    if let Some(table) = &mut table {
        let _ = table.write_record([
            "issue",
            "address",
            "list",
            "fate",
            "attempts",
            "first_attempt_at",
            "changed_at",
            "next_at",
            "last_answer",
        ]);
    }
    let failed = || AppError::io("write to", "standard output");
    desk::deliveries::each_line(newsroom, &asked.id, asked.fate, |line| {
        if let Some(table) = &mut table {
            let _ = table.write_record(row(line));
            return Ok(());
        }
        if asked.json { json_line(&mut out, line) } else { print_line(&mut out, line) }.map_err(failed())
    })
    .await?;
    if let Some(table) = table {
        let rows = table.into_inner().unwrap_or_default();
        out.write_all(&rows).map_err(failed())?;
    }
    out.flush().map_err(failed())?;
    drop(out);
    terminal.write(|_| Ok(()))
}

fn json_line(out: &mut impl Write, line: &LedgerLine) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    writeln!(out)
}

fn print_line(out: &mut impl Write, line: &LedgerLine) -> io::Result<()> {
    let answer = line.last_answer.as_deref().unwrap_or("");
    writeln!(out, "{:<10} {:<40} {:>2}  {answer}", line.fate, line.address.as_str(), line.attempts)
}

fn row(line: &LedgerLine) -> [String; 9] {
    let time = |at: Option<jiff::Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    let next_at = match line.fate {
        crate::mailing::Fate::Deferred { next_at } => Some(next_at),
        _ => None,
    };
    [
        line.issue.to_string(),
        line.address.to_string(),
        line.list.to_string(),
        line.fate.word().to_owned(),
        line.attempts.to_string(),
        time(line.first_attempt_at),
        time(line.changed_at),
        time(next_at),
        line.last_answer.clone().unwrap_or_default(),
    ]
}

pub(super) async fn archive(newsroom: &Newsroom, json: bool, terminal: &Terminal) -> Result<Outcome, AppError> {
    let issues = desk::archive::list(newsroom).await?;
    if json {
        return terminal.json(&issues);
    }
    terminal.write(|out| {
        for issue in &issues {
            let number = issue.number.map(|number| number.to_string()).unwrap_or_default();
            writeln!(out, "{:<12} {:<24} {number:<18} {}", issue.id.as_str(), issue.period.label(), issue.title)?;
        }
        Ok(())
    })
}

pub(super) async fn archive_import(newsroom: &Newsroom, folder: &Path, terminal: &Terminal) -> Result<Outcome, AppError> {
    let imported = desk::archive::import(newsroom, folder).await?;
    terminal.findings(&imported.warnings);
    terminal.write(|out| {
        for issue in &imported.issues {
            writeln!(out, "{}  {}: {}", issue.id, issue.title, counted(issue.articles.len(), "article"))?;
        }
        Ok(())
    })
}
