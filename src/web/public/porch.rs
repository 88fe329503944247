//! Where visitors come in: so many at once, and each for as long as they get on with it (STANDARDS T20).

use std::future::Future as _;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

/// Most connections at once; whoever comes then waits at the door.
const MOST: usize = 1000;

/// How long a visitor may take from coming in, or from our last word, to the end of the next request.
const PATIENCE: Duration = Duration::from_secs(30);

/// The door that visitors come through.
pub(super) struct Porch {
    door: TcpListener,
    seats: Arc<Semaphore>,
}

impl Porch {
    pub(super) fn new(door: TcpListener) -> Self {
        Self { door, seats: Arc::new(Semaphore::new(MOST)) }
    }
}

impl Listener for Porch {
    type Io = Visit<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let seat = Arc::clone(&self.seats).acquire_owned().await.ok();
        let (stream, peer) = Listener::accept(&mut self.door).await;
        (Visit::new(stream, seat), peer)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.door.local_addr()
    }
}

/// From where a request comes.
#[derive(Debug, Clone, Copy)]
pub(in crate::web) struct Peer(pub(in crate::web) SocketAddr);

impl Connected<IncomingStream<'_, Porch>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Porch>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// A connection that ends when its visitor dawdles.
pub(super) struct Visit<S> {
    stream: S,
    deadline: Pin<Box<Sleep>>,
    _seat: Option<OwnedSemaphorePermit>,
}

impl<S> Visit<S> {
    fn new(stream: S, seat: Option<OwnedSemaphorePermit>) -> Self {
        Self { stream, deadline: Box::pin(sleep(PATIENCE)), _seat: seat }
    }

    /// What comes of something that is waited for: patience may end first.
    fn within<T>(&mut self, poll: Poll<io::Result<T>>, task: &mut Context<'_>) -> Poll<io::Result<T>> {
        if poll.is_pending() {
            ready!(self.deadline.as_mut().poll(task));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        poll
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Visit<S> {
    fn poll_read(mut self: Pin<&mut Self>, task: &mut Context<'_>, octets: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        // Reading gains no time: one octet now and then would keep a seat for ever.
        if self.deadline.is_elapsed() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let read = Pin::new(&mut self.stream).poll_read(task, octets);
        self.within(read, task)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Visit<S> {
    fn poll_write(mut self: Pin<&mut Self>, task: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(task, octets);
        if written.is_ready() {
            self.deadline.as_mut().reset(Instant::now() + PATIENCE);
        }
        self.within(written, task)
    }

    fn poll_flush(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(task);
        self.within(flushed, task)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(task);
        self.within(shut, task)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn t20_who_says_a_word_now_and_then_is_shown_out() {
        let (mut far, near) = duplex(64);
        let mut visit = Visit::new(near, None);
        let began = Instant::now();
        let dawdling = tokio::spawn(async move {
            while far.write_all(b"x").await.is_ok() {
                sleep(Duration::from_secs(7)).await;
            }
        });
        let mut octet = [0];
        let end = loop {
            if let Err(end) = visit.read_exact(&mut octet).await {
                break end;
            }
        };
        assert_eq!((end.kind(), began.elapsed().as_secs()), (io::ErrorKind::TimedOut, 30));
        drop(visit);
        dawdling.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn t20_who_is_answered_may_ask_again() {
        let (mut far, near) = duplex(64);
        let mut visit = Visit::new(near, None);
        let mut octet = [0];
        for _ in 0..5 {
            sleep(Duration::from_secs(20)).await;
            far.write_all(b"x").await.unwrap();
            visit.read_exact(&mut octet).await.unwrap();
            visit.write_all(b"y").await.unwrap();
            far.read_exact(&mut octet).await.unwrap();
        }
        let began = Instant::now();
        assert_eq!(visit.read_exact(&mut octet).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(began.elapsed().as_secs(), 30);
    }
}
