//! The few pages of the reading room.

use std::fmt::Write as _;

use super::outbox::Letter;
use crate::edition::html::escape;

/// The reading room's style sheet.
pub(super) const STYLE: &str = include_str!("../../templates/style/reading-room.css");

/// The outbox as a list.
pub(super) fn index(publication: &str, letters: &[Letter]) -> String {
    let mut rows = String::new();
    for letter in letters {
        let name = escape(&letter.name);
        let _ = write!(rows, "<li><a href=\"/outbox/{name}\">{}</a><span>{}</span></li>", escape(&letter.to), escape(&letter.subject));
    }
    let heading = format!("{} messages in the outbox", letters.len());
    framed(
        publication,
        &heading,
        &format!(
            "<p>What the relay would have carried away. Each is one reader's own: compare two. What they lead to is here as well, beginning with <a href=\"/\">the public archive</a>.</p><ul class=\"letters\">{rows}</ul>"
        ),
    )
}

/// One message in its three forms.
pub(super) fn letter(publication: &str, letter: &Letter) -> String {
    let name = escape(&letter.name);
    let body = format!(
        "<p>To {}</p><nav><a href=\"/outbox\">All messages</a> <a href=\"/outbox/{name}/html\">HTML alone</a> <a href=\"/outbox/{name}/text\">Plain text</a> <a href=\"/outbox/{name}/source\">Source</a></nav>\
         <div class=\"forms\"><iframe title=\"The HTML part\" src=\"/outbox/{name}/html\"></iframe><pre tabindex=\"0\" role=\"region\" aria-label=\"The plain-text part\">{}</pre></div>",
        escape(&letter.to),
        escape(&letter.text)
    );
    framed(publication, &letter.subject, &body)
}

/// For every address that is not served.
pub(super) fn elsewhere() -> String {
    framed("Masthead", "Not in the outbox", "<p>There is no such message in the outbox.</p><p><a href=\"/outbox\">All messages</a></p>")
}

fn framed(publication: &str, heading: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{heading} - {publication}</title><link rel=\"stylesheet\" href=\"/style.css\"></head>\
         <body><header><a href=\"/outbox\">{publication}</a><span>demo of Masthead</span></header><main><h1>{heading}</h1>{body}</main></body></html>\n",
        heading = escape(heading),
        publication = escape(publication),
    )
}
