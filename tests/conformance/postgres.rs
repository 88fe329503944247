//! What is promised of PostgreSQL as an engine beyond the traits.

use std::sync::Arc;

use masthead::store::Seat;
use masthead::store::postgres::{Address, PgStore};

use crate::cluster::{self, Database};
use crate::newsroom::Empty;

/// An empty store in a database of its own; `None` where there is no server.
pub(crate) async fn open() -> Option<Empty> {
    let database = cluster::empty()?;
    Some(Empty::new(Arc::new(open_in(&database, "a").await), database))
}

/// A node of this name at a database.
pub(crate) async fn open_in(database: &Database, name: &str) -> PgStore {
    let address: Address = database.url().parse().unwrap();
    let seat = Seat { name: name.to_owned(), place: "here".to_owned(), process: name.to_owned() };
    PgStore::open(address, seat).await.unwrap()
}
