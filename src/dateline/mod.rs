//! What the line under the masthead says of an issue: its id, the time that it stands for, and its number.

pub mod id;
pub mod number;
pub mod period;

pub use id::{IssueId, MAX_ISSUE_ID, NotAnIssueId};
pub use number::{IssueNumber, VolumeRule};
pub use period::{Month, Period};
