//! From a template's text to its tree, with faults in words that a person who edits templates knows.

use std::sync::Arc;

use handlebars::template::Template;
use handlebars::{TemplateError, TemplateErrorReason};

use crate::diagnostic::{Diagnostic, Source, Span};

/// Largest template, in octets.
const MAX_TEMPLATE: usize = 256 << 10;
/// Deepest nesting of blocks in a template, and of partials in partials; far below what the stack bears.
pub(super) const MAX_NESTING: usize = 50;

pub(super) fn compile(name: &str, source: &Arc<Source>) -> Result<Template, Box<Diagnostic>> {
    let text = source.text();
    if text.len() > MAX_TEMPLATE {
        let found = Diagnostic::error("template-too-large", format!("a template has at most {MAX_TEMPLATE} bytes"));
        return Err(Box::new(found.at(source, Span::default())));
    }
    if let Some(at) = too_nested(text) {
        let found = Diagnostic::error("template-too-deep", format!("blocks nest more than {MAX_NESTING} levels deep"));
        return Err(Box::new(found.at(source, Span::new(at, at + 2)).help("move the inner ones into a partial")));
    }
    Template::compile_with_name(text, name.to_owned()).map_err(|fault| Box::new(uncompilable(source, &fault)))
}

/// Where blocks or brackets nest too deep for the parser's stack, counted on the text before it is parsed. A chain of
/// `else if` nests too: each link is parsed within the one before.
fn too_nested(text: &str) -> Option<usize> {
    let mut blocks: Vec<usize> = Vec::new();
    let mut brackets = 0usize;
    for (at, braces) in text.match_indices("{{") {
        let inner = text[at + braces.len()..].trim_start_matches(['{', '~', ' ', '\t', '\n', '\r']);
        let inner = &inner[..inner.find("}}").unwrap_or(inner.len())];
        match inner.as_bytes() {
            [b'#' | b'^', _, ..] => blocks.push(1),
            [b'/', ..] => {
                blocks.pop();
            }
            _ if inner.starts_with("else ") => blocks.iter_mut().last().into_iter().for_each(|links| *links += 1),
            _ => {}
        }
        brackets = brackets.max(inner.bytes().filter(|b| *b == b'(').count());
        if blocks.iter().sum::<usize>() > MAX_NESTING || brackets > 4 * MAX_NESTING {
            return Some(at);
        }
    }
    None
}

/// Braces that open while others are still open: the first were never closed.
fn never_closed(text: &str) -> Option<usize> {
    text.match_indices("{{").map(|(at, _)| at).find(|at| {
        let inner = text[at + 2..].trim_start_matches('{');
        let end = inner.find("}}").unwrap_or(inner.len());
        end == inner.len() || inner[..end].contains("{{") && !inner.starts_with('!')
    })
}

fn uncompilable(source: &Arc<Source>, fault: &TemplateError) -> Diagnostic {
    let (message, help) = match fault.reason() {
        TemplateErrorReason::MismatchingClosedHelper(open, close) => (
            format!("`{{{{#{open}}}}}` is open here, but `{{{{/{close}}}}}` closes"),
            "close the blocks in the order in which they were opened",
        ),
        TemplateErrorReason::MismatchingClosedDecorator(open, close) => {
            (format!("`{open}` is open here, but `{close}` closes"), "close the blocks in the order in which they were opened")
        }
        TemplateErrorReason::InvalidSyntax(_) => {
            ("this is not Handlebars".to_owned(), "look for a missing `}}`, or for a block that is never closed")
        }
        other => (other.to_string(), "the Handlebars guide says what may stand here"),
    };
    if let Some(open) = never_closed(source.text()).filter(|_| matches!(fault.reason(), TemplateErrorReason::InvalidSyntax(_))) {
        let found = Diagnostic::error("template-syntax", "these braces are never closed").help("close them with `}}`");
        return found.at(source, Span::new(open, open + 2));
    }
    let (line, column) = fault.pos().map_or((None, None), |(line, column)| (Some(line), Some(column)));
    Diagnostic::error("template-syntax", message).at(source, span_at(source.text(), line, column)).help(help)
}

/// The braces at a line and column, both from 1.
pub(super) fn span_at(text: &str, line: Option<usize>, column: Option<usize>) -> Span {
    let start: usize = text.split_inclusive('\n').take(line.unwrap_or(1).saturating_sub(1)).map(str::len).sum();
    let inside: usize =
        text[start..].chars().take(column.unwrap_or(1).saturating_sub(1)).take_while(|c| *c != '\n').map(char::len_utf8).sum();
    let at = (start + inside).min(text.len());
    let length = text[at..].lines().next().map_or(0, |rest| rest.find("}}").map_or(rest.len(), |end| end + 2));
    Span::new(at, at + length)
}
