//! What the tries of the past say of relays, providers and domains.

use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::rows;
use crate::mailing::{Fate, Judgement, MailingId};
use crate::store::{Reason, Result, StoreError};
use crate::subscription::ListId;
use crate::traffic::{Day, Tallied};

/// Tries by minute, relay and provider.
pub(super) async fn traffic(client: &impl GenericClient, since: Timestamp) -> Result<Vec<Tallied>> {
    rows::all(client, TRAFFIC, &[&rows::begin(since, rows::MINUTE)], |row| {
        Ok(Tallied {
            relay: row.try_get("relay")?,
            provider: rows::provider(row)?,
            minute: rows::time(row, "minute")?,
            attempts: rows::count(row, "attempts")?,
            accepted: rows::count(row, "accepted")?,
            deferred: rows::count(row, "deferred")?,
            hard: rows::count(row, "hard")?,
            block: rows::count(row, "block")?,
        })
    })
    .await
}

/// Tries by day, relay and provider.
pub(super) async fn days(client: &impl GenericClient, since: Timestamp) -> Result<Vec<Day>> {
    rows::all(client, DAYS, &[&rows::begin(since, rows::DAY), &rows::DAY], |row| {
        Ok(Day {
            relay: row.try_get("relay")?,
            provider: rows::provider(row)?,
            date: rows::time(row, "day")?.to_zoned(TimeZone::UTC).date(),
            accepted: rows::count(row, "accepted")?,
            block: rows::count(row, "block")?,
        })
    })
    .await
}

/// Why tries of a mailing did not end well.
pub(super) async fn reasons(client: &impl GenericClient, mailing: MailingId, most: usize) -> Result<Vec<Reason>> {
    rows::all(client, REASONS, &[&mailing.0, &rows::most(most)], |row| {
        let fate: usize = rows::count(row, "fate")?;
        let word = Fate::WORDS.get(fate).and_then(|word| word.parse().ok());
        let code: u16 = rows::count(row, "code")?;
        Ok(Reason {
            provider: rows::provider(row)?,
            fate: word.ok_or_else(|| StoreError::Corrupt(format!("{fate} is no fate")))?,
            judgement: rows::numbered(row, "judgement", &Judgement::ALL)?,
            code: Some(code).filter(|code| *code != 0),
            enhanced: row.try_get::<_, &str>("enhanced")?.parse().ok(),
            said: row.try_get("said")?,
            many: rows::count(row, "many")?,
        })
    })
    .await
}

/// The domains of the readers of some lists.
pub(super) async fn domains(client: &impl GenericClient, lists: &[ListId]) -> Result<Vec<(String, u64)>> {
    let lists: Vec<&str> = lists.iter().map(ListId::as_str).collect();
    rows::all(client, DOMAINS, &[&lists], |row| Ok((row.try_get("domain")?, rows::count(row, "many")?))).await
}

const TRAFFIC: &str = "
    SELECT r.name AS relay, p.name AS provider, t.minute, SUM(t.attempts)::bigint AS attempts, SUM(t.accepted)::bigint AS accepted,
           SUM(t.deferred)::bigint AS deferred, SUM(t.hard)::bigint AS hard, SUM(t.block)::bigint AS block
    FROM traffic t
    JOIN relays r ON r.number = t.relay
    JOIN providers p ON p.number = t.provider
    WHERE t.minute >= $1
    GROUP BY t.minute, r.name, p.name
    ORDER BY t.minute, r.name, p.name";

const DAYS: &str = "
    SELECT r.name AS relay, p.name AS provider, t.minute / $2::bigint * $2::bigint AS day, SUM(t.accepted)::bigint AS accepted,
           SUM(t.block)::bigint AS block
    FROM traffic t
    JOIN relays r ON r.number = t.relay
    JOIN providers p ON p.number = t.provider
    WHERE t.minute >= $1
    GROUP BY day, r.name, p.name
    ORDER BY day, r.name, p.name";

// Of several parts the one with the most has the word.
const REASONS: &str = "
    SELECT p.name AS provider, r.fate, r.judgement, r.code, r.enhanced, (array_agg(r.said ORDER BY r.many DESC, r.part))[1] AS said,
           SUM(r.many)::bigint AS many
    FROM reasons r
    JOIN providers p ON p.number = r.provider
    WHERE r.mailing = $1
    GROUP BY p.name, r.fate, r.judgement, r.code, r.enhanced
    ORDER BY SUM(r.many) DESC, p.name, r.fate, r.code, r.enhanced
    LIMIT $2";

const DOMAINS: &str = "
    SELECT split_part(s.address, '@', 2) AS domain, COUNT(*) AS many
    FROM subscribers s
    WHERE s.id IN (
        SELECT u.subscriber
        FROM subscriptions u
        JOIN lists l ON l.number = u.list
        WHERE u.standing = 1
          AND l.id = ANY ($1)
    )
      AND NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.address_key = s.address_key)
    GROUP BY domain
    ORDER BY domain";
