//! What callers ask of the writer, and how each gets its answer.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::store::{Note, Result, StoreError};

/// One thing to do for a caller.
pub(super) enum Job {
    /// A note: there are many, so that all of a group are done together.
    Note(Box<NoteTask>),
    /// Anything else.
    Deed(Box<dyn Deed>),
}

impl Job {
    /// A deed, whether its caller is answered only when it is on the disk, and what undoes it if it does not get there.
    pub(super) fn deed<T, F>(deed: F, is_synced: bool, undo: Option<fn(T) -> Regret>, caller: oneshot::Sender<Result<T>>) -> Self
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        Self::Deed(Box::new(Task { deed: Some(deed), outcome: None, is_synced, undo, caller }))
    }
}

/// A note and who waits for it.
pub(super) struct NoteTask {
    pub(super) note: Note,
    /// What became of it, if it came to nothing while others of its group stand.
    pub(super) fault: Option<StoreError>,
    caller: oneshot::Sender<Result<()>>,
}

impl NoteTask {
    pub(super) fn new(note: Note, caller: oneshot::Sender<Result<()>>) -> Box<Self> {
        Box::new(Self { note, fault: None, caller })
    }

    /// Tells the caller, once it is certain what became of the group.
    pub(super) fn answer(self, group: Result<()>) {
        // Nobody listens if the caller has gone; the note is kept all the same.
        let _ = self.caller.send(self.fault.map_or(group, Err));
    }
}

/// A deed whose result type the thread need not know.
pub(super) trait Deed: Send {
    /// Does it and keeps the outcome. An error means that its savepoint is to be undone.
    fn run(&mut self, connection: &Connection) -> Result<()>;

    /// Whether the caller is answered only when the deed is on the disk.
    fn is_synced(&self) -> bool;

    /// Tells the caller, once it is certain what became of the group.
    fn answer(self: Box<Self>, group: Result<()>);

    /// Tells the caller that what was committed may be lost. Returns what undoes it, where a caller who does not know of
    /// it would leave something behind.
    fn regret(self: Box<Self>, fault: StoreError) -> Option<Regret>;
}

/// Undoes what was committed for a caller who was told otherwise.
pub(super) type Regret = Box<dyn Fn(&Connection) -> Result<()> + Send>;

/// A deed, its outcome, and who waits for it.
struct Task<T, F> {
    deed: Option<F>,
    outcome: Option<Result<T>>,
    is_synced: bool,
    undo: Option<fn(T) -> Regret>,
    caller: oneshot::Sender<Result<T>>,
}

impl<T, F> Deed for Task<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<T> + Send,
{
    fn run(&mut self, connection: &Connection) -> Result<()> {
        let Some(deed) = self.deed.take() else { return Ok(()) };
        // One faulty deed must not take the writer with it; what it half did goes with its savepoint.
        let outcome = catch_unwind(AssertUnwindSafe(|| deed(connection)))
            .unwrap_or_else(|_| Err(StoreError::Engine("a deed of the writer panicked".to_owned())));
        let end = outcome.as_ref().map(|_| ()).map_err(Clone::clone);
        self.outcome = Some(outcome);
        end
    }

    fn is_synced(&self) -> bool {
        self.is_synced
    }

    fn regret(mut self: Box<Self>, fault: StoreError) -> Option<Regret> {
        let regret = self.undo.zip(self.outcome.take_if(|outcome| outcome.is_ok())).and_then(|(undo, done)| done.ok().map(undo));
        self.answer(Err(fault));
        regret
    }

    fn answer(self: Box<Self>, group: Result<()>) {
        let answer = match (self.outcome, group) {
            (Some(Err(own)), _) => Err(own),
            (_, Err(shared)) => Err(shared),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => Err(StoreError::Engine("a deed was passed over".to_owned())),
        };
        // Nobody listens if the caller has gone; the deed is done all the same.
        let _ = self.caller.send(answer);
    }
}
