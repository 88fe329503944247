//! A newsroom as it moves from one store to another, in a form that belongs to no engine.
//!
//! [`tables`] describes what is kept, in tables of rows of four kinds of values. An engine lends an [`Origin`], whose rows
//! are read page by page in the order of their keys, and a [`Destination`], which takes them. [`copy`] knows nothing else: it
//! carries one page at a time, so that a hundred million rows need no more memory than a thousand, and then reads both
//! sides again and compares their counts and hashes.
//!
//! A store is in one of three states for all who open it: whole; *unfinished*, from the moment that it begins to receive
//! until all that it received was found to be the same, and then nobody can open it; or *moved*, from the moment that it was
//! left, and then it sends nothing until a person adopts it. The one that is left is marked before the other is whole, so that
//! there is a moment in which neither sends, and none in which both do.

mod copying;
mod hash;
pub mod tables;
mod value;

use async_trait::async_trait;
use jiff::Timestamp;

use super::Result;
use crate::mailing::MailingId;

pub use copying::{Compared, Progress, copy};
pub use hash::{Hash, Sum};
pub use tables::{Column, Kind, Role, TABLES, Table};
pub use value::{Row, Value};

/// The name of the home of a store that a newsroom has left: no place's, since those are 32 hex digits.
pub const MOVED: &str = "moved";

/// The last step of a store into which a newsroom is being copied. No version knows such a step, so that none opens it.
pub(super) const UNFINISHED: &str = "unfinished copy";

/// What somebody is told who opens it.
pub(super) const UNFINISHED_WORDS: &str =
    "a newsroom was being copied into it, and that was broken off or went wrong: empty it or take another, and copy again";

/// Somebody who is at a store just now, or has not said that he left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attendant {
    /// What people call that node.
    pub name: String,
    /// When it last gave a sign of life, on its own clock.
    pub seen_at: Timestamp,
}

/// What a store can do for a newsroom that moves.
#[async_trait]
pub trait Portable: Send + Sync {
    /// The steps that opening it took, to bring its tables up to this version.
    fn steps(&self) -> &[&'static str];

    /// Which nodes are at it, by name; nobody where locks keep others away.
    async fn attendants(&self) -> Result<Vec<Attendant>>;

    /// The mailings of which some deliveries are claimed or being handed over, by number.
    async fn under_way(&self) -> Result<Vec<MailingId>>;

    /// The name of a table that holds anything, if there is one. Lists do not count where there is nothing else: whoever opens
    /// a newsroom enters those of its settings.
    async fn occupied(&self) -> Result<Option<&'static str>>;

    /// Begins to leave it: until the origin is dropped, whoever would change it waits.
    async fn origin(&self) -> Result<Box<dyn Origin>>;

    /// Begins to fill it. From now on nobody can open it, until [`Destination::finish`].
    async fn destination(&self) -> Result<Box<dyn Destination>>;
}

/// What both sides can be asked.
#[async_trait]
pub trait Side: Send + Sync {
    /// How many rows a table has.
    async fn count(&self, table: &'static Table) -> Result<u64>;

    /// Up to [`Table::page`] rows in the order of their keys, from the one after this key on.
    async fn page(&self, table: &'static Table, after: Option<Vec<Value>>) -> Result<Vec<Row>>;

    /// The greatest number that a table has ever given; 0 if none. Only of those that give numbers ([`Table::number`]).
    async fn last_number(&self, table: &'static Table) -> Result<i64>;
}

/// The store that a newsroom leaves.
#[async_trait]
pub trait Origin: Side {
    /// Marks it as [`MOVED`], and lets others change it again.
    async fn leave(self: Box<Self>) -> Result<()>;
}

/// The store that a newsroom moves to.
#[async_trait]
pub trait Destination: Side {
    /// Removes what a new store has in a table, or what came to be there beside other rows.
    async fn clear(&self, table: &'static Table) -> Result<()>;

    /// Enters rows, all or none.
    async fn write(&self, table: &'static Table, rows: Vec<Row>) -> Result<()>;

    /// The next number that a table gives is greater than this, the last that the other side gave; where numbers are not
    /// given for good ([`Table::gives_for_good`]), greater than that of every row.
    async fn number_from(&self, table: &'static Table, last: i64) -> Result<()>;

    /// Makes what follows from what was entered: counts, what waits, what a search reads.
    async fn derive(&self) -> Result<()>;

    /// It is whole, and at home here.
    async fn finish(self: Box<Self>, home: &str) -> Result<()>;
}
