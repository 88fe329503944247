//! Issues and runs, month by month and day by day.

use jiff::tz::TimeZone;

use super::*;
use crate::dateline::Month;

const FIRST_MONDAY: &str = "first-monday 09:00";

fn schedule(expression: &str) -> Schedule {
    Schedule::parse(expression, TimeZone::get("America/New_York").unwrap(), instant("2014-01-01T00:00:00Z")).unwrap()
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn candidate(id: &str) -> Candidate {
    let id: IssueId = id.parse().unwrap();
    Candidate { period: id.period(), id, publish_at: None }
}

fn at(id: &str, publish_at: &str) -> Candidate {
    Candidate { publish_at: Some(instant(publish_at)), ..candidate(id) }
}

fn combined(id: &str, last: (i16, i8)) -> Candidate {
    let plain = candidate(id);
    Candidate { period: Period::Months(plain.id.month(), Month::new(last.0, last.1).unwrap()), ..plain }
}

fn out(id: &str, opened_at: &str) -> Out {
    let id: IssueId = id.parse().unwrap();
    Out { period: id.period(), id, opened_at: instant(opened_at), had_time: false }
}

/// The plan, one line an issue: id, and local time of its run or what else is said.
fn told(planned: &[Planned]) -> Vec<String> {
    let line = |planned: &Planned| match &planned.due {
        Due::At { slot: Some(local), .. } => format!("{} {}", planned.id, local.strftime("%Y-%m-%d %H:%M")),
        Due::At { at, slot: None } => format!("{} at {at}", planned.id),
        Due::Never(why) => format!("{} {why:?}", planned.id),
    };
    planned.iter().map(line).collect()
}

fn planned(expression: &str, candidates: &[Candidate], taken: &[Taken]) -> Vec<String> {
    told(&plan(Some(&schedule(expression)), candidates, taken))
}

fn bare(expression: &str, candidates: &[Candidate], taken: &[Taken], from: &str, to: &str) -> Vec<String> {
    let slots = uncovered(&schedule(expression), candidates, taken, instant(from), instant(to));
    slots.iter().map(|slot| slot.local.date().to_string()).collect()
}

#[test]
fn an_issue_takes_the_run_of_its_month_and_a_second_one_the_next_or_none() {
    let two = [candidate("2014-12-extra"), candidate("2014-12"), candidate("2015-02")];
    assert_eq!(
        planned(FIRST_MONDAY, &two, &[]),
        ["2014-12 2014-12-01 09:00", "2014-12-extra SlotTaken(IssueId { text: \"2014-12\" })", "2015-02 2015-02-02 09:00"]
    );
    assert_eq!(planned("monday", &two[..2], &[]), ["2014-12 2014-12-01 09:00", "2014-12-extra 2014-12-08 09:00"]);
    assert_eq!(planned("0 9 1 1 *", &two[1..2], &[])[0].split(' ').nth(1), Some("NoSlotInItsMonths(Months(Month"));
    let none = plan(None, &two, &[]);
    assert!(none.iter().all(|planned| planned.due == Due::Never(Why::NoSchedule)));
}

#[test]
fn a_combined_issue_takes_the_first_of_its_runs_and_covers_the_others() {
    let winter = [combined("2014-12", (2015, 1))];
    assert_eq!(planned(FIRST_MONDAY, &winter, &[]), ["2014-12 2014-12-01 09:00"]);
    let year = ("2014-11-15T00:00:00Z", "2015-04-01T00:00:00Z");
    assert_eq!(bare(FIRST_MONDAY, &winter, &[], year.0, year.1), ["2015-02-02", "2015-03-02"]);
    let gone = [Taken { id: winter[0].id.clone(), period: winter[0].period, slot: None }];
    assert_eq!(bare(FIRST_MONDAY, &[], &gone, year.0, year.1), ["2015-02-02", "2015-03-02"]);
    let both = [winter[0].clone(), candidate("2015-01")];
    assert_eq!(planned(FIRST_MONDAY, &both, &[]), ["2014-12 2014-12-01 09:00", "2015-01 2015-01-05 09:00"]);
}

#[test]
fn a_day_takes_the_first_run_from_it_on_and_none_of_the_next_day_named() {
    let three = [candidate("2014-12-09"), candidate("2014-12-01"), candidate("2014-12-01-more"), candidate("2014-12-17")];
    assert_eq!(
        planned("monday", &three, &[]),
        ["2014-12-01 2014-12-01 09:00", "2014-12-01-more 2014-12-08 09:00", "2014-12-09 2014-12-15 09:00", "2014-12-17 2014-12-22 09:00"]
    );
    let close = [candidate("2014-12-02"), candidate("2014-12-04")];
    assert_eq!(planned("monday", &close, &[]), ["2014-12-02 Overtaken(IssueId { text: \"2014-12-04\" })", "2014-12-04 2014-12-08 09:00"]);
    let special = [candidate("2014-12-02"), at("2014-12-04", "2014-12-04T12:00:00Z")];
    assert_eq!(planned("monday", &special, &[]), ["2014-12-02 2014-12-08 09:00", "2014-12-04 at 2014-12-04T12:00:00Z"]);
    assert_eq!(planned("0 0 9 1 1 * 2014-2015", &[candidate("2015-06-01")], &[]), ["2015-06-01 NoMoreSlots"]);
}

#[test]
fn a_time_of_the_editors_stands_above_the_schedule_and_covers_its_months() {
    let own = [at("2014-12", "2014-12-20T12:00:00Z"), candidate("2014-12-more")];
    assert_eq!(planned(FIRST_MONDAY, &own, &[]), ["2014-12 at 2014-12-20T12:00:00Z", "2014-12-more 2014-12-01 09:00"]);
    let months = ("2014-11-15T00:00:00Z", "2015-01-31T00:00:00Z");
    assert_eq!(bare(FIRST_MONDAY, &own[..1], &[], months.0, months.1), ["2015-01-05"]);
    assert_eq!(bare(FIRST_MONDAY, &[at("2014-12", "2014-11-28T12:00:00Z")], &[], months.0, months.1), ["2015-01-05"]);
    let late = [at("2014-12", "2015-01-10T12:00:00Z")];
    assert_eq!(bare(FIRST_MONDAY, &late, &[], months.0, months.1), ["2014-12-01", "2015-01-05"]);
    let never = [candidate("2014-12-01"), candidate("2014-12-04")];
    assert_eq!(bare("day-3 09:00", &never, &[], "2014-12-01T00:00:00Z", "2014-12-31T00:00:00Z"), [""; 0]);
}

#[test]
fn runs_are_looked_at_after_the_first_instant_up_to_the_last() {
    let at_nine = "2014-12-01T14:00:00Z";
    assert_eq!(bare(FIRST_MONDAY, &[], &[], "2014-11-30T00:00:00Z", at_nine), ["2014-12-01"]);
    assert_eq!(bare(FIRST_MONDAY, &[], &[], at_nine, "2014-12-31T00:00:00Z"), [""; 0]);
}

#[test]
fn what_is_out_keeps_its_run_and_goes_no_second_time() {
    let schedule = schedule(FIRST_MONDAY);
    let taken = |out: Vec<Out>| super::taken(Some(&schedule), out);
    let on_time = taken(vec![out("2014-12", "2014-12-01T14:00:02Z")]);
    assert_eq!(on_time[0].slot.unwrap().to_string(), "2014-12-01T09:00:00");
    let waiting = [candidate("2014-12"), candidate("2014-12-more")];
    assert_eq!(told(&plan(Some(&schedule), &waiting, &on_time)), ["2014-12-more SlotTaken(IssueId { text: \"2014-12\" })"]);

    let by_hand_that_morning = taken(vec![out("2014-12", "2014-12-01T06:00:00Z")]);
    assert_eq!(by_hand_that_morning, on_time);
    let long_before = taken(vec![out("2014-12", "2014-11-20T06:00:00Z")]);
    assert_eq!(told(&plan(Some(&schedule), &waiting, &long_before)), ["2014-12-more 2014-12-01 09:00"]);
    let by_its_editor = taken(vec![Out { had_time: true, ..out("2014-12-more", "2014-12-10T06:00:00Z") }]);
    assert_eq!(told(&plan(Some(&schedule), &waiting, &by_its_editor)), ["2014-12 2014-12-01 09:00"], "it is late, and has its run");
    let without = super::taken(None, vec![out("2014-12", "2014-12-01T14:00:02Z")]);
    assert_eq!(without[0].slot, None);
}

#[test]
fn a_reason_is_a_sentence_with_a_remedy() {
    let id: IssueId = "2014-12".parse().unwrap();
    let whys = [Why::NoSchedule, Why::NoSlotInItsMonths(id.period()), Why::SlotTaken(id.clone()), Why::Overtaken(id), Why::NoMoreSlots];
    assert!(whys.iter().all(|why| why.to_string().contains("write `publish_at`")));
    assert!(whys[1].to_string().contains("no run in December 2014"));
    assert!(whys[2].to_string().contains("that of 2014-12"));
}
