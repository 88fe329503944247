//! A gate of one node among several: it lets through what is in its share, and knows what all of them sent.

use jiff::Timestamp;

use super::{Gate, Outlet};
use crate::traffic::hold::Way;
use crate::traffic::lane::climbed;
use crate::traffic::pace::Nanos;
use crate::traffic::{Day, Share, Tallied};

impl Gate {
    /// The share that it goes by; a gate begins with all there is.
    pub fn goes_by(&self) -> Share {
        self.share
    }

    /// Goes by less from now on. What it has counted stays: that was more than its part.
    pub fn narrow(&mut self, share: Share, now: Timestamp) {
        let now = self.moment(now);
        self.share = share;
        self.each_way(|way| way.narrow(share, now));
        for climb in self.flows.iter_mut().filter_map(|flow| flow.climb.as_mut()) {
            climb.share = share;
        }
    }

    /// Goes by this share from now on, more or less than before. What all nodes sent in the last day and before, as for
    /// [`Gate::new`], counts by its part, rounded up; and what is under way here counts whole.
    pub fn share(&mut self, share: Share, history: &[Tallied], days: &[Day], now: Timestamp) {
        let is_as_before = share == self.share;
        if !is_as_before {
            self.narrow(share, now);
        }
        let at = self.moment(now);
        let Self { relays, flows, zone, .. } = self;
        for Outlet { name, way, .. } in &mut *relays {
            way.recount(history.iter().filter(|row| row.relay == *name).map(|row| (row.minute, row.attempts)), is_as_before, at);
        }
        let warm: Vec<&str> = relays.iter().filter(|outlet| outlet.warm_up).map(|outlet| outlet.name.as_str()).collect();
        let known: Vec<_> = flows.iter().map(|flow| flow.id.clone()).collect();
        for flow in flows {
            let is_own = |row: &&Tallied| {
                // Whom the rules do not know counts among the others.
                row.provider == flow.id || (flow.id == crate::mailing::ProviderId::other() && !known.contains(&row.provider))
            };
            flow.way.recount(history.iter().filter(is_own).map(|row| (row.minute, row.attempts)), is_as_before, at);
            let under_way = flow.way.under_way();
            if let Some(climb) = &mut flow.climb {
                let rows = history.iter().filter(is_own).filter(|row| warm.contains(&row.relay.as_str()));
                climb.recount(climbed(days, &flow.id, &warm), rows, under_way, is_as_before, zone, at);
            }
        }
    }

    /// Whether no more of our connections hold messages of any provider than the share allows.
    pub fn is_within_share(&self) -> bool {
        let now = self.now;
        let mut ways = self.flows.iter().map(|flow| &flow.way).chain(self.relays.iter().map(|outlet| &outlet.way)).chain([&self.whole]);
        !ways.any(|way| way.is_over(now))
    }

    fn each_way(&mut self, change: impl Fn(&mut Way)) {
        self.relays.iter_mut().for_each(|outlet| change(&mut outlet.way));
        self.flows.iter_mut().for_each(|flow| change(&mut flow.way));
        change(&mut self.whole);
    }

    /// Whether all that a way allows is others' share.
    pub(super) fn is_elsewhere(&self, relay: usize, lane: usize, now: Nanos) -> bool {
        let (Some(outlet), Some(flow)) = (self.relays.get(relay), self.flows.get(lane)) else { return false };
        let climbs_elsewhere = || outlet.warm_up && flow.climb.as_ref().is_some_and(crate::traffic::lane::Climb::is_elsewhere);
        self.share != Share::ALL
            && (outlet.way.is_elsewhere(now) || flow.way.is_elsewhere(now) || self.whole.is_elsewhere(now) || climbs_elsewhere())
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use jiff::tz::TimeZone;

    use super::*;
    use crate::mailing::{Pause, ProviderId, Scope};
    use crate::traffic::{BreakerRules, Limits, Provider, Providers, RelayRules, Rules, Verdict};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_780_000_020 + seconds).unwrap()
    }

    fn town() -> ProviderId {
        ProviderId::new("town")
    }

    fn gate(limits: Limits) -> Gate {
        let mut provider = Provider::named(town());
        provider.limits = limits;
        let rules = Rules {
            relays: vec![RelayRules { name: "main".to_owned(), limits: Limits::default(), window: None, warm_up: false }],
            providers: Providers::built_in().unshaped().amended(vec![provider]),
            window: None,
            zone: TimeZone::UTC,
            breaker: BreakerRules::default(),
        };
        Gate::new(rules, &[], &[], &[], at(0))
    }

    fn sent(many: u64, minutes_ago: i64) -> Tallied {
        let minute = at(0) - SignedDuration::from_mins(minutes_ago);
        Tallied { relay: "main".to_owned(), provider: town(), minute, attempts: many, accepted: many, deferred: 0, hard: 0, block: 0 }
    }

    /// How many pass at once, each over a connection of its own that it holds.
    fn passing(gate: &mut Gate) -> usize {
        let lane = gate.lane(&town());
        let goes = |connection: &usize| {
            let goes = gate.ask(0, *connection, lane, at(0)) == Verdict::Go;
            if goes {
                gate.take(0, *connection, lane, at(0));
            }
            goes
        };
        (0..50).take_while(goes).count()
    }

    #[test]
    fn what_is_counted_whole_is_shared_and_never_more_in_all() {
        for limits in [
            Limits { connections: Some(7), ..Limits::default() },
            Limits { per_hour: Some(7), ..Limits::default() },
            Limits { per_day: Some(7), ..Limits::default() },
        ] {
            let shared = |history: &[Tallied]| {
                let node = |place| {
                    let mut gate = gate(limits);
                    gate.share(Share::due(place, 3), history, &[], at(0));
                    passing(&mut gate)
                };
                [node(0), node(1), node(2)]
            };
            assert_eq!(shared(&[]), [2, 2, 3], "{limits:?}");
            let before: usize = shared(&[sent(2, 30), sent(1, 20)]).iter().sum();
            assert!(limits.connections.is_some() || before <= 4, "{before} beside three that went before: {limits:?}");
        }
    }

    #[test]
    fn a_node_without_a_part_of_a_provider_leaves_it_to_others() {
        let mut one = gate(Limits { connections: Some(1), ..Limits::default() });
        let lane = one.lane(&town());
        one.narrow(Share::due(0, 2), at(0));
        assert_eq!(one.ask(0, 0, lane, at(0)), Verdict::Elsewhere);
        let others = one.lane(&ProviderId::other());
        assert_eq!(one.ask(0, 0, others, at(0)), Verdict::Go, "and nobody else");
        one.share(Share::due(1, 2), &[], &[], at(1));
        assert_eq!(one.ask(0, 0, lane, at(1)), Verdict::Go);
        one.pause(&Scope::Provider(town()), Pause { since: at(1), until: None, reason: "stop".to_owned(), slow_to: None });
        one.narrow(Share::NONE, at(1));
        assert_eq!(one.ask(0, 0, lane, at(1)), Verdict::Paused, "a person is waited for, and no other node");
    }

    #[test]
    fn who_holds_more_than_a_smaller_share_allows_takes_no_more_until_enough_are_done() {
        let mut gate = gate(Limits { connections: Some(2), ..Limits::default() });
        let lane = gate.lane(&town());
        assert_eq!(passing(&mut gate), 2);
        gate.narrow(Share::due(0, 2), at(1));
        assert!(!gate.is_within_share());
        assert_eq!([gate.ask(0, 0, lane, at(1)), gate.ask(0, 1, lane, at(1))], [Verdict::Full; 2], "also on connections that hold some");
        gate.put_back(0, 1, lane, at(1));
        assert!(gate.is_within_share());
        assert_eq!([gate.ask(0, 0, lane, at(1)), gate.ask(0, 1, lane, at(1))], [Verdict::Go, Verdict::Full]);
    }

    #[test]
    fn what_was_counted_counts_on_while_the_share_stays() {
        let mut gate = gate(Limits { per_hour: Some(20), ..Limits::default() });
        gate.share(Share::due(0, 2), &[], &[], at(0));
        assert_eq!(passing(&mut gate), 10);
        gate.share(Share::due(0, 2), &[sent(10, 0)], &[], at(200));
        assert_eq!(passing(&mut gate), 0, "its part of what it sent itself is not all that it sent");
    }
}
