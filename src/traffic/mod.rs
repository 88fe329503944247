//! How much may go where, and when: providers and their limits, warm-up, hours, reactions, and the circuit breaker.

mod breaker;
mod gate;
mod hold;
mod lane;
mod minutes;
mod pace;
mod provider;
pub mod ramp;
mod share;
mod window;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::mailing::ProviderId;

pub use breaker::BreakerRules;
pub use gate::{Gate, Heard, Lane, Verdict};
pub use provider::{Provider, Providers, Reaction, Remedy};
pub use share::Share;
pub use window::{NotAWindow, Window};

/// How much may go one way. `None`: as much as you like.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Limits {
    /// How many of our connections may hold messages for it at a time.
    pub connections: Option<u32>,
    /// Messages a second, evenly.
    pub per_second: Option<f64>,
    /// Messages in any sixty minutes.
    pub per_hour: Option<u64>,
    /// Messages in any twenty-four hours.
    pub per_day: Option<u64>,
}

impl Limits {
    /// These limits, and others where these say nothing.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self {
            connections: self.connections.or(others.connections),
            per_second: self.per_second.or(others.per_second),
            per_hour: self.per_hour.or(others.per_hour),
            per_day: self.per_day.or(others.per_day),
        }
    }
}

/// What holds for one relay.
#[derive(Debug, Clone)]
pub struct RelayRules {
    /// Its name.
    pub name: String,
    /// How much it gets, for all providers together.
    pub limits: Limits,
    /// When it may be used; in the place of the publication's own window.
    pub window: Option<Window>,
    /// Whether its address is new to the providers, so that each gets a little more of its mail from day to day.
    pub warm_up: bool,
}

/// Everything that a gate goes by.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The relays, in the order in which the engine numbers them.
    pub relays: Vec<RelayRules>,
    /// The providers.
    pub providers: Providers,
    /// When mail may go out.
    pub window: Option<Window>,
    /// On whose clock.
    pub zone: TimeZone,
    /// When to stop and ask a person.
    pub breaker: BreakerRules,
}

/// What one relay sent to one provider in one minute, as the ledger counts it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tallied {
    /// The relay's name.
    pub relay: String,
    /// The provider.
    pub provider: ProviderId,
    /// The minute's beginning.
    pub minute: Timestamp,
    /// Messages handed over, whatever was answered.
    pub attempts: u64,
    /// Accepted.
    pub accepted: u64,
    /// To be tried again, or given up for that.
    pub deferred: u64,
    /// Refused since there is no such reader.
    pub hard: u64,
    /// Refused for policy.
    pub block: u64,
}

/// What one relay sent to one provider on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Day {
    /// The relay's name.
    pub relay: String,
    /// The provider.
    pub provider: ProviderId,
    /// The day, in UTC.
    pub date: Date,
    /// Accepted.
    pub accepted: u64,
    /// Refused for policy.
    pub block: u64,
}
