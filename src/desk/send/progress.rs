//! How far a run has come, for whoever watches it, and the wish that it stop.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::Notify;

/// How far a run has come; read it as often as you like.
#[derive(Debug, Default)]
pub struct Progress {
    pub(super) settled: AtomicU64,
    pub(super) accepted: AtomicU64,
    pub(super) total: AtomicU64,
    idle: Mutex<Option<String>>,
    asked_to_stop: AtomicBool,
    asked_to_leave: AtomicBool,
    stop: Notify,
}

impl Progress {
    /// Tries settled in this run, whatever became of them.
    pub fn settled(&self) -> u64 {
        self.settled.load(Ordering::Relaxed)
    }

    /// Accepted in this run.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Deliveries that were open when the run began.
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// What the run waits for, if it sends nothing just now.
    pub fn waits_for(&self) -> Option<String> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks the run to finish what is in flight and to send nothing more. What it has to note by then it notes, however long the
    /// store is away: this process lives on, and nobody else would take back what it holds.
    pub fn ask_to_stop(&self) {
        self.asked_to_stop.store(true, Ordering::SeqCst);
        self.stop.notify_waiters();
    }

    /// The same where the process is about to end: nobody waits for a store that is away.
    pub fn ask_to_leave(&self) {
        self.asked_to_leave.store(true, Ordering::SeqCst);
        self.ask_to_stop();
    }

    /// Whether somebody has asked it to.
    pub fn must_stop(&self) -> bool {
        self.asked_to_stop.load(Ordering::SeqCst)
    }

    /// Says what the run waits for, or that it goes on.
    pub(super) fn wait_for(&self, what: Option<String>) {
        *self.idle.lock().unwrap_or_else(PoisonError::into_inner) = what;
    }

    /// Ends when somebody asks to stop.
    pub(super) async fn stopped(&self) {
        self.asked(&self.asked_to_stop).await;
    }

    /// Ends when somebody asks to leave.
    pub(super) async fn left(&self) {
        self.asked(&self.asked_to_leave).await;
    }

    async fn asked(&self, what: &AtomicBool) {
        loop {
            let asked = self.stop.notified();
            if what.load(Ordering::SeqCst) {
                return;
            }
            asked.await;
        }
    }
}
