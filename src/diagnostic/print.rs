//! Findings as people read them in a terminal, as lines for a text file, and as JSON for programs.

use std::fmt::{self, Write as _};

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};
use serde::Serialize;

use super::{Diagnostic, Position, Severity};

/// How findings are drawn in a terminal.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// With colours and box-drawing characters.
    pub coloured: bool,
    /// Columns to wrap at.
    pub width: usize,
}

/// Every finding under the line it is about.
pub fn drawn(diagnostics: &[Diagnostic], style: Style) -> String {
    let theme = if style.coloured { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let printer = GraphicalReportHandler::new_themed(theme).with_width(style.width).with_context_lines(1);
    let mut out = String::new();
    for diagnostic in diagnostics {
        if printer.render_report(&mut out, &Drawn::new(diagnostic)).is_err() {
            out.push_str(&line(diagnostic));
        }
        out.push('\n');
    }
    out
}

/// One finding on one line, in the form that editors of text files can jump to: `file:line:column: error: … [code]`.
pub fn line(diagnostic: &Diagnostic) -> String {
    let mut out = String::new();
    if let Some(source) = &diagnostic.source {
        let Position { line, column } = source.position(diagnostic.span.start);
        let _ = write!(out, "{}:{line}:{column}: ", source.name());
    }
    let _ = write!(out, "{}: {} [{}]", diagnostic.severity, diagnostic.message, diagnostic.code);
    out
}

/// "2 errors, 1 warning", or nothing for none.
pub fn tally(diagnostics: &[Diagnostic]) -> Option<String> {
    let count = |wanted: Severity| diagnostics.iter().filter(|d| d.severity == wanted).count();
    let some = |n: usize, word: &str| (n > 0).then(|| counted(n, word));
    let parts: Vec<String> =
        [some(count(Severity::Error), "error"), some(count(Severity::Warning), "warning")].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// "1 error", "2 errors".
pub fn counted(n: usize, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}

/// A finding as programs read it.
#[derive(Debug, Serialize)]
pub struct Listed<'a> {
    code: &'a str,
    severity: Severity,
    message: &'a str,
    help: Option<&'a str>,
    file: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    end_line: Option<usize>,
    end_column: Option<usize>,
}

/// Findings as programs read them.
pub fn listed(diagnostics: &[Diagnostic]) -> Vec<Listed<'_>> {
    diagnostics
        .iter()
        .map(|found| {
            let start = found.position();
            let end = found.source.as_ref().map(|source| source.position(found.span.end));
            Listed {
                code: found.code,
                severity: found.severity,
                message: &found.message,
                help: found.help.as_deref(),
                file: found.source.as_ref().map(|source| source.name()),
                line: start.map(|at| at.line),
                column: start.map(|at| at.column),
                end_line: end.map(|at| at.line),
                end_column: end.map(|at| at.column),
            }
        })
        .collect()
}

/// A finding as miette draws it.
struct Drawn<'a> {
    found: &'a Diagnostic,
    source: Option<NamedSource<String>>,
}

impl<'a> Drawn<'a> {
    fn new(found: &'a Diagnostic) -> Self {
        let source = found.source.as_ref().map(|source| NamedSource::new(source.name(), printable(source.text())));
        Self { found, source }
    }
}

/// The text with every control character replaced by one of the same length, so that a hostile file cannot steer
/// the terminal and offsets stay as they are.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            '\r' => ' ',
            c if c.is_ascii_control() => '?',
            c if c.is_control() => '\u{b7}',
            c => c,
        })
        .collect()
}

impl fmt::Debug for Drawn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Drawn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.found.message)
    }
}

impl std::error::Error for Drawn<'_> {}

impl miette::Diagnostic for Drawn<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(format!("{}[{}]", self.found.severity, self.found.code)))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.found.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.found.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.source.as_ref()?;
        let source = self.found.source.as_ref()?;
        let start = self.found.span.start.min(source.text().len());
        let line_end = source.text()[floor(source.text(), start)..].find('\n').map_or(source.text().len(), |at| start + at);
        let end = floor(source.text(), self.found.span.end.min(line_end).max(start));
        Some(Box::new(std::iter::once(LabeledSpan::underline((start, end.saturating_sub(start))))))
    }
}

fn floor(text: &str, offset: usize) -> usize {
    (0..=offset.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}
