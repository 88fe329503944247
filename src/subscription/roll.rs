//! A roll: the file of readers that an operator brings along, from a spreadsheet or from another tool.
//!
//! Reading it changes nothing. It says who is to be enrolled, with what proof of consent, and which rows were left out
//! and why; the desk shows that and enters the rest.

mod columns;
mod decode;
mod mapping;
mod reading;
mod rows;
mod tools;
mod when;
mod words;

use std::fmt;

use super::address::{NameFault, is_hidden};
use super::{AddressFault, Enrolment, Format, ListId};

pub use decode::{Encoding, Probe};
pub use mapping::Mapping;
pub use reading::{RollReader, Ways};
pub use tools::Tool;

/// Longest cell in characters; a longer one is a quotation mark that nobody closed.
pub const MAX_CELL: usize = 10_000;
/// How much of a rejected row is shown, in characters.
const EXCERPT: usize = 80;

/// What a file says, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roll {
    /// The rows that name a reader, in the order of the file. One address may stand in several of them: the store knows
    /// the spellings apart, and tells.
    pub entries: Vec<RollEntry>,
    /// Rows that were left out.
    pub rejected: Vec<RejectedRow>,
    /// How the file was understood.
    pub shape: Shape,
}

/// One reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollEntry {
    /// Line of the file, counted from 1.
    pub line: u64,
    /// On which list, where the file is an export of ours and says so.
    pub list: Option<ListId>,
    /// Unsubscribed, bounced or complained where the file comes from: never to be written to again, on any list.
    pub is_gone: bool,
    /// In which form the mail is wanted, where the file says so; else in the usual one.
    pub format: Format,
    /// What is to be entered; [`Standing::Ended`] for those who are gone.
    pub enrolment: Enrolment,
}

/// What a row turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RollRow {
    /// A reader.
    Reader(RollEntry),
    /// Nobody, and why.
    Rejected(RejectedRow),
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
    /// More or fewer cells than the header has names, so that nobody knows which is which.
    #[error("the row has {found} cells where the header has {wanted}; look for a separator that is not in quotation marks")]
    Ragged {
        /// In this row.
        found: usize,
        /// In the header.
        wanted: usize,
    },
    /// The last row, without its end.
    #[error("the file ends in the middle of this row; it was cut, so ask for it again")]
    Cut,
    /// The name of a list that is none.
    #[error("`{0}` is no list")]
    List(String),
    /// In an export of ours, of another list than the one that is asked for.
    #[error("the row is about the list `{0}`")]
    OtherList(ListId),
    /// More than [`MAX_CELL`] characters.
    #[error("a cell is longer than {MAX_CELL} characters; look for a quotation mark that is not closed")]
    LongCell,
}

impl RowFault {
    /// The same without the row's own words, to be counted by.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Address(_) => "no address that can be written to",
            Self::Name(_) => "no name that can be printed",
            Self::Consent { .. } => "a word that does not tell whether the reader agreed",
            Self::Silent => "no word whether the reader agreed",
            Self::Ragged { .. } => "more or fewer cells than the header",
            Self::Cut => "cut off",
            Self::List(_) => "no such list",
            Self::OtherList(_) => "about another list",
            Self::LongCell => "a cell without end",
        }
    }
}

/// Why a file is no roll at all. Nothing of it was read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RollFault {
    /// Nothing in it.
    #[error("the file is empty; a first line with column names such as `email,name` is wanted")]
    Empty,
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
    /// The operator named a column that is not there.
    #[error("no column is named `{name}`; found: {}", quoted(.found))]
    NoSuchColumn {
        /// The name.
        name: String,
        /// The columns there are.
        found: Vec<String>,
    },
    /// A known tool's file lacks the column that tells who left, and nothing was assumed.
    #[error(
        "this is a {tool} export that has lost its column `{column}`, so that it does not tell who left; export it again, \
         or pass `--assume confirmed` if you can prove that all agreed, or `--assume pending`"
    )]
    LostColumn {
        /// Which tool.
        tool: Tool,
        /// Which column, as the tool spells it.
        column: &'static str,
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

/// Reads a roll that is in memory as a whole.
pub fn read(bytes: &[u8], ways: Ways) -> Result<Roll, RollFault> {
    let mut probe = Probe::default();
    probe.look(bytes);
    let (mut entries, mut rejected) = (Vec::new(), Vec::new());
    let mut take = |row| match row {
        RollRow::Reader(entry) => entries.push(entry),
        RollRow::Rejected(row) => rejected.push(row),
    };
    let mut reader = RollReader::new(ways, probe.encoding());
    reader.feed(bytes, &mut take)?;
    let shape = reader.finish(take)?;
    Ok(Roll { entries, rejected, shape })
}

/// The beginning of a text, what is invisible in it spelt out.
fn shown(raw: &str, most: usize) -> String {
    let mut shown = String::new();
    for c in raw.trim_end_matches(['\r', '\n']).chars().take(most) {
        if is_hidden(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{}`", shown(name.trim(), EXCERPT))).collect::<Vec<_>>().join(", ")
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
