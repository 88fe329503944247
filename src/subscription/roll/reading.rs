//! A roll under way: octets go in as they come from the disk, rows come out, and nothing of either is kept.

use super::columns::{Columns, Verdict};
use super::decode::{self, Decoder, Encoding};
use super::rows::{Row, Rows, whole_rows};
use super::{EXCERPT, MAX_CELL, Mapping, RejectedRow, RollEntry, RollFault, RollRow, RowFault, Shape, shown};
use crate::subscription::address::is_hidden;
use crate::subscription::{EmailAddress, Enrolment, Evidence, PersonName, Standing};

/// How much must be there before the header is looked for, in octets.
const ENOUGH: usize = 16 * 1024;
/// The longest row in octets; what is longer is a quotation mark that nobody closed.
const MAX_ROW: usize = 1024 * 1024;

/// What the operator says of a roll beside what stands in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ways {
    /// The file's name, for the evidence of each entry (STANDARDS C2).
    pub file_name: String,
    /// The standing of those of whom the file does not say whether they agreed.
    pub assume: Option<Standing>,
    /// Columns to read where their names do not tell.
    pub mapping: Mapping,
}

/// Reads a roll piece by piece.
#[derive(Debug)]
pub struct RollReader {
    ways: Ways,
    encoding: Encoding,
    decoder: Decoder,
    /// What is decoded and not yet read.
    text: String,
    /// The line on which that begins.
    line: u64,
    begun: Option<Begun>,
}

/// What the header says.
#[derive(Debug)]
struct Begun {
    columns: Columns,
    delimiter: u8,
    shape: Shape,
}

impl RollReader {
    /// A reader of a file in this encoding, which [`super::Probe`] tells.
    pub fn new(ways: Ways, encoding: Encoding) -> Self {
        Self { ways, encoding, decoder: Decoder::new(encoding), text: String::new(), line: 1, begun: None }
    }

    /// Takes the next octets of the file, and hands out the rows that they complete.
    pub fn feed(&mut self, octets: &[u8], take: impl FnMut(RollRow)) -> Result<(), RollFault> {
        if self.begun.is_none() && self.text.is_empty() && decode::is_spreadsheet(octets) {
            return Err(RollFault::Spreadsheet);
        }
        self.decoder.decode(octets, &mut self.text);
        if self.begun.is_none() && self.text.len() < ENOUGH {
            return Ok(());
        }
        self.read(false, take)
    }

    /// Hands out the last rows. Says how the file was understood.
    pub fn finish(mut self, take: impl FnMut(RollRow)) -> Result<Shape, RollFault> {
        self.decoder.finish(&mut self.text);
        self.read(true, take)?;
        self.begun.map(|begun| begun.shape).ok_or(RollFault::Empty)
    }

    /// How the file is understood, once its header was read.
    pub fn shape(&self) -> Option<&Shape> {
        self.begun.as_ref().map(|begun| &begun.shape)
    }

    fn read(&mut self, is_last: bool, mut take: impl FnMut(RollRow)) -> Result<(), RollFault> {
        let skipped = if self.begun.is_none() { self.begin()? } else { 0 };
        let Some(Begun { columns, delimiter, .. }) = &self.begun else { return Err(RollFault::Empty) };
        let rest = self.text.get(skipped..).unwrap_or_default();
        let whole = if is_last { rest.len() } else { whole_rows(rest, *delimiter) };
        let end = skipped + whole;
        if self.text.len() - end > MAX_ROW {
            let before = self.text.get(..end).unwrap_or_default();
            return Err(RollFault::OpenQuote { line: Rows::new(before, *delimiter, 0, self.line, false).last_line() });
        }
        let mut rows = Rows::new(self.text.get(..end).unwrap_or_default(), *delimiter, skipped, self.line, is_last);
        while let Some(row) = rows.next_row()? {
            take(judge(&self.ways, columns, &row));
        }
        self.line = rows.last_line();
        self.text.drain(..end);
        Ok(())
    }

    /// Understands the header, and says how many octets come before the first row.
    fn begin(&mut self) -> Result<usize, RollFault> {
        let (delimiter, skipped) = decode::delimiter(&self.text);
        let mut rows = Rows::new(&self.text, delimiter, skipped, 1, false);
        let header = rows.next_row()?.ok_or(RollFault::Empty)?.cells.to_vec();
        let columns = Columns::recognise(&header, &self.ways.mapping)?;
        if self.ways.assume.is_none() {
            if let Some((tool, column)) = columns.lost() {
                return Err(RollFault::LostColumn { tool, column });
            }
            if !columns.can_affirm() {
                return Err(RollFault::NoConsent { found: header });
            }
        }
        let skipped = rows.offset();
        let shape = columns.shape(self.encoding, char::from(delimiter));
        self.begun = Some(Begun { columns, delimiter, shape });
        Ok(skipped)
    }
}

fn judge(ways: &Ways, columns: &Columns, row: &Row<'_>) -> RollRow {
    match entry(ways, columns, row) {
        Ok(entry) => RollRow::Reader(entry),
        Err(reason) => RollRow::Rejected(RejectedRow { line: row.line, excerpt: shown(row.raw, EXCERPT), reason }),
    }
}

fn entry(ways: &Ways, columns: &Columns, row: &Row<'_>) -> Result<RollEntry, RowFault> {
    if row.cells.iter().any(|cell| cell.len() > MAX_CELL && cell.chars().count() > MAX_CELL) {
        return Err(RowFault::LongCell);
    }
    columns.check_width(row.cells, row.is_unended)?;
    let (inner_name, address) = EmailAddress::parse_mailbox(columns.address(row.cells))?;
    let name = columns.name(row.cells);
    let name = if name.trim().is_empty() && !name.contains(is_hidden) { inner_name } else { Some(PersonName::parse(&name)?) };
    let verdict = columns.verdict(row.cells)?;
    let (is_gone, standing, proof) = match verdict {
        Verdict::Gone(proof) => (true, Standing::Ended, proof),
        Verdict::Says(standing, proof) => (false, standing, proof),
        Verdict::Silent => match ways.assume {
            Some(standing) => (false, standing, format!("not said in the file, assumed {standing}")),
            None if columns.have_confirmation_time() => (false, Standing::Pending, "no time of confirmation".to_owned()),
            None => return Err(RowFault::Silent),
        },
    };
    let list = columns.list(row.cells)?;
    let evidence = columns
        .evidence(row.cells)
        .unwrap_or_else(|| Evidence { channel: "import".to_owned(), detail: format!("{}, line {}: {proof}", ways.file_name, row.line) });
    Ok(RollEntry {
        line: row.line,
        list,
        is_gone,
        format: columns.format(row.cells),
        enrolment: Enrolment { address, name, standing, since: columns.since(row.cells), evidence },
    })
}
