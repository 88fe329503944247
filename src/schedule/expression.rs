//! Cron expressions, with faults in words of our own: those of the `cron` crate are empty or off by one.

use std::str::FromStr as _;

use chrono::{Datelike, NaiveDate, TimeZone as _, Timelike, Utc};
use jiff::civil::{DateTime, Time};

use super::ScheduleFault;
use super::said::{Days, Said, weekday};

/// The words of cron, and what they stand for.
const WORDS: [(&str, &str); 5] = [
    ("@yearly", "0 0 0 1 1 *"),
    ("@monthly", "0 0 0 1 * *"),
    ("@weekly", "0 0 0 * * Sun"),
    ("@daily", "0 0 0 * * *"),
    ("@hourly", "0 0 * * * *"),
];

/// The fields in their order, and what each may be.
const FIELDS: [(&str, &str); 7] = [
    ("second", "seconds are 0 to 59"),
    ("minute", "minutes are 0 to 59"),
    ("hour", "hours are 0 to 23"),
    ("day", "days are 1 to 31"),
    ("month", "months are 1 to 12, or names such as `Jun`"),
    ("weekday", "weekdays are names such as `Mon`"),
    ("year", "years are 1970 to 2100"),
];

const WEEKDAY: usize = 5;

/// Reads an expression of five fields (minute first), of six (second first) or of seven (year last), or a word.
pub(super) fn parse(expression: &str) -> Result<cron::Schedule, ScheduleFault> {
    let fields = fields(expression)?;
    if let Some(weekday) = fields.get(WEEKDAY).filter(|field| has_figures(field)) {
        return Err(ScheduleFault::NumericWeekday((*weekday).to_owned()));
    }
    cron::Schedule::from_str(&fields.join(" ")).map_err(|_| {
        let reason = reason(&fields);
        ScheduleFault::Malformed { expression: expression.to_owned(), reason }
    })
}

/// Whether a weekday is written as a figure, in a list, a range or alone; the one behind a slash is a step.
fn has_figures(weekday: &str) -> bool {
    weekday.split(['/', '#']).next().is_some_and(|days| days.bytes().any(|b| b.is_ascii_digit()))
}

/// The fields with the second in front.
fn fields(expression: &str) -> Result<Vec<&str>, ScheduleFault> {
    let malformed = |reason: String| ScheduleFault::Malformed { expression: expression.to_owned(), reason };
    let written: Vec<&str> = expression.split_whitespace().collect();
    match written.as_slice() {
        [word] if word.starts_with('@') => {
            let known = WORDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word));
            let words = WORDS.map(|(known, _)| format!("`{known}`")).join(", ");
            known.map(|(_, meant)| meant.split(' ').collect()).ok_or_else(|| malformed(format!("there are {words}")))
        }
        [] => Err(malformed("it is empty".to_owned())),
        five if five.len() == 5 => Ok([&["0"], five].concat()),
        more if (6..=7).contains(&more.len()) => Ok(more.to_vec()),
        other => {
            let many = if other.len() == 1 { "one field".to_owned() } else { format!("{} fields", other.len()) };
            let wanted = "five are wanted (minute, hour, day, month, weekday), or six with the second in front";
            Err(malformed(format!("it has {many}, and {wanted}")))
        }
    }
}

/// What is wrong with fields of the right number: the first that is refused where all others are stars.
fn reason(fields: &[&str]) -> String {
    let refused = fields.iter().enumerate().find(|(at, field)| {
        let mut alone = ["*"; 7];
        alone[*at] = field;
        cron::Schedule::from_str(&alone.join(" ")).is_err()
    });
    let Some((at, field)) = refused else { return "its fields do not go together".to_owned() };
    let (name, range) = FIELDS[at];
    let is_reversed = field.split_once('-').is_some_and(|(first, last)| !first.is_empty() && !last.is_empty());
    let hint = match field.to_ascii_uppercase() {
        upper if at == WEEKDAY && upper.contains(['#', 'L']) => "; write the first or last of a month as `first-monday` or `last-friday`",
        upper if name == "day" && upper.contains(['L', 'W']) => "; write the last day of a month as `last-day` or `last-weekday`",
        _ if is_reversed => "; a range runs forward",
        _ => "",
    };
    format!("`{field}` is no {name}: {range}{hint}")
}

/// The times of a cron expression after this one, in order.
pub(super) fn after(cron: &cron::Schedule, start: DateTime) -> impl Iterator<Item = DateTime> + '_ {
    let start = NaiveDate::from_ymd_opt(start.year().into(), start.month().unsigned_abs().into(), start.day().unsigned_abs().into())
        .and_then(|day| {
            day.and_hms_opt(start.hour().unsigned_abs().into(), start.minute().unsigned_abs().into(), start.second().unsigned_abs().into())
        })
        // In disguise: the crate is to see no time zone.
        .map(|naive| Utc.from_utc_datetime(&naive));
    start.into_iter().flat_map(|start| cron.after_owned(start)).map_while(local)
}

fn local(naive: chrono::DateTime<Utc>) -> Option<DateTime> {
    let part = |n: u32| i8::try_from(n).ok();
    let (year, month, day) = (i16::try_from(naive.year()).ok()?, part(naive.month())?, part(naive.day())?);
    DateTime::new(year, month, day, part(naive.hour())?, part(naive.minute())?, part(naive.second())?, 0).ok()
}

/// The same in the words that people have, for what they have words for.
pub(super) fn said(expression: &str) -> Option<Said> {
    let fields = fields(expression).ok()?;
    let [second, minute, hour, day, month, weekdays] = *fields.as_array()?;
    let every = |field: &str| matches!(field, "*" | "?");
    let at = Time::new(hour.parse().ok()?, minute.parse().ok()?, second.parse().ok()?, 0).ok()?;
    if !every(month) {
        return None;
    }
    let days = match (day, weekdays) {
        (day, weekdays) if every(day) && every(weekdays) => Days::Daily,
        (day, weekdays) if every(day) && weekdays.eq_ignore_ascii_case("mon-fri") => Days::Weekdays,
        (day, name) if every(day) => Days::Weekly(weekday(name)?),
        (date, weekdays) if every(weekdays) => Days::Date(date.parse().ok().filter(|date| (1..=31).contains(date))?),
        (span, name) => Days::Nth(nth(span)?, weekday(name)?),
    };
    Some(Said { days, at })
}

/// Which week of a month a span of days is, from 1.
fn nth(span: &str) -> Option<i8> {
    ["1-7", "8-14", "15-21", "22-28"].iter().position(|week| *week == span).and_then(|at| i8::try_from(at + 1).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_cron_stand_for_what_cron_takes_them_for() {
        for (word, meant) in WORDS {
            let start = DateTime::constant(2026, 3, 5, 4, 5, 6, 0);
            let (word, meant) = (cron::Schedule::from_str(word).unwrap(), cron::Schedule::from_str(meant).unwrap());
            assert!(after(&word, start).take(50).eq(after(&meant, start).take(50)));
        }
    }
}
