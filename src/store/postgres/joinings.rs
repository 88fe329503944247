//! Requests to join, in PostgreSQL.

use async_trait::async_trait;
use deadpool_postgres::{GenericClient, Transaction};
use jiff::Timestamp;
use tokio_postgres::Row;

use super::{PgStore, enrolling, locks, rows};
use crate::store::{Admitted, Asking, Caps, Enrolled, Joining, Joinings, Result};
use crate::subscription::{EmailAddress, Enrolment, Evidence, ListId, PersonName, Seal, Standing};

#[async_trait]
impl Joinings for PgStore {
    async fn ask(&self, asking: Asking, caps: Caps, now: Timestamp) -> Result<Admitted> {
        let mut link = self.link().await?;
        let transaction = link.transaction().await?;
        let admitted = ask(&transaction, self.seal.get(), &asking, &caps, now).await?;
        transaction.commit().await?;
        Ok(admitted)
    }

    async fn unask(&self, mark: &str, id: Option<i64>, at: Timestamp) -> Result<()> {
        let mut link = self.link().await?;
        let transaction = link.transaction().await?;
        rows::change(&transaction, UNASK, &[&mark, &rows::kept(at)]).await?;
        rows::change(&transaction, DROP, &[&id]).await?;
        Ok(transaction.commit().await?)
    }

    async fn joining(&self, id: i64, after: Timestamp) -> Result<Option<Joining>> {
        Ok(find(&self.link().await?, id, after).await?.map(|(joining, _)| joining))
    }

    async fn join(&self, id: i64, after: Timestamp, evidence: Evidence, now: Timestamp) -> Result<bool> {
        let mut link = self.link().await?;
        let transaction = link.transaction().await?;
        let Some((Joining { address: Some(address), .. }, _)) = find(&transaction, id, after).await? else { return Ok(false) };
        // Whoever confirms the same at another node waits here, and finds below that it is done.
        locks::address(&transaction, &address.key()).await?;
        let Some((Joining { address: Some(address), lists, .. }, name)) = find(&transaction, id, after).await? else { return Ok(false) };
        let enrolment = Enrolment { address, name, standing: Standing::Confirmed, since: None, evidence };
        let is_entered = join(&transaction, self.seal.get(), id, &lists, &enrolment, now).await?;
        transaction.commit().await?;
        Ok(is_entered)
    }

    async fn forget_joinings(&self, before: Timestamp, askings_before: Timestamp) -> Result<()> {
        let mut link = self.link().await?;
        let transaction = link.transaction().await?;
        rows::change(&transaction, FORGET_JOININGS, &[&rows::kept(before)]).await?;
        rows::change(&transaction, FORGET_ASKINGS, &[&rows::kept(askings_before)]).await?;
        Ok(transaction.commit().await?)
    }
}

async fn ask(transaction: &Transaction<'_>, seal: Option<&Seal>, asking: &Asking, caps: &Caps, now: Timestamp) -> Result<Admitted> {
    locks::askings(transaction).await?;
    if let Some(cap) = exceeded(transaction, asking, caps).await? {
        return Ok(Admitted::TooMany(cap));
    }
    let [address, network, domain] = &asking.marks;
    rows::change(transaction, ADD_ASKING, &[&rows::kept(now), address, network, domain]).await?;
    let key = asking.address.key();
    // From here on nobody erases or enters whom this is about.
    locks::address(transaction, &key).await?;
    if !enrolling::suppressed(transaction, seal, &[&key]).await?.is_empty() {
        return Ok(Admitted::Suppressed);
    }
    let wanted: Vec<&str> = asking.lists.iter().map(ListId::as_str).collect();
    if rows::first(transaction, IS_ON_ALL, &[&key, &wanted], |_| Ok(())).await?.is_some() {
        return Ok(Admitted::Subscribed);
    }
    let (lists, name) = (rows::to_json(&asking.lists)?, asking.name.as_ref().map(PersonName::as_str));
    let detail = rows::text(&asking.detail);
    let row = rows::one(transaction, ADD_JOINING, &[&rows::kept(now), &asking.address.as_str(), &key, &name, &lists, &detail]).await?;
    Ok(Admitted::Waits(rows::int(&row, "id")?))
}

/// The first cap under which no more is allowed.
async fn exceeded(client: &impl GenericClient, asking: &Asking, caps: &Caps) -> Result<Option<&'static str>> {
    let [address, network, domain] = &asking.marks;
    let [short, long] = caps.address;
    let limits =
        [("address", "short", short), ("address", "long", long), ("network", "network", caps.network), ("domain", "domain", caps.domain)];
    let limits = limits.into_iter().chain([("whole", "whole", caps.whole)]);
    let since = |(since, _): (Timestamp, u64)| rows::kept(since);
    let counted = rows::one(
        client,
        COUNT_ASKINGS,
        &[address, network, domain, &since(short), &since(long), &since(caps.network), &since(caps.domain), &since(caps.whole)],
    )
    .await?;
    for (cap, column, (_, most)) in limits {
        if rows::count::<u64>(&counted, column)? >= most {
            return Ok(Some(cap));
        }
    }
    Ok(None)
}

/// Enters who confirms. Says whether on any list.
async fn join(
    transaction: &Transaction<'_>,
    seal: Option<&Seal>,
    id: i64,
    lists: &[ListId],
    enrolment: &Enrolment,
    now: Timestamp,
) -> Result<bool> {
    let mut is_entered = false;
    for list in lists {
        is_entered |= enrolling::subscribe(transaction, seal, list, enrolment, now).await? != Enrolled::Suppressed;
    }
    if is_entered {
        rows::change(transaction, DONE, &[&id, &enrolment.address.key()]).await?;
    }
    Ok(is_entered)
}

/// A request made after this instant, with the name that was given.
async fn find(client: &impl GenericClient, id: i64, after: Timestamp) -> Result<Option<(Joining, Option<PersonName>)>> {
    rows::first(client, JOINING, &[&id, &rows::kept(after)], |row| Ok((joining(row)?, rows::name(row)?))).await
}

fn joining(row: &Row) -> Result<Joining> {
    Ok(Joining {
        address: rows::parsed(row, "address", EmailAddress::parse)?,
        asked_at: rows::time(row, "asked_at")?,
        lists: rows::from_json::<Vec<ListId>>(row, "lists")?,
        detail: row.try_get("detail")?,
        subscriber: rows::int_if_any(row, "subscriber")?.map(crate::subscription::SubscriberId),
    })
}

const COUNT_ASKINGS: &str = r#"
    SELECT (SELECT COUNT(*) FROM askings WHERE address = $1 AND at > $4) AS "short",
           (SELECT COUNT(*) FROM askings WHERE address = $1 AND at > $5) AS "long",
           (SELECT COUNT(*) FROM askings WHERE network = $2 AND at > $6) AS "network",
           (SELECT COUNT(*) FROM askings WHERE domain = $3 AND at > $7) AS "domain",
           (SELECT COUNT(*) FROM askings WHERE at > $8) AS "whole""#;

const ADD_ASKING: &str = "
    INSERT INTO askings (at, address, network, domain)
    VALUES ($1, $2, $3, $4)";

const IS_ON_ALL: &str = "
    SELECT 1
    WHERE NOT EXISTS (
        SELECT 1
        FROM unnest($2::text[]) AS wanted (list)
        WHERE NOT EXISTS (
            SELECT 1
            FROM subscribers s
            JOIN subscriptions u ON u.subscriber = s.id
            JOIN lists l ON l.number = u.list
            WHERE s.address_key = $1
              AND l.id = wanted.list
              AND u.standing = 1
        )
    )";

const ADD_JOINING: &str = "
    INSERT INTO joinings (asked_at, address, address_key, name, lists, detail)
    VALUES ($1, $2, $3, $4, $5, $6)
    RETURNING id";

const UNASK: &str = "DELETE FROM askings WHERE address = $1 AND at = $2";

const DROP: &str = "DELETE FROM joinings WHERE id = $1 AND address IS NOT NULL";

const JOINING: &str = "
    SELECT id, asked_at, address, name, lists, detail, subscriber
    FROM joinings
    WHERE id = $1
      AND asked_at > $2";

const DONE: &str = "
    UPDATE joinings
    SET address = NULL, address_key = NULL, name = NULL, detail = '',
        subscriber = (SELECT id FROM subscribers WHERE address_key = $2)
    WHERE id = $1";

// What somebody else has in hand is left for the next time: so no two nodes wait for each other.
const FORGET_JOININGS: &str = "
    DELETE FROM joinings
    WHERE id IN (SELECT id FROM joinings WHERE asked_at <= $1 ORDER BY id FOR UPDATE SKIP LOCKED)";

const FORGET_ASKINGS: &str = "
    DELETE FROM askings
    WHERE id IN (SELECT id FROM askings WHERE at <= $1 ORDER BY id FOR UPDATE SKIP LOCKED)";
