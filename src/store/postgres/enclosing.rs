//! Files that came with issues, in PostgreSQL: each kept once by its digest, in parts.

use deadpool_postgres::{GenericClient, Transaction};
use tokio_postgres::Row;

use super::{locks, rows};
use crate::dateline::IssueId;
use crate::store::library::PART;
use crate::store::{EnclosedName, Enclosure, Result};

/// Keeps files in place of those that an issue had. Where they are the same nothing is changed, nor the shelf's mark.
pub(super) async fn enclose(transaction: &Transaction<'_>, issue: &IssueId, files: &[(EnclosedName, Vec<u8>)]) -> Result<()> {
    locks::files(transaction).await?;
    if enclosed(transaction, issue).await?.iter().eq(files.iter().map(|(known, _)| known)) {
        return Ok(());
    }
    rows::change(transaction, TAKE_OUT, &[&issue.as_str()]).await?;
    for (known, octets) in files {
        let file = match rows::first(transaction, FILE, &[&known.digest], |row| rows::int(row, "id")).await? {
            Some(file) => file,
            None => keep(transaction, known, octets).await?,
        };
        let (width, height) = known.pixels.map(|(width, height)| (i64::from(width), i64::from(height))).unzip();
        rows::change(transaction, ENCLOSE, &[&issue.as_str(), &rows::text(&known.name), &file, &width, &height]).await?;
    }
    rows::change(transaction, FORGET, &[]).await?;
    Ok(())
}

async fn keep(transaction: &Transaction<'_>, known: &EnclosedName, octets: &[u8]) -> Result<i64> {
    let row = rows::one(transaction, KEEP, &[&known.digest, &rows::most(octets.len())]).await?;
    let file = rows::int(&row, "id")?;
    for (part, octets) in (0_i64..).zip(octets.chunks(PART)) {
        rows::change(transaction, KEEP_PART, &[&file, &part, &octets]).await?;
    }
    Ok(file)
}

pub(super) async fn enclosed(client: &impl GenericClient, issue: &IssueId) -> Result<Vec<EnclosedName>> {
    rows::all(client, ENCLOSED, &[&issue.as_str()], name).await
}

/// One statement, so that nobody takes its parts away between its name and them.
pub(super) async fn enclosure(client: &impl GenericClient, issue: &IssueId, wanted: &str) -> Result<Option<Enclosure>> {
    let parts = rows::all(client, WHOLE, &[&issue.as_str(), &rows::text(wanted)], |row| {
        Ok((name(row)?, row.try_get::<_, Option<Vec<u8>>>("part_octets")?.unwrap_or_default()))
    })
    .await?;
    let mut parts = parts.into_iter();
    let Some((EnclosedName { name, pixels, .. }, mut octets)) = parts.next() else { return Ok(None) };
    parts.for_each(|(_, part)| octets.extend(part));
    Ok(Some(Enclosure { name, pixels, octets }))
}

pub(super) async fn part(client: &impl GenericClient, digest: &str, part: u32) -> Result<Option<Vec<u8>>> {
    rows::first(client, ONE_PART, &[&digest, &i64::from(part)], |row| Ok(row.try_get("octets")?)).await
}

fn name(row: &Row) -> Result<EnclosedName> {
    let side = |column: &str| rows::int_if_any(row, column).map(|side| side.and_then(|side| u32::try_from(side).ok()));
    Ok(EnclosedName {
        name: row.try_get("name")?,
        pixels: side("width")?.zip(side("height")?),
        octets: rows::count(row, "octets")?,
        digest: row.try_get("digest")?,
    })
}

const ENCLOSED: &str = "
    SELECT e.name, e.width, e.height, f.octets, f.digest
    FROM enclosures e
    JOIN files f ON f.id = e.file
    WHERE e.issue = $1
    ORDER BY e.name";

const WHOLE: &str = "
    SELECT e.name, e.width, e.height, f.octets, f.digest, p.octets AS part_octets
    FROM enclosures e
    JOIN files f ON f.id = e.file
    LEFT JOIN file_parts p ON p.file = f.id
    WHERE e.issue = $1
      AND e.name = $2
    ORDER BY p.part";

const ONE_PART: &str = "
    SELECT p.octets
    FROM files f
    JOIN file_parts p ON p.file = f.id
    WHERE f.digest = $1
      AND p.part = $2::bigint";

const TAKE_OUT: &str = "DELETE FROM enclosures WHERE issue = $1";

const FILE: &str = "SELECT id FROM files WHERE digest = $1";

const KEEP: &str = "INSERT INTO files (digest, octets) VALUES ($1, $2) RETURNING id";

const KEEP_PART: &str = "INSERT INTO file_parts (file, part, octets) VALUES ($1, $2::bigint, $3)";

const ENCLOSE: &str = "INSERT INTO enclosures (issue, name, file, width, height) VALUES ($1, $2, $3, $4, $5)";

const FORGET: &str = "DELETE FROM files f WHERE NOT EXISTS (SELECT 1 FROM enclosures e WHERE e.file = f.id)";
