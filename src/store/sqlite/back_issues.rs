//! Issues that are out, in SQLite.

use async_trait::async_trait;
use rusqlite::{Connection, params};

use super::{SqliteStore, rows};
use crate::dateline::IssueId;
use crate::issue::archive::ArchivedIssue;
use crate::store::{BackIssues, Result, shelf};

#[async_trait]
impl BackIssues for SqliteStore {
    async fn back_issues(&self) -> Result<Vec<ArchivedIssue>> {
        self.shelved("SELECT issue FROM back_issues").await
    }

    async fn shelf(&self) -> Result<Vec<ArchivedIssue>> {
        self.shelved("SELECT json_set(issue, '$.manuscript', '') AS issue FROM back_issues").await
    }

    async fn back_issue(&self, id: &IssueId) -> Result<Option<ArchivedIssue>> {
        let id = id.to_string();
        let read = move |connection: &Connection| {
            rows::all(connection, "SELECT issue FROM back_issues WHERE id = ?1", [&id], |row| rows::from_json(row, "issue"))
        };
        Ok(self.readers.read(read).await?.pop())
    }

    async fn shelve(&self, issues: Vec<ArchivedIssue>) -> Result<()> {
        self.writer.write(move |connection| issues.iter().try_for_each(|issue| shelve(connection, issue))).await
    }
}

impl SqliteStore {
    /// The issues that a statement finds, in the order in which the shelf has them.
    pub(super) async fn shelved(&self, query: &'static str) -> Result<Vec<ArchivedIssue>> {
        let read = move |connection: &Connection| rows::all(connection, query, [], |row| rows::from_json(row, "issue"));
        Ok(shelf::in_order(self.readers.read(read).await?))
    }
}

fn shelve(connection: &Connection, issue: &ArchivedIssue) -> Result<()> {
    rows::change(connection, SHELVE, params![issue.id.as_str(), rows::to_json(issue)?])?;
    Ok(())
}

const SHELVE: &str = "
    INSERT INTO back_issues (id, issue)
    VALUES (?1, ?2)
    ON CONFLICT (id) DO UPDATE
    SET issue = excluded.issue";
