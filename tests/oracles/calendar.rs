//! systemd's calendar as a second opinion on ours: ten years of runs, in zones whose clocks do odd things.

use std::process::Command;
use std::thread;

use jiff::Timestamp;
use jiff::tz::{AmbiguousOffset, TimeZone};
use masthead::schedule::Schedule;

use super::{on_path, skip};

const FROM: &str = "2026-01-01T00:00:00Z";
const TO: &str = "2036-01-01T00:00:00Z";

/// Zone, our expression, systemd's for the same, and how many times of these ten years no clock shows.
///
/// There alone the two differ, and are meant to: systemd leaves out a run whose time does not come, as `cron` does, and we
/// move it behind the gap, since an issue is better late than lost. Where an hour comes twice, both take the first.
const CASES: [(&str, &str, &str, usize); 13] = [
    ("America/New_York", "daily 02:30", "*-*-* 02:30:00", 10),
    ("America/New_York", "daily 01:30", "*-*-* 01:30:00", 0),
    ("America/New_York", "first-monday 09:00", "Mon *-*-01..07 09:00:00", 0),
    ("America/New_York", "0 0 9 1-7 * Mon", "Mon *-*-01..07 09:00:00", 0),
    ("America/New_York", "last-friday 17:30", "Fri *-*~07/1 17:30:00", 0),
    ("America/New_York", "last-day 18:00", "*-*~01 18:00:00", 0),
    ("America/New_York", "second-sun 02:30", "Sun *-*-08..14 02:30:00", 10),
    ("Africa/Cairo", "@daily", "*-*-* 00:00:00", 10),
    ("Africa/Cairo", "last-thu 23:30", "Thu *-*~07/1 23:30:00", 0),
    ("Africa/Cairo", "weekdays 00:15", "Mon..Fri *-*-* 00:15:00", 10),
    ("Australia/Lord_Howe", "0 15 2 * * *", "*-*-* 02:15:00", 10),
    ("Australia/Lord_Howe", "daily 01:45", "*-*-* 01:45:00", 0),
    ("Australia/Lord_Howe", "day-15 09:00", "*-*-15 09:00:00", 0),
];

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The instants that systemd gives for an expression, as many as it is asked for.
fn second_opinion(expression: &str, zone: &str, many: usize) -> Vec<Timestamp> {
    let output = Command::new("systemd-analyze")
        .args(["calendar", "--base-time", "2026-01-01 00:00:00 UTC", "--iterations", &many.to_string()])
        .arg(format!("{expression} {zone}"))
        // In another zone it would print each time twice.
        .env("TZ", "UTC")
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{expression}: {}", String::from_utf8_lossy(&output.stderr));
    let times = told.lines().filter(|line| line.contains("Next elapse:") || line.contains("Iter. #"));
    let instant = |line: &str| {
        let (_, time) = line.split_once(": ").unwrap();
        let [_, date, clock, "UTC"] = time.split_whitespace().collect::<Vec<_>>()[..] else { panic!("{line}") };
        instant(&format!("{date}T{clock}Z"))
    };
    times.map(instant).collect()
}

#[test]
fn t23_ten_years_of_runs_are_those_of_systemd() {
    if !on_path("systemd-analyze") {
        return skip("systemd's calendar", "no systemd-analyze on the PATH; run tests/oracles/install.sh");
    }
    thread::scope(|scope| {
        let asked: Vec<_> = CASES.iter().map(|case| scope.spawn(|| compare(case))).collect();
        for case in asked {
            case.join().unwrap();
        }
    });
}

fn compare((zone, ours, theirs, unseen): &(&str, &str, &str, usize)) {
    let name = format!("{ours} in {zone}");
    let zone_found = TimeZone::get(zone).unwrap();
    let schedule = Schedule::parse(ours, zone_found.clone(), instant(FROM)).unwrap();
    let slots = schedule.between(instant(FROM), instant(TO));
    let is_seen = |local| !matches!(zone_found.to_ambiguous_timestamp(local).offset(), AmbiguousOffset::Gap { .. });
    let (seen, moved): (Vec<_>, Vec<_>) = slots.into_iter().partition(|slot| is_seen(slot.local));
    let seen: Vec<Timestamp> = seen.into_iter().map(|slot| slot.at).collect();
    let second = second_opinion(theirs, zone, seen.len());
    let differs = seen.iter().zip(&second).find(|(ours, theirs)| ours != theirs);
    assert_eq!(differs, None, "{name}: the first time that is not systemd's");
    assert_eq!((seen.len(), moved.len()), (second.len(), *unseen), "{name}");
    for slot in moved {
        // As much after the gap as the time lies within it: the clock shows the time and the length of the gap.
        let shown = zone_found.to_datetime(slot.at);
        let gap = if *zone == "Australia/Lord_Howe" { 30 } else { 60 };
        assert_eq!(shown.duration_since(slot.local).as_mins(), gap, "{name}: {slot:?}");
    }
}
