//! Expressions, their faults and words, and runs over changes of the clock.

use super::*;

fn schedule(expression: &str, zone: &str) -> Result<Schedule, ScheduleFault> {
    Schedule::parse(expression, TimeZone::get(zone).unwrap(), "2026-01-01T00:00:00Z".parse().unwrap())
}

fn next(expression: &str, zone: &str, after: &str) -> String {
    let schedule = schedule(expression, zone).unwrap();
    let slot = schedule.after(after.parse().unwrap()).next().unwrap();
    slot.at.to_string()
}

fn locals(expression: &str, zone: &str, from: &str, to: &str) -> Vec<String> {
    let slots = schedule(expression, zone).unwrap().between(from.parse().unwrap(), to.parse().unwrap());
    slots.iter().map(|slot| slot.local.strftime("%m-%d %H:%M").to_string()).collect()
}

#[test]
fn first_monday_is_day_and_weekday_together() {
    let schedule = schedule("0 0 9 1-7 * Mon", "America/New_York").unwrap();
    let runs: Vec<String> = schedule.after("2026-01-01T00:00:00Z".parse().unwrap()).take(3).map(|slot| slot.local.to_string()).collect();
    assert_eq!(runs, ["2026-01-05T09:00:00", "2026-02-02T09:00:00", "2026-03-02T09:00:00"]);
}

#[test]
fn five_fields_begin_with_the_minute() {
    assert_eq!(next("0 9 1 * *", "UTC", "2026-01-02T00:00:00Z"), "2026-02-01T09:00:00Z");
}

#[test]
fn t23_a_run_in_the_spring_gap_comes_after_it() {
    assert_eq!(next("0 30 2 8 3 *", "America/New_York", "2026-03-01T00:00:00Z"), "2026-03-08T07:30:00Z");
    // Cairo loses the first hour of a day.
    assert_eq!(next("@daily", "Africa/Cairo", "2026-04-23T12:00:00Z"), "2026-04-23T22:00:00Z");
    // Lord Howe loses half an hour: 02:15 becomes 02:45.
    assert_eq!(next("0 15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00:00Z"), "2026-10-03T15:45:00Z");
    // Samoa lost a whole day.
    let samoa = Schedule::parse("0 9 30 12 *", TimeZone::get("Pacific/Apia").unwrap(), "2011-12-01T00:00:00Z".parse().unwrap()).unwrap();
    for before in ["2011-12-01T00:00:00Z", "2011-12-30T18:59:59Z"] {
        assert_eq!(samoa.after(before.parse().unwrap()).next().unwrap().at.to_string(), "2011-12-30T19:00:00Z");
    }
}

#[test]
fn t23_a_run_in_the_doubled_hour_comes_once_and_never_in_the_past() {
    assert_eq!(next("0 30 1 1 11 *", "America/New_York", "2026-10-31T12:00:00Z"), "2026-11-01T05:30:00Z");
    let later = next("0 30 1 * * *", "America/New_York", "2026-11-01T06:10:00Z");
    assert_eq!(later, "2026-11-02T06:30:00Z");
}

#[test]
fn t23_runs_of_every_half_hour_meet_in_the_gap_and_are_one() {
    let spring = locals("0 */30 * * * *", "America/New_York", "2026-03-08T05:59:59Z", "2026-03-08T08:00:00Z");
    assert_eq!(spring, ["03-08 01:00", "03-08 01:30", "03-08 03:00", "03-08 03:30", "03-08 04:00"]);
    let autumn = locals("0 */30 * * * *", "America/New_York", "2026-11-01T04:59:59Z", "2026-11-01T07:00:00Z");
    assert_eq!(autumn, ["11-01 01:00", "11-01 01:30", "11-01 02:00"], "nothing in the hour that comes again");
    let odd = locals("0 30 2,3 8 3 *", "America/New_York", "2026-03-08T00:00:00Z", "2026-03-09T00:00:00Z");
    assert_eq!(odd, ["03-08 03:30"], "half past two would be at half past three, where there is a run already");
    let crossing = locals("0 0,45 2,3 8 3 *", "America/New_York", "2026-03-08T00:00:00Z", "2026-03-09T00:00:00Z");
    assert_eq!(crossing, ["03-08 03:00", "03-08 03:45"]);
    let between = locals("0 10 2,3 8 3 *", "Australia/Lord_Howe", "2026-03-07T00:00:00Z", "2026-03-08T12:00:00Z");
    assert_eq!(between, ["03-08 02:10", "03-08 03:10"]);
}

#[test]
fn days_are_written_as_one_says_them() {
    for (expression, wanted) in [
        ("first-monday 09:00", ["02-02 09:00", "03-02 09:00", "04-06 09:00"]),
        ("last-friday 17:30", ["01-30 17:30", "02-27 17:30", "03-27 17:30"]),
        ("second-tue 9:05", ["01-13 09:05", "02-10 09:05", "03-10 09:05"]),
        ("LAST-DAY 18:00", ["01-31 18:00", "02-28 18:00", "03-31 18:00"]),
        ("day-15", ["01-15 09:00", "02-15 09:00", "03-15 09:00"]),
        ("weekdays", ["01-08 09:00", "01-09 09:00", "01-12 09:00"]),
        ("monday 9:00", ["01-12 09:00", "01-19 09:00", "01-26 09:00"]),
        ("first-weekday 00:00", ["02-02 00:00", "03-02 00:00", "04-01 00:00"]),
        ("last-weekday 23:59", ["01-30 23:59", "02-27 23:59", "03-31 23:59"]),
        ("  daily   07:30 ", ["01-08 07:30", "01-09 07:30", "01-10 07:30"]),
    ] {
        let first: Vec<String> = locals(expression, "UTC", "2026-01-07T12:00:00Z", "2026-04-30T00:00:00Z").into_iter().take(3).collect();
        assert_eq!(first, wanted, "{expression}");
    }
}

#[test]
fn schedules_are_told_in_words() {
    for (expression, words) in [
        ("first-monday 9:00", "the first Monday of the month at 09:00"),
        ("0 0 9 1-7 * Mon", "the first Monday of the month at 09:00"),
        ("30 17 22-28 * fri", "the fourth Friday of the month at 17:30"),
        ("last-fri 17:30", "the last Friday of the month at 17:30"),
        ("last-day", "the last day of the month at 09:00"),
        ("0 9 1 * *", "the 1st of the month at 09:00"),
        ("day-22", "the 22nd of the month at 09:00"),
        ("day-13", "the 13th of the month at 09:00"),
        ("0 9 * * Mon-Fri", "every day from Monday to Friday at 09:00"),
        ("thu 12:00", "every Thursday at 12:00"),
        ("15 0 9 * * ?", "every day at 09:00:15"),
        ("@weekly", "every Sunday at 00:00"),
        ("0 9 1 6 *", "0 9 1 6 *"),
        ("0 9,17 * * *", "0 9,17 * * *"),
        ("0 0 9 1 * * 2027", "0 0 9 1 * * 2027"),
    ] {
        assert_eq!(schedule(expression, "UTC").unwrap().in_words(), words, "{expression}");
    }
}

#[test]
fn a_fault_says_what_is_wrong_and_what_was_perhaps_meant() {
    for (expression, message, help) in [
        ("first monday 09:00", "`first monday 09:00` says nothing of days that the press knows", "did you mean `first-monday 09:00`?"),
        ("every Monday", "`every Monday` says nothing of days", "did you mean `monday`?"),
        ("the last Friday of the month at 17:30", "says nothing of days", "did you mean `last-friday 17:30`?"),
        ("1st-monday", "says nothing of days", "did you mean `first-monday`?"),
        ("frist-monday 9:00", "says nothing of days", "did you mean `first-monday 9:00`?"),
        ("last-workday", "says nothing of days", "did you mean `last-weekday`?"),
        ("fortnightly", "says nothing of days", "such as `first-monday 09:00`"),
        ("fifth-monday", "says nothing of days", "did you mean `last-monday`?"),
        ("monday 9am", "`9am` is no time of the day", "hour and minute"),
        ("monday 24:00", "`24:00` is no time of the day", "hour and minute"),
        ("day-31 09:00", "not every month has a day 31", "`last-day`"),
        ("day-0", "not every month has a day 0", "`day-1`"),
        ("day-999", "not every month has a day 999", "`day-28`"),
        ("0 9 * * 1", "the weekday `1` means different days", "`Mon`"),
        ("0 0 9 * * Mon,3", "the weekday `Mon,3` means different days", "`Mon`"),
        ("0 24 1 * *", "not a cron expression: `24` is no hour: hours are 0 to 23", "as cron has it"),
        ("0 22-2 * * *", "`22-2` is no hour: hours are 0 to 23; a range runs forward", "as cron has it"),
        ("0 9 * * FriL", "`FriL` is no weekday: weekdays are names such as `Mon`; write the first or last", "`last-friday 17:30`"),
        ("0 9 L * *", "`L` is no day: days are 1 to 31; write the last day of a month as `last-day`", "as cron has it"),
        ("0 9 1 *", "it has 4 fields, and five are wanted", "as cron has it"),
        ("*", "it has one field, and five are wanted", "as cron has it"),
        ("", "it is empty", "as cron has it"),
        ("@reboot", "there are `@yearly`, `@monthly`", "as cron has it"),
        ("0 0 9 31 2 *", "`0 0 9 31 2 *` never comes round", "still to come"),
        ("0 0 9 1 1 * 2020", "`0 0 9 1 1 * 2020` never comes round", "still to come"),
        ("0 0 9 1 1 * 20x", "`20x` is no year: years are 1970 to 2100", "as cron has it"),
    ] {
        let fault = schedule(expression, "UTC").unwrap_err();
        assert!(fault.to_string().contains(message), "{expression}: {fault}");
        assert!(fault.help().contains(help), "{expression}: {}", fault.help());
    }
}
