//! Which items an issue carries: what is new since the last issue, newest first, nothing twice and nothing again.

use std::cmp::Reverse;
use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};

use super::{FeedItem, FeedPlan, FeedState};
use crate::dateline::IssueId;

/// An item that is seen late counts as new if it is not older than this before the last issue.
const LATE: SignedDuration = SignedDuration::from_hours(31 * 24);

/// Parameters that say how somebody came to a page, and not which page it is.
const TRACKERS: [&str; 8] = ["fbclid", "gclid", "dclid", "msclkid", "mc_cid", "mc_eid", "igshid", "ref_src"];

/// What an issue looks back on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The issue.
    pub issue: IssueId,
    /// When the issue before it went out.
    pub since: Timestamp,
    /// Whether it is out itself: then it has what it had.
    pub is_out: bool,
}

impl Window {
    fn takes(&self, item: &FeedItem, known_since: Option<Timestamp>) -> bool {
        match &item.carried_by {
            Some(issue) => *issue == self.issue,
            None if self.is_out => false,
            None => self.is_new(item, known_since),
        }
    }

    /// Whether an item came out since the last issue, or came to light since then in a feed that was known before.
    fn is_new(&self, item: &FeedItem, known_since: Option<Timestamp>) -> bool {
        let when = item.when();
        let came_late = item.first_seen > self.since && known_since.is_some_and(|since| since <= self.since);
        when > self.since || came_late && self.since.duration_since(when) <= LATE
    }
}

/// The items that an issue carries, feed by feed and newest first. `listed` are the addresses that the issue links to
/// anyway. An item that another issue has is never chosen, whatever the feed calls it by now.
pub fn choose<'a>(
    plans: &'a [FeedPlan],
    states: &[FeedState],
    items: &'a [FeedItem],
    window: &Window,
    listed: &[String],
) -> Vec<(&'a FeedPlan, Vec<&'a FeedItem>)> {
    let elsewhere = items.iter().filter(|item| item.carried_by.as_ref().is_some_and(|issue| *issue != window.issue));
    let mut taken: HashSet<String> = elsewhere.map(|item| &item.link).chain(listed).map(|link| canonical(link)).collect();
    let mut chosen = Vec::new();
    for plan in plans {
        let known_since = states.iter().find(|state| state.url == plan.url).and_then(|state| state.known_since);
        let mut fresh: Vec<&FeedItem> = items.iter().filter(|item| item.feed == plan.url && window.takes(item, known_since)).collect();
        fresh.sort_by_key(|item| (Reverse(item.when()), item.place));
        fresh.retain(|item| taken.insert(canonical(&item.link)));
        fresh.truncate(plan.max);
        chosen.push((plan, fresh));
    }
    chosen
}

/// An address by which two links to one page are told to be the same: without scheme, place within the page, and what
/// tells how one came there.
pub fn canonical(link: &str) -> String {
    let page = link.split('#').next().unwrap_or_default();
    let (_, rest) = page.split_once("://").unwrap_or(("", page));
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (host, path) = path.split_once('/').unwrap_or((path, ""));
    let is_tracker = |name: &str| name.to_ascii_lowercase().starts_with("utm_") || TRACKERS.contains(&name.to_ascii_lowercase().as_str());
    let kept: Vec<&str> =
        query.split('&').filter(|part| !part.is_empty() && !is_tracker(part.split('=').next().unwrap_or_default())).collect();
    let query = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
    let host = host.to_ascii_lowercase();
    let host = host.strip_suffix(":443").or_else(|| host.strip_suffix(":80")).unwrap_or(&host);
    format!("{host}/{path}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_links_to_one_page_are_the_same() {
        let page = canonical("https://e.example/a?id=7");
        for same in [
            "http://e.example/a?id=7",
            "https://E.EXAMPLE:443/a?id=7#part",
            "https://e.example/a?utm_source=feed&id=7&UTM_Medium=rss",
            "https://e.example/a?id=7&fbclid=x",
        ] {
            assert_eq!(canonical(same), page, "{same}");
        }
        for other in ["https://e.example/A?id=7", "https://e.example/a?id=8", "https://e.example/a", "https://f.example/a?id=7"] {
            assert_ne!(canonical(other), page, "{other}");
        }
        assert_eq!(canonical("https://e.example"), canonical("https://e.example/?utm_campaign=x"));
    }
}
