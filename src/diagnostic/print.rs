//! Findings as people read them in a terminal, as lines for a text file, and as JSON for programs.

use std::fmt::{self, Write as _};

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};
use serde::Serialize;

use super::{Diagnostic, Position, Severity, Source, Span};

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

/// Most characters of a line that are drawn on either side of where a finding begins.
const AROUND: usize = 120;

/// A finding as miette draws it.
struct Drawn<'a> {
    found: &'a Diagnostic,
    excerpt: Option<Excerpt>,
}

impl<'a> Drawn<'a> {
    fn new(found: &'a Diagnostic) -> Self {
        Self { found, excerpt: found.source.as_ref().map(|source| Excerpt::of(source, found.span)) }
    }
}

/// The line that a finding is about, or as much of it as fits on a screen.
struct Excerpt {
    name: String,
    text: String,
    /// Where the text begins in the source.
    start: usize,
    /// What is underlined, in bytes of the source.
    label: SourceSpan,
    /// Line of the source and column at which the finding begins, from 0.
    place: (usize, usize),
}

impl Excerpt {
    fn of(source: &Source, span: Span) -> Self {
        let text = source.text();
        let at = floor(text, span.start);
        let line = text[..at].rfind('\n').map_or(0, |nl| nl + 1);
        let end = text[at..].find('\n').map_or(text.len(), |nl| at + nl);
        let before = text[line..at].char_indices().rev().nth(AROUND - 1).map_or(line, |(cut, _)| line + cut);
        let after = text[at..end].char_indices().nth(AROUND).map_or(end, |(cut, _)| at + cut);
        let until = floor(text, span.end.clamp(at, after));
        let Position { line, column } = source.position(at);
        Self {
            name: source.name().to_owned(),
            text: printable(&text[before..after]),
            start: before,
            label: (at, until - at).into(),
            place: (line - 1, column - 1),
        }
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(&'a self, span: &SourceSpan, _: usize, _: usize) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let whole: SourceSpan = (self.start, self.text.len()).into();
        // Asked for the finding alone, miette wants to know its place; asked for the context, the line.
        let column = if *span == self.label { self.place.1 } else { 0 };
        let contents = MietteSpanContents::new_named(self.name.clone(), self.text.as_bytes(), whole, self.place.0, column, 1);
        Ok(Box::new(contents))
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
        self.excerpt.as_ref().map(|excerpt| excerpt as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = self.excerpt.as_ref()?.label;
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(None, label))))
    }
}

fn floor(text: &str, offset: usize) -> usize {
    (0..=offset.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}
