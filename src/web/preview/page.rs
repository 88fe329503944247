//! The pages of the preview.

use std::fmt::Write as _;

use super::manuscript;
use super::room::Shown;
use crate::dateline::IssueId;
use crate::desk::preview::{Choice, Printed, Sheet};
use crate::diagnostic::print;
use crate::edition::html::escape;

/// The preview's style sheet.
pub(super) const STYLE: &str = include_str!("../../../templates/style/preview.css");
/// The preview's script.
pub(super) const SCRIPT: &str = include_str!("../../../templates/preview/preview.js");
/// The mark of its browser tab.
pub(super) const ICON: &str = include_str!("../../../templates/preview/icon.svg");

/// Gmail shows so many kilobytes of HTML and hides the rest (STANDARDS H1).
const CLIP: usize = 102;
/// From here on it becomes tight, and from there on nothing is sent.
const TIGHT: usize = 80;
const FULL: usize = 100;

/// The views in their order: anchor and name.
const VIEWS: [(&str, &str); 8] = [
    ("phone", "Phone"),
    ("desktop", "Desktop"),
    ("dark", "Dark"),
    ("bare", "Images off"),
    ("text", "Plain text"),
    ("source", "HTML source"),
    ("headers", "Headers"),
    ("manuscript", "Manuscript"),
];

/// The issues of the folder, to choose from.
pub(super) fn choices(publication: &str, choices: &[Choice]) -> String {
    let mut rows = String::new();
    for choice in choices {
        let id = escape(choice.id.as_str());
        let title = choice.title.as_deref().unwrap_or(if choice.is_out { "is out" } else { "cannot be read" });
        let findings = choice.findings.as_deref().unwrap_or(if choice.is_out { "" } else { "no findings" });
        let _ = write!(rows, "<li><a href=\"/{id}\">{id}</a><span>{}</span><small>{}</small></li>", escape(title), escape(findings));
    }
    let body = if rows.is_empty() {
        "<h1>No issue in the folder yet</h1><p><code>masthead new</code> starts one.</p>".to_owned()
    } else {
        format!("<h1>Issues in the folder</h1><ul class=\"choices\">{rows}</ul>")
    };
    framed(publication, "Issues in the folder", &format!("<main class=\"plain\">{body}</main>"))
}

/// Why there is nothing to choose from.
pub(super) fn trouble(publication: &str, fault: &str) -> String {
    framed(publication, "Trouble", &format!("<main class=\"plain\"><h1>The issues cannot be read</h1><p>{}</p></main>", escape(fault)))
}

/// For every address that is not served.
pub(super) fn elsewhere(publication: &str) -> String {
    let body = "<main class=\"plain\"><h1>There is nothing here</h1><p>The folder has no issue of this name. <a href=\"/\">All issues</a></p></main>";
    framed(publication, "Nothing here", body)
}

/// One issue in all its views.
pub(super) fn sheet(publication: &str, id: &IssueId, shown: &Shown) -> String {
    let printed = shown.printed();
    let tabs = VIEWS.map(|(anchor, name)| format!("<a id=\"to-{anchor}\" href=\"#{anchor}\">{name}</a>")).concat();
    let body = format!(
        "<main data-issue=\"{id}\" data-revision=\"{}\" data-state=\"{}\"><div id=\"summary\">{}</div>{}\
         <p id=\"stale\">{}</p><nav id=\"views\" aria-label=\"Views\">{tabs}</nav><div id=\"panels\">{}</div></main><script src=\"/preview.js\"></script>",
        shown.revision,
        shown.state(),
        summary(id, shown, printed),
        findings(shown),
        stale(shown, printed),
        panels(id, shown, printed),
    );
    let title = printed.map_or(id.as_str(), |printed| printed.subject.as_str());
    let title = if shown.is_faulty() { format!("\u{26a0} {title}") } else { title.to_owned() };
    framed(publication, &title, &body)
}

/// What the issue is, how large, and how it fares.
fn summary(id: &IssueId, shown: &Shown, printed: Option<&Printed>) -> String {
    let mut facts = vec![escape(id.as_str())];
    if let Some(printed) = printed {
        facts.push(escape(&printed.label));
        facts.extend(printed.number.as_deref().map(escape));
        facts.push(format!("to {}", escape(&printed.lists.join(", "))));
        let status = match (&shown.sheet, printed.is_ready) {
            (Some(sheet), _) if sheet.is_out => "is out",
            (_, true) => "ready",
            (_, false) => "draft",
        };
        facts.push(format!("<b>{status}</b>"));
    }
    let heading = printed.map_or_else(|| escape(id.as_str()), |printed| escape(&printed.subject));
    let preheader = printed
        .and_then(|printed| printed.preheader.as_deref())
        .map_or_else(String::new, |line| format!("<p class=\"preheader\">{}</p>", escape(line)));
    let facts = facts.join("</li><li>");
    format!(
        "<ul class=\"facts\" aria-label=\"About this issue\"><li>{facts}</li></ul><h1>{heading}</h1>{preheader}<div class=\"standing\">{}\
         <p class=\"fresh\"><span id=\"state\" role=\"status\">{}</span> <span class=\"when\">read at {} in {} ms</span></p></div>",
        printed.map_or_else(String::new, |printed| size(printed.html.len())),
        escape(&verdict(shown)),
        shown.at,
        shown.took.as_millis(),
    )
}

fn verdict(shown: &Shown) -> String {
    let tally = shown.sheet.as_ref().and_then(|sheet| print::tally(&sheet.findings));
    match (shown.is_faulty(), tally) {
        (true, Some(tally)) => format!("To mend: {tally}"),
        (true, None) => "Cannot be read".to_owned(),
        (false, Some(tally)) => format!("Nothing forbids it: {tally}"),
        (false, None) => "Nothing to mend".to_owned(),
    }
}

/// How much of what Gmail shows is used.
fn size(octets: usize) -> String {
    let used = octets.div_ceil(1000);
    let level = if used >= FULL {
        "full"
    } else if used >= TIGHT {
        "tight"
    } else {
        "fine"
    };
    format!(
        "<p class=\"size {level}\"><span>{used} of {CLIP} KB</span><svg viewBox=\"0 0 {CLIP} 6\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
         <rect class=\"room\" width=\"{CLIP}\" height=\"6\"/><rect class=\"used\" width=\"{}\" height=\"6\"/></svg><small>beyond which Gmail clips a mail</small></p>",
        used.min(CLIP)
    )
}

/// Everything found, each with a way to its line.
fn findings(shown: &Shown) -> String {
    let Some(sheet) = shown.sheet.as_deref() else {
        let trouble = shown.trouble.as_deref().unwrap_or_default();
        return format!(
            "<section id=\"findings\" class=\"error\" aria-labelledby=\"found\"><h2 id=\"found\">The issue cannot be read</h2><p>{}</p></section>",
            escape(trouble)
        );
    };
    if sheet.findings.is_empty() {
        return "<section id=\"findings\" hidden></section>".to_owned();
    }
    let (class, heading) = if sheet.is_faulty() { ("error", "What is to be mended") } else { ("warning", "Worth a look") };
    let rows: String = sheet.findings.iter().map(|found| row(sheet, found)).collect();
    format!("<section id=\"findings\" class=\"{class}\" aria-labelledby=\"found\"><h2 id=\"found\">{heading}</h2><ol>{rows}</ol></section>")
}

fn row(sheet: &Sheet, found: &crate::diagnostic::Diagnostic) -> String {
    let line = manuscript::source(sheet).and_then(|source| manuscript::line_of(found, source));
    let place = match (line, &found.source) {
        (Some(line), _) => format!("<a href=\"#L{line}\">line {line}</a>"),
        (None, Some(source)) => format!("<span class=\"place\">{}</span>", escape(source.name())),
        (None, None) => String::new(),
    };
    let help = found.help.as_deref().map_or_else(String::new, |help| format!(" <span class=\"help\">{}</span>", manuscript::spoken(help)));
    format!(
        "<li class=\"{severity}\"><strong>{severity}</strong> {place} <span class=\"what\">{}</span><span class=\"code\">{}</span>{help}</li>",
        manuscript::spoken(&found.message),
        found.code,
        severity = found.severity,
    )
}

/// What one sees, if it is not what would be sent.
fn stale(shown: &Shown, printed: Option<&Printed>) -> &'static str {
    match (shown.is_faulty(), printed.is_some(), shown.was_good()) {
        (false, ..) => "",
        (true, false, _) => "There is nothing to show until this is mended.",
        (true, true, true) => "You see the last rendering that was good.",
        (true, true, false) => "You see the issue as far as it can be printed.",
    }
}

fn panels(id: &IssueId, shown: &Shown, printed: Option<&Printed>) -> String {
    let mut out = String::new();
    for (anchor, name) in VIEWS {
        let inner = match (anchor, printed) {
            ("manuscript", _) => manuscript_panel(shown),
            (_, None) => "<p class=\"none\">Nothing can be printed yet.</p>".to_owned(),
            ("phone", Some(_)) => format!(
                "<div class=\"phones\">{}{}</div>",
                phone(id, shown, "Phone, 375 pixels wide", "wide"),
                phone(id, shown, "Small phone, 320 pixels wide", "narrow")
            ),
            ("desktop", Some(printed)) => window(id, shown, printed, "light", "On a desktop"),
            ("dark", Some(printed)) => window(id, shown, printed, "dark", "On dark paper"),
            ("bare", Some(printed)) => window(id, shown, printed, "bare", "With images off"),
            ("text", Some(printed)) => region("The plain-text part", "letter", &printed.text),
            ("source", Some(printed)) => region("The HTML part as it is sent", "wrapped", &printed.html),
            (_, Some(printed)) => headers(printed),
        };
        let _ = write!(out, "<section id=\"{anchor}\" aria-labelledby=\"of-{anchor}\"><h2 id=\"of-{anchor}\">{name}</h2>{inner}</section>");
    }
    out
}

fn frame(id: &IssueId, shown: &Shown, view: &str, title: &str) -> String {
    format!(
        "<iframe title=\"{title}\" src=\"/{id}/mail/{}/{view}\" data-view=\"{view}\" loading=\"lazy\" \
         sandbox=\"allow-same-origin allow-popups allow-popups-to-escape-sandbox\"></iframe>",
        shown.revision
    )
}

fn phone(id: &IssueId, shown: &Shown, title: &str, class: &str) -> String {
    let width = if class == "wide" { 375 } else { 320 };
    format!(
        "<figure class=\"phone {class}\"><div class=\"case\">{}</div><figcaption>{width} pixels</figcaption></figure>",
        frame(id, shown, "light", title)
    )
}

/// A mail program's window: who, what, and the mail.
fn window(id: &IssueId, shown: &Shown, printed: &Printed, view: &str, title: &str) -> String {
    format!(
        "<div class=\"window {view}\"><p class=\"inbox\"><b>{}</b> <span>{}</span> <small>{}</small></p>{}</div>",
        escape(&printed.from),
        escape(&printed.subject),
        escape(printed.preheader.as_deref().unwrap_or_default()),
        frame(id, shown, view, title),
    )
}

fn region(label: &str, class: &str, text: &str) -> String {
    format!("<pre class=\"{class}\" tabindex=\"0\" role=\"region\" aria-label=\"{label}\">{}</pre>", escape(text))
}

fn headers(printed: &Printed) -> String {
    match &printed.head {
        Ok(head) => {
            let mut rows = String::new();
            for (name, value) in unfolded(head) {
                let _ = write!(rows, "<dt>{}</dt><dd>{}</dd>", escape(&name), escape(&value));
            }
            format!("<dl class=\"head\">{rows}</dl>")
        }
        Err(fault) => format!("<p class=\"none\">The message cannot be composed: {}</p>", escape(fault)),
    }
}

/// The fields of a head, each on one line.
fn unfolded(head: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in head.lines() {
        match (line.starts_with([' ', '\t']), fields.last_mut(), line.split_once(':')) {
            (true, Some((_, value)), _) => value.push_str(line),
            (_, _, Some((name, value))) => fields.push((name.to_owned(), value.trim_start().to_owned())),
            _ => {}
        }
    }
    fields
}

fn manuscript_panel(shown: &Shown) -> String {
    let Some(sheet) = shown.sheet.as_deref() else { return "<p class=\"none\">The file cannot be read.</p>".to_owned() };
    match manuscript::source(sheet) {
        Some(source) => format!(
            "<p class=\"file\">{}</p><ol class=\"lines\" tabindex=\"0\" aria-label=\"The manuscript, line by line\">{}</ol>",
            escape(&sheet.file),
            manuscript::lines(source, &sheet.findings)
        ),
        None => format!("<p class=\"none\">{} is no text.</p>", escape(&sheet.file)),
    }
}

fn framed(publication: &str, title: &str, body: &str) -> String {
    let (publication, title) = (escape(publication), escape(title));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title} - {publication}</title><link rel=\"stylesheet\" href=\"/style.css\"><link rel=\"icon\" href=\"/icon.svg\" type=\"image/svg+xml\"></head>\
         <body><header><a href=\"/\">{publication}</a><span>preview</span></header>{body}</body></html>\n"
    )
}
