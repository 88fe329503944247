//! Chance that can be had again: numbers drawn from a seed that is always told.

use std::collections::hash_map::RandomState;
use std::env;
use std::hash::{BuildHasher as _, Hasher as _};
use std::io::Write as _;

/// Draws numbers. Two with the same seed draw the same ones.
pub struct Chance(u64);

impl Chance {
    /// With the seed in `MASTHEAD_TEST_SEED`, else with one that is new each time; tells it on standard error.
    pub fn told(story: &str) -> Self {
        let given = env::var("MASTHEAD_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(|| RandomState::new().build_hasher().finish());
        tell(&format!("{story}: MASTHEAD_TEST_SEED={seed}"));
        Self(seed)
    }

    /// With this seed.
    pub fn of(seed: usize) -> Self {
        Self(u64::try_from(seed).expect("a number of this machine"))
    }

    /// A seed for others.
    pub fn seed(&mut self) -> usize {
        self.below(usize::MAX)
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let end = u64::try_from(end).expect("a number of this machine");
        usize::try_from((mixed ^ (mixed >> 31)) % end).expect("below a number of this machine")
    }
}

/// Tells on standard error what a story that was left to chance came to.
pub fn tell(line: &str) {
    // Straight to the stream: the test harness would swallow what a macro prints.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Whether every check is wanted, however long it takes (`MASTHEAD_TEST_REQUIRE=all`).
pub fn is_thorough() -> bool {
    env::var("MASTHEAD_TEST_REQUIRE").as_deref() == Ok("all")
}
