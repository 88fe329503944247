//! The time that an issue stands for: a month, some months together, or a day; and how a reader sees it printed.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

const NAMES: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/// A month of a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Month {
    year: i16,
    month: i8,
}

/// A day of the calendar.
pub type Day = Date;

impl Month {
    pub(super) const EPOCH: Self = Self { year: 1970, month: 1 };

    /// `None` outside January of year 1 to December of 9999.
    pub fn new(year: i16, month: i8) -> Option<Self> {
        ((1..=9999).contains(&year) && (1..=12).contains(&month)).then_some(Self { year, month })
    }

    /// The month in which a day lies.
    pub fn of(day: Day) -> Self {
        Self { year: day.year(), month: day.month() }
    }

    /// Its year.
    pub fn year(self) -> i16 {
        self.year
    }

    /// Its place in the year, 1 to 12.
    pub fn of_year(self) -> i8 {
        self.month
    }

    /// Its English name.
    pub fn name(self) -> &'static str {
        NAMES[usize::from(self.month.unsigned_abs()) - 1]
    }

    /// A day of it, where it has that many.
    pub fn day(self, day: i8) -> Option<Day> {
        Date::new(self.year, self.month, day).ok()
    }

    /// The month after it.
    #[must_use]
    pub fn next(self) -> Self {
        if self.month == 12 { Self { year: self.year + 1, month: 1 } } else { Self { month: self.month + 1, ..self } }
    }

    /// Months from `earlier` to this one; negative if it is the other way round.
    pub fn since(self, earlier: Self) -> i32 {
        (i32::from(self.year) - i32::from(earlier.year)) * 12 + i32::from(self.month) - i32::from(earlier.month)
    }

    /// Reads an English month name or its abbreviation (`Sept`, `Jun.`) and a year.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, year) = text.trim().rsplit_once(char::is_whitespace)?;
        let month = month_named(name.trim().trim_end_matches([',', '.']))?;
        (year.len() == 4).then(|| Self::new(year.parse().ok()?, month))?
    }
}

/// The place in the year, 1 to 12, of a month's English name; three letters are enough.
pub fn month_named(name: &str) -> Option<i8> {
    let name = name.to_lowercase();
    if name.len() < 3 {
        return None;
    }
    (1i8..).zip(NAMES).find(|(_, full)| full.to_lowercase().starts_with(&name)).map(|(at, _)| at)
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// What an issue stands for. Serialised as its parts, so that a label may be printed anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Period {
    /// One day.
    Day(Day),
    /// From a month to a month, both included; the same twice for a plain monthly.
    Months(Month, Month),
}

impl Period {
    /// The month in which it begins.
    pub fn first(self) -> Month {
        match self {
            Self::Day(day) => Month::of(day),
            Self::Months(first, _) => first,
        }
    }

    /// The month in which it ends.
    pub fn last(self) -> Month {
        match self {
            Self::Day(day) => Month::of(day),
            Self::Months(_, last) => last,
        }
    }

    /// Whether a month is part of it.
    pub fn contains(self, month: Month) -> bool {
        self.first() <= month && month <= self.last()
    }

    /// As printed on the masthead line: "June 2014", "December/January 2015", "November 22, 2026".
    pub fn label(self) -> String {
        match self {
            Self::Day(day) => format!("{} {}, {}", Month::of(day).name(), day.day(), day.year()),
            Self::Months(first, last) if first == last => format!("{} {}", first.name(), first.year()),
            Self::Months(first, last) if last.since(first) == 1 => format!("{}/{} {}", first.name(), last.name(), last.year()),
            Self::Months(first, last) if first.year() == last.year() => {
                format!("{}\u{2013}{} {}", first.name(), last.name(), last.year())
            }
            Self::Months(first, last) => {
                format!("{} {}\u{2013}{} {}", first.name(), first.year(), last.name(), last.year())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(year: i16, month: i8) -> Month {
        Month::new(year, month).unwrap()
    }

    #[test]
    fn a_combined_issue_bears_the_year_in_which_it_ends() {
        assert_eq!(Period::Months(month(2014, 12), month(2015, 1)).label(), "December/January 2015");
        assert_eq!(Period::Months(month(2014, 6), month(2014, 6)).label(), "June 2014");
        assert_eq!(Period::Months(month(2014, 6), month(2014, 8)).label(), "June–August 2014");
        assert_eq!(Period::Day(Date::constant(2026, 11, 22)).label(), "November 22, 2026");
    }

    #[test]
    fn months_are_read_as_editors_write_them() {
        assert_eq!(Month::parse("April 2014"), Some(month(2014, 4)));
        assert_eq!(Month::parse("Sept. 2014"), Some(month(2014, 9)));
        assert_eq!(Month::parse("may, 2014"), Some(month(2014, 5)));
        assert_eq!(Month::parse("Ma 2014"), None);
        assert_eq!(Month::parse("April 14"), None);
        assert_eq!(Month::parse("2014"), None);
    }
}
