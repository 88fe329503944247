//! Counts what went in the last hour and the last day, minute by minute, so that no sliding hour or day holds too much.

use super::pace::{Nanos, SECOND};

/// One minute.
const MINUTE: Nanos = 60 * SECOND;
/// Buckets that may hold something of the last hour: sixty whole ones and the parts at both ends.
const HOUR: i64 = 61;
/// The same for a day.
const DAY: i64 = 1441;

/// A sliding count. The oldest minute counts in full as long as any part of it is within the span, so that the true
/// number of any sliding hour or day is never above what is counted here.
#[derive(Debug, Clone)]
pub(super) struct Minutes {
    per_hour: Option<u64>,
    per_day: Option<u64>,
    buckets: Box<[u32]>,
    now: i64,
    hour: u64,
    day: u64,
    /// When a count that was found full may have room again; spares looking through the buckets at each question.
    full_until: Option<Nanos>,
}

impl Minutes {
    /// A count for these limits; `None` where there is nothing to count for.
    pub(super) fn new(per_hour: Option<u64>, per_day: Option<u64>, now: Nanos) -> Option<Self> {
        if per_hour.is_none() && per_day.is_none() {
            return None;
        }
        let span = if per_day.is_some() { DAY } else { HOUR };
        let buckets = vec![0; usize::try_from(span).unwrap_or(0)].into_boxed_slice();
        Some(Self { per_hour, per_day, buckets, now: now.div_euclid(MINUTE), hour: 0, day: 0, full_until: None })
    }

    /// Other limits from now on; what was counted stays.
    pub(super) fn limit(&mut self, per_hour: Option<u64>, per_day: Option<u64>) {
        (self.per_hour, self.per_day, self.full_until) = (per_hour, per_day, None);
    }

    /// Whether it holds more of the last hour or the last day than another of the same limits.
    pub(super) fn counts_more_than(&self, other: &Self) -> bool {
        self.hour > other.hour || self.day > other.day
    }

    /// Which minute an instant is in.
    pub(super) fn minute(at: Nanos) -> i64 {
        at.div_euclid(MINUTE)
    }

    fn span(&self) -> i64 {
        i64::try_from(self.buckets.len()).unwrap_or(DAY)
    }

    fn at(&self, minute: i64) -> usize {
        usize::try_from(minute.rem_euclid(self.span())).unwrap_or(0)
    }

    fn held(&self, minute: i64) -> u32 {
        if minute > self.now - self.span() && minute <= self.now { self.buckets[self.at(minute)] } else { 0 }
    }

    fn advance(&mut self, now: Nanos) {
        let minute = Self::minute(now);
        if minute <= self.now {
            return;
        }
        if minute - self.now >= self.span() {
            self.buckets.fill(0);
            (self.hour, self.day, self.now) = (0, 0, minute);
            return;
        }
        while self.now < minute {
            let leaves_hour = self.held(self.now + 1 - HOUR);
            let place = self.at(self.now + 1);
            self.day -= u64::from(std::mem::take(&mut self.buckets[place]));
            self.hour -= u64::from(leaves_hour);
            self.now += 1;
        }
    }

    /// When one more may go; not after `now` means at once.
    pub(super) fn opens(&mut self, now: Nanos) -> Nanos {
        if let Some(until) = self.full_until {
            if now < until {
                return until;
            }
            self.full_until = None;
        }
        self.advance(now);
        let hour = self.per_hour.filter(|most| self.hour >= *most).map(|most| self.relief(self.hour, most, HOUR));
        let day = self.per_day.filter(|most| self.day >= *most).map(|most| self.relief(self.day, most, DAY));
        let until = hour.max(day);
        self.full_until = until;
        until.unwrap_or(now)
    }

    /// When so many of the oldest have left a span of buckets that there is room for one more.
    fn relief(&self, count: u64, most: u64, span: i64) -> Nanos {
        let mut left = count;
        for minute in self.now - span + 1..=self.now {
            left -= u64::from(self.held(minute)).min(left);
            if left < most {
                return (minute + span) * MINUTE;
            }
        }
        (self.now + span) * MINUTE
    }

    /// Counts what went in a minute that is past or present.
    pub(super) fn add(&mut self, minute: i64, count: u64) {
        if minute > self.now {
            self.advance(minute.saturating_mul(MINUTE));
        }
        if minute <= self.now - self.span() {
            return;
        }
        let place = self.at(minute);
        let before = self.buckets[place];
        self.buckets[place] = before.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
        let added = u64::from(self.buckets[place] - before);
        self.day += added;
        if minute > self.now - HOUR {
            self.hour += added;
        }
    }

    /// Takes one back that was counted in this minute or later: from the first that holds any, since what is taken from
    /// an older minute than it was counted in can only leave the count too high. What may have left the count already
    /// is not taken back.
    pub(super) fn remove(&mut self, minute: i64) {
        if minute <= self.now - self.span() {
            return;
        }
        for minute in minute..=self.now {
            let place = self.at(minute);
            if self.buckets[place] > 0 {
                self.buckets[place] -= 1;
                self.day -= 1;
                self.hour -= u64::from(minute > self.now - HOUR);
                self.full_until = None;
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_that_is_full_opens_when_its_oldest_minute_has_left() {
        let mut count = Minutes::new(Some(3), None, 0).unwrap();
        for minute in [0, 5, 5] {
            assert_eq!(count.opens(minute * MINUTE), minute * MINUTE);
            count.add(minute, 1);
        }
        let full = 6 * MINUTE;
        assert_eq!(count.opens(full), 61 * MINUTE);
        assert_eq!(count.opens(61 * MINUTE), 61 * MINUTE);
        count.add(61, 1);
        assert_eq!(count.opens(61 * MINUTE), 66 * MINUTE);
    }

    #[test]
    fn a_day_is_counted_beside_the_hour() {
        let mut count = Minutes::new(Some(2), Some(3), 0).unwrap();
        count.add(0, 2);
        assert_eq!(count.opens(1), 61 * MINUTE);
        count.add(61, 1);
        assert_eq!(count.opens(61 * MINUTE), DAY * MINUTE);
        count.remove(61);
        assert_eq!(count.opens(61 * MINUTE), 61 * MINUTE);
        assert_eq!(count.opens(5 * DAY * MINUTE), 5 * DAY * MINUTE);
        assert_eq!((count.hour, count.day), (0, 0));
    }

    #[test]
    fn what_has_left_the_count_is_not_taken_back_from_others() {
        let mut count = Minutes::new(Some(2), None, 0).unwrap();
        count.add(0, 1);
        count.add(70, 2);
        count.remove(0);
        assert_eq!(count.opens(70 * MINUTE), 131 * MINUTE);
    }

    #[test]
    fn where_nothing_is_limited_nothing_is_counted() {
        assert!(Minutes::new(None, None, 0).is_none());
    }
}
