//! A hand lent to the node that drives a mailing, where several share the newsroom.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinHandle;

use super::office::{after, ended};
use crate::app::{AppError, Newsroom};
use crate::dateline::IssueId;
use crate::desk::send::{Progress, lending};

/// How often is looked whether there is anything to do.
const LOOK: SignedDuration = SignedDuration::from_secs(1);

/// How long is waited after a hand that could not go on.
const REST: SignedDuration = SignedDuration::from_secs(20);

/// A hand that is lent, or to be lent.
pub(super) struct Helping {
    looking: Option<JoinHandle<Result<Option<IssueId>, AppError>>>,
    hand: Option<Hand>,
    next: Timestamp,
}

struct Hand {
    issue: IssueId,
    progress: Arc<Progress>,
    task: JoinHandle<Result<Option<String>, AppError>>,
}

impl Helping {
    pub(super) fn new() -> Self {
        Self { looking: None, hand: None, next: Timestamp::MIN }
    }

    /// Looks for something to do, if it is time and another node sends.
    pub(super) fn go_on(&mut self, newsroom: Arc<Newsroom>, now: Timestamp) {
        // The clock may have been set back.
        self.next = self.next.min(after(now, REST));
        if self.looking.is_none() && self.hand.is_none() && now >= self.next && newsroom.attendance().another_sends() {
            self.next = after(now, LOOK);
            self.looking = Some(tokio::spawn(async move { lending::wanted(&newsroom).await }));
        }
    }

    pub(super) fn is_under_way(&self) -> bool {
        self.hand.is_some()
    }

    /// Asks it to end.
    pub(super) fn stop(&self) {
        if let Some(hand) = &self.hand {
            hand.progress.ask_to_stop();
        }
    }

    /// Asks it to end with this process.
    pub(super) fn leave(&self) {
        if let Some(hand) = &self.hand {
            hand.progress.ask_to_leave();
        }
    }

    /// Waits until it has come to something; does not return where nothing is under way. A hand is only lent while this node
    /// does not `drive` a mailing itself, which it may do by the time something to help with is found.
    pub(super) async fn something_ended(&mut self, drives: bool, newsroom: impl Fn() -> Arc<Newsroom>) {
        tokio::select! {
            found = ended(self.looking.as_mut()) => {
                self.looking = None;
                match found {
                    Ok(Some(issue)) if !drives && self.hand.is_none() => self.hand = Some(Hand::lend(newsroom(), issue)),
                    Ok(_) => {}
                    Err(fault) => tracing::debug!(%fault, "no look at what other nodes send"),
                }
            }
            end = ended(self.hand.as_mut().map(|hand| &mut hand.task)) => {
                let was_asked = self.hand.take().is_some_and(|hand| hand.progress.must_stop());
                let why = match end {
                    Ok(_) if was_asked => return,
                    Ok(None) => return,
                    Ok(Some(why)) => why,
                    Err(fault) => fault.to_string(),
                };
                tracing::info!(why, "this node lends no hand for a while");
                self.next = after(newsroom().now(), REST);
            }
        }
    }

    /// "helping with 2014-12: 1234 sent".
    pub(super) fn line(&self) -> Option<String> {
        let Hand { issue, progress, .. } = self.hand.as_ref()?;
        let what = format!("helping with {issue}: {} sent", progress.accepted());
        Some(progress.waits_for().map_or_else(|| what.clone(), |waits| format!("{what}; {waits}")))
    }
}

impl Hand {
    fn lend(newsroom: Arc<Newsroom>, issue: IssueId) -> Self {
        let progress = Arc::new(Progress::default());
        let (watched, of) = (Arc::clone(&progress), issue.clone());
        let task = tokio::spawn(async move { lending::lend(&newsroom, &of, &watched).await });
        Self { issue, progress, task }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_node_that_drives_a_mailing_by_now_lends_no_hand_with_it() {
        let mut helping = Helping::new();
        helping.looking = Some(tokio::spawn(async { Ok(Some("2014-12".parse().unwrap())) }));
        helping.something_ended(true, || unreachable!("there is no hand to lend")).await;
        assert!(!helping.is_under_way() && helping.looking.is_none());
    }
}
