//! The agenda, in PostgreSQL.

use crate::dateline::IssueId;
use crate::store::{Agenda, Approval, Frozen, Hold, HoldCause, Means, Proof, Result, StoreError};
use async_trait::async_trait;
use jiff::Timestamp;

#[async_trait]
impl Agenda for super::PgStore {
    async fn show(&self, proof: Proof, frozen: Frozen) -> Result<()> {
        Err(super::not_yet())
    }

    async fn proofs(&self, issue: &IssueId) -> Result<Vec<Proof>> {
        Err(super::not_yet())
    }

    async fn frozen(&self, issue: &IssueId) -> Result<Option<Frozen>> {
        Err(super::not_yet())
    }

    async fn approve(&self, approval: Approval) -> Result<bool> {
        Err(super::not_yet())
    }

    async fn approvals(&self, issue: &IssueId) -> Result<Vec<Approval>> {
        Err(super::not_yet())
    }

    async fn hold(&self, hold: Hold) -> Result<bool> {
        Err(super::not_yet())
    }

    async fn lift(&self, issue: &IssueId, at: Timestamp) -> Result<bool> {
        Err(super::not_yet())
    }

    async fn holds(&self) -> Result<Vec<Hold>> {
        Err(super::not_yet())
    }

    async fn lifted(&self, issue: &IssueId) -> Result<Option<Timestamp>> {
        Err(super::not_yet())
    }

    async fn first_time(&self, what: &str, at: Timestamp) -> Result<bool> {
        Err(super::not_yet())
    }

    async fn told(&self, what: &str) -> Result<Option<Timestamp>> {
        Err(super::not_yet())
    }

    async fn forget(&self, what: &str) -> Result<u64> {
        Err(super::not_yet())
    }

    async fn home(&self) -> Result<Option<String>> {
        Err(super::not_yet())
    }

    async fn adopt(&self, home: &str) -> Result<()> {
        Err(super::not_yet())
    }
}

/// Keeps others from deciding on an issue until the transaction ends.
pub(super) async fn lock_issue(client: &impl deadpool_postgres::GenericClient, issue: &IssueId) -> Result<()> {
    super::rows::one(client, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", &[&issue.as_str()]).await?;
    Ok(())
}

/// Refuses an issue that is held.
pub(super) async fn must_be_free(_client: &impl deadpool_postgres::GenericClient, _issue: &IssueId) -> Result<()> {
    Ok(())
}
