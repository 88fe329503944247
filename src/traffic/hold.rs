//! What holds up a relay, a provider or a mailing: its limits, and the pauses that are in force.

use jiff::Timestamp;

use super::minutes::Minutes;
use super::pace::{Nanos, Pace, SECOND};
use super::{Limits, Share};
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
    limits: Limits,
    round: u32,
    /// Whether each node has all of the connections.
    is_each_nodes: bool,
    /// What of the limits is for this node.
    share: Share,
    connections: u32,
    in_use: u32,
    /// Messages that were taken and have not come to an end.
    under_way: u64,
    /// The last two minutes in which any were taken here, and how many.
    own: [(i64, u64); 2],
    pace: Option<Pace>,
    minutes: Option<Minutes>,
    hold: Hold,
}

impl Way {
    /// A way within these limits, of which so many connections make use.
    pub(super) fn new(limits: &Limits, round: u32, now: Nanos) -> Self {
        Self {
            limits: *limits,
            round,
            is_each_nodes: false,
            share: Share::ALL,
            connections: limits.connections.unwrap_or(u32::MAX),
            in_use: 0,
            under_way: 0,
            own: [(i64::MIN, 0); 2],
            pace: limits.per_second.map(|rate| Pace::new(rate, round, now)),
            minutes: Minutes::new(limits.per_hour, limits.per_day, now),
            hold: Hold::default(),
        }
    }

    /// The same where each node has all of the connections.
    pub(super) fn with_connections_of_its_own(mut self) -> Self {
        self.is_each_nodes = true;
        self
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
    fn connections(&self, now: Nanos) -> u32 {
        if now < self.hold.slow_until { self.own(1) } else { self.connections }
    }

    /// Whether as many connections hold its messages as may.
    pub(super) fn is_full(&self, most: u32, now: Nanos) -> bool {
        self.in_use >= self.connections(now).min(most)
    }

    /// Whether more do than its share allows, since that has become less.
    pub(super) fn is_over(&self, now: Nanos) -> bool {
        self.share != Share::ALL && self.in_use > self.connections(now)
    }

    /// Of so many connections, those that are this node's.
    fn own(&self, connections: u32) -> u32 {
        u32::try_from(self.share.whole_of(u64::from(connections))).unwrap_or(connections)
    }

    /// Whether it lets something through, and all of that is others' share.
    pub(super) fn is_elsewhere(&self, now: Nanos) -> bool {
        let Limits { connections, per_second, per_hour, per_day } = self.limits;
        let connections = connections.filter(|_| !self.is_each_nodes).map(u64::from);
        let is_none = |many: u64| many > 0 && self.share.whole_of(many) == 0;
        let slowed = (now < self.hold.slow_until).then_some(1);
        per_second.is_some() && self.share.is_none() || [connections, per_hour, per_day, slowed].into_iter().flatten().any(is_none)
    }

    /// Goes by another share, with what it has counted.
    pub(super) fn narrow(&mut self, share: Share, now: Nanos) {
        self.share = share;
        if let Some(most) = self.limits.connections.filter(|_| !self.is_each_nodes) {
            self.connections = self.own(most);
        }
        if let (Some(pace), Some(rate)) = (&mut self.pace, self.limits.per_second) {
            *pace = pace.paced(rate * share.part(), self.round, now);
        }
        if let Some(minutes) = &mut self.minutes {
            minutes.limit(self.limits.per_hour.map(|most| share.whole_of(most)), self.limits.per_day.map(|most| share.whole_of(most)));
        }
    }

    /// Counts anew what all nodes sent, oldest first: its part of all that went up to each minute, rounded up. What this node
    /// sent in the last two minutes counts whole, since the others may not have counted it when they settled their shares. If
    /// `is_as_before`, its share has not changed, and what it has counted so far counts on where that is more.
    pub(super) fn recount(&mut self, rows: impl Iterator<Item = (Timestamp, u64)>, is_as_before: bool, now: Nanos) {
        let part = |limit: Option<u64>| limit.map(|most| self.share.whole_of(most));
        let Some(mut minutes) = Minutes::new(part(self.limits.per_hour), part(self.limits.per_day), now) else { return };
        let this = Minutes::minute(now);
        let (mut sum, mut counted, mut lately) = (0, 0, [0; 2]);
        for (minute, attempts) in rows {
            let minute = Minutes::minute(nanos(minute));
            sum += attempts;
            let own = self.share.used_of(sum) - counted;
            counted += own;
            match lately.get_mut(usize::try_from(this - minute).unwrap_or(usize::MAX)) {
                Some(many) => *many += own,
                None => minutes.add(minute, own),
            }
        }
        for (ago, many) in (0..).zip(lately) {
            let minute = this - ago;
            let own = self.own.iter().find(|(of, _)| *of == minute).map_or(0, |(_, many)| *many);
            minutes.add(minute, many.max(own).max(if ago == 0 { self.under_way } else { 0 }));
        }
        if !is_as_before || self.minutes.as_ref().is_none_or(|known| minutes.counts_more_than(known)) {
            self.minutes = Some(minutes);
        }
    }

    /// How many messages are under way.
    pub(super) fn under_way(&self) -> u64 {
        self.under_way
    }

    /// A message has come to an end.
    pub(super) fn done(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
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
        self.under_way += 1;
        let minute = Minutes::minute(now);
        if self.own[0].0 != minute {
            self.own = [(minute, 0), self.own[0]];
        }
        self.own[0].1 += 1;
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
