//! Days of the month as one would say them: `first-monday 09:00`, `last-friday 17:30`, `last-day`, `weekdays`.

use std::fmt;
use std::iter;

use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime, Time, Weekday};

use super::ScheduleFault;

/// The hour of a day for which none is said.
const USUAL: Time = Time::constant(9, 0, 0, 0);
/// A word less like what was typed than this is no suggestion.
const LIKE: f64 = 0.7;

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];
const ORDINALS: [(&str, i8); 4] = [("first", 1), ("second", 2), ("third", 3), ("fourth", 4)];
const PLAIN: [(&str, Days); 5] = [
    ("daily", Days::Daily),
    ("weekdays", Days::Weekdays),
    ("first-weekday", Days::FirstWeekday),
    ("last-weekday", Days::LastWeekday),
    ("last-day", Days::LastDay),
];
/// What people write around the words that count.
const FILLERS: [&str; 9] = ["a", "at", "each", "every", "in", "month", "of", "on", "the"];

/// On which days something comes round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Days {
    /// On all.
    Daily,
    /// From Monday to Friday.
    Weekdays,
    /// Once a week.
    Weekly(Weekday),
    /// On the first to fourth such day of each month.
    Nth(i8, Weekday),
    /// On the last such day of each month.
    Last(Weekday),
    /// On this day of each month, 1 to 28.
    Date(i8),
    /// On the first day of each month from Monday to Friday.
    FirstWeekday,
    /// On the last such day of each month.
    LastWeekday,
    /// On the last day of each month.
    LastDay,
}

/// Days and the hour of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) days: Days,
    pub(super) at: Time,
}

impl Said {
    /// Whether a text is meant as words rather than as fields: its first word has letters and is no `@word` of cron.
    pub(super) fn is_meant(expression: &str) -> bool {
        let first = expression.split_whitespace().next().unwrap_or_default();
        !first.starts_with('@') && first.chars().any(char::is_alphabetic)
    }

    pub(super) fn parse(expression: &str) -> Result<Self, ScheduleFault> {
        let words: Vec<String> = expression.split_whitespace().map(str::to_lowercase).collect();
        let (names, time) = match words.split_last() {
            Some((last, names)) if !names.is_empty() && last.starts_with(|first: char| first.is_ascii_digit()) => (names, Some(last)),
            _ => (words.as_slice(), None),
        };
        let at = time.map_or(Ok(USUAL), |time| clock(time).ok_or_else(|| ScheduleFault::Time(time.clone())))?;
        let days = match names {
            [name] => days(name)?,
            _ => None,
        };
        days.map(|days| Self { days, at }).ok_or_else(|| {
            let near = near(names).map(|name| time.map_or_else(|| name.clone(), |time| format!("{name} {time}")));
            ScheduleFault::Unsaid { expression: expression.to_owned(), near }
        })
    }

    /// Its times from this one on, in order.
    pub(super) fn from(self, start: DateTime) -> impl Iterator<Item = DateTime> {
        let months = iter::successors(Some(start.date().first_of_month()), |month| month.checked_add(1.month()).ok());
        months.flat_map(move |month| self.days.of(month)).map(move |day| day.to_datetime(self.at)).filter(move |time| *time >= start)
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let form = if self.at.second() == 0 { "%H:%M" } else { "%H:%M:%S" };
        write!(f, "{} at {}", self.days, self.at.strftime(form))
    }
}

impl Days {
    /// The days that a month has, given as its first day, in order.
    fn of(self, month: Date) -> Vec<Date> {
        let is_weekday = |day: &Date| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        let all = || (1..=month.days_in_month()).filter_map(move |day| Date::new(month.year(), month.month(), day).ok());
        match self {
            Self::Daily => all().collect(),
            Self::Weekdays => all().filter(is_weekday).collect(),
            Self::Weekly(wanted) => all().filter(|day| day.weekday() == wanted).collect(),
            Self::Nth(nth, weekday) => month.nth_weekday_of_month(nth, weekday).into_iter().collect(),
            Self::Last(weekday) => month.nth_weekday_of_month(-1, weekday).into_iter().collect(),
            Self::Date(date) => all().filter(|day| day.day() == date).collect(),
            Self::FirstWeekday => all().find(is_weekday).into_iter().collect(),
            Self::LastWeekday => all().rfind(is_weekday).into_iter().collect(),
            Self::LastDay => vec![month.last_of_month()],
        }
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Daily => f.write_str("every day"),
            Self::Weekdays => f.write_str("every day from Monday to Friday"),
            Self::Weekly(weekday) => write!(f, "every {}", english(*weekday)),
            Self::Nth(nth, weekday) => {
                let ordinal = ORDINALS.iter().find(|(_, number)| number == nth).map_or("", |(word, _)| word);
                write!(f, "the {ordinal} {} of the month", english(*weekday))
            }
            Self::Last(weekday) => write!(f, "the last {} of the month", english(*weekday)),
            Self::Date(date) => write!(f, "the {date}{} of the month", ending(*date)),
            Self::FirstWeekday => f.write_str("the first day from Monday to Friday of the month"),
            Self::LastWeekday => f.write_str("the last day from Monday to Friday of the month"),
            Self::LastDay => f.write_str("the last day of the month"),
        }
    }
}

/// The weekday of an English name; three letters are enough.
pub(super) fn weekday(name: &str) -> Option<Weekday> {
    let name = name.to_lowercase();
    (name.len() >= 3).then(|| WEEKDAYS.iter().find(|(full, _)| full.starts_with(&name)).map(|(_, weekday)| *weekday))?
}

fn english(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

fn ending(date: i8) -> &'static str {
    match (date % 10, date / 10) {
        (_, 1) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    }
}

fn days(name: &str) -> Result<Option<Days>, ScheduleFault> {
    if let Some((_, plain)) = PLAIN.iter().find(|(word, _)| *word == name) {
        return Ok(Some(*plain));
    }
    let Some((head, tail)) = name.split_once('-') else { return Ok(weekday(name).map(Days::Weekly)) };
    if head == "day" && !tail.is_empty() && tail.bytes().all(|b| b.is_ascii_digit()) {
        let date = tail.parse().unwrap_or(i8::MAX);
        return if (1..=28).contains(&date) { Ok(Some(Days::Date(date))) } else { Err(ScheduleFault::Date(tail.to_owned())) };
    }
    let Some(weekday) = weekday(tail) else { return Ok(None) };
    let nth = ORDINALS.iter().find(|(word, _)| *word == head).map(|(_, nth)| Days::Nth(*nth, weekday));
    Ok(if head == "last" { Some(Days::Last(weekday)) } else { nth })
}

/// Hour and minute, as `9:00` or `09:00`.
fn clock(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let number = |digits: &str| digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?;
    ((1..=2).contains(&hour.len()) && minute.len() == 2).then(|| Time::new(number(hour)?, number(minute)?, 0, 0).ok())?
}

/// The ordinal of a part that is nearly one.
fn ordinal(part: &str) -> &str {
    match part {
        "1st" => "first",
        "2nd" => "second",
        "3rd" => "third",
        "4th" => "fourth",
        // Few months have one, and it is their last.
        "5th" | "fifth" => "last",
        other => other,
    }
}

/// The word that was perhaps meant.
fn near(names: &[String]) -> Option<String> {
    let parts = names.iter().flat_map(|name| name.split('-')).map(|part| part.trim_end_matches(','));
    let kept: Vec<&str> = parts.filter(|part| !FILLERS.contains(part)).map(ordinal).collect();
    let meant = kept.join("-");
    if days(&meant).is_ok_and(|days| days.is_some()) {
        return Some(meant);
    }
    let ordinals = ORDINALS.iter().map(|(word, _)| *word).chain(["last"]);
    let of_month = ordinals.flat_map(|ordinal| WEEKDAYS.iter().map(move |(weekday, _)| format!("{ordinal}-{weekday}")));
    let plain = PLAIN.iter().map(|(word, _)| (*word).to_owned());
    let words = of_month.chain(plain).chain(WEEKDAYS.iter().map(|(weekday, _)| (*weekday).to_owned()));
    let scored = words.map(|word| (strsim::normalized_damerau_levenshtein(&meant, &word), word));
    scored.filter(|(score, _)| *score >= LIKE).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, word)| word)
}
