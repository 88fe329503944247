//! Opening a mailing, and adding to it: the edition is frozen and every reader gets a line of the ledger, at once.

use deadpool_postgres::{GenericClient, Transaction};

use super::paging::pages_of_new;
use super::rows::list_number;
use super::{agenda, counting, locks, names, news, paging, reports, rows};
use crate::mailing::{MailingId, ProviderId};
use crate::store::{Latecomers, Opened, Opening, Result, StoreError, Wave};

/// Opens the issue's mailing, or finds the one that it has.
pub(super) async fn open(transaction: &Transaction<'_>, opening: &Opening) -> Result<Opened> {
    let issue = &opening.edition.issue;
    // Two nodes that open at once: the second waits here, and then finds what the first has opened.
    agenda::lock_issue(transaction, issue).await?;
    if let Some(mailing) = reports::mailing(transaction, issue).await? {
        return Ok(Opened { mailing, is_new: false });
    }
    agenda::must_be_free(transaction, issue).await?;
    let (edition, at) = (&opening.edition, rows::kept(opening.at));
    agenda::freeze(transaction, edition).await?;
    let is_canaried = opening.seeds.is_some() || opening.canary > 0;
    let archived = rows::to_json(&opening.archived)?;
    let opened = rows::one(transaction, OPEN, &[&issue.as_str(), &edition.hash, &archived, &at, &is_canaried]).await?;
    let id = MailingId(rows::int(&opened, "id")?);
    locks::hold_mailing(transaction, id).await?;
    for (list, place) in opening.lists.iter().zip(1_i64..) {
        rows::change(transaction, ADD_LIST, &[&id.0, &place, &list_number(transaction, list).await?]).await?;
    }
    let domains = Domains::of(transaction, &opening.providers).await?;
    rows::change(transaction, OWE, &[&id.0, &at, &domains.other, &domains.names, &domains.providers]).await?;
    if let Some(seeds) = &opening.seeds {
        let list = list_number(transaction, seeds).await?;
        let (since, wave) = (i64::MIN, rows::wave_code(Wave::Seeds));
        rows::change(transaction, SEED, &[&id.0, &at, &domains.other, &domains.names, &domains.providers, &list, &since, &wave]).await?;
    }
    if opening.canary > 0 {
        rows::change(transaction, CHOOSE_CANARY, &[&id.0, &i64::try_from(opening.canary).unwrap_or(i64::MAX)]).await?;
    }
    paging::put_all(transaction, id).await?;
    counting::recount(transaction, id).await?;
    news::tell(transaction).await?;
    let mailing = reports::mailing(transaction, issue).await?;
    let mailing = mailing.ok_or_else(|| StoreError::Corrupt(format!("the mailing of {issue} was not kept")))?;
    Ok(Opened { mailing, is_new: true })
}

/// Has the server look at what has come, which it would do by itself a minute later: until it has, it thinks tables small that are
/// not, and reads them from end to end. That it cannot costs nothing but time.
pub(super) async fn survey(client: &impl GenericClient) {
    if let Err(fault) = client.batch_execute("ANALYZE deliveries, queued").await {
        tracing::debug!(%fault, "the server did not look at what has come");
    }
}

/// Adds those who joined a list since.
pub(super) async fn extend(transaction: &Transaction<'_>, late: &Latecomers) -> Result<u64> {
    let mailing = late.mailing;
    locks::hold_mailing(transaction, mailing).await?;
    reports::must_be_uncancelled(transaction, mailing).await?;
    let list = list_number(transaction, &late.list).await?;
    let domains = Domains::of(transaction, &late.providers).await?;
    let (now, since, wave) = (rows::kept(late.at), rows::kept(late.since), rows::wave_code(Wave::Rest));
    let before = rows::one(transaction, "SELECT COUNT(*) FROM deliveries WHERE mailing = $1", &[&mailing.0]).await?.get::<_, i64>(0);
    rows::change(transaction, ADD_LATE, &[&mailing.0, &now, &domains.other, &domains.names, &domains.providers, &list, &since, &wave])
        .await?;
    let after = rows::one(transaction, "SELECT COUNT(*) FROM deliveries WHERE mailing = $1", &[&mailing.0]).await?.get::<_, i64>(0);
    let added = u64::try_from(after - before).unwrap_or(0);
    if added > 0 {
        rows::change(transaction, REOPEN, &[&mailing.0]).await?;
        counting::recount(transaction, mailing).await?;
        news::tell(transaction).await?;
    }
    Ok(added)
}

/// Who keeps the mailboxes of which domains, as statements look it up.
struct Domains {
    names: Vec<String>,
    providers: Vec<i64>,
    other: i64,
}

impl Domains {
    async fn of(client: &impl GenericClient, providers: &[(String, ProviderId)]) -> Result<Self> {
        let mut domains = Self { names: Vec::new(), providers: Vec::new(), other: names::provider(client, &ProviderId::other()).await? };
        let mut known: Option<(&ProviderId, i64)> = None;
        for (domain, provider) in providers {
            let number = match known {
                Some((last, number)) if last == provider => number,
                _ => names::provider(client, provider).await?,
            };
            known = Some((provider, number));
            // Of a domain that is named twice the last counts.
            if let Some(at) = domains.names.iter().position(|name| name == domain) {
                domains.providers[at] = number;
            } else {
                domains.names.push(domain.clone());
                domains.providers.push(number);
            }
        }
        Ok(domains)
    }
}

const OPEN: &str = "
    INSERT INTO mailings (issue, edition, archived, opened_at, is_canaried)
    VALUES ($1, $2, $3, $4, $5)
    RETURNING id";

// A list that is named twice keeps its first place.
const ADD_LIST: &str = "
    INSERT INTO mailing_lists (mailing, place, list)
    VALUES ($1, $2, $3)
    ON CONFLICT (mailing, list) DO NOTHING";

pub(super) const REOPEN: &str = "
    UPDATE mailings
    SET finished_at = NULL
    WHERE id = $1";

// One line for each confirmed reader of any of the lists, on account of the first of them; in the order of their numbers, so
// that a page of the table holds neighbours. Withheld is 7, queued 0; the wave is the last, 2. An address holds one `@`, and its
// domain is kept in lower case.
const OWE: &str = "
    INSERT INTO deliveries (mailing, subscriber, list, provider, wave, fate, changed_at)
    SELECT $1, o.subscriber, o.list, COALESCE(p.provider, $3), 2, CASE WHEN x.address_key IS NULL THEN 0 ELSE 7 END,
           CASE WHEN x.address_key IS NULL THEN NULL ELSE $2::bigint END
    FROM (
        SELECT DISTINCT ON (u.subscriber) u.subscriber, u.list
        FROM subscriptions u
        JOIN mailing_lists m ON m.mailing = $1 AND m.list = u.list
        WHERE u.standing = 1
        ORDER BY u.subscriber, m.place
    ) AS o
    JOIN subscribers s ON s.id = o.subscriber
    LEFT JOIN suppressions x ON x.address_key = s.address_key
    LEFT JOIN unnest($4::text[], $5::bigint[]) AS p (domain, provider) ON p.domain = split_part(s.address, '@', 2)
    ORDER BY o.subscriber";

/// A line for each confirmed reader of one list who joined it at or after $7.
macro_rules! owe_one_list {
    ($conflict:literal) => {
        concat!(
            "
    INSERT INTO deliveries AS d (mailing, subscriber, list, provider, wave, fate, changed_at)
    SELECT $1, u.subscriber, u.list, COALESCE(p.provider, $3), $8::bigint, CASE WHEN x.address_key IS NULL THEN 0 ELSE 7 END,
           CASE WHEN x.address_key IS NULL THEN NULL ELSE $2::bigint END
    FROM subscriptions u
    JOIN subscribers s ON s.id = u.subscriber
    LEFT JOIN suppressions x ON x.address_key = s.address_key
    LEFT JOIN unnest($4::text[], $5::bigint[]) AS p (domain, provider) ON p.domain = split_part(s.address, '@', 2)
    WHERE u.list = $6
      AND u.standing = 1
      AND u.since >= $7
    ORDER BY u.subscriber
    ON CONFLICT (mailing, subscriber) ",
            $conflict
        )
    };
}

const SEED: &str = owe_one_list!("DO UPDATE SET wave = excluded.wave WHERE d.fate = 0");

const ADD_LATE: &str =
    concat!("WITH new AS (", owe_one_list!("DO NOTHING RETURNING subscriber, wave, provider, fate"), ")", pages_of_new!());

// Of the N who wait in the last wave, in the order of their numbers, each one at which place * canary / N takes a step.
const CHOOSE_CANARY: &str = "
    UPDATE deliveries d
    SET wave = 1
    FROM (
        SELECT subscriber, row_number() OVER (ORDER BY subscriber) AS place, GREATEST(COUNT(*) OVER (), $2) AS readers
        FROM deliveries
        WHERE mailing = $1
          AND fate = 0
          AND wave = 2
    ) AS w
    WHERE d.mailing = $1
      AND d.subscriber = w.subscriber
      AND w.place * $2 / w.readers > (w.place - 1) * $2 / w.readers";
