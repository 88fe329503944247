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
