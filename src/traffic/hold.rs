//! What holds up a relay, a provider or a mailing: its limits, and the pauses that are in force.

use jiff::Timestamp;

use super::Limits;
use super::minutes::Minutes;
use super::pace::{Nanos, Pace, SECOND};
use crate::mailing::Pause;

/// The time that never comes by itself: a person must act.
pub(super) const NEVER: Nanos = Nanos::MAX;

/// An instant as this room counts it.
pub(super) fn nanos(at: Timestamp) -> Nanos {
    at.as_second().saturating_mul(SECOND).saturating_add(i64::from(at.subsec_nanosecond()))
}

/// The instant that was so counted.
pub(super) fn timestamp(at: Nanos) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(at)).unwrap_or(Timestamp::MAX)
}

/// The pauses of a way, joined into one: the longest stop, and the slowest pace for as long as the longest.
#[derive(Debug, Clone, Default)]
struct Hold {
    stopped_until: Nanos,
    slow: Option<Pace>,
    slow_until: Nanos,
}

/// What a relay, a provider or a mailing lets through.
#[derive(Debug, Clone)]
pub(super) struct Way {
    connections: u32,
    in_use: u32,
    pace: Option<Pace>,
    minutes: Option<Minutes>,
    hold: Hold,
}

impl Way {
    /// A way within these limits, of which so many connections make use.
    pub(super) fn new(limits: &Limits, round: u32, now: Nanos) -> Self {
        Self {
            connections: limits.connections.unwrap_or(u32::MAX),
            in_use: 0,
            pace: limits.per_second.map(|rate| Pace::new(rate, round, now)),
            minutes: Minutes::new(limits.per_hour, limits.per_day, now),
            hold: Hold::default(),
        }
    }

    /// Counts what went before our time.
    pub(super) fn remember(&mut self, minute: Timestamp, attempts: u64, now: Nanos) {
        if let Some(pace) = &mut self.pace {
            // Only the minute is known: as if the last message of it had gone at its end, or just now.
            pace.went(nanos(minute).saturating_add(60 * SECOND).min(now));
        }
        if let Some(minutes) = &mut self.minutes {
            minutes.add(Minutes::minute(nanos(minute)), attempts);
        }
    }

    /// When the next message may go; not after `now` means at once, [`NEVER`] that a person must act.
    pub(super) fn opens(&mut self, now: Nanos) -> Nanos {
        let mut opens = self.hold.stopped_until;
        if now < self.hold.slow_until
            && let Some(slow) = &self.hold.slow
        {
            opens = opens.max(slow.opens().min(self.hold.slow_until));
        }
        if let Some(pace) = &self.pace {
            opens = opens.max(pace.opens());
        }
        match &mut self.minutes {
            Some(minutes) if opens < NEVER => opens.max(minutes.opens(now)),
            _ => opens,
        }
    }

    /// How many connections may hold its messages: one while it is slowed.
    pub(super) fn is_full(&self, most: u32, now: Nanos) -> bool {
        self.in_use >= if now < self.hold.slow_until { 1 } else { self.connections.min(most) }
    }

    pub(super) fn is_stopped(&self, now: Nanos) -> bool {
        now < self.hold.stopped_until
    }

    /// Whether only a person can set it going again.
    pub(super) fn awaits_person(&self) -> bool {
        self.hold.stopped_until == NEVER
    }

    /// A message goes; `fresh`: on a connection that held none of it.
    pub(super) fn take(&mut self, fresh: bool, now: Nanos) {
        self.in_use += u32::from(fresh);
        if let Some(pace) = &mut self.pace {
            pace.take(now);
        }
        if let Some(slow) = &mut self.hold.slow {
            slow.take(now);
        }
        if let Some(minutes) = &mut self.minutes {
            minutes.add(Minutes::minute(now), 1);
        }
    }

    /// A message that was taken at this time or later did not go.
    pub(super) fn put_back(&mut self, since: Nanos) {
        if let Some(pace) = &mut self.pace {
            pace.put_back(since);
        }
        if let Some(slow) = &mut self.hold.slow {
            slow.put_back(since);
        }
        if let Some(minutes) = &mut self.minutes {
            minutes.remove(Minutes::minute(since));
        }
    }

    /// A connection holds none of its messages any more.
    pub(super) fn leave(&mut self) {
        self.in_use = self.in_use.saturating_sub(1);
    }

    /// A pause comes into force.
    pub(super) fn pause(&mut self, pause: &Pause, now: Nanos) {
        let until = pause.until.map_or(NEVER, nanos);
        let Some(per_second) = pause.slow_to.filter(|rate| *rate > 0.0) else {
            self.hold.stopped_until = self.hold.stopped_until.max(until);
            return;
        };
        let slower = Pace::new(per_second, 1, now);
        let in_force = self.hold.slow.filter(|_| now < self.hold.slow_until);
        self.hold.slow = Some(in_force.filter(|slow| slow.gap() >= slower.gap()).unwrap_or(slower));
        self.hold.slow_until = until.max(in_force.map_or(0, |_| self.hold.slow_until));
    }

    /// Every pause ends.
    pub(super) fn resume(&mut self) {
        self.hold = Hold::default();
    }
}
