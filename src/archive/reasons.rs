//! Why an article is suggested, in words that an editor can check.

use std::fmt;

use serde::Serialize;

use super::postings::{Among, Place};
use super::rank::Wanted;
use crate::diagnostic::print::counted;

/// What an article has to do with an issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Both belong to this series.
    Series(String),
    /// Both say this, word by word.
    Phrases(Vec<String>),
    /// Both have these words.
    Words(Vec<String>),
    /// Both lead to these pages.
    Pages(Vec<String>),
    /// So many earlier issues refer to it.
    Cited(usize),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Series(name) => write!(f, "the same series, \"{name}\""),
            Self::Phrases(phrases) => write!(f, "both say \"{}\"", phrases.join("\", \"")),
            Self::Words(words) => write!(f, "both have the words {}", words.join(", ")),
            Self::Pages(pages) => write!(f, "both lead to {}", pages.join(", ")),
            Self::Cited(many) => write!(f, "{} before referred to it", counted(*many, "issue")),
        }
    }
}

/// The words of a list that bring an article most, as the issue at hand writes them.
pub(super) fn strongest<'w>(wanted: &'w [Wanted], index: Among<'_>, place: Place, most: usize) -> Vec<&'w Wanted> {
    let mut gained: Vec<(f32, &Wanted)> =
        wanted.iter().map(|wanted| (wanted.weight * index.gain(wanted.term, place), wanted)).filter(|(gain, _)| *gain > 0.0).collect();
    gained.sort_by(|a, b| b.0.total_cmp(&a.0));
    gained.into_iter().take(most).map(|(_, wanted)| wanted).collect()
}
