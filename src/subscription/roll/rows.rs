//! The rows of a text, with the lines on which they really begin; and where a text may be cut without cutting a row.

use csv::{ByteRecord, ReaderBuilder};

use super::RollFault;

/// One row as it stands in the file.
pub(super) struct Row<'t> {
    pub(super) line: u64,
    pub(super) raw: &'t str,
    pub(super) cells: &'t [String],
    /// The text ends with this row, and without a line break.
    pub(super) is_unended: bool,
}

/// The rows of a text.
pub(super) struct Rows<'t> {
    text: &'t str,
    is_last: bool,
    reader: csv::Reader<&'t [u8]>,
    record: ByteRecord,
    cells: Vec<String>,
    /// Octets already looked at for line breaks, and the line on which they end.
    counted: usize,
    line: u64,
    skipped: usize,
}

impl<'t> Rows<'t> {
    /// The rows of a text that begins on this line, after so many octets of it; `is_last` if nothing follows the text.
    pub(super) fn new(text: &'t str, delimiter: u8, skipped: usize, line: u64, is_last: bool) -> Self {
        let rest = text.as_bytes().get(skipped..).unwrap_or_default();
        let reader = ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(rest);
        Self { text, is_last, reader, record: ByteRecord::new(), cells: Vec::new(), counted: 0, line, skipped }
    }

    /// The next row with anything in it.
    pub(super) fn next_row(&mut self) -> Result<Option<Row<'_>>, RollFault> {
        loop {
            let before = self.offset();
            // Reading from memory, cells of any length, rows of any width: there is nothing left to fail.
            if !self.reader.read_byte_record(&mut self.record).unwrap_or(false) {
                return Ok(None);
            }
            let span = self.text.get(before..self.offset()).unwrap_or_default();
            let raw = span.trim_start_matches(['\r', '\n']);
            let line = self.line_at(before + span.len() - raw.len());
            let is_at_end = self.is_last && self.offset() >= self.text.len();
            if is_at_end && raw.bytes().filter(|&b| b == b'"').count() % 2 == 1 && raw.trim_end().contains(['\r', '\n']) {
                return Err(RollFault::OpenQuote { line });
            }
            if self.record.iter().any(|cell| !cell.trim_ascii().is_empty()) {
                self.fill_cells();
                let is_unended = is_at_end && !raw.ends_with(['\r', '\n']);
                return Ok(Some(Row { line, raw, cells: &self.cells, is_unended }));
            }
        }
    }

    /// The line on which the text ends.
    pub(super) fn last_line(mut self) -> u64 {
        self.line_at(self.text.len())
    }

    /// How many octets of the text the rows so far took.
    pub(super) fn offset(&self) -> usize {
        self.skipped + usize::try_from(self.reader.position().byte()).unwrap_or(usize::MAX - self.skipped)
    }

    /// The cells of one row make room for those of the next: a million rows would be twenty million strings.
    fn fill_cells(&mut self) {
        self.cells.resize_with(self.record.len(), String::new);
        for (cell, octets) in self.cells.iter_mut().zip(&self.record) {
            cell.clear();
            cell.push_str(&String::from_utf8_lossy(octets));
        }
    }

    /// The reader's own count goes wrong at empty lines and at lone CRs.
    fn line_at(&mut self, offset: usize) -> u64 {
        let octets = self.text.as_bytes();
        for place in self.counted..offset {
            let lone_cr = octets.get(place) == Some(&b'\r') && octets.get(place + 1) != Some(&b'\n');
            if octets.get(place) == Some(&b'\n') || lone_cr {
                self.line += 1;
            }
        }
        self.counted = offset;
        self.line
    }
}

/// Where a cell stands while a text is looked through, as the reader of rows would see it.
enum Place {
    Start,
    Bare,
    Quoted,
    AfterQuote,
}

/// How much of a text, from the start of a row on, is whole rows. A CR that ends the text may be half of a line break.
pub(super) fn whole_rows(text: &str, delimiter: u8) -> usize {
    let octets = text.as_bytes();
    let (mut place, mut end) = (Place::Start, 0);
    for (at, &octet) in octets.iter().enumerate() {
        place = match (place, octet) {
            (Place::Quoted, b'"') => Place::AfterQuote,
            (Place::Start | Place::AfterQuote, b'"') | (Place::Quoted, _) => Place::Quoted,
            (_, b'\n') => {
                end = at + 1;
                Place::Start
            }
            (_, b'\r') => {
                if octets.get(at + 1).is_some_and(|&next| next != b'\n') {
                    end = at + 1;
                }
                Place::Start
            }
            (_, other) if other == delimiter => Place::Start,
            _ => Place::Bare,
        };
    }
    end
}

#[cfg(test)]
mod tests {
    use super::whole_rows;

    #[test]
    fn a_text_is_cut_where_no_row_is() {
        for (text, whole) in [
            ("a,b\nc", "a,b\n"),
            ("a,b\r\nc,d\r", "a,b\r\n"),
            ("a\rb\r", "a\r"),
            ("a,\"b\nc\"\nd", "a,\"b\nc\"\n"),
            ("a,\"b\nc", ""),
            ("a,\"b\"\"\nc", ""),
            ("5\" x\nb", "5\" x\n"),
            ("\"a\"x\"\nb", "\"a\"x\"\n"),
            ("", ""),
        ] {
            assert_eq!(&text[..whole_rows(text, b',')], whole, "{text:?}");
        }
    }
}
