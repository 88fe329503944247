//! Who may ask whom, and when: never many at once, and of one host no more than a person with two windows would.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as Queue, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

/// Most requests at once.
const AT_ONCE: usize = 16;

/// Most requests to one host at once.
pub(super) const AT_ONE_HOST: usize = 2;

/// The turns of one round of asking.
pub(super) struct Turns {
    all: Arc<Semaphore>,
    hosts: Mutex<HashMap<String, Arc<Host>>>,
    pause: Duration,
}

struct Host {
    seats: Arc<Semaphore>,
    /// When the next request may begin.
    next: Queue<Instant>,
}

/// A turn; it ends when it is dropped.
pub(super) struct Turn {
    _at_host: Option<OwnedSemaphorePermit>,
    _of_all: Option<OwnedSemaphorePermit>,
}

impl Turns {
    pub(super) fn new(pause: Duration) -> Self {
        Self { all: Arc::new(Semaphore::new(AT_ONCE)), hosts: Mutex::default(), pause }
    }

    /// Waits for a turn at a host. Those who wait for the same one keep nobody from another.
    pub(super) async fn take(&self, host: &str) -> Turn {
        let host = self.host(host);
        // Neither is ever closed, so that both are always had.
        let at_host = Arc::clone(&host.seats).acquire_owned().await.ok();
        {
            let mut next = host.next.lock().await;
            sleep_until(*next).await;
            *next = Instant::now() + self.pause;
        }
        Turn { _at_host: at_host, _of_all: Arc::clone(&self.all).acquire_owned().await.ok() }
    }

    fn host(&self, name: &str) -> Arc<Host> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || Arc::new(Host { seats: Arc::new(Semaphore::new(AT_ONE_HOST)), next: Queue::new(Instant::now()) });
        Arc::clone(hosts.entry(name.to_owned()).or_insert_with(fresh))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn two_at_a_host_a_pause_between_and_nobody_else_waits() {
        let turns = Turns::new(Duration::from_millis(100));
        let begun = Instant::now();
        let first = turns.take("one.example").await;
        let second = turns.take("one.example").await;
        assert_eq!(begun.elapsed(), Duration::from_millis(100), "the second begins a pause after the first");
        let elsewhere = turns.take("two.example").await;
        assert_eq!(begun.elapsed(), Duration::from_millis(100), "another host knows of nothing");
        let third = tokio::time::timeout(Duration::from_mins(1), turns.take("one.example")).await;
        assert!(third.is_err(), "there are two seats");
        drop(first);
        assert!(tokio::time::timeout(Duration::from_mins(1), turns.take("one.example")).await.is_ok());
        drop((second, elsewhere));
    }

    #[tokio::test(start_paused = true)]
    async fn sixteen_ask_at_once_and_no_more() {
        let turns = Turns::new(Duration::ZERO);
        let mut held = Vec::new();
        for number in 0..AT_ONCE {
            held.push(turns.take(&format!("{number}.example")).await);
        }
        assert!(tokio::time::timeout(Duration::from_mins(1), turns.take("last.example")).await.is_err());
        held.pop();
        assert!(tokio::time::timeout(Duration::from_mins(1), turns.take("last.example")).await.is_ok());
    }
}
