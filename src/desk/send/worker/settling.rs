//! What an answer makes of a delivery, and the note of it in the ledger before anything else leaves.

use std::sync::atomic::Ordering;

use super::{Noted, Worker};
use crate::app::AppError;
use crate::mailing::settle::{Judgement, Outcome, Settlement, settle};
use crate::mailing::{Delivery, Fate, Pause, Reply, Scope, Stage};
use crate::relay::{Answer, RelayError};
use crate::store::{Attempt, Note, StoreError};
use crate::subscription::SubscriberId;
use crate::traffic::Heard;

impl Worker<'_> {
    /// What an answer, or the want of one, makes of a delivery; those who must know of it are told.
    pub(super) async fn settled(&self, delivery: &Delivery, answer: Result<Answer, RelayError>) -> Result<Attempt, AppError> {
        let crew = self.crew;
        let (outcome, reply, fault) = match answer {
            Ok(Answer { stage, reply }) => (Outcome::Answered(stage, reply.clone()), Some(reply), None),
            Err(fault) => (self.lost(&fault), None, Some(fault.to_string())),
        };
        let settlement = settle(delivery, &outcome, crew.clock.now(), &crew.plan, crew.on_doubt);
        let stage = match outcome {
            Outcome::Answered(stage, _) | Outcome::Lost { stage, .. } => stage,
        };
        if settlement.halt {
            let said = reply.as_ref().map(ToString::to_string).unwrap_or_default();
            let name = crew.names.get(self.place.relay).map_or("", |name| name);
            crew.turned_away(self.place.relay, stage, format!("relay `{name}` turned us away at {stage}, whoever the reader: {said}"));
        }
        let heard = Heard { attempt: delivery.attempt, fate: settlement.fate, judgement: settlement.judgement, reply: reply.as_ref() };
        for (scope, pause) in crew.dispatch.heard(self.place, &delivery.provider, heard) {
            tracing::warn!(?scope, reason = pause.reason, "a pause begins");
            crew.dispatch.pause(&scope, pause.clone());
            self.keep_pause(&scope, pause).await;
        }
        Ok(self.attempt(delivery, stage, settlement, reply, fault))
    }

    pub(super) fn attempt(
        &self,
        delivery: &Delivery,
        stage: Stage,
        settlement: Settlement,
        reply: Option<Reply>,
        fault: Option<String>,
    ) -> Attempt {
        Attempt {
            mailing: self.crew.mailing,
            subscriber: delivery.subscriber,
            number: delivery.attempt,
            provider: delivery.provider.clone(),
            relay: self.crew.names.get(self.place.relay).cloned().unwrap_or_else(|| "".into()),
            at: self.crew.clock.now(),
            stage,
            reply,
            fault,
            fate: settlement.fate,
            judgement: settlement.judgement,
            suppress: settlement.judgement == Judgement::Hard,
        }
    }

    /// Writes a pause into the store. One that cannot be kept must not cost the answer that began it its own note.
    async fn keep_pause(&self, scope: &Scope, pause: Pause) {
        let crew = self.crew;
        while let Err(fault) = crew.store.pause(scope, pause.clone()).await {
            if !fault.is_transient() || !crew.dispatch.store_is_out(&fault).await {
                tracing::error!(?scope, %fault, "a pause holds for this run only");
                return;
            }
        }
    }

    fn lost(&self, fault: &RelayError) -> Outcome {
        if let RelayError::Unfit { .. } = fault {
            self.crew.dispatch.halt(fault.to_string());
        }
        let stage = if let RelayError::Lost { stage, .. } = fault { *stage } else { Stage::Greeting };
        Outcome::Lost { stage, in_doubt: fault.is_in_doubt() }
    }

    /// Writes into the ledger what became of the message before and which one goes out now. While the ledger cannot be
    /// written nothing is sent; it is asked again until it can, or until the process is to end.
    pub(super) async fn note(&self, settled: Option<Attempt>, submitting: Option<SubscriberId>) -> Result<Noted, AppError> {
        let crew = self.crew;
        if settled.is_none() && submitting.is_none() {
            return Ok(Noted::Ours);
        }
        let mut note = Note { mailing: crew.mailing, settled, submitting, at: crew.clock.now() };
        let (mut noted, mut apart) = (Noted::Ours, None);
        loop {
            match crew.store.note(note.clone()).await {
                Ok(()) => break,
                Err(fault) if fault.is_transient() => {
                    if !crew.dispatch.store_is_out(&fault).await {
                        return Err(fault.into());
                    }
                }
                // One of the two is not ours any more: each by itself tells which.
                Err(StoreError::Unknown(_)) if note.settled.is_some() && note.submitting.is_some() => {
                    noted = Noted::TakenAway;
                    apart = note.submitting.take();
                }
                Err(StoreError::Unknown(_)) if let Some(attempt) = note.settled.take() => {
                    // Whoever took it over knows nothing of this answer: the reader may get it twice, under one Message-ID.
                    tracing::warn!(stage = %attempt.stage, fate = ?attempt.fate, "an answer came for a delivery that is not ours any more");
                    crew.dispatch.noted(&attempt.provider, None);
                    note.submitting = apart.take();
                    if note.submitting.is_none() {
                        break;
                    }
                    noted = Noted::Ours;
                }
                Err(StoreError::Unknown(_)) if note.submitting.take().is_some() => {
                    noted = Noted::TakenAway;
                    break;
                }
                Err(fault) => return Err(fault.into()),
            }
        }
        if let Some(attempt) = &note.settled {
            crew.progress.settled.fetch_add(1, Ordering::Relaxed);
            crew.progress.accepted.fetch_add(u64::from(attempt.fate == Fate::Accepted), Ordering::Relaxed);
            crew.dispatch.noted(&attempt.provider, Some(attempt.fate));
        }
        Ok(noted)
    }
}
