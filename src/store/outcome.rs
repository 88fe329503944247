//! What becomes of one line of a roll, whichever engine keeps the readers.

use super::{Enrolled, Imported, SUPPRESSION};
use crate::subscription::Standing;
use crate::subscription::roll::RollEntry;

/// Who asks: it decides whether somebody who left comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asking {
    /// A file of names; it brings nobody back.
    Roll,
    /// The reader, just now.
    Reader,
}

/// What becomes of a line that wants this standing for an address that has that one. A departure is noted even of a
/// suppressed reader: it takes nothing from anybody.
pub(super) fn judge(held: Option<Standing>, is_suppressed: bool, wanted: Standing, asking: Asking) -> Enrolled {
    match (held, wanted) {
        (Some(Standing::Pending | Standing::Confirmed), Standing::Ended) => Enrolled::Changed,
        _ if is_suppressed => Enrolled::Suppressed,
        (None, _) => Enrolled::Entered,
        (Some(Standing::Ended), Standing::Ended) => Enrolled::AlreadyThere,
        (Some(Standing::Ended), _) if asking == Asking::Reader => Enrolled::Entered,
        (Some(Standing::Ended), _) => Enrolled::LeftBefore,
        (Some(Standing::Pending), Standing::Confirmed) => Enrolled::Changed,
        (Some(Standing::Pending | Standing::Confirmed), _) => Enrolled::AlreadyThere,
    }
}

/// Where an entry is counted.
pub(super) type Place = fn(&mut Imported) -> &mut u64;

/// Where a line of this outcome is counted.
pub(super) fn place(outcome: Enrolled, standing: Standing) -> Place {
    match (outcome, standing) {
        (Enrolled::Entered, Standing::Confirmed) => |done| &mut done.entered,
        (Enrolled::Entered, Standing::Pending) => |done| &mut done.pending,
        (Enrolled::Entered, Standing::Ended) => |done| &mut done.ended,
        (Enrolled::Changed, _) => |done| &mut done.changed,
        (Enrolled::AlreadyThere, _) => |done| &mut done.already_there,
        (Enrolled::LeftBefore, _) => |done| &mut done.left_before,
        (Enrolled::Suppressed, _) => |done| &mut done.suppressed,
    }
}

/// A line for a suppression in an export of ours: it is about no list.
pub(super) fn is_of_no_list(entry: &RollEntry) -> bool {
    entry.is_gone && entry.enrolment.evidence.channel == SUPPRESSION
}
