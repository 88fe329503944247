//! The hours in which mail may go out, by the clock on the publication's wall.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{DateTime, Weekday};
use jiff::tz::TimeZone;

/// How far ahead an opening or a closing is looked for, in days: a week, and what a clock change may swallow.
const AHEAD: i64 = 9;

/// A span of the day, such as `08:00-18:00`; over midnight too, such as `22:00-06:00`; and on some weekdays only, if
/// they stand in front, such as `Mon-Fri 08:00-18:00` or `Mon,Wed 22:00-06:00`. A span over midnight belongs to the day
/// on which it begins.
///
/// It is open at every instant at which a clock on the wall shows a time within it: where the clock jumps over a part,
/// that part does not come; where an hour comes twice, it is open in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// One bit for each weekday from Monday on.
    days: u8,
    /// Minutes since midnight.
    begins: u16,
    /// Minutes since midnight, up to 1440; at or before `begins`: on the next day.
    ends: u16,
}

/// Why a text is no window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no span of the day")]
pub struct NotAWindow(String);

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const MIDNIGHT: u16 = 24 * 60;

impl FromStr for Window {
    type Err = NotAWindow;

    fn from_str(text: &str) -> Result<Self, NotAWindow> {
        let wrong = || NotAWindow(text.chars().take(80).collect());
        let (days, span) = text.trim().rsplit_once(' ').unwrap_or(("", text.trim()));
        let days = if days.is_empty() { 0b111_1111 } else { weekdays(days).ok_or_else(wrong)? };
        let (begins, ends) = span.split_once('-').ok_or_else(wrong)?;
        let (begins, ends) = (minutes(begins).ok_or_else(wrong)?, minutes(ends).ok_or_else(wrong)?);
        if begins == ends || begins == MIDNIGHT {
            return Err(wrong());
        }
        Ok(Self { days, begins, ends })
    }
}

fn minutes(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let number = |digits: &str| {
        let is_number = (1..=2).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| digits.parse::<u16>().ok()).flatten()
    };
    let (hour, minute) = (number(hour)?, number(minute).filter(|_| minute.len() == 2)?);
    (minute < 60 && hour * 60 + minute <= MIDNIGHT).then_some(hour * 60 + minute)
}

fn weekdays(text: &str) -> Option<u8> {
    let day = |name: &str| DAYS.iter().position(|day| name.trim().eq_ignore_ascii_case(day));
    let mut days = 0;
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (mut at, last) = (day(first)?, day(last)?);
        days |= 1 << at;
        while at != last {
            at = (at + 1) % 7;
            days |= 1 << at;
        }
    }
    Some(days)
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.days != 0b111_1111 {
            let named: Vec<&str> = (0..7).filter(|day| self.days & (1 << day) != 0).map(|day| DAYS[day]).collect();
            write!(f, "{} ", named.join(","))?;
        }
        let (begins, ends) = (self.begins, self.ends);
        write!(f, "{:02}:{:02}-{:02}:{:02}", begins / 60, begins % 60, ends / 60, ends % 60)
    }
}

impl Window {
    /// Whether mail may go out at this instant.
    pub fn is_open(&self, at: Timestamp, zone: &TimeZone) -> bool {
        self.shows(zone.to_datetime(at))
    }

    fn shows(self, wall: DateTime) -> bool {
        let minute = u16::try_from(i32::from(wall.hour()) * 60 + i32::from(wall.minute())).unwrap_or(0);
        let on = |day: Weekday| self.days & (1 << day.to_monday_zero_offset()) != 0;
        if self.begins < self.ends {
            on(wall.weekday()) && (self.begins..self.ends).contains(&minute)
        } else {
            on(wall.weekday()) && minute >= self.begins || on(wall.weekday().previous()) && minute < self.ends
        }
    }

    /// The first instant from `after` on at which mail may go out: `after` itself if it is open then.
    pub fn opens_at(&self, after: Timestamp, zone: &TimeZone) -> Timestamp {
        self.turns(after, zone, true)
    }

    /// The first instant from `after` on at which no mail may go out.
    pub fn closes_at(&self, after: Timestamp, zone: &TimeZone) -> Timestamp {
        self.turns(after, zone, false)
    }

    /// The first instant from `after` on at which it is open or not, as wanted. It can change only where the wall shows
    /// a beginning, an end or midnight, or where the clock is changed. A window that never turns (one that is open all
    /// day, or lies in an hour that does not come) is to be asked again when the days looked at are over.
    fn turns(self, after: Timestamp, zone: &TimeZone, open: bool) -> Timestamp {
        if self.is_open(after, zone) == open {
            return after;
        }
        let today = zone.to_datetime(after).date();
        let last = after.checked_add(jiff::SignedDuration::from_hours(24 * AHEAD)).unwrap_or(Timestamp::MAX);
        let mut found = last;
        let mut consider = |at: Timestamp| {
            if at > after && at < found && self.is_open(at, zone) == open {
                found = at;
            }
        };
        for ahead in 0..=AHEAD {
            let Ok(date) = today.checked_add(jiff::Span::new().days(ahead)) else { break };
            for minute in [0, self.begins, self.ends % MIDNIGHT] {
                let wall = date.to_datetime(jiff::civil::Time::midnight()).checked_add(jiff::Span::new().minutes(i64::from(minute)));
                let Ok(wall) = wall else { continue };
                let ambiguous = zone.to_ambiguous_timestamp(wall);
                ambiguous.earlier().into_iter().chain(ambiguous.later()).for_each(&mut consider);
            }
        }
        zone.following(after).map(|change| change.timestamp()).take_while(|at| *at < last).for_each(&mut consider);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> TimeZone {
        TimeZone::get("America/New_York").unwrap()
    }

    fn window(text: &str) -> Window {
        text.parse().unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse::<DateTime>().unwrap().to_zoned(zone()).unwrap().timestamp()
    }

    fn opens(text: &str, after: &str) -> String {
        window(text).opens_at(at(after), &zone()).to_zoned(zone()).strftime("%a %d %H:%M %Z").to_string()
    }

    fn closes(text: &str, after: &str) -> String {
        window(text).closes_at(at(after), &zone()).to_zoned(zone()).strftime("%a %d %H:%M %Z").to_string()
    }

    #[test]
    fn a_window_opens_and_closes_by_the_wall() {
        assert_eq!(opens("08:00-18:00", "2026-12-01T07:59:59"), "Tue 01 08:00 EST");
        assert_eq!(opens("08:00-18:00", "2026-12-01T08:00:00"), "Tue 01 08:00 EST");
        assert_eq!(opens("08:00-18:00", "2026-12-01T18:00:00"), "Wed 02 08:00 EST");
        assert_eq!(closes("08:00-18:00", "2026-12-01T09:00:00"), "Tue 01 18:00 EST");
        assert_eq!(closes("08:00-24:00", "2026-12-01T09:00:00"), "Wed 02 00:00 EST");
        assert_eq!(opens("Mon-Fri 08:00-18:00", "2026-12-04T18:30:00"), "Mon 07 08:00 EST");
        assert_eq!(opens("sat,sun 10:00-12:00", "2026-12-06T12:00:00"), "Sat 12 10:00 EST");
        assert_eq!(opens("Fri-Mon 10:00-12:00", "2026-12-07T13:00:00"), "Fri 11 10:00 EST");
    }

    #[test]
    fn a_window_over_midnight_belongs_to_the_day_on_which_it_begins() {
        assert_eq!(opens("22:00-06:00", "2026-12-01T12:00:00"), "Tue 01 22:00 EST");
        assert_eq!(closes("22:00-06:00", "2026-12-01T23:00:00"), "Wed 02 06:00 EST");
        assert!(window("Fri 22:00-06:00").is_open(at("2026-12-05T05:59:59"), &zone()), "Saturday morning is Friday's night");
        assert!(!window("Fri 22:00-06:00").is_open(at("2026-12-04T05:00:00"), &zone()), "Friday morning is Thursday's");
        assert_eq!(closes("Fri 22:00-00:00", "2026-12-04T23:00:00"), "Sat 05 00:00 EST");
    }

    #[test]
    fn a_changing_clock_shifts_nothing_but_the_clock() {
        // 2026-03-08: 02:00 becomes 03:00. 2026-11-01: 02:00 becomes 01:00.
        assert_eq!(opens("02:30-04:00", "2026-03-08T00:00:00"), "Sun 08 03:00 EDT");
        assert_eq!(opens("02:10-02:50", "2026-03-08T00:00:00"), "Mon 09 02:10 EDT", "that half hour does not come on the eighth");
        assert_eq!(closes("22:00-06:00", "2026-03-07T23:00:00"), "Sun 08 06:00 EDT");
        assert_eq!(closes("01:00-01:30", "2026-11-01T01:10:00"), "Sun 01 01:30 EDT");
        assert_eq!(opens("01:00-01:30", "2026-11-01T01:40:00"), "Sun 01 01:00 EST", "the hour that comes twice");
    }

    #[test]
    fn what_is_no_span_of_the_day_is_refused() {
        for text in
            ["", "8-18", "08:00", "08:00-08:00", "08:00-25:00", "24:00-06:00", "Moon 08:00-18:00", "08:60-09:00", "8:0-9:00", "+8:00-9:00"]
        {
            assert!(text.parse::<Window>().is_err(), "{text}");
        }
        for text in ["08:00-18:00", "mon,tue 22:00-06:00", "00:00-24:00"] {
            assert_eq!(window(text).to_string(), text);
        }
    }

    #[test]
    fn nothing_turns_before_it_is_said_to() {
        let zone = zone();
        for (text, start) in [
            ("02:30-04:00", "2026-03-07T12:00:00"),
            ("01:15-01:45", "2026-10-31T12:00:00"),
            ("Sun 23:00-02:30", "2026-03-07T00:00:00"),
            ("Sat 23:00-02:30", "2026-10-31T00:00:00"),
        ] {
            let (window, start) = (window(text), at(start));
            for quarter in 0..400 {
                let now = start + jiff::SignedDuration::from_mins(15 * quarter);
                let open = window.is_open(now, &zone);
                let turn = if open { window.closes_at(now, &zone) } else { window.opens_at(now, &zone) };
                let mut between = now;
                while between < turn {
                    assert_eq!(window.is_open(between, &zone), open, "{text} {between}");
                    between += jiff::SignedDuration::from_mins(5);
                }
                assert_ne!(window.is_open(turn, &zone), open, "{text} {turn}");
            }
        }
    }
}
