//! Lines of the ledger as people read them, in PostgreSQL.

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;

use super::rows;
use crate::mailing::Fate;
use crate::store::codes::unexpected;
use crate::store::{LedgerLine, Result};
use crate::subscription::SubscriberId;

/// Every line of one reader, newest mailing first.
pub(super) async fn lines_to(client: &impl GenericClient, subscriber: SubscriberId) -> Result<Vec<LedgerLine>> {
    rows::all(client, LINES_TO, &[&subscriber.0], line).await
}

/// A line that a statement with the columns of [`ledger_line!`] has found.
pub(super) fn line(row: &Row) -> Result<LedgerLine> {
    Ok(LedgerLine {
        issue: rows::id(row, "issue")?,
        subscriber: rows::subscriber(row, "subscriber")?,
        address: rows::address(row)?,
        list: rows::id(row, "list")?,
        fate: fate(row)?,
        attempts: rows::count(row, "attempts")?,
        first_attempt_at: rows::time_if_any(row, "first_attempt_at")?,
        changed_at: rows::time_if_any(row, "changed_at")?,
        last_answer: row.try_get("last_answer")?,
    })
}

/// The fate in the columns `fate` and `next_at`.
fn fate(row: &Row) -> Result<Fate> {
    let code = rows::int(row, "fate")?;
    let word = usize::try_from(code).ok().and_then(|place| Fate::WORDS.get(place));
    word.and_then(|word| Fate::from_word(word, rows::time_if_any(row, "next_at").ok()?))
        .ok_or_else(|| unexpected(format!("{code} is no fate, or lacks its time")))
}

/// A line as people read it. The last answer is put together as a reply prints itself: code, enhanced code, text.
macro_rules! ledger_line {
    ($which:literal) => {
        concat!(
            "
    SELECT m.issue, d.subscriber, s.address, l.id AS list, d.fate, d.next_at, d.attempts, d.first_attempt_at, d.changed_at,
           (
               SELECT concat_ws(' ', a.code, a.enhanced, nullif(a.said, ''))
               FROM attempts a
               WHERE a.mailing = d.mailing
                 AND a.subscriber = d.subscriber
               ORDER BY a.number DESC
               LIMIT 1
           ) AS last_answer
    FROM mailings m
    JOIN deliveries d ON d.mailing = m.id
    JOIN subscribers s ON s.id = d.subscriber
    JOIN lists l ON l.number = d.list",
            $which
        )
    };
}

const LINES_TO: &str = ledger_line!(
    "
    WHERE d.subscriber = $1
    ORDER BY m.id DESC"
);
