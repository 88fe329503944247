//! Runs and the calendar: whatever clocks do and editors name their files.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use masthead::dateline::{IssueId, Period};
use masthead::schedule::Schedule;
use masthead::schedule::calendar::{Candidate, Due, Out, Planned, plan, runs, taken, uncovered};
use proptest::prelude::*;
use proptest::sample::Index;

const ZONES: [&str; 9] = [
    "UTC",
    "America/New_York",
    "Africa/Cairo",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/Sao_Paulo",
    "Africa/Casablanca",
    "Antarctica/Troll",
    "America/Scoresbysund",
];
const EXPRESSIONS: [&str; 14] = [
    "first-monday 09:00",
    "last-friday 02:30",
    "last-day 00:00",
    "first-weekday 00:30",
    "day-28 01:45",
    "weekdays 02:15",
    "daily 00:15",
    "0 9 1-7 * Mon",
    "0 */15 * * * *",
    "0 5,50 0-3 * * *",
    "@daily",
    "30 2 * * Sun",
    "0 17 22-28 2,6,11 *",
    "@hourly",
];

fn schedule(expression: &str, zone: &str) -> Schedule {
    Schedule::parse(expression, TimeZone::get(zone).unwrap(), "2001-01-01T00:00:00Z".parse().unwrap()).unwrap()
}

fn instants() -> impl Strategy<Value = Timestamp> {
    // From 2005 to 2040: rules that were, that are, and that are foreseen.
    (1_104_537_600_i64..2_208_988_800).prop_map(|second| Timestamp::from_second(second).unwrap())
}

/// Ids of a few months, so that they meet; named after a month, some months or a day, with and without a slug.
fn candidates() -> impl Strategy<Value = Vec<Candidate>> {
    let one = (1_i8..=6, prop::option::of(1_i8..=28), 0_usize..4, 0_i8..=2, prop::option::weighted(0.2, 0_i64..200));
    let candidate = one.prop_map(|(month, day, slug, more, own)| {
        let day = day.map(|day| format!("-{day:02}")).unwrap_or_default();
        let id: IssueId = format!("2026-{month:02}{day}{}", ["", "", "-extra", "-more"][slug]).parse().unwrap();
        let period = match id.period() {
            Period::Months(first, _) => Period::Months(first, (0..more).fold(first, |month, _| month.next())),
            day @ Period::Day(_) => day,
        };
        let start: Timestamp = "2026-01-01T07:00:00Z".parse().unwrap();
        Candidate { id, period, publish_at: own.map(|days| start + (24 * days).hours()) }
    });
    prop::collection::vec(candidate, 0..12).prop_map(|many| {
        let by_id: BTreeMap<IssueId, Candidate> = many.into_iter().map(|candidate| (candidate.id.clone(), candidate)).collect();
        by_id.into_values().collect()
    })
}

fn rhythm() -> impl Strategy<Value = Schedule> {
    let expression =
        prop::sample::select(&["first-monday", "monday", "last-day 18:00", "day-15", "weekdays", "0 9 1,15 * *", "0 9 1 2,5 *"][..]);
    expression.prop_map(|expression| schedule(expression, "America/New_York"))
}

fn by_id(planned: &[Planned]) -> BTreeMap<&IssueId, &Due> {
    planned.iter().map(|planned| (&planned.id, &planned.due)).collect()
}

fn slot(due: &Due) -> Option<jiff::civil::DateTime> {
    match due {
        Due::At { slot, .. } => *slot,
        Due::Never(_) => None,
    }
}

fn first_day(period: Period) -> jiff::civil::Date {
    match period {
        Period::Day(day) => day,
        Period::Months(first, _) => first.day(1).unwrap(),
    }
}

/// What somebody might type: fields of the right number with odd things in them, or anything at all.
fn expressions() -> impl Strategy<Value = String> {
    let field = prop::sample::select(
        &[
            "*",
            "?",
            "0",
            "9",
            "1-7",
            "31",
            "*/0",
            "*/5",
            "5-1",
            "22-2",
            "1,2,3",
            "Mon",
            "mon-fri",
            "Fri-Mon",
            "L",
            "W",
            "Mon#1",
            "-1",
            "60",
            "1/",
            "/2",
            ",",
            "99999999999999999999",
            "2026",
            "2020-2030",
            "jan",
            "@daily",
            "9-",
            "*,*",
            "1-31/40",
        ][..],
    );
    let fields = prop::collection::vec(field, 1..9).prop_map(|fields| fields.join(" "));
    prop_oneof![fields, "[0-9*,/?@a-zA-Z#: -]{0,40}", ".{0,30}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn whatever_is_typed_is_a_schedule_or_a_fault_with_words(typed in expressions()) {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        match Schedule::parse(&typed, TimeZone::get("America/New_York").unwrap(), now) {
            Ok(schedule) => {
                prop_assert!(!schedule.in_words().is_empty());
                prop_assert!(schedule.after(now).take(5).all(|slot| slot.at > now));
            }
            Err(fault) => {
                let said = fault.to_string();
                prop_assert!(said.len() > 10 && !said.contains('\n') && !said.ends_with(": "), "{said}");
                prop_assert!(!fault.help().is_empty());
            }
        }
    }

    #[test]
    fn t23_runs_only_ever_come_later_and_each_once(
        expression in prop::sample::select(&EXPRESSIONS[..]), zone in prop::sample::select(&ZONES[..]), start in instants(), skip in any::<Index>()
    ) {
        let schedule = schedule(expression, zone);
        let slots: Vec<_> = schedule.after(start).take(300).collect();
        prop_assert!(slots.windows(2).all(|pair| pair[0].at < pair[1].at));
        let mut locals: Vec<_> = slots.iter().map(|slot| slot.local).collect();
        locals.sort();
        locals.dedup();
        prop_assert_eq!(locals.len(), slots.len());
        prop_assert!(slots.iter().all(|slot| slot.at > start && schedule.zone().to_ambiguous_timestamp(slot.local).compatible().unwrap() == slot.at));
        // Whoever wakes later, also by a second, sees the same runs.
        let at = skip.index(slots.len() - 1);
        let rest: Vec<_> = schedule.after(slots[at].at).take(slots.len() - at - 1).collect();
        prop_assert_eq!(&rest[..], &slots[at + 1..]);
        let just_before = slots[at].at - 1.nanoseconds();
        prop_assert_eq!(schedule.after(just_before).next(), Some(slots[at]));
    }

    #[test]
    fn no_run_is_taken_twice_and_every_issue_has_its_place(candidates in candidates(), schedule in rhythm()) {
        let planned = plan(Some(&schedule), &candidates, &[]);
        prop_assert_eq!(planned.len(), candidates.len());
        let mut slots: Vec<_> = planned.iter().filter_map(|planned| slot(&planned.due)).collect();
        let many = slots.len();
        slots.sort();
        slots.dedup();
        prop_assert_eq!(slots.len(), many);
        let by_id = by_id(&planned);
        for candidate in &candidates {
            let due = by_id[&candidate.id];
            match (candidate.publish_at, slot(due), candidate.period) {
                (Some(own), ..) => prop_assert_eq!(due, &Due::At { at: own, slot: None }),
                (None, Some(local), Period::Day(day)) => prop_assert!(local.date() >= day),
                (None, Some(local), period) => prop_assert!(period.contains(masthead::dateline::Month::of(local.date()))),
                (None, None, _) => prop_assert!(matches!(due, Due::Never(_))),
            }
        }
        // Of those that stand for the same time, the one with the lesser id comes first.
        for pair in candidates.windows(2).filter(|pair| pair[0].period == pair[1].period && pair.iter().all(|one| one.publish_at.is_none())) {
            match (slot(by_id[&pair[0].id]), slot(by_id[&pair[1].id])) {
                (Some(first), Some(second)) => prop_assert!(first < second),
                (None, second) => prop_assert_eq!(second, None),
                (Some(_), None) => {}
            }
        }
    }

    #[test]
    fn the_order_in_which_a_folder_is_read_changes_nothing(candidates in candidates(), schedule in rhythm(), turn in any::<Index>()) {
        let planned = plan(Some(&schedule), &candidates, &[]);
        let mut turned = candidates.clone();
        turned.rotate_left(turn.index(candidates.len().max(1)));
        turned.extend(candidates.first().cloned());
        prop_assert_eq!(plan(Some(&schedule), &turned, &[]), planned);
    }

    #[test]
    fn an_issue_more_changes_nothing_of_those_placed_before_it(
        candidates in candidates(), schedule in rhythm(), which in any::<Index>()
    ) {
        prop_assume!(!candidates.is_empty());
        let newcomer = &candidates[which.index(candidates.len())];
        let limits = |candidate: &Candidate| candidate.publish_at.is_none() && matches!(candidate.period, Period::Day(_));
        // A day ends what the day before it may have, and what that gives up another month may take: there, days only.
        let candidates: Vec<Candidate> = candidates.iter().filter(|other| limits(other) || !limits(newcomer)).cloned().collect();
        let before: Vec<Candidate> = candidates.iter().filter(|other| other.id != newcomer.id).cloned().collect();
        let (without, with) = (plan(Some(&schedule), &before, &[]), plan(Some(&schedule), &candidates, &[]));
        let without = by_id(&without);
        for planned in with.iter().take_while(|planned| planned.id != newcomer.id) {
            let was = without[&planned.id];
            let gives_way = limits(newcomer) && slot(was).is_none_or(|local| local.date() >= first_day(newcomer.period));
            prop_assert!(gives_way || was == &planned.due, "{}: {was:?} was {:?}", planned.id, planned.due);
        }
        if newcomer.publish_at.is_some() {
            prop_assert!(with.iter().filter(|planned| planned.id != newcomer.id).all(|planned| without[&planned.id] == &planned.due));
        }
    }

    #[test]
    fn t23_what_goes_out_at_its_time_changes_nothing_for_the_others(candidates in candidates(), schedule in rhythm(), days in 0_i64..300) {
        let now = "2025-12-15T00:00:00Z".parse::<Timestamp>().unwrap() + (24 * days).hours();
        let planned = plan(Some(&schedule), &candidates, &[]);
        let due = by_id(&planned);
        let (mut out, mut left) = (Vec::new(), Vec::new());
        for candidate in &candidates {
            match due[&candidate.id] {
                Due::At { at, .. } if *at <= now => {
                    let Candidate { id, period, publish_at } = candidate.clone();
                    out.push(Out { id, period, opened_at: *at, had_time: publish_at.is_some() });
                }
                _ => left.push(candidate.clone()),
            }
        }
        let gone = taken(Some(&schedule), out);
        for taken in &gone {
            prop_assert_eq!(taken.slot, slot(due[&taken.id]), "{}", taken.id);
        }
        for later in plan(Some(&schedule), &left, &gone) {
            prop_assert_eq!(&later.due, due[&later.id], "{}", later.id);
        }
        // And whatever is called out stays out, also if its file is still there.
        prop_assert_eq!(plan(Some(&schedule), &candidates, &gone), plan(Some(&schedule), &left, &gone));
    }

    #[test]
    fn a_run_is_alarming_if_and_only_if_nobody_takes_it_or_stands_for_it(candidates in candidates(), schedule in rhythm(), days in 0_i64..200) {
        let from = "2025-12-15T00:00:00Z".parse::<Timestamp>().unwrap() + (24 * days).hours();
        let to = from + (24 * 60).hours();
        let bare = uncovered(&schedule, &candidates, &[], from, to);
        let planned = plan(Some(&schedule), &candidates, &[]);
        let runs = runs(&schedule, &candidates, &[], schedule.between(from, to));
        for run in &runs {
            prop_assert_eq!(bare.contains(&run.slot), run.taker.is_none() && run.cover.is_none());
            let takers: Vec<_> = planned.iter().filter(|planned| slot(&planned.due) == Some(run.slot.local)).collect();
            prop_assert_eq!(takers.first().map(|planned| &planned.id), run.taker.as_ref());
            if let Some(cover) = &run.cover {
                let period = candidates.iter().find(|candidate| candidate.id == *cover).unwrap().period;
                prop_assert!(first_day(period) <= run.slot.local.date());
            }
        }
        prop_assert!(bare.iter().all(|slot| from < slot.at && slot.at <= to));
    }
}
