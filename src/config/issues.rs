//! `[issues]`: where editors work, and when what they drop counts.

use std::time::Duration;

use toml::Spanned;

use super::Reader;
use super::delivery::length;

/// How long a dropped file is usually still before it is read.
const SETTLE: Duration = Duration::from_secs(2);

/// Longer than this nobody waits for a word.
const MOST: Duration = Duration::from_mins(10);

impl Reader<'_> {
    /// How long a dropped file must have been still.
    pub(super) fn settle(&mut self, written: Option<&Spanned<String>>) -> Duration {
        let Some(written) = written else { return SETTLE };
        let settle = written.get_ref().trim().parse().ok().and_then(length).filter(|settle| *settle <= MOST);
        settle.unwrap_or_else(|| {
            self.wrong(written, "this is no time for a file to be still", "write it as `2s` or `500ms`, at most ten minutes");
            SETTLE
        })
    }
}
