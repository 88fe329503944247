//! From the octets of a roll to its text, and to what separates its cells.

use std::fmt;

/// How a file's letters are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// What spreadsheets call "Unicode text", the low octet first.
    Utf16Little,
    /// The same, the high octet first.
    Utf16Big,
    /// A guess, where a file is no UTF-8: names may look wrong.
    Windows1252,
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16Little | Self::Utf16Big => "UTF-16",
            Self::Windows1252 => "not UTF-8, read as Windows-1252",
        })
    }
}

/// ZIP (XLSX, ODS) or OLE (XLS).
pub(super) fn is_spreadsheet(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0])
}

/// Looks through a whole file to tell its encoding, before the first row of it is read.
#[derive(Debug, Default)]
pub struct Probe {
    start: Vec<u8>,
    unread: Vec<u8>,
    is_no_utf8: bool,
}

impl Probe {
    /// Looks at the next octets.
    pub fn look(&mut self, octets: &[u8]) {
        let missing = 4_usize.saturating_sub(self.start.len());
        self.start.extend(octets.iter().take(missing));
        if self.is_no_utf8 {
            return;
        }
        let mut octets = octets;
        // A character that the last piece began is ended by a few octets of this one.
        while !self.unread.is_empty() {
            let Some((&next, rest)) = octets.split_first() else { return };
            octets = rest;
            self.unread.push(next);
            match std::str::from_utf8(&self.unread) {
                Ok(_) => self.unread.clear(),
                Err(fault) if fault.error_len().is_some() => {
                    self.is_no_utf8 = true;
                    return;
                }
                Err(_) => {}
            }
        }
        if let Err(fault) = std::str::from_utf8(octets) {
            self.is_no_utf8 = fault.error_len().is_some();
            self.unread.extend_from_slice(octets.get(fault.valid_up_to()..).unwrap_or_default());
        }
    }

    /// The encoding of all that was looked at.
    pub fn encoding(&self) -> Encoding {
        match self.start.as_slice() {
            // Without a mark: a Latin column name has a NUL beside its first letter.
            [0xFF, 0xFE, ..] | [1..=255, 0, 1..=255, 0, ..] => Encoding::Utf16Little,
            [0xFE, 0xFF, ..] | [0, 1..=255, 0, 1..=255, ..] => Encoding::Utf16Big,
            _ if self.is_no_utf8 || !self.unread.is_empty() => Encoding::Windows1252,
            _ => Encoding::Utf8,
        }
    }
}

/// From octets to text, in pieces that may end in the middle of a character.
#[derive(Debug)]
pub(super) struct Decoder {
    encoding: Encoding,
    unread: Vec<u8>,
    has_begun: bool,
}

impl Decoder {
    pub(super) fn new(encoding: Encoding) -> Self {
        Self { encoding, unread: Vec::new(), has_begun: false }
    }

    /// Adds the text of these octets, without the byte order mark of the file.
    pub(super) fn decode(&mut self, octets: &[u8], text: &mut String) {
        let joined;
        let octets = if self.unread.is_empty() {
            octets
        } else {
            self.unread.extend_from_slice(octets);
            joined = std::mem::take(&mut self.unread);
            joined.as_slice()
        };
        if !self.has_begun && octets.len() < 3 {
            self.unread = octets.to_vec();
            return;
        }
        self.add(octets, text);
    }

    /// Adds what is left: half a character becomes U+FFFD, which no address may have in it.
    pub(super) fn finish(&mut self, text: &mut String) {
        let rest = std::mem::take(&mut self.unread);
        self.add(&rest, text);
        if !self.unread.is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }

    fn add(&mut self, octets: &[u8], text: &mut String) {
        let mark: &[u8] = match self.encoding {
            Encoding::Utf16Little => &[0xFF, 0xFE],
            Encoding::Utf16Big => &[0xFE, 0xFF],
            Encoding::Utf8 | Encoding::Windows1252 => &[0xEF, 0xBB, 0xBF],
        };
        let octets = if self.has_begun { octets } else { octets.strip_prefix(mark).unwrap_or(octets) };
        self.has_begun = true;
        let read = match self.encoding {
            Encoding::Utf8 => utf8(octets, text),
            Encoding::Utf16Little => utf16(octets, u16::from_le_bytes, text),
            Encoding::Utf16Big => utf16(octets, u16::from_be_bytes, text),
            Encoding::Windows1252 => {
                text.extend(octets.iter().map(|&octet| windows_1252(octet)));
                octets.len()
            }
        };
        self.unread.extend_from_slice(octets.get(read..).unwrap_or_default());
    }
}

/// Says how many octets were read. The file was UTF-8 when it was looked through; what is not any more is lost.
fn utf8(octets: &[u8], text: &mut String) -> usize {
    match std::str::from_utf8(octets) {
        Ok(whole) => {
            text.push_str(whole);
            octets.len()
        }
        Err(fault) => {
            let end = if fault.error_len().is_some() { octets.len() } else { fault.valid_up_to() };
            text.push_str(&String::from_utf8_lossy(octets.get(..end).unwrap_or_default()));
            end
        }
    }
}

/// Says how many octets were read: not the first half of a pair.
fn utf16(octets: &[u8], unit: fn([u8; 2]) -> u16, text: &mut String) -> usize {
    let (pairs, half) = octets.as_chunks::<2>();
    let is_high = |pair: &&[u8; 2]| (0xD800..0xDC00).contains(&unit(**pair));
    let whole = if pairs.last().as_ref().is_some_and(is_high) { pairs.len() - 1 } else { pairs.len() };
    let units = pairs.iter().take(whole).map(|&pair| unit(pair));
    text.extend(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
    octets.len() - half.len() - 2 * (pairs.len() - whole)
}

/// The octet that separates cells, and how many octets of the text come before the header: spreadsheets may write
/// `sep=;` on the first line.
pub(super) fn delimiter(text: &str) -> (u8, usize) {
    let mut lines = text.split_inclusive('\n');
    let first = lines.next().unwrap_or_default();
    if let [separator @ (b',' | b';' | b'\t' | b'|')] =
        first.trim_end_matches(['\r', '\n']).strip_prefix("sep=").unwrap_or_default().as_bytes()
    {
        return (*separator, first.len());
    }
    let header = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let mut quoted = false;
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0), (b'|', 0)];
    for byte in header.bytes() {
        quoted ^= byte == b'"';
        if let Some((_, count)) = counts.iter_mut().find(|(candidate, _)| *candidate == byte && !quoted) {
            *count += 1;
        }
    }
    let best = counts.into_iter().rev().max_by_key(|&(_, count)| count);
    (best.map_or(b',', |(candidate, _)| candidate), 0)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_pieces_of_any_size_is_the_same_text() {
        let text = "email;näme\nzoë@x.org;👩 Ada\n";
        let utf16 = |octets: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(octets).collect::<Vec<u8>>();
        let latin: Vec<u8> = "email;näme\n".chars().map(|c| u8::try_from(c).unwrap()).collect();
        for (octets, wanted, encoding) in [
            (text.as_bytes().to_vec(), text, Encoding::Utf8),
            (format!("\u{feff}{text}").into_bytes(), text, Encoding::Utf8),
            (utf16(u16::to_le_bytes), text, Encoding::Utf16Little),
            ([vec![0xFE, 0xFF], utf16(u16::to_be_bytes)].concat(), text, Encoding::Utf16Big),
            (latin, "email;näme\n", Encoding::Windows1252),
        ] {
            for size in 1..octets.len() {
                let (mut probe, mut decoder, mut read) = (Probe::default(), Decoder::new(encoding), String::new());
                for piece in octets.chunks(size) {
                    probe.look(piece);
                    decoder.decode(piece, &mut read);
                }
                decoder.finish(&mut read);
                assert_eq!((probe.encoding(), read.as_str()), (encoding, wanted), "in pieces of {size}");
            }
        }
    }

    #[test]
    fn windows_letters_are_those_of_the_tables() {
        let mut read = String::new();
        Decoder::new(Encoding::Windows1252).decode(b"\x80\x93\xE9\x81", &mut read);
        assert_eq!(read, "€“é\u{81}");
    }
}
