//! This node among the others: entering, beating, burying who has died, and the duties that one has for all.

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::Mutex;
use tokio_postgres::Row;

use super::recovering::{self, Whose};
use super::{PgStore, link, locks, news, rows, signing};
use crate::mailing::MailingId;
use crate::mailing::fate::OnDoubt;
use crate::store::codes::unexpected;
use crate::store::{Beat, Duty, Node, NodeId, Nodes, Recovered, Result, StoreError};
use crate::traffic::Share;

/// The number that this process has here, once it has entered, and how many beats it has begun.
#[derive(Default)]
pub(super) struct Entered(Mutex<Option<(NodeId, i64)>>);

impl PgStore {
    /// The number of this node, which enters now if it has not.
    pub(super) async fn node(&self, now: Timestamp) -> Result<NodeId> {
        let mut entered = self.node.0.lock().await;
        if let Some((node, _)) = *entered {
            return Ok(node);
        }
        let link = self.link().await?;
        let at = rows::kept(now);
        let row = rows::one(&link, ENTER, &[&self.seat.name, &self.seat.place, &self.seat.process, &at]).await?;
        let node = NodeId(rows::int(&row, "id")?);
        *entered = Some((node, 0));
        Ok(node)
    }

    /// The number of this node, and that of its next beat.
    async fn next_beat(&self, now: Timestamp) -> Result<(NodeId, i64)> {
        let node = self.node(now).await?;
        let mut entered = self.node.0.lock().await;
        let beats = match entered.as_mut() {
            Some((_, beats)) => {
                *beats += 1;
                *beats
            }
            None => return Err(buried()),
        };
        Ok((node, beats))
    }

    /// Forgets this number: whoever has it is buried, and is to enter anew.
    async fn forget(&self, node: NodeId) {
        let mut entered = self.node.0.lock().await;
        if entered.is_some_and(|(own, _)| own == node) {
            *entered = None;
        }
    }

    /// The number of this node, if it has entered.
    pub(super) async fn entered(&self) -> Option<NodeId> {
        self.node.0.lock().await.map(|(node, _)| node)
    }

    /// Every living node, by number.
    async fn living(&self) -> Result<Vec<Node>> {
        rows::all(&self.link().await?, LIVING, &[], node).await
    }
}

#[async_trait]
impl Nodes for PgStore {
    async fn enter(&self, now: Timestamp) -> Result<NodeId> {
        self.node(now).await
    }

    async fn beat(&self, beat: &Beat, now: Timestamp) -> Result<Vec<Node>> {
        let (node, beats) = self.next_beat(now).await?;
        let (at, (from, to), state) = (rows::kept(now), beat.share.marks(), rows::text(&beat.state));
        let params: rows::Params<'_> = &[&node.0, &beats, &at, &state, &beat.is_sending, &from, &to];
        let mut link = link::borrow(&self.pulse).await?;
        if rows::change(&link, BEAT, params).await? == 0 {
            let transaction = link.transaction().await?;
            // Two that grow at once would not see each other. The lock lasts until the first is committed, and the next
            // statement looks at everything that was committed by then.
            locks::growing(&transaction).await?;
            let is_noted = rows::change(&transaction, GROW, params).await? > 0;
            transaction.commit().await?;
            if !is_noted {
                let lives = rows::one(&link, "SELECT EXISTS (SELECT FROM nodes WHERE id = $1 AND NOT has_ended)", &[&node.0]).await?;
                if !lives.try_get::<_, bool>(0)? {
                    self.forget(node).await;
                    return Err(buried());
                }
                return Err(StoreError::Unavailable("a later beat came before this one".to_owned()));
            }
        }
        rows::all(&link, LIVING, &[], self::node).await
    }

    async fn nodes(&self) -> Result<Vec<Node>> {
        self.living().await
    }

    async fn bury(&self, node: NodeId, beats: i64) -> Result<bool> {
        let link = self.link().await?;
        let is_buried = rows::change(&link, &format!("{END} AND beats = $2"), &[&node.0, &beats]).await? > 0;
        if is_buried {
            news::tell(&link).await?;
        }
        Ok(is_buried)
    }

    async fn take_back(&self, mailing: MailingId, on_doubt: OnDoubt, now: Timestamp) -> Result<Recovered> {
        let node = self.node(now).await?;
        let mut link = self.link().await?;
        let transaction = link.transaction().await?;
        let recovered = recovering::take_back(&transaction, node, mailing, Whose::Buried, on_doubt, now).await?;
        transaction.commit().await?;
        Ok(recovered)
    }

    async fn holds(&self, mailing: MailingId) -> Result<bool> {
        let Some(node) = self.entered().await else { return Ok(false) };
        let held = "SELECT EXISTS (SELECT FROM held WHERE node = $1 AND mailing = $2)";
        Ok(rows::one(&self.link().await?, held, &[&node.0, &mailing.0]).await?.try_get(0)?)
    }

    async fn leave(&self) -> Result<()> {
        let Some(node) = self.entered().await else { return Ok(()) };
        let link = self.link().await?;
        rows::change(&link, END, &[&node.0]).await?;
        self.forget(node).await;
        news::tell(&link).await
    }

    async fn take(&self, duty: Duty) -> Result<Option<Node>> {
        let own = self.entered().await.ok_or_else(buried)?;
        let number = code(duty);
        let mut link = self.link().await?;
        let transaction = link.transaction().await?;
        // One after the other: whether its holder lives is looked up after everything that was committed before.
        locks::duty(&transaction, number).await?;
        rows::change(&transaction, TAKE, &[&number, &own.0]).await?;
        let holder = rows::first(&transaction, HOLDER, &[&number], |row| rows::int(row, "node")).await?;
        transaction.commit().await?;
        drop(link);
        match holder.map(NodeId) {
            Some(holder) if holder == own => Ok(None),
            Some(holder) => Ok(self.living().await?.into_iter().find(|node| node.id == holder)),
            None => {
                self.forget(own).await;
                Err(buried())
            }
        }
    }

    async fn lay_down(&self, duty: Duty) -> Result<()> {
        let Some(own) = self.entered().await else { return Ok(()) };
        let link = self.link().await?;
        if rows::change(&link, "DELETE FROM duties WHERE duty = $1::bigint AND node = $2", &[&code(duty), &own.0]).await? > 0 {
            news::tell(&link).await?;
        }
        Ok(())
    }

    async fn signs(&self, newest: &str, older: &[String]) -> Result<bool> {
        let mut link = self.link().await?;
        let transaction = link.transaction().await?;
        let is_alike = signing::signs(&transaction, newest, older).await?;
        transaction.commit().await?;
        Ok(is_alike)
    }

    async fn hear(&self) {
        self.ear.hear(&self.address).await;
    }
}

fn buried() -> StoreError {
    StoreError::Unknown("this node: it was taken for dead".to_owned())
}

fn code(duty: Duty) -> i64 {
    rows::place(&Duty::ALL, &duty)
}

fn node(row: &Row) -> Result<Node> {
    let duties: Vec<i16> = row.try_get("duties")?;
    let duty = |code: i16| usize::try_from(code).ok().and_then(|code| Duty::ALL.get(code).copied());
    Ok(Node {
        id: NodeId(rows::int(row, "id")?),
        name: row.try_get("name")?,
        place: row.try_get("place")?,
        process: row.try_get("process")?,
        entered_at: rows::time(row, "entered_at")?,
        seen_at: rows::time(row, "seen_at")?,
        beats: rows::int(row, "beats")?,
        state: row.try_get("state")?,
        is_sending: row.try_get("is_sending")?,
        share: Share::between(rows::int(row, "share_from")?, rows::int(row, "share_to")?),
        duties: duties.into_iter().map(|code| duty(code).ok_or_else(|| unexpected(format!("{code} is no duty")))).collect::<Result<_>>()?,
    })
}

const ENTER: &str = "
    INSERT INTO nodes (name, place, process, entered_at, seen_at)
    VALUES ($1, $2, $3, $4, $4)
    RETURNING id";

/// A beat that leaves the share as it is, or makes it less. One that was overtaken by a later one comes to nothing, so that
/// what stands here is never less than what the node goes by.
const BEAT: &str = "
    UPDATE nodes
    SET beats = $2, seen_at = $3, state = $4, is_sending = $5, share_from = $6::bigint, share_to = $7::bigint
    WHERE id = $1 AND beats < $2 AND NOT has_ended AND ($6::bigint >= $7::bigint OR (share_from <= $6::bigint AND $7::bigint <= share_to))";

/// A beat that would make it more: it does if nobody else has any of it, and else leaves it as it is.
const GROW: &str = "
    UPDATE nodes
    SET beats = $2, seen_at = $3, state = $4, is_sending = $5,
        (share_from, share_to) = (
            SELECT CASE WHEN is_free THEN $6::bigint ELSE nodes.share_from END, CASE WHEN is_free THEN $7::bigint ELSE nodes.share_to END
            FROM (SELECT NOT EXISTS (
                SELECT FROM nodes other
                WHERE other.id <> $1 AND NOT other.has_ended AND other.share_from < $7::bigint AND $6::bigint < other.share_to
            ) AS is_free) AS look)
    WHERE id = $1 AND beats < $2 AND NOT has_ended";

const END: &str = "
    UPDATE nodes
    SET has_ended = TRUE, is_sending = FALSE, share_from = 0, share_to = 0
    WHERE id = $1 AND NOT has_ended";

const LIVING: &str = "
    SELECT id, name, place, process, entered_at, seen_at, beats, state, is_sending, share_from, share_to,
           ARRAY(SELECT duty FROM duties WHERE node = nodes.id ORDER BY duty) AS duties
    FROM nodes
    WHERE NOT has_ended
    ORDER BY id";

const TAKE: &str = "
    INSERT INTO duties (duty, node)
    SELECT $1::bigint, id FROM nodes WHERE id = $2 AND NOT has_ended
    ON CONFLICT (duty) DO UPDATE SET node = excluded.node
    WHERE EXISTS (SELECT FROM nodes WHERE id = duties.node AND has_ended)";

const HOLDER: &str = "
    SELECT node
    FROM duties JOIN nodes ON id = node
    WHERE duty = $1::bigint AND NOT has_ended";
