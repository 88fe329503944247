//! Runs that take place later: the library in place of the binary, with a clock that the story sets.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use masthead::clock::{Clock, FixedClock, SystemClock};
use masthead::desk::send::{Progress, Report, Request, send};

use super::newsroom::Newsroom;

/// As long as every step of the retry plan that a story goes through.
const STEP: SignedDuration = SignedDuration::from_mins(70);

/// The present.
pub fn now() -> Timestamp {
    SystemClock.now()
}

/// One run at this instant, which waits for nothing.
pub async fn send_at(newsroom: &Newsroom, issue: &str, at: Timestamp) -> Report {
    let newsroom = masthead::app::Newsroom::open(newsroom.root(), &[], Arc::new(FixedClock(at))).await.expect("a newsroom");
    let request = Request { issue: issue.parse().expect("an issue's name"), now: false, wait: Duration::ZERO, joined: None, edition: None };
    send(&newsroom, &request, &Arc::new(Progress::default())).await.expect("a run")
}

/// A clock that runs as any other does, from an instant of the story's choice.
struct Running {
    at: Timestamp,
    began: Instant,
}

impl Clock for Running {
    fn now(&self) -> Timestamp {
        self.at + self.began.elapsed()
    }
}

/// One run that begins at this instant and sees time pass, for limits of so many a second.
pub async fn send_from(newsroom: &Newsroom, issue: &str, at: Timestamp) -> Report {
    let clock = Running { at, began: Instant::now() };
    let newsroom = masthead::app::Newsroom::open(newsroom.root(), &[], Arc::new(clock)).await.expect("a newsroom");
    let request = Request { issue: issue.parse().expect("an issue's name"), now: false, wait: Duration::ZERO, joined: None, edition: None };
    send(&newsroom, &request, &Arc::new(Progress::default())).await.expect("a run")
}

/// Runs `count` times, each so much after the one before that whatever was deferred is due. Returns the last report.
pub async fn send_again_and_again(newsroom: &Newsroom, issue: &str, began: Timestamp, count: usize) -> Report {
    let mut at = began;
    for _ in 1..count {
        send_at(newsroom, issue, at).await;
        at = at.checked_add(STEP).expect("a time that there is");
    }
    send_at(newsroom, issue, at).await
}
