//! Which issue takes which run of the schedule: derived anew each time from what is in the folder and what is out.
//!
//! Issues are placed by the time that they stand for, one named after a day before one named after the month that begins
//! with it, then by id, so that `2014-12` comes before `2014-12-extra`, combined with another month or not. One named after months takes the first run of these months that is free; one
//! named after a day the first from that day on, before the next issue that is named after a day. `publish_at` stands
//! above the schedule. A run is taken once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::civil::DateTime;
use jiff::{Timestamp, ToSpan as _};
use serde::Serialize;

use super::{Schedule, Slot};
use crate::dateline::period::Day;
use crate::dateline::{IssueId, Period};

/// An issue that asks for its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its id.
    pub id: IssueId,
    /// What it stands for.
    pub period: Period,
    /// When it goes, if its editor says so.
    pub publish_at: Option<Timestamp>,
}

/// An issue that has had its time: its mailing is open or done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Its id.
    pub id: IssueId,
    /// What it stands for.
    pub period: Period,
    /// The local time of the run that it took, if it took one.
    pub slot: Option<DateTime>,
}

/// An issue that is out, where nobody noted which run it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Out {
    /// Its id.
    pub id: IssueId,
    /// What it stands for.
    pub period: Period,
    /// When its mailing was opened.
    pub opened_at: Timestamp,
    /// Whether its editor had named a time.
    pub had_time: bool,
}

/// What the calendar says of an issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Planned {
    /// Which.
    pub id: IssueId,
    /// When it goes.
    pub due: Due,
}

/// When an issue goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Due {
    /// At this instant, which may have passed.
    #[serde(rename = "goes")]
    At {
        /// When.
        at: Timestamp,
        /// The run that it takes, by its local time; `None` where the editor named the time.
        slot: Option<DateTime>,
    },
    /// Not by itself.
    Never(Why),
}

/// Why an issue does not go by itself. Printed, it is a sentence for editors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The publication has no schedule.
    NoSchedule,
    /// The schedule has no run in the months of the issue.
    NoSlotInItsMonths(Period),
    /// Every run that it could have is another's; the first of them is this one's.
    SlotTaken(IssueId),
    /// No run comes before the day that this later issue is named after.
    Overtaken(IssueId),
    /// The schedule has come to its end.
    NoMoreSlots,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSchedule => f.write_str("there is no schedule, and the issue names no time: write `publish_at`"),
            Self::NoSlotInItsMonths(period) => {
                write!(f, "the schedule has no run in {}: write `publish_at`, or name the file after another month", period.label())
            }
            Self::SlotTaken(by) => write!(f, "its run of the schedule is that of {by}: write `publish_at`, or name the file otherwise"),
            Self::Overtaken(by) => write!(f, "no run of the schedule comes before the day of {by}: write `publish_at`"),
            Self::NoMoreSlots => f.write_str("the schedule has no more runs: write `publish_at`"),
        }
    }
}

/// Who has which run, by its local time.
type Occupied = BTreeMap<DateTime, IssueId>;

/// Gives every candidate its time, in the order in which they are placed. An issue that is out is none, and one that is
/// named twice is placed once. Runs that have passed are given all the same: whoever asks judges what is late.
pub fn plan(schedule: Option<&Schedule>, candidates: &[Candidate], taken: &[Taken]) -> Vec<Planned> {
    let mut occupied: Occupied = taken.iter().filter_map(|taken| Some((taken.slot?, taken.id.clone()))).collect();
    let placing = placing(candidates, taken);
    placing
        .iter()
        .map(|candidate| {
            let due = match (candidate.publish_at, schedule) {
                (Some(at), _) => Due::At { at, slot: None },
                (None, None) => Due::Never(Why::NoSchedule),
                (None, Some(schedule)) => {
                    let limit = limit(candidate, &placing, taken);
                    match free(schedule, candidate.period, limit.as_ref().map(|(day, _)| *day), &occupied) {
                        Ok(slot) => {
                            occupied.insert(slot.local, candidate.id.clone());
                            Due::At { at: slot.at, slot: Some(slot.local) }
                        }
                        Err(first) => Due::Never(why(candidate.period, first, limit.map(|(_, by)| by))),
                    }
                }
            };
            Planned { id: candidate.id.clone(), due }
        })
        .collect()
}

/// A run of the schedule, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Run {
    /// Which.
    #[serde(flatten)]
    pub slot: Slot,
    /// The issue that takes it, or took it.
    pub taker: Option<IssueId>,
    /// Where none does: the issue that stands for this time all the same, and goes or went out by itself.
    pub cover: Option<IssueId>,
}

/// What becomes of these runs.
///
/// An issue that takes a run, or that is out, covers all runs of its months, so that a combined issue leaves no gap. So
/// does one whose editor named a time, unless that is after its months; one named after a day covers that day.
pub fn runs(schedule: &Schedule, candidates: &[Candidate], gone: &[Taken], slots: impl IntoIterator<Item = Slot>) -> Vec<Run> {
    let planned = plan(Some(schedule), candidates, gone);
    let coming: Vec<(&IssueId, Period, Option<DateTime>)> = placing(candidates, gone)
        .into_iter()
        .zip(&planned)
        .filter_map(|(candidate, planned)| match planned.due {
            Due::At { at, slot } => is_in_time(schedule, candidate, at, slot).then_some((&candidate.id, candidate.period, slot)),
            Due::Never(_) => None,
        })
        .collect();
    let all = || gone.iter().map(|taken| (&taken.id, taken.period, taken.slot)).chain(coming.iter().copied());
    let run = |slot: Slot| {
        let named = |found: Option<(&IssueId, Period, Option<DateTime>)>| found.map(|(id, ..)| id.clone());
        let taker = named(all().find(|(.., own)| *own == Some(slot.local)));
        let cover = if taker.is_some() { None } else { named(all().find(|(_, period, _)| stands_for(*period, slot.local))) };
        Run { slot, taker, cover }
    };
    slots.into_iter().map(run).collect()
}

/// Runs after `from`, up to and with `to`, that no issue covers: nothing will go out then, or did.
pub fn uncovered(schedule: &Schedule, candidates: &[Candidate], taken: &[Taken], from: Timestamp, to: Timestamp) -> Vec<Slot> {
    let runs = runs(schedule, candidates, taken, schedule.between(from, to));
    runs.into_iter().filter(|run| run.taker.is_none() && run.cover.is_none()).map(|run| run.slot).collect()
}

/// Which runs the issues took that are out: each the first that was free to it and had come, or came on the day, when its
/// mailing was opened; none where the editor had named a time.
pub fn taken(schedule: Option<&Schedule>, mut out: Vec<Out>) -> Vec<Taken> {
    out.sort_by(|a, b| rank(a.period, &a.id).cmp(&rank(b.period, &b.id)));
    let mut occupied = Occupied::new();
    out.into_iter()
        .map(|Out { id, period, opened_at, had_time }| {
            let found = schedule.filter(|_| !had_time).and_then(|schedule| {
                let today = schedule.zone().to_datetime(opened_at).date();
                let slot = free(schedule, period, today.tomorrow().ok(), &occupied).ok()?;
                (slot.local.date() <= today).then_some(slot.local)
            });
            if let Some(slot) = found {
                occupied.insert(slot, id.clone());
            }
            Taken { id, period, slot: found }
        })
        .collect()
}

/// The candidates that are not out, each once, in the order in which they are placed.
fn placing<'c>(candidates: &'c [Candidate], taken: &[Taken]) -> Vec<&'c Candidate> {
    let mut placing: Vec<&Candidate> = candidates.iter().filter(|candidate| taken.iter().all(|taken| taken.id != candidate.id)).collect();
    placing.sort_by(|a, b| rank(a.period, &a.id).cmp(&rank(b.period, &b.id)));
    let mut seen = BTreeSet::new();
    placing.retain(|candidate| seen.insert(&candidate.id));
    placing
}

fn rank(period: Period, id: &IssueId) -> (Day, bool, &IssueId) {
    (days(period).0, matches!(period, Period::Months(..)), id)
}

/// The first and the last day of a period.
fn days(period: Period) -> (Day, Day) {
    match period {
        Period::Day(day) => (day, day),
        Period::Months(first, last) => {
            let first_day = |month: crate::dateline::Month| month.day(1).unwrap_or(Day::MAX);
            (first_day(first), first_day(last).last_of_month())
        }
    }
}

fn stands_for(period: Period, local: DateTime) -> bool {
    let (first, last) = days(period);
    first <= local.date() && local.date() <= last
}

/// Where a candidate is named after a day: the next such day of an issue that goes by the schedule, and whose it is.
fn limit(candidate: &Candidate, placing: &[&Candidate], taken: &[Taken]) -> Option<(Day, IssueId)> {
    let Period::Day(own) = candidate.period else { return None };
    let later = |period: Period, id: &IssueId| match period {
        Period::Day(day) if day > own => Some((day, id.clone())),
        _ => None,
    };
    let waiting = placing.iter().filter(|other| other.publish_at.is_none()).filter_map(|other| later(other.period, &other.id));
    let gone = taken.iter().filter(|other| other.slot.is_some()).filter_map(|other| later(other.period, &other.id));
    waiting.chain(gone).min()
}

/// The first free run of a period, or else who has the first of those that are not free. `before` ends what a day may have,
/// or what had come; months end by themselves.
fn free(schedule: &Schedule, period: Period, before: Option<Day>, occupied: &Occupied) -> Result<Slot, Option<IssueId>> {
    let (first, last) = days(period);
    let midnight = |day: Day| day.at(0, 0, 0, 0);
    let end = match period {
        Period::Day(_) => before.map_or(DateTime::MAX, midnight),
        Period::Months(..) => midnight(last).saturating_add(1.day()),
    };
    let mut holder = None;
    for slot in schedule.within(midnight(first), end) {
        match occupied.get(&slot.local) {
            None => return Ok(slot),
            Some(by) => holder = holder.or_else(|| Some(by.clone())),
        }
    }
    Err(holder)
}

fn why(period: Period, holder: Option<IssueId>, limit: Option<IssueId>) -> Why {
    match (holder, limit, period) {
        (Some(by), _, _) => Why::SlotTaken(by),
        (None, Some(by), _) => Why::Overtaken(by),
        (None, None, Period::Day(_)) => Why::NoMoreSlots,
        (None, None, Period::Months(..)) => Why::NoSlotInItsMonths(period),
    }
}

/// Whether an issue goes out for its own time: by a run, or at a time of its editor's that is not after its period.
fn is_in_time(schedule: &Schedule, candidate: &Candidate, at: Timestamp, slot: Option<DateTime>) -> bool {
    slot.is_some() || schedule.zone().to_datetime(at).date() <= days(candidate.period).1
}

#[cfg(test)]
mod tests;
