//! `[schedule]`: when issues are due, by when editors are to have them ready, and what happens to one that is late.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use toml::Spanned;

use super::Reader;
use super::delivery::length;
use crate::diagnostic::{Diagnostic, Span};
use crate::schedule::Schedule;

/// How late an issue may be and still go out by itself, where nothing is said.
const GRACE: Duration = Duration::from_hours(6);
/// How many runs are looked at for the shortest time between two.
const RUNS: usize = 60;

/// The table as it is typed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    cron: Option<Spanned<String>>,
    grace: Option<Spanned<String>>,
    late: Option<Spanned<String>>,
    copy_deadline: Option<Spanned<String>>,
}

/// When issues are due, and what happens to one that is late.
#[derive(Debug, Clone)]
pub struct Timetable {
    /// The rhythm, if the publication has one.
    pub schedule: Option<Schedule>,
    /// How late an issue may be and still go out by itself.
    pub grace: Duration,
    /// What happens to one that is later.
    pub late: Late,
    /// How long before its run an issue is to be ready; nobody is reminded where nothing is said.
    pub copy_deadline: Option<Duration>,
}

/// What happens to an issue that is later than the grace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Late {
    /// It stays, and people are told.
    Hold,
    /// It goes out, however late.
    Send,
}

impl Timetable {
    /// How late an issue may be and still go out by itself; `None` where even the latest does.
    pub fn forgiven(&self) -> Option<SignedDuration> {
        (self.late == Late::Hold).then(|| SignedDuration::try_from(self.grace).unwrap_or(SignedDuration::MAX))
    }

    /// When an issue for this run is to be ready, if editors have a deadline.
    pub fn deadline(&self, run: Timestamp) -> Option<Timestamp> {
        run.checked_sub(self.copy_deadline?).ok()
    }
}

impl Reader<'_> {
    pub(super) fn timetable(&mut self, written: &Written, zone: Option<&TimeZone>) -> Timetable {
        let schedule = written.cron.as_ref().zip(zone).and_then(|(cron, zone)| self.schedule(cron, zone));
        let late = written.late.as_ref().map_or(Late::Hold, |late| self.late(late));
        let grace = written.grace.as_ref().and_then(|grace| self.length(grace));
        let copy_deadline = written.copy_deadline.as_ref().and_then(|deadline| self.length(deadline));
        if let (Some(grace), Late::Send) = (&written.grace, late) {
            let help = "leave out `grace`, or write `late = \"hold\"`";
            self.without_effect(grace, "`late = \"send\"` sends whatever is late, so that this grace changes nothing", help);
        }
        if let (Some(deadline), None) = (&written.copy_deadline, &written.cron) {
            self.without_effect(
                deadline,
                "there is no schedule, and so no run that this deadline is before",
                "write `cron`, or leave it out",
            );
        }
        if let Some(rhythm) = schedule.as_ref().and_then(|schedule| self.rhythm(schedule)) {
            self.must_be_shorter(written.grace.as_ref().zip(grace), rhythm, "an issue so late would go out after the one that follows it");
            let words = "the deadline of one issue would come before the run of the one before it";
            self.must_be_shorter(written.copy_deadline.as_ref().zip(copy_deadline), rhythm, words);
        }
        Timetable { schedule, grace: grace.unwrap_or(GRACE), late, copy_deadline }
    }

    fn schedule(&mut self, written: &Spanned<String>, zone: &TimeZone) -> Option<Schedule> {
        match Schedule::parse(written.get_ref(), zone.clone(), self.now) {
            Ok(schedule) => Some(schedule),
            Err(fault) => {
                self.wrong(written, fault.to_string(), fault.help());
                None
            }
        }
    }

    fn late(&mut self, written: &Spanned<String>) -> Late {
        match written.get_ref().trim() {
            "hold" => Late::Hold,
            "send" => Late::Send,
            _ => {
                self.wrong(written, "this says nothing of issues that are late", "write `hold` or `send`");
                Late::Hold
            }
        }
    }

    fn length(&mut self, written: &Spanned<String>) -> Option<Duration> {
        let help = "write a length of time such as `12h` or `3 days`";
        let span = self.parsed(written, str::parse::<jiff::Span>, help)?;
        let found = length(span).filter(|length| !length.is_zero());
        if found.is_none() {
            self.wrong(written, "this is no length of time that could pass", help);
        }
        found
    }

    /// The shortest time between two of the coming runs.
    fn rhythm(&self, schedule: &Schedule) -> Option<Duration> {
        let runs: Vec<_> = schedule.after(self.now).take(RUNS).map(|slot| slot.at).collect();
        runs.windows(2).filter_map(|pair| Duration::try_from(pair[1].duration_since(pair[0])).ok()).min()
    }

    fn must_be_shorter(&mut self, given: Option<(&Spanned<String>, Duration)>, rhythm: Duration, why: &str) {
        let Some((written, given)) = given else { return };
        if given >= rhythm {
            let hours = rhythm.as_secs() / 3600;
            let shortest = if hours >= 48 { format!("{} days", hours / 24) } else { format!("{hours} hours") };
            let shortest = if hours == 0 { format!("{} minutes", rhythm.as_secs() / 60) } else { shortest };
            self.wrong(written, why, format!("two runs of the schedule may be {shortest} apart: write less than that"));
        }
    }

    fn without_effect(&mut self, written: &Spanned<String>, message: &str, help: &str) {
        let span = written.span();
        self.report(Diagnostic::warning("config-without-effect", message).help(help), Span::new(span.start, span.end));
    }
}
