//! A newsroom that leaves this database, or moves into it: rows in and out, on a connection of their own.

use std::error::Error;
use std::pin::pin;

use async_trait::async_trait;
use deadpool_postgres::Object;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, ToSql, Type};

use super::{PgStore, counting, link, paging, rows};
use crate::mailing::MailingId;
use crate::store::codes::unexpected;
use crate::store::portable::{
    Attendant, Column, Destination, Kind, MOVED, Origin, Portable, Role, Row, Side, TABLES, Table, UNFINISHED, Value,
};
use crate::store::{Result, StoreError};

#[async_trait]
impl Portable for PgStore {
    fn steps(&self) -> &[&'static str] {
        &self.steps
    }

    async fn attendants(&self) -> Result<Vec<Attendant>> {
        let link = self.link().await?;
        rows::all(&link, ATTENDANTS, &[], |row| Ok(Attendant { name: row.try_get("name")?, seen_at: rows::time(row, "seen_at")? })).await
    }

    async fn under_way(&self) -> Result<Vec<MailingId>> {
        let link = self.link().await?;
        rows::all(&link, UNDER_WAY, &[], |row| Ok(MailingId(rows::int(row, "mailing")?))).await
    }

    async fn occupied(&self) -> Result<Option<&'static str>> {
        let link = self.link().await?;
        for table in TABLES.iter().filter(|table| table.name != "lists") {
            if link.query_one(&format!("SELECT EXISTS (SELECT 1 FROM {})", table.name), &[]).await?.get(0) {
                return Ok(Some(table.name));
            }
        }
        Ok(None)
    }

    /// Who would change a table waits for its lock, and so does a node that would enter. This transaction stays open as long
    /// as the other store takes: nobody else has anything to do here meanwhile.
    async fn origin(&self) -> Result<Box<dyn Origin>> {
        let counter = Counter::open(self).await?;
        let names: Vec<&str> = TABLES.iter().map(|table| table.name).chain(["home", "nodes"]).collect();
        let lock = format!(
            "BEGIN; SET LOCAL lock_timeout = '10s'; SET LOCAL idle_in_transaction_session_timeout = 0; \
             LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE",
            names.join(", ")
        );
        counter.0.batch_execute(&lock).await.map_err(busy)?;
        Ok(Box::new(counter))
    }

    async fn destination(&self) -> Result<Box<dyn Destination>> {
        let counter = Counter::open(self).await?;
        rows::change(&counter.0, "INSERT INTO migrations (name, checksum) VALUES ($1, '')", &[&UNFINISHED]).await?;
        // Nobody counts on what is written until it is finished, and that waits for the disk for all.
        counter.0.batch_execute("SET synchronous_commit = off").await?;
        Ok(Box::new(counter))
    }
}

/// The counter over which rows go out or come in: a connection, with its transaction if it is an origin's. It goes back
/// to nobody, since the pool that lent it is gone: so its end is the end of what was set on it, and of its transaction.
struct Counter(Object);

impl Counter {
    async fn open(store: &PgStore) -> Result<Self> {
        let link = link::borrow(&link::pool(&store.address, 1)?).await?;
        link.batch_execute(TAKE_TIME).await?;
        Ok(Self(link))
    }

    /// The widths of a table's columns.
    async fn widths(&self, table: &Table) -> Result<Vec<Type>> {
        let statement = self.0.prepare_cached(&format!("SELECT {} FROM {}", table.names(), table.name)).await?;
        Ok(statement.columns().iter().map(|column| column.type_().clone()).collect())
    }
}

#[async_trait]
impl Side for Counter {
    async fn count(&self, table: &'static Table) -> Result<u64> {
        let all = if table.is_counted() {
            format!("(SELECT DISTINCT {} FROM {}) rows", table.key_names(), table.name)
        } else {
            table.name.to_owned()
        };
        let row = self.0.query_one(&format!("SELECT COUNT(*) FROM {all}"), &[]).await?;
        u64::try_from(row.get::<_, i64>(0)).map_err(unexpected)
    }

    async fn page(&self, table: &'static Table, after: Option<Vec<Value>>) -> Result<Vec<Row>> {
        let begins = if after.is_some() { format!("WHERE ({}) > ({})", table.key_names(), marks(table)) } else { String::new() };
        let (names, key) = (table.columns.iter().map(chosen).collect::<Vec<_>>().join(", "), table.key_names());
        let grouped = if table.is_counted() { format!("GROUP BY {key}") } else { String::new() };
        let sql = format!("SELECT {names} FROM {} {begins} {grouped} ORDER BY {key} LIMIT {}", table.name, table.page);
        let after: Vec<Box<dyn ToSql + Sync + Send>> =
            after.into_iter().flatten().map(|value| given(value, &Type::INT8)).collect::<Result<_>>()?;
        let after: Vec<&(dyn ToSql + Sync)> = after.iter().map(|value| value.as_ref() as &(dyn ToSql + Sync)).collect();
        rows::all(&self.0, &sql, &after, |row| table.columns.iter().enumerate().map(|(place, column)| value(row, place, column)).collect())
            .await
    }

    async fn last_number(&self, table: &'static Table) -> Result<i64> {
        let Some(number) = table.number else { return Ok(0) };
        let sequence = format!("SELECT pg_get_serial_sequence('{}', '{number}')", table.name);
        let sequence: String = self.0.query_one(&sequence, &[]).await?.get(0);
        let given = format!("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}");
        Ok(self.0.query_one(&given, &[]).await?.get(0))
    }
}

#[async_trait]
impl Origin for Counter {
    async fn leave(self: Box<Self>) -> Result<()> {
        rows::change(&self.0, MOVE_IN, &[&MOVED]).await?;
        Ok(self.0.batch_execute("COMMIT").await?)
    }
}

#[async_trait]
impl Destination for Counter {
    async fn clear(&self, table: &'static Table) -> Result<()> {
        Ok(self.0.batch_execute(&format!("DELETE FROM {}", table.name)).await?)
    }

    async fn write(&self, table: &'static Table, rows: Vec<Row>) -> Result<()> {
        let mut widths = self.widths(table).await?;
        let mut names = table.names();
        if table.is_counted() {
            names.push_str(", part");
            widths.push(Type::INT2);
        }
        let sink = self.0.copy_in(&format!("COPY {} ({names}) FROM STDIN (FORMAT binary)", table.name)).await?;
        let mut writer = pin!(BinaryCopyInWriter::new(sink, &widths));
        for row in rows {
            let part = table.is_counted().then_some(Value::Int(0));
            let given: Vec<_> =
                row.into_iter().chain(part).zip(&widths).map(|(value, width)| given(value, width)).collect::<Result<_>>()?;
            writer.as_mut().write_raw(given).await?;
        }
        writer.finish().await?;
        Ok(())
    }

    async fn number_from(&self, table: &'static Table, last: i64) -> Result<()> {
        if let (1.., Some(number)) = (last, table.number) {
            let sql = format!("SELECT setval(pg_get_serial_sequence('{}', '{number}'), {last})", table.name);
            self.0.query_one(&sql, &[]).await?;
        }
        Ok(())
    }

    async fn derive(&self) -> Result<()> {
        for mailing in rows::all(&self.0, "SELECT id FROM mailings ORDER BY id", &[], |row| Ok(MailingId(rows::int(row, "id")?))).await? {
            counting::recount(&self.0, mailing).await?;
            paging::put_all(&self.0, mailing).await?;
        }
        self.0.batch_execute(DEFER).await?;
        // Without it the server would plan as for tables that hold nothing, until it comes by on its own.
        Ok(self.0.batch_execute("ANALYZE").await?)
    }

    async fn finish(self: Box<Self>, home: &str) -> Result<()> {
        // A commit that waits for the disk waits for all that was written before.
        self.0.batch_execute("SET synchronous_commit = on; BEGIN").await?;
        rows::change(&self.0, MOVE_IN, &[&home]).await?;
        rows::change(&self.0, "DELETE FROM migrations WHERE name = $1", &[&UNFINISHED]).await?;
        Ok(self.0.batch_execute("COMMIT").await?)
    }
}

/// What somebody is told who would leave a database in which another session is still at work.
fn busy(fault: tokio_postgres::Error) -> StoreError {
    if fault.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) {
        return StoreError::Unavailable(
            "another session is still changing it, perhaps one of a process that was killed: `pg_stat_activity` shows it; copy again once it is gone"
                .to_owned(),
        );
    }
    fault.into()
}

/// How a column is read: as it stands, or what all parts of a row come to.
fn chosen(column: &Column) -> String {
    let name = column.name;
    match column.role {
        Role::Plain => name.to_owned(),
        Role::Summed => format!("SUM({name})::bigint"),
        Role::First => format!("(array_agg({name} ORDER BY part))[1]"),
    }
}

/// Places for the values of a key.
fn marks(table: &Table) -> String {
    let cast = |column: &Column| match column.kind {
        Kind::Int => "bigint",
        Kind::Real => "double precision",
        Kind::Text => "text",
        Kind::Octets => "bytea",
    };
    table.key_columns().iter().zip(1..).map(|(column, place)| format!("${place}::{}", cast(column))).collect::<Vec<_>>().join(", ")
}

/// A value as it is read: of the kind that its column has.
fn value(row: &tokio_postgres::Row, place: usize, column: &Column) -> Result<Value> {
    let value: Value = row.try_get(place)?;
    let is_known = value.is(column.kind) || (column.is_nullable && value == Value::Null);
    if is_known { Ok(value) } else { Err(unexpected(format!("a value of another kind in {}", column.name))) }
}

impl<'v> FromSql<'v> for Value {
    fn from_sql(width: &Type, raw: &'v [u8]) -> std::result::Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(match *width {
            Type::BOOL => Self::Int(bool::from_sql(width, raw)?.into()),
            Type::INT2 => Self::Int(i16::from_sql(width, raw)?.into()),
            Type::INT4 => Self::Int(i32::from_sql(width, raw)?.into()),
            Type::INT8 => Self::Int(i64::from_sql(width, raw)?),
            Type::FLOAT8 => Self::Real(f64::from_sql(width, raw)?),
            Type::BYTEA => Self::Octets(Vec::from_sql(width, raw)?),
            _ => Self::Text(String::from_sql(width, raw)?),
        })
    }

    fn from_sql_null(_: &Type) -> std::result::Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(width: &Type) -> bool {
        [Type::BOOL, Type::INT2, Type::INT4, Type::INT8, Type::FLOAT8, Type::BYTEA, Type::TEXT].contains(width)
    }
}

/// A value as a column of this width takes it.
fn given(value: Value, width: &Type) -> Result<Box<dyn ToSql + Sync + Send>> {
    let too_wide = |_| StoreError::Corrupt("a number is greater than this engine keeps".to_owned());
    Ok(match value {
        Value::Null if *width == Type::FLOAT8 => Box::new(None::<f64>),
        Value::Null if *width == Type::INT2 => Box::new(None::<i16>),
        Value::Null if *width == Type::INT4 => Box::new(None::<i32>),
        Value::Null if *width == Type::INT8 => Box::new(None::<i64>),
        Value::Null if *width == Type::BYTEA => Box::new(None::<Vec<u8>>),
        Value::Null => Box::new(None::<String>),
        Value::Int(number) if *width == Type::BOOL => Box::new(number != 0),
        Value::Int(number) if *width == Type::INT2 => Box::new(i16::try_from(number).map_err(too_wide)?),
        Value::Int(number) if *width == Type::INT4 => Box::new(i32::try_from(number).map_err(too_wide)?),
        Value::Int(number) => Box::new(number),
        Value::Real(number) => Box::new(number),
        Value::Text(text) => Box::new(text),
        Value::Octets(octets) => Box::new(octets),
    })
}

// What a server grants a statement or a silent session is meant for everyday work. Not every version knows all of them.
const TAKE_TIME: &str = "
    SELECT set_config(name, '0', FALSE)
    FROM pg_settings
    WHERE name IN ('statement_timeout', 'idle_session_timeout', 'transaction_timeout')";

const ATTENDANTS: &str = "
    SELECT name, seen_at
    FROM nodes
    WHERE NOT has_ended
    ORDER BY name, id";

// Claimed is 1, submitting 2.
const UNDER_WAY: &str = "
    SELECT mailing
    FROM tallies
    WHERE fate IN (1, 2)
    GROUP BY mailing
    HAVING SUM(many) > 0
    ORDER BY mailing";

const MOVE_IN: &str = "
    INSERT INTO home (is_only, name)
    VALUES (TRUE, $1)
    ON CONFLICT (is_only) DO UPDATE SET name = excluded.name";

// Deferred is 4.
const DEFER: &str = "
    INSERT INTO deferred (mailing, provider, next_at, subscriber)
    SELECT mailing, provider, next_at, subscriber
    FROM deliveries
    WHERE fate = 4
    ORDER BY 1, 2, 3, 4";
