//! Looks what one connection may do next: which provider's turn it is, and whether anything may come at all.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Dispatch, Next, Place, State};
use crate::clock::after;
use crate::desk::send::roster::Turn;
use crate::traffic::{Gate, Verdict};

/// A limit that lets nothing pass for longer than this ends the round of a run that was not asked to stay.
const WORTH_WAITING: SignedDuration = SignedDuration::from_mins(2);

/// A relay that lets nothing pass for longer than this is closed: those that stand by carry its mail meanwhile.
const CLOSED: SignedDuration = SignedDuration::from_mins(1);

/// When a node looks again that cannot be sure whether what it has claimed is still its own.
const SOON: SignedDuration = SignedDuration::from_millis(100);

/// A limit that lets nothing pass for longer than this is worth a word.
const WORTH_A_WORD: SignedDuration = SignedDuration::from_secs(5);

impl Dispatch {
    pub(super) fn look(self: &Arc<Self>, place: Place) -> Next {
        let now = self.clock.now();
        let mut state = self.state();
        if self.progress.must_stop() || state.end.is_some() {
            return Next::Done;
        }
        if !self.errand.attendance.may_act() {
            return Next::Wait(Some(after(now, SOON)));
        }
        self.keep_to_share(&mut state, now);
        state.see_who_is_closed(now);
        let turn = state.roster.turn(place.relay, now);
        let soonest = match turn {
            Turn::Now | Turn::Yields => match self.choose(&mut state, place, turn == Turn::Yields, now) {
                Next::Wait(soonest) => soonest,
                next => return next,
            },
            Turn::NotBefore(until) => Some(until),
            Turn::NotNow => None,
        };
        if !state.is_over && state.may_go_on(place, now) {
            self.say_why(&mut state, soonest, now);
            return Next::Wait(soonest);
        }
        state.is_over = true;
        drop(state);
        self.changed.notify_waiters();
        Next::Done
    }

    /// The next delivery of the provider whose turn it is, or when there may be one.
    fn choose(self: &Arc<Self>, state: &mut State, place: Place, yields: bool, now: Timestamp) -> Next {
        let worth = state.worth_waiting_for(now);
        let State { gate, queues, turn, roster, held, has_said_why, .. } = state;
        let mut soonest: Option<Timestamp> = None;
        for step in 0..queues.len() {
            let at = (*turn + step) % queues.len();
            let Some(queue) = queues.get_mut(at) else { continue };
            if queue.is_spent() {
                continue;
            }
            let others_can = |gate: &mut Gate| {
                let mut others = roster.before(place.relay, now);
                others.any(|other| !is_closed(gate.ask(other, place.connection, queue.lane, now), now))
            };
            if yields && others_can(gate) {
                continue;
            }
            match gate.ask(place.relay, place.connection, queue.lane, now) {
                Verdict::Go => {
                    self.keep_filled(at, queue);
                    if let Some(delivery) = queue.claimed.pop_front() {
                        gate.take(place.relay, place.connection, queue.lane, now);
                        roster.took(place.relay);
                        *held += 1;
                        *turn = at + 1;
                        if std::mem::take(has_said_why) {
                            self.progress.wait_for(None);
                        }
                        return Next::Deliver(Box::new(delivery));
                    }
                }
                Verdict::Wait(until) if until <= worth => soonest = Some(soonest.map_or(until, |soonest| soonest.min(until))),
                Verdict::Wait(until) => queue.later = Some(queue.later.map_or(until, |later| later.min(until))),
                Verdict::Full | Verdict::Paused | Verdict::Elsewhere => {}
            }
        }
        Next::Wait(soonest)
    }

    /// Tells whoever watches that nothing is sent for a while, once nothing is under way any more.
    fn say_why(&self, state: &mut State, until: Option<Timestamp>, now: Timestamp) {
        if let Some(until) = until
            && state.held == 0
            && until.duration_since(now) > WORTH_A_WORD
            && !std::mem::replace(&mut state.has_said_why, true)
        {
            let until = until.to_zoned(self.errand.zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z");
            self.progress.wait_for(Some(format!("waiting until {until}, since a limit lets nothing pass before")));
        }
    }
}

impl State {
    /// Has the roster know which relays let nothing pass for a while: only a person, or a later hour, opens them.
    fn see_who_is_closed(&mut self, now: Timestamp) {
        if self.roster.is_alone() {
            return;
        }
        for relay in 0..self.roster.len() {
            let is_closed = is_closed(self.gate.is_relay_open(relay, now), now);
            self.roster.close(relay, is_closed, now);
        }
    }

    /// The last moment that is worth waiting for: counted from now, since a mailing lasts as long as its limits make it.
    fn worth_waiting_for(&self, now: Timestamp) -> Timestamp {
        self.patience.max(after(now, WORTH_WAITING))
    }

    /// Whether anything may still come in this round, over whichever relay: what is held may come back, and what is left
    /// may pass in a time that is worth waiting for.
    fn may_go_on(&mut self, place: Place, now: Timestamp) -> bool {
        if self.held > 0 || self.queues.iter().any(|queue| queue.is_claiming) {
            return true;
        }
        let worth = self.worth_waiting_for(now);
        let Self { gate, queues, roster, .. } = self;
        let mut left = queues.iter_mut().filter(|queue| !queue.is_spent());
        left.any(|queue| {
            (0..roster.len()).filter(|relay| roster.works_by(*relay, worth)).any(|relay| {
                match gate.ask(relay, place.connection, queue.lane, now) {
                    Verdict::Go | Verdict::Full => true,
                    Verdict::Wait(until) => until <= worth,
                    Verdict::Paused | Verdict::Elsewhere => false,
                }
            })
        })
    }
}

fn is_closed(verdict: Verdict, now: Timestamp) -> bool {
    match verdict {
        Verdict::Paused => true,
        Verdict::Wait(until) => until.duration_since(now) > CLOSED,
        // Others carry what is theirs: no relay has to stand in for it here.
        Verdict::Go | Verdict::Full | Verdict::Elsewhere => false,
    }
}
