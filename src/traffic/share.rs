//! How what limits allow is shared among nodes: each has a stretch of one whole, and no two stretches overlap.

use serde::{Serialize, Serializer};

/// The whole, in parts.
const WHOLE: u32 = 1 << 20;

/// A stretch of the whole. Of so many connections a node has those whose places lie in its stretch, so that however a few are
/// shared, there are never more in all than there should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    from: u32,
    to: u32,
}

impl Default for Share {
    fn default() -> Self {
        Self::NONE
    }
}

impl Serialize for Share {
    /// As the part of the whole that it is.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64((self.part() * 1000.0).round() / 1000.0)
    }
}

impl Share {
    /// Nothing.
    pub const NONE: Self = Self { from: 0, to: 0 };

    /// All there is: the share of a node that is alone.
    pub const ALL: Self = Self { from: 0, to: WHOLE };

    /// The stretch between two marks, as a store keeps them; nothing where they are out of order or out of range.
    pub fn between(from: i64, to: i64) -> Self {
        match (u32::try_from(from), u32::try_from(to)) {
            (Ok(from), Ok(to)) => Self::stretch(from, to),
            _ => Self::NONE,
        }
    }

    fn stretch(from: u32, to: u32) -> Self {
        if from < to && to <= WHOLE { Self { from, to } } else { Self::NONE }
    }

    /// Its marks, as a store keeps them.
    pub fn marks(self) -> (i64, i64) {
        (i64::from(self.from), i64::from(self.to))
    }

    /// What is to be the share of the node at this place, counted from 0, of so many.
    pub fn due(place: usize, many: usize) -> Self {
        let mark = |place: usize| u32::try_from(place as u64 * u64::from(WHOLE) / (many.max(1) as u64)).unwrap_or(WHOLE);
        Self::stretch(mark(place), mark(place + 1))
    }

    /// Whether it is nothing.
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }

    /// What part of the whole it is.
    pub fn part(self) -> f64 {
        f64::from(self.to - self.from) / f64::from(WHOLE)
    }

    /// Whether all of the other is in it.
    pub fn covers(self, other: Self) -> bool {
        other.is_none() || (self.from <= other.from && other.to <= self.to)
    }

    /// What both have.
    #[must_use]
    pub fn common(self, other: Self) -> Self {
        Self::stretch(self.from.max(other.from), self.to.min(other.to))
    }

    /// Of so many that cannot be divided, those that are its own. The shares of all nodes together never have more.
    pub fn whole_of(self, many: u64) -> u64 {
        let below = |mark: u32| u128::from(many) * u128::from(mark) / u128::from(WHOLE);
        u64::try_from(below(self.to) - below(self.from)).unwrap_or(u64::MAX)
    }

    /// Of so many that are used up, how many count as its own: rounded up, so that together they are never fewer.
    pub fn used_of(self, many: u64) -> u64 {
        let own = u128::from(many) * u128::from(self.to - self.from);
        u64::try_from(own.div_ceil(u128::from(WHOLE))).unwrap_or(u64::MAX)
    }

    /// It and as much beside it of what is due as the others leave free. Where it has nothing yet, the widest free stretch.
    #[must_use]
    pub fn grown(self, due: Self, others: &[Self]) -> Self {
        let mut free = vec![due];
        for other in others.iter().filter(|other| !other.is_none()) {
            free = free.into_iter().flat_map(|stretch| stretch.without(*other)).collect();
        }
        let own = free.iter().copied().filter(|stretch| stretch.covers(self));
        own.max_by_key(|stretch| stretch.to - stretch.from).unwrap_or(self)
    }

    /// What is left of it on both sides of another.
    fn without(self, other: Self) -> impl Iterator<Item = Self> {
        let sides = [Self::stretch(self.from, self.to.min(other.from)), Self::stretch(self.from.max(other.to), self.to)];
        sides.into_iter().filter(|side| !side.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_to_all_is_the_whole_and_nothing_twice() {
        for many in 1..40 {
            let due: Vec<Share> = (0..many).map(|place| Share::due(place, many)).collect();
            assert_eq!((due[0].from, due[many - 1].to), (0, WHOLE));
            assert!(due.windows(2).all(|two| two[0].to == two[1].from));
            for count in [0, 1, 2, 3, 7, 1000, u64::MAX] {
                assert_eq!(due.iter().map(|share| u128::from(share.whole_of(count))).sum::<u128>(), u128::from(count));
                assert!(due.iter().map(|share| u128::from(share.used_of(count))).sum::<u128>() >= u128::from(count));
            }
        }
    }

    #[test]
    fn a_share_grows_into_what_others_leave() {
        let of = |from, to| Share::stretch(from, to);
        let due = Share::due(1, 2);
        assert_eq!(Share::NONE.grown(due, &[Share::ALL]), Share::NONE, "nobody has made room yet");
        assert_eq!(Share::NONE.grown(due, &[Share::due(0, 2)]), due);
        assert_eq!(of(700_000, 800_000).grown(Share::ALL, &[of(0, 600_000), of(900_000, WHOLE)]), of(600_000, 900_000));
        assert_eq!(Share::NONE.grown(Share::ALL, &[of(300_000, 400_000)]), of(400_000, WHOLE), "the widest");
        assert_eq!(of(0, 10).grown(due, &[]), of(0, 10), "what is not due is given up first, and not here");
    }
}
