//! Claims what goes next before a queue runs dry, and stays with a store that cannot be written just now.

use std::sync::Arc;
use std::time::Duration;

use super::{Dispatch, End, Queue};
use crate::mailing::{Delivery, ProviderId};
use crate::store::{Claim, StoreError};

/// How long a run waits before it asks a store again that could not be written.
const STORE_PATIENCE: Duration = Duration::from_secs(1);

impl Dispatch {
    /// Claims more before the queue runs dry.
    pub(super) fn keep_filled(self: &Arc<Self>, at: usize, queue: &mut Queue) {
        if !queue.has_more || queue.is_claiming || queue.claimed.len() > self.errand.ahead / 2 {
            return;
        }
        queue.is_claiming = true;
        let dispatch = Arc::clone(self);
        let provider = queue.provider.clone();
        tokio::spawn(async move {
            let claiming = Arc::clone(&dispatch);
            // In a task of its own: if it breaks down, nobody is to wait for it for ever.
            let claimed = tokio::spawn(async move { claiming.claim(provider).await }).await;
            let claimed = claimed.unwrap_or_else(|fault| Err(StoreError::Engine(format!("a claim broke down: {fault}"))));
            let mut state = dispatch.state();
            if let Some(queue) = state.queues.get_mut(at) {
                queue.is_claiming = false;
                match claimed {
                    Ok(claimed) => {
                        queue.has_more = !claimed.is_empty();
                        queue.claimed.extend(claimed);
                    }
                    Err(fault) => {
                        state.end.get_or_insert(End::Failed(fault.into()));
                    }
                }
            }
            drop(state);
            dispatch.changed.notify_waiters();
        });
    }

    async fn claim(&self, provider: ProviderId) -> Result<Vec<Delivery>, StoreError> {
        loop {
            let wave = self.state().wave;
            let claim =
                Claim { mailing: self.errand.mailing, provider: provider.clone(), wave, most: self.errand.ahead, now: self.clock.now() };
            match self.store.claim(claim).await {
                Err(fault) if fault.is_transient() => {
                    if !self.store_is_out(&fault).await || self.has_ended() {
                        return Err(fault);
                    }
                    if self.progress.must_stop() {
                        return Ok(Vec::new());
                    }
                }
                outcome => return outcome,
            }
        }
    }

    /// Waits before a store is asked again that could not be written. `false` if the process is about to end.
    pub(in crate::desk::send) async fn store_is_out(&self, fault: &StoreError) -> bool {
        tracing::warn!(%fault, "waiting for the store");
        self.progress.wait_for(Some(format!("nothing is sent while {fault}")));
        let goes_on = tokio::select! {
            () = tokio::time::sleep(STORE_PATIENCE) => true,
            () = self.progress.left() => false,
        };
        self.progress.wait_for(None);
        goes_on
    }
}
