//! Feeds into sections: what other publications have put out since the last issue, as items of this one.
//!
//! What is read of a feed is plain words and one address an item; nothing of its markup reaches a reader (STANDARDS T4).

mod choose;
mod join;
mod parse;
mod words;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use choose::{Window, canonical, choose};
pub use join::join;
pub use parse::{FeedFault, parse};

use super::links::clip;
use crate::dateline::{IssueId, Period};
use crate::diagnostic::{Diagnostic, Severity};

/// How long a feed is left alone after it was asked.
const FRESH: SignedDuration = SignedDuration::from_mins(15);
/// How long after it failed.
const FRESH_IF_BAD: SignedDuration = SignedDuration::from_mins(5);
/// A date further ahead than this is a mistake of the feed's.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// A feed that the newsroom takes items from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedPlan {
    /// Where it is.
    pub url: String,
    /// How it is called, behind each of its items.
    pub title: Option<String>,
    /// Where its items go.
    pub place: FeedPlace,
    /// Most items of it in one issue.
    pub max: usize,
    /// Whether an issue may not go out while it fails.
    pub is_required: bool,
}

impl FeedPlan {
    /// How people are told of it.
    pub fn name(&self) -> String {
        self.title.clone().unwrap_or_else(|| clip(&self.url))
    }
}

/// Where the items of a feed go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedPlace {
    /// Under this heading; it is made at the end of the issue if the manuscript has none such.
    Section(String),
    /// Into the related list.
    Related,
}

/// An item of a feed, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedItem {
    /// The address of the feed.
    pub feed: String,
    /// What the feed calls it.
    pub key: String,
    /// Its place in the feed, from 0.
    pub place: u32,
    /// Where it leads; always `http:` or `https:`.
    pub link: String,
    /// Its title, in plain words.
    pub title: String,
    /// What it says, in plain words and at most 240 characters.
    pub excerpt: String,
    /// When it came out, if the feed says so.
    pub published: Option<Timestamp>,
    /// When we first saw it.
    pub first_seen: Timestamp,
    /// The issue that has it.
    pub carried_by: Option<IssueId>,
}

impl FeedItem {
    /// When it came out, if the feed says so and it can be.
    pub fn dated(&self) -> Option<Timestamp> {
        self.published.filter(|at| at.duration_since(self.first_seen) <= AHEAD)
    }

    /// When it came out as far as we know.
    pub fn when(&self) -> Timestamp {
        self.dated().unwrap_or(self.first_seen)
    }
}

/// Which item of which feed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ItemKey {
    /// The address of the feed.
    pub feed: String,
    /// What the feed calls it.
    pub key: String,
}

/// What is known of a feed as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedState {
    /// Its address, as the settings have it.
    pub url: String,
    /// When it was last asked.
    pub tried_at: Timestamp,
    /// When it first answered well.
    pub known_since: Option<Timestamp>,
    /// When it last did.
    pub fetched_at: Option<Timestamp>,
    /// Why it did not the last time.
    pub fault: Option<String>,
    /// Who gave the last good answer, redirects followed.
    pub final_url: String,
    /// The `ETag` of that answer.
    pub etag: Option<String>,
    /// Its `Last-Modified`.
    pub last_modified: Option<String>,
}

impl FeedState {
    /// Whether it is time to ask again; also after the clock was set back.
    pub fn is_due(&self, now: Timestamp) -> bool {
        let age = now.duration_since(self.tried_at);
        age.is_negative() || age >= if self.fault.is_some() { FRESH_IF_BAD } else { FRESH }
    }
}

/// What is to be said of the feeds: which of them failed, and what becomes of the issue. Only a feed that is required
/// forbids to send.
pub fn findings(plans: &[FeedPlan], states: &[FeedState]) -> Vec<Diagnostic> {
    plans.iter().filter_map(|plan| finding(plan, states.iter().find(|state| state.url == plan.url))).collect()
}

fn finding(plan: &FeedPlan, state: Option<&FeedState>) -> Option<Diagnostic> {
    let fault = match state {
        Some(state) => state.fault.clone()?,
        None if plan.is_required => "nobody has asked for it yet; `masthead check` does".to_owned(),
        None => return None,
    };
    let of = |at: Timestamp| Period::Day(at.to_zoned(jiff::tz::TimeZone::UTC).date()).label();
    let known = state.and_then(|state| state.fetched_at);
    let help = match (plan.is_required, known) {
        (true, _) => "it is `required`, so no issue goes out without it: mend it, or change that in `config/masthead.toml`".to_owned(),
        (false, Some(at)) => format!("the issue has what the feed had on {}", of(at)),
        (false, None) => "the issue goes without it".to_owned(),
    };
    let found = Diagnostic::warning("feed-failed", format!("the feed `{}` could not be read: {fault}", plan.name())).help(help);
    Some(if plan.is_required { Diagnostic { severity: Severity::Error, ..found } } else { found })
}
