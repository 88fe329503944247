//! How what limits allow is shared among nodes: each has a stretch of one whole, and no two stretches overlap.

use serde::Serialize;

/// The whole, in parts.
const WHOLE: u32 = 1 << 20;

/// A stretch of the whole. Of so many connections a node has those whose places lie in its stretch, so that however a few are
/// shared, there are never more in all than there should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Share {
    from: u32,
    to: u32,
}

impl Default for Share {
    fn default() -> Self {
        Self::NONE
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
            (Ok(from), Ok(to)) if from < to && to <= WHOLE => Self { from, to },
            _ => Self::NONE,
        }
    }

    /// Its marks, as a store keeps them.
    pub fn marks(self) -> (i64, i64) {
        (i64::from(self.from), i64::from(self.to))
    }
}
