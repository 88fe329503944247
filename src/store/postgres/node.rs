//! This node among the others: entering, beating, burying who has died, and the duties that one has for all.

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::Mutex;

use super::{PgStore, rows};
use crate::mailing::MailingId;
use crate::mailing::fate::OnDoubt;
use crate::store::{Beat, Duty, Node, NodeId, Nodes, Recovered, Result};

/// The number that this process has here, once it has entered.
#[derive(Default)]
pub(super) struct Entered(Mutex<Option<NodeId>>);

impl PgStore {
    /// The number of this node, which enters now if it has not.
    pub(super) async fn node(&self, now: Timestamp) -> Result<NodeId> {
        let mut entered = self.node.0.lock().await;
        if let Some(node) = *entered {
            return Ok(node);
        }
        let link = self.link().await?;
        let at = rows::kept(now);
        let row = rows::one(&link, ENTER, &[&self.seat.name, &self.seat.place, &self.seat.process, &at]).await?;
        let node = NodeId(rows::int(&row, "id")?);
        *entered = Some(node);
        Ok(node)
    }
}

impl PgStore {
    /// The number of this node, if it has entered.
    pub(super) async fn entered(&self) -> Option<NodeId> {
        *self.node.0.lock().await
    }
}

#[async_trait]
impl Nodes for PgStore {
    async fn enter(&self, now: Timestamp) -> Result<NodeId> {
        self.node(now).await
    }

    async fn beat(&self, _beat: &Beat, _now: Timestamp) -> Result<Vec<Node>> {
        Err(super::not_yet())
    }

    async fn nodes(&self) -> Result<Vec<Node>> {
        Err(super::not_yet())
    }

    async fn bury(&self, _node: NodeId, _beats: i64) -> Result<bool> {
        Err(super::not_yet())
    }

    async fn take_back(&self, _mailing: MailingId, _on_doubt: OnDoubt, _now: Timestamp) -> Result<Recovered> {
        Err(super::not_yet())
    }

    async fn leave(&self) -> Result<()> {
        Err(super::not_yet())
    }

    async fn take(&self, _duty: Duty) -> Result<Option<Node>> {
        Err(super::not_yet())
    }

    async fn lay_down(&self, _duty: Duty) -> Result<()> {
        Err(super::not_yet())
    }

    async fn hear(&self) {
        std::future::pending().await
    }
}

const ENTER: &str = "
    INSERT INTO nodes (name, place, process, entered_at, seen_at)
    VALUES ($1, $2, $3, $4, $4)
    RETURNING id";
