//! Keeps all connections of a relay together under its rate.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

/// Lets one message pass at a time, never faster than the rate; an idle moment earns no burst.
#[derive(Debug)]
pub(super) struct Pace {
    gap: Option<Duration>,
    next: Mutex<Option<Instant>>,
}

impl Pace {
    /// At most so many messages a second; without one, no limit.
    pub(super) fn new(rate: Option<f64>) -> Self {
        Self { gap: rate.map(|rate| Duration::from_secs_f64(1.0 / rate)), next: Mutex::new(None) }
    }

    /// Waits for this message's turn.
    pub(super) async fn turn(&self) {
        let Some(gap) = self.gap else { return };
        let turn = {
            let mut next = self.next.lock().await;
            let turn = next.map_or_else(Instant::now, |next| next.max(Instant::now()));
            *next = Some(turn + gap);
            turn
        };
        sleep_until(turn).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_rate_holds_over_all_connections() {
        let pace = Pace::new(Some(10.0));
        let start = Instant::now();
        let turns = (0..21).map(|_| pace.turn());
        for turn in turns {
            turn.await;
        }
        assert_eq!(start.elapsed().as_millis(), 2000);
    }
}
