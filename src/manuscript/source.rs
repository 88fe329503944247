//! From the bytes of a file to a text that is safe to parse: encoding, line ends, size, and leftovers of a merge.

use std::sync::Arc;

use crate::diagnostic::{Checked, Diagnostic, Findings, Source, Span};

/// Largest manuscript that is read, in octets (STANDARDS T14).
pub const MAX_MANUSCRIPT: usize = 1 << 20;

/// The text of a file as the rest of the house sees it: UTF-8, without byte order mark, LF line ends.
pub fn decode(name: &str, bytes: &[u8]) -> Checked<Arc<Source>> {
    let refuse = |found: Diagnostic| Checked { value: None, diagnostics: vec![found] };
    let empty = Source::new(name, "");
    if bytes.len() > MAX_MANUSCRIPT {
        return refuse(too_large(bytes.len() as u64).at(&empty, Span::default()));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(fault) => return refuse(not_utf8(name, bytes, fault.valid_up_to())),
    };
    let source = Source::new(name, with_lf(text));
    let mut diagnostics = Vec::new();
    if source.text().trim().is_empty() {
        return refuse(
            Diagnostic::error("file-empty", "the file is empty")
                .at(&source, Span::default())
                .help("`masthead new` writes an issue to start from"),
        );
    }
    diagnostics.extend(control_characters(&source));
    diagnostics.extend(merge_leftovers(&source));
    Checked { value: Some(source), diagnostics }
}

/// The finding about a file of so many octets.
pub fn too_large(octets: u64) -> Diagnostic {
    Diagnostic::error("file-too-large", format!("the file has {octets} bytes; an issue may have {MAX_MANUSCRIPT}"))
        .help("keep images and reports as files of their own beside `issue.md`, and only the text in it")
}

fn with_lf(text: &str) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text.to_owned() }
}

fn not_utf8(name: &str, bytes: &[u8], valid: usize) -> Diagnostic {
    let (found, help) = match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => ("the file is written in UTF-16", "save it as UTF-8"),
        _ => ("this byte is not UTF-8", "save the file as UTF-8; an old Windows or Mac encoding looks like this"),
    };
    let shown = Source::new(name, with_lf(&String::from_utf8_lossy(bytes)));
    let at = with_lf(&String::from_utf8_lossy(&bytes[..valid])).len();
    Diagnostic::error("not-utf8", found).at(&shown, Span::new(at, at + 3)).help(help)
}

/// Characters that no keyboard writes and that could hide or forge something.
fn control_characters(source: &Arc<Source>) -> Vec<Diagnostic> {
    let mut found = Findings::default();
    for (at, c) in source.text().char_indices() {
        let fault = match c {
            '\n' | '\t' => continue,
            '\0' => Diagnostic::error("nul-character", "a NUL character").help("the file is damaged or is not a text; restore it"),
            c if c.is_control() => {
                Diagnostic::error("control-character", format!("an invisible control character (U+{:04X})", u32::from(c)))
                    .help("delete it; it often comes along when text is copied from a PDF")
            }
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                Diagnostic::error("bidi-control", format!("a character that turns the reading direction (U+{:04X})", u32::from(c)))
                    .help("delete it; it can make text or a link read as something else than it is")
            }
            '\u{200b}' | '\u{feff}' => {
                Diagnostic::warning("zero-width", format!("an invisible character of no width (U+{:04X})", u32::from(c)))
                    .help("delete it; it breaks searching and looks like spam")
            }
            _ => continue,
        };
        found.push(fault.at(source, Span::new(at, at + c.len_utf8())));
    }
    found.into_vec()
}

fn merge_leftovers(source: &Arc<Source>) -> Option<Diagnostic> {
    let text = source.text();
    let mut at = 0;
    let mut opened = None;
    for line in text.split_inclusive('\n') {
        if line.starts_with("<<<<<<< ") {
            opened.get_or_insert(at);
        }
        if let Some(start) = opened.filter(|_| line.starts_with(">>>>>>> ")) {
            return Some(
                Diagnostic::error("merge-conflict", "two versions of this text were merged and nobody has chosen")
                    .at(source, Span::new(start, start + 7))
                    .help("keep the version you want between the lines `<<<<<<<` and `>>>>>>>`, and delete those lines"),
            );
        }
        at += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(bytes: &[u8]) -> Vec<&'static str> {
        decode("a.md", bytes).diagnostics.iter().map(|found| found.code).collect()
    }

    #[test]
    fn byte_order_mark_and_windows_line_ends_are_fine() {
        let read = decode("a.md", b"\xef\xbb\xbf---\r\nx\r\n").value.unwrap();
        assert_eq!(read.text(), "---\nx\n");
    }

    #[test]
    fn what_is_no_text_is_said_once_with_its_place() {
        assert_eq!(codes(b""), ["file-empty"]);
        assert_eq!(codes(b"  \n\t\n"), ["file-empty"]);
        assert_eq!(codes(b"a\0b\0c"), ["nul-character", "nul-character"]);
        assert_eq!(codes("a\u{202e}b".as_bytes()), ["bidi-control"]);
        assert_eq!(codes(b"\xff\xfea\0b\0"), ["not-utf8"]);
        assert_eq!(codes(&vec![b'a'; MAX_MANUSCRIPT + 1]), ["file-too-large"]);
        assert_eq!(codes(b"<<<<<<< HEAD\na\n=======\nb\n>>>>>>> theirs\n"), ["merge-conflict"]);
        let latin = decode("a.md", b"one\nna\xefve");
        assert_eq!(latin.diagnostics[0].position().map(|p| (p.line, p.column)), Some((2, 3)));
    }
}
