//! What every engine says of the shelf in the same words: its order, its files by their digests, and texts to be found.

use std::collections::BTreeMap;
use std::ops::Range;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use jiff::civil::Date;

use super::{EnclosedName, Enclosure};
use crate::issue::archive::ArchivedIssue;

/// More days than there are in any calendar of ours.
const LAST_DAY: i64 = 4_000_000;

/// More articles than a day has.
const OF_A_DAY: i64 = 100_000;

/// Issues in their order: one is as old as what it stands for, not as the day on which it was put on the shelf.
pub(super) fn in_order(mut issues: Vec<ArchivedIssue>) -> Vec<ArchivedIssue> {
    issues.sort_by(|a, b| (a.period.first(), &a.id).cmp(&(b.period.first(), &b.id)));
    issues
}

/// Files with what is known of them, by name. Hashing takes its time, and is nothing for a transaction.
pub(super) fn known(files: Vec<Enclosure>) -> Vec<(EnclosedName, Vec<u8>)> {
    let by_name: BTreeMap<String, Enclosure> = files.into_iter().map(|file| (file.name.clone(), file)).collect();
    let known = by_name.into_values().map(|Enclosure { name, pixels, octets }| {
        let digest = HEXLOWER.encode(digest(&SHA256, &octets).as_ref());
        (EnclosedName { name, pixels, octets: octets.len() as u64, digest }, octets)
    });
    known.collect()
}

/// The numbers for articles of a day. Numbers grow from the newest day to the oldest, and from an issue's first article to
/// its last: a search then has its order among equals for nothing.
pub(super) fn numbers(day: Date) -> Range<i64> {
    let days = Date::ZERO.until(day).map_or(0, |span| i64::from(span.get_days()));
    let first = (LAST_DAY - days) * OF_A_DAY;
    first..first + OF_A_DAY
}

/// A text without what is no sign at all: nothing in it can pass for the marks of a match. A tab still parts words.
pub(super) fn spoken(text: &str) -> String {
    text.chars().map(|c| if c == '\t' { ' ' } else { c }).filter(|c| !c.is_control() || *c == '\n').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_day_has_the_lowest_numbers() {
        let of = |day: &str| numbers(day.parse().unwrap());
        assert!(of("2014-12-02").end <= of("2014-12-01").start);
        assert!(of("2014-12-01").start < of("2014-11-30").start && of("9999-12-30").start > 0);
    }

    #[test]
    fn what_is_no_sign_is_not_spoken() {
        assert_eq!(spoken("a\u{1}b\u{0}\u{9f}c\nd\te"), "abc\nd e");
    }
}
