//! A finding in an editor's or operator's text: what is wrong, where, and what would mend it.

mod findings;
pub mod print;

use std::fmt;
use std::sync::Arc;

pub use findings::{Findings, MOST_OF_A_KIND};
use serde::Serialize;

/// A text with the name under which its findings are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    name: String,
    text: String,
}

impl Source {
    /// A text read from somewhere.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { name: name.into(), text: text.into() })
    }

    /// Where it came from, as people know it: mostly a path.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column of a byte offset, both from 1; columns count characters.
    pub fn position(&self, offset: usize) -> Position {
        let offset = (0..=offset.min(self.text.len())).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(0);
        let before = &self.text[..offset];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Position { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    }
}

/// A place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

/// A stretch of a source, in bytes, the end not included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// From a byte to a byte.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end: end.max(start) }
    }

    /// The same stretch in a text that has `by` bytes more in front.
    #[must_use]
    pub fn shifted(self, by: usize) -> Self {
        Self { start: self.start + by, end: self.end + by }
    }
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Stops the issue before anything is sent.
    Error,
    /// Worth mending; stops nothing.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// A stable name for this kind of finding, `kebab-case`: what programs go by, and what one looks up.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong, one sentence without full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Where, if it is about a place.
    pub source: Option<Arc<Source>>,
    /// Which stretch of the source.
    pub span: Span,
}

impl Diagnostic {
    /// A finding that stops the issue.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, severity: Severity::Error, message: message.into(), help: None, source: None, span: Span::default() }
    }

    /// A finding that stops nothing.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// Says where.
    #[must_use]
    pub fn at(mut self, source: &Arc<Source>, span: Span) -> Self {
        self.source = Some(Arc::clone(source));
        self.span = span;
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Line and column of its first character, if it is about a place.
    pub fn position(&self) -> Option<Position> {
        self.source.as_ref().map(|source| source.position(self.span.start))
    }
}

/// A value together with everything found on the way to it; no value if an error forbids it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked<T> {
    /// The value, unless it could not be made at all. It may be there beside errors, so that more can be checked.
    pub value: Option<T>,
    /// The findings, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

impl<T> Checked<T> {
    /// Whether anything forbids to go on to the readers.
    pub fn has_errors(&self) -> bool {
        has_errors(&self.diagnostics)
    }

    /// The value, if there is one and no error beside it.
    pub fn clean(self) -> Result<(T, Vec<Diagnostic>), Vec<Diagnostic>> {
        match self.value {
            Some(value) if !has_errors(&self.diagnostics) => Ok((value, self.diagnostics)),
            _ => Err(self.diagnostics),
        }
    }
}

/// Whether any of them is an error.
pub fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|found| found.severity == Severity::Error)
}

/// The known word most like one that is not known, for "did you mean"; none that is less like it than `least`, from 0
/// for any at all to 1 for the same.
pub fn nearest<'k>(wanted: &str, known: impl IntoIterator<Item = &'k str>, least: f64) -> Option<&'k str> {
    let scored = known.into_iter().map(|word| (strsim::jaro_winkler(wanted, word), word));
    scored.filter(|(likeness, _)| *likeness >= least).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, word)| word)
}

/// Puts findings in the order in which an editor mends them: by file, then from top to bottom.
pub fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by(|a, b| {
        let key = |d: &Diagnostic| (d.source.as_ref().map(|s| s.name().to_owned()), d.span.start, d.severity);
        key(a).cmp(&key(b))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_not_bytes() {
        let source = Source::new("a.md", "über\nüx");
        assert_eq!(source.position(0), Position { line: 1, column: 1 });
        assert_eq!(source.position(2), Position { line: 1, column: 2 });
        assert_eq!(source.position(6), Position { line: 2, column: 1 });
        assert_eq!(source.position(8), Position { line: 2, column: 2 });
        assert_eq!(source.position(7), Position { line: 2, column: 1 }, "inside a character");
        assert_eq!(source.position(999), Position { line: 2, column: 3 });
    }
}
