//! "(PDF, 301 KB)" behind a link: what the press says of a file, and what the editor has said already.

use crate::manuscript::document::{Block, BlockKind, Inline, InlineKind, flat};

/// Units in which people give a file's size.
const UNITS: [&str; 7] = ["kb", "mb", "gb", "kib", "mib", "gib", "bytes"];

/// What a file of this name is called, if it is one that people are told of.
pub(super) fn kind_of(name: &str) -> Option<&'static str> {
    let (_, ending) = name.rsplit_once('.')?;
    Some(match ending.to_ascii_lowercase().as_str() {
        "pdf" => "PDF",
        "doc" | "docx" | "odt" => "Word",
        "xls" | "xlsx" | "ods" => "Excel",
        "ppt" | "pptx" | "odp" => "PowerPoint",
        "csv" => "CSV",
        "zip" => "ZIP",
        "ics" => "calendar",
        _ => return None,
    })
}

/// The same by its media type; `None` also where the type says nothing.
pub(super) fn kind_of_type(media_type: &str) -> Option<&'static str> {
    Some(match media_type {
        "application/pdf" | "application/x-pdf" => "PDF",
        "application/msword" | "application/vnd.oasis.opendocument.text" => "Word",
        "application/vnd.ms-excel" | "application/vnd.oasis.opendocument.spreadsheet" => "Excel",
        "application/vnd.ms-powerpoint" | "application/vnd.oasis.opendocument.presentation" => "PowerPoint",
        "text/csv" => "CSV",
        "application/zip" | "application/x-zip-compressed" => "ZIP",
        "text/calendar" => "calendar",
        office if office.starts_with("application/vnd.openxmlformats-officedocument.wordprocessingml") => "Word",
        office if office.starts_with("application/vnd.openxmlformats-officedocument.spreadsheetml") => "Excel",
        office if office.starts_with("application/vnd.openxmlformats-officedocument.presentationml") => "PowerPoint",
        _ => return None,
    })
}

/// A file's size as the editors' house style prints it: "301 KB", "1.4 MB".
#[allow(clippy::cast_precision_loss, reason = "a rounded figure for people")]
pub(super) fn size(octets: u64) -> String {
    match octets {
        0..=999_499 => format!("{} KB", octets.div_ceil(1000).max(1)),
        _ => format!("{:.1} MB", octets as f64 / 1e6),
    }
}

/// Takes the press's "(PDF, 301 KB)" back where the editor has written one, in the link or behind it.
pub(super) fn spare(blocks: &mut [Block]) {
    for block in blocks {
        match &mut block.kind {
            BlockKind::Paragraph(inlines) | BlockKind::Heading { inlines, .. } => spare_inlines(inlines, ""),
            BlockKind::List { items, .. } => items.iter_mut().for_each(|item| spare(&mut item.blocks)),
            BlockKind::Quote(inner) => spare(inner),
            BlockKind::Table { head, rows } => {
                head.iter_mut().chain(rows.iter_mut().flatten()).for_each(|cell| spare_inlines(&mut cell.inlines, ""));
            }
            BlockKind::Code(_) | BlockKind::Rule => {}
        }
    }
}

/// The same for inlines that `after` follows.
pub(super) fn spare_inlines(inlines: &mut [Inline], after: &str) {
    for at in 0..inlines.len() {
        let (before, rest) = inlines.split_at_mut(at + 1);
        let following = || format!("{}{after}", flat(rest));
        match &mut before[at].kind {
            InlineKind::Link(link) => {
                let kind = link.file.as_deref().unwrap_or_default();
                if link.file.is_some() && (ends_with_it(&flat(&link.inlines), kind) || begins_with_it(&following(), kind)) {
                    link.file = None;
                }
            }
            InlineKind::Emphasis(inner) | InlineKind::Strong(inner) | InlineKind::Struck(inner) | InlineKind::Raised(inner) => {
                let following = following();
                spare_inlines(inner, &following);
            }
            _ => {}
        }
    }
}

/// Whether a text ends with a bracket that tells the kind or the size of a file.
pub(super) fn ends_with_it(text: &str, file: &str) -> bool {
    let inner = text.trim_end().strip_suffix([')', ']']).and_then(|open| open.rsplit_once(['(', '[']));
    inner.is_some_and(|(_, inner)| tells(inner, file))
}

/// Whether it begins with one.
pub(super) fn begins_with_it(text: &str, file: &str) -> bool {
    let inner = text.trim_start_matches(|c: char| c.is_whitespace() || c == ',').strip_prefix(['(', '[']);
    inner.and_then(|open| open.split_once([')', ']'])).is_some_and(|(inner, _)| tells(inner, file))
}

/// "PDF", "301 KB", "PDF, 1.4MB", "pdf; 2 pages"; not "April 2014".
fn tells(bracket: &str, file: &str) -> bool {
    let kind = file.split(',').next().unwrap_or_default().trim().to_lowercase();
    let bracket = bracket.to_lowercase();
    let words: Vec<&str> = bracket.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '/' | '\u{b7}' | ':')).collect();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let is_size = |text: &str| {
        let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        unit.len() < text.len() && UNITS.contains(&unit)
    };
    words.iter().any(|word| *word == kind && !kind.is_empty() || is_size(word))
        || words.windows(2).any(|pair| is_number(pair[0]) && UNITS.contains(&pair[1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_as_editors_print_them() {
        assert_eq!(size(300_700), "301 KB");
        assert_eq!(size(10), "1 KB");
        assert_eq!(size(1_440_000), "1.4 MB");
    }

    #[test]
    fn what_an_editor_has_said_of_a_file_is_heard() {
        for said in ["(PDF)", "(pdf, 301 KB)", "(301 KB)", "(301\u{a0}kB)", "[PDF]", "(1.4MB)", "(2 pages, PDF)", "(PDF; 12 pages)"] {
            assert!(ends_with_it(&format!("The report {said}"), "PDF, 301 KB"), "{said}");
            assert!(begins_with_it(&format!(" {said} is long"), "PDF, 301 KB"), "{said}");
        }
        for other in ["(April 2014)", "(in the PDFs of old)", "(5 m wide)", "(2014)", "()", "(Word)"] {
            assert!(!ends_with_it(&format!("The report {other}"), "PDF, 301 KB"), "{other}");
        }
    }
}
