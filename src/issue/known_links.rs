//! What is known of the addresses that an issue links to: values, kept from the last time that each was tried.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How long what was found holds, where all was well.
const FRESH: SignedDuration = SignedDuration::from_hours(24);
/// How long it holds where something was wrong: it may have been mended.
const FRESH_IF_BAD: SignedDuration = SignedDuration::from_hours(1);
/// How long it is worth where no server was reached: perhaps it is our own network.
const FRESH_IF_UNREACHED: SignedDuration = SignedDuration::from_mins(1);

/// Longest address, and longest name of a feed's item, that is kept, in octets: what every engine can find again.
pub const LONGEST: usize = 2_000;

/// What one address came to when it was last tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkState {
    /// The address as an issue links to it, without a place within the page.
    pub url: String,
    /// When it was tried.
    pub tried_at: Timestamp,
    /// What came of it.
    pub end: LinkEnd,
    /// Who gave the last answer, redirects followed.
    pub final_url: String,
    /// Where it has moved to for good.
    pub moved_to: Option<String>,
    /// The media type in lower case, without parameters; none unless the answer was the thing itself.
    pub media_type: Option<String>,
    /// How large it is.
    pub octets: Option<u64>,
    /// The `ETag` of the last answer.
    pub etag: Option<String>,
    /// Its `Last-Modified`.
    pub last_modified: Option<String>,
}

/// How a try ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkEnd {
    /// With this status (RFC 9110 section 15).
    Answered(u16),
    /// There is no host of this name.
    NoSuchName,
    /// The server's certificate is not valid for it.
    BadCertificate,
    /// It redirects for ever.
    Loop,
    /// It leads to something that is no web page.
    NotWeb,
    /// It leads to this machine or into a private network; nobody was asked.
    Private,
    /// It has a port that web sites do not use; nobody was asked.
    OddPort,
    /// No connection.
    Unreachable,
    /// No answer in time.
    Slow,
    /// An answer that is none.
    Broken,
}

/// What that means for whoever clicks on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It leads where it should.
    Alive,
    /// It leads nowhere, for this reason.
    Dead(String),
    /// We cannot say, for this reason.
    Untried(String),
    /// Readers cannot get there.
    Private,
}

impl LinkState {
    /// Whether it is time to try again; also after the clock was set back.
    pub fn is_due(&self, now: Timestamp) -> bool {
        let age = now.duration_since(self.tried_at);
        let fresh = match self.standing() {
            Standing::Alive => FRESH,
            _ if self.is_unreached() => FRESH_IF_UNREACHED,
            _ => FRESH_IF_BAD,
        };
        age.is_negative() || age >= fresh
    }

    /// What it means.
    pub fn standing(&self) -> Standing {
        let untried = |reason: &str| Standing::Untried(reason.to_owned());
        let dead = |reason: &str| Standing::Dead(reason.to_owned());
        match self.end {
            LinkEnd::Answered(200..=399 | 416) => Standing::Alive,
            LinkEnd::Answered(404) => dead("the server has no such page (404)"),
            LinkEnd::Answered(410) => dead("the server says that the page is gone for good (410)"),
            LinkEnd::Answered(status @ (401 | 403 | 407 | 429 | 451)) => {
                Standing::Untried(format!("the server lets in no programs such as this one ({status})"))
            }
            LinkEnd::Answered(status @ 500..) => Standing::Untried(format!("the server is in trouble ({status})")),
            LinkEnd::Answered(status) => Standing::Untried(format!("the server answered {status}")),
            LinkEnd::NoSuchName => dead("there is no host of this name"),
            LinkEnd::BadCertificate => dead("the server's certificate is not valid, and browsers warn of it"),
            LinkEnd::Loop => dead("the server sends one in circles"),
            LinkEnd::NotWeb => dead("it leads on to something that is no web page"),
            LinkEnd::Private => Standing::Private,
            LinkEnd::OddPort => untried("its port is none that web sites use"),
            LinkEnd::Unreachable => untried("the server could not be reached"),
            LinkEnd::Slow => untried("the server did not answer in time"),
            LinkEnd::Broken => untried("the server's answer cannot be read"),
        }
    }

    /// Whether nobody was reached: the network may be at fault, rather than the address. Some that lead nowhere say of every
    /// name that there is no such host.
    pub fn is_unreached(&self) -> bool {
        matches!(self.end, LinkEnd::Unreachable | LinkEnd::Slow | LinkEnd::NoSuchName)
    }
}

/// The states of many addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LinkStates(HashMap<String, LinkState>);

impl LinkStates {
    /// What is known of the page that a link leads to, whatever place within it.
    pub fn of(&self, target: &str) -> Option<&LinkState> {
        self.0.get(page(target))
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<LinkState> for LinkStates {
    fn from_iter<T: IntoIterator<Item = LinkState>>(states: T) -> Self {
        Self(states.into_iter().map(|state| (state.url.clone(), state)).collect())
    }
}

/// An address without the place within the page.
pub(super) fn page(target: &str) -> &str {
    target.split_once('#').map_or(target, |(page, _)| page)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An answer with this status, just now.
    pub(crate) fn answered(url: &str, status: u16) -> LinkState {
        LinkState {
            url: url.to_owned(),
            tried_at: Timestamp::UNIX_EPOCH,
            end: LinkEnd::Answered(status),
            final_url: url.to_owned(),
            moved_to: None,
            media_type: None,
            octets: None,
            etag: None,
            last_modified: None,
        }
    }

    #[test]
    fn what_is_well_holds_for_a_day_and_what_is_not_for_an_hour() {
        let at = |hours: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
        let (well, dead) = (answered("https://a.example", 200), answered("https://a.example", 404));
        assert!(!well.is_due(at(23)) && well.is_due(at(24)));
        assert!(!dead.is_due(at(0)) && dead.is_due(at(1)));
        assert!(well.is_due(at(-1)), "tried in a future that never was");
    }
}
