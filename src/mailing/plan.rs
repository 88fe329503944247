//! When a deferred delivery is tried again, and when patience ends (RFC 5321 section 4.5.4.1, STANDARDS S11).

use std::time::Duration;

use jiff::Timestamp;

use crate::subscription::SubscriberId;

/// The patience of a publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPlan {
    /// After so long since the first attempt a delivery expires.
    pub give_up_after: Duration,
}

impl Default for RetryPlan {
    /// Three days: a monthly issue that comes later is of no use.
    fn default() -> Self {
        Self { give_up_after: Duration::from_hours(72) }
    }
}

const MINUTE: u64 = 60;

impl RetryPlan {
    /// When to try again after try number `attempt` (from 1) was deferred; `None` if patience has ended.
    ///
    /// Five minutes (greylisting), a quarter of an hour, half an hour, six times an hour, then every three hours, each
    /// up to a tenth earlier or later so that readers of one provider do not come back all at once. The shift is drawn
    /// from the reader's number, so that the plan is the same whoever asks.
    pub fn next(&self, attempt: u32, reader: SubscriberId, first_attempt_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let seconds = match attempt {
            0 | 1 => 5 * MINUTE,
            2 => 15 * MINUTE,
            3 => 30 * MINUTE,
            4..=9 => 60 * MINUTE,
            _ => 180 * MINUTE,
        };
        let spread = (reader.0.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(attempt)) % 201;
        let shifted = seconds * 900 / 1000 + seconds * spread / 1000;
        let next = now.checked_add(Duration::from_secs(shifted)).ok()?;
        let end = first_attempt_at.checked_add(self.give_up_after).ok()?;
        (next <= end).then_some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn the_first_wait_suits_greylisting_and_later_ones_grow() {
        let plan = RetryPlan::default();
        let waits: Vec<i64> = (1..=10).map(|attempt| plan.next(attempt, SubscriberId(7), START, START).unwrap().as_second() / 60).collect();
        for (wait, wanted) in waits.iter().zip([5, 15, 30, 60, 60, 60, 60, 60, 60, 180]) {
            assert!((wanted * 9 / 10 - 1..=wanted * 11 / 10 + 1).contains(wait), "{wait} for {wanted}");
        }
    }

    #[test]
    fn readers_do_not_all_come_back_at_once_but_each_always_at_the_same_time() {
        let plan = RetryPlan::default();
        let at = |reader| plan.next(4, SubscriberId(reader), START, START);
        assert_eq!(at(1), at(1));
        let distinct: std::collections::HashSet<_> = (0..100).map(at).collect();
        assert!(distinct.len() > 50);
    }

    #[test]
    fn patience_ends() {
        let plan = RetryPlan { give_up_after: Duration::from_hours(1) };
        let later = START.checked_add(Duration::from_secs(3500)).unwrap();
        assert_eq!(plan.next(5, SubscriberId(1), START, later), None);
    }
}
