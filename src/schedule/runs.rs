//! Local times to instants, in the order of instants, whatever the clock does in between.

use std::collections::VecDeque;
use std::iter::Peekable;

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};

use super::Slot;

/// The slots of local times that come in order.
///
/// Where clocks go forward, the times that do not come are moved behind the gap, among those that do; one that would
/// fall on the instant of another is left out. Where clocks go back, a time that comes twice is taken once, the first.
pub(super) struct Runs<'z, T: Iterator<Item = DateTime>> {
    times: Peekable<T>,
    zone: &'z TimeZone,
    /// Moved behind a gap, and not yet given out.
    moved: VecDeque<Slot>,
}

impl<'z, T: Iterator<Item = DateTime>> Runs<'z, T> {
    pub(super) fn new(times: T, zone: &'z TimeZone) -> Self {
        Self { times: times.peekable(), zone, moved: VecDeque::new() }
    }
}

impl<T: Iterator<Item = DateTime>> Iterator for Runs<'_, T> {
    type Item = Slot;

    fn next(&mut self) -> Option<Slot> {
        loop {
            let Some(local) = self.times.peek().copied() else { return self.moved.pop_front() };
            let ambiguous = self.zone.to_ambiguous_timestamp(local);
            let is_in_gap = matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. });
            // Beyond the end of time.
            let Ok(at) = ambiguous.compatible() else { return self.moved.pop_front() };
            let slot = Slot { local, at };
            if is_in_gap {
                self.moved.push_back(slot);
            } else {
                match self.moved.front() {
                    Some(moved) if moved.at < at => return self.moved.pop_front(),
                    Some(moved) if moved.at == at => {
                        self.moved.pop_front();
                        continue;
                    }
                    _ => {}
                }
                self.times.next();
                return Some(slot);
            }
            self.times.next();
        }
    }
}
