//! The other nodes at a mailing: a hand lent to the one that drives it, and waiting for those who still hold some of it.

use std::time::Duration;

use super::{Round, Rounds};
use crate::app::AppError;
use crate::desk::send::{Halt, lending};
use crate::store::{Recovered, Waiting, Wave};

/// How long is waited for others before it is looked again.
const LOOK: Duration = Duration::from_secs(1);

impl Rounds<'_> {
    /// Sends along with the node that drives the mailing, for as long as anything is due. Returns why it ends before that.
    pub(super) async fn help(&self) -> Result<Option<Halt>, AppError> {
        loop {
            if let Round::Stopped(halt) = self.round(Wave::Rest).await? {
                return Ok(Some(halt));
            }
            let waiting = self.store().waiting(self.mailing.id, Wave::Rest).await?;
            let now = self.newsroom.now();
            if !waiting.iter().any(|waits| waits.queued > 0 || waits.next_due.is_some_and(|due| due <= now)) {
                return Ok(None);
            }
            if let Some(halt) = self.stay_for_others().await? {
                return Ok(Some(halt));
            }
            let mailing = self.store().mailing(&self.mailing.issue).await?;
            if !mailing.is_some_and(|mailing| lending::is_open(self.newsroom, &mailing)) || !self.newsroom.attendance().another_sends() {
                return Ok(None);
            }
        }
    }

    /// Whether other nodes hold something of the mailing, or have what is left of it for their share. What those held who
    /// have died waits again, and what is said to be held by us: a round has ended, so we hold nothing. A database that has lost its
    /// last commits, as a replica has that was promoted, knows less of what became of it than we do.
    pub(super) async fn others_go_on(&self, waiting: &[Waiting]) -> Result<bool, AppError> {
        if self.store().shared().is_none() {
            return Ok(false);
        }
        let (boot, on_doubt) = (self.newsroom.boot(), self.newsroom.config().on_doubt);
        let recovered = self.store().take_up(self.mailing.id, boot, on_doubt, self.newsroom.now()).await?;
        let tally = self.store().tally(self.mailing.id).await?;
        Ok(recovered != Recovered::default() || tally.claimed + tally.submitting > 0 || self.crew.dispatch.is_elsewhere(waiting))
    }

    /// Waits a moment, or until others call out. Returns why the run ends meanwhile, if it does.
    pub(super) async fn stay_for_others(&self) -> Result<Option<Halt>, AppError> {
        let heard = async {
            match self.store().shared() {
                // What is heard of at once is not yet worth a look.
                Some(nodes) => {
                    tokio::time::sleep(LOOK / 5).await;
                    nodes.hear().await;
                }
                None => std::future::pending().await,
            }
        };
        self.progress.wait_for(Some("waiting for what other nodes hold".to_owned()));
        tokio::select! {
            () = heard => {}
            () = tokio::time::sleep(LOOK) => {}
            () = self.crew.dispatch.ended() => {}
        }
        self.progress.wait_for(None);
        self.end_of_stay()
    }
}
