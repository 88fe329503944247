//! "Vol. 15, No. 11": derived from the issue before, and checked against what the editor wrote.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::period::{Month, Period};

/// The number on the masthead line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct IssueNumber {
    /// The volume, counted from 1.
    pub volume: u32,
    /// The number within the volume, counted from 1.
    pub number: u32,
}

impl fmt::Display for IssueNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vol. {}, No. {}", self.volume, self.number)
    }
}

/// When a new volume begins: with the first issue in or after this month of a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VolumeRule {
    /// 1 to 12.
    pub begins: i8,
}

impl VolumeRule {
    /// How many volumes begin after the month of one issue, up to and including the month of a later one.
    fn volumes_begun(self, earlier: Month, later: Month) -> i32 {
        let years = |month: Month| i32::from(month.year()) - i32::from(month.of_year() < self.begins);
        years(later) - years(earlier)
    }
}

/// What the editor wrote of the number; either part may be left to the press.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WrittenNumber {
    /// `volume:`
    pub volume: Option<u32>,
    /// `number:`
    pub number: Option<u32>,
}

/// What is wrong with a written number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberFault {
    /// Only one part is written, and no issue before it tells the other.
    HalfKnown,
    /// A number that an issue before it has, or one below it.
    Repeats {
        /// The number of the issue before.
        before: IssueNumber,
        /// What follows it.
        expected: IssueNumber,
    },
    /// A number further on than the months between the two issues allow.
    Skips {
        /// The number of the issue before.
        before: IssueNumber,
        /// What follows it.
        expected: IssueNumber,
    },
}

/// The issue's number: what is written, completed from the issue before and checked against it.
/// `Ok(None)` is a publication that does not number its issues.
///
/// A gap in the numbers is fine where the calendar has the same gap: after No. 9 in October, December may be
/// No. 10 or No. 11.
pub fn derive(
    written: WrittenNumber,
    period: Period,
    before: Option<(Period, IssueNumber)>,
    rule: VolumeRule,
) -> Result<Option<IssueNumber>, NumberFault> {
    let Some((then, last)) = before else {
        return match (written.volume, written.number) {
            (Some(volume), Some(number)) => Ok(Some(IssueNumber { volume, number })),
            (None, None) => Ok(None),
            _ => Err(NumberFault::HalfKnown),
        };
    };
    let begun = u32::try_from(rule.volumes_begun(then.first(), period.first())).unwrap_or(0);
    let expected = if begun == 0 {
        IssueNumber { number: last.number.saturating_add(1), ..last }
    } else {
        IssueNumber { volume: last.volume.saturating_add(begun), number: 1 }
    };
    let stated = IssueNumber { volume: written.volume.unwrap_or(expected.volume), number: written.number.unwrap_or(expected.number) };
    if stated <= last {
        return Err(NumberFault::Repeats { before: last, expected });
    }
    let months = u32::try_from(period.first().since(then.first())).unwrap_or(0);
    let furthest = expected.number.saturating_add(months.saturating_sub(1));
    if stated.volume > expected.volume || stated.number > furthest.max(expected.number) {
        return Err(NumberFault::Skips { before: last, expected });
    }
    Ok(Some(stated))
}

#[cfg(test)]
mod tests {
    use super::*;

    const JANUARY: VolumeRule = VolumeRule { begins: 1 };

    fn months(first: (i16, i8), last: (i16, i8)) -> Period {
        Period::Months(Month::new(first.0, first.1).unwrap(), Month::new(last.0, last.1).unwrap())
    }

    fn number(volume: u32, number: u32) -> IssueNumber {
        IssueNumber { volume, number }
    }

    fn written(volume: u32, number: u32) -> WrittenNumber {
        WrittenNumber { volume: Some(volume), number: Some(number) }
    }

    const NOTHING: WrittenNumber = WrittenNumber { volume: None, number: None };

    #[test]
    fn the_next_issue_takes_the_next_number() {
        let october = (months((2014, 10), (2014, 10)), number(15, 9));
        let november = months((2014, 11), (2014, 11));
        assert_eq!(derive(NOTHING, november, Some(october), JANUARY), Ok(Some(number(15, 10))));
    }

    #[test]
    fn a_new_volume_begins_after_the_combined_winter_issue() {
        let winter = (months((2014, 12), (2015, 1)), number(15, 11));
        let february = months((2015, 2), (2015, 2));
        assert_eq!(derive(NOTHING, february, Some(winter), JANUARY), Ok(Some(number(16, 1))));
        let rule = VolumeRule { begins: 7 };
        assert_eq!(derive(NOTHING, february, Some(winter), rule), Ok(Some(number(15, 12))));
    }

    #[test]
    fn a_gap_in_the_calendar_allows_a_gap_in_the_numbers() {
        let october = Some((months((2014, 10), (2014, 10)), number(15, 9)));
        let winter = months((2014, 12), (2015, 1));
        assert_eq!(derive(written(15, 11), winter, october, JANUARY), Ok(Some(number(15, 11))));
        assert_eq!(derive(written(15, 10), winter, october, JANUARY), Ok(Some(number(15, 10))));
        assert!(matches!(derive(written(15, 12), winter, october, JANUARY), Err(NumberFault::Skips { .. })));
        assert!(matches!(derive(written(15, 9), winter, october, JANUARY), Err(NumberFault::Repeats { .. })));
        assert!(matches!(derive(written(16, 1), winter, october, JANUARY), Err(NumberFault::Skips { .. })));
    }

    #[test]
    fn the_first_issue_states_both_or_neither() {
        let june = months((2014, 6), (2014, 6));
        assert_eq!(derive(NOTHING, june, None, JANUARY), Ok(None));
        assert_eq!(derive(written(3, 2), june, None, JANUARY), Ok(Some(number(3, 2))));
        let half = WrittenNumber { volume: Some(3), number: None };
        assert_eq!(derive(half, june, None, JANUARY), Err(NumberFault::HalfKnown));
    }
}
