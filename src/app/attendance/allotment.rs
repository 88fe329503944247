//! What of the limits this node may use, and what a run of it does use: less at once, more only when the store has it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedMutexGuard, watch};

use crate::traffic::Share;

/// The share of a node, between whoever settles it with the others and the run that goes by it.
#[derive(Debug)]
pub struct Allotment {
    inner: Mutex<Inner>,
    told: watch::Sender<Share>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug)]
struct Inner {
    /// Up to this a run may go.
    allowed: Share,
    /// This it has, until it says otherwise.
    used: Share,
}

impl Allotment {
    pub(super) fn of(share: Share) -> Self {
        Self { inner: Mutex::new(Inner { allowed: share, used: Share::NONE }), told: watch::Sender::new(share), turn: Arc::default() }
    }

    /// Waits until no other run goes by the share: two at a time would send twice what the limits allow this node.
    pub async fn turn(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.turn).lock_owned().await
    }

    /// The same if there is none just now; else nothing.
    pub fn free_turn(&self) -> Option<OwnedMutexGuard<()>> {
        Arc::clone(&self.turn).try_lock_owned().ok()
    }

    /// What a run may use from now on.
    pub fn allowed(&self) -> Share {
        self.inner().allowed
    }

    /// Hears of every change.
    pub fn changes(&self) -> watch::Receiver<Share> {
        self.told.subscribe()
    }

    /// A run goes by this share from now on; [`Share::NONE`] when it has ended. `false` if it may not any more, and has to ask
    /// again. Until it has said that it uses less, nobody else gets what it gave up.
    pub fn goes_by(&self, share: Share) -> bool {
        let mut inner = self.inner();
        let may = inner.allowed.covers(share) || inner.used.covers(share);
        if may {
            inner.used = share;
        }
        may
    }

    /// What is to be asked for, where so much is due and the others have this: and what has to be said of it, where the store
    /// has `known` as ours.
    pub(super) fn settle(&self, due: Share, others: &[Share], known: Share) -> (Share, Share) {
        let mut inner = self.inner();
        let allowed = inner.allowed.common(due);
        self.set(&mut inner, allowed);
        let wanted = allowed.grown(due, others);
        (wanted, if wanted.covers(inner.used) { wanted } else { known })
    }

    /// The store has it as ours.
    pub(super) fn granted(&self, share: Share) {
        self.set(&mut self.inner(), share);
    }

    /// The store has nothing as ours any more: others may use it already.
    pub(super) fn lost(&self) {
        let mut inner = self.inner();
        inner.used = Share::NONE;
        self.set(&mut inner, Share::NONE);
    }

    fn set(&self, inner: &mut Inner, share: Share) {
        inner.allowed = share;
        self.told.send_if_modified(|told| std::mem::replace(told, share) != share);
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[test]
    fn what_a_run_still_uses_is_not_given_away() {
        let allotment = Allotment::of(Share::ALL);
        assert!(allotment.goes_by(Share::ALL));
        let half = Share::due(0, 2);
        assert_eq!(allotment.settle(half, &[], Share::ALL), (half, Share::ALL), "it may use half, and is still to let go of the rest");
        assert!(allotment.goes_by(half));
        assert_eq!(allotment.settle(half, &[], Share::ALL), (half, half));
        assert!(!allotment.goes_by(Share::ALL), "what was given up is gone");
    }

    #[test]
    fn more_is_used_only_once_the_store_has_it() {
        let allotment = Allotment::of(Share::NONE);
        let due = Share::due(1, 2);
        assert_eq!(allotment.settle(due, &[Share::due(0, 2)], Share::NONE), (due, due));
        assert!(!allotment.goes_by(due), "asked for, and not granted");
        allotment.granted(due);
        assert!(allotment.goes_by(due));
        allotment.lost();
        assert_eq!(allotment.allowed(), Share::NONE);
        assert!(!allotment.goes_by(due));
    }

    #[tokio::test]
    async fn one_run_at_a_time_goes_by_it() {
        let allotment = Allotment::of(Share::ALL);
        let hand = allotment.turn().await;
        let mut drive = Box::pin(allotment.turn());
        assert!(timeout(Duration::ZERO, &mut drive).await.is_err(), "the hand is still to be taken back");
        drop(hand);
        drive.await;
    }
}
