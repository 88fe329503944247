//! What waits, in pages: put there by whatever queues lines, and taken a few hundred at a time.

use deadpool_postgres::GenericClient;

use super::counting::Slot;
use super::rows;
use super::script::{Script, given};
use crate::mailing::MailingId;
use crate::store::Result;

/// How many lines a page names: few enough that it is kept in place, beside its key.
const PAGE: usize = 200;

/// Pages for lines that were queued one by one.
#[derive(Debug, Default)]
pub(super) struct Queueing(Vec<(MailingId, i64, i64, i64)>);

impl Queueing {
    /// A line was queued again.
    pub(super) fn add(&mut self, slot: Slot, subscriber: i64) {
        self.0.push((slot.mailing, slot.wave, slot.provider, subscriber));
    }

    /// Writes the pages.
    pub(super) async fn write(self, client: &impl GenericClient) -> Result<()> {
        let mut script = Script::default();
        self.say(&mut script);
        script.run(client).await.map(drop)
    }

    /// Writes them with all else that is said.
    pub(super) fn say(mut self, script: &mut Script) {
        self.0.sort_unstable_by_key(|(mailing, wave, provider, subscriber)| (mailing.0, *wave, *provider, *subscriber));
        for run in self.0.chunk_by(|one, other| (one.0, one.1, one.2) == (other.0, other.1, other.2)) {
            for page in run.chunks(PAGE) {
                let Some((mailing, wave, provider, first)) = page.first().copied() else { continue };
                let subscribers: Vec<i64> = page.iter().map(|line| line.3).collect();
                script.say(PUT, given![mailing.0, wave, provider, first, subscribers]);
            }
        }
    }
}

/// Puts a page, or what is left of one, where it belongs.
async fn put(client: &impl GenericClient, mailing: MailingId, wave: i64, provider: i64, subscribers: &[i64]) -> Result<()> {
    let Some(first) = subscribers.first() else { return Ok(()) };
    rows::change(client, PUT, &[&mailing.0, &wave, &provider, first, &subscribers]).await?;
    Ok(())
}

/// Takes up to `most` lines of one wave and provider off their pages, the lowest numbers first. Pages that another node is
/// at are passed over.
pub(super) async fn take(client: &impl GenericClient, mailing: MailingId, wave: i64, provider: i64, most: usize) -> Result<Vec<i64>> {
    let pages = rows::most(most.div_ceil(PAGE) + 1);
    let taken =
        rows::all(client, TAKE, &[&mailing.0, &wave, &provider, &pages], |row| Ok(row.try_get::<_, Vec<i64>>("subscribers")?)).await?;
    let mut subscribers: Vec<i64> = taken.into_iter().flatten().collect();
    subscribers.sort_unstable();
    subscribers.dedup();
    let left = subscribers.split_off(most.min(subscribers.len()));
    for page in left.chunks(PAGE) {
        put(client, mailing, wave, provider, page).await?;
    }
    Ok(subscribers)
}

/// Puts all queued lines of a mailing on pages that are on none: right after it was opened.
pub(super) async fn put_all(client: &impl GenericClient, mailing: MailingId) -> Result<()> {
    rows::change(client, PUT_ALL, &[&mailing.0]).await?;
    Ok(())
}

/// Takes away whatever waits of a mailing.
pub(super) async fn clear(client: &impl GenericClient, mailing: MailingId) -> Result<()> {
    rows::change(client, "DELETE FROM queued WHERE mailing = $1", &[&mailing.0]).await?;
    rows::change(client, "DELETE FROM deferred WHERE mailing = $1", &[&mailing.0]).await?;
    Ok(())
}

const PUT: &str = "
    INSERT INTO queued (mailing, wave, provider, first, subscribers)
    VALUES ($1, $2::bigint, $3::bigint, $4, $5)";

// Chosen once, in a part of its own: a server that looked again for each page that it deletes would find others then.
const TAKE: &str = "
    WITH taken AS MATERIALIZED (
        SELECT mailing, wave, provider, first, id
        FROM queued
        WHERE mailing = $1
          AND wave = $2::bigint
          AND provider = $3::bigint
        ORDER BY first, id
        LIMIT $4
        FOR UPDATE SKIP LOCKED
    )
    DELETE FROM queued q
    USING taken
    WHERE q.mailing = taken.mailing
      AND q.wave = taken.wave
      AND q.provider = taken.provider
      AND q.first = taken.first
      AND q.id = taken.id
    RETURNING q.subscribers";

/// Pages of the lines that `new` names, a part of a statement that begins with `WITH new AS (…)`.
macro_rules! pages_of_new {
    () => {
        "
    INSERT INTO queued (mailing, wave, provider, first, subscribers)
    SELECT $1, wave, provider, MIN(subscriber), array_agg(subscriber ORDER BY subscriber)
    FROM (
        SELECT subscriber, wave, provider, (row_number() OVER (PARTITION BY wave, provider ORDER BY subscriber) - 1) / 200 AS page
        FROM new
        WHERE fate = 0
    ) AS placed
    GROUP BY wave, provider, page"
    };
}
pub(super) use pages_of_new;

const PUT_ALL: &str = concat!("WITH new AS (SELECT subscriber, wave, provider, fate FROM deliveries WHERE mailing = $1)", pages_of_new!());
