//! Files that came with issues, in SQLite: each kept once by its digest, in parts.

use rusqlite::{Connection, Row, params};

use super::rows;
use crate::dateline::IssueId;
use crate::store::library::PART;
use crate::store::{EnclosedName, Enclosure, Result};

/// Keeps files in place of those that an issue had. Where they are the same nothing is changed, nor the shelf's mark.
pub(super) fn enclose(connection: &Connection, issue: &IssueId, files: &[(EnclosedName, Vec<u8>)]) -> Result<()> {
    if enclosed(connection, issue)?.iter().eq(files.iter().map(|(known, _)| known)) {
        return Ok(());
    }
    rows::change(connection, TAKE_OUT, [issue.as_str()])?;
    for (known, octets) in files {
        let file = match rows::first(connection, FILE, [&known.digest], |row| Ok(row.get::<_, i64>("id")?))? {
            Some(file) => file,
            None => keep(connection, known, octets)?,
        };
        let (width, height) = known.pixels.unzip();
        rows::change(connection, ENCLOSE, params![issue.as_str(), known.name, file, width, height])?;
    }
    rows::change(connection, FORGET, [])?;
    Ok(())
}

fn keep(connection: &Connection, known: &EnclosedName, octets: &[u8]) -> Result<i64> {
    rows::change(connection, KEEP, params![known.digest, rows::most(octets.len())])?;
    let file = connection.last_insert_rowid();
    for (part, octets) in (0_i64..).zip(octets.chunks(PART)) {
        rows::change(connection, KEEP_PART, params![file, part, octets])?;
    }
    Ok(file)
}

pub(super) fn enclosed(connection: &Connection, issue: &IssueId) -> Result<Vec<EnclosedName>> {
    rows::all(connection, ENCLOSED, [issue.as_str()], name)
}

pub(super) fn enclosure(connection: &Connection, issue: &IssueId, wanted: &str) -> Result<Option<Enclosure>> {
    let Some(EnclosedName { name, pixels, digest, .. }) = rows::first(connection, ENCLOSED_AS, [issue.as_str(), wanted], name)? else {
        return Ok(None);
    };
    let parts = rows::all(connection, PARTS, [&digest], |row| Ok(row.get::<_, Vec<u8>>("octets")?))?;
    Ok(Some(Enclosure { name, pixels, octets: parts.concat() }))
}

pub(super) fn part(connection: &Connection, digest: &str, part: u32) -> Result<Option<Vec<u8>>> {
    rows::first(connection, ONE_PART, params![digest, part], |row| Ok(row.get("octets")?))
}

fn name(row: &Row<'_>) -> Result<EnclosedName> {
    let side = |column: &str| Ok::<_, crate::store::StoreError>(row.get::<_, Option<u32>>(column)?);
    Ok(EnclosedName {
        name: row.get("name")?,
        pixels: side("width")?.zip(side("height")?),
        octets: rows::count(row, "octets")?,
        digest: row.get("digest")?,
    })
}

const ENCLOSED: &str = "
    SELECT e.name, e.width, e.height, f.octets, f.digest
    FROM enclosures e
    JOIN files f ON f.id = e.file
    WHERE e.issue = ?1
    ORDER BY e.name";

pub(super) const ENCLOSED_AS: &str = "
    SELECT e.name, e.width, e.height, f.octets, f.digest
    FROM enclosures e
    JOIN files f ON f.id = e.file
    WHERE e.issue = ?1
      AND e.name = ?2";

const PARTS: &str = "
    SELECT p.octets
    FROM files f
    JOIN file_parts p ON p.file = f.id
    WHERE f.digest = ?1
    ORDER BY p.part";

pub(super) const ONE_PART: &str = "
    SELECT p.octets
    FROM files f
    JOIN file_parts p ON p.file = f.id
    WHERE f.digest = ?1
      AND p.part = ?2";

const TAKE_OUT: &str = "DELETE FROM enclosures WHERE issue = ?1";

const FILE: &str = "SELECT id FROM files WHERE digest = ?1";

const KEEP: &str = "INSERT INTO files (digest, octets) VALUES (?1, ?2)";

const KEEP_PART: &str = "INSERT INTO file_parts (file, part, octets) VALUES (?1, ?2, ?3)";

const ENCLOSE: &str = "INSERT INTO enclosures (issue, name, file, width, height) VALUES (?1, ?2, ?3, ?4, ?5)";

const FORGET: &str = "DELETE FROM files WHERE NOT EXISTS (SELECT 1 FROM enclosures e WHERE e.file = files.id)";
