//! Issues that are out, in PostgreSQL.

use crate::dateline::IssueId;
use crate::issue::archive::ArchivedIssue;
use crate::store::{BackIssues, Result};
use async_trait::async_trait;

#[async_trait]
impl BackIssues for super::PgStore {
    async fn back_issues(&self) -> Result<Vec<ArchivedIssue>> {
        Err(super::not_yet())
    }

    async fn shelf(&self) -> Result<Vec<ArchivedIssue>> {
        Err(super::not_yet())
    }

    async fn back_issue(&self, id: &IssueId) -> Result<Option<ArchivedIssue>> {
        Err(super::not_yet())
    }

    async fn shelve(&self, issues: Vec<ArchivedIssue>) -> Result<()> {
        Err(super::not_yet())
    }
}
