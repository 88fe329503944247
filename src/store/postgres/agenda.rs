//! The agenda in PostgreSQL: proofs, approvals, holds, and what is told once.
//!
//! Whatever decides about an issue takes [`lock_issue`] first, and only then looks at what is there: each of its statements
//! sees all that was decided before, and no two nodes decide about one issue at once.

use async_trait::async_trait;
use deadpool_postgres::{GenericClient, Transaction};
use jiff::Timestamp;
use tokio_postgres::Row;

use super::{PgStore, news, rows};
use crate::dateline::IssueId;
use crate::store::{Agenda, Approval, Frozen, Hold, HoldCause, Means, Proof, Result, StoreError};

#[async_trait]
impl Agenda for PgStore {
    async fn show(&self, proof: Proof, frozen: Frozen) -> Result<()> {
        let mut link = self.link().await?;
        let transaction = link.transaction().await?;
        lock_issue(&transaction, &proof.issue).await?;
        show(&transaction, &proof, &frozen).await?;
        news::tell(&transaction).await?;
        Ok(transaction.commit().await?)
    }

    async fn proofs(&self, issue: &IssueId) -> Result<Vec<Proof>> {
        rows::all(&self.link().await?, PROOFS, &[&issue.as_str()], proof).await
    }

    async fn frozen(&self, issue: &IssueId) -> Result<Option<Frozen>> {
        rows::first(&self.link().await?, FROZEN, &[&issue.as_str()], frozen).await
    }

    async fn approve(&self, approval: Approval) -> Result<bool> {
        let mut link = self.link().await?;
        let transaction = link.transaction().await?;
        lock_issue(&transaction, &approval.issue).await?;
        let is_new = approve(&transaction, &approval).await?;
        news::tell(&transaction).await?;
        transaction.commit().await?;
        Ok(is_new)
    }

    async fn approvals(&self, issue: &IssueId) -> Result<Vec<Approval>> {
        rows::all(&self.link().await?, APPROVALS, &[&issue.as_str()], approval).await
    }

    async fn hold(&self, hold: Hold) -> Result<bool> {
        let mut link = self.link().await?;
        let transaction = link.transaction().await?;
        lock_issue(&transaction, &hold.issue).await?;
        let is_held_now = put_on_hold(&transaction, &hold).await?;
        news::tell(&transaction).await?;
        transaction.commit().await?;
        Ok(is_held_now)
    }

    async fn lift(&self, issue: &IssueId, at: Timestamp) -> Result<bool> {
        let mut link = self.link().await?;
        let transaction = link.transaction().await?;
        lock_issue(&transaction, issue).await?;
        let is_lifted = rows::change(&transaction, "DELETE FROM holds WHERE issue = $1", &[&issue.as_str()]).await? > 0;
        if is_lifted {
            rows::change(&transaction, NOTE_LIFTED, &[&issue.as_str(), &rows::kept(at)]).await?;
            news::tell(&transaction).await?;
        }
        transaction.commit().await?;
        Ok(is_lifted)
    }

    async fn holds(&self) -> Result<Vec<Hold>> {
        rows::all(&self.link().await?, HOLDS, &[], hold).await
    }

    async fn lifted(&self, issue: &IssueId) -> Result<Option<Timestamp>> {
        rows::first(&self.link().await?, LIFTED, &[&issue.as_str()], |row| rows::time(row, "at")).await
    }

    /// Of two who ask at once, the second waits at the key for the first, and finds it taken.
    async fn first_time(&self, what: &str, at: Timestamp) -> Result<bool> {
        Ok(rows::change(&self.link().await?, TELL, &[&rows::text(what), &rows::kept(at)]).await? > 0)
    }

    async fn told(&self, what: &str) -> Result<Option<Timestamp>> {
        let sql = "SELECT at FROM told WHERE what = $1";
        rows::first(&self.link().await?, sql, &[&rows::text(what)], |row| rows::time(row, "at")).await
    }

    async fn forget(&self, what: &str) -> Result<u64> {
        rows::change(&self.link().await?, FORGET, &[&rows::text(what)]).await
    }

    async fn home(&self) -> Result<Option<String>> {
        rows::first(&self.link().await?, "SELECT name FROM home", &[], |row| Ok(row.try_get("name")?)).await
    }

    async fn adopt(&self, home: &str) -> Result<()> {
        let mut link = self.link().await?;
        let transaction = link.transaction().await?;
        rows::change(&transaction, ADOPT, &[&rows::text(home)]).await?;
        news::tell(&transaction).await?;
        Ok(transaction.commit().await?)
    }
}

/// Keeps all others from deciding about an issue until the transaction ends. To be taken before anything else of it.
pub(super) async fn lock_issue(transaction: &Transaction<'_>, issue: &IssueId) -> Result<()> {
    rows::one(transaction, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", &[&issue.as_str()]).await?;
    Ok(())
}

/// Refuses an issue that is held, in the transaction that would let it go out, which has [`lock_issue`].
pub(super) async fn must_be_free(client: &impl GenericClient, issue: &IssueId) -> Result<()> {
    let sql = "SELECT reason FROM holds WHERE issue = $1";
    match rows::first(client, sql, &[&issue.as_str()], |row| Ok(row.try_get::<_, String>("reason")?)).await? {
        Some(reason) => Err(StoreError::Unknown(format!("{issue} as an issue that may go out: it is held: {reason}"))),
        None => Ok(()),
    }
}

/// Keeps an edition under its hash, whether it is there already or not.
pub(super) async fn freeze(client: &impl GenericClient, edition: &crate::edition::Edition) -> Result<()> {
    rows::change(client, FREEZE, &[&edition.hash, &rows::to_json(edition)?]).await?;
    Ok(())
}

async fn show(transaction: &Transaction<'_>, proof: &Proof, frozen: &Frozen) -> Result<()> {
    let (issue, edition) = (proof.issue.as_str(), proof.edition.as_str());
    freeze(transaction, &frozen.edition).await?;
    rows::change(transaction, "DELETE FROM proofs WHERE issue = $1 AND edition = $2", &[&issue, &edition]).await?;
    let (archived, lists) = (rows::to_json(&frozen.archived)?, rows::to_json(&frozen.lists)?);
    rows::change(transaction, SHOW, &[&issue, &edition, &proof.draft, &rows::kept(proof.at), &archived, &lists]).await?;
    rows::change(transaction, REPLACE, &[&issue, &edition]).await?;
    rows::change(transaction, THAW, &[&issue, &edition]).await?;
    Ok(())
}

async fn approve(transaction: &Transaction<'_>, approval: &Approval) -> Result<bool> {
    let (issue, edition) = (approval.issue.as_str(), approval.edition.as_str());
    let shown = "SELECT 1 FROM proofs WHERE issue = $1 AND edition = $2";
    if rows::first(transaction, shown, &[&issue, &edition], |_| Ok(())).await?.is_none() {
        return Err(StoreError::Unknown(format!("{edition} as a proof of {issue}")));
    }
    let (editor, at) = (&approval.editor, rows::kept(approval.at));
    let means = rows::place(&Means::ALL, &approval.means);
    Ok(rows::change(transaction, APPROVE, &[&issue, &edition, &editor.key(), &editor.as_str(), &at, &means]).await? > 0)
}

async fn put_on_hold(transaction: &Transaction<'_>, hold: &Hold) -> Result<bool> {
    let issue = hold.issue.as_str();
    if rows::first(transaction, "SELECT 1 FROM mailings WHERE issue = $1", &[&issue], |_| Ok(())).await?.is_some() {
        return Err(StoreError::Unknown(format!("{issue} as an issue that waits: its mailing is open")));
    }
    let cause = rows::place(&HoldCause::ALL, &hold.cause);
    let before = rows::first(transaction, "SELECT cause FROM holds WHERE issue = $1", &[&issue], |row| rows::int(row, "cause")).await?;
    rows::change(transaction, HOLD, &[&issue, &rows::kept(hold.since), &rows::text(&hold.reason), &cause]).await?;
    Ok(before.is_none_or(|before| before < cause))
}

fn proof(row: &Row) -> Result<Proof> {
    Ok(Proof { issue: rows::id(row, "issue")?, edition: row.try_get("edition")?, draft: row.try_get("draft")?, at: rows::time(row, "at")? })
}

fn frozen(row: &Row) -> Result<Frozen> {
    Ok(Frozen {
        edition: rows::from_json(row, "frozen")?,
        archived: rows::from_json(row, "archived")?,
        lists: rows::from_json(row, "lists")?,
    })
}

fn approval(row: &Row) -> Result<Approval> {
    Ok(Approval {
        issue: rows::id(row, "issue")?,
        edition: row.try_get("edition")?,
        editor: rows::address(row)?,
        at: rows::time(row, "at")?,
        means: rows::numbered(row, "means", &Means::ALL)?,
    })
}

fn hold(row: &Row) -> Result<Hold> {
    Ok(Hold {
        issue: rows::id(row, "issue")?,
        since: rows::time(row, "since")?,
        reason: row.try_get("reason")?,
        cause: rows::numbered(row, "cause", &HoldCause::ALL)?,
    })
}

const FREEZE: &str = "
    INSERT INTO editions (hash, edition)
    VALUES ($1, $2)
    ON CONFLICT (hash) DO NOTHING";

const SHOW: &str = "
    INSERT INTO proofs (issue, edition, draft, at, archived, lists)
    VALUES ($1, $2, $3, $4, $5, $6)";

const REPLACE: &str = "
    UPDATE proofs
    SET archived = NULL, lists = NULL
    WHERE issue = $1
      AND edition <> $2
      AND archived IS NOT NULL";

const THAW: &str = "
    DELETE FROM editions
    WHERE hash IN (SELECT edition FROM proofs WHERE issue = $1 AND edition <> $2)
      AND NOT EXISTS (SELECT 1 FROM approvals a WHERE a.issue = $1 AND a.edition = hash)
      AND NOT EXISTS (SELECT 1 FROM mailings m WHERE m.edition = hash)";

const PROOFS: &str = "
    SELECT issue, edition, draft, at
    FROM proofs
    WHERE issue = $1
    ORDER BY number DESC";

const FROZEN: &str = "
    SELECT e.edition AS frozen, p.archived, p.lists
    FROM proofs p
    JOIN editions e ON e.hash = p.edition
    WHERE p.issue = $1
      AND p.archived IS NOT NULL
    ORDER BY p.number DESC
    LIMIT 1";

const APPROVE: &str = "
    INSERT INTO approvals (issue, edition, editor_key, editor, at, means)
    VALUES ($1, $2, $3, $4, $5, $6::bigint)
    ON CONFLICT (issue, edition, editor_key) DO NOTHING";

const APPROVALS: &str = "
    SELECT issue, edition, editor AS address, at, means
    FROM approvals
    WHERE issue = $1
    ORDER BY at, editor_key";

const HOLD: &str = "
    INSERT INTO holds AS held (issue, since, reason, cause)
    VALUES ($1, $2, $3, $4::bigint)
    ON CONFLICT (issue) DO UPDATE
    SET since = CASE WHEN held.cause = excluded.cause THEN held.since ELSE excluded.since END,
        reason = excluded.reason,
        cause = excluded.cause
    WHERE excluded.cause >= held.cause";

const HOLDS: &str = "
    SELECT issue, since, reason, cause
    FROM holds
    ORDER BY issue";

const NOTE_LIFTED: &str = "
    INSERT INTO lifted (issue, at)
    VALUES ($1, $2)
    ON CONFLICT (issue) DO UPDATE
    SET at = excluded.at";

const LIFTED: &str = "
    SELECT at
    FROM lifted
    WHERE issue = $1";

const TELL: &str = "
    INSERT INTO told (what, at)
    VALUES ($1, $2)
    ON CONFLICT (what) DO NOTHING";

// All words from `what` and a blank up to `what` and the letter after the blank.
const FORGET: &str = "
    DELETE FROM told
    WHERE what = $1
       OR what > $1 || ' ' AND what < $1 || '!'";

const ADOPT: &str = "
    INSERT INTO home (is_only, name)
    VALUES (TRUE, $1)
    ON CONFLICT (is_only) DO UPDATE
    SET name = excluded.name";
