//! A proof: the mail that readers will get, with a block at its top that only editors see.

use super::press::Press;
use super::problems::problems;
use super::render::tidy;
use super::report::{fitted, legible, short};
use super::views::{ConfirmLetterView, FindingsView, NoticeView, Printed, ProofView, PublicationView, WelcomeLetterView};
use crate::diagnostic::print::tally;
use crate::diagnostic::{Diagnostic, has_errors};

/// A mail that is printed: its subject, its plain text, and its HTML where it has any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheets {
    /// The subject line.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The HTML.
    pub html: Option<String>,
}

/// The proof of an edition: both its parts as a reader would get them, each with the block before it. Nothing else of
/// them is changed.
pub fn proof(view: &ProofView, html: &str, text: &str, press: &Press) -> Result<Sheets, Box<Diagnostic>> {
    let subject = short(&press.print("proof/subject.txt", view)?);
    let head = fitted(&tidy(&legible(&press.print("proof/block.txt", view)?)));
    let block = press.print("proof/block.html", view)?;
    let (before, after) = html.split_at(body_start(html));
    Ok(Sheets { subject, text: format!("{head}{text}"), html: Some(format!("{before}{block}{after}")) })
}

/// The letter about a file's faults.
pub fn findings(
    publication: &PublicationView,
    issue: &str,
    file: &str,
    diagnostics: &[Diagnostic],
    press: &Press,
) -> Result<Sheets, Box<Diagnostic>> {
    let view = FindingsView {
        publication: publication.clone(),
        issue: issue.to_owned(),
        file: file.to_owned(),
        is_stopped: has_errors(diagnostics),
        tally: tally(diagnostics).unwrap_or_default(),
        problems: Printed(problems(diagnostics)),
    };
    plain("findings", &view, press)
}

/// A short letter about one thing.
pub fn notice(view: &NoticeView, press: &Press) -> Result<Sheets, Box<Diagnostic>> {
    plain("notice", view, press)
}

/// The faults of the settings, as a notice shows them.
pub fn faults(diagnostics: &[Diagnostic]) -> Printed {
    Printed(problems(diagnostics))
}

/// Prints the letter that asks whether somebody wants to join.
pub fn confirmation(view: &ConfirmLetterView, press: &Press) -> Result<Sheets, Box<Diagnostic>> {
    plain("confirm", view, press)
}

/// Prints the letter to somebody who has joined.
pub fn welcome(view: &WelcomeLetterView, press: &Press) -> Result<Sheets, Box<Diagnostic>> {
    plain("welcome", view, press)
}

fn plain(name: &str, view: &impl serde::Serialize, press: &Press) -> Result<Sheets, Box<Diagnostic>> {
    let subject = short(&press.print(&format!("{name}/subject.txt"), view)?);
    let text = fitted(&tidy(&legible(&press.print(&format!("{name}/body.txt"), view)?)));
    Ok(Sheets { subject, text, html: None })
}

/// Where the content of the page's body begins; the beginning, if it has no body.
fn body_start(html: &str) -> usize {
    let mut at = 0;
    while let Some(found) = html[at..].find('<').map(|next| at + next) {
        let rest = &html[found..];
        if rest.starts_with("<!--") {
            at = rest.find("-->").map_or(html.len(), |end| found + end + 3);
        } else if rest.get(..5).is_some_and(|tag| tag.eq_ignore_ascii_case("<body")) {
            return tag_end(rest).map_or(0, |end| found + end);
        } else {
            at = found + 1;
        }
    }
    0
}

/// One past the `>` that ends the tag at the beginning; one within quotes ends nothing.
fn tag_end(tag: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in tag.char_indices() {
        match (quote, c) {
            (None, '>') => return Some(at + 1),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_goes_into_the_body_and_nowhere_else() {
        let start = |html: &str| html[body_start(html)..].to_owned();
        assert_eq!(start("<html><!-- <body> --><body title=\"a > b\" dir='ltr'><p>x</p>"), "<p>x</p>");
        assert_eq!(start("<html><head><title>t</title></head><BODY><p>"), "<p>");
        assert_eq!(start("<p>no page</p>"), "<p>no page</p>");
        assert_eq!(start("<body title=\"never closed"), "<body title=\"never closed");
        assert_eq!(start("<!-- never closed <body>"), "<!-- never closed <body>");
    }
}
