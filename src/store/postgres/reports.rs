//! Reading the ledger: mailings, their lists, tallies and lines.

use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use tokio_postgres::Row;

use super::{pausing, rows};
use crate::dateline::IssueId;
use crate::edition::Edition;
use crate::mailing::fate::FateWord;
use crate::mailing::{Fate, Mailing, MailingId, ProviderId};
use crate::store::{LedgerLine, Result, StoreError, Tally, Waiting, Wave};
use crate::subscription::{ListId, SubscriberId};

/// The mailing of an issue.
pub(super) async fn mailing(client: &impl GenericClient, issue: &IssueId) -> Result<Option<Mailing>> {
    match rows::first(client, MAILING_OF_ISSUE, &[&issue.as_str()], bare).await? {
        Some(bare) => Ok(Some(dressed(client, bare).await?)),
        None => Ok(None),
    }
}

/// All mailings, newest first.
pub(super) async fn mailings(client: &impl GenericClient) -> Result<Vec<Mailing>> {
    let mut mailings = Vec::new();
    for bare in rows::all(client, MAILINGS, &[], bare).await? {
        mailings.push(dressed(client, bare).await?);
    }
    Ok(mailings)
}

/// A frozen edition.
pub(super) async fn edition(client: &impl GenericClient, hash: &str) -> Result<Option<Edition>> {
    rows::first(client, "SELECT edition FROM editions WHERE hash = $1", &[&hash], |row| rows::from_json(row, "edition")).await
}

/// Whether a mailing was finished; one that is not there is unknown.
pub(super) async fn is_finished(client: &impl GenericClient, mailing: MailingId) -> Result<bool> {
    let finished =
        rows::first(client, "SELECT finished_at IS NOT NULL FROM mailings WHERE id = $1", &[&mailing.0], |row| Ok(row.try_get(0)?)).await;
    finished?.ok_or_else(|| rows::no_such_mailing(mailing))
}

/// Whether a mailing was cancelled; `None` if it is not there.
pub(super) async fn is_cancelled(client: &impl GenericClient, mailing: MailingId) -> Result<Option<bool>> {
    rows::first(client, "SELECT cancelled_at IS NOT NULL FROM mailings WHERE id = $1", &[&mailing.0], |row| Ok(row.try_get(0)?)).await
}

/// Refuses what is not there or was cancelled.
pub(super) async fn must_be_uncancelled(client: &impl GenericClient, mailing: MailingId) -> Result<()> {
    rows::must_be_uncancelled(mailing, is_cancelled(client, mailing).await?)
}

/// How many deliveries have which fate.
pub(super) async fn tally(client: &impl GenericClient, mailing: MailingId) -> Result<Tally> {
    let mut sum = Tally::default();
    for (fate, many) in
        rows::all(client, TALLY, &[&mailing.0], |row| Ok((rows::int(row, "fate")?, rows::count::<u64>(row, "many")?))).await?
    {
        *rows::counted(&mut sum, fate) += many;
    }
    for due in next_due(client, mailing).await? {
        sum.next_due = sum.next_due.into_iter().chain([due.1]).min();
    }
    Ok(sum)
}

/// The same for each provider.
pub(super) async fn tallies(client: &impl GenericClient, mailing: MailingId) -> Result<Vec<(ProviderId, Tally)>> {
    let mut tallies: Vec<(ProviderId, Tally)> = Vec::new();
    let due = next_due(client, mailing).await?;
    let slots = rows::all(client, TALLIES, &[&mailing.0], |row| {
        Ok((rows::provider(row)?, rows::int(row, "number")?, rows::int(row, "fate")?, rows::count::<u64>(row, "many")?))
    })
    .await;
    for (provider, number, fate, many) in slots? {
        if tallies.last().is_none_or(|(last, _)| *last != provider) {
            tallies.push((provider, Tally { next_due: of(&due, number), ..Tally::default() }));
        }
        if let Some((_, tally)) = tallies.last_mut() {
            *rows::counted(tally, fate) += many;
        }
    }
    Ok(tallies)
}

/// What waits for each provider.
pub(super) async fn waiting(client: &impl GenericClient, mailing: MailingId, wave: Wave) -> Result<Vec<Waiting>> {
    let due = next_due(client, mailing).await?;
    rows::all(client, WAITING, &[&mailing.0, &rows::wave_code(wave)], |row| {
        let (queued, deferred) = (rows::count(row, "queued")?, rows::count(row, "deferred")?);
        Ok(Waiting { provider: rows::provider(row)?, queued, deferred, next_due: of(&due, rows::int(row, "number")?) })
    })
    .await
}

/// When the first deferred delivery of each provider is due.
async fn next_due(client: &impl GenericClient, mailing: MailingId) -> Result<Vec<(i64, Timestamp)>> {
    rows::all(client, NEXT_DUE, &[&mailing.0], |row| Ok((rows::int(row, "provider")?, rows::time(row, "next_at")?))).await
}

fn of(due: &[(i64, Timestamp)], provider: i64) -> Option<Timestamp> {
    due.iter().find(|(known, _)| *known == provider).map(|(_, at)| *at)
}

/// One page of a mailing's lines.
pub(super) async fn lines(
    client: &impl GenericClient,
    mailing: MailingId,
    fate: Option<FateWord>,
    after: SubscriberId,
    most: usize,
) -> Result<Vec<LedgerLine>> {
    rows::all(client, LINES, &[&mailing.0, &fate.map(rows::filter_code), &after.0, &rows::most(most)], line).await
}

/// Every line of one reader, newest mailing first.
pub(super) async fn lines_to(client: &impl GenericClient, subscriber: SubscriberId) -> Result<Vec<LedgerLine>> {
    rows::all(client, LINES_TO, &[&subscriber.0], line).await
}

/// A mailing without its lists and its pause.
fn bare(row: &Row) -> Result<Mailing> {
    Ok(Mailing {
        id: MailingId(rows::int(row, "id")?),
        issue: rows::id(row, "issue")?,
        edition: row.try_get("edition")?,
        lists: Vec::new(),
        opened_at: rows::time(row, "opened_at")?,
        finished_at: rows::time_if_any(row, "finished_at")?,
        paused: None,
        cancelled_at: rows::time_if_any(row, "cancelled_at")?,
        is_canaried: row.try_get("is_canaried")?,
        canary_until: rows::time_if_any(row, "canary_until")?,
    })
}

async fn dressed(client: &impl GenericClient, bare: Mailing) -> Result<Mailing> {
    let lists = rows::all(client, LISTS_OF_MAILING, &[&bare.id.0], |row| rows::id::<ListId>(row, "id")).await?;
    Ok(Mailing { lists, paused: pausing::of_mailing(client, bare.id).await?, ..bare })
}

fn line(row: &Row) -> Result<LedgerLine> {
    let code = rows::int(row, "fate")?;
    let word = usize::try_from(code).ok().and_then(|place| Fate::WORDS.get(place));
    let fate = word.and_then(|word| Fate::from_word(word, rows::time_if_any(row, "next_at").ok()?));
    Ok(LedgerLine {
        issue: rows::id(row, "issue")?,
        subscriber: rows::subscriber(row, "subscriber")?,
        address: rows::address(row)?,
        list: rows::id(row, "list")?,
        fate: fate.ok_or_else(|| StoreError::Corrupt(format!("{code} is no fate, or lacks its time")))?,
        attempts: rows::count(row, "attempts")?,
        first_attempt_at: rows::time_if_any(row, "first_attempt_at")?,
        changed_at: rows::time_if_any(row, "changed_at")?,
        last_answer: row.try_get("last_answer")?,
    })
}

const MAILING_OF_ISSUE: &str = "
    SELECT id, issue, edition, opened_at, finished_at, cancelled_at, is_canaried, canary_until
    FROM mailings
    WHERE issue = $1";

const MAILINGS: &str = "
    SELECT id, issue, edition, opened_at, finished_at, cancelled_at, is_canaried, canary_until
    FROM mailings
    ORDER BY id DESC";

const LISTS_OF_MAILING: &str = "
    SELECT l.id
    FROM mailing_lists m
    JOIN lists l ON l.number = m.list
    WHERE m.mailing = $1
    ORDER BY m.place";

const TALLY: &str = "
    SELECT fate, SUM(many)::bigint AS many
    FROM tallies
    WHERE mailing = $1
    GROUP BY fate";

const TALLIES: &str = "
    SELECT p.name AS provider, p.number, t.fate, SUM(t.many)::bigint AS many
    FROM tallies t
    JOIN providers p ON p.number = t.provider
    WHERE t.mailing = $1
    GROUP BY p.name, p.number, t.fate
    HAVING SUM(t.many) > 0
    ORDER BY p.name";

const WAITING: &str = "
    SELECT p.name AS provider, p.number, COALESCE(SUM(t.many) FILTER (WHERE t.fate = 0), 0)::bigint AS queued,
           COALESCE(SUM(t.many) FILTER (WHERE t.fate = 4), 0)::bigint AS deferred
    FROM tallies t
    JOIN providers p ON p.number = t.provider
    WHERE t.mailing = $1
      AND (t.fate = 4 OR t.fate = 0 AND t.wave <= $2::bigint)
    GROUP BY p.name, p.number
    HAVING SUM(t.many) > 0
    ORDER BY p.name";

// For each provider that the tallies know one look at the beginning of its part of the index.
const NEXT_DUE: &str = "
    SELECT p.provider, d.next_at
    FROM (
        SELECT provider
        FROM tallies
        WHERE mailing = $1
          AND fate = 4
        GROUP BY provider
        HAVING SUM(many) > 0
    ) AS p
    CROSS JOIN LATERAL (
        SELECT next_at
        FROM deferred
        WHERE mailing = $1
          AND provider = p.provider
        ORDER BY next_at
        LIMIT 1
    ) AS d";

/// A line as people read it. The last answer is put together as a reply prints itself: code, enhanced code, text.
macro_rules! ledger_line {
    ($which:literal) => {
        concat!(
            "
    SELECT m.issue, d.subscriber, s.address, l.id AS list, d.fate, d.next_at, d.attempts, d.first_attempt_at, d.changed_at,
           (
               SELECT concat_ws(' ', a.code, a.enhanced, NULLIF(a.said, ''))
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

const LINES: &str = ledger_line!(
    "
    WHERE m.id = $1
      AND d.mailing = $1
      AND d.subscriber > $3
      AND ($2::bigint IS NULL OR d.fate = $2)
    ORDER BY d.subscriber
    LIMIT $4"
);

const LINES_TO: &str = ledger_line!(
    "
    WHERE d.mailing IN (SELECT id FROM mailings)
      AND d.subscriber = $1
    ORDER BY m.id DESC"
);
