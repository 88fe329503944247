//! No limit is ever exceeded, whatever is asked, taken, put back and heard, and whenever it is broken off.

#![allow(clippy::cast_precision_loss, reason = "all numbers here are small")]

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use masthead::mailing::settle::Judgement;
use masthead::mailing::{Fate, ProviderId};
use masthead::traffic::{BreakerRules, Gate, Heard, Lane, Limits, Providers, RelayRules, Rules, Tallied, Verdict, Window};
use proptest::prelude::*;

const CONNECTIONS: usize = 6;
const HOUR: i64 = 3600 * 1000;

/// What happens next, after so many milliseconds.
#[derive(Debug, Clone, Copy)]
enum Step {
    Start { relay: usize, connection: usize, provider: usize },
    PutBack(usize),
    Accepted(usize),
    Lost(usize),
}

/// A message that was let through.
#[derive(Debug, Clone, Copy)]
struct Sent {
    at: i64,
    relay: usize,
    connection: usize,
    provider: usize,
}

fn ids() -> [ProviderId; 2] {
    [ProviderId::new("google"), ProviderId::other()]
}

fn limits() -> impl Strategy<Value = Limits> {
    (prop::option::of(1_u32..4), prop::option::of(0.01_f64..20.0), prop::option::of(1_u64..12), prop::option::of(1_u64..30))
        .prop_map(|(connections, per_second, per_hour, per_day)| Limits { connections, per_second, per_hour, per_day })
}

fn steps() -> impl Strategy<Value = Vec<(i64, Step)>> {
    let pause = prop_oneof![3 => 0_i64..50, 3 => 50_i64..5000, 2 => 5000_i64..200_000, 1 => 200_000_i64..5 * HOUR];
    let start = || (0..2_usize, 0..CONNECTIONS, 0..2_usize);
    let step = prop_oneof![
        6 => start().prop_map(|(relay, connection, provider)| Step::Start { relay, connection, provider }),
        1 => any::<usize>().prop_map(Step::PutBack),
        4 => any::<usize>().prop_map(Step::Accepted),
        1 => any::<usize>().prop_map(Step::Lost),
    ];
    prop::collection::vec((pause, step), 1..400)
}

fn rules(relays: [Limits; 2], providers: [Limits; 2]) -> Rules {
    let own = ids()
        .into_iter()
        .zip(providers)
        .map(|(id, limits)| masthead::traffic::Provider { limits, ..masthead::traffic::Provider::named(id) });
    let relay = |(name, limits): (&str, Limits)| RelayRules { name: name.to_owned(), limits, window: None, warm_up: false };
    Rules {
        relays: ["a", "b"].into_iter().zip(relays).map(relay).collect(),
        providers: Providers::built_in().unshaped().amended(own.collect()),
        window: None,
        zone: TimeZone::UTC,
        breaker: BreakerRules::default(),
    }
}

fn at(millisecond: i64) -> Timestamp {
    Timestamp::from_millisecond(1_780_000_000_000 + millisecond).unwrap()
}

/// Connections belong to relays for good: the even ones to the first.
fn own(relay: usize, connection: usize) -> usize {
    connection / 2 * 2 + relay
}

struct Run {
    gate: Gate,
    lanes: Vec<Lane>,
    now: i64,
    under_way: Vec<Sent>,
    sent: Vec<Sent>,
}

impl Run {
    fn new(gate: Gate) -> Self {
        let lanes = ids().iter().map(|id| gate.lane(id)).collect();
        Self { gate, lanes, now: 0, under_way: Vec::new(), sent: Vec::new() }
    }

    fn take_out(&mut self, number: usize) -> Option<Sent> {
        (!self.under_way.is_empty()).then(|| self.under_way.remove(number % self.under_way.len()))
    }

    fn step(&mut self, step: Step) {
        let now = at(self.now);
        match step {
            Step::Start { relay, connection, provider } => {
                let connection = own(relay, connection);
                if self.gate.ask(relay, connection, self.lanes[provider], now) == Verdict::Go {
                    self.gate.take(relay, connection, self.lanes[provider], now);
                    let sent = Sent { at: self.now, relay, connection, provider };
                    self.under_way.push(sent);
                    self.sent.push(sent);
                }
            }
            Step::PutBack(number) => {
                if let Some(back) = self.take_out(number) {
                    self.gate.put_back(back.relay, back.connection, self.lanes[back.provider], now);
                    let same = |sent: &Sent| (sent.at, sent.connection, sent.provider) == (back.at, back.connection, back.provider);
                    let place = self.sent.iter().position(same).unwrap();
                    self.sent.remove(place);
                }
            }
            Step::Accepted(number) | Step::Lost(number) => {
                let fate = if matches!(step, Step::Accepted(_)) { Fate::Accepted } else { Fate::Doubtful };
                if let Some(done) = self.take_out(number) {
                    let heard = Heard { attempt: 1, fate, judgement: Judgement::Nothing, reply: None };
                    assert!(self.gate.heard(done.relay, done.connection, self.lanes[done.provider], heard, now).is_empty());
                }
            }
        }
    }

    fn history(&self) -> Vec<Tallied> {
        let row = |sent: &Sent| Tallied {
            relay: ["a", "b"][sent.relay].to_owned(),
            provider: ids()[sent.provider].clone(),
            minute: Timestamp::from_second(at(sent.at).as_second().div_euclid(60) * 60).unwrap(),
            attempts: 1,
            accepted: 1,
            deferred: 0,
            hard: 0,
            block: 0,
        };
        self.sent.iter().filter(|sent| sent.at > self.now - 24 * HOUR - 60_000).map(row).collect()
    }

    /// How many were sent in the span that ends with each message, at most.
    fn most_within(&self, span: i64, belongs: impl Fn(&Sent) -> bool) -> u64 {
        let times: Vec<i64> = self.sent.iter().filter(|sent| belongs(sent)).map(|sent| sent.at).collect();
        times.iter().map(|end| times.iter().filter(|at| **at <= *end && **at > end - span).count() as u64).max().unwrap_or(0)
    }

    fn connections(&self, belongs: impl Fn(&Sent) -> bool) -> usize {
        let held: std::collections::BTreeSet<usize> =
            self.under_way.iter().filter(|sent| belongs(sent)).map(|sent| sent.connection).collect();
        held.len()
    }

    fn keeps(&self, limits: &Limits, belongs: impl Fn(&Sent) -> bool + Copy) -> Result<(), TestCaseError> {
        prop_assert!(limits.per_hour.is_none_or(|most| self.most_within(HOUR, belongs) <= most), "an hour");
        prop_assert!(limits.per_day.is_none_or(|most| self.most_within(24 * HOUR, belongs) <= most), "a day");
        if let Some(rate) = limits.per_second {
            for seconds in [1, 10, 100] {
                let credit = (rate / 10.0).max(1.0).min(CONNECTIONS as f64 * 2.0);
                let most = rate * seconds as f64 + credit + 1e-3;
                prop_assert!(self.most_within(seconds * 1000, belongs) as f64 <= most, "{seconds} s at {rate}/s");
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn no_sliding_window_ever_holds_more_than_its_limit(
        relays in [limits(), limits()],
        providers in [limits(), limits()],
        steps in steps(),
        broken_off in prop::collection::vec(0_usize..400, 0..3),
    ) {
        let rules = rules(relays, providers);
        let mut run = Run::new(Gate::new(rules.clone(), &[], &[], &[], at(0)));
        for (number, (pause, step)) in steps.into_iter().enumerate() {
            run.now += pause;
            run.step(step);
            for (place, limits) in relays.iter().enumerate() {
                prop_assert!(limits.connections.is_none_or(|most| run.connections(|sent| sent.relay == place) <= most as usize));
            }
            for (place, limits) in providers.iter().enumerate() {
                prop_assert!(limits.connections.is_none_or(|most| run.connections(|sent| sent.provider == place) <= most as usize));
            }
            if broken_off.contains(&number) {
                run.under_way.clear();
                run.gate = Gate::new(rules.clone(), &run.history(), &[], &[], at(run.now));
            }
        }
        for (place, limits) in relays.iter().enumerate() {
            run.keeps(limits, |sent| sent.relay == place)?;
        }
        for (place, limits) in providers.iter().enumerate() {
            run.keeps(limits, |sent| sent.provider == place)?;
        }
    }

    #[test]
    fn a_gate_that_begins_again_allows_no_more_than_one_that_lived_on(
        relays in [limits(), limits()],
        providers in [limits(), limits()],
        steps in steps(),
        later in prop_oneof![0_i64..1000, 1000_i64..120_000, 120_000_i64..2 * HOUR],
    ) {
        let rules = rules(relays, providers);
        let mut run = Run::new(Gate::new(rules.clone(), &[], &[], &[], at(0)));
        for (pause, step) in steps {
            run.now += pause;
            run.step(if let Step::PutBack(number) = step { Step::Lost(number) } else { step });
        }
        while !run.under_way.is_empty() {
            run.step(Step::Accepted(0));
        }
        let mut fresh = Gate::new(rules, &run.history(), &[], &[], at(run.now));
        for relay in 0..2 {
            for lane in &run.lanes {
                if fresh.clone().ask(relay, relay, *lane, at(run.now + later)) == Verdict::Go {
                    prop_assert_eq!(run.gate.ask(relay, relay, *lane, at(run.now + later)), Verdict::Go);
                }
                prop_assert!(fresh.is_relay_open(relay, at(run.now)) != Verdict::Go || run.gate.clone().is_relay_open(relay, at(run.now)) == Verdict::Go);
            }
        }
    }

    #[test]
    fn a_verdict_to_wait_is_neither_too_long_nor_for_ever(relay in limits(), provider in limits(), steps in steps()) {
        let rules = rules([relay, Limits::default()], [provider, Limits::default()]);
        let mut run = Run::new(Gate::new(rules, &[], &[], &[], at(0)));
        for (pause, step) in steps {
            run.now += pause;
            run.step(step);
            if let Verdict::Wait(until) = run.gate.clone().ask(0, 0, run.lanes[0], at(run.now)) {
                let lane = run.lanes[0];
                prop_assert!(until > at(run.now) && until <= at(run.now + 25 * HOUR));
                let just_before = until - SignedDuration::from_nanos(1);
                prop_assert!(matches!(run.gate.clone().ask(0, 0, lane, just_before), Verdict::Wait(_)));
                prop_assert!(!matches!(run.gate.clone().ask(0, 0, lane, until), Verdict::Wait(_)));
            }
        }
    }

    #[test]
    fn a_window_turns_when_it_says_and_not_before(begins in 0_u32..96, length in 1_u32..95, days in 1_u8..=127, minute in 0_i64..60 * 24 * 365) {
        let names: Vec<&str> = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].into_iter().enumerate().filter(|(day, _)| days & (1 << day) != 0).map(|(_, name)| name).collect();
        let ends = (begins + length) % 96;
        let text = format!("{} {:02}:{:02}-{:02}:{:02}", names.join(","), begins / 4, begins % 4 * 15, ends / 4, ends % 4 * 15);
        let window: Window = text.parse().unwrap();
        let zone = TimeZone::get("America/New_York").unwrap();
        let now = at(minute * 60_000);
        let opens = window.opens_at(now, &zone);
        prop_assert!(window.is_open(opens, &zone), "{text} {now} {opens}");
        prop_assert!(opens == now || !window.is_open(opens - SignedDuration::from_secs(1), &zone));
        let closes = window.closes_at(opens, &zone);
        prop_assert!(!window.is_open(closes, &zone), "{text} {now} {closes}");
        prop_assert!(window.is_open(closes - SignedDuration::from_secs(1), &zone));
    }
}
