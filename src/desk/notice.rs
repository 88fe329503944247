//! Short letters to editors and operators about one thing that they should know or decide.

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use jiff::Timestamp;

use super::report::in_words;
use super::telling::{self, Addressee, Told};
use crate::app::{AppError, Newsroom};
use crate::dateline::IssueId;
use crate::diagnostic::{Diagnostic, print};
use crate::edition;
use crate::edition::views::NoticeView;

/// What is to be told. The same again is told once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// An issue was due longer ago than the grace allows, and is held.
    Late {
        /// Which.
        issue: IssueId,
        /// When it was due.
        due: Timestamp,
        /// Since when it is held: if it is let go and held again, that is news.
        since: Timestamp,
    },
    /// A run of the schedule passed with no issue ready.
    Missed {
        /// When it was.
        due: Timestamp,
        /// What is in the folder, such as `2014-12: a draft`.
        waiting: Vec<String>,
    },
    /// The copy deadline of the next run is near, or past, and no issue is ready.
    Deadline {
        /// When the issue is due.
        due: Timestamp,
        /// Until when it should be ready.
        deadline: Timestamp,
        /// What is in the folder, such as `2014-12: a draft`.
        waiting: Vec<String>,
    },
    /// An issue's time has come, and approvals are missing.
    Unapproved {
        /// Which.
        issue: IssueId,
        /// When it is due.
        due: Timestamp,
        /// How many are missing.
        missing: usize,
    },
    /// An issue's mailing cannot be opened, or not go on.
    Stuck {
        /// Which.
        issue: IssueId,
        /// Why, in words without full stop.
        reason: String,
    },
    /// Something keeps us from working, and has for a while.
    Trouble {
        /// What, in words without full stop.
        reason: String,
        /// Since when.
        since: Timestamp,
    },
    /// The file of an issue that is out was changed, and its page with it.
    Corrected {
        /// Which.
        issue: IssueId,
        /// The fingerprint of what it is now.
        draft: String,
        /// Its page.
        url: String,
    },
    /// The database is at home on another machine.
    Foreign {
        /// Where it is at home.
        home: String,
        /// Where it was found.
        here: String,
    },
    /// The settings that were to be read anew have faults.
    Refused {
        /// Which.
        faults: Vec<Diagnostic>,
        /// When they were read.
        at: Timestamp,
    },
}

/// Tells a notice to those whom it concerns: editors, operators or both. Where those are not configured, the others get
/// it. Returns who could not be told: the same call again tries them.
pub async fn tell(newsroom: &Newsroom, notice: &Notice) -> Result<Told, AppError> {
    let view = view(newsroom, notice);
    let sheets = edition::notice(&view, newsroom.press()).map_err(|fault| AppError::Faulty(vec![*fault]))?;
    telling::once(newsroom, "notice", &format!("{} {}", view.kind, mark(notice)), addressees(newsroom, notice), |_| Ok(sheets.clone()))
        .await
}

/// Writes faults into the log, each on a line with its place: for those who read no mail.
pub fn log(faults: &[Diagnostic]) {
    for fault in faults {
        tracing::error!("{}", print::line(fault));
    }
}

/// What makes a notice one of its kind.
fn mark(notice: &Notice) -> String {
    match notice {
        Notice::Late { issue, due, since } => format!("{issue} {due} {since}"),
        Notice::Missed { due, .. } | Notice::Deadline { due, .. } => due.to_string(),
        Notice::Unapproved { issue, due, .. } => format!("{issue} {due}"),
        Notice::Stuck { issue, reason } => format!("{issue} {}", hash(reason)),
        Notice::Trouble { reason, since } => format!("{since} {}", hash(reason)),
        Notice::Corrected { issue, draft, .. } => format!("{issue} {draft}"),
        Notice::Foreign { home, here } => format!("{home} {here}"),
        Notice::Refused { at, .. } => at.to_string(),
    }
}

fn hash(words: &str) -> String {
    HEXLOWER.encode(digest::digest(&digest::SHA256, words.as_bytes()).as_ref())
}

fn addressees(newsroom: &Newsroom, notice: &Notice) -> Vec<Addressee> {
    let (editors, operators) = (telling::editors(newsroom), telling::operators(newsroom));
    let (first, others) = match notice {
        Notice::Late { .. } | Notice::Unapproved { .. } => (both(editors, operators), Vec::new()),
        Notice::Deadline { .. } | Notice::Corrected { .. } => (editors, operators),
        Notice::Missed { .. } | Notice::Stuck { .. } | Notice::Trouble { .. } | Notice::Foreign { .. } | Notice::Refused { .. } => {
            (operators, editors)
        }
    };
    if first.is_empty() { others } else { first }
}

/// Everybody once.
fn both(mut all: Vec<Addressee>, others: Vec<Addressee>) -> Vec<Addressee> {
    for other in others {
        if all.iter().all(|one| one.address.key() != other.address.key()) {
            all.push(other);
        }
    }
    all
}

fn view(newsroom: &Newsroom, notice: &Notice) -> NoticeView {
    let config = newsroom.config();
    let words = |at: Timestamp| Some(in_words(at, &config.zone));
    let blank = |kind| NoticeView { publication: config.imprint.publication.name.clone(), kind, ..NoticeView::default() };
    let name = |issue: &IssueId| Some(issue.to_string());
    match notice.clone() {
        Notice::Late { issue, due, .. } => NoticeView { issue: name(&issue), due: words(due), ..blank("late") },
        Notice::Missed { due, waiting } => NoticeView { due: words(due), waiting, ..blank("missed") },
        Notice::Deadline { due, deadline, waiting } => {
            NoticeView { due: words(due), deadline: words(deadline), waiting, ..blank("deadline") }
        }
        Notice::Unapproved { issue, due, missing } => {
            NoticeView { issue: name(&issue), due: words(due), missing: missing as u64, ..blank("unapproved") }
        }
        Notice::Stuck { issue, reason } => NoticeView { issue: name(&issue), reason: Some(reason), ..blank("stuck") },
        Notice::Trouble { reason, .. } => NoticeView { reason: Some(reason), ..blank("trouble") },
        Notice::Corrected { issue, url, .. } => NoticeView { issue: name(&issue), url: Some(url), ..blank("corrected") },
        Notice::Foreign { .. } => blank("foreign"),
        Notice::Refused { faults, .. } => NoticeView { problems: Some(edition::faults(&faults)), ..blank("refused") },
    }
}
