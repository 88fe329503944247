//! How a session comes about: at the first server that lets us write, each given its time, and with what all sessions have set.

use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use deadpool_postgres::Connect;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Client, Config, Connection, Error, SimpleQueryMessage, Socket};

use super::fault;
use super::link::{Address, PATIENCE};
use crate::store::{Result, StoreError};

/// What every session has set. What two nodes may do at once is thought out for this isolation, whatever the server's usual
/// one. And a node that freezes in the middle of a transaction must not keep what it has locked from the others: the server
/// ends the session, as if the node had died. A commit that waits for no disk would be told as kept; for whose disk it waits is
/// the operator's to say. By statements, since poolers refuse options at the start of a session.
const SETTINGS: &str = "SET default_transaction_isolation = 'read committed'; SET idle_in_transaction_session_timeout = '2s'; \
     SELECT set_config('synchronous_commit', 'on', FALSE) WHERE current_setting('synchronous_commit') = 'off'";

/// Where sessions begin.
#[derive(Clone)]
pub(super) struct Entrance<T> {
    servers: Vec<Config>,
    /// Which of them is asked first: who let us in last, or who comes after one that has not.
    first: Arc<AtomicUsize>,
    tls: T,
}

impl<T> Entrance<T>
where
    T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
    T::Stream: Send + Sync,
    T::TlsConnect: Send + Sync,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    /// That of the servers which an address names.
    pub(super) fn to(address: &Address, tls: T) -> Self {
        Self { servers: address.servers().to_vec(), first: Arc::default(), tls }
    }

    /// A connection that can write, with what drives it. Where no server says anything, it waits without end.
    pub(super) async fn enter(&self) -> std::result::Result<Entered<T::Stream>, Error> {
        let many = self.servers.len();
        // One that is dead says nothing: the others are to have their turn before whoever waits for us gives up.
        let turn = if many == 1 { Duration::MAX } else { PATIENCE / u32::try_from(many + 1).unwrap_or(u32::MAX) };
        let first = self.first.load(Ordering::Relaxed);
        let mut refused = None;
        for at in (first..first + many).map(|at| at % many) {
            // Whoever waits may have gone before the turn is over: it was this one's for all that.
            let mut next = Next { of: &self.first, at: (at + 1) % many };
            match timeout(turn, self.servers[at].connect(self.tls.clone())).await {
                Ok(Ok(entered)) => {
                    next.at = at;
                    return Ok(entered);
                }
                Ok(Err(fault)) => refused = Some(fault),
                Err(_) => {}
            }
        }
        match refused {
            Some(fault) => Err(fault),
            None => pending().await,
        }
    }
}

/// A connection, and what drives it.
type Entered<S> = (Client, Connection<Socket, S>);

/// Who is asked first the next time.
struct Next<'e> {
    of: &'e AtomicUsize,
    at: usize,
}

impl Drop for Next<'_> {
    fn drop(&mut self) {
        self.of.store(self.at, Ordering::Relaxed);
    }
}

impl<T> Connect for Entrance<T>
where
    T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
    T::Stream: Send + Sync,
    T::TlsConnect: Send + Sync,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    fn connect(&self, _: &Config) -> Pin<Box<dyn Future<Output = std::result::Result<(Client, JoinHandle<()>), Error>> + Send + '_>> {
        Box::pin(async {
            let (client, connection) = self.enter().await?;
            let driver = tokio::spawn(async {
                if let Err(fault) = connection.await {
                    tracing::debug!(%fault, "a connection to the database is lost");
                }
            });
            client.batch_execute(SETTINGS).await?;
            Ok((client, driver))
        })
    }
}

/// What comes of it within the time that a connection may take.
pub(super) async fn in_time<E>(entering: impl Future<Output = std::result::Result<E, Error>>) -> Result<E> {
    match timeout(PATIENCE, entering).await {
        Ok(entered) => Ok(entered?),
        Err(_) => Err(StoreError::Unavailable(fault::SILENT.to_owned())),
    }
}

/// Whether two connections that are there at the same time are sessions of their own. Where a pooler lends one session to many, what is
/// set, listened to and prepared on it is the next one's.
pub(super) async fn must_be_ours(one: &Client, other: &Client, address: &Address) -> Result<()> {
    let (first, second, again) = (number(one).await?, number(other).await?, number(one).await?);
    if first == again && first != second {
        return Ok(());
    }
    let cause = "a pooler between lends one session to several at a time; have it give each its own (`pool_mode = session`)";
    Err(StoreError::Open { place: address.to_string(), cause: cause.to_owned() })
}

/// The number of the process of the server that one speaks with. Nothing is prepared for it: that may be another's already.
async fn number(client: &Client) -> Result<String> {
    let said = client.simple_query("SELECT pg_backend_pid()").await?;
    let number = said.iter().find_map(|said| if let SimpleQueryMessage::Row(row) = said { row.get(0) } else { None });
    Ok(number.unwrap_or_default().to_owned())
}
