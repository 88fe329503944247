//! `status`: the newsroom at a glance, or one mailing by provider and reason.

use std::io::{self, Write};

use super::Outcome;
use super::args::Status;
use super::schedule::whose;
use super::terminal::Terminal;
use crate::app::{AppError, Newsroom};
use crate::desk::account::{Account, Paused, account, answer};
use crate::desk::hold;
use crate::desk::status::{Glance, Waiting, glance};
use crate::diagnostic::print::counted;
use crate::store::{Duty, Node};

pub(super) async fn run(newsroom: &Newsroom, asked: &Status, terminal: &Terminal) -> Result<Outcome, AppError> {
    if let Some(issue) = &asked.id {
        let account = account(newsroom, issue).await?;
        return if asked.json { terminal.json(&account) } else { terminal.write(|out| print_account(out, &account)) };
    }
    let glance = glance(newsroom).await?;
    if asked.json { terminal.json(&glance) } else { terminal.write(|out| print_glance(out, &glance)) }
}

fn print_glance(out: &mut dyn Write, glance: &Glance) -> io::Result<()> {
    writeln!(out, "{}", glance.publication)?;
    if !glance.is_at_home {
        writeln!(
            out,
            "elsewhere  nothing goes out: the database was last used on another machine or in another place; see `masthead adopt --help`"
        )?;
    }
    for run in &glance.coming {
        writeln!(out, "coming     {} ({})  {}", run.in_words, run.run.slot.at, whose(run))?;
    }
    for entry in &glance.unplanned {
        match (&entry.why, entry.at()) {
            // Where everything is sent by hand that is no news.
            (Some(_), _) if glance.coming.is_empty() => {}
            (Some(why), _) => writeln!(out, "never      {}  {why}", entry.id)?,
            (None, Some(at)) => writeln!(out, "due        {}  {}: since {at}", entry.id, entry.state)?,
            (None, None) => {}
        }
    }
    for list in &glance.lists {
        writeln!(out, "list       {}: {} confirmed, {} pending, {} ended", list.list.id, list.confirmed, list.pending, list.ended)?;
    }
    writeln!(out, "archive    {}", counted(glance.archived, "issue"))?;
    for sent in &glance.mailings {
        let tally = &sent.tally;
        writeln!(
            out,
            "mailing    {}  {}: {} of {} accepted, {} open",
            sent.issue,
            sent.state,
            tally.accepted,
            tally.total(),
            tally.open()
        )?;
    }
    for paused in &glance.pauses {
        print_pause(out, paused)?;
    }
    for waiting in &glance.waiting {
        let found = match (waiting.errors, waiting.warnings) {
            (0, 0) => String::new(),
            (errors, warnings) => format!(" ({}, {})", counted(errors, "error"), counted(warnings, "warning")),
        };
        writeln!(out, "folder     {}  {}: {}{found}{}", waiting.id, waiting.state, waiting.title, seen(waiting))?;
    }
    for hold in &glance.holds {
        writeln!(out, "held       {} since {}: {}", hold.issue, hold.since, hold::in_words(hold))?;
    }
    for node in &glance.nodes {
        writeln!(out, "node       {}", in_words(node))?;
    }
    for (name, record) in &glance.dkim_records {
        writeln!(out, "dkim       {name} TXT {}", txt(record))?;
    }
    Ok(())
}

/// "north  since 2026-11-22T09:00:00Z, last seen 2026-11-22T10:00:00Z; office, sending, 50 % of the limits: no issue waits".
fn in_words(node: &Node) -> String {
    let duty = |duty: &Duty| match duty {
        Duty::Office => "office".to_owned(),
        Duty::Sending => "drives the mailing".to_owned(),
    };
    let share = (!node.share.is_none()).then(|| format!("{:.0} % of the limits", node.share.part() * 100.0));
    let does: Vec<String> = node.duties.iter().map(duty).chain(share).collect();
    let does = if does.is_empty() { String::new() } else { format!("; {}", does.join(", ")) };
    let state = if node.state.is_empty() { String::new() } else { format!(": {}", node.state) };
    format!("{}  since {:.0}, last seen {:.0}{does}{state}", node.name, node.entered_at, node.seen_at)
}

/// Whether editors have seen and approved it, where that is asked for.
fn seen(waiting: &Waiting) -> String {
    let proof = match waiting.proof {
        "yes" => "; proof shown",
        "changed" => "; changed since its proof",
        _ if waiting.approvals_needed > 0 => "; no proof yet",
        _ => "",
    };
    match waiting.approvals_needed {
        0 => proof.to_owned(),
        needed => format!("{proof}, {} of {needed} approvals", waiting.approvals),
    }
}

/// A text as a zone file has it: in strings of at most 255 octets (RFC 1035 section 3.3; STANDARDS D2).
fn txt(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(255).map(|string| format!("\"{}\"", string.iter().collect::<String>())).collect::<Vec<_>>().join(" ")
}

fn print_pause(out: &mut dyn Write, paused: &Paused) -> io::Result<()> {
    let state = match (paused.pause.slow_to, paused.pause.until) {
        (None, None) => format!("until `{}`", paused.remedy),
        (None, Some(until)) => format!("until {until}"),
        (Some(rate), until) => {
            let end = until.map_or_else(|| format!("`{}`", paused.remedy), |until| until.to_string());
            format!("at most {} a minute, until {end}", (rate * 60.0).round())
        }
    };
    writeln!(out, "paused     {} since {}, {state}: {}", paused.what, paused.pause.since, paused.pause.reason)
}

fn print_account(out: &mut dyn Write, account: &Account) -> io::Result<()> {
    let tally = &account.tally;
    writeln!(out, "{}: {} of {} accepted, {} open", account.issue, tally.accepted, tally.total(), tally.open())?;
    writeln!(out, "opened {}{}", account.opened_at, account.finished_at.map(|at| format!(", at rest {at}")).unwrap_or_default())?;
    if let Some(at) = account.cancelled_at {
        writeln!(out, "cancelled {at}")?;
    }
    for sentence in &account.advice {
        writeln!(out, "* {sentence}.")?;
    }
    for paused in &account.pauses {
        print_pause(out, paused)?;
    }
    writeln!(out, "\n{:<20} {:>10} {:>10} {:>10} {:>10} {:>10}", "provider", "accepted", "open", "refused", "expired", "withheld")?;
    for share in &account.providers {
        let tally = &share.tally;
        let provider = share.provider.as_str();
        let open = tally.open();
        writeln!(
            out,
            "{provider:<20} {:>10} {open:>10} {:>10} {:>10} {:>10}",
            tally.accepted, tally.refused, tally.expired, tally.withheld
        )?;
    }
    if !account.reasons.is_empty() {
        writeln!(out, "\nanswers other than yes")?;
    }
    for reason in &account.reasons {
        writeln!(out, "{:>8}  {:<12} {:<9} {}", reason.many, reason.provider.as_str(), reason.fate.as_str(), answer(reason))?;
    }
    Ok(())
}
