//! The office that nobody has: nothing is begun then, and every node may think that another attends to it.

use std::time::Duration;

use tokio::time::Instant;

use crate::app::Attendance;

/// How long it may last, as while another node takes over, before it is worth a word.
const LASTING: Duration = Duration::from_mins(1);

/// Since when nobody has had it, as far as this node can see.
#[derive(Debug, Default)]
pub(super) struct Vacancy {
    since: Option<Instant>,
    is_told: bool,
}

impl Vacancy {
    /// Looks, and says so in the log once it lasts.
    pub(super) fn look(&mut self, attendance: &Attendance) {
        let is_vacant = attendance.may_act() && !attendance.has_office() && attendance.office_elsewhere().is_none();
        if self.is_news(is_vacant, Instant::now()) {
            tracing::warn!("nothing is begun, since nobody has the office: it wants a node with `office = true`");
        }
    }

    /// Whether it lasts by now, and has not been said.
    fn is_news(&mut self, is_vacant: bool, now: Instant) -> bool {
        if !is_vacant {
            *self = Self::default();
            return false;
        }
        let lasts = now.duration_since(*self.since.get_or_insert(now)) >= LASTING;
        lasts && !std::mem::replace(&mut self.is_told, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_office_that_stays_vacant_is_told_once_and_one_that_changes_hands_is_not() {
        let (mut vacancy, start) = (Vacancy::default(), Instant::now());
        let mut told = |seconds: std::ops::Range<u64>, is_vacant: bool| -> Vec<u64> {
            seconds.filter(|second| vacancy.is_news(is_vacant, start + Duration::from_secs(*second))).collect()
        };
        assert!(told(0..50, true).is_empty());
        assert!(told(50..51, false).is_empty());
        assert_eq!(told(51..200, true), [111]);
        assert!(told(200..201, false).is_empty());
        assert_eq!(told(201..400, true), [261]);
    }
}
