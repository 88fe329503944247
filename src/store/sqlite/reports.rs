//! Reading the ledger: mailings, their lists, tallies and lines.

use rusqlite::{Connection, Row, named_params};

use super::rows;
use crate::dateline::IssueId;
use crate::edition::Edition;
use crate::mailing::fate::FateWord;
use crate::mailing::{Mailing, MailingId};
use crate::store::{LedgerLine, Result, Tally};
use crate::subscription::{ListId, SubscriberId};

/// The mailing of an issue.
pub(super) fn mailing(connection: &Connection, issue: &IssueId) -> Result<Option<Mailing>> {
    rows::first(connection, MAILING_OF_ISSUE, [issue.as_str()], |row| with_lists(connection, row))
}

/// All mailings, newest first.
pub(super) fn mailings(connection: &Connection) -> Result<Vec<Mailing>> {
    rows::all(connection, MAILINGS, [], |row| with_lists(connection, row))
}

/// The lists of a mailing in their order, each with its number.
pub(super) fn lists_of(connection: &Connection, mailing: MailingId) -> Result<Vec<(u32, ListId)>> {
    rows::all(connection, LISTS_OF_MAILING, [mailing.0], |row| Ok((rows::count(row, "number")?, rows::id(row, "id")?)))
}

/// A frozen edition.
pub(super) fn edition(connection: &Connection, hash: &str) -> Result<Option<Edition>> {
    rows::first(connection, "SELECT edition FROM editions WHERE hash = ?1", [hash], |row| rows::from_json(row, "edition"))
}

/// How many deliveries have which fate.
pub(super) fn tally(connection: &Connection, mailing: MailingId) -> Result<Tally> {
    let mut tally = Tally::default();
    for (fate, many) in rows::all(connection, TALLY, [mailing.0], |row| Ok((row.get::<_, i64>("fate")?, rows::count(row, "many")?)))? {
        match fate {
            0 => tally.queued = many,
            1 => tally.claimed = many,
            2 => tally.submitting = many,
            3 => tally.accepted = many,
            4 => tally.deferred = many,
            5 => tally.refused = many,
            6 => tally.expired = many,
            7 => tally.withheld = many,
            _ => tally.doubtful = many,
        }
    }
    tally.next_due = rows::first(connection, NEXT_DUE, [mailing.0], |row| rows::time_if_any(row, "next_at"))?.flatten();
    Ok(tally)
}

/// One page of a mailing's lines.
pub(super) fn lines(
    connection: &Connection,
    mailing: MailingId,
    fate: Option<FateWord>,
    after: SubscriberId,
    most: usize,
) -> Result<Vec<LedgerLine>> {
    let page = named_params! {
        ":mailing": mailing.0,
        ":fate": fate.map(rows::filter_code),
        ":after": after.0,
        ":most": rows::most(most),
    };
    rows::all(connection, LINES, page, line)
}

/// Every line of one reader, newest mailing first.
pub(super) fn lines_to(connection: &Connection, subscriber: SubscriberId) -> Result<Vec<LedgerLine>> {
    rows::all(connection, LINES_TO, [subscriber.0], line)
}

fn with_lists(connection: &Connection, row: &Row<'_>) -> Result<Mailing> {
    let id = MailingId(row.get("id")?);
    Ok(Mailing {
        id,
        issue: rows::id(row, "issue")?,
        edition: row.get("edition")?,
        lists: lists_of(connection, id)?.into_iter().map(|(_, list)| list).collect(),
        opened_at: rows::time(row, "opened_at")?,
        finished_at: rows::time_if_any(row, "finished_at")?,
    })
}

fn line(row: &Row<'_>) -> Result<LedgerLine> {
    Ok(LedgerLine {
        issue: rows::id(row, "issue")?,
        subscriber: rows::subscriber(row, "subscriber")?,
        address: rows::address(row)?,
        list: rows::id(row, "list")?,
        fate: rows::fate(row)?,
        attempts: rows::count(row, "attempts")?,
        first_attempt_at: rows::time_if_any(row, "first_attempt_at")?,
        changed_at: rows::time_if_any(row, "changed_at")?,
        last_answer: row.get("last_answer")?,
    })
}

const MAILING_OF_ISSUE: &str = "
    SELECT id, issue, edition, opened_at, finished_at
    FROM mailings
    WHERE issue = ?1";

const MAILINGS: &str = "
    SELECT id, issue, edition, opened_at, finished_at
    FROM mailings
    ORDER BY id DESC";

const LISTS_OF_MAILING: &str = "
    SELECT l.number, l.id
    FROM mailing_lists m
    JOIN lists l ON l.number = m.list
    WHERE m.mailing = ?1
    ORDER BY m.place";

const TALLY: &str = "
    SELECT fate, many
    FROM tallies
    WHERE mailing = ?1";

const NEXT_DUE: &str = "
    SELECT MIN(next_at) AS next_at
    FROM deliveries
    WHERE mailing = ?1
      AND fate = 4";

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
    CROSS JOIN deliveries d ON d.mailing = m.id
    CROSS JOIN subscribers s ON s.id = d.subscriber
    CROSS JOIN lists l ON l.number = d.list",
            $which
        )
    };
}

const LINES: &str = ledger_line!(
    "
    WHERE m.id = :mailing
      AND d.subscriber > :after
      AND (:fate IS NULL OR d.fate = :fate)
    ORDER BY d.subscriber
    LIMIT :most"
);

const LINES_TO: &str = ledger_line!(
    "
    WHERE d.subscriber = ?1
    ORDER BY m.id DESC"
);
