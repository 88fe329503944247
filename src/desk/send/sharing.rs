//! A run's share of what limits allow, where several nodes send: asked for when it begins, followed while it lasts, and given
//! back when it ends.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;
use tokio::time::{Instant, sleep, timeout};

use super::worker::Crew;
use super::{Progress, rounds};
use crate::app::{Attendance, Newsroom};
use crate::traffic::Share;

/// How often is looked whether what had to be let go of has been.
const LOOK: Duration = Duration::from_millis(200);

/// How often what all nodes have sent is counted anew.
const RECOUNT: Duration = Duration::from_mins(5);

/// A share, for as long as it is wanted, and the turn to go by it.
pub(super) struct Shared<'n> {
    attendance: &'n Attendance,
    _turn: Option<OwnedMutexGuard<()>>,
}

impl Drop for Shared<'_> {
    fn drop(&mut self) {
        if self.attendance.is_shared() {
            self.attendance.allotment().goes_by(Share::NONE);
            self.attendance.sends(false);
        }
    }
}

/// Asks for a share, and waits for it as long as a dead node might keep it; and first for another run of this node that goes
/// by it, as that of a hand that is still to be taken back.
pub(super) async fn ask<'n>(newsroom: &'n Newsroom, progress: &Progress) -> Shared<'n> {
    let attendance = newsroom.attendance();
    let mut turn = None;
    if attendance.is_shared() {
        turn = Some(attendance.allotment().turn().await);
        attendance.sends(true);
        let mut changes = attendance.allotment().changes();
        tokio::select! {
            // What comes later is followed.
            _ = timeout(newsroom.config().node.lease * 2, changes.wait_for(|share| !share.is_none())) => {}
            () = progress.stopped() => {}
        }
    }
    Shared { attendance, _turn: turn }
}

/// The share that a run begins with.
pub(super) fn first(newsroom: &Newsroom) -> Share {
    let allotment = newsroom.attendance().allotment();
    let allowed = allotment.allowed();
    if allotment.goes_by(allowed) { allowed } else { Share::NONE }
}

/// Tells the run of every change of its share; of one that becomes more together with what all nodes have sent.
pub(super) async fn follow(crew: Arc<Crew>, attendance: Arc<Attendance>) {
    let mut changes = attendance.allotment().changes();
    let mut counted = Instant::now();
    while attendance.is_shared() {
        tokio::select! {
            _ = changes.changed() => {}
            () = sleep(LOOK) => {}
        }
        let allowed = *changes.borrow_and_update();
        if !crew.dispatch.keeps_to_share() {
            continue;
        }
        if allowed != crew.dispatch.goes_by() || counted.elapsed() > RECOUNT {
            // A store that cannot be read just now is asked again; less is gone by at once, whatever it says.
            if let Ok((history, days)) = rounds::history(crew.store.as_ref(), crew.clock.now()).await {
                crew.dispatch.share(allowed, &history, &days);
                counted = Instant::now();
            }
        }
    }
}
