//! A roll: the file of readers that an operator brings along, from a spreadsheet or from another tool.
//!
//! Reading it changes nothing. It says who is to be enrolled, with what proof of consent, and which rows were left out
//! and why; the desk shows that and enters the rest.

mod columns;
mod decode;
mod when;

use std::collections::HashMap;
use std::fmt;

use csv::{ByteRecord, ReaderBuilder};

use super::address::{NameFault, is_hidden};
use super::{AddressFault, EmailAddress, Enrolment, Evidence, PersonName, Standing};
use columns::{Columns, Verdict};

pub use columns::Tool;
pub use decode::Encoding;

/// Largest roll in octets.
pub const MAX_ROLL: usize = 256 * 1024 * 1024;
/// Longest cell in characters; a longer one is a quotation mark that nobody closed.
pub const MAX_CELL: usize = 10_000;
/// How much of a rejected row is shown, in characters.
const EXCERPT: usize = 80;

/// What a file says, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roll {
    /// Those to be enrolled, in the order of the file, each address once.
    pub entries: Vec<RollEntry>,
    /// Rows that were left out.
    pub rejected: Vec<RejectedRow>,
    /// Rows whose address stands further up already. The first row counts; but if any of them says that the reader
    /// left, the reader left.
    pub duplicates: Vec<Duplicate>,
    /// How the file was understood.
    pub shape: Shape,
}

/// One reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollEntry {
    /// Line of the file, counted from 1.
    pub line: u64,
    /// What is to be entered.
    pub enrolment: Enrolment,
}

/// A row that names no reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedRow {
    /// Line of the file on which the row begins, counted from 1.
    pub line: u64,
    /// How it begins, at most 80 characters, invisible ones spelt out.
    pub excerpt: String,
    /// What is wrong with it.
    pub reason: RowFault,
}

/// The same reader once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duplicate {
    /// Line of this row, counted from 1.
    pub line: u64,
    /// Line of the first row with this address.
    pub first_line: u64,
}

/// How a file was understood, for the operator to check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// The tool that wrote it, where its columns tell.
    pub tool: Option<Tool>,
    /// How its letters are encoded.
    pub encoding: Encoding,
    /// What separates its cells.
    pub delimiter: char,
    /// The column of addresses.
    pub address: String,
    /// The columns of names: none, one, or first and last name.
    pub name: Vec<String>,
    /// The columns that tell of consent.
    pub consent: Vec<String>,
    /// The columns that tell since when, the best first.
    pub since: Vec<String>,
}

/// Why a row was left out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowFault {
    /// Its address.
    #[error(transparent)]
    Address(#[from] AddressFault),
    /// Its name.
    #[error(transparent)]
    Name(#[from] NameFault),
    /// A word in a column of consent that we do not know.
    #[error("`{word}` in the column `{column}` does not tell whether this reader agreed; write pending, confirmed or ended")]
    Consent {
        /// Which column.
        column: String,
        /// What stands there.
        word: String,
    },
    /// Nothing in the columns of consent.
    #[error("the row does not tell whether this reader agreed; fill in the column, or pass `--assume pending`")]
    Silent,
    /// More than [`MAX_CELL`] characters.
    #[error("a cell is longer than {MAX_CELL} characters; look for a quotation mark that is not closed")]
    LongCell,
}

/// Why a file is no roll at all. Nothing of it was read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RollFault {
    /// Nothing in it.
    #[error("the file is empty; a first line with column names such as `email,name` is wanted")]
    Empty,
    /// More than [`MAX_ROLL`] octets.
    #[error("the file is larger than 256 MiB; split it")]
    TooLarge,
    /// XLSX, ODS or XLS.
    #[error("this is a spreadsheet; save it as CSV and import that")]
    Spreadsheet,
    /// The first line is a reader already.
    #[error("the first line is an address, not the names of the columns; put a line such as `email` or `email,name` before it")]
    NoHeader,
    /// No column of addresses.
    #[error("no column is named `email`; found: {}", quoted(.found))]
    NoAddressColumn {
        /// The columns there are.
        found: Vec<String>,
    },
    /// No column tells of consent, and nothing was assumed.
    #[error(
        "nothing in the file tells who agreed to get this mail (columns: {}); pass `--assume confirmed` if all did and you \
         can prove it, or `--assume pending`",
        quoted(.found)
    )]
    NoConsent {
        /// The columns there are.
        found: Vec<String>,
    },
    /// A quotation mark swallows the rest of the file.
    #[error("line {line}: a quotation mark is opened and never closed, so that the rest of the file would be one cell")]
    OpenQuote {
        /// Where the row begins.
        line: u64,
    },
}

/// Reads a roll. `file_name` goes into the evidence of each entry (STANDARDS C2); `assume` is the standing of those of
/// whom the file does not say whether they agreed.
pub fn read(bytes: &[u8], file_name: &str, assume: Option<Standing>) -> Result<Roll, RollFault> {
    if bytes.len() > MAX_ROLL {
        return Err(RollFault::TooLarge);
    }
    if decode::is_spreadsheet(bytes) {
        return Err(RollFault::Spreadsheet);
    }
    let (text, encoding) = decode::decode(bytes);
    let (delimiter, skipped) = decode::delimiter(&text);
    let mut rows = Rows::new(&text, delimiter, skipped);
    let header = rows.next_row()?.ok_or(RollFault::Empty)?;
    let columns = Columns::recognise(&header.cells)?;
    if assume.is_none() && !columns.can_affirm() {
        return Err(RollFault::NoConsent { found: header.cells });
    }
    let shape = columns.shape(encoding, char::from(delimiter));
    let mut reading = Reading {
        file_name,
        assume,
        columns,
        roll: Roll { entries: vec![], rejected: vec![], duplicates: vec![], shape },
        seen: HashMap::new(),
    };
    while let Some(row) = rows.next_row()? {
        reading.row(&row);
    }
    Ok(reading.roll)
}

/// A roll under way.
struct Reading<'a> {
    file_name: &'a str,
    assume: Option<Standing>,
    columns: Columns,
    roll: Roll,
    /// Where each address stands in `roll.entries`.
    seen: HashMap<String, usize>,
}

impl Reading<'_> {
    fn row(&mut self, row: &Row<'_>) {
        match self.enrolment(row) {
            Ok(enrolment) => self.enter(row.line, enrolment),
            Err(reason) => self.roll.rejected.push(RejectedRow { line: row.line, excerpt: excerpt(row.raw), reason }),
        }
    }

    fn enter(&mut self, line: u64, enrolment: Enrolment) {
        let key = enrolment.address.key();
        let Some(first) = self.seen.get(&key).and_then(|&place| self.roll.entries.get_mut(place)) else {
            self.seen.insert(key, self.roll.entries.len());
            self.roll.entries.push(RollEntry { line, enrolment });
            return;
        };
        self.roll.duplicates.push(Duplicate { line, first_line: first.line });
        // Who left under one spelling of the address has left: better one reader lost than one wronged.
        if enrolment.standing == Standing::Ended && first.enrolment.standing != Standing::Ended {
            first.enrolment.standing = Standing::Ended;
            first.enrolment.evidence = enrolment.evidence;
        }
    }

    fn enrolment(&self, row: &Row<'_>) -> Result<Enrolment, RowFault> {
        if row.cells.iter().any(|cell| cell.len() > MAX_CELL && cell.chars().count() > MAX_CELL) {
            return Err(RowFault::LongCell);
        }
        let (inner_name, address) = EmailAddress::parse_mailbox(self.columns.address(&row.cells))?;
        let name = self.columns.name(&row.cells);
        let name = if name.trim().is_empty() && !name.contains(is_hidden) { inner_name } else { Some(PersonName::parse(&name)?) };
        let (standing, proof) = self.standing(row)?;
        let detail = format!("{}, line {}: {proof}", self.file_name, row.line);
        let evidence = Evidence { channel: "import".to_owned(), detail };
        Ok(Enrolment { address, name, standing, since: self.columns.since(&row.cells), evidence })
    }

    fn standing(&self, row: &Row<'_>) -> Result<(Standing, String), RowFault> {
        match self.columns.verdict(&row.cells)? {
            Verdict::Says(standing, proof) => Ok((standing, proof)),
            Verdict::Silent => match self.assume {
                Some(standing) => Ok((standing, format!("not said in the file, assumed {standing}"))),
                None if self.columns.have_confirmation_time() => Ok((Standing::Pending, "no time of confirmation".to_owned())),
                None => Err(RowFault::Silent),
            },
        }
    }
}

/// One row as it stands in the file.
struct Row<'t> {
    line: u64,
    raw: &'t str,
    cells: Vec<String>,
}

/// The rows of a text, with the lines on which they really begin.
struct Rows<'t> {
    text: &'t str,
    reader: csv::Reader<&'t [u8]>,
    record: ByteRecord,
    /// Octets already looked at for line breaks, and the line on which they end.
    counted: usize,
    line: u64,
    skipped: usize,
}

impl<'t> Rows<'t> {
    fn new(text: &'t str, delimiter: u8, skipped: usize) -> Self {
        let rest = text.as_bytes().get(skipped..).unwrap_or_default();
        let reader = ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(rest);
        Self { text, reader, record: ByteRecord::new(), counted: 0, line: 1, skipped }
    }

    /// The next row with anything in it.
    fn next_row(&mut self) -> Result<Option<Row<'t>>, RollFault> {
        loop {
            let before = self.offset();
            // Reading from memory, cells of any length, rows of any width: there is nothing left to fail.
            if !self.reader.read_byte_record(&mut self.record).unwrap_or(false) {
                return Ok(None);
            }
            let span = self.text.get(before..self.offset()).unwrap_or_default();
            let raw = span.trim_start_matches(['\r', '\n']);
            let line = self.line_at(before + span.len() - raw.len());
            let open = raw.bytes().filter(|&b| b == b'"').count() % 2 == 1;
            if open && self.offset() >= self.text.len() && raw.trim_end().contains(['\r', '\n']) {
                return Err(RollFault::OpenQuote { line });
            }
            if self.record.iter().any(|cell| !cell.trim_ascii().is_empty()) {
                let cells = self.record.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
                return Ok(Some(Row { line, raw, cells }));
            }
        }
    }

    fn offset(&self) -> usize {
        self.skipped + usize::try_from(self.reader.position().byte()).unwrap_or(usize::MAX - self.skipped)
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

fn excerpt(raw: &str) -> String {
    let mut shown = String::new();
    for c in raw.trim_end_matches(['\r', '\n']).chars().take(EXCERPT) {
        if is_hidden(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{}`", excerpt(name.trim()))).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Shape {
    /// One line for the operator.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tool {
            Some(tool) => write!(f, "{tool} export, {}", self.encoding)?,
            None => write!(f, "{}", self.encoding)?,
        }
        let named = [("names", &self.name), ("consent", &self.consent), ("since", &self.since)];
        write!(f, "; address from `{}`", self.address)?;
        for (what, columns) in named.into_iter().filter(|(_, columns)| !columns.is_empty()) {
            write!(f, ", {what} from {}", quoted(columns))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
