//! The newsroom at a glance: what is in the folder, what is under way, what went out, who reads, and when the next
//! issue is due.

use serde::Serialize;

use super::account::{self, Paused};
use super::approval;
use super::schedule::{self, ComingRun, Entry};
use super::{check, proof};
use crate::app::{AppError, Newsroom};
use crate::dateline::IssueId;
use crate::diagnostic::Severity;
use crate::mailing::Mailing;
use crate::store::{Hold, ListTally, Node, Tally};

/// How many runs are told.
const COMING: usize = 3;

/// An issue that waits in the folder.
#[derive(Debug, Serialize)]
pub struct Waiting {
    /// Its id.
    pub id: IssueId,
    /// Its title.
    pub title: String,
    /// `draft`, `ready` or `faulty`.
    pub state: &'static str,
    /// How many errors it has.
    pub errors: usize,
    /// How many warnings it has.
    pub warnings: usize,
    /// Whether the editors have seen it: `no`, `yes`, or `changed` where it is not what they have seen.
    pub proof: &'static str,
    /// How many approvals it has as it is.
    pub approvals: usize,
    /// How many it needs.
    pub approvals_needed: usize,
}

/// A mailing and how far it has come.
#[derive(Debug, Serialize)]
pub struct Sent {
    /// Which issue.
    pub issue: IssueId,
    /// `under way`, `paused`, `cancelled` or `out`.
    pub state: &'static str,
    /// When it was opened.
    pub opened_at: jiff::Timestamp,
    /// When it came to rest.
    pub finished_at: Option<jiff::Timestamp>,
    /// The ledger.
    pub tally: Tally,
}

/// The newsroom at a glance.
#[derive(Debug, Serialize)]
pub struct Glance {
    /// Its name.
    pub publication: String,
    /// Whether the database is at home here: if not, nothing goes out.
    pub is_at_home: bool,
    /// The next runs of the schedule, and what goes out then.
    pub coming: Vec<ComingRun>,
    /// Issues that are due already, and those that will not go out by themselves.
    pub unplanned: Vec<Entry>,
    /// The DNS records that receivers verify signatures by: name and text.
    pub dkim_records: Vec<(String, String)>,
    /// Issues in the folder that are not out.
    pub waiting: Vec<Waiting>,
    /// Mailings, newest first.
    pub mailings: Vec<Sent>,
    /// Issues that must not go out until somebody lets them.
    pub holds: Vec<Hold>,
    /// What is paused, and how it goes on.
    pub pauses: Vec<Paused>,
    /// The lists.
    pub lists: Vec<ListTally>,
    /// How many issues are in the archive.
    pub archived: usize,
    /// The nodes that share the store, in the order in which they came.
    pub nodes: Vec<Node>,
}

/// Looks at everything once.
pub async fn glance(newsroom: &Newsroom) -> Result<Glance, AppError> {
    let store = newsroom.store();
    let now = newsroom.now();
    let report = check::check(newsroom, &[]).await?;
    let calendar = schedule::of(newsroom, &report.issues).await?;
    let mut mailings = Vec::new();
    for mailing in store.mailings().await? {
        let tally = store.tally(mailing.id).await?;
        let state = state(&mailing);
        mailings.push(Sent { issue: mailing.issue, state, opened_at: mailing.opened_at, finished_at: mailing.finished_at, tally });
    }
    let mut waiting = Vec::new();
    for checked in report.issues.iter().filter(|checked| !mailings.iter().any(|sent| sent.issue == checked.id)) {
        waiting.push(wait(newsroom, checked).await?);
    }
    Ok(Glance {
        publication: newsroom.config().imprint.publication.name.clone(),
        is_at_home: store.home().await?.is_none_or(|home| home == newsroom.here()),
        coming: calendar.coming(now, COMING),
        unplanned: calendar.issues.into_iter().filter(|entry| entry.at().is_none_or(|at| at <= now)).collect(),
        dkim_records: newsroom.signer()?.map(|signer| signer.records()).unwrap_or_default(),
        waiting,
        mailings,
        holds: store.holds().await?,
        pauses: account::pauses(newsroom, None).await?,
        lists: store.lists().await?,
        archived: store.shelf().await?.len(),
        nodes: match store.shared() {
            Some(nodes) => nodes.nodes().await?,
            None => Vec::new(),
        },
    })
}

fn state(mailing: &Mailing) -> &'static str {
    match mailing {
        Mailing { cancelled_at: Some(_), .. } => "cancelled",
        Mailing { finished_at: Some(_), .. } => "out",
        Mailing { paused: Some(_), .. } => "paused",
        _ => "under way",
    }
}

async fn wait(newsroom: &Newsroom, checked: &check::Checked) -> Result<Waiting, AppError> {
    let count = |severity| checked.diagnostics.iter().filter(|found| found.severity == severity).count();
    let is_shown = !newsroom.store().proofs(&checked.id).await?.is_empty();
    let current = proof::current(newsroom, checked).await?;
    let standing = approval::standing(newsroom, &checked.id, current.as_ref().map_or("", |proof| &proof.edition)).await?;
    Ok(Waiting {
        id: checked.id.clone(),
        title: checked.issue.as_ref().map(|issue| issue.title.clone()).unwrap_or_default(),
        state: checked.state(),
        errors: count(Severity::Error),
        warnings: count(Severity::Warning),
        proof: match (is_shown, current) {
            (_, Some(_)) => "yes",
            (true, None) => "changed",
            (false, None) => "no",
        },
        approvals: standing.given.len(),
        approvals_needed: standing.needed,
    })
}
