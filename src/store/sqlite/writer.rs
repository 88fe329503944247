//! One thread writes, and commits together what came in together: many workers share one commit and one wait for the disk.
//!
//! While a group is at work, the next jobs gather in the channel. The next group takes them, and waits a moment for the
//! callers that were answered just now, who mostly come back at once with their next job; else a crowd would split into
//! two halves that take turns. A lone caller waits for nobody, and neither does one who finds the writer idle. No caller
//! has its answer before its group is committed; all but notes have it only when the group is on the disk, and the writer
//! sees to it that notes soon are.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::disk::Log;
use super::group::{Group, Hand};
use super::job::{Job, NoteTask, Regret};
use crate::store::{Note, Result, StoreError};

/// The most jobs that one commit takes: enough to make it cheap, few enough that nobody waits long.
const MAX_GROUP: usize = 1_000;

/// The longest that a group waits for callers who were in the one before.
const GATHERING: Duration = Duration::from_micros(200);

/// The only hand that writes.
pub(super) struct Writer {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    commits: Arc<AtomicU64>,
}

impl Writer {
    /// Gives the connection to a thread of its own, which ends when the writer is dropped.
    pub(super) fn start(connection: Connection, log: Log) -> Result<Self> {
        let (jobs, waiting) = mpsc::channel();
        let commits = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&commits);
        let thread = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || serve(&mut Hand::new(&connection, log, &counted), &waiting))
            .map_err(|cause| StoreError::Engine(format!("could not start the writer: {cause}")))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread), commits })
    }

    /// Does a deed in the next group; whole or not at all, and on the disk once this returns `Ok`.
    /// A caller that stops waiting does not stop the deed.
    pub(super) async fn write<T, F>(&self, deed: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        self.ask(|caller| Job::deed(deed, true, None, caller)).await
    }

    /// The same for a deed that must not stand if its caller never knew of it: if it is not on the disk it is undone.
    pub(super) async fn write_or_undo<T, F>(&self, deed: F, undo: fn(T) -> Regret) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        self.ask(|caller| Job::deed(deed, true, Some(undo), caller)).await
    }

    /// Does a deed in the next group; whole or not at all, committed once this returns `Ok`, and on the disk soon.
    pub(super) async fn write_soon<T, F>(&self, deed: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        self.ask(|caller| Job::deed(deed, false, None, caller)).await
    }

    /// Takes a note, together with all others of the next group; on the disk soon.
    pub(super) async fn note(&self, note: Note) -> Result<()> {
        self.ask(|caller| Job::Note(NoteTask::new(note, caller))).await
    }

    /// Commits since the start.
    pub(super) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<Result<T>>) -> Job) -> Result<T> {
        let stopped = || StoreError::Engine("the writer has stopped".to_owned());
        let (caller, answer) = oneshot::channel();
        self.jobs.as_ref().ok_or_else(stopped)?.send(job(caller)).map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // The channel must close before the join, or the thread would wait for jobs for ever.
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(hand: &mut Hand<'_>, waiting: &mpsc::Receiver<Job>) {
    let mut before = 1;
    loop {
        match gather(waiting, before, hand.log.due()) {
            Ok(group) => {
                before = group.len();
                group.carry_out(hand);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if hand.log.due().is_some_and(|due| due <= Instant::now()) {
            // Nobody waits for this answer; whoever comes next is told.
            let _ = hand.secure();
        }
    }
    let _ = hand.secure();
}

/// The next group, once there is a job at all; or word that the log is due first, or that nobody is left to bring a job.
fn gather(waiting: &mpsc::Receiver<Job>, before: usize, due: Option<Instant>) -> std::result::Result<Group, RecvTimeoutError> {
    let mut group = Group::default();
    waiting.try_iter().take(MAX_GROUP).for_each(|job| group.add(job));
    let expected = (group.len() + before).min(MAX_GROUP);
    if group.len() == 0 {
        let idle = Instant::now();
        group.add(match due {
            Some(due) => waiting.recv_timeout(due.saturating_duration_since(Instant::now()))?,
            None => waiting.recv().map_err(|_| RecvTimeoutError::Disconnected)?,
        });
        // Who has not come back by now waits for a server, and nobody should wait for them.
        if idle.elapsed() > GATHERING {
            return Ok(group);
        }
    }
    let deadline = Instant::now() + GATHERING;
    while group.len() < expected {
        match waiting.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(job) => group.add(job),
            Err(_) => break,
        }
    }
    Ok(group)
}

#[cfg(test)]
mod tests {
    use super::super::disk::SystemDisk;
    use super::*;

    const TABLES: &str = "
        PRAGMA foreign_keys = ON;
        CREATE TABLE notes (text TEXT NOT NULL);
        CREATE TABLE guardians (id INTEGER PRIMARY KEY);
        CREATE TABLE wards (guardian INTEGER REFERENCES guardians (id) DEFERRABLE INITIALLY DEFERRED)";

    fn writer() -> Writer {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(TABLES).unwrap();
        Writer::start(connection, Log::nowhere(Arc::new(SystemDisk))).unwrap()
    }

    async fn note(writer: &Writer, text: &'static str) -> Result<()> {
        writer.write(move |connection| Ok(connection.execute("INSERT INTO notes VALUES (?1)", [text]).map(|_| ())?)).await
    }

    async fn notes(writer: &Writer) -> i64 {
        writer.write(|connection| Ok(connection.query_row("SELECT COUNT(*) FROM notes", [], |row| row.get(0))?)).await.unwrap()
    }

    /// Holds the writer until the returned sender is dropped, so that what is asked meanwhile makes one group.
    async fn hold(writer: &Writer) -> mpsc::Sender<()> {
        let (go, wait) = mpsc::channel::<()>();
        let (held, is_held) = oneshot::channel();
        let deed = move |_: &Connection| {
            let _ = held.send(());
            let _ = wait.recv();
            Ok(())
        };
        writer.jobs.as_ref().unwrap().send(Job::deed(deed, false, None, oneshot::channel().0)).unwrap();
        is_held.await.unwrap();
        go
    }

    #[tokio::test]
    async fn a_deed_that_fails_is_undone_alone() {
        let writer = writer();
        let go = hold(&writer).await;
        let half_done = writer.write(|connection| {
            connection.execute("INSERT INTO notes VALUES ('half')", [])?;
            Err::<(), _>(StoreError::Unknown("the other half".to_owned()))
        });
        let panicking = writer.write(|connection| -> Result<()> {
            connection.execute("INSERT INTO notes VALUES ('half')", [])?;
            panic!("on purpose")
        });
        let before = writer.commits();
        let (first, second, third, last, ()) =
            tokio::join!(note(&writer, "a"), half_done, panicking, note(&writer, "b"), async { drop(go) });
        assert_eq!((first, last), (Ok(()), Ok(())));
        assert_eq!(second, Err(StoreError::Unknown("the other half".to_owned())));
        assert!(matches!(third, Err(StoreError::Engine(_))));
        assert_eq!(notes(&writer).await, 2);
        assert_eq!(writer.commits() - before, 3, "the deed that held, one group of four, and the question");
    }

    #[tokio::test]
    async fn a_commit_that_fails_fails_for_all_of_its_group() {
        let writer = writer();
        // A deferred key is looked at when the transaction ends: the deed succeeds, and its commit does not.
        let orphan = |connection: &Connection| Ok(connection.execute("INSERT INTO wards VALUES (99)", []).map(|_| ())?);
        let go = hold(&writer).await;
        let (first, second, ()) = tokio::join!(note(&writer, "a"), writer.write(orphan), async { drop(go) });
        assert!(first.is_err() && second.is_err(), "{first:?} {second:?}");
        assert_eq!(notes(&writer).await, 0);
        assert_eq!(note(&writer, "b").await, Ok(()));
        assert_eq!(notes(&writer).await, 1);
    }

    #[tokio::test]
    async fn a_full_disk_is_unavailable_until_there_is_room_again() {
        let writer = writer();
        let limit = |pages: i64| writer.write(move |connection| Ok(connection.pragma_update(None, "max_page_count", pages)?));
        limit(1).await.unwrap();
        let long = |connection: &Connection| Ok(connection.execute("INSERT INTO notes VALUES (hex(zeroblob(100000)))", []).map(|_| ())?);
        let full = writer.write(long).await;
        assert!(matches!(full, Err(StoreError::Unavailable(_))), "{full:?}");
        limit(1_000).await.unwrap();
        assert_eq!(writer.write(long).await, Ok(()));
        assert_eq!(notes(&writer).await, 1);
    }

    #[tokio::test]
    async fn a_file_that_another_program_holds_is_unavailable_until_it_lets_go() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("notes.db");
        let connection = Connection::open(&place).unwrap();
        connection.execute_batch("CREATE TABLE notes (text TEXT NOT NULL)").unwrap();
        connection.busy_timeout(std::time::Duration::ZERO).unwrap();
        let writer = Writer::start(connection, Log::nowhere(Arc::new(SystemDisk))).unwrap();
        let other = Connection::open(&place).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let refused = note(&writer, "a").await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
        other.execute_batch("ROLLBACK").unwrap();
        assert_eq!(note(&writer, "a").await, Ok(()));
        assert_eq!(notes(&writer).await, 1);
    }
}
