//! What editors are told: the head of a proof, the faults of a file, and the short notices.

use serde::Serialize;

use super::{Printed, PublicationView};

/// What `proof/subject.txt.hbs`, `proof/block.html.hbs` and `proof/block.txt.hbs` are given: what an editor must know
/// of an edition before reading it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProofView {
    /// The newsletter as a whole.
    pub publication: PublicationView,
    /// The issue's id.
    pub issue: String,
    /// "December/January 2015".
    pub label: String,
    /// The subject line that readers will see.
    pub subject: String,
    /// The beginning of the edition's hash.
    pub edition: String,
    /// Whether its file still says `status: draft`.
    pub is_draft: bool,
    /// When it goes out, in local time and in words.
    pub departs: Option<String>,
    /// Why it does not go out, where it does not.
    pub stays: Option<String>,
    /// How many readers it has now.
    pub readers: u64,
    /// The names of its lists, in words: "The Letter and Extra".
    pub lists: String,
    /// How many approvals it needs.
    pub needed: u64,
    /// How many of them are still missing.
    pub missing: u64,
    /// Who has approved it.
    pub given: Vec<String>,
    /// Where this editor approves it; nothing where pages are not served.
    pub approve_url: Option<String>,
    /// The command that approves it.
    pub command: String,
    /// What was found in it that stops nothing.
    pub findings: Vec<FindingView>,
    /// How many more were found than are listed.
    pub more_findings: u64,
    /// Lines that might be added, ready to paste.
    pub side_notes: Vec<String>,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FindingView {
    /// "issues/2014-12.md, line 12, column 3", if it is about a place.
    pub place: Option<String>,
    /// What is wrong, one sentence without full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// What `findings/subject.txt.hbs` and `findings/body.txt.hbs` are given: every fault of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FindingsView {
    /// The newsletter as a whole.
    pub publication: PublicationView,
    /// The issue's id.
    pub issue: String,
    /// Its file.
    pub file: String,
    /// Whether any of them keeps the issue from going out.
    pub is_stopped: bool,
    /// "2 errors, 1 warning".
    pub tally: String,
    /// Each fault with its place, its line and its remedy.
    pub problems: Printed,
}

/// What `notice/subject.txt.hbs` and `notice/body.txt.hbs` are given. Fields that a kind has nothing to say in are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct NoticeView {
    /// The newsletter's name.
    pub publication: String,
    /// `late`, `missed`, `deadline`, `unapproved`, `stuck`, `trouble`, `corrected`, `foreign` or `refused`.
    pub kind: &'static str,
    /// The issue that it is about.
    pub issue: Option<String>,
    /// When the issue was or is due, in local time and in words.
    pub due: Option<String>,
    /// Until when an issue must be ready.
    pub deadline: Option<String>,
    /// Issues that are in the folder, and what keeps each from going out.
    pub waiting: Vec<String>,
    /// How many approvals are missing.
    pub missing: u64,
    /// The public page of the issue.
    pub url: Option<String>,
    /// Why it cannot go out, or what is wrong, in words without full stop.
    pub reason: Option<String>,
    /// Each fault of the settings.
    pub problems: Option<Printed>,
}
