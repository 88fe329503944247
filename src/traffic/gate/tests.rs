//! What a gate lets through, scene by scene.

#![allow(clippy::cast_precision_loss, reason = "all numbers here are small")]

use jiff::SignedDuration;
use jiff::civil::{DateTime, date};

use super::*;
use crate::traffic::{Providers, RelayRules};

const MONDAY: &str = "2026-12-07T12:00:00Z";

fn at(seconds: f64) -> Timestamp {
    MONDAY.parse::<Timestamp>().unwrap() + SignedDuration::from_secs_f64(seconds)
}

fn google() -> ProviderId {
    ProviderId::new("google")
}

fn rules(change: impl FnOnce(&mut RelayRules)) -> Rules {
    let mut relay = RelayRules { name: "main".to_owned(), limits: Limits::default(), window: None, warm_up: false };
    change(&mut relay);
    let providers = Providers::built_in();
    Rules { relays: vec![relay], providers, window: None, zone: TimeZone::UTC, breaker: BreakerRules::default() }
}

fn gate(rules: Rules) -> Gate {
    Gate::new(rules, &[], &[], &[], at(0.0))
}

fn sent(gate: &mut Gate, lane: Lane, said: &str, attempt: u32, now: Timestamp) -> Vec<(Scope, Pause)> {
    gate.take(0, 0, lane, now);
    told(gate, 0, lane, said, attempt, now)
}

fn told(gate: &mut Gate, connection: usize, lane: Lane, said: &str, attempt: u32, now: Timestamp) -> Vec<(Scope, Pause)> {
    let (code, text) = said.split_once(' ').unwrap();
    let reply = Reply::new(code.parse().unwrap(), [text]);
    let (fate, judgement) = match (reply.code, reply.enhanced) {
        (200..=299, _) => (Fate::Accepted, Judgement::Nothing),
        (400..=499, _) => (Fate::Deferred { next_at: now }, Judgement::Nothing),
        (_, Some(enhanced)) if enhanced.1 == 1 => (Fate::Refused, Judgement::Hard),
        _ => (Fate::Refused, Judgement::Block),
    };
    gate.heard(0, connection, lane, Heard { attempt, fate, judgement, reply: Some(&reply) }, now)
}

fn wait(seconds: f64) -> Verdict {
    Verdict::Wait(at(seconds))
}

#[test]
fn a_provider_gets_as_many_connections_as_it_may_and_others_are_not_held_up() {
    let mut gate = gate(rules(|_| {}));
    let (google, yahoo) = (gate.lane(&google()), gate.lane(&ProviderId::new("yahoo")));
    for connection in 0..2 {
        assert_eq!(gate.ask(0, connection, google, at(1.0 + connection as f64)), Verdict::Go);
        gate.take(0, connection, google, at(1.0 + connection as f64));
    }
    assert_eq!(gate.ask(0, 2, google, at(3.0)), Verdict::Full);
    assert_eq!(gate.ask(0, 1, google, at(3.0)), Verdict::Go, "a connection that holds one may take more");
    assert_eq!(gate.ask(0, 2, yahoo, at(3.0)), Verdict::Go, "a full lane is nobody else's trouble");
    gate.put_back(0, 1, google, at(3.0));
    assert_eq!(gate.ask(0, 2, google, at(3.0)), Verdict::Go);
    gate.take(0, 2, google, at(3.0));
    assert_eq!(told(&mut gate, 2, google, "250 ok", 1, at(4.0)), []);
    assert_eq!(gate.ask(0, 3, google, at(4.0)), Verdict::Go);
}

#[test]
fn a_relay_has_limits_of_its_own_over_all_lanes() {
    let mut gate =
        gate(rules(|relay| relay.limits = Limits { connections: Some(1), per_second: Some(2.0), per_hour: Some(3), per_day: None }));
    let (google, other) = (gate.lane(&google()), gate.lane(&ProviderId::other()));
    assert_eq!(gate.lane(&ProviderId::new("nobody")), other);
    gate.take(0, 0, google, at(0.0));
    assert_eq!(gate.ask(0, 0, other, at(0.1)), wait(0.5));
    assert_eq!(gate.is_relay_open(0, at(0.1)), wait(0.5));
    assert_eq!(gate.ask(0, 1, other, at(0.5)), Verdict::Full);
    gate.take(0, 0, other, at(0.5));
    gate.take(0, 0, other, at(1.0));
    assert_eq!(gate.ask(0, 0, other, at(2.0)), wait(61.0 * 60.0));
    assert_eq!(gate.ask(0, 0, other, at(61.0 * 60.0)), Verdict::Go);
    assert_eq!(gate.ask(7, 0, other, at(61.0 * 60.0)), Verdict::Paused, "there is no such relay");
}

#[test]
fn p1_google_says_too_much_and_is_approached_anew() {
    let mut gate = gate(rules(|_| {}));
    let lane = gate.lane(&google());
    gate.take(0, 0, lane, at(0.0));
    gate.take(0, 1, lane, at(0.02));
    let begun = told(&mut gate, 0, lane, "421 4.7.28 unusual rate of mail", 1, at(1.0));
    let [(scope, pause)] = begun.as_slice() else { panic!("{begun:?}") };
    assert_eq!(*scope, Scope::Provider(google()));
    assert_eq!((pause.since, pause.until, pause.slow_to), (at(1.0), Some(at(601.0)), None));
    assert_eq!(pause.reason, "google said: 421 4.7.28 unusual rate of mail");
    assert_eq!(told(&mut gate, 1, lane, "421 4.7.28 unusual rate of mail", 1, at(2.0)), [], "it was on its way");
    assert_eq!(gate.ask(0, 0, lane, at(3.0)), wait(601.0));
    assert_eq!(gate.ask(0, 0, lane, at(601.0)), Verdict::Go);
    gate.take(0, 0, lane, at(601.0));
    assert_eq!(gate.ask(0, 1, lane, at(602.0)), Verdict::Full, "one connection begins");
    told(&mut gate, 0, lane, "250 ok", 2, at(603.0));
    gate.take(0, 0, lane, at(604.0));
    assert_eq!(gate.ask(0, 1, lane, at(605.0)), Verdict::Go, "and each success allows one more");
    assert_eq!(told(&mut gate, 0, lane, "421 4.7.28 again", 2, at(670.0)).len(), 1);
    assert_eq!(gate.ask(0, 0, lane, at(671.0)), wait(1270.0));
}

#[test]
fn a_slowed_provider_gets_a_trickle_over_one_connection() {
    let mut gate = gate(rules(|_| {}));
    let lane = gate.lane(&ProviderId::new("yahoo"));
    for second in 0..3 {
        let begun = sent(&mut gate, lane, "421 4.7.0 [TS02] Messages from 192.0.2.1", 1, at(f64::from(second)));
        assert_eq!(begun.len(), usize::from(second == 2), "three within the hour");
    }
    assert_eq!(gate.ask(0, 0, lane, at(3.0)), Verdict::Go);
    gate.take(0, 0, lane, at(3.0));
    assert_eq!(gate.ask(0, 1, lane, at(4.0)), wait(63.0));
    assert_eq!(gate.ask(0, 1, lane, at(63.0)), Verdict::Full);
    assert_eq!(gate.ask(0, 1, lane, at(2.0 + 1800.0)), Verdict::Go, "after half an hour all is as it was");
}

#[test]
fn relays_keep_hours_and_a_relays_own_come_first() {
    let mut rules = rules(|_| {});
    rules.window = Some("08:00-13:00".parse().unwrap());
    rules.relays.push(RelayRules { name: "night".to_owned(), window: Some("22:00-06:00".parse().unwrap()), ..rules.relays[0].clone() });
    let mut gate = gate(rules);
    let lane = gate.lane(&google());
    assert_eq!(gate.ask(0, 0, lane, at(0.0)), Verdict::Go);
    assert_eq!(gate.ask(1, 1, lane, at(0.0)), wait(10.0 * 3600.0));
    assert_eq!(gate.is_relay_open(0, at(3599.9)), Verdict::Go);
    assert_eq!(gate.is_relay_open(0, at(3600.0)), wait(20.0 * 3600.0));
    assert_eq!(gate.is_relay_open(1, at(10.0 * 3600.0)), Verdict::Go);
}

#[test]
fn a_new_address_climbs_day_by_day_from_what_was_truly_sent() {
    let day =
        |relay: &str, day, accepted| Day { relay: relay.to_owned(), provider: google(), date: date(2026, 12, day), accepted, block: 0 };
    let days = [day("main", 6, 50), day("main", 5, 40), day("known for years", 5, 9_000)];
    let row = Tallied {
        relay: "main".to_owned(),
        provider: google(),
        minute: at(-7200.0),
        attempts: 97,
        accepted: 90,
        deferred: 2,
        hard: 1,
        block: 0,
    };
    let mut gate = Gate::new(rules(|relay| relay.warm_up = true), &[row], &days, &[], at(0.0));
    let (lane, yahoo) = (gate.lane(&google()), gate.lane(&ProviderId::new("yahoo")));
    for second in 0..5 {
        assert_eq!(gate.ask(0, 0, lane, at(f64::from(second))), Verdict::Go, "the 96th to the 100th");
        sent(&mut gate, lane, "250 ok", 1, at(f64::from(second)));
    }
    assert_eq!(gate.ask(0, 0, lane, at(9.0)), wait(12.0 * 3600.0), "the rest is tomorrow's");
    assert_eq!(gate.ask(0, 0, yahoo, at(9.0)), Verdict::Go);
    let tomorrow = 12.0 * 3600.0;
    for number in 0..190 {
        assert_eq!(gate.ask(0, 0, lane, at(tomorrow + f64::from(number))), Verdict::Go, "twice the 95 of today: {number}");
        gate.take(0, 0, lane, at(tomorrow + f64::from(number)));
    }
    assert_eq!(gate.ask(0, 0, lane, at(tomorrow + 200.0)), wait(tomorrow + 24.0 * 3600.0));
    told(&mut gate, 0, lane, "451 4.7.1 greylisted", 1, at(tomorrow + 201.0));
    assert_eq!(gate.ask(0, 0, lane, at(tomorrow + 202.0)), Verdict::Go, "what was put off has used nothing up");
}

#[test]
fn greylisting_of_everybody_trips_nothing() {
    let mut gate = gate(rules(|_| {}));
    let lane = gate.lane(&ProviderId::other());
    for number in 0..2000 {
        let said = if number % 2 == 0 { "451 4.7.1 greylisted" } else { "450 4.2.0 try later" };
        assert_eq!(sent(&mut gate, lane, said, 1, at(f64::from(number))), []);
    }
    for number in 2000..4000 {
        assert_eq!(sent(&mut gate, lane, "250 ok", 2, at(f64::from(number))), []);
    }
    for number in 4000..5000 {
        assert_eq!(sent(&mut gate, lane, "451 4.3.0 down", 3, at(f64::from(number))), [], "the slow ones at the end");
    }
}

#[test]
fn a_provider_that_puts_off_second_tries_too_is_paused_until_a_person_resumes() {
    let mut gate = gate(rules(|_| {})).for_mailing(MailingId(7));
    let (lane, yahoo) = (gate.lane(&google()), gate.lane(&ProviderId::new("yahoo")));
    let begun: Vec<_> = (0..61).flat_map(|second| sent(&mut gate, lane, "451 4.3.0 later", 2, at(f64::from(second)))).collect();
    let [(scope, pause)] = begun.as_slice() else { panic!("{begun:?}") };
    assert_eq!((scope, pause.until, pause.slow_to), (&Scope::Provider(google()), None, None));
    assert_eq!(pause.reason, "of the last 61 messages to google, 61 were put off; more than 30 % stops");
    assert_eq!(gate.ask(0, 0, lane, at(1e6)), Verdict::Paused);
    assert_eq!(gate.ask(0, 0, yahoo, at(1e6)), Verdict::Go, "nobody else is");
    gate.resume(&Scope::Provider(google()), at(1e6));
    assert_eq!(gate.ask(0, 0, lane, at(1e6)), Verdict::Go);
    assert_eq!(sent(&mut gate, lane, "451 4.3.0 later", 2, at(1e6)), [], "what was counted before is settled");
}

#[test]
fn trouble_everywhere_pauses_the_mailing() {
    let mut gate = gate(rules(|_| {})).for_mailing(MailingId(7));
    let ids = ["google", "yahoo", "microsoft", "icloud"].map(ProviderId::new);
    let mut scopes = Vec::new();
    for number in 0..26 {
        let lane = gate.lane(&ids[number % 4]);
        scopes.extend(sent(&mut gate, lane, "550 5.7.1 no", 1, at(number as f64)).into_iter().map(|(scope, _)| scope));
    }
    assert_eq!(scopes, [Scope::Mailing(MailingId(7))]);
    let other = gate.lane(&ProviderId::other());
    assert_eq!((gate.ask(0, 0, other, at(99.0)), gate.is_relay_open(0, at(99.0))), (Verdict::Paused, Verdict::Paused));
    gate.resume(&Scope::Mailing(MailingId(8)), at(99.0));
    assert_eq!(gate.ask(0, 0, other, at(99.0)), Verdict::Paused, "another mailing's word is not for this one");
    gate.resume(&Scope::Mailing(MailingId(7)), at(99.0));
    assert_eq!(gate.ask(0, 0, other, at(99.0)), Verdict::Go);
}

#[test]
fn a_breaker_that_is_off_never_trips() {
    let mut rules = rules(|_| {});
    rules.breaker = BreakerRules::off();
    let mut gate = gate(rules);
    let lane = gate.lane(&google());
    assert!((0..1000).all(|second| sent(&mut gate, lane, "550 5.1.1 nobody", 1, at(f64::from(second))).is_empty()));
}

#[test]
fn pauses_of_the_store_are_in_force_from_the_start() {
    let pause = |until: Option<f64>, slow_to| Pause { since: at(-60.0), until: until.map(at), reason: String::new(), slow_to };
    let pauses = [
        (Scope::Provider(google()), pause(None, None)),
        (Scope::Provider(ProviderId::new("yahoo")), pause(Some(30.0), None)),
        (Scope::Provider(ProviderId::new("icloud")), pause(None, Some(0.1))),
        (Scope::Mailing(MailingId(8)), pause(None, None)),
    ];
    let mut gate = Gate::new(rules(|_| {}), &[], &[], &pauses, at(0.0)).for_mailing(MailingId(7));
    let [google, yahoo, icloud] = ["google", "yahoo", "icloud"].map(|id| gate.lane(&ProviderId::new(id)));
    assert_eq!(gate.ask(0, 0, google, at(0.0)), Verdict::Paused);
    assert_eq!(gate.ask(0, 0, yahoo, at(0.0)), wait(30.0));
    gate.take(0, 0, icloud, at(0.0));
    assert_eq!(gate.ask(0, 0, icloud, at(1.0)), wait(10.0));
    gate.pause(&Scope::Relay("main".to_owned()), pause(None, None));
    assert_eq!(gate.is_relay_open(0, at(1.0)), Verdict::Paused);
    gate.resume(&Scope::Relay("main".to_owned()), at(2.0));
    assert_eq!(gate.is_relay_open(0, at(2.0)), Verdict::Go);
}

#[test]
fn time_that_runs_backwards_stands_still() {
    let mut gate = gate(rules(|relay| relay.limits.per_second = Some(1.0)));
    let lane = gate.lane(&google());
    gate.take(0, 0, lane, at(100.0));
    assert_eq!(gate.ask(0, 0, lane, at(50.0)), wait(101.0));
    assert_eq!(
        gate.ask(0, 0, lane, "2026-12-07T12:01:41".parse::<DateTime>().unwrap().to_zoned(TimeZone::UTC).unwrap().timestamp()),
        Verdict::Go
    );
}
