//! The public's shelf in SQLite: its mark, its catalogue, and what refers to what.

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};

use super::finding::{self, spoken};
use super::{SqliteStore, enclosing, rows};
use crate::archive::catalogue::Catalogued;
use crate::dateline::IssueId;
use crate::store::{EnclosedName, Enclosure, Find, Hits, Library, Referring, Result};

#[async_trait]
impl Library for SqliteStore {
    async fn shelf_mark(&self) -> Result<u64> {
        let mark = |connection: &Connection| rows::first(connection, MARK, [], |row| rows::count(row, "mark"));
        Ok(self.readers.read(mark).await?.unwrap_or_default())
    }

    async fn enclose(&self, issue: &IssueId, files: Vec<Enclosure>) -> Result<()> {
        let (issue, files) = (issue.clone(), enclosing::known(files));
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
    for (place, article) in (0_i64..).zip(&entry.articles) {
        rows::change(connection, ENTER_ARTICLE, params![issue, place, article.slug, spoken(&article.title), spoken(&article.text)])?;
    }
    for (place, refers) in (0_i64..).zip(&entry.refers) {
        rows::change(connection, ENTER_REFERENCE, params![issue, place, refers.from, refers.to.as_str(), refers.to_slug])?;
    }
    rows::change(connection, MOVE_ON, [])?;
    Ok(())
}

fn referring(row: &Row<'_>) -> Result<Referring> {
    Ok(Referring { from: rows::id(row, "issue")?, slug: row.get("slug")?, to_slug: row.get("to_slug")? })
}

pub(super) const MARK: &str = "SELECT mark FROM shelf WHERE only = 1";

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

const ENTER_ARTICLE: &str = "INSERT INTO catalogued_articles (issue, place, slug, title, text) VALUES (?1, ?2, ?3, ?4, ?5)";

const ENTER_REFERENCE: &str = "INSERT INTO refers (issue, place, slug, to_id, to_slug) VALUES (?1, ?2, ?3, ?4, ?5)";

pub(super) const REFERRING: &str = "
    SELECT r.issue, r.slug, r.to_slug
    FROM refers r
    JOIN catalogued c ON c.issue = r.issue
    WHERE r.to_id = ?1
    ORDER BY c.day DESC, r.issue DESC, r.place";
