//! Reading the ledger: mailings, their lists, tallies and lines.

use jiff::Timestamp;
use rusqlite::{Connection, Row, named_params, params};

use super::{pausing, rows};
use crate::dateline::IssueId;
use crate::edition::Edition;
use crate::mailing::fate::FateWord;
use crate::mailing::{Mailing, MailingId, ProviderId};
use crate::store::{LedgerLine, Result, Tally, Waiting, Wave};
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

/// Whether a mailing was finished; one that is not there is unknown.
pub(super) fn is_finished(connection: &Connection, mailing: MailingId) -> Result<bool> {
    let finished = rows::first(connection, IS_FINISHED, [mailing.0], |row| Ok(row.get(0)?))?;
    finished.ok_or_else(|| rows::no_such_mailing(mailing))
}

/// Whether a mailing was cancelled; `None` if it is not there.
pub(super) fn is_cancelled(connection: &Connection, mailing: MailingId) -> Result<Option<bool>> {
    rows::first(connection, IS_CANCELLED, [mailing.0], |row| Ok(row.get(0)?))
}

/// Refuses what is not there or was cancelled.
pub(super) fn must_be_uncancelled(connection: &Connection, mailing: MailingId) -> Result<()> {
    rows::must_be_uncancelled(mailing, is_cancelled(connection, mailing)?)
}

/// How many deliveries have which fate.
pub(super) fn tally(connection: &Connection, mailing: MailingId) -> Result<Tally> {
    let mut sum = Tally::default();
    for (fate, many) in rows::all(connection, TALLY, [mailing.0], |row| Ok((row.get("fate")?, rows::count::<u64>(row, "many")?)))? {
        *rows::counted(&mut sum, fate) += many;
    }
    for provider in rows::all(connection, PROVIDERS, [mailing.0], |row| Ok(row.get("number")?))? {
        sum.next_due = sum.next_due.into_iter().chain(next_due(connection, mailing, provider)?).min();
    }
    Ok(sum)
}

/// The same for each provider.
pub(super) fn tallies(connection: &Connection, mailing: MailingId) -> Result<Vec<(ProviderId, Tally)>> {
    let mut tallies: Vec<(ProviderId, Tally)> = Vec::new();
    let slots = rows::all(connection, TALLIES, [mailing.0], |row| {
        Ok((rows::provider(row)?, row.get("number")?, row.get("fate")?, rows::count::<u64>(row, "many")?))
    })?;
    for (provider, number, fate, many) in slots {
        if tallies.last().is_none_or(|(last, _)| *last != provider) {
            tallies.push((provider, Tally { next_due: next_due(connection, mailing, number)?, ..Tally::default() }));
        }
        if let Some((_, tally)) = tallies.last_mut() {
            *rows::counted(tally, fate) += many;
        }
    }
    Ok(tallies)
}

/// What waits for each provider.
pub(super) fn waiting(connection: &Connection, mailing: MailingId, wave: Wave) -> Result<Vec<Waiting>> {
    let mut waiting = rows::all(connection, WAITING, params![mailing.0, rows::wave_code(wave)], |row| {
        let (queued, deferred) = (rows::count(row, "queued")?, rows::count(row, "deferred")?);
        Ok((Waiting { provider: rows::provider(row)?, queued, deferred, next_due: None }, row.get("number")?))
    })?;
    for (waiting, number) in &mut waiting {
        waiting.next_due = next_due(connection, mailing, *number)?;
    }
    Ok(waiting.into_iter().map(|(waiting, _)| waiting).collect())
}

fn next_due(connection: &Connection, mailing: MailingId, provider: i64) -> Result<Option<Timestamp>> {
    Ok(rows::first(connection, NEXT_DUE, params![mailing.0, provider], |row| rows::time_if_any(row, "next_at"))?.flatten())
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
        paused: pausing::of_mailing(connection, id)?,
        cancelled_at: rows::time_if_any(row, "cancelled_at")?,
        is_canaried: row.get("is_canaried")?,
        canary_until: rows::time_if_any(row, "canary_until")?,
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
    SELECT id, issue, edition, opened_at, finished_at, cancelled_at, is_canaried, canary_until
    FROM mailings
    WHERE issue = ?1";

const MAILINGS: &str = "
    SELECT id, issue, edition, opened_at, finished_at, cancelled_at, is_canaried, canary_until
    FROM mailings
    ORDER BY id DESC";

const LISTS_OF_MAILING: &str = "
    SELECT l.number, l.id
    FROM mailing_lists m
    JOIN lists l ON l.number = m.list
    WHERE m.mailing = ?1
    ORDER BY m.place";

const IS_FINISHED: &str = "
    SELECT finished_at IS NOT NULL
    FROM mailings
    WHERE id = ?1";

const IS_CANCELLED: &str = "
    SELECT cancelled_at IS NOT NULL
    FROM mailings
    WHERE id = ?1";

pub(super) const TALLY: &str = "
    SELECT fate, SUM(many) AS many
    FROM tallies
    WHERE mailing = ?1
    GROUP BY fate";

const PROVIDERS: &str = "
    SELECT provider AS number
    FROM tallies
    WHERE mailing = ?1
      AND fate = 4
      AND many > 0";

const TALLIES: &str = "
    SELECT p.name AS provider, p.number, t.fate, t.many
    FROM tallies t
    JOIN providers p ON p.number = t.provider
    WHERE t.mailing = ?1
      AND t.many > 0
    ORDER BY p.name";

pub(super) const WAITING: &str = "
    SELECT p.name AS provider, p.number, SUM(iif(t.fate = 0, t.many, 0)) AS queued,
           SUM(iif(t.fate = 4, t.many, 0)) AS deferred
    FROM tallies t
    JOIN providers p ON p.number = t.provider
    WHERE t.mailing = ?1
      AND (t.fate = 4 OR t.fate = 0 AND t.wave <= ?2)
      AND t.many > 0
    GROUP BY p.name
    ORDER BY p.name";

pub(super) const NEXT_DUE: &str = "
    SELECT MIN(next_at) AS next_at
    FROM deliveries
    WHERE mailing = ?1
      AND provider = ?2
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

pub(super) const LINES: &str = ledger_line!(
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
