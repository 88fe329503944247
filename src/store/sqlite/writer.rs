//! One thread writes, and commits together what came in together: many workers share one wait for the disk.
//!
//! While a commit waits on the disk, the next jobs gather in the channel. The next group takes them, and waits a moment
//! for the callers that were answered just now, who mostly come back at once with their next job; else a crowd would
//! split into two halves that take turns. A lone caller waits for nobody. No caller has its answer before its group is
//! on the disk.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::store::{Result, StoreError};

/// The most jobs that one commit takes: enough to make the fsync cheap, few enough that nobody waits long.
const MAX_GROUP: usize = 1_000;

/// The longest that a group waits for callers who were in the one before.
const GATHERING: Duration = Duration::from_micros(200);

/// The only hand that writes.
pub(super) struct Writer {
    jobs: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
    commits: Arc<AtomicU64>,
}

impl Writer {
    /// Gives the connection to a thread of its own, which ends when the writer is dropped.
    pub(super) fn start(connection: Connection) -> Result<Self> {
        let (jobs, waiting) = mpsc::channel();
        let commits = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&commits);
        let thread = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || serve(&connection, &waiting, &counted))
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
        let stopped = || StoreError::Engine("the writer has stopped".to_owned());
        let (caller, answer) = oneshot::channel();
        let job = Box::new(Task { deed: Some(deed), outcome: None, caller });
        self.jobs.as_ref().ok_or_else(stopped)?.send(job).map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    /// Commits since the start.
    pub(super) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
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

/// A deed whose result type the thread need not know.
trait Job: Send {
    /// Does it and keeps the outcome. An error means that its savepoint is to be undone.
    fn run(&mut self, connection: &Connection) -> Result<()>;

    /// Tells the caller, once it is certain what became of the group.
    fn answer(self: Box<Self>, group: Result<()>);
}

struct Task<T, F> {
    deed: Option<F>,
    outcome: Option<Result<T>>,
    caller: oneshot::Sender<Result<T>>,
}

impl<T, F> Job for Task<T, F>
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

fn serve(connection: &Connection, waiting: &mpsc::Receiver<Box<dyn Job>>, commits: &AtomicU64) {
    let mut before = 1;
    while let Some(mut group) = gather(waiting, before) {
        before = group.len();
        let end = commit_together(connection, &mut group);
        if end.is_ok() {
            commits.fetch_add(1, Ordering::Relaxed);
        } else if !connection.is_autocommit() {
            // If even this fails the next BEGIN says so to the next group.
            let _ = execute(connection, "ROLLBACK");
        }
        for job in group {
            job.answer(end.clone());
        }
    }
}

/// The next group, once there is a job at all; `None` when nobody is left who could bring one.
fn gather(waiting: &mpsc::Receiver<Box<dyn Job>>, before: usize) -> Option<Vec<Box<dyn Job>>> {
    let mut group: Vec<_> = waiting.try_iter().take(MAX_GROUP).collect();
    let expected = (group.len() + before).min(MAX_GROUP);
    if group.is_empty() {
        group.push(waiting.recv().ok()?);
    }
    let deadline = Instant::now() + GATHERING;
    while group.len() < expected {
        match waiting.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(job) => group.push(job),
            Err(_) => break,
        }
    }
    Some(group)
}

fn commit_together(connection: &Connection, group: &mut [Box<dyn Job>]) -> Result<()> {
    // A transaction that began by reading could not wait for another program's lock; IMMEDIATE can.
    execute(connection, "BEGIN IMMEDIATE")?;
    for job in group {
        execute(connection, "SAVEPOINT job")?;
        if let Err(fault) = job.run(connection) {
            // On a full disk SQLite may undo the whole transaction by itself, and the deeds before this one with it.
            if connection.is_autocommit() {
                return Err(fault);
            }
            execute(connection, "ROLLBACK TO job")?;
        }
        execute(connection, "RELEASE job")?;
    }
    execute(connection, "COMMIT")
}

fn execute(connection: &Connection, sql: &str) -> Result<()> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: &str = "
        PRAGMA foreign_keys = ON;
        CREATE TABLE notes (text TEXT NOT NULL);
        CREATE TABLE guardians (id INTEGER PRIMARY KEY);
        CREATE TABLE wards (guardian INTEGER REFERENCES guardians (id) DEFERRABLE INITIALLY DEFERRED)";

    fn writer() -> Writer {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(TABLES).unwrap();
        Writer::start(connection).unwrap()
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
        let job = Task {
            deed: Some(move |_: &Connection| {
                let _ = held.send(());
                let _ = wait.recv();
                Ok(())
            }),
            outcome: None,
            caller: oneshot::channel().0,
        };
        writer.jobs.as_ref().unwrap().send(Box::new(job)).unwrap();
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
        let writer = Writer::start(connection).unwrap();
        let other = Connection::open(&place).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let refused = note(&writer, "a").await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
        other.execute_batch("ROLLBACK").unwrap();
        assert_eq!(note(&writer, "a").await, Ok(()));
        assert_eq!(notes(&writer).await, 1);
    }
}
