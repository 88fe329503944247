//! Issues that are out, in SQLite.

use async_trait::async_trait;
use rusqlite::{Connection, params};

use super::{SqliteStore, rows};
use crate::issue::archive::ArchivedIssue;
use crate::store::{BackIssues, Result};

#[async_trait]
impl BackIssues for SqliteStore {
    async fn back_issues(&self) -> Result<Vec<ArchivedIssue>> {
        let read =
            |connection: &Connection| rows::all(connection, "SELECT issue FROM back_issues", [], |row| rows::from_json(row, "issue"));
        let mut issues: Vec<ArchivedIssue> = self.readers.read(read).await?;
        // An issue is as old as what it stands for, not as the day on which it was put on the shelf.
        issues.sort_by(|a, b| (a.period.first(), &a.id).cmp(&(b.period.first(), &b.id)));
        Ok(issues)
    }

    async fn shelve(&self, issues: Vec<ArchivedIssue>) -> Result<()> {
        self.writer.write(move |connection| issues.iter().try_for_each(|issue| shelve(connection, issue))).await
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
