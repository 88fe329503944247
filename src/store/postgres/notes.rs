//! The hands that write what connections note: whatever came in while all of them were writing goes into the next commit.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use deadpool_postgres::{Object, Pool};
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};

use super::recording::Scribe;
use super::{link, rows};
use crate::mailing::MailingId;
use crate::store::{NodeId, Note, Result, StoreError};
use crate::subscription::SubscriberId;

/// How many write at a time: while one waits for the server's disk, another may go on.
pub(super) const HANDS: i64 = 2;

/// How many notes one commit holds at most.
const MOST: usize = 512;

/// What a note is known by when it is handed in again, after a commit of which nobody has heard.
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

/// Where notes are handed in. The hands rest when this is dropped.
pub(super) struct Desk(mpsc::UnboundedSender<Task>);

impl Desk {
    /// Opens it.
    pub(super) fn open(pool: &Pool) -> Self {
        let (desk, tasks) = mpsc::unbounded_channel();
        let pile = Arc::new(Pile { tasks: AsyncMutex::new(tasks), unheard: Mutex::default() });
        for number in 0..HANDS {
            tokio::spawn(Hand { number, pool: pool.clone(), pile: Arc::clone(&pile), scribe: Scribe::default(), link: None }.write());
        }
        Self(desk)
    }

    /// Hands a note in, and waits until it is committed.
    pub(super) async fn note(&self, by: NodeId, note: Note) -> Result<()> {
        let (caller, end) = oneshot::channel();
        let gone = || StoreError::Engine("nobody writes notes any more".to_owned());
        self.0.send(Task { node: by, note, caller }).map_err(|_| gone())?;
        end.await.map_err(|_| gone())?
    }
}

/// What all hands take from.
struct Pile {
    tasks: AsyncMutex<mpsc::UnboundedReceiver<Task>>,
    /// Notes of whose commit nobody has heard: each may stand.
    unheard: Mutex<HashSet<Mark>>,
}

/// One that writes: whatever is there when it comes goes into its next commit.
struct Hand {
    number: i64,
    pool: Pool,
    pile: Arc<Pile>,
    scribe: Scribe,
    link: Option<Object>,
}

impl Hand {
    async fn write(mut self) {
        let mut group = Vec::new();
        while self.take(&mut group).await {
            let may_stand: Vec<bool> = self.of_unheard(|unheard| group.iter().map(|task: &Task| unheard.contains(&task.mark())).collect());
            let ends = match borrowed(&self.pool, &mut self.link).await {
                Ok(link) => self.scribe.write(link, &group, &may_stand, self.number).await,
                Err(fault) => Err(fault),
            };
            match ends {
                Ok(ends) => {
                    let heard: Vec<Mark> =
                        group.iter().zip(may_stand).filter(|(_, may_stand)| *may_stand).map(|(task, _)| task.mark()).collect();
                    self.of_unheard(|unheard| unheard.retain(|mark| !heard.contains(mark)));
                    group.drain(..).zip(ends).for_each(|(task, end)| drop(task.caller.send(end)));
                }
                Err(fault) => {
                    // It may be in the middle of a transaction: nobody is to borrow it like that.
                    drop(self.link.take().map(Object::take));
                    self.of_unheard(|unheard| unheard.extend(group.iter().map(Task::mark)));
                    group.drain(..).for_each(|task| drop(task.caller.send(Err(fault.clone()))));
                }
            }
        }
    }

    /// Takes what waits, or waits for it. `false` once nobody hands in any more.
    async fn take(&self, group: &mut Vec<Task>) -> bool {
        self.pile.tasks.lock().await.recv_many(group, MOST).await > 0
    }

    fn of_unheard<T>(&self, ask: impl FnOnce(&mut HashSet<Mark>) -> T) -> T {
        ask(&mut self.pile.unheard.lock().unwrap_or_else(PoisonError::into_inner))
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
