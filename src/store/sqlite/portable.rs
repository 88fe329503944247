//! A newsroom that leaves this file, or moves into it: rows in and out, on a connection of their own.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, ToSql, params_from_iter};
use tokio::task::spawn_blocking;

use super::{SqliteStore, rows, schema};
use crate::mailing::MailingId;
use crate::store::portable::{Attendant, Column, Destination, Kind, MOVED, Origin, Portable, Row, Side, TABLES, Table, UNFINISHED, Value};
use crate::store::{Result, StoreError};

#[async_trait]
impl Portable for SqliteStore {
    fn steps(&self) -> &[&'static str] {
        &self.steps
    }

    async fn attendants(&self) -> Result<Vec<Attendant>> {
        Ok(Vec::new())
    }

    async fn under_way(&self) -> Result<Vec<MailingId>> {
        self.readers.read(|connection| rows::all(connection, UNDER_WAY, [], |row| Ok(MailingId(row.get(0)?)))).await
    }

    async fn occupied(&self) -> Result<Option<&'static str>> {
        self.readers
            .read(|connection| {
                for table in TABLES.iter().filter(|table| table.name != "lists") {
                    let is_held = connection.query_row(&format!("SELECT EXISTS (SELECT 1 FROM {})", table.name), [], |row| row.get(0))?;
                    if is_held {
                        return Ok(Some(table.name));
                    }
                }
                Ok(None)
            })
            .await
    }

    async fn origin(&self) -> Result<Box<dyn Origin>> {
        let table = Counter::open(self, |connection| {
            // What is said of a store that was left must be on the disk before the other may begin.
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.execute_batch("BEGIN IMMEDIATE")?;
            connection.execute_batch(FORGET)
        });
        Ok(Box::new(table.await?))
    }

    async fn destination(&self) -> Result<Box<dyn Destination>> {
        let counter = Counter::open(self, |connection| {
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.execute("INSERT INTO migrations (name, checksum) VALUES (?1, '')", [UNFINISHED])?;
            // Nobody counts on what is written until it is finished, and that waits for the disk for all.
            connection.pragma_update(None, "synchronous", "NORMAL")
        });
        Ok(Box::new(counter.await?))
    }
}

/// The counter over which rows go out or come in: a connection, with its transaction if it is an origin's.
struct Counter(Arc<Mutex<Connection>>);

impl Counter {
    async fn open(store: &SqliteStore, prepare: fn(&Connection) -> rusqlite::Result<()>) -> Result<Self> {
        let place = store.place.clone();
        let opening = move || {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(&place, flags)?;
            schema::tune(&connection)?;
            schema::tune_for_writing(&connection)?;
            prepare(&connection)?;
            Ok(Self(Arc::new(Mutex::new(connection))))
        };
        spawn_blocking(opening).await.map_err(|cause| StoreError::Engine(cause.to_string()))?
    }

    async fn ask<T, F>(&self, question: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let connection = Arc::clone(&self.0);
        let asking = move || question(&connection.lock().unwrap_or_else(PoisonError::into_inner));
        spawn_blocking(asking).await.map_err(|cause| StoreError::Engine(cause.to_string()))?
    }
}

#[async_trait]
impl Side for Counter {
    async fn count(&self, table: &'static Table) -> Result<u64> {
        let sql = format!("SELECT COUNT(*) AS many FROM {}", table.name);
        self.ask(move |connection| Ok(rows::first(connection, &sql, [], |row| rows::count(row, "many"))?.unwrap_or_default())).await
    }

    async fn page(&self, table: &'static Table, after: Option<Vec<Value>>) -> Result<Vec<Row>> {
        self.ask(move |connection| {
            let (names, key) = (table.names(), table.key_names());
            let begins = if after.is_some() { format!("WHERE ({key}) > ({})", marks(table.key)) } else { String::new() };
            let sql = format!("SELECT {names} FROM {} {begins} ORDER BY {key} LIMIT {}", table.name, table.page);
            rows::all(connection, &sql, params_from_iter(after.into_iter().flatten()), |row| {
                table.columns.iter().enumerate().map(|(place, column)| value(row.get_ref(place)?, column, place < table.key)).collect()
            })
        })
        .await
    }

    async fn last_number(&self, table: &'static Table) -> Result<i64> {
        self.ask(move |connection| {
            let kept = "SELECT seq FROM sqlite_sequence WHERE name = ?1";
            let kept = rows::first(connection, kept, [table.name], |row| Ok(row.get(0)?))?.unwrap_or(0);
            let greatest = format!("SELECT COALESCE(MAX({}), 0) FROM {}", table.number.unwrap_or("0"), table.name);
            Ok(rows::first(connection, &greatest, [], |row| Ok(row.get(0)?))?.unwrap_or(0).max(kept))
        })
        .await
    }
}

#[async_trait]
impl Origin for Counter {
    async fn leave(self: Box<Self>) -> Result<()> {
        self.ask(|connection| {
            rows::change(connection, MOVE_IN, [MOVED])?;
            Ok(connection.execute_batch("COMMIT")?)
        })
        .await
    }
}

#[async_trait]
impl Destination for Counter {
    async fn clear(&self, table: &'static Table) -> Result<()> {
        self.ask(move |connection| Ok(connection.execute_batch(&format!("DELETE FROM {}", table.name))?)).await
    }

    async fn write(&self, table: &'static Table, rows: Vec<Row>) -> Result<()> {
        self.ask(move |connection| {
            let transaction = connection.unchecked_transaction()?;
            let sql = format!("INSERT INTO {} ({}) VALUES ({})", table.name, table.names(), marks(table.columns.len()));
            let mut statement = transaction.prepare_cached(&sql)?;
            for row in &rows {
                statement.execute(params_from_iter(row))?;
            }
            drop(statement);
            Ok(transaction.commit()?)
        })
        .await
    }

    async fn number_from(&self, table: &'static Table, last: i64) -> Result<()> {
        self.ask(move |connection| {
            if table.gives_for_good && last > 0 {
                rows::change(connection, "DELETE FROM sqlite_sequence WHERE name = ?1", [table.name])?;
                rows::change(connection, "INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)", (table.name, last))?;
            }
            Ok(())
        })
        .await
    }

    /// Its indexes, and what a search reads, grew with the rows.
    async fn derive(&self) -> Result<()> {
        self.ask(|connection| Ok(connection.execute_batch(COUNT)?)).await
    }

    async fn finish(self: Box<Self>, home: &str) -> Result<()> {
        let home = home.to_owned();
        self.ask(move |connection| {
            connection.pragma_update(None, "synchronous", "FULL")?;
            let transaction = connection.unchecked_transaction()?;
            rows::change(&transaction, MOVE_IN, [&home])?;
            rows::change(&transaction, "DELETE FROM migrations WHERE name = ?1", [UNFINISHED])?;
            Ok(transaction.commit()?)
        })
        .await
    }
}

/// A value as it is read. A text that is no key loses its zero octets here: a key would lose its place.
fn value(read: ValueRef<'_>, column: &Column, is_key: bool) -> Result<Value> {
    let wrong = || StoreError::Corrupt(format!("`{}` holds a {:?}", column.name, read.data_type()));
    Ok(match (read, column.kind) {
        (ValueRef::Null, _) if column.is_nullable => Value::Null,
        (ValueRef::Integer(number), Kind::Int) => Value::Int(number),
        (ValueRef::Real(number), Kind::Real) => Value::Real(number),
        (ValueRef::Blob(octets), Kind::Octets) => Value::Octets(octets.to_vec()),
        (ValueRef::Text(_), Kind::Text) => {
            let text = read.as_str().map_err(|_| wrong())?.to_owned();
            if is_key { Value::Text(text) } else { Value::text(text) }
        }
        _ => return Err(wrong()),
    })
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Real(number) => ValueRef::Real(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Octets(octets) => ValueRef::Blob(octets),
        }))
    }
}

/// So many places for values.
fn marks(many: usize) -> String {
    vec!["?"; many].join(", ")
}

// Claimed is 1, submitting 2.
const UNDER_WAY: &str = "
    SELECT mailing
    FROM tallies
    WHERE fate IN (1, 2)
    GROUP BY mailing
    HAVING SUM(many) > 0";

// What earlier versions kept of other people's addresses and no other engine could find again: they try them anew.
const FORGET: &str = "
    DELETE FROM links
    WHERE length(CAST(url AS BLOB)) > 2000 OR instr(url, char(0)) > 0;

    DELETE FROM feed_items
    WHERE length(CAST(key AS BLOB)) > 2000 OR instr(key, char(0)) > 0;";

const MOVE_IN: &str = "
    INSERT INTO home (only, name)
    VALUES (1, ?1)
    ON CONFLICT (only) DO UPDATE SET name = excluded.name";

// Queued is 0; the wave of all others is the last, 2.
const COUNT: &str = "
    DELETE FROM tallies;

    INSERT INTO tallies (mailing, provider, fate, wave, many)
    SELECT mailing, provider, fate, iif(fate = 0, wave, 2), COUNT(*)
    FROM deliveries
    GROUP BY 1, 2, 3, 4;";
