//! The agenda in SQLite: proofs, approvals, holds, and what is told once.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{SqliteStore, opening, reports, rows};
use crate::dateline::IssueId;
use crate::store::{Agenda, Approval, Frozen, Hold, HoldCause, Means, Proof, Result, StoreError};

#[async_trait]
impl Agenda for SqliteStore {
    async fn show(&self, proof: Proof, frozen: Frozen) -> Result<()> {
        self.writer.write(move |connection| show(connection, &proof, &frozen)).await
    }

    async fn proofs(&self, issue: &IssueId) -> Result<Vec<Proof>> {
        let issue = issue.clone();
        self.readers.read(move |connection| rows::all(connection, PROOFS, [issue.as_str()], proof)).await
    }

    async fn frozen(&self, issue: &IssueId) -> Result<Option<Frozen>> {
        let issue = issue.clone();
        self.readers.read(move |connection| rows::first(connection, FROZEN, [issue.as_str()], frozen)).await
    }

    async fn approve(&self, approval: Approval) -> Result<bool> {
        self.writer.write(move |connection| approve(connection, &approval)).await
    }

    async fn approvals(&self, issue: &IssueId) -> Result<Vec<Approval>> {
        let issue = issue.clone();
        self.readers.read(move |connection| rows::all(connection, APPROVALS, [issue.as_str()], approval)).await
    }

    async fn hold(&self, hold: Hold) -> Result<bool> {
        self.writer.write(move |connection| put_on_hold(connection, &hold)).await
    }

    async fn lift(&self, issue: &IssueId, at: Timestamp) -> Result<bool> {
        let issue = issue.clone();
        self.writer.write(move |connection| lift(connection, &issue, at)).await
    }

    async fn holds(&self) -> Result<Vec<Hold>> {
        self.readers.read(|connection| rows::all(connection, HOLDS, [], hold)).await
    }

    async fn lifted(&self, issue: &IssueId) -> Result<Option<Timestamp>> {
        let issue = issue.clone();
        let read = move |connection: &Connection| rows::first(connection, LIFTED, [issue.as_str()], |row| rows::time(row, "at"));
        self.readers.read(read).await
    }

    async fn first_time(&self, what: &str, at: Timestamp) -> Result<bool> {
        let what = what.to_owned();
        self.writer.write(move |connection| Ok(rows::change(connection, TELL, params![what, rows::kept(at)])? > 0)).await
    }

    async fn told(&self, what: &str) -> Result<Option<Timestamp>> {
        let what = what.to_owned();
        let sql = "SELECT at FROM told WHERE what = ?1";
        self.readers.read(move |connection| rows::first(connection, sql, [what.as_str()], |row| rows::time(row, "at"))).await
    }

    async fn forget(&self, what: &str) -> Result<u64> {
        let what = what.to_owned();
        self.writer.write(move |connection| Ok(rows::change(connection, FORGET, [what])? as u64)).await
    }

    async fn home(&self) -> Result<Option<String>> {
        let read = |connection: &Connection| rows::first(connection, "SELECT name FROM home", [], |row| Ok(row.get("name")?));
        self.readers.read(read).await
    }

    async fn adopt(&self, home: &str) -> Result<()> {
        let home = home.to_owned();
        self.writer.write(move |connection| rows::change(connection, ADOPT, [home]).map(|_| ())).await
    }
}

fn show(connection: &Connection, proof: &Proof, frozen: &Frozen) -> Result<()> {
    let issue = proof.issue.as_str();
    opening::freeze(connection, &frozen.edition)?;
    rows::change(connection, "DELETE FROM proofs WHERE issue = ?1 AND edition = ?2", [issue, &proof.edition])?;
    let (archived, lists) = (rows::to_json(&frozen.archived)?, rows::to_json(&frozen.lists)?);
    rows::change(connection, SHOW, params![issue, proof.edition, proof.draft, rows::kept(proof.at), archived, lists])?;
    rows::change(connection, REPLACE, [issue, &proof.edition])?;
    rows::change(connection, THAW, [issue, &proof.edition])?;
    Ok(())
}

fn approve(connection: &Connection, approval: &Approval) -> Result<bool> {
    let (issue, edition) = (approval.issue.as_str(), &approval.edition);
    let shown = "SELECT 1 FROM proofs WHERE issue = ?1 AND edition = ?2";
    if rows::first(connection, shown, [issue, edition], |_| Ok(()))?.is_none() {
        return Err(StoreError::Unknown(format!("{edition} as a proof of {issue}")));
    }
    let (editor, at) = (&approval.editor, rows::kept(approval.at));
    let means = rows::place(&Means::ALL, &approval.means);
    Ok(rows::change(connection, APPROVE, params![issue, edition, editor.key(), editor.as_str(), at, means])? > 0)
}

fn put_on_hold(connection: &Connection, hold: &Hold) -> Result<bool> {
    let issue = hold.issue.as_str();
    if reports::mailing(connection, &hold.issue)?.is_some() {
        return Err(StoreError::Unknown(format!("{issue} as an issue that waits: its mailing is open")));
    }
    let cause = rows::place(&HoldCause::ALL, &hold.cause);
    let before: Option<i64> =
        connection.query_row("SELECT cause FROM holds WHERE issue = ?1", [issue], |row| row.get("cause")).optional()?;
    rows::change(connection, HOLD, params![issue, rows::kept(hold.since), hold.reason, cause])?;
    Ok(before.is_none_or(|before| before < cause))
}

fn lift(connection: &Connection, issue: &IssueId, at: Timestamp) -> Result<bool> {
    let is_lifted = rows::change(connection, "DELETE FROM holds WHERE issue = ?1", [issue.as_str()])? > 0;
    if is_lifted {
        rows::change(connection, NOTE_LIFTED, params![issue.as_str(), rows::kept(at)])?;
    }
    Ok(is_lifted)
}

/// Refuses an issue that is held, in the transaction that would let it go out.
pub(super) fn must_be_free(connection: &Connection, issue: &IssueId) -> Result<()> {
    match rows::first(connection, "SELECT reason FROM holds WHERE issue = ?1", [issue.as_str()], |row| Ok(row.get::<_, String>("reason")?))?
    {
        Some(reason) => Err(StoreError::Unknown(format!("{issue} as an issue that may go out: it is held: {reason}"))),
        None => Ok(()),
    }
}

fn proof(row: &Row<'_>) -> Result<Proof> {
    Ok(Proof { issue: rows::id(row, "issue")?, edition: row.get("edition")?, draft: row.get("draft")?, at: rows::time(row, "at")? })
}

fn frozen(row: &Row<'_>) -> Result<Frozen> {
    Ok(Frozen {
        edition: rows::from_json(row, "frozen")?,
        archived: rows::from_json(row, "archived")?,
        lists: rows::from_json(row, "lists")?,
    })
}

fn approval(row: &Row<'_>) -> Result<Approval> {
    Ok(Approval {
        issue: rows::id(row, "issue")?,
        edition: row.get("edition")?,
        editor: rows::address(row)?,
        at: rows::time(row, "at")?,
        means: rows::numbered(row, "means", &Means::ALL)?,
    })
}

fn hold(row: &Row<'_>) -> Result<Hold> {
    Ok(Hold {
        issue: rows::id(row, "issue")?,
        since: rows::time(row, "since")?,
        reason: row.get("reason")?,
        cause: rows::numbered(row, "cause", &HoldCause::ALL)?,
    })
}

const SHOW: &str = "
    INSERT INTO proofs (issue, edition, draft, at, archived, lists)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

const REPLACE: &str = "
    UPDATE proofs
    SET archived = NULL, lists = NULL
    WHERE issue = ?1
      AND edition <> ?2
      AND archived IS NOT NULL";

const THAW: &str = "
    DELETE FROM editions
    WHERE hash IN (SELECT edition FROM proofs WHERE issue = ?1 AND edition <> ?2)
      AND hash NOT IN (SELECT edition FROM approvals WHERE issue = ?1)
      AND hash NOT IN (SELECT edition FROM mailings)";

const PROOFS: &str = "
    SELECT issue, edition, draft, at
    FROM proofs
    WHERE issue = ?1
    ORDER BY number DESC";

const FROZEN: &str = "
    SELECT e.edition AS frozen, p.archived, p.lists
    FROM proofs p
    JOIN editions e ON e.hash = p.edition
    WHERE p.issue = ?1
      AND p.archived IS NOT NULL
    ORDER BY p.number DESC
    LIMIT 1";

const APPROVE: &str = "
    INSERT INTO approvals (issue, edition, editor_key, editor, at, means)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT (issue, edition, editor_key) DO NOTHING";

const APPROVALS: &str = "
    SELECT issue, edition, editor AS address, at, means
    FROM approvals
    WHERE issue = ?1
    ORDER BY at, editor_key";

const HOLD: &str = "
    INSERT INTO holds (issue, since, reason, cause)
    VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (issue) DO UPDATE
    SET since = iif(cause = excluded.cause, since, excluded.since), reason = excluded.reason, cause = excluded.cause
    WHERE excluded.cause >= cause";

const HOLDS: &str = "
    SELECT issue, since, reason, cause
    FROM holds
    ORDER BY issue";

const NOTE_LIFTED: &str = "
    INSERT INTO lifted (issue, at)
    VALUES (?1, ?2)
    ON CONFLICT (issue) DO UPDATE
    SET at = excluded.at";

const LIFTED: &str = "
    SELECT at
    FROM lifted
    WHERE issue = ?1";

const TELL: &str = "
    INSERT INTO told (what, at)
    VALUES (?1, ?2)
    ON CONFLICT (what) DO NOTHING";

// All words from `what` and a blank up to `what` and the letter after the blank.
const FORGET: &str = "
    DELETE FROM told
    WHERE what = ?1
       OR what > ?1 || ' ' AND what < ?1 || '!'";

const ADOPT: &str = "
    INSERT INTO home (only, name)
    VALUES (1, ?1)
    ON CONFLICT (only) DO UPDATE
    SET name = excluded.name";
