//! Where a delivery stands in the ledger.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The state of a delivery: `queued -> claimed -> submitting -> accepted | deferred | refused | expired | withheld`,
/// and `doubtful` where a crash or a lost connection hides the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "fate", rename_all = "lowercase")]
pub enum Fate {
    /// Nobody has touched it yet.
    Queued,
    /// A worker holds it and has sent nothing of it.
    Claimed,
    /// It is being handed over; recorded before the first octet of it leaves.
    Submitting,
    /// The relay took it.
    Accepted,
    /// The relay asked to be tried again.
    Deferred {
        /// Not before this.
        next_at: Timestamp,
    },
    /// The relay will never take it.
    Refused,
    /// Deferred until patience ran out.
    Expired,
    /// Not sent, because the reader left or is suppressed.
    Withheld,
    /// The answer was lost; `on_doubt` decides.
    Doubtful,
}

impl Fate {
    /// The words of all fates, in the order in which people ask for them.
    pub const WORDS: [&'static str; 9] =
        ["queued", "claimed", "submitting", "accepted", "deferred", "refused", "expired", "withheld", "doubtful"];

    /// The word of the ledger, the filters and `--json`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Claimed => "claimed",
            Self::Submitting => "submitting",
            Self::Accepted => "accepted",
            Self::Deferred { .. } => "deferred",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Withheld => "withheld",
            Self::Doubtful => "doubtful",
        }
    }

    /// Whether anything more may happen to it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Claimed | Self::Submitting | Self::Deferred { .. } | Self::Doubtful)
    }

    /// The fate of this word; `deferred` needs the time that goes with it.
    pub fn from_word(word: &str, next_at: Option<Timestamp>) -> Option<Self> {
        Some(match word {
            "queued" => Self::Queued,
            "claimed" => Self::Claimed,
            "submitting" => Self::Submitting,
            "accepted" => Self::Accepted,
            "deferred" => Self::Deferred { next_at: next_at? },
            "refused" => Self::Refused,
            "expired" => Self::Expired,
            "withheld" => Self::Withheld,
            "doubtful" => Self::Doubtful,
            _ => return None,
        })
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// A fate's word, as a filter names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct FateWord(&'static str);

impl FateWord {
    /// The word.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl FromStr for FateWord {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Fate::WORDS
            .into_iter()
            .find(|word| *word == text)
            .map(Self)
            .ok_or_else(|| format!("`{text}` is no fate; the fates are {}", Fate::WORDS.join(", ")))
    }
}

/// What becomes of a delivery whose answer was lost in a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnDoubt {
    /// Send it again with its first Message-ID, so that a receiver can drop the second copy.
    #[default]
    Resend,
    /// Leave it `doubtful` until a person decides.
    Hold,
}
