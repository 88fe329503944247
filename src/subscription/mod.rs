//! Those who asked for the mail: lists, subscribers, and the consent that links them.

pub mod address;
pub mod language;
pub mod roll;
pub mod seal;
pub mod token;

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use address::{AddressFault, EmailAddress, PersonName};
pub use seal::Seal;

/// The name of a list in commands, tokens and the `List-Id` header; stable for life (STANDARDS L1).
/// A DNS label: `a` to `z`, digits and inner hyphens, at most 63.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ListId(String);

/// Why a text is no list id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no list id: use lower-case letters, digits and inner hyphens, at most 63")]
pub struct NotAListId(pub String);

impl ListId {
    /// The id as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ListId {
    type Err = NotAListId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let label = (1..=63).contains(&text.len())
            && !text.starts_with('-')
            && !text.ends_with('-')
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if label { Ok(Self(text.to_owned())) } else { Err(NotAListId(text.chars().take(80).collect())) }
    }
}

impl fmt::Display for ListId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for ListId {
    type Error = NotAListId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ListId> for String {
    fn from(id: ListId) -> Self {
        id.0
    }
}

/// Those who asked for the same thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    /// Its id.
    pub id: ListId,
    /// Its name, as readers see it.
    pub name: String,
    /// What comes; one sentence, as readers see it.
    pub description: String,
    /// In which language, where it is not the publication's: a tag of BCP 47.
    pub lang: Option<String>,
    /// How often, in a few words as readers see them; it may be empty.
    pub frequency: String,
}

/// A subscriber's number in the store; never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SubscriberId(pub i64);

/// A person known by an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subscriber {
    /// The store's number.
    pub id: SubscriberId,
    /// Where the mail goes.
    pub address: EmailAddress,
    /// How the person is called, if we were told.
    pub name: Option<PersonName>,
    /// When we first heard of them.
    pub since: Timestamp,
    /// In which form they want the mail.
    pub format: Format,
}

/// In which form a reader wants the mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// HTML, with the same in plain text beside it (STANDARDS M12).
    #[default]
    Html,
    /// Plain text alone.
    Text,
}

impl Format {
    /// Both, the usual one first.
    pub const ALL: [Self; 2] = [Self::Html, Self::Text];

    /// The word of exports, forms and `--json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Text => "text",
        }
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|format| format.as_str() == text).ok_or_else(|| format!("`{text}` is none of html, text"))
    }
}

/// Where a subscription stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Asked for, not yet confirmed; receives no issue (STANDARDS C1).
    Pending,
    /// Confirmed; receives every issue.
    Confirmed,
    /// Left, or was removed; receives nothing until it is asked for anew.
    Ended,
}

impl Standing {
    /// All, in the order of a subscription's life.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Confirmed, Self::Ended];

    /// The word of the store, the exports and `--json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Confirmed => "confirmed",
            Self::Ended => "ended",
        }
    }
}

impl FromStr for Standing {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|standing| standing.as_str() == text)
            .ok_or_else(|| format!("`{text}` is none of pending, confirmed, ended"))
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The link between a subscriber and a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subscription {
    /// Which list.
    pub list: ListId,
    /// Where it stands.
    pub standing: Standing,
    /// Since when.
    pub since: Timestamp,
}

/// How a consent or its withdrawal reached us (STANDARDS C2). Never changed once written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// `import`, `command`, later `form`, `one-click`, `mailto`.
    pub channel: String,
    /// The file and line, the page and consent text, or what else proves it.
    pub detail: String,
}

/// One reader to be entered on a list, as a roll or a command gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// The address.
    pub address: EmailAddress,
    /// The name, if given.
    pub name: Option<PersonName>,
    /// [`Standing::Pending`] or [`Standing::Confirmed`]; [`Standing::Ended`] records a past departure.
    pub standing: Standing,
    /// When they joined, if the source says so.
    pub since: Option<Timestamp>,
    /// Where the roll says this.
    pub evidence: Evidence,
}
