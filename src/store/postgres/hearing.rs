//! What other nodes call out: one connection that listens, and everybody here who waits for a word.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio_postgres::{AsyncMessage, Client, Connection, NoTls, Socket};

use super::Address;
use super::entrance::{self, Entrance};
use crate::store::Result;

/// How soon a connection that was lost is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// Who listens; begins with the first who wants to hear, and ends with the store.
#[derive(Default)]
pub(super) struct Ear {
    called: Arc<Notify>,
    listener: OnceLock<AbortHandle>,
}

impl Ear {
    /// Returns at the next call, and where one may have been lost.
    pub(super) async fn hear(&self, address: &Address) {
        let called = self.called.notified();
        self.listener.get_or_init(|| tokio::spawn(listen(address.clone(), Arc::clone(&self.called))).abort_handle());
        called.await;
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        if let Some(listener) = self.listener.get() {
            listener.abort();
        }
    }
}

async fn listen(address: Address, called: Arc<Notify>) {
    loop {
        if let Err(fault) = until_lost(&address, &called).await {
            tracing::debug!(%fault, "other nodes cannot be heard just now");
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn until_lost(address: &Address, called: &Notify) -> Result<()> {
    if address.is_encrypted() {
        let (client, connection) = entrance::in_time(Entrance::to(address, address.tls()?).enter()).await?;
        pass_on(client, connection, called).await
    } else {
        let (client, connection) = entrance::in_time(Entrance::to(address, NoTls).enter()).await?;
        pass_on(client, connection, called).await
    }
}

/// Passes every call on until the connection is lost. What was called before we listened may be lost, so that whoever waits
/// is woken then too.
async fn pass_on<S>(client: Client, mut connection: Connection<Socket, S>, called: &Notify) -> Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut listening = pin!(client.batch_execute("LISTEN masthead"));
    let mut is_listening = false;
    poll_fn(|context| {
        loop {
            let polled = connection.poll_message(context);
            if !is_listening && let Poll::Ready(answer) = listening.as_mut().poll(context) {
                answer?;
                is_listening = true;
                called.notify_waiters();
            }
            match polled {
                Poll::Ready(Some(Ok(AsyncMessage::Notification(_)))) => called.notify_waiters(),
                Poll::Ready(Some(Ok(_))) => {}
                Poll::Ready(Some(Err(fault))) => return Poll::Ready(Err(fault.into())),
                Poll::Ready(None) => return Poll::Ready(Ok(())),
                Poll::Pending => return Poll::Pending,
            }
        }
    })
    .await
}
