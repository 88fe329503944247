//! One mailing under way, and when the next run of those that are not finished is due.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinHandle;

use super::office::after;
use crate::app::{AppError, Newsroom};
use crate::dateline::IssueId;
use crate::desk::send::{Progress, Report, Request, send};

/// How long a run stays for those who asked to be tried later, before the next one's turn comes.
const STAY: Duration = Duration::from_mins(1);

/// How long a mailing goes on while another waits: long enough that few are begun in vain, short enough for a few urgent words.
const TURN: SignedDuration = SignedDuration::from_mins(5);

/// The same of one that only waits, for its canary's time to be over say.
const IDLE_TURN: SignedDuration = SignedDuration::from_mins(1);

/// How long a mailing rests that could not go on: something is paused, a limit is reached, the relays fail.
const REST: SignedDuration = SignedDuration::from_secs(20);

/// How long one rests that could not even begin.
const PAUSE: SignedDuration = SignedDuration::from_secs(10);

/// A mailing under way.
pub(super) struct Run {
    pub(super) issue: IssueId,
    since: Timestamp,
    pub(super) progress: Arc<Progress>,
    pub(super) task: JoinHandle<Result<Report, AppError>>,
}

impl Run {
    /// Opens the mailing of an issue with the edition that editors were shown.
    pub(super) fn open(newsroom: Arc<Newsroom>, issue: IssueId, edition: String) -> Self {
        tracing::info!(%issue, %edition, "its time has come");
        Self::begin(newsroom, Request { edition: Some(edition), ..request(issue) })
    }

    /// Takes up a mailing that is not finished.
    pub(super) fn take_up(newsroom: Arc<Newsroom>, issue: IssueId) -> Self {
        Self::begin(newsroom, request(issue))
    }

    fn begin(newsroom: Arc<Newsroom>, request: Request) -> Self {
        let progress = Arc::new(Progress::default());
        let (watched, issue, since) = (Arc::clone(&progress), request.issue.clone(), newsroom.now());
        let task = tokio::spawn(async move { send(&newsroom, &request, &watched).await });
        Self { issue, since, progress, task }
    }

    /// Asks it to end if it has had its turn; for when another waits. What is left of it goes on in its next turn.
    pub(super) fn give_way(&self, now: Timestamp) {
        let turn = if self.progress.waits_for().is_some() { IDLE_TURN } else { TURN };
        // The clock may have been set back.
        let has_had_its_turn = now >= after(self.since, turn) || now < self.since;
        if has_had_its_turn && !self.progress.must_stop() {
            tracing::info!(issue = %self.issue, "it is another mailing's turn");
            self.progress.ask_to_stop();
        }
    }

    /// "sending 2014-12: 12,340 of 50,000".
    pub(super) fn line(&self) -> String {
        let what = format!("sending {}: {} of {}", self.issue, figure(self.progress.settled()), figure(self.progress.total()));
        self.progress.waits_for().map_or_else(|| what.clone(), |waits| format!("{what}; {waits}"))
    }
}

fn request(issue: IssueId) -> Request {
    Request { issue, now: true, wait: STAY, joined: None, edition: None }
}

/// 12340 as "12,340".
fn figure(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Mailings that are not finished, and when each goes on.
#[derive(Debug, Default)]
pub(super) struct Unfinished {
    known: Vec<IssueId>,
    /// Up to when nothing is tried for an issue, also where its mailing could not be opened.
    resting: BTreeMap<IssueId, Timestamp>,
}

impl Unfinished {
    /// Those that the ledger knows.
    pub(super) fn meet(&mut self, known: Vec<IssueId>) {
        self.known = known;
    }

    /// Whether something may be tried for an issue.
    pub(super) fn may(&self, issue: &IssueId, now: Timestamp) -> bool {
        self.rested(issue) <= now
    }

    /// When something may be tried for an issue again.
    pub(super) fn rested(&self, issue: &IssueId) -> Timestamp {
        self.resting.get(issue).copied().unwrap_or(Timestamp::MIN)
    }

    /// The one whose turn it is: the one that has rested longest.
    pub(super) fn due(&self, now: Timestamp) -> Option<&IssueId> {
        self.known.iter().filter(|issue| self.may(issue, now)).min_by_key(|issue| self.resting.get(issue))
    }

    /// Whether another than this one waits for its turn.
    pub(super) fn is_another_due(&self, issue: &IssueId, now: Timestamp) -> bool {
        self.known.iter().any(|other| other != issue && self.may(other, now))
    }

    /// What a run's end means for when the next one comes. One that was asked to end, for other settings say, rests no longer
    /// than it takes to begin the next.
    pub(super) fn settle(&mut self, issue: &IssueId, report: Option<&Report>, was_asked: bool, now: Timestamp) {
        let until = match report {
            Some(Report { is_finished: true, .. }) => None,
            // A person lets it go on, and need not wait for it then.
            Some(Report { mailing, .. }) if mailing.paused.is_some() => None,
            Some(_) if was_asked => Some(now),
            Some(Report { halted: None, tally, .. }) => Some(tally.next_due.unwrap_or(after(now, REST))),
            Some(_) => Some(after(now, REST)),
            None => Some(after(now, PAUSE)),
        };
        self.known.retain(|other| until.is_some() || other != issue);
        match until {
            Some(until) => self.resting.insert(issue.clone(), until),
            None => self.resting.remove(issue),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_in_groups_of_three() {
        assert_eq!([0, 999, 1000, 12_340, 1_234_567].map(figure), ["0", "999", "1,000", "12,340", "1,234,567"]);
    }

    #[test]
    fn a_mailing_whose_run_failed_rests_and_the_longest_rested_goes_first() {
        let [a, b]: [IssueId; 2] = ["2014-11", "2014-12"].map(|id| id.parse().unwrap());
        let now: Timestamp = "2014-12-01T09:00:00Z".parse().unwrap();
        let mut unfinished = Unfinished::default();
        unfinished.meet(vec![a.clone(), b.clone()]);
        assert_eq!(unfinished.due(now), Some(&a));
        unfinished.settle(&a, None, false, now);
        assert_eq!(unfinished.due(now), Some(&b));
        unfinished.settle(&b, None, false, now + SignedDuration::from_secs(1));
        assert_eq!(unfinished.due(now), None);
        assert_eq!(unfinished.due(now + PAUSE), Some(&a));
        assert!(!unfinished.may(&a, now) && unfinished.may(&a, now + PAUSE));
        unfinished.meet(vec![b.clone()]);
        assert_eq!(unfinished.due(now + REST + REST), Some(&b));
    }

    #[tokio::test]
    async fn a_run_gives_way_once_it_has_had_its_turn() {
        let now: Timestamp = "2014-12-01T09:00:00Z".parse().unwrap();
        let second = SignedDuration::from_secs(1);
        let run =
            |since| Run { issue: "2014-12".parse().unwrap(), since, progress: Arc::default(), task: tokio::spawn(std::future::pending()) };
        for (since, gives_way) in [(now, false), (now - TURN + second, false), (now - TURN, true), (now + second, true)] {
            let run = run(since);
            run.give_way(now);
            assert_eq!(run.progress.must_stop(), gives_way, "{since}");
            run.task.abort();
        }
    }

    #[test]
    fn two_that_are_not_finished_take_turns() {
        let [a, b]: [IssueId; 2] = ["2014-11", "2014-12"].map(|id| id.parse().unwrap());
        let now: Timestamp = "2014-12-01T09:00:00Z".parse().unwrap();
        let mut unfinished = Unfinished::default();
        unfinished.meet(vec![a.clone()]);
        assert!(!unfinished.is_another_due(&a, now), "it waits for nobody");
        unfinished.meet(vec![a.clone(), b.clone()]);
        assert!(unfinished.is_another_due(&a, now) && unfinished.is_another_due(&b, now));
        unfinished.settle(&b, None, false, now);
        assert!(!unfinished.is_another_due(&a, now), "it rests");
        assert!(unfinished.is_another_due(&a, now + PAUSE));
    }
}
