//! One provider's traffic: its way, its ramp, its last replies and what they set off.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::breaker::Recent;
use super::hold::{Way, nanos, timestamp};
use super::pace::{Nanos, SECOND};
use super::provider::{Provider, Reaction, Remedy};
use super::{Day, Heard, Share, Tallied, ramp};
use crate::mailing::settle::Judgement;
use crate::mailing::{Fate, Pause, ProviderId, Reply};

/// So long after a reaction its words are not counted again: those replies answer what was on its way already.
const DEAF: Nanos = 60 * SECOND;

/// Messages a second of one connection where nothing else limits it.
const ONE_CONNECTION: f64 = 10.0;

/// What a gate keeps of a provider.
#[derive(Debug, Clone)]
pub(super) struct Flow {
    pub(super) id: ProviderId,
    pub(super) way: Way,
    pub(super) climb: Option<Climb>,
    pub(super) recent: Recent,
    /// Most connections while a provider is approached anew after a stop; each accepted message allows one more.
    pub(super) eased: u32,
    watches: Vec<Watch>,
    one_connection: f64,
}

impl Flow {
    pub(super) fn new(provider: &Provider, way: Way, climb: Option<Climb>, recent: Recent) -> Self {
        let watches = provider.reactions.iter().cloned().map(Watch::new).collect();
        let one_connection = provider.limits.per_second.map_or(ONE_CONNECTION, |rate| rate.min(ONE_CONNECTION));
        Self { id: provider.id.clone(), way, climb, recent, eased: u32::MAX, watches, one_connection }
    }

    /// A message was accepted.
    pub(super) fn ease(&mut self, now: Nanos) {
        if !self.way.is_stopped(now) {
            self.eased = self.eased.saturating_add(1);
        }
    }

    /// A pause comes into force; after a stop the provider is approached with one connection.
    pub(super) fn pause(&mut self, pause: &Pause, now: Nanos) {
        self.way.pause(pause, now);
        if pause.slow_to.is_none() {
            self.eased = 1;
        }
    }

    /// A person says that it goes on: what was counted before is settled.
    pub(super) fn resume(&mut self) {
        self.way.resume();
        self.recent.forget();
        self.eased = 1;
        self.watches.iter_mut().for_each(Watch::forget);
    }

    /// What a reply that was no acceptance sets off.
    pub(super) fn react(&mut self, reply: &Reply, now: Nanos) -> Option<Pause> {
        if self.watches.is_empty() || self.way.is_stopped(now) {
            return None;
        }
        let said = reply.to_string().to_lowercase();
        let watch = self.watches.iter_mut().find(|watch| watch.reaction.says.iter().any(|word| said.contains(word.as_str())))?;
        let then = watch.heard(now)?;
        let (slow_to, lasting) = match then {
            Remedy::Suspend(lasting) => (None, lasting),
            Remedy::SlowTo { per_second, lasting } => (Some(per_second), lasting),
            Remedy::OneConnection(lasting) => (Some(self.one_connection), lasting),
        };
        let until = Some(timestamp(now.saturating_add(span(lasting))));
        let pause = Pause { since: timestamp(now), until, reason: format!("{} said: {reply}", self.id), slow_to };
        self.pause(&pause, now);
        Some(pause)
    }
}

fn span(length: Duration) -> Nanos {
    i64::try_from(length.as_nanos()).unwrap_or(Nanos::MAX)
}

/// A reaction and when its words were last heard.
#[derive(Debug, Clone)]
struct Watch {
    reaction: Reaction,
    heard: VecDeque<Nanos>,
    deaf_until: Nanos,
}

impl Watch {
    fn new(mut reaction: Reaction) -> Self {
        reaction.says.iter_mut().for_each(|word| *word = word.to_lowercase());
        Self { reaction, heard: VecDeque::new(), deaf_until: 0 }
    }

    fn forget(&mut self) {
        self.heard.clear();
        self.deaf_until = 0;
    }

    /// Counts the words once more; what to do, if it is time.
    fn heard(&mut self, now: Nanos) -> Option<Remedy> {
        if now < self.deaf_until {
            return None;
        }
        let since = now.saturating_sub(span(self.reaction.within));
        self.heard.retain(|at| *at > since);
        self.heard.push_back(now);
        if self.heard.len() < usize::try_from(self.reaction.times).unwrap_or(usize::MAX) {
            return None;
        }
        self.heard.clear();
        self.deaf_until = now.saturating_add(DEAF);
        Some(self.reaction.then)
    }
}

/// How far a provider's ramp has been climbed today.
#[derive(Debug, Clone)]
pub(super) struct Climb {
    days: Vec<(Date, u64, u64)>,
    today: Date,
    begins: Nanos,
    ends: Nanos,
    allowance: u64,
    used: u64,
    accepted: u64,
    block: u64,
    /// What of the allowance is for this node.
    pub(super) share: Share,
}

impl Climb {
    /// The ramp as of `now`; `days`: what was accepted and blocked on the days before.
    pub(super) fn new(days: Vec<(Date, u64, u64)>, zone: &TimeZone, now: Nanos) -> Self {
        let today = Date::default();
        let mut climb = Self { days, today, begins: 0, ends: 0, allowance: 0, used: 0, accepted: 0, block: 0, share: Share::ALL };
        climb.begin(zone, now);
        climb
    }

    fn begin(&mut self, zone: &TimeZone, now: Nanos) {
        self.today = zone.to_datetime(timestamp(now)).date();
        let midnight = |date: Date| date.to_zoned(zone.clone()).map_or(Timestamp::MAX, |midnight| midnight.timestamp());
        self.begins = nanos(midnight(self.today));
        self.ends = nanos(self.today.checked_add(1.day()).map_or(Timestamp::MAX, midnight));
        self.allowance = ramp::allowance(&self.days, self.today);
        (self.used, self.accepted, self.block) = (0, 0, 0);
    }

    /// Turns the leaf at midnight.
    fn turn(&mut self, zone: &TimeZone, now: Nanos) {
        if now >= self.ends {
            self.days.push((self.today, self.accepted, self.block));
            self.begin(zone, now);
        }
    }

    /// Counts what went before our time: all that was not put off.
    pub(super) fn remember(&mut self, row: &Tallied) {
        if nanos(row.minute) >= self.begins {
            self.used += row.attempts.saturating_sub(row.deferred);
            self.accepted += row.accepted;
            self.block += row.block;
        }
    }

    /// Counts anew what all nodes sent, before today and today; `under_way`: what this one has under way. If `is_as_before`, its
    /// share has not changed, and what it has used counts on where that is more.
    pub(super) fn recount<'r>(
        &mut self,
        days: Vec<(Date, u64, u64)>,
        rows: impl Iterator<Item = &'r Tallied>,
        under_way: u64,
        is_as_before: bool,
        zone: &TimeZone,
        now: Nanos,
    ) {
        self.turn(zone, now);
        let known = if is_as_before { self.used } else { 0 };
        self.days = days;
        self.begin(zone, now);
        rows.for_each(|row| self.remember(row));
        self.used = known.max(self.share.used_of(self.used) + under_way);
    }

    /// Whether there is an allowance, and all of it for others.
    pub(super) fn is_elsewhere(&self) -> bool {
        self.allowance > 0 && self.share.whole_of(self.allowance) == 0
    }

    /// When the next message may go: at once, or at midnight.
    pub(super) fn opens(&mut self, zone: &TimeZone, now: Nanos) -> Nanos {
        self.turn(zone, now);
        if self.used < self.share.whole_of(self.allowance) { now } else { self.ends }
    }

    pub(super) fn take(&mut self, zone: &TimeZone, now: Nanos) {
        self.turn(zone, now);
        self.used += 1;
    }

    /// A message that was taken at this time or later has not been delivered after all.
    pub(super) fn put_back(&mut self, since: Nanos) {
        if since >= self.begins {
            self.used = self.used.saturating_sub(1);
        }
    }

    /// Counts what became of a message; one that was put off will be taken again.
    pub(super) fn settle(&mut self, heard: &Heard<'_>, since: Option<Nanos>, zone: &TimeZone, now: Nanos) {
        self.turn(zone, now);
        match heard.fate {
            Fate::Accepted => self.accepted += 1,
            Fate::Deferred { .. } => since.into_iter().for_each(|since| self.put_back(since)),
            _ => self.block += u64::from(heard.judgement == Judgement::Block),
        }
    }
}

/// What a provider accepted and blocked on each day, through all relays that warm up.
pub(super) fn climbed(days: &[Day], provider: &ProviderId, warm: &[&str]) -> Vec<(Date, u64, u64)> {
    let mut climbed: Vec<(Date, u64, u64)> = Vec::new();
    for day in days.iter().filter(|day| day.provider == *provider && warm.contains(&day.relay.as_str())) {
        match climbed.iter_mut().find(|(date, ..)| *date == day.date) {
            Some((_, accepted, block)) => (*accepted, *block) = (*accepted + day.accepted, *block + day.block),
            None => climbed.push((day.date, day.accepted, day.block)),
        }
    }
    climbed
}
