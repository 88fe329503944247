//! `schedule`: the coming runs, in words, by the publication's clock and in UTC, and which issue goes out when.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::Outcome;
use super::terminal::Terminal;
use crate::app::{AppError, Newsroom};
use crate::desk::schedule::{Calendar, ComingRun, Entry, calendar, in_words};

/// The coming runs, and which issue takes each
#[derive(Debug, Subcommand)]
pub(super) enum ScheduleCommand {
    /// The next runs, which issue takes each, and what goes out otherwise or not at all
    Next(Next),
}

/// The next runs.
#[derive(Debug, Args)]
#[command(
    after_help = "An issue takes the first free run of its month, or from its day on; `publish_at` stands above the schedule.\nDrafts and faulty issues keep their place, and do not go out until they are ready."
)]
pub(super) struct Next {
    /// How many
    #[arg(short = 'n', value_name = "NUMBER", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub most: u16,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// The answer as a program gets it.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    schedule: Option<String>,
    time_zone: Option<&'a str>,
    coming: &'a [ComingRun],
    issues: &'a [Entry],
}

pub(super) async fn run(newsroom: &Newsroom, asked: &ScheduleCommand, terminal: &Terminal) -> Result<Outcome, AppError> {
    let ScheduleCommand::Next(asked) = asked;
    let (now, zone) = (newsroom.now(), &newsroom.config().zone);
    let calendar = calendar(newsroom).await?;
    let coming = calendar.coming(now, asked.most.into());
    if asked.json {
        let schedule = calendar.schedule.as_ref().map(crate::schedule::Schedule::in_words);
        return terminal.json(&Answer { schedule, time_zone: zone.iana_name(), coming: &coming, issues: &calendar.issues });
    }
    terminal.write(|out| print(out, &calendar, &coming, now, zone))
}

fn print(out: &mut dyn Write, calendar: &Calendar, coming: &[ComingRun], now: Timestamp, zone: &TimeZone) -> io::Result<()> {
    match &calendar.schedule {
        Some(schedule) => writeln!(out, "{}, {}", schedule.in_words(), zone.iana_name().unwrap_or("local time"))?,
        None => writeln!(out, "there is no schedule: issues go out at their `publish_at`, or by `masthead send`")?,
    }
    let width = coming.iter().map(|run| run.in_words.len()).max().unwrap_or(0);
    for run in coming {
        writeln!(out, "  {:width$}  {}  {}", run.in_words, run.run.slot.at, whose(run))?;
    }
    for entry in &calendar.issues {
        if let Some(line) = apart(entry, now, zone) {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

/// What becomes of a run.
pub(super) fn whose(run: &ComingRun) -> String {
    let title = run.title.as_deref().filter(|title| !title.is_empty()).map(|title| format!(": {title}")).unwrap_or_default();
    match (&run.run.taker, &run.run.cover, run.state) {
        (Some(id), _, Some(state)) => format!("{id}  {state}{title}"),
        (Some(id), ..) => format!("{id}  out"),
        (None, Some(id), _) => format!("none: {id} stands for this time too"),
        (None, None, _) => "no issue yet".to_owned(),
    }
}

/// What is to be said of an issue beside the list of runs: that it is due, goes at a time of its own, or never.
pub(super) fn apart(entry: &Entry, now: Timestamp, zone: &TimeZone) -> Option<String> {
    use crate::schedule::calendar::Due;
    let (id, state) = (&entry.id, entry.state);
    match (&entry.due, &entry.why) {
        (Due::At { at, .. }, _) if *at <= now => Some(format!("due already  {id}  {state}: since {} ({at})", in_words(*at, zone))),
        (Due::At { at, slot: None }, _) => Some(format!("publish_at   {id}  {state}: {} ({at})", in_words(*at, zone))),
        (Due::At { .. }, _) => None,
        (Due::Never(_), why) => Some(format!("never        {id}  {state}: {}", why.as_deref().unwrap_or_default())),
    }
}
