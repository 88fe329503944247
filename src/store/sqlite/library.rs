//! The public's shelf in SQLite: its mark, its catalogue, and what refers to what.

use std::ops::Range;

use async_trait::async_trait;
use jiff::civil::Date;
use rusqlite::{Connection, Row, params};

use super::{SqliteStore, enclosing, finding, rows};
use crate::archive::catalogue::Catalogued;
use crate::dateline::IssueId;
use crate::issue::archive::ArchivedIssue;
use crate::store::shelf::{self, spoken};
use crate::store::{EnclosedName, Enclosure, Find, Hits, Library, Referring, Result};

#[async_trait]
impl Library for SqliteStore {
    async fn shelf_mark(&self) -> Result<u64> {
        let mark = |connection: &Connection| rows::first(connection, MARK, [], |row| rows::count(row, "mark"));
        Ok(self.readers.read(mark).await?.unwrap_or_default())
    }

    async fn public_shelf(&self) -> Result<Vec<ArchivedIssue>> {
        self.shelved(PUBLIC_SHELF).await
    }

    async fn public_issue(&self, id: &IssueId) -> Result<Option<ArchivedIssue>> {
        let id = id.clone();
        self.readers.read(move |connection| rows::first(connection, PUBLIC_ISSUE, [id.as_str()], |row| rows::from_json(row, "issue"))).await
    }

    async fn enclose(&self, issue: &IssueId, files: Vec<Enclosure>) -> Result<()> {
        let (issue, files) = (issue.clone(), shelf::known(files));
        self.writer.write(move |connection| enclosing::enclose(connection, &issue, &files)).await
    }

    async fn enclosed(&self, issue: &IssueId) -> Result<Vec<EnclosedName>> {
        let issue = issue.clone();
        self.readers.read(move |connection| enclosing::enclosed(connection, &issue)).await
    }

    async fn enclosure(&self, issue: &IssueId, name: &str) -> Result<Option<Enclosure>> {
        let (issue, name) = (issue.clone(), name.to_owned());
        self.readers.read(move |connection| enclosing::enclosure(connection, &issue, &name)).await
    }

    async fn enclosed_part(&self, digest: &str, part: u32) -> Result<Option<Vec<u8>>> {
        let digest = digest.to_owned();
        self.readers.read(move |connection| enclosing::part(connection, &digest, part)).await
    }

    async fn uncatalogued(&self, version: u32) -> Result<Vec<IssueId>> {
        self.readers.read(move |connection| rows::all(connection, UNCATALOGUED, [version], |row| rows::id(row, "issue"))).await
    }

    async fn catalogue(&self, entry: Catalogued, mark: u64) -> Result<()> {
        self.writer.write(move |connection| catalogue(connection, &entry, mark)).await
    }

    async fn search(&self, find: Find) -> Result<Hits> {
        if find.query.is_empty() {
            return Ok(Hits::default());
        }
        self.readers.read(move |connection| finding::search(connection, &find)).await
    }

    async fn referring(&self, to: &IssueId) -> Result<Vec<Referring>> {
        let to = to.clone();
        self.readers.read(move |connection| rows::all(connection, REFERRING, [to.as_str()], referring)).await
    }
}

fn catalogue(connection: &Connection, entry: &Catalogued, mark: u64) -> Result<()> {
    let issue = entry.issue.as_str();
    rows::change(connection, TAKE_OUT, [issue])?;
    let mark = i64::try_from(mark).unwrap_or(i64::MAX);
    if rows::change(connection, ENTER, params![issue, entry.version, mark, entry.day.to_string()])? == 0 {
        return Ok(());
    }
    let numbers = first_number(connection, entry.day)?..;
    for ((place, number), article) in (0_i64..).zip(numbers).zip(&entry.articles) {
        let (title, text) = (spoken(&article.title), spoken(&article.text));
        rows::change(connection, ENTER_ARTICLE, params![number, issue, place, article.slug, title, text])?;
    }
    for (place, refers) in (0_i64..).zip(&entry.refers) {
        rows::change(connection, ENTER_REFERENCE, params![issue, place, refers.from, refers.to.as_str(), refers.to_slug])?;
    }
    rows::change(connection, MOVE_ON, [])?;
    Ok(())
}

/// The first free number for articles of a day.
fn first_number(connection: &Connection, day: Date) -> Result<i64> {
    let Range { start, end } = shelf::numbers(day);
    let taken = rows::first(connection, TAKEN, [start, end], |row| Ok(row.get::<_, Option<i64>>("last")?))?;
    Ok(taken.flatten().map_or(start, |last| last + 1))
}

fn referring(row: &Row<'_>) -> Result<Referring> {
    Ok(Referring { from: rows::id(row, "issue")?, slug: row.get("slug")?, to_slug: row.get("to_slug")? })
}

const TAKEN: &str = "
    SELECT MAX(id) AS last
    FROM catalogued_articles
    WHERE id >= ?1
      AND id < ?2";

pub(super) const MARK: &str = "SELECT mark FROM shelf WHERE only = 1";

// What waits to be shelved is NULL from the end of its mailing on.
const PUBLIC_SHELF: &str = "
    SELECT json_set(issue, '$.manuscript', '') AS issue
    FROM back_issues
    UNION ALL
    SELECT json_set(m.archived, '$.manuscript', '')
    FROM mailings m
    WHERE m.archived IS NOT NULL
      AND m.cancelled_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM back_issues b WHERE b.id = m.issue)";

const PUBLIC_ISSUE: &str = "
    SELECT issue
    FROM back_issues
    WHERE id = ?1
    UNION ALL
    SELECT archived
    FROM mailings
    WHERE issue = ?1
      AND archived IS NOT NULL
      AND cancelled_at IS NULL
    LIMIT 1";

const MOVE_ON: &str = "UPDATE shelf SET mark = mark + 1";

const UNCATALOGUED: &str = "
    SELECT s.issue
    FROM shelved s
    LEFT JOIN catalogued c ON c.issue = s.issue
    WHERE c.issue IS NULL
       OR c.version <> ?1
       OR c.mark < s.mark
    ORDER BY s.issue";

const TAKE_OUT: &str = "DELETE FROM catalogued WHERE issue = ?1";

const ENTER: &str = "
    INSERT INTO catalogued (issue, version, mark, day)
    SELECT issue, ?2, ?3, ?4
    FROM shelved
    WHERE issue = ?1";

const ENTER_ARTICLE: &str = "INSERT INTO catalogued_articles (id, issue, place, slug, title, text) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

const ENTER_REFERENCE: &str = "INSERT INTO refers (issue, place, slug, to_id, to_slug) VALUES (?1, ?2, ?3, ?4, ?5)";

pub(super) const REFERRING: &str = "
    SELECT r.issue, r.slug, r.to_slug
    FROM refers r
    JOIN catalogued c ON c.issue = r.issue
    WHERE r.to_id = ?1
    ORDER BY c.day DESC, r.issue DESC, r.place";
