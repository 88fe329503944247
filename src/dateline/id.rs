//! What readers and files call an issue: `2014-12`, `2026-11-22`, `2014-12-special-edition`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::period::{Day, Month, Period};

/// Longest issue id in octets, so that it fits a Message-ID, a path and a URL.
pub const MAX_ISSUE_ID: usize = 64;

/// The name of an issue: a month or a day, and optionally a slug. Ids sort by date.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IssueId {
    text: String,
}

/// Why a text is no issue id; says what is wanted instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no issue id: write a month or a day, and optionally a slug, such as `2014-12`, `2014-12-01` or `2014-12-special-edition`"
)]
pub struct NotAnIssueId(pub String);

impl IssueId {
    /// The id as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The month that the id names, also where it names a day.
    pub fn month(&self) -> Month {
        parse_month(&self.text).unwrap_or(Month::EPOCH)
    }

    /// The day that the id names, if it names one.
    pub fn day(&self) -> Option<Day> {
        parse_day(&self.text)
    }

    /// What an issue of this name stands for, unless its front matter names more months.
    pub fn period(&self) -> Period {
        self.day().map_or_else(|| Period::Months(self.month(), self.month()), Period::Day)
    }
}

fn parse_month(text: &str) -> Option<Month> {
    let (year, rest) = text.split_at_checked(4)?;
    let month = rest.strip_prefix('-')?.get(..2)?;
    Month::new(digits(year)?, i8::try_from(digits(month)?).ok()?)
}

fn parse_day(text: &str) -> Option<Day> {
    let month = parse_month(text)?;
    let day = text.get(7..)?.strip_prefix('-')?.get(..2)?;
    let after = text.get(10..)?;
    if !after.is_empty() && !after.starts_with('-') {
        return None;
    }
    month.day(i8::try_from(digits(day)?).ok()?)
}

fn digits(text: &str) -> Option<i16> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

fn is_slug(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

impl FromStr for IssueId {
    type Err = NotAnIssueId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NotAnIssueId(text.chars().take(80).collect());
        if text.len() > MAX_ISSUE_ID || parse_month(text).is_none() {
            return Err(wrong());
        }
        let date_ends = if parse_day(text).is_some() { 10 } else { 7 };
        match text[date_ends..].strip_prefix('-') {
            None if text.len() == date_ends => {}
            Some(slug) if is_slug(slug) && !slug.bytes().all(|b| b.is_ascii_digit()) => {}
            _ => return Err(wrong()),
        }
        Ok(Self { text: text.to_owned() })
    }
}

impl fmt::Display for IssueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for IssueId {
    type Error = NotAnIssueId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<IssueId> for String {
    fn from(id: IssueId) -> Self {
        id.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_a_day_and_a_slug_are_ids() {
        for good in ["2014-12", "2026-11-22", "2014-12-special-edition", "2014-12-01-extra", "2014-12-2nd"] {
            assert!(good.parse::<IssueId>().is_ok(), "{good}");
        }
    }

    #[test]
    fn anything_else_is_not() {
        for bad in [
            "",
            "2014",
            "2014-13",
            "2014-12-",
            "2014-12--x",
            "14-12",
            "2014-12-UP",
            "2014-02-30",
            "2014-12-1",
            "é014-12",
            "2014-12/x",
            "../2014-12",
        ] {
            assert!(bad.parse::<IssueId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn ids_know_their_month_and_day() {
        let id: IssueId = "2014-12-05-extra".parse().unwrap();
        assert_eq!(id.month(), Month::new(2014, 12).unwrap());
        assert!(id.day().is_some());
        assert!("2014-12-5th-year".parse::<IssueId>().unwrap().day().is_none());
    }
}
