//! When issues are due: a cron expression read on the publication's own clock face, whatever daylight saving does.
//!
//! The `cron` crate knows no daylight saving that a publisher would want: it loses runs in the spring gap and doubles
//! them in autumn. So it is asked in local time without a zone, and jiff says which instant that is.

use std::str::FromStr;

use chrono::{Datelike, NaiveDate, TimeZone as _, Timelike, Utc};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// More runs than anybody asks for: an end for an endless iterator.
const MANY: usize = 200_000;

/// A cron expression together with the time zone whose clock it is read on.
#[derive(Debug, Clone)]
pub struct Schedule {
    cron: cron::Schedule,
    zone: TimeZone,
}

/// One run: the local time that the expression names, which is its unique key, and the instant at which that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// As the clock on the wall shows it.
    pub local: DateTime,
    /// In a spring gap the instant just after it; in the doubled hour of autumn the first of the two.
    pub at: Timestamp,
}

/// Why an expression is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleFault {
    /// The expression has a fault.
    #[error("`{expression}` is not a cron expression: {reason}")]
    Malformed {
        /// As written.
        expression: String,
        /// In words.
        reason: String,
    },
    /// Weekdays in figures mean different days to different programs.
    #[error("write weekdays as names (`Mon`, `Mon-Fri`): the figure {0} means different days to different programs")]
    NumericWeekday(String),
    /// The expression names a day that no year has.
    #[error("`{0}` never comes round")]
    Never(String),
}

impl Schedule {
    /// Reads an expression of five fields (minute first) or six (second first), or a word such as `@monthly`.
    pub fn parse(expression: &str, zone: TimeZone, now: Timestamp) -> Result<Self, ScheduleFault> {
        let expression = expression.trim();
        let fields: Vec<&str> = expression.split_whitespace().collect();
        let full = if fields.len() == 5 { format!("0 {expression}") } else { expression.to_owned() };
        let weekday = if fields.len() == 5 { fields.get(4) } else { fields.get(5) };
        if let Some(weekday) = weekday.filter(|field| field.bytes().any(|b| b.is_ascii_digit())) {
            return Err(ScheduleFault::NumericWeekday((*weekday).to_owned()));
        }
        let cron = cron::Schedule::from_str(&full)
            .map_err(|fault| ScheduleFault::Malformed { expression: expression.to_owned(), reason: reason(&fault.to_string()) })?;
        let schedule = Self { cron, zone };
        let comes_round = schedule.after(now).next().is_some();
        if comes_round { Ok(schedule) } else { Err(ScheduleFault::Never(expression.to_owned())) }
    }

    /// The runs after an instant, soonest first.
    pub fn after(&self, instant: Timestamp) -> impl Iterator<Item = Slot> + '_ {
        // A day earlier on the clock face, so that no offset change hides a slot; those not after `instant` are skipped.
        let local = instant.to_zoned(self.zone.clone()).datetime().saturating_sub(jiff::Span::new().days(1));
        let start = NaiveDate::from_ymd_opt(local.year().into(), local.month().unsigned_abs().into(), local.day().unsigned_abs().into())
            .and_then(|day| day.and_hms_opt(local.hour().unsigned_abs().into(), local.minute().unsigned_abs().into(), 0))
            .map(|naive| Utc.from_utc_datetime(&naive));
        start
            .into_iter()
            .flat_map(|start| self.cron.after_owned(start).take(MANY))
            .filter_map(|naive| self.slot(naive))
            .filter(move |slot| slot.at > instant)
    }

    fn slot(&self, naive: chrono::DateTime<Utc>) -> Option<Slot> {
        let part = |n: u32| i8::try_from(n).ok();
        let local = DateTime::new(
            i16::try_from(naive.year()).ok()?,
            part(naive.month())?,
            part(naive.day())?,
            part(naive.hour())?,
            part(naive.minute())?,
            part(naive.second())?,
            0,
        )
        .ok()?;
        let at = self.zone.to_ambiguous_timestamp(local).compatible().ok()?;
        Some(Slot { local, at })
    }
}

fn reason(fault: &str) -> String {
    let line = fault.lines().rfind(|line| !line.trim().is_empty() && !line.trim_start().starts_with('^')).unwrap_or_default().trim();
    if line.is_empty() || !line.contains(' ') || line.contains('*') {
        "it has five fields (minute, hour, day, month, weekday) or six with the second in front".to_owned()
    } else {
        line.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(expression: &str, zone: &str) -> Result<Schedule, ScheduleFault> {
        Schedule::parse(expression, TimeZone::get(zone).unwrap(), "2026-01-01T00:00:00Z".parse().unwrap())
    }

    fn next(expression: &str, zone: &str, after: &str) -> String {
        let schedule = schedule(expression, zone).unwrap();
        let slot = schedule.after(after.parse().unwrap()).next().unwrap();
        slot.at.to_string()
    }

    #[test]
    fn first_monday_is_day_and_weekday_together() {
        let schedule = schedule("0 0 9 1-7 * Mon", "America/New_York").unwrap();
        let runs: Vec<String> =
            schedule.after("2026-01-01T00:00:00Z".parse().unwrap()).take(3).map(|slot| slot.local.to_string()).collect();
        assert_eq!(runs, ["2026-01-05T09:00:00", "2026-02-02T09:00:00", "2026-03-02T09:00:00"]);
    }

    #[test]
    fn five_fields_begin_with_the_minute() {
        assert_eq!(next("0 9 1 * *", "UTC", "2026-01-02T00:00:00Z"), "2026-02-01T09:00:00Z");
    }

    #[test]
    fn a_run_in_the_spring_gap_comes_just_after_it() {
        assert_eq!(next("0 30 2 8 3 *", "America/New_York", "2026-03-01T00:00:00Z"), "2026-03-08T07:30:00Z");
    }

    #[test]
    fn a_run_in_the_doubled_hour_comes_once_and_never_in_the_past() {
        assert_eq!(next("0 30 1 1 11 *", "America/New_York", "2026-10-31T12:00:00Z"), "2026-11-01T05:30:00Z");
        let later = next("0 30 1 * * *", "America/New_York", "2026-11-01T06:10:00Z");
        assert_eq!(later, "2026-11-02T06:30:00Z");
    }

    #[test]
    fn what_never_comes_or_means_two_things_is_refused() {
        assert!(matches!(schedule("0 0 9 31 2 *", "UTC"), Err(ScheduleFault::Never(_))));
        assert!(matches!(schedule("0 9 * * 1", "UTC"), Err(ScheduleFault::NumericWeekday(_))));
        assert!(matches!(schedule("every monday", "UTC"), Err(ScheduleFault::Malformed { .. })));
    }
}
