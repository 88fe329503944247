//! One worker holds one connection: claims, composes, notes that it submits, submits, and records what was answered.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::Mutex;

use super::Progress;
use super::pace::Pace;
use crate::app::AppError;
use crate::clock::Clock;
use crate::mailing::compose::Composer;
use crate::mailing::fate::OnDoubt;
use crate::mailing::plan::RetryPlan;
use crate::mailing::settle::{Judgement, Outcome, settle};
use crate::mailing::{Delivery, Fate, MailingId, Stage};
use crate::relay::{Answer, Connection, Relay, RelayError};
use crate::store::{Attempt, Store};

/// How often in a row a worker tries to open a connection before the run gives the relay up for now.
const OPENING_TRIES: u32 = 3;

/// What the workers of a run have in common.
pub(super) struct Shared {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) relay: Relay,
    pub(super) pace: Pace,
    pub(super) mailing: MailingId,
    pub(super) composer: Composer,
    pub(super) plan: RetryPlan,
    pub(super) on_doubt: OnDoubt,
    pub(super) claimed: Mutex<VecDeque<Delivery>>,
    pub(super) ahead: usize,
    pub(super) progress: Arc<Progress>,
    pub(super) halted: std::sync::Mutex<Option<String>>,
}

impl Shared {
    /// Stops the run, for a reason that a person must see; the first reason counts.
    fn halt(&self, reason: String) {
        if let Ok(mut halted) = self.halted.lock() {
            halted.get_or_insert(reason);
        }
        self.progress.stop.notify_waiters();
    }

    pub(super) fn halt_reason(&self) -> Option<String> {
        self.halted.lock().ok().and_then(|halted| halted.clone())
    }

    fn must_stop(&self) -> bool {
        self.progress.must_stop() || self.halt_reason().is_some()
    }

    /// The next delivery, from those claimed ahead or from the ledger.
    async fn next(&self) -> Result<Option<Delivery>, AppError> {
        let mut claimed = self.claimed.lock().await;
        if claimed.is_empty() && !self.must_stop() {
            claimed.extend(self.store.claim(self.mailing, self.ahead, self.clock.now()).await?);
        }
        Ok(if self.must_stop() { None } else { claimed.pop_front() })
    }

    /// Puts a delivery back that was not sent after all.
    async fn put_back(&self, delivery: Delivery) {
        self.claimed.lock().await.push_front(delivery);
    }
}

/// One connection and what it sends.
pub(super) struct Worker<'s> {
    shared: &'s Shared,
    connection: Option<Connection>,
}

impl<'s> Worker<'s> {
    pub(super) fn new(shared: &'s Shared) -> Self {
        Self { shared, connection: None }
    }

    /// Works until nothing is due or the run stops. What was claimed and not sent is left in the shared queue.
    pub(super) async fn run(mut self) -> Result<(), AppError> {
        while let Some(delivery) = self.shared.next().await? {
            match self.connection().await {
                Ok(Some(connection)) => {
                    self.connection = Some(self.deliver(connection, delivery).await?);
                }
                Ok(None) => {
                    self.shared.put_back(delivery).await;
                    break;
                }
                Err(fault) => {
                    self.shared.put_back(delivery).await;
                    self.shared.halt(fault.to_string());
                    break;
                }
            }
        }
        if let Some(connection) = self.connection {
            connection.close().await;
        }
        Ok(())
    }

    /// The open connection, or a new one in the place of one that is spent; `None` if the run is asked to stop first.
    async fn connection(&mut self) -> Result<Option<Connection>, RelayError> {
        match self.connection.take() {
            Some(connection) if connection.is_usable() => return Ok(Some(connection)),
            Some(connection) => connection.close().await,
            None => {}
        }
        let mut tries = 1;
        loop {
            match self.shared.relay.connect().await {
                Ok(connection) => return Ok(Some(connection)),
                Err(fault) if !fault.is_transient() || tries == OPENING_TRIES => return Err(fault),
                Err(_) => tries += 1,
            }
            tokio::select! {
                () = tokio::time::sleep(std::time::Duration::from_millis(200 << tries)) => {}
                () = self.shared.progress.stopped() => return Ok(None),
            }
        }
    }

    /// Hands one delivery over and records what became of it. Gives the connection back, to be used again or closed.
    async fn deliver(&self, mut connection: Connection, delivery: Delivery) -> Result<Connection, AppError> {
        let shared = self.shared;
        let message = match shared.composer.compose(&delivery) {
            Ok(message) => message,
            Err(fault) => {
                // One reader's message that cannot be written must not keep the others from theirs.
                let refused = self.attempt(&delivery, Stage::Greeting, Fate::Refused);
                self.record(Attempt { fault: Some(fault.to_string()), ..refused }).await?;
                return Ok(connection);
            }
        };
        shared.pace.turn().await;
        shared.store.submitting(shared.mailing, delivery.subscriber, shared.clock.now()).await?;
        let submitted = connection.submit(&message).await;
        let (outcome, reply, fault) = match submitted {
            Ok(Answer { stage, reply }) => (Outcome::Answered(stage, reply.clone()), Some(reply), None),
            Err(fault) => (self.lost(&fault), None, Some(fault.to_string())),
        };
        let settlement = settle(&delivery, &outcome, shared.clock.now(), &shared.plan, shared.on_doubt);
        let stage = match outcome {
            Outcome::Answered(stage, _) | Outcome::Lost { stage, .. } => stage,
        };
        if settlement.halt {
            let said = reply.as_ref().map(ToString::to_string).unwrap_or_default();
            shared.halt(format!("relay `{}` turned us away at {stage}, whoever the reader: {said}", shared.relay.name()));
        }
        let suppress = settlement.judgement == Judgement::Hard;
        self.record(Attempt { reply, fault, suppress, ..self.attempt(&delivery, stage, settlement.fate) }).await?;
        Ok(connection)
    }

    /// A try of this delivery as the ledger keeps it, before anything is known of its reply.
    fn attempt(&self, delivery: &Delivery, stage: Stage, fate: Fate) -> Attempt {
        Attempt {
            mailing: self.shared.mailing,
            subscriber: delivery.subscriber,
            relay: self.shared.relay.name().to_owned(),
            at: self.shared.clock.now(),
            stage,
            reply: None,
            fault: None,
            fate,
            suppress: false,
        }
    }

    async fn record(&self, attempt: Attempt) -> Result<(), AppError> {
        let accepted = attempt.fate == Fate::Accepted;
        self.shared.store.record(attempt).await?;
        self.shared.progress.settled.fetch_add(1, Ordering::Relaxed);
        self.shared.progress.accepted.fetch_add(u64::from(accepted), Ordering::Relaxed);
        Ok(())
    }

    fn lost(&self, fault: &RelayError) -> Outcome {
        if let RelayError::Unfit { .. } = fault {
            self.shared.halt(fault.to_string());
        }
        let stage = if let RelayError::Lost { stage, .. } = fault { *stage } else { Stage::Greeting };
        Outcome::Lost { stage, in_doubt: fault.is_in_doubt() }
    }
}
