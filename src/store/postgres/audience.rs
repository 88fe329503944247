//! Whole audiences, in PostgreSQL.

use crate::store::{Audience, Enrolled, Import, Imported, Pieces, Registered, Result, StoreError, Suppression, Unconfirmed};
use crate::subscription::{EmailAddress, Enrolment, Format, ListId, Seal, SubscriberId};
use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use tokio_postgres::Row;

use super::rows;

#[async_trait]
impl Audience for super::PgStore {
    async fn import(&self, import: Import, pieces: Pieces) -> Result<Imported> {
        Err(super::not_yet())
    }

    async fn register(&self, list: Option<&ListId>, after: SubscriberId, most: usize) -> Result<Vec<Registered>> {
        Err(super::not_yet())
    }

    async fn suppressions(&self, list: Option<&ListId>, after: &str, most: usize) -> Result<Vec<(EmailAddress, Suppression)>> {
        Err(super::not_yet())
    }

    async fn suppression(&self, address: &EmailAddress) -> Result<Option<Suppression>> {
        Err(super::not_yet())
    }

    async fn unconfirmed(&self, address: &EmailAddress) -> Result<Vec<Unconfirmed>> {
        unconfirmed(&self.link().await?, &address.key()).await
    }

    async fn readmit(&self, list: &ListId, enrolment: Enrolment, at: Timestamp) -> Result<Option<Enrolled>> {
        Err(super::not_yet())
    }

    async fn erase(&self, address: &EmailAddress, at: Timestamp) -> Result<bool> {
        Err(super::not_yet())
    }

    async fn is_to_be_scoured(&self) -> Result<bool> {
        Err(super::not_yet())
    }

    async fn scour(&self) -> Result<()> {
        Err(super::not_yet())
    }

    async fn has_erased(&self) -> Result<bool> {
        Err(super::not_yet())
    }

    fn seal_with(&self, seal: Seal) {
        let _ = self.seal.set(seal);
    }
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

const UNCONFIRMED: &str = "
    SELECT asked_at, name, lists, detail
    FROM joinings
    WHERE address_key = $1
    ORDER BY id";
