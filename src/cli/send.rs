//! `send`: a progress bar while it runs, a summary when it ends.

use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use serde::Serialize;

use super::Outcome;
use super::args::Send;
use super::terminal::Terminal;
use crate::app::{AppError, Newsroom};
use crate::desk::send::{Progress, Report, Request, dry_run, send};
use crate::mailing::Mailing;
use crate::store::{Recovered, Tally};

pub(super) async fn run(newsroom: &Newsroom, asked: Send, terminal: &Terminal) -> Result<Outcome, AppError> {
    let joined = match (asked.list, asked.since) {
        (Some(list), Some(since)) => Some((list, moment(&since, newsroom)?)),
        _ => None,
    };
    let request = Request { issue: asked.id, now: asked.now, wait: asked.wait, joined, edition: None };
    if asked.dry_run {
        let folder = asked.out.join(request.issue.as_str());
        let (count, folder) = dry_run(newsroom, &request, &folder).await?;
        return terminal.write(|out| writeln!(out, "{count} messages would go out; they are in {}", folder.display()));
    }
    let report = watched(newsroom, &request, terminal).await?;
    let outcome = if report.is_finished { Outcome::Clean } else { Outcome::Findings };
    if asked.json {
        terminal.json(&Summary::of(&report))?;
    } else {
        print(&report, newsroom, terminal)?;
    }
    Ok(outcome)
}

/// A date in the publication's time zone, from its beginning, or an instant.
fn moment(typed: &str, newsroom: &Newsroom) -> Result<Timestamp, AppError> {
    let date = typed.parse::<jiff::civil::Date>().ok().and_then(|date| date.to_zoned(newsroom.config().zone.clone()).ok());
    date.map(|date| date.timestamp())
        .or_else(|| typed.parse().ok())
        .ok_or_else(|| AppError::Refused(format!("`{typed}` is no date; write `2026-11-22`, or an instant such as `2026-11-22T09:00:00Z`")))
}

/// Sends, with a bar for whoever watches, and stops gently when asked to.
pub(super) async fn watched(newsroom: &Newsroom, request: &Request, terminal: &Terminal) -> Result<Report, AppError> {
    let progress = Arc::new(Progress::default());
    let bar = if terminal.is_attended() { bar() } else { ProgressBar::hidden() };
    // Before anything is sent, and once: whoever listens anew each time may miss the one in between.
    let mut interruptions = Interruptions::listen();
    let watch = {
        let (progress, bar, terminal) = (Arc::clone(&progress), bar.clone(), *terminal);
        tokio::spawn(async move {
            let mut tick = tokio::time::interval(Duration::from_millis(100));
            let mut asked = 0;
            let mut said = None;
            loop {
                tokio::select! {
                    _ = tick.tick() => {
                        show(&bar, &progress);
                        if let Some(what) = progress.waits_for().filter(|what| bar.is_hidden() && said.as_ref() != Some(what)) {
                            terminal.say(&what);
                            said = Some(what);
                        }
                    }
                    () = interruptions.next() => {
                        asked += 1;
                        if asked > 1 {
                            std::process::exit(2);
                        }
                        bar.suspend(|| terminal.say("stopping after the messages in flight; once more stops at once"));
                        progress.ask_to_leave();
                    }
                }
            }
        })
    };
    let report = send(newsroom, request, &progress).await;
    watch.abort();
    bar.finish_and_clear();
    report
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos} of {len}, {per_sec}, {eta} to go {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style)
}

fn show(bar: &ProgressBar, progress: &Progress) {
    bar.set_length(progress.total());
    bar.set_position(progress.settled());
    bar.set_message(progress.waits_for().map(|what| format!("({what})")).unwrap_or_default());
}

/// SIGINT and SIGTERM, as they come.
#[cfg(unix)]
pub(super) struct Interruptions(Option<[tokio::signal::unix::Signal; 2]>);

#[cfg(unix)]
impl Interruptions {
    pub(super) fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let both = signal(SignalKind::interrupt()).and_then(|first| Ok([first, signal(SignalKind::terminate())?]));
        Self(both.ok())
    }

    pub(super) async fn next(&mut self) {
        let Some([interrupt, terminate]) = &mut self.0 else { return std::future::pending().await };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}

/// Ctrl-C, as it comes.
#[cfg(not(unix))]
pub(super) struct Interruptions;

#[cfg(not(unix))]
impl Interruptions {
    pub(super) fn listen() -> Self {
        Self
    }

    pub(super) async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}

#[derive(Serialize)]
struct Summary<'a> {
    issue: &'a str,
    edition: &'a str,
    opened_now: bool,
    finished: bool,
    halted: Option<&'a str>,
    recovered: Recovered,
    tally: Tally,
}

impl<'a> Summary<'a> {
    fn of(report: &'a Report) -> Self {
        Self {
            issue: report.mailing.issue.as_str(),
            edition: &report.mailing.edition,
            opened_now: report.is_new,
            finished: report.is_finished,
            halted: report.halted.as_deref(),
            recovered: report.recovered,
            tally: report.tally,
        }
    }
}

/// The summary as a person reads it.
pub(super) fn print(report: &Report, newsroom: &Newsroom, terminal: &Terminal) -> Result<Outcome, AppError> {
    let issue = &report.mailing.issue;
    let tally = &report.tally;
    terminal.write(|out| {
        if report.recovered.doubtful > 0 {
            writeln!(out, "{} were in flight when the last run broke off", report.recovered.doubtful)?;
        }
        let parts: Vec<String> = [
            (tally.accepted, "accepted"),
            (tally.refused, "refused"),
            (tally.expired, "expired"),
            (tally.withheld, "withheld"),
            (tally.deferred, "deferred"),
            (tally.doubtful, "doubtful"),
            (tally.queued + tally.claimed + tally.submitting, "not tried yet"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
        let state = match report {
            Report { mailing: Mailing { cancelled_at: Some(_), .. }, .. } => "is cancelled",
            Report { is_finished: true, .. } => "is out",
            Report { mailing: Mailing { paused: Some(_), .. }, .. } => "is paused",
            _ => "is under way",
        };
        writeln!(out, "{issue} {state}: {} of {} deliveries: {}", tally.total() - tally.open(), tally.total(), parts.join(", "))?;
        if let Some(reason) = &report.halted {
            writeln!(out, "stopped: {reason}")?;
        }
        if tally.doubtful > 0 {
            writeln!(out, "{} may have arrived or not; with `on_doubt = \"resend\"` they are sent again", tally.doubtful)?;
        }
        if let Some(fault) = &report.unreported {
            writeln!(out, "nobody could be told of it by mail: {fault}")?;
        }
        if let Some(due) = tally.next_due.filter(|_| !report.is_finished) {
            let local = due.to_zoned(newsroom.config().zone.clone()).strftime("%Y-%m-%d %H:%M %Z").to_string();
            writeln!(out, "the next deferred one is due at {local}; `masthead send {issue}` goes on then")?;
        } else if !report.is_finished {
            writeln!(out, "`masthead send {issue}` goes on; `masthead deliveries {issue}` tells about each reader")?;
        }
        if tally.refused + tally.expired > 0 {
            writeln!(out, "`masthead deliveries {issue} --fate refused` says why")?;
        }
        Ok(())
    })
}
