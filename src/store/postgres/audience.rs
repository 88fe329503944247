//! Whole audiences, in PostgreSQL.

use crate::store::{Audience, Enrolled, Import, Imported, Pieces, Registered, Result, StoreError, Suppression, Unconfirmed};
use crate::subscription::{EmailAddress, Enrolment, Format, ListId, Seal, SubscriberId};
use async_trait::async_trait;
use jiff::Timestamp;

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
        Err(super::not_yet())
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
