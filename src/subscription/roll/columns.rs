//! Which column of a roll says what: by the names that people and the tools we know give them.

use jiff::Timestamp;

use super::words::{ADDRESS, FIRST_NAME, LAST_NAME, NAME, PLAIN, SIGNS, SINCE, Said, Sign, fold, read_sign};
use super::{Encoding, Mapping, RollFault, RowFault, Shape, Tool, tools, when};
use crate::subscription::{EmailAddress, Evidence, Format, ListId, Standing};

/// What a row says of consent, and in which words.
pub(super) enum Verdict {
    /// Never to be written to again.
    Gone(String),
    Says(Standing, String),
    Silent,
}

#[derive(Debug)]
struct Column {
    place: usize,
    name: String,
}

/// The columns that matter.
#[derive(Debug)]
pub(super) struct Columns {
    tool: Option<Tool>,
    lost: Option<&'static str>,
    /// Nobody in the file is to be written to.
    is_of_departures: bool,
    width: usize,
    address: Column,
    name: Vec<Column>,
    signs: Vec<(Sign, Column)>,
    since: Vec<Column>,
    format: Option<Column>,
    /// List, channel and evidence, in an export of ours.
    own: Option<[Column; 3]>,
}

impl Columns {
    pub(super) fn recognise(header: &[String], mapping: &Mapping) -> Result<Self, RollFault> {
        let folded: Vec<String> = header.iter().map(|name| fold(name)).collect();
        let at = |place: usize| Some(Column { place, name: header.get(place)?.trim().to_owned() });
        let column = |wanted: &str| folded.iter().position(|name| name == wanted).and_then(at);
        let exact = |wanted: &str| header.iter().position(|name| name.trim() == wanted).and_then(at);
        let named = |wanted: &str| exact(wanted).or_else(|| column(&fold(wanted)));
        let first_of = |wanted: &[&str]| wanted.iter().find_map(|name| column(name));
        if let Some(missing) = mapping.columns().find(|name| named(name).is_none()) {
            return Err(RollFault::NoSuchColumn { name: missing.to_owned(), found: header.to_vec() });
        }
        let Some(address) = mapping.email.as_deref().and_then(named).or_else(|| first_of(&ADDRESS)) else {
            let reader = header.iter().any(|cell| EmailAddress::parse_mailbox(cell).is_ok());
            return Err(if reader { RollFault::NoHeader } else { RollFault::NoAddressColumn { found: header.to_vec() } });
        };
        let told: Vec<Column> = mapping.name.iter().filter_map(|name| named(name)).collect();
        let name = if told.is_empty() { first_of(&NAME).map_or_else(Vec::new, |name| vec![name]) } else { told };
        let parts = || [first_of(&FIRST_NAME), first_of(&LAST_NAME)].into_iter().flatten().collect();
        let signs = match mapping.status.as_deref().and_then(named) {
            Some(status) => vec![(Sign::Word, status)],
            None => SIGNS.into_iter().filter_map(|(name, sign)| Some((sign, column(name)?))).collect(),
        };
        let (tool, lost) = tools::recognise(&folded).map_or((None, None), |(tool, lost)| (Some(tool), lost));
        Ok(Self {
            tool,
            lost: lost.filter(|_| mapping.status.is_none()),
            is_of_departures: tool.is_some_and(|tool| tools::is_of_departures(tool, &folded)),
            width: header.len(),
            address,
            name: if name.is_empty() { parts() } else { name },
            signs,
            since: mapping.since.as_deref().and_then(named).into_iter().chain(SINCE.into_iter().filter_map(column)).collect(),
            format: mapping.format.as_deref().and_then(named).or_else(|| column("format").filter(|_| tool == Some(Tool::Masthead))),
            own: if tool == Some(Tool::Masthead) {
                column("list").zip(column("channel")).zip(column("evidence")).map(|((a, b), c)| [a, b, c])
            } else {
                None
            },
        })
    }

    /// The tool that wrote the file, and its column of consent that the file has lost.
    pub(super) fn lost(&self) -> Option<(Tool, &'static str)> {
        self.tool.zip(self.lost)
    }

    /// Refuses a row of which nobody knows which cell is which. Cells that are missing at the end of a row were empty,
    /// unless they tell of consent, or the file was cut there.
    pub(super) fn check_width(&self, cells: &[String], is_unended: bool) -> Result<(), RowFault> {
        let ragged = RowFault::Ragged { found: cells.len(), wanted: self.width };
        if cells.iter().skip(self.width).any(|cell| !cell.trim().is_empty()) {
            return Err(ragged);
        }
        if cells.len() < self.width && is_unended {
            return Err(RowFault::Cut);
        }
        if self.signs.iter().any(|(_, column)| column.place >= cells.len()) { Err(ragged) } else { Ok(()) }
    }

    /// The list that an export of ours names.
    pub(super) fn list(&self, cells: &[String]) -> Result<Option<ListId>, RowFault> {
        let Some(named) = self.own.as_ref().map(|[list, ..]| cell(cells, list).trim()).filter(|list| !list.is_empty()) else {
            return Ok(None);
        };
        named.parse().map(Some).map_err(|_| RowFault::List(named.chars().take(80).collect()))
    }

    /// The evidence that an export of ours gives.
    pub(super) fn evidence(&self, cells: &[String]) -> Option<Evidence> {
        let [_, channel, detail] = self.own.as_ref()?;
        let (channel, detail) = (cell(cells, channel).to_owned(), cell(cells, detail).to_owned());
        (!channel.is_empty() || !detail.is_empty()).then_some(Evidence { channel, detail })
    }

    pub(super) fn shape(&self, encoding: Encoding, delimiter: char) -> Shape {
        let names = |columns: &[Column]| columns.iter().map(|column| column.name.clone()).collect();
        Shape {
            tool: self.tool,
            encoding,
            delimiter,
            address: self.address.name.clone(),
            name: names(&self.name),
            consent: self.signs.iter().map(|(_, column)| column.name.clone()).collect(),
            since: names(&self.since),
        }
    }

    /// Whether some column can say that a reader agreed.
    pub(super) fn can_affirm(&self) -> bool {
        self.is_of_departures || self.signs.iter().any(|(sign, _)| !matches!(sign, Sign::Gone | Sign::GoneAt | Sign::Lists))
    }

    pub(super) fn have_confirmation_time(&self) -> bool {
        self.signs.iter().any(|(sign, _)| *sign == Sign::ConfirmedAt)
    }

    pub(super) fn address<'r>(&self, cells: &'r [String]) -> &'r str {
        unguarded(cell(cells, &self.address))
    }

    /// The cells of the name with a blank between them.
    pub(super) fn name(&self, cells: &[String]) -> String {
        self.name.iter().map(|column| unguarded(cell(cells, column))).collect::<Vec<_>>().join(" ")
    }

    /// In which form the mail is wanted: as usual where the file does not say, or says something else.
    pub(super) fn format(&self, cells: &[String]) -> Format {
        let said = self.format.as_ref().map_or("", |column| cell(cells, column)).trim().to_ascii_lowercase();
        if PLAIN.contains(&said.as_str()) { Format::Text } else { Format::Html }
    }

    /// The best time that is understood.
    pub(super) fn since(&self, cells: &[String]) -> Option<Timestamp> {
        self.since.iter().find_map(|column| when::parse(cell(cells, column)))
    }

    /// All signs together: one that says "gone" outweighs the others, then "ended", then "pending".
    pub(super) fn verdict(&self, cells: &[String]) -> Result<Verdict, RowFault> {
        let mut heaviest: Option<(Said, &Column, &str)> = None;
        for (sign, column) in &self.signs {
            let text = cell(cells, column).trim();
            let fault = || RowFault::Consent { column: column.name.clone(), word: text.chars().take(80).collect() };
            let Some(said) = read_sign(*sign, text).map_err(|_| fault())? else { continue };
            if heaviest.is_none_or(|(known, ..)| said > known) {
                heaviest = Some((said, column, text));
            }
        }
        let proof = |column: &Column, text: &str| format!("{} = {text}", column.name);
        Ok(match heaviest {
            Some((Said::Gone, column, text)) => Verdict::Gone(proof(column, text)),
            _ if self.is_of_departures => Verdict::Gone("the file lists those who left".to_owned()),
            Some((Said::Ended, column, text)) => Verdict::Says(Standing::Ended, proof(column, text)),
            Some((Said::Pending, column, text)) => Verdict::Says(Standing::Pending, proof(column, text)),
            Some((Said::Confirmed, column, text)) => Verdict::Says(Standing::Confirmed, proof(column, text)),
            None => Verdict::Silent,
        })
    }
}

fn cell<'r>(cells: &'r [String], column: &Column) -> &'r str {
    cells.get(column.place).map_or("", String::as_str)
}

/// A cell without the apostrophe that Ghost and phpList put before what a spreadsheet would take for a formula: with it,
/// `+tag@example.org` would be another address.
fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'').map(|rest| rest.trim_start_matches(' ')) {
        Some(rest) if rest.starts_with(['=', '+', '-', '@', '\t', '\r']) => rest,
        _ => cell,
    }
}
