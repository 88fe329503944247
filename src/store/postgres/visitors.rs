//! Readers by number, in PostgreSQL.

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use jiff::Timestamp;

use super::{PgStore, enrolling, locks, rows, subscribers};
use crate::store::{Enrolled, Reader, Result, Visitors};
use crate::subscription::{Enrolment, Evidence, Format, List, ListId, PersonName, Standing, SubscriberId};

#[async_trait]
impl Visitors for PgStore {
    async fn visitor(&self, id: SubscriberId) -> Result<Option<Reader>> {
        subscribers::reader_numbered(&self.link().await?, id).await
    }

    async fn numbered_lists(&self) -> Result<Vec<(u32, List)>> {
        rows::all(&self.link().await?, NUMBERED, &[], |row| Ok((rows::count(row, "number")?, subscribers::declared(row)?))).await
    }

    async fn rename(&self, id: SubscriberId, name: Option<PersonName>) -> Result<()> {
        rows::change(&self.link().await?, RENAME, &[&id.0, &name.as_ref().map(PersonName::as_str)]).await.map(drop)
    }

    async fn send_as(&self, id: SubscriberId, format: Format) -> Result<()> {
        rows::change(&self.link().await?, SEND_AS, &[&id.0, &rows::place(&Format::ALL, &format)]).await.map(drop)
    }

    async fn may_take_back(&self, id: SubscriberId, list: &ListId, left_after: Timestamp) -> Result<bool> {
        Ok(joined_before(&self.link().await?, id, list, left_after).await?.is_some())
    }

    async fn take_back(&self, id: SubscriberId, list: &ListId, left_after: Timestamp, evidence: Evidence, now: Timestamp) -> Result<bool> {
        let mut link = self.link().await?;
        let transaction = link.transaction().await?;
        let Some(reader) = subscribers::reader_numbered(&transaction, id).await? else { return Ok(false) };
        let address = reader.subscriber.address;
        // Nobody else ends or takes back anything of this reader from here on.
        locks::address(&transaction, &address.key()).await?;
        let Some(joined) = joined_before(&transaction, id, list, left_after).await? else { return Ok(false) };
        let enrolment = Enrolment { address, name: None, standing: Standing::Confirmed, since: Some(joined), evidence };
        let outcome = enrolling::subscribe(&transaction, self.seal.get(), list, &enrolment, now).await?;
        transaction.commit().await?;
        Ok(outcome == Enrolled::Entered)
    }
}

/// Since when a reader was confirmed who has just left by themselves, and may come back without a letter.
async fn joined_before(client: &impl GenericClient, id: SubscriberId, list: &ListId, left_after: Timestamp) -> Result<Option<Timestamp>> {
    let list = rows::list_number(client, list).await?;
    rows::first(client, JOINED_BEFORE, &[&id.0, &list, &rows::kept(left_after)], |row| rows::time(row, "since")).await
}

const NUMBERED: &str = "
    SELECT number, id, name, description, lang, frequency
    FROM lists
    ORDER BY number";

const RENAME: &str = "
    UPDATE subscribers
    SET name = $2
    WHERE id = $1";

const SEND_AS: &str = "
    UPDATE subscribers
    SET format = $2::bigint
    WHERE id = $1";

// The last two lines of consent: a departure by the reader's own hand, and before it a confirmation.
const JOINED_BEFORE: &str = "
    SELECT COALESCE(joined.since, joined.at) AS since
    FROM consents ended
    JOIN consents joined ON joined.subscriber = $1 AND joined.id = (
        SELECT MAX(c.id)
        FROM consents c
        WHERE c.subscriber = $1
          AND c.list = $2
          AND c.id < ended.id
    )
    WHERE ended.subscriber = $1
      AND ended.id = (
          SELECT MAX(c.id)
          FROM consents c
          WHERE c.subscriber = $1
            AND c.list = $2
      )
      AND ended.standing = 2
      AND ended.at >= $3
      AND ended.channel IN ('one-click', 'page')
      AND joined.standing = 1
      AND EXISTS (
          SELECT 1
          FROM subscribers s
          WHERE s.id = $1
            AND NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.address_key = s.address_key)
      )";
