//! So many messages a second, evenly: a moment of idling earns next to nothing.

/// Nanoseconds since 1970, which is how this room counts time: comparing them costs nothing.
pub(super) type Nanos = i64;

/// One second.
pub(super) const SECOND: Nanos = 1_000_000_000;

/// Longest idle time that is made good: a timer that fires late must not cost throughput.
const CREDIT: Nanos = SECOND / 10;

/// A steady pace (the generic cell rate algorithm of ITU-T I.371, with time for cells).
///
/// In any span of `t` seconds at most `rate * t` messages pass, and the credit on top of it: as many as the pace makes
/// in a tenth of a second, but never more than one for each connection, and never less than one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    gap: Nanos,
    credit: Nanos,
    next: Nanos,
    last: Nanos,
}

impl Pace {
    /// So many messages a second, with at most `round` at once; the first may go at `start`.
    #[allow(clippy::cast_possible_truncation, reason = "the value is clamped before")]
    pub(super) fn new(per_second: f64, round: u32, start: Nanos) -> Self {
        #[allow(clippy::cast_precision_loss, reason = "a second is far below 2^53 nanoseconds")]
        let gap = (SECOND as f64 / per_second).ceil().clamp(1.0, 1e17) as Nanos;
        let credit = gap.saturating_mul(i64::from(round.max(1)) - 1).min(CREDIT.saturating_sub(gap).max(0));
        Self { gap, credit, next: start.saturating_add(credit), last: Nanos::MIN }
    }

    /// The same way at another pace: not earlier than at the old one, and without credit.
    pub(super) fn paced(self, per_second: f64, round: u32, now: Nanos) -> Self {
        let paced = Self::new(per_second, round, now);
        Self { next: paced.next.max(self.opens().saturating_add(paced.credit)), ..paced }
    }

    /// Time between two messages.
    pub(super) fn gap(&self) -> Nanos {
        self.gap
    }

    /// When the next message may go; not after `now` means at once.
    pub(super) fn opens(&self) -> Nanos {
        self.next.saturating_sub(self.credit)
    }

    /// One message goes.
    pub(super) fn take(&mut self, now: Nanos) {
        self.next = self.next.max(now).saturating_add(self.gap);
        self.last = now;
    }

    /// One message went at this time, before ours: the next is due a gap later, and no credit has gathered since.
    pub(super) fn went(&mut self, at: Nanos) {
        self.next = self.next.max(at.saturating_add(self.gap).saturating_add(self.credit));
    }

    /// A message that was taken at this time did not go after all. Its turn is given again only if no other has been
    /// taken since: a turn that is long past is of no use, and would let two others go at once.
    pub(super) fn put_back(&mut self, since: Nanos) {
        if since == self.last {
            self.next = self.next.saturating_sub(self.gap);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many pass within a second of asking every millisecond, after an hour of silence.
    fn passed(per_second: f64, round: u32) -> (u32, u32) {
        let mut pace = Pace::new(per_second, round, 0);
        let (mut at_once, mut all) = (0, 0);
        for millisecond in 0..1000 {
            let now = 3600 * SECOND + millisecond * SECOND / 1000;
            while pace.opens() <= now {
                pace.take(now);
                at_once += u32::from(millisecond == 0);
                all += 1;
            }
        }
        (at_once, all)
    }

    #[test]
    fn idling_earns_one_round_of_connections_at_most() {
        assert_eq!(passed(200.0, 4), (4, 203));
        assert_eq!(passed(200.0, 100), (20, 219), "and never more than a tenth of a second");
        assert_eq!(passed(5.0, 100), (1, 5), "a slow pace knows no bursts at all");
        assert_eq!(passed(1.0 / 60.0, 8), (1, 1));
    }

    #[test]
    fn what_was_put_back_may_go_again() {
        let mut pace = Pace::new(1.0, 1, 0);
        pace.take(0);
        assert_eq!(pace.opens(), SECOND);
        pace.put_back(0);
        assert_eq!(pace.opens(), 0);
        pace.take(0);
        pace.take(SECOND);
        pace.put_back(0);
        assert_eq!(pace.opens(), 2 * SECOND, "another has gone since");
    }
}
