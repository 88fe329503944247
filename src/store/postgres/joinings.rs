//! Requests to join, in PostgreSQL.

use crate::store::{Admitted, Asking, Caps, Enrolled, Joining, Joinings, Result};
use crate::subscription::{Enrolment, Evidence, ListId, PersonName, Seal, Standing};
use async_trait::async_trait;
use jiff::Timestamp;

#[async_trait]
impl Joinings for super::PgStore {
    async fn ask(&self, asking: Asking, caps: Caps, now: Timestamp) -> Result<Admitted> {
        Err(super::not_yet())
    }

    async fn unask(&self, mark: &str, id: Option<i64>, at: Timestamp) -> Result<()> {
        Err(super::not_yet())
    }

    async fn joining(&self, id: i64, after: Timestamp) -> Result<Option<Joining>> {
        Err(super::not_yet())
    }

    async fn join(&self, id: i64, after: Timestamp, evidence: Evidence, now: Timestamp) -> Result<bool> {
        Err(super::not_yet())
    }

    async fn forget_joinings(&self, before: Timestamp, askings_before: Timestamp) -> Result<()> {
        Err(super::not_yet())
    }
}
