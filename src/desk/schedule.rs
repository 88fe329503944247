//! The calendar of a newsroom: which issue goes out when, which run nobody has, and what will never go by itself.

use jiff::Timestamp;
use serde::Serialize;

use super::check::{self, Checked};
use crate::app::{AppError, Newsroom};
use crate::dateline::{IssueId, Period};
use crate::diagnostic::Source;
use crate::issue::archive::ArchivedIssue;
use crate::manuscript::{self, Draft};
use crate::schedule::calendar::{self, Candidate, Due, Out, Planned, Run, Taken};
use crate::schedule::{Schedule, Slot};
use crate::store::HoldCause;

/// An issue of the folder and its time.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// Its id.
    pub id: IssueId,
    /// Its title, as far as it could be read.
    pub title: String,
    /// `draft`, `ready`, `faulty` or `held`.
    pub state: &'static str,
    /// When it goes.
    pub due: Due,
    /// Where it never goes by itself: why, in a sentence.
    pub why: Option<String>,
}

impl Entry {
    /// The instant at which it is due.
    pub fn at(&self) -> Option<Timestamp> {
        match self.due {
            Due::At { at, .. } => Some(at),
            Due::Never(_) => None,
        }
    }
}

/// A run to come.
#[derive(Debug, Clone, Serialize)]
pub struct ComingRun {
    /// Which, and whose it is.
    #[serde(flatten)]
    pub run: Run,
    /// As the clock on the publication's wall will show it, in words and with the zone.
    pub in_words: String,
    /// How the issue stands that takes it or stands for it, where that is in the folder: `draft`, `ready`, `faulty` or `held`.
    pub state: Option<&'static str>,
    /// That issue's title.
    pub title: Option<String>,
}

impl ComingRun {
    /// Whether somebody has still to do something for it: nobody takes it, or what does is not ready.
    pub fn wants_copy(&self) -> bool {
        (self.run.taker.is_none() && self.run.cover.is_none()) || self.state.is_some_and(|state| state != "ready")
    }
}

/// The calendar, as folder and ledger stand. Drafts and faulty issues have their place in it, so that what is finished
/// first takes no run from them.
#[derive(Debug, Clone, Default)]
pub struct Calendar {
    /// The rhythm, if there is one.
    pub schedule: Option<Schedule>,
    /// The issues of the folder that are not out, in the order in which they are placed.
    pub issues: Vec<Entry>,
    /// What asks for its time.
    pub candidates: Vec<Candidate>,
    /// What has had it.
    pub taken: Vec<Taken>,
}

/// Reads folder and ledger.
pub async fn calendar(newsroom: &Newsroom) -> Result<Calendar, AppError> {
    let report = check::check(newsroom, &[]).await?;
    of(newsroom, &report.issues).await
}

/// The same from a folder that was read already: all of it that is not out.
pub async fn of(newsroom: &Newsroom, waiting: &[Checked]) -> Result<Calendar, AppError> {
    let schedule = newsroom.config().timetable.schedule.clone();
    let holds = newsroom.store().holds().await?;
    let is_cancelled = |id: &IssueId| holds.iter().any(|hold| hold.issue == *id && hold.cause == HoldCause::Cancelled);
    let held = |id: &IssueId| holds.iter().any(|hold| hold.issue == *id);
    // One that is never to go out takes no run from others.
    let waiting: Vec<&Checked> = waiting.iter().filter(|checked| !is_cancelled(&checked.id)).collect();
    let mut candidates: Vec<Candidate> = waiting.iter().map(|checked| candidate(newsroom, checked)).collect();
    let taken = calendar::taken(schedule.as_ref(), out(newsroom, &candidates).await?);
    candidates.retain(|candidate| taken.iter().all(|taken| taken.id != candidate.id));
    let planned = calendar::plan(schedule.as_ref(), &candidates, &taken);
    let issues = planned.into_iter().map(|planned| entry(planned, &waiting, held)).collect();
    Ok(Calendar { schedule, issues, candidates, taken })
}

impl Calendar {
    /// When an issue goes, if it has a place here.
    pub fn due_of(&self, issue: &IssueId) -> Option<&Due> {
        self.issues.iter().find(|entry| entry.id == *issue).map(|entry| &entry.due)
    }

    /// The next runs after an instant, soonest first, at most so many.
    pub fn coming(&self, after: Timestamp, most: usize) -> Vec<ComingRun> {
        let slots = self.schedule.iter().flat_map(|schedule| schedule.after(after)).take(most);
        self.runs(slots.collect())
    }

    /// The issues whose time has come, the longest due first; how they stand, and whether they are late, is not judged.
    pub fn due(&self, now: Timestamp) -> Vec<&Entry> {
        let mut due: Vec<&Entry> = self.issues.iter().filter(|entry| entry.at().is_some_and(|at| at <= now)).collect();
        due.sort_by_key(|entry| entry.at());
        due
    }

    /// When the next issue or the next run is due: as long as folder and ledger stay as they are, nothing is before.
    pub fn next_at(&self, now: Timestamp) -> Option<Timestamp> {
        let issues = self.issues.iter().filter_map(Entry::at).filter(|at| *at > now);
        let run = self.schedule.as_ref().and_then(|schedule| schedule.after(now).next());
        issues.chain(run.map(|slot| slot.at)).min()
    }

    fn runs(&self, slots: Vec<Slot>) -> Vec<ComingRun> {
        let Some(schedule) = &self.schedule else { return Vec::new() };
        let coming = |run: Run| {
            let whose = run.taker.as_ref().or(run.cover.as_ref());
            let entry = whose.and_then(|id| self.issues.iter().find(|entry| entry.id == *id));
            ComingRun {
                in_words: in_words(run.slot.at, schedule.zone()),
                state: entry.map(|entry| entry.state),
                title: entry.map(|entry| entry.title.clone()),
                run,
            }
        };
        calendar::runs(schedule, &self.candidates, &self.taken, slots).into_iter().map(coming).collect()
    }
}

/// A point in time as the clock on the wall shows it: "Monday, December 7, 2026, 09:00 EST".
pub fn in_words(at: Timestamp, zone: &jiff::tz::TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%A, %B %-d, %Y, %H:%M %Z").to_string()
}

fn candidate(newsroom: &Newsroom, checked: &Checked) -> Candidate {
    let zone = &newsroom.config().zone;
    let issue = checked.issue.as_ref();
    Candidate {
        id: checked.id.clone(),
        period: issue.map_or_else(|| checked.id.period(), |issue| issue.period),
        publish_at: issue.filter(|issue| issue.publish_at.is_some()).map(|issue| issue.bears(zone)),
    }
}

fn entry(planned: Planned, waiting: &[&Checked], held: impl Fn(&IssueId) -> bool) -> Entry {
    let checked = waiting.iter().find(|checked| checked.id == planned.id);
    Entry {
        title: checked.and_then(|checked| checked.issue.as_ref()).map(|issue| issue.title.clone()).unwrap_or_default(),
        state: if held(&planned.id) { "held" } else { checked.map_or("faulty", |checked| checked.state()) },
        why: match &planned.due {
            Due::Never(why) => Some(why.to_string()),
            Due::At { .. } => None,
        },
        id: planned.id,
        due: planned.due,
    }
}

/// Everything that is out or on its way.
async fn out(newsroom: &Newsroom, candidates: &[Candidate]) -> Result<Vec<Out>, AppError> {
    let store = newsroom.store();
    let mut out: Vec<Out> = Vec::new();
    for issue in store.shelf().await? {
        out.push(of_archive(newsroom, issue, candidates).await?);
    }
    for mailing in store.mailings().await? {
        if let Some(out) = out.iter_mut().find(|out| out.id == mailing.issue) {
            out.opened_at = mailing.opened_at;
        } else {
            let period = mailing.issue.period();
            out.push(Out { period, id: mailing.issue, opened_at: mailing.opened_at, had_time: false });
        }
    }
    Ok(out)
}

/// An issue of the archive. Whether its editor named a time stands in its manuscript, which is read again only where it
/// matters: where an issue that waits stands for the same time.
async fn of_archive(newsroom: &Newsroom, issue: ArchivedIssue, candidates: &[Candidate]) -> Result<Out, AppError> {
    let meets = |other: Period| issue.period.first() <= other.last() && other.first() <= issue.period.last();
    let had_time = candidates.iter().any(|candidate| meets(candidate.period)) && named_its_time(newsroom, &issue.id).await?;
    Ok(Out { id: issue.id, period: issue.period, opened_at: issue.out_at, had_time })
}

async fn named_its_time(newsroom: &Newsroom, id: &IssueId) -> Result<bool, AppError> {
    let Some(issue) = newsroom.store().back_issue(id).await? else { return Ok(false) };
    let draft = Draft { id: issue.id.clone(), source: Source::new(issue.id.as_str(), issue.manuscript), files: Vec::new() };
    let parsed = manuscript::parse(&draft, &newsroom.config().house.related_heading);
    Ok(parsed.value.is_some_and(|manuscript| manuscript.front.publish_at.is_some()))
}
