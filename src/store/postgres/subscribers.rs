//! Readers and lists, in PostgreSQL.

use std::collections::HashMap;

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use tokio_postgres::Row;

use super::{PgStore, audience, enrolling, locks, reports, rows};
use crate::store::{ConsentLine, Dossier, Enrolled, ListTally, Reader, Result, Subscribers, Suppression};
use crate::subscription::{EmailAddress, Enrolment, Evidence, Format, List, ListId, Subscriber, SubscriberId, Subscription};

#[async_trait]
impl Subscribers for PgStore {
    async fn declare_lists(&self, lists: &[List]) -> Result<()> {
        let mut link = self.link().await?;
        // Whoever only reads must not have to wait for who writes.
        let known = rows::all(&link, DECLARED, &[], declared).await?;
        let lists: Vec<&List> = lists.iter().filter(|list| !known.contains(list)).collect();
        if lists.is_empty() {
            return Ok(());
        }
        let transaction = link.transaction().await?;
        locks::lists(&transaction).await?;
        for list in lists {
            declare(&transaction, list).await?;
        }
        Ok(transaction.commit().await?)
    }

    async fn lists(&self) -> Result<Vec<ListTally>> {
        rows::all(&self.link().await?, LISTS, &[], list_tally).await
    }

    async fn enrol(&self, list: &ListId, roll: Vec<Enrolment>, now: Timestamp) -> Result<Vec<Enrolled>> {
        let mut link = self.link().await?;
        let transaction = link.transaction().await?;
        let outcomes = enrolling::enrol(&transaction, self.seal.get(), list, &roll, now).await?;
        transaction.commit().await?;
        Ok(outcomes)
    }

    async fn subscribe(&self, list: &ListId, enrolment: Enrolment, now: Timestamp) -> Result<Enrolled> {
        let mut link = self.link().await?;
        let transaction = link.transaction().await?;
        locks::address(&transaction, &enrolment.address.key()).await?;
        let outcome = enrolling::subscribe(&transaction, self.seal.get(), list, &enrolment, now).await?;
        transaction.commit().await?;
        Ok(outcome)
    }

    async fn unsubscribe(&self, address: &EmailAddress, list: Option<&ListId>, evidence: Evidence, now: Timestamp) -> Result<Vec<ListId>> {
        let mut link = self.link().await?;
        let transaction = link.transaction().await?;
        let ended = enrolling::unsubscribe(&transaction, &address.key(), list, &evidence, now).await?;
        transaction.commit().await?;
        Ok(ended)
    }

    async fn dossier(&self, address: &EmailAddress) -> Result<Option<Dossier>> {
        let (link, key) = (self.link().await?, address.key());
        let Some(reader) = rows::first(&link, READER_BY_KEY, &[&key], reader).await? else { return Ok(None) };
        let id = reader.subscriber.id;
        let Some(reader) = with_subscriptions(&link, vec![reader]).await?.pop() else { return Ok(None) };
        Ok(Some(Dossier {
            suppression: rows::first(&link, SUPPRESSION, &[&key], suppression).await?,
            consents: rows::all(&link, CONSENTS, &[&id.0], consent_line).await?,
            deliveries: reports::lines_to(&link, id).await?,
            unconfirmed: audience::unconfirmed(&link, &key).await?,
            reader,
        }))
    }

    async fn readers(&self, list: Option<&ListId>, after: SubscriberId, most: usize) -> Result<Vec<Reader>> {
        let link = self.link().await?;
        let most = rows::most(most);
        let page = match list {
            None => rows::all(&link, READERS, &[&after.0, &most], reader).await?,
            Some(list) => {
                let list = rows::list_number(&link, list).await?;
                rows::all(&link, READERS_OF_LIST, &[&after.0, &most, &list], reader).await?
            }
        };
        with_subscriptions(&link, page).await
    }

    async fn audience(&self, lists: &[ListId]) -> Result<u64> {
        let lists: Vec<&str> = lists.iter().map(ListId::as_str).collect();
        rows::count(&rows::one(&self.link().await?, AUDIENCE, &[&lists]).await?, "readers")
    }
}

async fn declare(client: &impl GenericClient, list: &List) -> Result<()> {
    let (name, description, frequency) = (rows::text(&list.name), rows::text(&list.description), rows::text(&list.frequency));
    let said: rows::Params<'_> = &[&list.id.as_str(), &name, &description, &list.lang, &frequency];
    if rows::change(client, RENAME, said).await? == 0 {
        rows::change(client, DECLARE, said).await?;
    }
    Ok(())
}

/// The list in a row.
pub(super) fn declared(row: &Row) -> Result<List> {
    Ok(List {
        id: rows::id(row, "id")?,
        name: row.try_get("name")?,
        description: row.try_get("description")?,
        lang: row.try_get("lang")?,
        frequency: row.try_get("frequency")?,
    })
}

fn list_tally(row: &Row) -> Result<ListTally> {
    Ok(ListTally {
        list: declared(row)?,
        number: rows::count(row, "number")?,
        pending: rows::count(row, "pending")?,
        confirmed: rows::count(row, "confirmed")?,
        ended: rows::count(row, "ended")?,
    })
}

/// The reader of a number, with all subscriptions.
pub(super) async fn reader_numbered(client: &impl GenericClient, id: SubscriberId) -> Result<Option<Reader>> {
    let found = rows::first(client, READER_NUMBERED, &[&id.0], reader).await?;
    Ok(with_subscriptions(client, found.into_iter().collect()).await?.pop())
}

/// These readers with all their subscriptions.
async fn with_subscriptions(client: &impl GenericClient, mut page: Vec<Reader>) -> Result<Vec<Reader>> {
    let ids: Vec<i64> = page.iter().map(|reader| reader.subscriber.id.0).collect();
    let found = rows::all(client, SUBSCRIPTIONS, &[&ids], |row| {
        let subscription = Subscription { list: rows::id(row, "list")?, standing: rows::standing(row)?, since: rows::time(row, "since")? };
        Ok((rows::subscriber(row, "subscriber")?, subscription))
    })
    .await?;
    let mut subscriptions: HashMap<SubscriberId, Vec<Subscription>> = HashMap::new();
    for (subscriber, subscription) in found {
        subscriptions.entry(subscriber).or_default().push(subscription);
    }
    for reader in &mut page {
        reader.subscriptions = subscriptions.remove(&reader.subscriber.id).unwrap_or_default();
    }
    Ok(page)
}

fn reader(row: &Row) -> Result<Reader> {
    Ok(Reader {
        subscriber: Subscriber {
            id: rows::subscriber(row, "id")?,
            address: rows::address(row)?,
            name: rows::name(row)?,
            since: rows::time(row, "since")?,
            format: rows::numbered(row, "format", &Format::ALL)?,
        },
        subscriptions: Vec::new(),
        suppressed: row.try_get("suppressed")?,
    })
}

fn consent_line(row: &Row) -> Result<ConsentLine> {
    Ok(ConsentLine {
        at: rows::time(row, "at")?,
        list: rows::id(row, "list")?,
        standing: rows::standing(row)?,
        since: rows::time_if_any(row, "since")?,
        evidence: Evidence { channel: row.try_get("channel")?, detail: row.try_get("detail")? },
    })
}

/// The suppression in a row.
pub(super) fn suppression(row: &Row) -> Result<Suppression> {
    Ok(Suppression { at: rows::time(row, "at")?, reason: row.try_get("reason")? })
}

const DECLARED: &str = "
    SELECT id, name, description, lang, frequency
    FROM lists";

// An upsert would spend a number at every start, so a list is renamed first and made if that finds none.
const RENAME: &str = "
    UPDATE lists
    SET name = $2, description = $3, lang = $4, frequency = $5
    WHERE id = $1";

const DECLARE: &str = "
    INSERT INTO lists (id, name, description, lang, frequency)
    VALUES ($1, $2, $3, $4, $5)";

// Counts each list in its index; the few suppressed readers are found from the suppressions, not looked for in every row.
const LISTS: &str = "
    SELECT l.number, l.id, l.name, l.description, l.lang, l.frequency,
           COALESCE(u.pending, 0) AS pending,
           COALESCE(u.confirmed, 0) - COALESCE(x.suppressed, 0) AS confirmed,
           COALESCE(u.ended, 0) AS ended
    FROM lists l
    LEFT JOIN (
        SELECT list,
               COUNT(*) FILTER (WHERE standing = 0) AS pending,
               COUNT(*) FILTER (WHERE standing = 1) AS confirmed,
               COUNT(*) FILTER (WHERE standing = 2) AS ended
        FROM subscriptions
        GROUP BY list
    ) u ON u.list = l.number
    LEFT JOIN (
        SELECT o.list, COUNT(*) AS suppressed
        FROM suppressions n
        JOIN subscribers s ON s.address_key = n.address_key
        JOIN subscriptions o ON o.subscriber = s.id
        WHERE o.standing = 1
        GROUP BY o.list
    ) x ON x.list = l.number
    ORDER BY l.number";

const AUDIENCE: &str = "
    SELECT COUNT(DISTINCT u.subscriber) AS readers
    FROM subscriptions u
    JOIN lists l ON l.number = u.list
    WHERE u.standing = 1
      AND l.id = ANY($1)
      AND u.subscriber NOT IN (
          SELECT s.id
          FROM suppressions x
          JOIN subscribers s ON s.address_key = x.address_key
      )";

/// A reader as pages of readers show one.
macro_rules! reader {
    ($from:literal) => {
        concat!(
            "
    SELECT s.id, s.address, s.name, s.since, s.format,
           EXISTS (SELECT 1 FROM suppressions x WHERE x.address_key = s.address_key) AS suppressed
    FROM subscribers s",
            $from
        )
    };
}

const READER_BY_KEY: &str = reader!(
    "
    WHERE s.address_key = $1"
);

const READER_NUMBERED: &str = reader!(
    "
    WHERE s.id = $1"
);

const READERS: &str = reader!(
    "
    WHERE s.id > $1
    ORDER BY s.id
    LIMIT $2"
);

const READERS_OF_LIST: &str = reader!(
    "
    JOIN subscriptions u ON u.subscriber = s.id
    WHERE u.list = $3
      AND u.subscriber > $1
    ORDER BY u.subscriber
    LIMIT $2"
);

const SUBSCRIPTIONS: &str = "
    SELECT u.subscriber, l.id AS list, u.standing, u.since
    FROM subscriptions u
    JOIN lists l ON l.number = u.list
    WHERE u.subscriber = ANY($1)
    ORDER BY u.subscriber, u.list";

const SUPPRESSION: &str = "
    SELECT at, reason
    FROM suppressions
    WHERE address_key = $1";

const CONSENTS: &str = "
    SELECT c.at, l.id AS list, c.standing, c.since, c.channel, c.detail
    FROM consents c
    JOIN lists l ON l.number = c.list
    WHERE c.subscriber = $1
    ORDER BY c.id";
