//! Why messages were not accepted at once, counted.

use serde::Serialize;

use crate::mailing::fate::FateWord;
use crate::mailing::settle::Judgement;
use crate::mailing::{EnhancedCode, ProviderId};

/// Answers of one provider that say the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Whose mailboxes.
    pub provider: ProviderId,
    /// What it made of the deliveries: `deferred`, `refused` or `expired`.
    pub fate: FateWord,
    /// What it says of the address.
    pub judgement: Judgement,
    /// The reply's code; none if no reply came.
    pub code: Option<u16>,
    /// The reply's enhanced code.
    pub enhanced: Option<EnhancedCode>,
    /// What the server said, or the fault.
    pub said: String,
    /// How many.
    pub many: u64,
}
