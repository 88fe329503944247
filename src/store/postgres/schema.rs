//! Brings a database up to this version's tables, once and in order, whoever of several nodes comes first.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use deadpool_postgres::{GenericClient, Object};

use super::link::Address;
use super::rows;
use crate::store::portable::{UNFINISHED, UNFINISHED_WORDS};
use crate::store::{Result, StoreError};

/// One step in the life of the tables. Once released, its text never changes: what comes later is a further step.
struct Migration {
    name: &'static str,
    sql: &'static str,
}

const MIGRATIONS: &[Migration] = &[
    Migration { name: "0001_ledger", sql: include_str!("../migrations/postgres/0001_ledger.sql") },
    Migration { name: "0002_agenda", sql: include_str!("../migrations/postgres/0002_agenda.sql") },
    Migration { name: "0003_shelf", sql: include_str!("../migrations/postgres/0003_shelf.sql") },
    Migration { name: "0004_readers", sql: include_str!("../migrations/postgres/0004_readers.sql") },
];

/// The lock under which one node at a time takes the steps: any number, as long as it is this one.
const LOCK: i64 = 0x6d61_7374_6865_6164;

/// Takes the steps that are missing, all or none, and names them.
pub(super) async fn migrate(link: &mut Object, address: &Address) -> Result<Vec<&'static str>> {
    if missing(link, address).await?.is_empty() {
        return Ok(Vec::new());
    }
    let transaction = link.transaction().await?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    transaction
        .batch_execute(
            "CREATE TABLE IF NOT EXISTS migrations (
                 number   BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                 name     TEXT NOT NULL,
                 checksum TEXT NOT NULL
             )",
        )
        .await?;
    // Asked again under the lock: another node may have taken the steps meanwhile.
    let missing = missing(&transaction, address).await?;
    for migration in missing {
        transaction.batch_execute(migration.sql).await?;
        let sum = checksum(migration.sql);
        rows::change(&transaction, "INSERT INTO migrations (name, checksum) VALUES ($1, $2)", &[&migration.name, &sum]).await?;
    }
    transaction.commit().await?;
    Ok(missing.iter().map(|migration| migration.name).collect())
}

async fn missing(client: &impl GenericClient, address: &Address) -> Result<&'static [Migration]> {
    let refused = |cause: String| StoreError::Open { place: address.to_string(), cause };
    let is_known = client.query_one("SELECT to_regclass('migrations') IS NOT NULL, EXISTS (SELECT 1 FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace), current_setting('server_encoding')", &[]).await?;
    match (is_known.get(0), is_known.get(1)) {
        (false, false) => {
            return if is_known.get::<_, &str>(2) == "UTF8" { Ok(MIGRATIONS) } else { Err(refused(encoded(is_known.get(2)))) };
        }
        (false, true) => return Err(refused("it is a database of another program".to_owned())),
        _ => {}
    }
    let taken = client.query("SELECT name, checksum FROM migrations ORDER BY number", &[]).await?;
    if taken.last().is_some_and(|row| row.get::<_, &str>(0) == UNFINISHED) {
        return Err(refused(UNFINISHED_WORDS.to_owned()));
    }
    let Some(missing) = MIGRATIONS.get(taken.len()..) else {
        let cause =
            format!("it was made by a newer version, which has taken {} steps where this one knows {}", taken.len(), MIGRATIONS.len());
        return Err(refused(cause));
    };
    for (known, row) in MIGRATIONS.iter().zip(&taken) {
        let (name, sum): (&str, &str) = (row.get(0), row.get(1));
        if known.name != name || checksum(known.sql) != sum {
            return Err(refused(format!("its step {name} is not the one that this version would have taken")));
        }
    }
    Ok(missing)
}

/// What somebody is told whose database would not keep every name, or would count octets for letters.
fn encoded(encoding: &str) -> String {
    format!("it keeps texts as {encoding}; drop it, and make it with `CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0`")
}

fn checksum(sql: &str) -> String {
    HEXLOWER.encode(digest(&SHA256, sql.as_bytes()).as_ref())
}
