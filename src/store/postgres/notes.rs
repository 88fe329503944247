//! The hand that writes what connections note: whatever came in while it was writing goes into the next commit.

use std::collections::HashSet;

use deadpool_postgres::{Object, Pool};
use tokio::sync::{mpsc, oneshot};

use super::{link, recording, rows};
use crate::mailing::MailingId;
use crate::store::{NodeId, Note, Result, StoreError};
use crate::subscription::SubscriberId;

/// How many notes one commit holds at most.
const MOST: usize = 512;

/// What a note is known by when it is handed in again.
type Mark = (MailingId, Option<SubscriberId>, Option<SubscriberId>, i64);

/// A note, who notes it, and who waits for it.
pub(super) struct Task {
    pub(super) node: NodeId,
    pub(super) note: Note,
    pub(super) caller: oneshot::Sender<Result<()>>,
}

impl Task {
    fn mark(&self) -> Mark {
        let Note { mailing, settled, submitting, at } = &self.note;
        (*mailing, *submitting, settled.as_ref().map(|attempt| attempt.subscriber), rows::kept(*at))
    }
}

/// Notes of whose commit nobody has heard: each may stand.
#[derive(Default)]
pub(super) struct Unheard(HashSet<Mark>);

impl Unheard {
    /// Whether a note may stand already.
    pub(super) fn has(&self, task: &Task) -> bool {
        !self.0.is_empty() && self.0.contains(&task.mark())
    }
}

/// Where notes are handed in. The hand rests when this is dropped.
pub(super) struct Desk(mpsc::UnboundedSender<Task>);

impl Desk {
    /// Opens it.
    pub(super) fn open(pool: Pool) -> Self {
        let (desk, tasks) = mpsc::unbounded_channel();
        tokio::spawn(write(pool, tasks));
        Self(desk)
    }

    /// Hands a note in, and waits until it is committed.
    pub(super) async fn note(&self, node: NodeId, note: Note) -> Result<()> {
        let (caller, end) = oneshot::channel();
        let gone = || StoreError::Engine("nobody writes notes any more".to_owned());
        self.0.send(Task { node, note, caller }).map_err(|_| gone())?;
        end.await.map_err(|_| gone())?
    }
}

async fn write(pool: Pool, mut tasks: mpsc::UnboundedReceiver<Task>) {
    let mut scribe = recording::Scribe::default();
    let mut unheard = Unheard::default();
    let mut link: Option<Object> = None;
    let mut group = Vec::new();
    while tasks.recv_many(&mut group, MOST).await > 0 {
        let ends = match borrowed(&pool, &mut link).await {
            Ok(link) => scribe.write(link, &group, &unheard).await,
            Err(fault) => Err(fault),
        };
        match ends {
            Ok(ends) => {
                for (task, end) in group.drain(..).zip(ends) {
                    unheard.0.remove(&task.mark());
                    drop(task.caller.send(end));
                }
            }
            Err(fault) => {
                // It may be in the middle of a transaction: nobody is to borrow it like that.
                drop(link.take().map(Object::take));
                for task in group.drain(..) {
                    unheard.0.insert(task.mark());
                    drop(task.caller.send(Err(fault.clone())));
                }
            }
        }
    }
}

/// The connection of its own, or another if that one is lost.
async fn borrowed<'l>(pool: &Pool, link: &'l mut Option<Object>) -> Result<&'l mut Object> {
    let kept = link.take().filter(|kept| !kept.is_closed());
    let kept = match kept {
        Some(kept) => kept,
        None => link::borrow(pool).await?,
    };
    Ok(link.insert(kept))
}
