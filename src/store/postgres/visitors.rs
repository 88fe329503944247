//! What a page asks of one reader, in PostgreSQL.

use crate::store::{Enrolled, Reader, Result, Visitors};
use crate::subscription::{Enrolment, Evidence, Format, List, ListId, PersonName, Standing, SubscriberId};
use async_trait::async_trait;
use jiff::Timestamp;

#[async_trait]
impl Visitors for super::PgStore {
    async fn visitor(&self, id: SubscriberId) -> Result<Option<Reader>> {
        Err(super::not_yet())
    }

    async fn numbered_lists(&self) -> Result<Vec<(u32, List)>> {
        Err(super::not_yet())
    }

    async fn rename(&self, id: SubscriberId, name: Option<PersonName>) -> Result<()> {
        Err(super::not_yet())
    }

    async fn send_as(&self, id: SubscriberId, format: Format) -> Result<()> {
        Err(super::not_yet())
    }

    async fn may_take_back(&self, id: SubscriberId, list: &ListId, left_after: Timestamp) -> Result<bool> {
        Err(super::not_yet())
    }

    async fn take_back(&self, id: SubscriberId, list: &ListId, left_after: Timestamp, evidence: Evidence, now: Timestamp) -> Result<bool> {
        Err(super::not_yet())
    }
}
