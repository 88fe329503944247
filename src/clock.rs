//! The only place that reads the time, and reckons with it where time might end; everything else is handed a [`Timestamp`].

use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};

/// Tells the time. A story hands in [`FixedClock`], the binary [`SystemClock`].
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// So long after an instant, or the end of time.
pub fn after(at: Timestamp, span: SignedDuration) -> Timestamp {
    at.checked_add(span).unwrap_or(Timestamp::MAX)
}

/// So long before an instant, or the beginning of time.
pub fn before(at: Timestamp, span: SignedDuration) -> Timestamp {
    at.checked_sub(span).unwrap_or(Timestamp::MIN)
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the rim that the rule points to")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that stands where it was set.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// A clock for rehearsals: set by the instant that a file holds, it has run since that file was written. Whoever writes
/// another instant into it sets it anew. Where it cannot be read, the machine's clock counts.
#[derive(Debug, Clone)]
pub struct RehearsalClock(pub PathBuf);

impl RehearsalClock {
    fn set(&self) -> Option<Timestamp> {
        let set: Timestamp = fs::read_to_string(&self.0).ok()?.trim().parse().ok()?;
        let written = fs::metadata(&self.0).and_then(|file| file.modified()).ok()?;
        #[allow(clippy::disallowed_methods, reason = "how long the file has been there, which no clock of ours tells")]
        let since = SystemTime::now().duration_since(written).unwrap_or_default();
        set.checked_add(SignedDuration::try_from(since).ok()?).ok()
    }
}

impl Clock for RehearsalClock {
    fn now(&self) -> Timestamp {
        self.set().unwrap_or_else(|| SystemClock.now())
    }
}
