//! The tables of a newsroom, as they are the same on every engine, in the order in which they are filled: who is named comes
//! before who names.
//!
//! What an engine keeps beside them follows from them ([`DERIVED`]) or belongs to the place and not to the newsroom
//! ([`LOCAL`]). `tests/conformance` holds all three against the catalogue of each engine, so that nothing is forgotten.

/// How many rows are carried at once.
const MANY: usize = 4_000;

/// The same of rows that may hold a whole issue, or a mebibyte of a file.
const FEW: usize = 16;

/// A table of the newsroom.
#[derive(Debug)]
pub struct Table {
    /// What both engines call it.
    pub name: &'static str,
    /// Its columns; those of the key come first.
    pub columns: &'static [Column],
    /// How many columns make up the key by which its rows are told apart and put in order.
    pub key: usize,
    /// The column whose numbers the engine gives.
    pub number: Option<&'static str>,
    /// Whether a number stays given when its row is gone. Where it does not, an engine may give it again, or leave it out.
    pub gives_for_good: bool,
    /// How many rows of it are carried at once.
    pub page: usize,
}

/// A column.
#[derive(Debug)]
pub struct Column {
    /// What both engines call it.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it may be empty.
    pub is_nullable: bool,
    /// How it is read where the engine counts in parts.
    pub role: Role,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Whole numbers; also what is true (1) or false (0).
    Int,
    /// Other numbers.
    Real,
    /// Texts, in the order of their octets.
    Text,
    /// Octets.
    Octets,
}

/// What becomes of a column where several rows of an engine, its parts, are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It tells rows apart, or the table has no parts.
    Plain,
    /// The sum counts.
    Summed,
    /// That of the first part counts.
    First,
}

impl Table {
    const fn new(name: &'static str, key: usize, columns: &'static [Column]) -> Self {
        Self { name, columns, key, number: None, gives_for_good: false, page: MANY }
    }

    const fn numbered(self, column: &'static str) -> Self {
        Self { number: Some(column), ..self }
    }

    const fn numbered_for_good(self, column: &'static str) -> Self {
        Self { gives_for_good: true, ..self.numbered(column) }
    }

    const fn of_long_rows(self) -> Self {
        Self { page: FEW, ..self }
    }

    /// Whether an engine that several nodes share may keep it in parts.
    pub fn is_counted(&self) -> bool {
        self.columns.iter().any(|column| column.role == Role::Summed)
    }

    /// The columns of the key.
    pub fn key_columns(&self) -> &'static [Column] {
        self.columns.get(..self.key).unwrap_or(self.columns)
    }

    /// All its columns, as statements name them.
    pub fn names(&self) -> String {
        names(self.columns)
    }

    /// Those of its key.
    pub fn key_names(&self) -> String {
        names(self.key_columns())
    }
}

fn names(columns: &[Column]) -> String {
    columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
}

const fn column(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, is_nullable: false, role: Role::Plain }
}

const fn int(name: &'static str) -> Column {
    column(name, Kind::Int)
}

const fn text(name: &'static str) -> Column {
    column(name, Kind::Text)
}

const fn octets(name: &'static str) -> Column {
    column(name, Kind::Octets)
}

const fn maybe(mut column: Column) -> Column {
    column.is_nullable = true;
    column
}

const fn summed(name: &'static str) -> Column {
    Column { role: Role::Summed, ..int(name) }
}

const fn first(mut column: Column) -> Column {
    column.role = Role::First;
    column
}

/// All of them.
pub const TABLES: &[Table] = &[
    Table::new("lists", 1, &[int("number"), text("id"), text("name"), text("description"), maybe(text("lang")), text("frequency")])
        .numbered_for_good("number"),
    Table::new("subscribers", 1, &[int("id"), text("address"), text("address_key"), maybe(text("name")), int("since"), int("format")])
        .numbered_for_good("id"),
    Table::new("subscriptions", 2, &[int("subscriber"), int("list"), int("standing"), int("since")]),
    Table::new(
        "consents",
        2,
        &[int("subscriber"), int("id"), int("list"), int("standing"), int("at"), maybe(int("since")), text("channel"), text("detail")],
    )
    .numbered("id"),
    Table::new("suppressions", 1, &[text("address_key"), int("at"), text("reason")]),
    Table::new("editions", 1, &[text("hash"), text("edition")]).of_long_rows(),
    Table::new("providers", 1, &[int("number"), text("name")]).numbered("number"),
    Table::new("relays", 1, &[int("number"), text("name")]).numbered("number"),
    Table::new(
        "mailings",
        1,
        &[
            int("id"),
            text("issue"),
            text("edition"),
            maybe(text("archived")),
            int("opened_at"),
            maybe(int("finished_at")),
            maybe(int("cancelled_at")),
            int("is_canaried"),
            maybe(int("canary_until")),
        ],
    )
    .numbered_for_good("id")
    .of_long_rows(),
    Table::new("mailing_lists", 2, &[int("mailing"), int("place"), int("list")]),
    Table::new(
        "pauses",
        2,
        &[int("kind"), text("name"), int("since"), maybe(int("until")), text("reason"), maybe(column("slow_to", Kind::Real))],
    ),
    Table::new(
        "deliveries",
        2,
        &[
            int("mailing"),
            int("subscriber"),
            int("list"),
            int("provider"),
            int("wave"),
            int("fate"),
            int("attempts"),
            maybe(int("first_attempt_at")),
            maybe(int("next_at")),
            maybe(int("changed_at")),
        ],
    ),
    Table::new(
        "attempts",
        3,
        &[
            int("mailing"),
            int("subscriber"),
            int("number"),
            int("at"),
            int("relay"),
            int("stage"),
            maybe(int("code")),
            maybe(text("enhanced")),
            text("said"),
            int("fate"),
            int("judgement"),
        ],
    ),
    Table::new(
        "reasons",
        6,
        &[
            int("mailing"),
            int("provider"),
            int("fate"),
            int("judgement"),
            int("code"),
            text("enhanced"),
            first(text("said")),
            summed("many"),
        ],
    ),
    Table::new(
        "traffic",
        3,
        &[
            int("minute"),
            int("relay"),
            int("provider"),
            summed("attempts"),
            summed("accepted"),
            summed("deferred"),
            summed("hard"),
            summed("block"),
        ],
    ),
    Table::new("back_issues", 1, &[text("id"), text("issue")]).of_long_rows(),
    Table::new(
        "proofs",
        1,
        &[int("number"), text("issue"), text("edition"), text("draft"), int("at"), maybe(text("archived")), maybe(text("lists"))],
    )
    .numbered_for_good("number")
    .of_long_rows(),
    Table::new("approvals", 3, &[text("issue"), text("edition"), text("editor_key"), text("editor"), int("at"), int("means")]),
    Table::new("holds", 1, &[text("issue"), int("since"), text("reason"), int("cause")]),
    Table::new("lifted", 1, &[text("issue"), int("at")]),
    Table::new("told", 1, &[text("what"), int("at")]),
    Table::new("links", 1, &[text("url"), int("tried_at"), text("state")]),
    Table::new("feeds", 1, &[text("url"), text("state")]),
    Table::new("feed_items", 2, &[text("feed"), text("key"), int("first_seen"), int("last_seen"), maybe(text("carried_by")), text("item")]),
    Table::new("files", 1, &[int("id"), text("digest"), int("octets")]).numbered("id"),
    Table::new("file_parts", 2, &[int("file"), int("part"), octets("octets")]).of_long_rows(),
    Table::new("enclosures", 2, &[text("issue"), text("name"), int("file"), maybe(int("width")), maybe(int("height"))]),
    Table::new("erased", 1, &[octets("mark"), int("at"), int("is_scoured")]),
    Table::new(
        "joinings",
        1,
        &[
            int("id"),
            int("asked_at"),
            maybe(text("address")),
            maybe(text("address_key")),
            maybe(text("name")),
            text("lists"),
            text("detail"),
            maybe(int("subscriber")),
        ],
    )
    .numbered_for_good("id"),
    Table::new("askings", 1, &[int("id"), int("at"), text("address"), text("network"), text("domain")]).numbered("id"),
];

/// What follows from the tables above, and is made anew at the other side: counts and what waits before it is whole, the marks
/// of the shelf as issues come to it, the catalogue by whoever first looks for what is not in it. What ends in `*` stands for all
/// that begin so.
pub const DERIVED: &[&str] =
    &["tallies", "queued", "deferred", "shelf", "shelved", "catalogued", "catalogued_articles", "refers", "article_words*"];

/// What belongs to the place and not to the newsroom.
pub const LOCAL: &[&str] = &["migrations", "sqlite_sequence", "home", "nodes", "duties", "held", "signing"];

/// The same of columns: who holds a line, in which part it is counted, in which run of the machine it was taken up, and a number
/// that nobody names.
pub const LOCAL_COLUMNS: &[(&str, &str)] =
    &[("deliveries", "holder"), ("file_parts", "id"), ("mailings", "boot"), ("reasons", "part"), ("traffic", "part")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_stands_once_with_a_key_that_is_never_empty() {
        for (at, table) in TABLES.iter().enumerate() {
            assert!(!TABLES[at + 1..].iter().any(|other| other.name == table.name), "{} is there twice", table.name);
            assert!(table.key > 0 && table.key <= table.columns.len(), "{}", table.name);
            assert!(table.key_columns().iter().all(|column| !column.is_nullable && column.role == Role::Plain), "{}", table.name);
            let is_int = |name| table.key_columns().iter().any(|column| column.name == name && column.kind == Kind::Int);
            assert!(table.number.is_none_or(is_int), "{}", table.name);
        }
    }
}
