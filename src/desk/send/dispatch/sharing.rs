//! A run among those of other nodes: it goes by its share of what limits allow, less at once and more when it may, and sends
//! nothing that it had claimed before it was taken for dead.

use jiff::Timestamp;

use super::{Dispatch, State};
use crate::store::Waiting;
use crate::traffic::{Day, Share, Tallied, Verdict};

impl Dispatch {
    /// Goes by less at once, where less is allowed, and says so when nobody here uses more; lets go of claims of an earlier life.
    pub(super) fn keep_to_share(&self, state: &mut State, now: Timestamp) {
        let attendance = &self.errand.attendance;
        let life = attendance.lives();
        if state.life != life {
            state.life = life;
            for queue in &mut state.queues {
                queue.claimed.clear();
                queue.has_more = true;
            }
        }
        let (share, allowed) = (state.gate.goes_by(), attendance.allotment().allowed());
        if share == Share::ALL && allowed == Share::ALL {
            return;
        }
        if !allowed.covers(share) {
            state.gate.narrow(allowed.common(share), now);
        }
        if state.gate.is_within_share() {
            attendance.allotment().goes_by(state.gate.goes_by());
        }
    }

    /// Looks what is allowed by now. Returns whether nobody here uses more than that.
    pub(in crate::desk::send) fn keeps_to_share(&self) -> bool {
        let now = self.clock.now();
        let mut state = self.state();
        let before = state.gate.goes_by();
        self.keep_to_share(&mut state, now);
        let (is_new, is_within) = (state.gate.goes_by() != before, state.gate.is_within_share());
        drop(state);
        if is_new {
            self.changed.notify_waiters();
        }
        is_within
    }

    /// The share that it goes by.
    pub(in crate::desk::send) fn goes_by(&self) -> Share {
        self.state().gate.goes_by()
    }

    /// Goes by this share, where it may still; with what all nodes have sent.
    pub(in crate::desk::send) fn share(&self, share: Share, history: &[Tallied], days: &[Day]) {
        let now = self.clock.now();
        let mut state = self.state();
        // Whoever is still to let go of some takes nothing more before.
        if state.gate.is_within_share() && self.errand.attendance.allotment().goes_by(share) {
            state.gate.share(share, history, days, now);
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// Whether something that may be claimed now is for other nodes to send.
    pub(in crate::desk::send) fn is_elsewhere(&self, waiting: &[Waiting]) -> bool {
        let now = self.clock.now();
        let mut state = self.state();
        let State { gate, roster, .. } = &mut *state;
        let mut due = waiting.iter().filter(|waits| waits.queued > 0 || waits.next_due.is_some_and(|due| due <= now));
        due.any(|waits| {
            let lane = gate.lane(&waits.provider);
            (0..roster.len()).any(|relay| gate.ask(relay, usize::MAX, lane, now) == Verdict::Elsewhere)
        })
    }
}
