//! The nodes that share a newsroom: who is there, who has which duty, and how what limits allow is shared out.
//!
//! Nobody compares clocks. A node *beats*: it adds one to a number of its own. Another that has watched that number stand
//! still for a lease, on its own clock that only runs forward and in sight of the store, *buries* it. From then on the
//! buried node can claim and hand over nothing, and what it held goes back to all.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;

use super::{Recovered, Result};
use crate::mailing::MailingId;
use crate::mailing::fate::OnDoubt;
use crate::traffic::Share;

/// The store's number of a node; one that enters again gets another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct NodeId(pub i64);

/// Who sits down at a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    /// What people call this node.
    pub name: String,
    /// The run of the machine, and the name space of its process numbers: two processes of one place can see each other.
    pub place: String,
    /// The process's number and when it was started.
    pub process: String,
}

/// What a node says of itself with each beat.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Beat {
    /// How it fares, in a line.
    pub state: String,
    /// Whether it wants a share of what limits allow.
    pub is_sending: bool,
    /// The share that it goes by from now on.
    pub share: Share,
}

/// A node as all others see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Node {
    /// Its number.
    pub id: NodeId,
    /// What people call it.
    pub name: String,
    /// See [`Seat::place`].
    #[serde(skip)]
    pub place: String,
    /// See [`Seat::process`].
    #[serde(skip)]
    pub process: String,
    /// Since when it is here.
    pub entered_at: Timestamp,
    /// When it last beat, on its own clock: for people to read.
    pub seen_at: Timestamp,
    /// How often it has.
    #[serde(skip)]
    pub beats: i64,
    /// How it fares, in a line.
    pub state: String,
    /// Whether it wants a share.
    pub is_sending: bool,
    /// Its share.
    pub share: Share,
    /// The duties that it has.
    pub duties: Vec<Duty>,
}

/// What one node does at a time, for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Duty {
    /// Attends to folder, calendar, letters and whatever else happens once.
    Office,
    /// Drives a mailing from its opening to its end; others may lend a hand.
    Sending,
}

impl Duty {
    /// All, in the order in which a store numbers them.
    pub const ALL: [Self; 2] = [Self::Office, Self::Sending];
}

/// What several nodes need of the store that they share.
#[async_trait]
pub trait Nodes: Send + Sync {
    /// Enters this process, or finds the number that it has. Whatever claims enters too, if nobody has.
    async fn enter(&self, now: Timestamp) -> Result<NodeId>;

    /// Gives a sign of life and a word on how it fares, and tells who else is here, by number. A node that was buried is
    /// [`super::StoreError::Unknown`], and has to enter again.
    async fn beat(&self, beat: &Beat, now: Timestamp) -> Result<Vec<Node>>;

    /// Every node that is here and not buried, by number.
    async fn nodes(&self) -> Result<Vec<Node>>;

    /// Buries a node that has not beaten since: it has no duty, no share and no hold on a delivery any more. `false` if it
    /// has beaten, or is buried already.
    async fn bury(&self, node: NodeId, beats: i64) -> Result<bool>;

    /// Takes back what buried nodes held of a mailing, as [`super::Ledger::take_up`] does; what living ones hold stays.
    async fn take_back(&self, mailing: MailingId, on_doubt: OnDoubt, now: Timestamp) -> Result<Recovered>;

    /// Whether this node may hold deliveries of a mailing, or have held some. Asked often: it locks nothing.
    async fn holds(&self, mailing: MailingId) -> Result<bool>;

    /// Goes away: as being buried, by its own hand. What it still held can be taken back.
    async fn leave(&self) -> Result<()>;

    /// Takes a duty that no living node has, or keeps it. Returns who else has it, if anybody.
    async fn take(&self, duty: Duty) -> Result<Option<Node>>;

    /// Lays a duty down, if this node has it.
    async fn lay_down(&self, duty: Duty) -> Result<()>;

    /// Whether a node whose keys have these fingerprints signs as the others do: the first to ask settles how, and a key that is
    /// newer than the one that was settled takes its place.
    async fn signs(&self, newest: &str, older: &[String]) -> Result<bool>;

    /// Returns as soon as another node may have changed what a run must know: a pause, a mailing opened, cancelled or
    /// ended, a word of editors. Also returns where news may have been lost; never fails.
    async fn hear(&self);
}
