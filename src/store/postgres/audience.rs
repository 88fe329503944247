//! A whole audience in and out of PostgreSQL.

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use tokio_postgres::Row;

use super::subscribers::suppression;
use super::{PgStore, enrolling, erasing, importing, locks, rows, scouring};
use crate::store::{Audience, Enrolled, Import, Imported, Pieces, Registered, Result, StoreError, Suppression, Unconfirmed};
use crate::subscription::{EmailAddress, Enrolment, Format, ListId, Seal, SubscriberId};

#[async_trait]
impl Audience for PgStore {
    async fn import(&self, import: Import, pieces: Pieces) -> Result<Imported> {
        let mut link = self.link().await?;
        let transaction = link.transaction().await?;
        let done = importing::import(&transaction, self.seal.get(), &import, pieces).await?;
        if done.stands {
            transaction.commit().await?;
        } else {
            transaction.rollback().await?;
        }
        Ok(done)
    }

    async fn register(&self, list: Option<&ListId>, after: SubscriberId, most: usize) -> Result<Vec<Registered>> {
        let link = self.link().await?;
        let number = number_of(&link, list).await?;
        rows::all(&link, REGISTER, &[&after.0, &rows::most(most), &number], registered).await
    }

    async fn suppressions(&self, list: Option<&ListId>, after: &str, most: usize) -> Result<Vec<(EmailAddress, Suppression)>> {
        let link = self.link().await?;
        let number = number_of(&link, list).await?;
        let suppressed = |row: &Row| Ok((rows::address(row)?, suppression(row)?));
        match number {
            None => rows::all(&link, SUPPRESSIONS, &[&after, &rows::most(most)], suppressed).await,
            Some(list) => rows::all(&link, SUPPRESSIONS_OF_LIST, &[&after, &rows::most(most), &list], suppressed).await,
        }
    }

    async fn suppression(&self, address: &EmailAddress) -> Result<Option<Suppression>> {
        let (link, key) = (self.link().await?, address.key());
        if let Some(found) = rows::first(&link, SUPPRESSION_OF, &[&key], suppression).await? {
            return Ok(Some(found));
        }
        let marks: Vec<Vec<u8>> = self.seal.get().into_iter().flat_map(|seal| seal.marks(&key)).collect();
        rows::first(&link, ERASED, &[&marks], suppression).await
    }

    async fn unconfirmed(&self, address: &EmailAddress) -> Result<Vec<Unconfirmed>> {
        unconfirmed(&self.link().await?, &address.key()).await
    }

    async fn readmit(&self, list: &ListId, enrolment: Enrolment, at: Timestamp) -> Result<Option<Enrolled>> {
        let mut link = self.link().await?;
        let transaction = link.transaction().await?;
        locks::address(&transaction, &enrolment.address.key()).await?;
        let entered = erasing::readmit(&transaction, self.seal.get(), list, &enrolment, at).await?;
        transaction.commit().await?;
        Ok(entered)
    }

    async fn erase(&self, address: &EmailAddress, at: Timestamp) -> Result<bool> {
        let seal = self.seal.get().ok_or_else(|| StoreError::Engine("nothing marks the erased".to_owned()))?;
        let mut link = self.link().await?;
        let transaction = link.transaction().await?;
        let was_known = erasing::erase(&transaction, seal, &address.key(), at).await?;
        transaction.commit().await?;
        Ok(was_known)
    }

    async fn is_to_be_scoured(&self) -> Result<bool> {
        scouring::is_due(&self.link().await?).await
    }

    async fn scour(&self) -> Result<()> {
        if !self.is_to_be_scoured().await? {
            return Ok(());
        }
        scouring::scour(self.link().await?).await
    }

    async fn has_erased(&self) -> Result<bool> {
        enrolling::has_erased(&self.link().await?).await
    }

    fn seal_with(&self, seal: Seal) {
        let _ = self.seal.set(seal);
    }
}

async fn number_of(client: &impl GenericClient, list: Option<&ListId>) -> Result<Option<i64>> {
    match list {
        Some(list) => rows::list_number(client, list).await.map(Some),
        None => Ok(None),
    }
}

fn registered(row: &Row) -> Result<Registered> {
    Ok(Registered {
        subscriber: rows::subscriber(row, "id")?,
        email: rows::address(row)?,
        name: rows::name(row)?,
        format: rows::numbered(row, "format", &Format::ALL)?,
        list: rows::id(row, "list")?,
        status: rows::standing(row)?,
        since: rows::time(row, "since")?,
        channel: row.try_get("channel")?,
        evidence: row.try_get("detail")?,
    })
}

/// Requests to join of an address that nobody has confirmed.
pub(super) async fn unconfirmed(client: &impl GenericClient, key: &str) -> Result<Vec<Unconfirmed>> {
    rows::all(client, UNCONFIRMED, &[&key], asked).await
}

fn asked(row: &Row) -> Result<Unconfirmed> {
    Ok(Unconfirmed {
        at: rows::time(row, "asked_at")?,
        name: rows::name(row)?,
        lists: rows::from_json(row, "lists")?,
        detail: row.try_get("detail")?,
    })
}

// Every subscription has a consent line, since none is written without one. The newest is that of its standing.
const REGISTER: &str = "
    SELECT s.id, s.address, s.name, s.format, l.id AS list, u.standing, u.since, c.channel, c.detail
    FROM (
        SELECT p.id, p.address, p.name, p.format
        FROM subscribers p
        WHERE p.id > $1
          AND ($3::bigint IS NULL OR EXISTS (SELECT 1 FROM subscriptions o WHERE o.subscriber = p.id AND o.list = $3))
        ORDER BY p.id
        LIMIT $2
    ) s
    JOIN subscriptions u ON u.subscriber = s.id AND ($3::bigint IS NULL OR u.list = $3)
    JOIN lists l ON l.number = u.list
    CROSS JOIN LATERAL (
        SELECT n.channel, n.detail
        FROM consents n
        WHERE n.subscriber = s.id
          AND n.list = u.list
        ORDER BY n.id DESC
        LIMIT 1
    ) c
    ORDER BY s.id, u.list";

const SUPPRESSIONS: &str = "
    SELECT address_key AS address, at, reason
    FROM suppressions
    WHERE address_key > $1
    ORDER BY address_key
    LIMIT $2";

const SUPPRESSIONS_OF_LIST: &str = "
    SELECT x.address_key AS address, x.at, x.reason
    FROM suppressions x
    JOIN subscribers s ON s.address_key = x.address_key
    JOIN subscriptions u ON u.subscriber = s.id AND u.list = $3
    WHERE x.address_key > $1
    ORDER BY x.address_key
    LIMIT $2";

const SUPPRESSION_OF: &str = "
    SELECT at, reason
    FROM suppressions
    WHERE address_key = $1";

const ERASED: &str = "
    SELECT at, 'erased at the person''s request' AS reason
    FROM erased
    WHERE mark = ANY($1)
    ORDER BY at DESC
    LIMIT 1";

const UNCONFIRMED: &str = "
    SELECT asked_at, name, lists, detail
    FROM joinings
    WHERE address_key = $1
    ORDER BY id";
