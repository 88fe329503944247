//! The store that several nodes share: a PostgreSQL database on an existing server.
//!
//! Reads and short changes borrow a connection each (`link`); what connections to relays note goes through one writer, which
//! commits whatever came in together (`notes`). Each trait has a file that lists its calls; the work of the longer ones is
//! in files named after it.
//!
//! Every commit waits for the disk of the server (`synchronous_commit`), so nothing that was answered is lost there either.

mod agenda;
mod audience;
mod back_issues;
mod claiming;
mod counting;
mod enclosing;
mod ending;
mod enrolling;
mod entering;
mod entrance;
mod erasing;
mod fault;
mod feeds;
mod figures;
mod finding;
mod hearing;
mod importing;
mod joinings;
mod known_links;
mod ledger;
mod library;
mod link;
mod locks;
mod names;
mod news;
mod node;
mod notes;
mod opening;
mod paging;
mod passages;
mod pausing;
mod portable;
mod recording;
mod recovering;
mod reports;
mod rows;
mod schema;
mod scouring;
mod script;
mod signing;
mod staging;
mod subscribers;
mod visitors;

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use deadpool_postgres::{Object, Pool};

use super::nodes::{Nodes, Seat};
use super::{Place, Result};
use crate::subscription::Seal;

pub use self::link::{Address, NotAnAddress};

/// A store in one database.
pub struct PgStore {
    pool: Pool,
    /// For signs of life, which must not wait for anybody's work.
    pulse: Pool,
    address: Address,
    seat: Seat,
    /// The node's number, once it has entered.
    node: node::Entered,
    ear: hearing::Ear,
    /// Marks the erased, once there are any.
    seal: Arc<OnceLock<Seal>>,
    /// What opening it took, to bring its tables up to this version.
    steps: Vec<&'static str>,
    /// Claims whose end nobody has heard of.
    claims: claiming::Claims,
    /// Where connections to relays note what they do.
    notes: notes::Desk,
}

impl PgStore {
    /// Opens the database at this address, and brings its tables up to this version. `seat` says who sits down at it.
    ///
    /// # Errors
    /// [`super::StoreError::Unavailable`] if the server cannot be reached just now; [`super::StoreError::Open`] if it lets us
    /// not in, or the database is not a store of this version or an older one.
    pub async fn open(address: Address, seat: Seat) -> Result<Self> {
        let (pool, pulse) = (link::pool(&address, link::MOST)?, link::pool(&address, 1)?);
        let steps = brought_up(&pool, &pulse, &address).await.map_err(|fault| fault.at(&address))?;
        let notes = notes::Desk::open(&pool);
        let (node, ear, marks, claims) = Default::default();
        Ok(Self { pool, pulse, address, seat, node, ear, seal: marks, steps, claims, notes })
    }

    /// A connection to read and change with.
    async fn link(&self) -> Result<Object> {
        link::borrow(&self.pool).await
    }
}

/// The first two connections, each a session of its own, and the steps that are missing.
async fn brought_up(pool: &Pool, pulse: &Pool, address: &Address) -> Result<Vec<&'static str>> {
    let mut link = link::borrow(pool).await?;
    entrance::must_be_ours(&link, &*link::borrow(pulse).await?, address).await?;
    schema::migrate(&mut link, address).await
}

#[async_trait]
impl Place for PgStore {
    /// The server's own number, which a physical copy shares, and the database's, which nothing else does.
    async fn place(&self) -> Result<Vec<u8>> {
        let link = self.link().await?;
        let row = rows::one(
            &link,
            "SELECT system_identifier, d.oid::bigint FROM pg_control_system(), pg_database d WHERE datname = current_database()",
            &[],
        )
        .await?;
        Ok([row.get::<_, i64>(0).to_be_bytes(), row.get::<_, i64>(1).to_be_bytes()].concat())
    }

    fn shared(&self) -> Option<&dyn Nodes> {
        Some(self)
    }
}
