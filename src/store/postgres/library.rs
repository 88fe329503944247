//! The public's shelf in PostgreSQL: its mark, its catalogue, and what refers to what.

use async_trait::async_trait;
use deadpool_postgres::{GenericClient, Transaction};
use jiff::civil::Date;
use tokio_postgres::Row;

use super::finding::{self, Indexed};
use super::{PgStore, enclosing, rows};
use crate::archive::catalogue::Catalogued;
use crate::dateline::IssueId;
use crate::issue::archive::ArchivedIssue;
use crate::store::{EnclosedName, Enclosure, Find, Hits, Library, Referring, Result, shelf};

#[async_trait]
impl Library for PgStore {
    async fn shelf_mark(&self) -> Result<u64> {
        Ok(rows::first(&self.link().await?, MARK, &[], |row| rows::count(row, "mark")).await?.unwrap_or_default())
    }

    async fn public_shelf(&self) -> Result<Vec<ArchivedIssue>> {
        self.shelved(PUBLIC_SHELF).await
    }

    async fn public_issue(&self, id: &IssueId) -> Result<Option<ArchivedIssue>> {
        rows::first(&self.link().await?, PUBLIC_ISSUE, &[&id.as_str()], |row| rows::from_json(row, "issue")).await
    }

    async fn enclose(&self, issue: &IssueId, files: Vec<Enclosure>) -> Result<()> {
        let files = shelf::known(files);
        let mut link = self.link().await?;
        let transaction = link.transaction().await?;
        enclosing::enclose(&transaction, issue, &files).await?;
        Ok(transaction.commit().await?)
    }

    async fn enclosed(&self, issue: &IssueId) -> Result<Vec<EnclosedName>> {
        enclosing::enclosed(&self.link().await?, issue).await
    }

    async fn enclosure(&self, issue: &IssueId, name: &str) -> Result<Option<Enclosure>> {
        enclosing::enclosure(&self.link().await?, issue, name).await
    }

    async fn enclosed_part(&self, digest: &str, part: u32) -> Result<Option<Vec<u8>>> {
        enclosing::part(&self.link().await?, digest, part).await
    }

    async fn uncatalogued(&self, version: u32) -> Result<Vec<IssueId>> {
        rows::all(&self.link().await?, UNCATALOGUED, &[&i64::from(version)], |row| rows::id(row, "issue")).await
    }

    async fn catalogue(&self, entry: Catalogued, mark: u64) -> Result<()> {
        let mut link = self.link().await?;
        let articles = finding::index(&link, &entry.articles).await?;
        let transaction = link.transaction().await?;
        catalogue(&transaction, &entry, &articles, mark).await?;
        Ok(transaction.commit().await?)
    }

    async fn search(&self, find: Find) -> Result<Hits> {
        if find.query.is_empty() {
            return Ok(Hits::default());
        }
        finding::search(&self.link().await?, &find).await
    }

    async fn referring(&self, to: &IssueId) -> Result<Vec<Referring>> {
        rows::all(&self.link().await?, REFERRING, &[&to.as_str()], referring).await
    }
}

/// The shelf is locked before anything is looked at: one node catalogues at a time, numbers its articles after those of the
/// others, and knows whether the issue is on the shelf.
async fn catalogue(transaction: &Transaction<'_>, entry: &Catalogued, articles: &[Indexed], mark: u64) -> Result<()> {
    let issue = entry.issue.as_str();
    rows::one(transaction, LOCK, &[]).await?;
    rows::change(transaction, TAKE_OUT, &[&issue]).await?;
    let mark = i64::try_from(mark).unwrap_or(i64::MAX);
    if rows::change(transaction, ENTER, &[&issue, &i64::from(entry.version), &mark, &entry.day.to_string()]).await? == 0 {
        return Ok(());
    }
    let numbers = first_number(transaction, entry.day).await?..;
    for (((place, number), article), indexed) in (0_i64..).zip(numbers).zip(&entry.articles).zip(articles) {
        let Indexed { title, text, title_stems, text_stems, words } = indexed;
        let slug = rows::text(&article.slug);
        rows::change(transaction, ENTER_ARTICLE, &[&number, &issue, &place, &slug, title, text, title_stems, text_stems, words]).await?;
    }
    for (place, refers) in (0_i64..).zip(&entry.refers) {
        rows::change(transaction, ENTER_REFERENCE, &[&issue, &place, &refers.from, &refers.to.as_str(), &refers.to_slug]).await?;
    }
    rows::change(transaction, MOVE_ON, &[]).await?;
    Ok(())
}

/// The first free number for articles of a day.
async fn first_number(client: &impl GenericClient, day: Date) -> Result<i64> {
    let of_day = shelf::numbers(day);
    let row = rows::one(client, TAKEN, &[&of_day.start, &of_day.end]).await?;
    Ok(rows::int_if_any(&row, "last")?.map_or(of_day.start, |last| last + 1))
}

fn referring(row: &Row) -> Result<Referring> {
    Ok(Referring { from: rows::id(row, "issue")?, slug: row.try_get("slug")?, to_slug: row.try_get("to_slug")? })
}

const TAKEN: &str = "
    SELECT MAX(id) AS last
    FROM catalogued_articles
    WHERE id >= $1
      AND id < $2";

const MARK: &str = "SELECT mark FROM shelf";

const LOCK: &str = "SELECT mark FROM shelf FOR UPDATE";

// What waits to be shelved is NULL from the end of its mailing on.
const PUBLIC_SHELF: &str = r#"
    SELECT jsonb_set(issue::jsonb, '{manuscript}', '""')::text AS issue
    FROM back_issues
    UNION ALL
    SELECT jsonb_set(m.archived::jsonb, '{manuscript}', '""')::text
    FROM mailings m
    WHERE m.archived IS NOT NULL
      AND m.cancelled_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM back_issues b WHERE b.id = m.issue)"#;

const PUBLIC_ISSUE: &str = "
    SELECT 0 AS place, issue
    FROM back_issues
    WHERE id = $1
    UNION ALL
    SELECT 1, archived
    FROM mailings
    WHERE issue = $1
      AND archived IS NOT NULL
      AND cancelled_at IS NULL
    ORDER BY place
    LIMIT 1";

const MOVE_ON: &str = "UPDATE shelf SET mark = mark + 1";

const UNCATALOGUED: &str = "
    SELECT s.issue
    FROM shelved s
    LEFT JOIN catalogued c ON c.issue = s.issue
    WHERE c.issue IS NULL
       OR c.version <> $1::bigint
       OR c.mark < s.mark
    ORDER BY s.issue";

const TAKE_OUT: &str = "DELETE FROM catalogued WHERE issue = $1";

const ENTER: &str = "
    INSERT INTO catalogued (issue, version, mark, day)
    SELECT issue, $2::bigint, $3, $4
    FROM shelved
    WHERE issue = $1";

const ENTER_ARTICLE: &str = "
    INSERT INTO catalogued_articles (id, issue, place, slug, title, text, title_stems, text_stems, words)
    VALUES ($1, $2, $3::bigint, $4, $5, $6, $7, $8, $9::text::tsvector)";

const ENTER_REFERENCE: &str = "INSERT INTO refers (issue, place, slug, to_id, to_slug) VALUES ($1, $2::bigint, $3, $4, $5)";

const REFERRING: &str = "
    SELECT r.issue, r.slug, r.to_slug
    FROM refers r
    JOIN catalogued c ON c.issue = r.issue
    WHERE r.to_id = $1
    ORDER BY c.day DESC, r.issue DESC, r.place";
