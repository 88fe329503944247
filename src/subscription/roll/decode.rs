//! From the octets of a roll to its text, and to what separates its cells.

use std::borrow::Cow;
use std::fmt;

/// How a file's letters are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// What spreadsheets call "Unicode text".
    Utf16,
    /// A guess, where a file is no UTF-8: names may look wrong.
    Windows1252,
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16 => "UTF-16",
            Self::Windows1252 => "not UTF-8, read as Windows-1252",
        })
    }
}

/// ZIP (XLSX, ODS) or OLE (XLS).
pub(super) fn is_spreadsheet(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0])
}

/// The text of a file, without its byte order mark.
pub(super) fn decode(bytes: &[u8]) -> (Cow<'_, str>, Encoding) {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => decode_octets(rest),
        [0xFF, 0xFE, rest @ ..] => (utf16(rest, u16::from_le_bytes), Encoding::Utf16),
        [0xFE, 0xFF, rest @ ..] => (utf16(rest, u16::from_be_bytes), Encoding::Utf16),
        // Without a mark: a Latin column name has a NUL beside its first letter.
        [1..=255, 0, 1..=255, 0, ..] => (utf16(bytes, u16::from_le_bytes), Encoding::Utf16),
        [0, 1..=255, 0, 1..=255, ..] => (utf16(bytes, u16::from_be_bytes), Encoding::Utf16),
        _ => decode_octets(bytes),
    }
}

/// The octet that separates cells, and how many octets of the text come before the header: spreadsheets may write
/// `sep=;` on the first line.
pub(super) fn delimiter(text: &str) -> (u8, usize) {
    let mut lines = text.split_inclusive('\n');
    let first = lines.next().unwrap_or_default();
    if let [separator @ (b',' | b';' | b'\t')] = first.trim_end_matches(['\r', '\n']).strip_prefix("sep=").unwrap_or_default().as_bytes() {
        return (*separator, first.len());
    }
    let header = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let mut quoted = false;
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    for byte in header.bytes() {
        quoted ^= byte == b'"';
        if let Some((_, count)) = counts.iter_mut().find(|(candidate, _)| *candidate == byte && !quoted) {
            *count += 1;
        }
    }
    let best = counts.into_iter().rev().max_by_key(|&(_, count)| count);
    (best.map_or(b',', |(candidate, _)| candidate), 0)
}

fn decode_octets(bytes: &[u8]) -> (Cow<'_, str>, Encoding) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), Encoding::Utf8),
        Err(_) => (Cow::Owned(bytes.iter().map(|&b| windows_1252(b)).collect()), Encoding::Windows1252),
    }
}

/// A half character becomes U+FFFD, which no address may have in it.
fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Cow<'static, str> {
    let (pairs, half) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|&pair| unit(pair)).chain((!half.is_empty()).then_some(0xD800));
    Cow::Owned(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

/// The WHATWG's index: the five unassigned octets are the controls of their number.
fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', //
        '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9F => HIGH.get(usize::from(byte - 0x80)).copied().unwrap_or(char::REPLACEMENT_CHARACTER),
        _ => char::from(byte),
    }
}
