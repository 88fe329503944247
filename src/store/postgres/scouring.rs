//! Tables that tell of persons are written anew, so that their files hold no octets of who was erased (STANDARDS C4).

use std::time::Duration;

use deadpool_postgres::{GenericClient, Object};

use super::{locks, rows};
use crate::store::{Result, StoreError};

/// Every table in which something of a person may stand. The ledger's lines are numbers.
const TABLES: [&str; 8] = ["subscribers", "subscriptions", "consents", "suppressions", "joinings", "attempts", "reasons", "pauses"];

/// How long a table may be in somebody's hands. Whoever comes later waits behind us meanwhile.
const PATIENCE: &str = "SET lock_timeout = '2s'";

/// How often, and with what pause between, it is looked whether others are done.
const LOOKS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// Whether files may still hold octets of who was erased.
pub(super) async fn is_due(client: &impl GenericClient) -> Result<bool> {
    Ok(rows::first(client, "SELECT 1 FROM erased WHERE NOT is_scoured LIMIT 1", &[], |_| Ok(())).await?.is_some())
}

/// A session that never goes back to the pool: however its work ends, its lock and its patience end with it.
struct Session(Option<Object>);

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.0.take().map(Object::take));
    }
}

/// Writes the tables anew, if somebody was erased.
pub(super) async fn scour(link: Object) -> Result<()> {
    let session = Session(Some(link));
    let Some(link) = &session.0 else { return Ok(()) };
    link.batch_execute(PATIENCE).await?;
    wait_until("another node is writing the tables anew", || locks::scouring(link)).await?;
    // Those for whom it is done: who is erased meanwhile is not among them, nor who is erased once more.
    let due = rows::all(link, DUE, &[], |row| Ok((row.try_get("mark")?, row.try_get("version")?))).await?;
    if due.is_empty() {
        return Ok(());
    }
    let (marks, versions): (Vec<Vec<u8>>, Vec<String>) = due.into_iter().unzip();
    await_readers(link).await?;
    for table in TABLES {
        link.batch_execute(&format!("VACUUM (FULL) {table}")).await?;
    }
    rows::change(link, SCOURED, &[&marks, &versions]).await?;
    Ok(())
}

/// Waits until nobody can see what was erased before now: rows that somebody may still read are written anew with the others.
async fn await_readers(client: &impl GenericClient) -> Result<()> {
    let now: String = rows::one(client, "SELECT pg_current_xact_id()::text AS now", &[]).await?.try_get("now")?;
    let words = "readers are erased, but somebody still reads the old rows, and the tables cannot be written anew";
    let is_unseen = || async { Ok(!rows::one(client, IS_SEEN, &[&now]).await?.try_get::<_, bool>("is_seen")?) };
    wait_until(words, is_unseen).await
}

/// Looks again until something is so. Waiting in a statement would itself be somebody who reads the old rows.
async fn wait_until<F: Future<Output = Result<bool>>>(or_else: &str, is_so: impl Fn() -> F) -> Result<()> {
    for _ in 0..LOOKS {
        if is_so().await? {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(StoreError::Unavailable(or_else.to_owned()))
}

// Each line with the transaction that wrote it last.
const DUE: &str = "
    SELECT mark, xmin::text AS version
    FROM erased
    WHERE NOT is_scoured";

// A transaction from before that goes on, a session that reads as of before, a standby or a slot that does. Of other databases
// only those see these rows. Compared by age, which grows with what is older.
const IS_SEEN: &str = "
    SELECT EXISTS (
               SELECT 1
               FROM pg_stat_activity
               WHERE pid <> pg_backend_pid()
                 AND (datname = current_database() OR backend_type = 'walsender')
                 AND GREATEST(age(backend_xid), age(backend_xmin)) >= age($1::text::xid8::xid)
           )
        OR EXISTS (SELECT 1 FROM pg_replication_slots WHERE age(xmin) >= age($1::text::xid8::xid))
        OR EXISTS (
               SELECT 1
               FROM pg_prepared_xacts
               WHERE database = current_database()
                 AND age(transaction) >= age($1::text::xid8::xid)
           ) AS is_seen";

const SCOURED: &str = "
    UPDATE erased e
    SET is_scoured = TRUE
    FROM unnest($1::bytea[], $2::text[]) AS done (mark, version)
    WHERE e.mark = done.mark
      AND e.xmin::text = done.version";
