//! From what became of a mailing to a letter that a terminal and a telephone can show: figures in columns, lines that fit.

use super::press::Press;
use super::render::tidy;
use super::text::{WIDTH, columns, wrapped};
use super::views::{Printed, ProviderShareView, ReasonView, ReportSheet, ReportView};
use crate::diagnostic::Diagnostic;
use crate::subscription::address::is_hidden;

/// Most octets that a subject may cost once it is encoded, so that it stays below the 200 of STANDARDS M8 with all that
/// stands around encoded words.
const SUBJECT: usize = 150;

/// The report's subject and its text. What servers said may have anything in it: what no reader would see is taken out,
/// and a subject that is too long is cut (STANDARDS M8, M16).
pub fn report(view: &ReportView, press: &Press) -> Result<(String, String), Box<Diagnostic>> {
    let sheet = sheet(view.clone());
    let subject = press.print("report/subject.txt", &sheet)?;
    let text = press.print("report/body.txt", &sheet)?;
    Ok((short(&subject), fitted(&tidy(&legible(&text)))))
}

/// A text without anything that no reader would see.
pub(super) fn legible(text: &str) -> String {
    text.chars().map(|c| if c != '\n' && is_hidden(c) { ' ' } else { c }).collect()
}

/// The report with its columns set.
pub(super) fn sheet(report: ReportView) -> ReportSheet {
    ReportSheet {
        figures: Printed(figures(&report)),
        provider_table: (!report.providers.is_empty()).then(|| Printed(provider_table(&report.providers))),
        reason_lines: (!report.reasons.is_empty()).then(|| Printed(reason_lines(&report.reasons))),
        report,
    }
}

/// A number with its thousands set apart: `12,340`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn figures(report: &ReportView) -> String {
    let under_way = report.open.saturating_sub(report.deferred + report.doubtful);
    let lines = [
        (report.accepted, "accepted"),
        (report.refused, "refused"),
        (report.expired, "expired: deferred for too long"),
        (report.withheld, "withheld: the reader had left, or is not written to"),
        (report.deferred, "deferred: to be tried again"),
        (report.doubtful, "doubtful: the answer was lost"),
        (under_way, "not sent yet"),
        (report.total, "in all"),
    ];
    let width = lines.iter().map(|(many, _)| grouped(*many).len()).max().unwrap_or(0);
    let shown = lines.into_iter().filter(|(many, what)| *many > 0 || matches!(*what, "accepted" | "in all"));
    let lines: Vec<String> = shown.map(|(many, what)| format!("{:>width$}  {what}", grouped(many))).collect();
    lines.join("\n")
}

fn provider_table(providers: &[ProviderShareView]) -> String {
    let figures = |share: &ProviderShareView| [share.total, share.accepted, share.deferred, share.refused, share.expired];
    let heads = ["total", "accepted", "deferred", "refused", "expired"];
    let is_shown = |at: usize| at == 0 || providers.iter().any(|share| figures(share)[at] > 0);
    let shown: Vec<usize> = (0..heads.len()).filter(|at| is_shown(*at)).collect();
    let mut rows = vec![std::iter::once("provider").chain(shown.iter().map(|at| heads[*at])).map(str::to_owned).collect::<Vec<_>>()];
    rows.extend(providers.iter().map(|share| {
        let figures = figures(share);
        std::iter::once(share.name.clone()).chain(shown.iter().map(|at| grouped(figures[*at]))).collect()
    }));
    columns(&rows)
}

fn reason_lines(reasons: &[ReasonView]) -> String {
    let width = reasons.iter().map(|reason| grouped(reason.many).len()).max().unwrap_or(0);
    let hanging = " ".repeat(width + 2);
    let line = |reason: &ReasonView| {
        let words = format!("{} {}: {}", reason.provider, reason.fate, reason.answer.split_whitespace().collect::<Vec<_>>().join(" "));
        let set = wrapped(words.trim_end_matches([':', ' ']), &hanging, &hanging);
        format!("{:>width$}{}", grouped(reason.many), set.get(width..).unwrap_or_default())
    };
    reasons.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Lines that are too long, broken; what follows the first hangs where its words began.
pub(super) fn fitted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 32);
    for line in text.lines() {
        if line.chars().count() <= WIDTH {
            out.push_str(line);
        } else {
            let words = line.trim_start();
            let indent = &line[..line.len() - words.len()];
            let bullet = if words.starts_with("* ") || words.starts_with("- ") { "  " } else { "" };
            out.push_str(&wrapped(words, indent, &format!("{indent}{bullet}")));
        }
        out.push('\n');
    }
    out
}

/// One line, without what cannot be seen, that a head has room for.
pub(super) fn short(subject: &str) -> String {
    let clean: String = subject.chars().map(|c| if is_hidden(c) { ' ' } else { c }).collect();
    let line = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_plain = line.is_ascii();
    let mut cost = 0;
    let end = line.char_indices().find(|(_, c)| {
        cost += if is_plain || c.is_ascii_alphanumeric() || *c == ' ' { 1 } else { 3 * c.len_utf8() };
        cost > SUBJECT
    });
    match end {
        Some((end, _)) => format!("{}...", line[..end].trim_end()),
        None => line,
    }
}

#[cfg(test)]
mod tests;
