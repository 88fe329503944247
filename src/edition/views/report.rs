//! What became of a mailing, as the report's templates are told it.

use serde::Serialize;

use super::{Printed, PublicationView};

/// What became of a mailing, in figures and words that are the same in every medium.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportView {
    /// The newsletter as a whole.
    pub publication: PublicationView,
    /// The issue's id.
    pub issue: String,
    /// "December/January 2015".
    pub label: String,
    /// The issue's title.
    pub title: String,
    /// `out`, `under way`, `paused` or `cancelled`.
    pub state: &'static str,
    /// When the mailing was opened, in local time and in words.
    pub began: String,
    /// When it came to rest or was cancelled.
    pub ended: Option<String>,
    /// From the one to the other: "2 h 14 min".
    pub duration: Option<String>,
    /// All readers to whom it was owed.
    pub total: u64,
    /// Messages that a relay took.
    pub accepted: u64,
    /// Those to be tried again.
    pub deferred: u64,
    /// Those that no relay will take.
    pub refused: u64,
    /// Those deferred until patience ran out.
    pub expired: u64,
    /// Those not sent because the reader left or is suppressed.
    pub withheld: u64,
    /// Those whose answer was lost.
    pub doubtful: u64,
    /// All to which something may still happen, deferred and doubtful ones too.
    pub open: u64,
    /// Why the run ended before its time.
    pub halted: Option<String>,
    /// The mailing by provider, the most readers first.
    pub providers: Vec<ProviderShareView>,
    /// Why messages were not accepted at once, the most frequent first.
    pub reasons: Vec<ReasonView>,
    /// What to do, in sentences.
    pub advice: Vec<String>,
}

/// One provider's part of a mailing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the figures are those of the report")]
pub struct ProviderShareView {
    pub name: String,
    pub total: u64,
    pub accepted: u64,
    pub deferred: u64,
    pub refused: u64,
    pub expired: u64,
}

/// Why some messages were not accepted at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReasonView {
    /// How many.
    pub many: u64,
    /// Whose mailboxes.
    pub provider: String,
    /// What it made of them: `deferred`, `refused`, `expired`.
    pub fate: String,
    /// What the server said, or how the connection was lost.
    pub answer: String,
}

/// What `report/subject.txt.hbs` and `report/body.txt.hbs` are given: the report, and its figures set in columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportSheet {
    /// The report itself; its fields stand beside the others.
    #[serde(flatten)]
    pub report: ReportView,
    /// The figures as lines, those that are nothing left out.
    pub figures: Printed,
    /// The providers as a table, columns of nothing left out; none if there are none.
    pub provider_table: Option<Printed>,
    /// The reasons as lines that hang under their numbers; none if there are none.
    pub reason_lines: Option<Printed>,
}
