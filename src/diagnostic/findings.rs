//! Findings as they are made: none twice, and of each kind no more than a person takes in.

use std::collections::{BTreeMap, HashSet};

use super::{Diagnostic, Severity, Span};

/// How many findings of one kind are told one by one; the rest are counted.
pub const MOST_OF_A_KIND: usize = 25;

/// Gathers what is found in a text. A file with a hundred thousand faults gets a page of findings, not a book.
#[derive(Debug, Default)]
pub struct Findings {
    told: Vec<Diagnostic>,
    places: HashSet<(&'static str, Span, String)>,
    kinds: BTreeMap<&'static str, Kind>,
}

#[derive(Debug, Default)]
struct Kind {
    told: usize,
    left_out: usize,
    first_left_out: Option<Diagnostic>,
}

impl Findings {
    /// Takes a finding, unless it was told already.
    pub fn push(&mut self, found: Diagnostic) {
        let kind = self.kinds.entry(found.code).or_default();
        if kind.told >= MOST_OF_A_KIND {
            kind.left_out += 1;
            let worse = kind.first_left_out.as_ref().is_none_or(|first| found.severity < first.severity);
            if worse {
                kind.first_left_out = Some(found);
            }
        } else if self.places.insert((found.code, found.span, found.message.clone())) {
            kind.told += 1;
            self.told.push(found);
        }
    }

    /// Takes several.
    pub fn extend(&mut self, found: impl IntoIterator<Item = Diagnostic>) {
        found.into_iter().for_each(|found| self.push(found));
    }

    /// Whether one more of this kind would be told: if not, a suggestion need not be sought.
    pub fn has_room(&self, code: &str) -> bool {
        self.kinds.get(code).is_none_or(|kind| kind.told < MOST_OF_A_KIND)
    }

    /// Whether any of this kind was found.
    pub fn contains(&self, code: &str) -> bool {
        self.kinds.contains_key(code)
    }

    /// All of them, and one line for each kind of which there were too many.
    pub fn into_vec(self) -> Vec<Diagnostic> {
        let Self { mut told, kinds, .. } = self;
        for kind in kinds.into_values() {
            let Some(first) = kind.first_left_out else { continue };
            let message = match kind.left_out {
                1 => "one more of the same kind".to_owned(),
                more => format!("{more} more of the same kind, from here on"),
            };
            told.push(Diagnostic { message, help: Some("mend those above first; the same remedy may serve".to_owned()), ..first });
        }
        told
    }

    /// Whether anything found forbids to send.
    pub fn has_errors(&self) -> bool {
        self.kinds.values().filter_map(|kind| kind.first_left_out.as_ref()).chain(&self.told).any(|d| d.severity == Severity::Error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Source;

    #[test]
    fn the_same_is_told_once_and_too_many_are_counted() {
        let source = Source::new("a.md", "x".repeat(100));
        let mut findings = Findings::default();
        for at in [0, 0, 1] {
            findings.push(Diagnostic::warning("odd", "an odd thing").at(&source, Span::new(at, at + 1)));
        }
        assert!(findings.has_room("odd") && !findings.has_errors());
        for at in 2..60 {
            findings.push(Diagnostic::error("odd", "an odd thing").at(&source, Span::new(at, at + 1)));
        }
        assert!(!findings.has_room("odd") && findings.has_errors() && findings.contains("odd"));
        let all = findings.into_vec();
        assert_eq!(all.len(), MOST_OF_A_KIND + 1);
        assert_eq!(all[MOST_OF_A_KIND].message, "35 more of the same kind, from here on");
    }
}
