//! Which delivery goes next, over which relay: a queue claimed ahead for each provider, and the gate that lets them pass.
//!
//! Providers take turns, so that one that is slow, limited or paused never holds up the others. Claims are fetched
//! before a queue runs dry, so that no connection waits for the ledger.

mod claims;
mod looking;
mod sharing;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::sync::Notify;

use super::Progress;
use super::roster::Roster;
use crate::app::{AppError, Attendance};
use crate::clock::Clock;
use crate::mailing::{Delivery, Fate, MailingId, Pause, ProviderId, Scope};
use crate::store::{Store, Waiting, Wave};
use crate::subscription::SubscriberId;
use crate::traffic::{Gate, Heard, Lane, Verdict};

/// How long a connection waits at most before it looks again by itself.
const LONGEST_NAP: Duration = Duration::from_mins(1);

/// One of our connections: which relay's, and its number among all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) relay: usize,
    pub(super) connection: usize,
}

/// What a connection may do next.
enum Next {
    Deliver(Box<Delivery>),
    /// Nothing before this moment, or before something changes.
    Wait(Option<Timestamp>),
    /// Nothing any more in this round.
    Done,
}

/// Why a run ends before its time.
#[derive(Debug)]
pub(super) enum End {
    /// For a reason that a person must see.
    Halted(String),
    /// A fault of the machine.
    Failed(AppError),
}

/// What is to be sent, and how.
pub(super) struct Errand {
    pub(super) mailing: MailingId,
    /// How many deliveries of a provider are claimed at a time.
    pub(super) ahead: usize,
    /// Where people read what is told of times.
    pub(super) zone: TimeZone,
    /// This node among the others.
    pub(super) attendance: Arc<Attendance>,
}

pub(super) struct Dispatch {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    progress: Arc<Progress>,
    errand: Errand,
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    gate: Gate,
    roster: Roster,
    wave: Wave,
    queues: Vec<Queue>,
    turn: usize,
    /// Up to when the run stays for what it may not send yet.
    patience: Timestamp,
    /// Deliveries that connections hold and that are not noted: any of them may come back.
    held: usize,
    /// Whether it was told that a limit lets nothing pass just now.
    has_said_why: bool,
    /// Which of this node's lives the claims are of.
    life: u64,
    /// Nothing more may come in this round; those who stand by may go home.
    is_over: bool,
    end: Option<End>,
}

/// What is claimed of one provider.
struct Queue {
    provider: ProviderId,
    lane: Lane,
    claimed: VecDeque<Delivery>,
    /// Whether the ledger may hold more.
    has_more: bool,
    is_claiming: bool,
    /// When the first limit that is not worth waiting for lets something pass.
    later: Option<Timestamp>,
}

impl Dispatch {
    pub(super) fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        progress: Arc<Progress>,
        errand: Errand,
        gate: Gate,
        roster: Roster,
    ) -> Arc<Self> {
        let state = State {
            gate,
            roster,
            wave: Wave::Rest,
            queues: Vec::new(),
            turn: 0,
            patience: Timestamp::MAX,
            held: 0,
            life: errand.attendance.lives(),
            has_said_why: false,
            is_over: false,
            end: None,
        };
        Arc::new(Self { store, clock, progress, errand, state: Mutex::new(state), changed: Notify::new() })
    }

    /// Begins a round: what waits, and up to when the run stays.
    pub(super) fn begin(&self, wave: Wave, waiting: &[Waiting], patience: Timestamp) {
        let mut state = self.state();
        state.wave = wave;
        state.patience = patience;
        state.has_said_why = false;
        state.is_over = false;
        drop(state);
        self.arm(waiting);
    }

    /// Makes known what may be claimed by now.
    pub(super) fn arm(&self, waiting: &[Waiting]) {
        let now = self.clock.now();
        let mut state = self.state();
        for waits in waiting.iter().filter(|waits| waits.queued > 0 || waits.next_due.is_some_and(|due| due <= now)) {
            if let Some(queue) = state.queues.iter_mut().find(|queue| queue.provider == waits.provider) {
                queue.has_more = true;
                continue;
            }
            let lane = state.gate.lane(&waits.provider);
            let provider = waits.provider.clone();
            state.queues.push(Queue { provider, lane, claimed: VecDeque::new(), has_more: true, is_claiming: false, later: None });
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// The next delivery for a connection, as soon as there is one; `None` when this round has no more.
    pub(super) async fn next(self: &Arc<Self>, place: Place) -> Option<Delivery> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Listening begins before looking, so that nothing is missed in between.
            changed.as_mut().enable();
            let until = match self.look(place) {
                Next::Deliver(delivery) => return Some(*delivery),
                Next::Done => return None,
                Next::Wait(until) => until,
            };
            let nap = until.map_or(LONGEST_NAP, |until| self.until(until));
            tokio::select! {
                () = &mut changed => {}
                () = self.progress.stopped() => {}
                () = tokio::time::sleep(nap) => {}
            }
        }
    }

    /// The next delivery for a connection, if there is one at once.
    pub(super) fn next_at_once(self: &Arc<Self>, place: Place) -> Option<Delivery> {
        match self.look(place) {
            Next::Deliver(delivery) => Some(*delivery),
            Next::Wait(_) | Next::Done => None,
        }
    }

    /// Takes a delivery back that was not sent after all; it goes next.
    pub(super) fn put_back(&self, place: Place, delivery: Delivery) {
        let now = self.clock.now();
        let mut state = self.state();
        let lane = state.gate.lane(&delivery.provider);
        state.gate.put_back(place.relay, place.connection, lane, now);
        state.roster.gave_back(place.relay);
        state.held = state.held.saturating_sub(1);
        if let Some(queue) = state.queues.iter_mut().find(|queue| queue.lane == lane) {
            queue.claimed.push_front(delivery);
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// Learns that a delivery is not sent, nor to be sent; [`Dispatch::noted`] is to follow.
    pub(super) fn put_by(&self, place: Place, provider: &ProviderId) {
        self.let_go(place, provider, Gate::put_back);
    }

    /// Learns that a delivery whose door was open is not ours any more; [`Dispatch::noted`] is to follow. The relay has counted
    /// it: a node that was taken for dead would else begin one after the other, faster than it may.
    pub(super) fn give_up(&self, place: Place, provider: &ProviderId) {
        self.let_go(place, provider, Gate::give_up);
    }

    fn let_go(&self, place: Place, provider: &ProviderId, at_gate: fn(&mut Gate, usize, usize, Lane, Timestamp)) {
        let now = self.clock.now();
        let mut state = self.state();
        let lane = state.gate.lane(provider);
        at_gate(&mut state.gate, place.relay, place.connection, lane, now);
        state.roster.gave_back(place.relay);
    }

    /// Learns what became of a delivery. Returns the pauses that begin with it. [`Dispatch::noted`] is to follow.
    pub(super) fn heard(&self, place: Place, provider: &ProviderId, heard: Heard<'_>) -> Vec<(Scope, Pause)> {
        let now = self.clock.now();
        let mut state = self.state();
        let lane = state.gate.lane(provider);
        let begun = state.gate.heard(place.relay, place.connection, lane, heard, now);
        drop(state);
        self.changed.notify_waiters();
        begun
    }

    /// Learns that the ledger knows what became of a delivery; `None`: nobody is to get it any more. What waits again may
    /// be claimed again, and not before.
    pub(super) fn noted(&self, provider: &ProviderId, fate: Option<Fate>) {
        let mut state = self.state();
        state.held = state.held.saturating_sub(1);
        if fate == Some(Fate::Queued)
            && let Some(queue) = state.queues.iter_mut().find(|queue| queue.provider == *provider)
        {
            queue.has_more = true;
        }
        let is_news = state.held == 0 || fate == Some(Fate::Queued);
        drop(state);
        if is_news {
            self.changed.notify_waiters();
        }
    }

    /// A pause that a person, a breaker or a provider's word began.
    pub(super) fn pause(&self, scope: &Scope, pause: Pause) {
        if let (Scope::Mailing(mailing), None) = (scope, pause.slow_to)
            && *mailing == self.errand.mailing
        {
            self.halt(format!("it is paused: {}", pause.reason));
        }
        self.state().gate.pause(scope, pause);
        self.changed.notify_waiters();
    }

    /// The end of a pause, by a person's word.
    pub(super) fn resume(&self, scope: &Scope) {
        self.state().gate.resume(scope, self.clock.now());
        self.changed.notify_waiters();
    }

    /// A connection of a relay is open, and the relay at work.
    pub(super) fn connected(&self, relay: usize) {
        let now = self.clock.now();
        self.state().roster.connected(relay, now);
    }

    /// A connection of a relay is closed.
    pub(super) fn disconnected(&self, relay: usize) {
        self.state().roster.disconnected(relay);
        self.changed.notify_waiters();
    }

    /// Whether the relay has an open connection.
    pub(super) fn is_at_work(&self, relay: usize) -> bool {
        self.state().roster.is_at_work(relay)
    }

    /// Whether the relay is to be left alone for now.
    pub(super) fn rests(&self, relay: usize) -> bool {
        let now = self.clock.now();
        !self.state().roster.works_by(relay, now)
    }

    /// A relay cannot be used just now, or ever. If it was the last, the run ends with this reason.
    pub(super) fn relay_failed(&self, relay: usize, reason: String, is_transient: bool) {
        let now = self.clock.now();
        let is_last = {
            let mut state = self.state();
            state.roster.failed(relay, now, is_transient);
            let State { roster, gate, .. } = &mut *state;
            !roster.fit(now).any(|other| gate.is_relay_open(other, now) != Verdict::Paused)
        };
        tracing::warn!(relay, reason, "a relay rests");
        if is_last {
            self.halt(reason);
        }
        self.changed.notify_waiters();
    }

    /// Ends the run, for a reason that a person must see.
    pub(super) fn halt(&self, reason: String) {
        self.end(End::Halted(reason));
    }

    /// Ends the run; the first reason counts.
    pub(super) fn end(&self, end: End) {
        self.state().end.get_or_insert(end);
        self.changed.notify_waiters();
    }

    /// Up to which wave this round goes.
    pub(super) fn wave(&self) -> Wave {
        self.state().wave
    }

    /// Whether nothing more is to be sent, since somebody asked for that or something forbids it.
    pub(super) fn must_stop(&self) -> bool {
        self.progress.must_stop() || self.has_ended()
    }

    /// Whether something forbids to send on.
    pub(super) fn has_ended(&self) -> bool {
        self.state().end.is_some()
    }

    /// Ends when the run is to send nothing more.
    pub(super) async fn ended(&self) {
        self.comes(Self::must_stop).await;
    }

    /// Ends when this round has no more for anybody.
    pub(super) async fn round_ended(&self) {
        self.comes(|dispatch| dispatch.must_stop() || dispatch.state().is_over).await;
    }

    async fn comes(&self, is_so: impl Fn(&Self) -> bool) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if is_so(self) {
                return;
            }
            tokio::select! {
                () = changed => {}
                () = self.progress.stopped() => return,
            }
        }
    }

    /// Ends a round: what was claimed and not sent, why it ended before its time, and when a limit would let more pass.
    pub(super) async fn finish(&self) -> (Vec<SubscriberId>, Option<End>, Option<Timestamp>) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if !self.state().queues.iter().any(|queue| queue.is_claiming) {
                break;
            }
            changed.await;
        }
        let mut state = self.state();
        let later = state.queues.iter().filter(|queue| !queue.is_spent()).filter_map(|queue| queue.later).min();
        let left = state.queues.drain(..).flat_map(|queue| queue.claimed).map(|delivery| delivery.subscriber).collect();
        (left, state.end.take(), later)
    }

    /// Why the run ends before its time, if it does.
    pub(super) fn take_end(&self) -> Option<End> {
        self.state().end.take()
    }

    fn until(&self, at: Timestamp) -> Duration {
        Duration::try_from(at.duration_since(self.clock.now())).unwrap_or_default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// Nothing is left of it and nothing will come.
    fn is_spent(&self) -> bool {
        self.claimed.is_empty() && !self.has_more && !self.is_claiming
    }
}

#[cfg(test)]
mod tests;
