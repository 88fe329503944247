//! Whose turn it is: which issues go out now, which are held or wait, and who is told that one is wanting.

use jiff::{SignedDuration, Timestamp};

use super::notice::{self, Notice};
use super::tray::{State, Tray};
use super::{approval, check, proof};
use crate::app::{AppError, Newsroom};
use crate::clock::{after, before};
use crate::dateline::IssueId;
use crate::schedule::calendar::{Candidate, uncovered};
use crate::schedule::turn::{Consent, Standing, Turn};
use crate::store::{Hold, HoldCause};

/// How soon an issue is looked at again whose time has come and which a person keeps: their word may come any moment.
const ANY_MOMENT: SignedDuration = SignedDuration::from_secs(2);

/// The mark under which it is noted since when the schedule is kept.
const KEPT: &str = "the schedule is kept";

/// Runs that passed longer ago than this are told to nobody.
const HISTORY: SignedDuration = SignedDuration::from_hours(24 * 31);

/// What there is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turns {
    /// Issues that go out now, with their editions, the first due first.
    pub go: Vec<(IssueId, String)>,
    /// What waits for a person although its time has come, and for what; in words.
    pub kept: Vec<String>,
    /// When to ask again.
    pub next: Timestamp,
    /// Whether somebody could not be told something.
    pub is_untold: bool,
}

/// Asks the ledger whose turn it is. Issues that are late are held by this; whoever must know is told once.
pub async fn take(newsroom: &Newsroom, tray: &Tray) -> Result<Turns, AppError> {
    let mut taking = Taking { newsroom, now: newsroom.now(), go: Vec::new(), kept: Vec::new(), next: Timestamp::MAX, is_untold: false };
    for entry in tray.calendar.due(taking.now) {
        if let (Some(State::Ready(edition)), Some(due)) = (tray.states.get(&entry.id), entry.at()) {
            taking.one(&entry.id, edition, due).await?;
        }
    }
    taking.at(tray.calendar.next_at(taking.now).unwrap_or(Timestamp::MAX));
    taking.runs(tray).await?;
    Ok(Turns { go: taking.go, kept: taking.kept, next: taking.next, is_untold: taking.is_untold })
}

struct Taking<'n> {
    newsroom: &'n Newsroom,
    now: Timestamp,
    go: Vec<(IssueId, String)>,
    kept: Vec<String>,
    next: Timestamp,
    is_untold: bool,
}

impl Taking<'_> {
    async fn one(&mut self, issue: &IssueId, edition: &str, due: Timestamp) -> Result<(), AppError> {
        let store = self.newsroom.store();
        if store.mailing(issue).await?.is_some() {
            return Ok(());
        }
        let approvals = approval::standing(self.newsroom, issue, edition).await?;
        let consent = match approvals.given.get(approvals.needed.wrapping_sub(1)) {
            _ if approvals.needed == 0 => Consent::Needless,
            Some(last) if approvals.is_enough => Consent::Given(last.at),
            _ => Consent::Missing,
        };
        let hold = store.holds().await?.into_iter().find(|hold| hold.issue == *issue);
        let standing = Standing { due, consent, is_held: hold.is_some(), lifted_at: store.lifted(issue).await? };
        match standing.turn(self.newsroom.config().timetable.forgiven(), self.now) {
            Turn::Wait => self.at(due),
            Turn::Go if self.is_as_shown(issue).await? => self.go.push((issue.clone(), edition.to_owned())),
            Turn::Go => self.keep(format!("{issue} has just been changed")),
            Turn::Held => {
                self.keep(format!("{issue} is held"));
                if let Some(Hold { cause: HoldCause::Late, since, .. }) = hold {
                    self.tell(Notice::Late { issue: issue.clone(), due, since }).await?;
                }
            }
            Turn::Unapproved => {
                self.keep(format!("{issue} waits for approval"));
                self.tell(Notice::Unapproved { issue: issue.clone(), due, missing: approvals.missing() }).await?;
            }
            Turn::Late(_) => {
                self.keep(format!("{issue} is late, and held"));
                let reason = "it was late, and a person is to say whether it may still go".to_owned();
                store.hold(Hold { issue: issue.clone(), since: self.now, reason, cause: HoldCause::Late }).await?;
                // Editors and operators are told at the next turn, by the hold as the store has it.
                tracing::warn!(%issue, %due, "late, and held");
            }
        }
        Ok(())
    }

    /// Whether the file is still what was shown: whoever changes it at the last moment means that, and is heard first. A
    /// folder that cannot be read keeps nothing back.
    async fn is_as_shown(&self, issue: &IssueId) -> Result<bool, AppError> {
        match check::check_issue(self.newsroom, issue).await {
            Ok(checked) => Ok(proof::current(self.newsroom, &checked).await?.is_some()),
            Err(AppError::Refused(_)) => Ok(false),
            Err(AppError::Intake(_)) => Ok(true),
            Err(fault) => Err(fault),
        }
    }

    /// Runs of the schedule that passed with no issue, and the deadline of the next.
    async fn runs(&mut self, tray: &Tray) -> Result<(), AppError> {
        let timetable = &self.newsroom.config().timetable;
        let Some(schedule) = &timetable.schedule else { return Ok(()) };
        let calendar = &tray.calendar;
        let is_ready = |candidate: &&Candidate| matches!(tray.states.get(&candidate.id), Some(State::Ready(_) | State::Moving));
        let ready: Vec<Candidate> = calendar.candidates.iter().filter(is_ready).cloned().collect();
        let since = self.kept_since().await?;
        let from = since.max(before(self.now, HISTORY));
        for slot in uncovered(schedule, &ready, &calendar.taken, from, self.now) {
            self.tell(Notice::Missed { due: slot.at, waiting: in_words(tray) }).await?;
        }
        let Some(deadline) = timetable.copy_deadline.and_then(|deadline| SignedDuration::try_from(deadline).ok()) else { return Ok(()) };
        for slot in uncovered(schedule, &ready, &calendar.taken, self.now, after(self.now, deadline)) {
            let deadline = timetable.deadline(slot.at).unwrap_or(slot.at);
            self.tell(Notice::Deadline { due: slot.at, deadline, waiting: in_words(tray) }).await?;
        }
        if let Some(later) = schedule.after(after(self.now, deadline)).next() {
            self.at(timetable.deadline(later.at).unwrap_or(later.at));
        }
        Ok(())
    }

    /// Since when a daemon has looked after the schedule: what passed before that is nobody's fault.
    async fn kept_since(&self) -> Result<Timestamp, AppError> {
        let store = self.newsroom.store();
        store.first_time(KEPT, self.now).await?;
        Ok(store.told(KEPT).await?.unwrap_or(self.now))
    }

    async fn tell(&mut self, notice: Notice) -> Result<(), AppError> {
        let told = notice::tell(self.newsroom, &notice).await?;
        self.is_untold |= !told.is_done();
        Ok(())
    }

    fn keep(&mut self, why: String) {
        self.kept.push(why);
        self.at(after(self.now, ANY_MOMENT));
    }

    fn at(&mut self, moment: Timestamp) {
        self.next = self.next.min(moment);
    }
}

/// What is in the folder, such as "2014-12: a draft".
fn in_words(tray: &Tray) -> Vec<String> {
    let state = |state: &State| match state {
        State::Faulty => "has faults",
        State::Draft => "a draft",
        State::Moving => "being written",
        State::Ready(_) => "ready",
    };
    tray.states.iter().map(|(issue, of)| format!("{issue}: {}", state(of))).collect()
}
