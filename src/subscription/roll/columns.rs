//! Which column of a roll says what: by the names that people and the tools we know give them.

use std::fmt;

use jiff::Timestamp;

use super::{Encoding, RollFault, RowFault, Shape, when};
use crate::subscription::{EmailAddress, Standing};

/// A tool whose exports we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// buttondown.com
    Buttondown,
    /// ghost.org
    Ghost,
    /// listmonk.app
    Listmonk,
    /// mailchimp.com
    Mailchimp,
    /// phplist.org
    PhpList,
    /// substack.com
    Substack,
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Buttondown => "Buttondown",
            Self::Ghost => "Ghost",
            Self::Listmonk => "listmonk",
            Self::Mailchimp => "Mailchimp",
            Self::PhpList => "phpList",
            Self::Substack => "Substack",
        })
    }
}

/// Columns that only one tool writes; all of them must be there.
const TOOLS: [(Tool, &[&str]); 6] = [
    (Tool::Buttondown, &["subscriber type"]),
    (Tool::Ghost, &["subscribed to emails"]),
    (Tool::Listmonk, &["uuid", "status", "attributes"]),
    (Tool::Mailchimp, &["optin time"]),
    (Tool::PhpList, &["is this subscriber confirmed"]),
    (Tool::Substack, &["active subscription", "email disabled"]),
];

const ADDRESS: [&str; 7] = ["email", "e mail", "email address", "e mail address", "emailaddress", "subscriber email", "mail"];
const NAME: [&str; 3] = ["name", "full name", "display name"];
const FIRST_NAME: [&str; 4] = ["first name", "firstname", "fname", "given name"];
const LAST_NAME: [&str; 5] = ["last name", "lastname", "lname", "surname", "family name"];
/// The best first: when they agreed, when they asked, when the row was made.
const SINCE: [&str; 13] = [
    "since",
    "confirm time",
    "confirmed at",
    "subscription date",
    "subscribed at",
    "joined",
    "joined at",
    "date joined",
    "optin time",
    "created at",
    "creation date",
    "created",
    "entered",
];

/// What a column of consent tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// A word for where the subscription stands.
    Word,
    /// Yes: confirmed; no: pending.
    Confirmed,
    /// Yes: confirmed; no: ended.
    Receives,
    /// Yes: ended; no: confirmed. Only where a tool lists nobody who did not agree.
    Stopped,
    /// Yes: ended; no: nothing, there may have been no consent to begin with.
    Gone,
    /// A time: confirmed; empty: nothing.
    ConfirmedAt,
    /// A time: ended; empty: nothing.
    GoneAt,
}

const SIGNS: [(&str, Sign); 25] = [
    ("standing", Sign::Word),
    ("status", Sign::Word),
    ("subscription status", Sign::Word),
    ("subscriber type", Sign::Word),
    ("confirmed", Sign::Confirmed),
    ("is confirmed", Sign::Confirmed),
    ("is this subscriber confirmed", Sign::Confirmed),
    ("subscribed", Sign::Receives),
    ("is subscribed", Sign::Receives),
    ("subscribed to emails", Sign::Receives),
    ("email disabled", Sign::Stopped),
    ("blacklisted", Sign::Gone),
    ("blocklisted", Sign::Gone),
    ("disabled", Sign::Gone),
    ("unsubscribed", Sign::Gone),
    ("is this subscriber blacklisted", Sign::Gone),
    ("is this account disabled?", Sign::Gone),
    ("confirm time", Sign::ConfirmedAt),
    ("confirmed at", Sign::ConfirmedAt),
    ("unsub time", Sign::GoneAt),
    ("clean time", Sign::GoneAt),
    ("deleted at", Sign::GoneAt),
    ("unsubscribed at", Sign::GoneAt),
    ("unsubscription date", Sign::GoneAt),
    ("ended at", Sign::GoneAt),
];

const PENDING: [&str; 5] = ["pending", "unconfirmed", "unactivated", "not confirmed", "waiting"];
const CONFIRMED: [&str; 9] = ["confirmed", "enabled", "subscribed", "active", "regular", "premium", "gifted", "trialed", "opted in"];
const ENDED: [&str; 20] = [
    "ended",
    "unsubscribed",
    "disabled",
    "blocklisted",
    "blacklisted",
    "blocked",
    "cleaned",
    "bounced",
    "undeliverable",
    "complained",
    "removed",
    "deleted",
    "inactive",
    "spammy",
    "archived",
    "opted out",
    "churned",
    "churning",
    "suppressed",
    "unsubscribe",
];

/// What a row says of consent, and in which words.
pub(super) enum Verdict {
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
    address: Column,
    name: Vec<Column>,
    signs: Vec<(Sign, Column)>,
    since: Vec<Column>,
}

impl Columns {
    pub(super) fn recognise(header: &[String]) -> Result<Self, RollFault> {
        let folded: Vec<String> = header.iter().map(|name| fold(name)).collect();
        let column = |wanted: &str| {
            let place = folded.iter().position(|name| name == wanted)?;
            Some(Column { place, name: header.get(place)?.trim().to_owned() })
        };
        let first_of = |wanted: &[&str]| wanted.iter().find_map(|name| column(name));
        let Some(address) = first_of(&ADDRESS) else {
            let reader = header.iter().any(|cell| EmailAddress::parse_mailbox(cell).is_ok());
            return Err(if reader { RollFault::NoHeader } else { RollFault::NoAddressColumn { found: header.to_vec() } });
        };
        let whole = first_of(&NAME).map(|name| vec![name]);
        Ok(Self {
            tool: TOOLS.into_iter().find(|(_, own)| own.iter().all(|name| column(name).is_some())).map(|(tool, _)| tool),
            address,
            name: whole.unwrap_or_else(|| [first_of(&FIRST_NAME), first_of(&LAST_NAME)].into_iter().flatten().collect()),
            signs: SIGNS.into_iter().filter_map(|(name, sign)| Some((sign, column(name)?))).collect(),
            since: SINCE.into_iter().filter_map(column).collect(),
        })
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
        self.signs.iter().any(|(sign, _)| !matches!(sign, Sign::Gone | Sign::GoneAt))
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

    /// The best time that is understood.
    pub(super) fn since(&self, cells: &[String]) -> Option<Timestamp> {
        self.since.iter().find_map(|column| when::parse(cell(cells, column)))
    }

    /// All signs together: one that says "ended" outweighs the others, then one that says "pending".
    pub(super) fn verdict(&self, cells: &[String]) -> Result<Verdict, RowFault> {
        let mut verdict = Verdict::Silent;
        for (sign, column) in &self.signs {
            let text = cell(cells, column).trim();
            let fault = |Unclear| RowFault::Consent { column: column.name.clone(), word: text.chars().take(80).collect() };
            let Some(standing) = read_sign(*sign, text).map_err(fault)? else {
                continue;
            };
            let outweighs = match &verdict {
                Verdict::Silent => true,
                Verdict::Says(known, _) => weight(standing) > weight(*known),
            };
            if outweighs {
                verdict = Verdict::Says(standing, format!("{} = {text}", column.name));
            }
        }
        Ok(verdict)
    }
}

fn weight(standing: Standing) -> u8 {
    match standing {
        Standing::Confirmed => 0,
        Standing::Pending => 1,
        Standing::Ended => 2,
    }
}

/// A text that a column of consent should not have.
struct Unclear;

/// What one cell says; `None` if it says nothing.
fn read_sign(sign: Sign, text: &str) -> Result<Option<Standing>, Unclear> {
    if text.is_empty() {
        return Ok(None);
    }
    let either = |yes, no| flag(text).map(|flag| if flag { yes } else { no }).ok_or(Unclear);
    match sign {
        Sign::Word => word(text).map(Some).ok_or(Unclear),
        Sign::Confirmed => either(Some(Standing::Confirmed), Some(Standing::Pending)),
        Sign::Receives => either(Some(Standing::Confirmed), Some(Standing::Ended)),
        Sign::Stopped => either(Some(Standing::Ended), Some(Standing::Confirmed)),
        Sign::Gone => either(Some(Standing::Ended), None),
        Sign::ConfirmedAt => Ok(Some(Standing::Confirmed)),
        Sign::GoneAt => Ok(Some(Standing::Ended)),
    }
}

fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "t" | "yes" | "y" => Some(true),
        "0" | "false" | "f" | "no" | "n" => Some(false),
        _ => None,
    }
}

fn word(text: &str) -> Option<Standing> {
    let word = fold(text);
    let among = |words: &[&str]| words.contains(&word.as_str());
    if among(&ENDED) {
        Some(Standing::Ended)
    } else if among(&PENDING) {
        Some(Standing::Pending)
    } else if among(&CONFIRMED) {
        Some(Standing::Confirmed)
    } else {
        None
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

/// `CONFIRM_TIME`, `Confirm time` and `confirm-time` are one name.
fn fold(name: &str) -> String {
    name.to_lowercase().replace(['_', '-'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}
