//! Brings a database up to this version's tables, once and in order.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, TransactionBehavior};

use super::rows;
use crate::store::Result;
use crate::store::portable::{UNFINISHED, UNFINISHED_WORDS};

/// One step in the life of the tables. Once released, its text never changes: what comes later is a further step.
struct Migration {
    name: &'static str,
    sql: &'static str,
}

const MIGRATIONS: &[Migration] = &[
    Migration { name: "0001_ledger", sql: include_str!("../migrations/sqlite/0001_ledger.sql") },
    Migration { name: "0002_agenda", sql: include_str!("../migrations/sqlite/0002_agenda.sql") },
    Migration { name: "0003_links", sql: include_str!("../migrations/sqlite/0003_links.sql") },
    Migration { name: "0004_feeds", sql: include_str!("../migrations/sqlite/0004_feeds.sql") },
    Migration { name: "0005_audience", sql: include_str!("../migrations/sqlite/0005_audience.sql") },
    Migration { name: "0006_readers", sql: include_str!("../migrations/sqlite/0006_readers.sql") },
    Migration { name: "0007_library", sql: include_str!("../migrations/sqlite/0007_library.sql") },
    Migration { name: "0008_wishes", sql: include_str!("../migrations/sqlite/0008_wishes.sql") },
];

/// How long a statement waits for another program that holds the file.
const PATIENCE: Duration = Duration::from_secs(10);

/// How much a connection that reads keeps in memory, in KiB (SQLite counts KiB below zero).
const CACHED: i64 = -(2 << 10);

/// How much the connection that writes keeps in memory: a mailing is gone through in order, and needs little.
const CACHED_TO_WRITE: i64 = -(4 << 10);

/// The same while a roll is entered, which meets its index in no order.
const CACHED_FOR_A_ROLL: i64 = -(56 << 10);

/// What the WAL shrinks to after a long transaction, in octets.
const WAL_AT_REST: i64 = 64 << 20;

/// Where an opening looks up who keeps the mailboxes of a domain; made once, since making a table forgets every plan.
const DOMAINS: &str = "
    CREATE TEMP TABLE IF NOT EXISTS domains (
        domain   TEXT PRIMARY KEY,
        provider INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID";

/// Why a database is not for this version.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unfit {
    #[error("it was made by a newer version, which has taken {0} steps where this one knows {1}")]
    Newer(usize, usize),
    #[error("its step {0} is not the one that this version would have taken")]
    Altered(String),
    #[error("{UNFINISHED_WORDS}")]
    Unfinished,
    #[error("it is a database of another program")]
    Foreign,
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
}

impl From<rusqlite::Error> for Unfit {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What holds for every connection.
pub(super) fn tune(connection: &Connection) -> Result<()> {
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(64);
    // Without this SQLite looks at each bound value again for a better plan, and parses the statement anew every time.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", CACHED)?;
    Ok(())
}

/// How many pages the WAL holds before it is folded into the file. Everybody waits while it is; with four times as many,
/// five times as long, and nothing is won.
const FOLDED_AT: i64 = 1_000;

/// What holds for the connection that writes. NORMAL, because the writer itself sees to it when a commit must be on the
/// disk: SQLite would wait for it at every one.
pub(super) fn tune_for_writing(connection: &Connection) -> Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "cache_size", CACHED_TO_WRITE)?;
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "wal_autocheckpoint", FOLDED_AT)?;
    connection.pragma_update(None, "journal_size_limit", WAL_AT_REST)?;
    connection.execute_batch(DOMAINS)?;
    Ok(())
}

/// Does something with a roll, with the memory that this takes.
pub(super) fn with_room_for_a_roll<T>(connection: &Connection, work: impl FnOnce() -> Result<T>) -> Result<T> {
    connection.pragma_update(None, "cache_size", CACHED_FOR_A_ROLL)?;
    let end = work();
    connection.pragma_update(None, "cache_size", CACHED_TO_WRITE)?;
    end
}

/// Takes the steps that are missing, all or none, and names them. Takes no lock where none is missing.
pub(super) fn migrate(connection: &mut Connection) -> std::result::Result<Vec<&'static str>, Unfit> {
    if missing(connection)?.is_empty() {
        return Ok(Vec::new());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS migrations (
             number   INTEGER PRIMARY KEY,
             name     TEXT NOT NULL,
             checksum TEXT NOT NULL
         ) STRICT",
    )?;
    // Asked again under the lock: another program may have taken the steps meanwhile.
    let missing = missing(&transaction)?;
    for migration in missing {
        transaction.execute_batch(migration.sql)?;
        transaction.execute("INSERT INTO migrations (name, checksum) VALUES (?1, ?2)", [migration.name, &checksum(migration.sql)])?;
    }
    transaction.commit()?;
    Ok(missing.iter().map(|migration| migration.name).collect())
}

fn missing(connection: &Connection) -> std::result::Result<&'static [Migration], Unfit> {
    if !connection.table_exists(None, "migrations")? {
        let tables: i64 = connection.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get(0))?;
        return if tables == 0 { Ok(MIGRATIONS) } else { Err(Unfit::Foreign) };
    }
    let taken = rows::all(connection, "SELECT name, checksum FROM migrations ORDER BY number", [], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    })?;
    if taken.last().is_some_and(|(name, _)| name == UNFINISHED) {
        return Err(Unfit::Unfinished);
    }
    let Some(missing) = MIGRATIONS.get(taken.len()..) else {
        return Err(Unfit::Newer(taken.len(), MIGRATIONS.len()));
    };
    for (known, (name, sum)) in MIGRATIONS.iter().zip(taken) {
        if known.name != name || checksum(known.sql) != sum {
            return Err(Unfit::Altered(name));
        }
    }
    Ok(missing)
}

fn checksum(sql: &str) -> String {
    HEXLOWER.encode(digest(&SHA256, sql.as_bytes()).as_ref())
}
