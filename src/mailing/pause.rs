//! A time in which less is sent, or nothing.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Why and until when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pause {
    /// Since when.
    pub since: Timestamp,
    /// Until when; without it a person must resume.
    pub until: Option<Timestamp>,
    /// Why, in words for a person.
    pub reason: String,
    /// How many messages a second still pass; without it none.
    pub slow_to: Option<f64>,
}
