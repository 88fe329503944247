//! Issues that are out, in PostgreSQL.

use async_trait::async_trait;

use super::{PgStore, rows};
use crate::dateline::IssueId;
use crate::issue::archive::ArchivedIssue;
use crate::store::{BackIssues, Result, shelf};

#[async_trait]
impl BackIssues for PgStore {
    async fn back_issues(&self) -> Result<Vec<ArchivedIssue>> {
        self.shelved("SELECT issue FROM back_issues").await
    }

    async fn shelf(&self) -> Result<Vec<ArchivedIssue>> {
        self.shelved("SELECT jsonb_set(issue::jsonb, '{manuscript}', '\"\"')::text AS issue FROM back_issues").await
    }

    async fn back_issue(&self, id: &IssueId) -> Result<Option<ArchivedIssue>> {
        let sql = "SELECT issue FROM back_issues WHERE id = $1";
        rows::first(&self.link().await?, sql, &[&id.as_str()], |row| rows::from_json(row, "issue")).await
    }

    async fn shelve(&self, mut issues: Vec<ArchivedIssue>) -> Result<()> {
        // In one order, whoever shelves: no two wait for each other.
        issues.sort_by(|a, b| a.id.cmp(&b.id));
        let mut link = self.link().await?;
        let transaction = link.transaction().await?;
        for issue in &issues {
            rows::change(&transaction, SHELVE, &[&issue.id.as_str(), &rows::to_json(issue)?]).await?;
        }
        Ok(transaction.commit().await?)
    }
}

impl PgStore {
    /// The issues that a statement finds, in the order in which the shelf has them.
    pub(super) async fn shelved(&self, sql: &str) -> Result<Vec<ArchivedIssue>> {
        let issues = rows::all(&self.link().await?, sql, &[], |row| rows::from_json(row, "issue")).await?;
        Ok(shelf::in_order(issues))
    }
}

const SHELVE: &str = "
    INSERT INTO back_issues (id, issue)
    VALUES ($1, $2)
    ON CONFLICT (id) DO UPDATE
    SET issue = excluded.issue";
