//! The gate through which every message goes: asked before it, and told what became of it.

mod sharing;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::breaker::{Recent, Sign};
use super::hold::{NEVER, Way, nanos, timestamp};
use super::lane::{Climb, Flow, climbed};
use super::pace::Nanos;
use super::{BreakerRules, Day, Limits, Provider, RelayRules, Rules, Share, Tallied, Window};
use crate::mailing::settle::Judgement;
use crate::mailing::{Fate, MailingId, Pause, ProviderId, Reply, Scope};

/// A provider's number within one gate: what the hot path is asked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lane(u16);

/// Whether a message may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Now.
    Go,
    /// Not before this.
    Wait(Timestamp),
    /// The provider or the relay has as many of our connections as it may: ask again when one is done.
    Full,
    /// A person must resume.
    Paused,
    /// Other nodes have all of it, until the share of this one changes.
    Elsewhere,
}

/// What became of a message.
#[derive(Debug, Clone, Copy)]
pub struct Heard<'a> {
    /// Which try it was, counted from 1.
    pub attempt: u32,
    /// What it means for the delivery.
    pub fate: Fate,
    /// What it means for the reader.
    pub judgement: Judgement,
    /// What was said; `None` if the connection was lost.
    pub reply: Option<&'a Reply>,
}

/// Limits, hours, ramps, reactions and the breaker of one mailing, for all its relays and connections.
///
/// Asking costs tens of nanoseconds and allocates nothing. Every lane is asked for by itself, so that one provider's
/// limits and troubles hold up nobody else. Time is handed in; one that runs backwards is taken to stand still.
#[derive(Debug, Clone)]
pub struct Gate {
    zone: TimeZone,
    breaker: BreakerRules,
    relays: Vec<Outlet>,
    flows: Vec<Flow>,
    whole: Way,
    recent: Recent,
    mailing: Option<MailingId>,
    pauses: Vec<(MailingId, Pause)>,
    /// What each connection holds, lane by lane.
    held: Vec<Held>,
    /// How many messages each connection holds.
    busy: Vec<u32>,
    /// What of all that the limits allow is for this node.
    share: Share,
    now: Nanos,
}

/// What a connection holds of a lane, and the minute since which it has held any.
#[derive(Debug, Clone, Copy, Default)]
struct Held {
    count: u32,
    since: Nanos,
}

/// One relay.
#[derive(Debug, Clone)]
struct Outlet {
    name: String,
    way: Way,
    window: Option<Window>,
    warm_up: bool,
    /// Whether the window is open, until when that is known.
    is_open: bool,
    turns: Nanos,
}

impl Outlet {
    fn opens(&mut self, zone: &TimeZone, now: Nanos) -> Nanos {
        let way = self.way.opens(now);
        let Some(window) = &self.window else { return way };
        if now >= self.turns {
            let at = timestamp(now);
            self.is_open = window.is_open(at, zone);
            self.turns = nanos(if self.is_open { window.closes_at(at, zone) } else { window.opens_at(at, zone) });
        }
        if self.is_open { way } else { way.max(self.turns) }
    }
}

impl Gate {
    /// A gate by these rules that knows what went before: `history`, the last twenty-four hours minute by minute with
    /// the minute in which they began, from which hours, days and today's ramp are counted on; `days`, the last thirty of
    /// them, of which those through relays that warm up say how far the ramps are climbed; and the pauses in force.
    ///
    /// It allows no more than the gate that lived on would, but for messages whose fate nobody has recorded and for the
    /// caution that goes with what was put back; and it begins at the pace of each limit, without credit. The breaker
    /// begins anew: what it had found is in the pauses, and what a person has resumed must not stop again for the same
    /// reason.
    pub fn new(rules: Rules, history: &[Tallied], days: &[Day], pauses: &[(Scope, Pause)], now: Timestamp) -> Self {
        let Rules { relays, providers, window, zone, breaker } = rules;
        let at = nanos(now);
        let round = relays.iter().map(|relay| relay.limits.connections.unwrap_or(1)).fold(0, u32::saturating_add);
        let warm: Vec<&str> = relays.iter().filter(|relay| relay.warm_up).map(|relay| relay.name.as_str()).collect();
        let flow = |provider: &Provider| {
            let round = provider.limits.connections.map_or(round, |most| most.min(round));
            let climb = (!warm.is_empty() && provider.ramp).then(|| Climb::new(climbed(days, &provider.id, &warm), &zone, at));
            Flow::new(provider, Way::new(&provider.limits, round, at), climb, Recent::new(breaker.provider))
        };
        let outlet = |relay: &RelayRules| Outlet {
            name: relay.name.clone(),
            way: Way::new(&relay.limits, relay.limits.connections.unwrap_or(1), at).with_connections_of_its_own(),
            window: relay.window.or(window),
            warm_up: relay.warm_up,
            is_open: true,
            turns: Nanos::MIN,
        };
        let mut gate = Self {
            relays: relays.iter().map(outlet).collect(),
            flows: providers.iter().map(flow).collect(),
            whole: Way::new(&Limits::default(), round, at),
            recent: Recent::new(breaker.overall),
            mailing: None,
            pauses: Vec::new(),
            held: Vec::new(),
            busy: Vec::new(),
            share: Share::ALL,
            now: at,
            breaker,
            zone,
        };
        for row in history {
            gate.remember(row, providers.place(&row.provider));
        }
        for (scope, pause) in pauses {
            gate.pause(scope, pause.clone());
        }
        gate
    }

    /// The same gate for this mailing: pauses of others are none of its own, and what trips it is called by its number.
    #[must_use]
    pub fn for_mailing(mut self, mailing: MailingId) -> Self {
        self.mailing = Some(mailing);
        self.whole.resume();
        for (_, pause) in self.pauses.iter().filter(|(of, _)| *of == mailing) {
            self.whole.pause(pause, self.now);
        }
        self.pauses.clear();
        self
    }

    /// Counts what went before our time.
    fn remember(&mut self, row: &Tallied, place: usize) {
        let outlet = self.relays.iter_mut().find(|outlet| outlet.name == row.relay);
        let flow = &mut self.flows[place];
        flow.way.remember(row.minute, row.attempts, self.now);
        if let Some(outlet) = outlet {
            outlet.way.remember(row.minute, row.attempts, self.now);
            if let Some(climb) = flow.climb.as_mut().filter(|_| outlet.warm_up) {
                climb.remember(row);
            }
        }
    }

    /// The number of a provider; one that the rules do not know has that of `other`.
    pub fn lane(&self, provider: &ProviderId) -> Lane {
        let place = |id: &ProviderId| self.flows.iter().position(|flow| flow.id == *id);
        let place = place(provider).or_else(|| place(&ProviderId::other())).unwrap_or(0);
        Lane(u16::try_from(place).unwrap_or(0))
    }

    /// Time as counted here, which never runs backwards.
    fn moment(&mut self, now: Timestamp) -> Nanos {
        self.now = self.now.max(nanos(now));
        self.now
    }

    /// Whether a relay may be used at all now: its hours, its limits and its pauses, and those of the mailing, whatever
    /// the provider. A relay that the rules do not know may not.
    pub fn is_relay_open(&mut self, relay: usize, now: Timestamp) -> Verdict {
        let now = self.moment(now);
        let Some(outlet) = self.relays.get_mut(relay) else { return Verdict::Paused };
        verdict(outlet.opens(&self.zone, now).max(self.whole.opens(now)), now)
    }

    /// Whether this connection of this relay may start a message for this provider now. Connections are numbered over
    /// all relays. Where several things stand in the way, the one that ends last is told.
    pub fn ask(&mut self, relay: usize, connection: usize, lane: Lane, now: Timestamp) -> Verdict {
        let now = self.moment(now);
        let (Some(outlet), Some(flow)) = (self.relays.get_mut(relay), self.flows.get_mut(usize::from(lane.0))) else {
            return Verdict::Paused;
        };
        let mut opens = outlet.opens(&self.zone, now).max(flow.way.opens(now)).max(self.whole.opens(now));
        if outlet.warm_up
            && let Some(climb) = &mut flow.climb
        {
            opens = opens.max(climb.opens(&self.zone, now));
        }
        let told = verdict(opens, now);
        if told != Verdict::Paused && self.is_elsewhere(relay, usize::from(lane.0), now) {
            return Verdict::Elsewhere;
        }
        if told != Verdict::Go {
            return told;
        }
        let is_new_here = self.busy.get(connection).is_none_or(|held| *held == 0);
        let is_fresh = is_new_here || self.held[connection * self.flows.len() + usize::from(lane.0)].count == 0;
        let (flow, outlet) = (&self.flows[usize::from(lane.0)], &self.relays[relay]);
        // Where the share has become less, those that hold some take no more until enough are done.
        let is_full = [&flow.way, &outlet.way, &self.whole].into_iter().any(|way| way.is_over(now))
            || is_fresh && flow.way.is_full(flow.eased, now)
            || is_new_here && (outlet.way.is_full(u32::MAX, now) || self.whole.is_full(u32::MAX, now));
        if is_full { Verdict::Full } else { Verdict::Go }
    }

    /// A message starts, after [`Verdict::Go`]: it counts from here on, and the connection holds it.
    pub fn take(&mut self, relay: usize, connection: usize, lane: Lane, now: Timestamp) {
        let now = self.moment(now);
        let (width, place) = (self.flows.len(), usize::from(lane.0));
        if self.busy.len() <= connection {
            self.busy.resize(connection + 1, 0);
            self.held.resize((connection + 1) * width, Held::default());
        }
        let (Some(outlet), Some(flow)) = (self.relays.get_mut(relay), self.flows.get_mut(place)) else { return };
        let held = &mut self.held[connection * width + place];
        if held.count == 0 {
            held.since = now;
        }
        flow.way.take(held.count == 0, now);
        outlet.way.take(self.busy[connection] == 0, now);
        self.whole.take(self.busy[connection] == 0, now);
        if let Some(climb) = flow.climb.as_mut().filter(|_| outlet.warm_up) {
            climb.take(&self.zone, now);
        }
        held.count += 1;
        self.busy[connection] += 1;
    }

    /// A message that was taken was not sent after all: it has not counted.
    pub fn put_back(&mut self, relay: usize, connection: usize, lane: Lane, now: Timestamp) {
        self.moment(now);
        let Some(since) = self.release(relay, connection, lane) else { return };
        let (outlet, flow) = (&mut self.relays[relay], &mut self.flows[usize::from(lane.0)]);
        for way in [&mut outlet.way, &mut flow.way, &mut self.whole] {
            way.put_back(since);
        }
        if let Some(climb) = flow.climb.as_mut().filter(|_| outlet.warm_up) {
            climb.put_back(since);
        }
    }

    /// A message that was taken was begun at the relay, and is not ours to send any more: it has counted there.
    pub fn give_up(&mut self, relay: usize, connection: usize, lane: Lane, now: Timestamp) {
        self.moment(now);
        self.release(relay, connection, lane);
    }

    /// A connection is done with a message. Returns since when it has held any of the lane, if it did hold one.
    fn release(&mut self, relay: usize, connection: usize, lane: Lane) -> Option<Nanos> {
        let (width, place) = (self.flows.len(), usize::from(lane.0));
        let busy = self.busy.get_mut(connection).filter(|held| **held > 0)?;
        let (outlet, flow) = (self.relays.get_mut(relay)?, self.flows.get_mut(place)?);
        let held = &mut self.held[connection * width + place];
        held.count = held.count.checked_sub(1)?;
        *busy -= 1;
        for way in [&mut flow.way, &mut outlet.way, &mut self.whole] {
            way.done();
        }
        if held.count == 0 {
            flow.way.leave();
        }
        if *busy == 0 {
            outlet.way.leave();
            self.whole.leave();
        }
        Some(held.since)
    }

    /// What became of a message that was taken. Returns the pauses that begin now, already in force here and to be kept
    /// in the store; usually there are none.
    pub fn heard(&mut self, relay: usize, connection: usize, lane: Lane, heard: Heard<'_>, now: Timestamp) -> Vec<(Scope, Pause)> {
        let now = self.moment(now);
        let since = self.release(relay, connection, lane);
        let mut begun = Vec::new();
        let Some(flow) = self.flows.get_mut(usize::from(lane.0)) else { return begun };
        let warms = self.relays.get(relay).is_some_and(|outlet| outlet.warm_up);
        if let Some(climb) = flow.climb.as_mut().filter(|_| warms) {
            climb.settle(&heard, since, &self.zone, now);
        }
        let sign = Sign::of(&heard);
        if heard.fate == Fate::Accepted {
            flow.ease(now);
        } else if let Some(pause) = heard.reply.and_then(|reply| flow.react(reply, now)) {
            begun.push((Scope::Provider(flow.id.clone()), pause));
        }
        if let Some(sign) = sign.filter(|_| self.breaker.is_on) {
            self.judge(lane, sign, now, &mut begun);
        }
        begun
    }

    /// Counts for the breaker, and lets it trip.
    fn judge(&mut self, lane: Lane, sign: Sign, now: Nanos, begun: &mut Vec<(Scope, Pause)>) {
        let pause = |reason: String| Pause { since: timestamp(now), until: None, reason, slow_to: None };
        let flow = &mut self.flows[usize::from(lane.0)];
        // What is still answered after a trip says nothing new.
        if !flow.way.awaits_person() {
            flow.recent.note(sign);
            if let Some(reason) = flow.recent.trips(&self.breaker, || format!(" to {}", flow.id)) {
                let pause = pause(reason);
                flow.recent.forget();
                flow.pause(&pause, now);
                begun.push((Scope::Provider(flow.id.clone()), pause));
            }
        }
        if !self.whole.awaits_person() {
            self.recent.note(sign);
            if let Some(reason) = self.recent.trips(&self.breaker, String::new) {
                let pause = pause(reason);
                self.recent.forget();
                self.whole.pause(&pause, now);
                begun.push((Scope::Mailing(self.mailing.unwrap_or(MailingId(0))), pause));
            }
        }
    }

    /// Somebody calls a pause, or one is read from the store.
    pub fn pause(&mut self, scope: &Scope, pause: Pause) {
        let now = self.now.max(nanos(pause.since));
        match scope {
            Scope::Mailing(id) => {
                if self.mailing.is_none_or(|own| own == *id) {
                    self.whole.pause(&pause, now);
                }
                if self.mailing.is_none() {
                    self.pauses.push((*id, pause));
                }
            }
            Scope::Provider(id) => {
                if let Some(flow) = self.flows.iter_mut().find(|flow| flow.id == *id) {
                    flow.pause(&pause, now);
                }
            }
            Scope::Relay(name) => {
                if let Some(outlet) = self.relays.iter_mut().find(|outlet| outlet.name == *name) {
                    outlet.way.pause(&pause, now);
                }
            }
        }
    }

    /// Somebody ends every pause of this scope: what the breaker had counted there is settled.
    pub fn resume(&mut self, scope: &Scope, now: Timestamp) {
        self.moment(now);
        match scope {
            Scope::Mailing(id) => {
                self.pauses.retain(|(of, _)| of != id);
                if self.mailing.is_none_or(|own| own == *id) {
                    self.whole.resume();
                    self.recent.forget();
                }
            }
            Scope::Provider(id) => self.flows.iter_mut().filter(|flow| flow.id == *id).for_each(Flow::resume),
            Scope::Relay(name) => {
                self.relays.iter_mut().filter(|outlet| outlet.name == *name).for_each(|outlet| outlet.way.resume());
            }
        }
    }
}

fn verdict(opens: Nanos, now: Nanos) -> Verdict {
    match opens {
        NEVER => Verdict::Paused,
        opens if opens > now => Verdict::Wait(timestamp(opens)),
        _ => Verdict::Go,
    }
}

#[cfg(test)]
mod tests;
