//! The line to an SMTP server: a socket, with or without TLS, that never waits for ever and never hands on nonsense.

use std::fmt;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_rustls::client::TlsStream;

use super::replies::Replies;
use super::tls::{TlsClient, TlsFault};
use crate::mailing::Reply;

/// For a reply that a broken connection may still hold; what has not arrived by then is not waited for.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What is said of a server that stops reading.
const TAKES_NOTHING: &str = "the server took nothing in time";

/// Why a conversation cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum WireFault {
    /// The server said something before it was asked, which would be taken for the answer to the next command.
    #[error("the server said `{0}` unasked")]
    Unasked(Reply),
    /// Closed, out of time, or nonsense.
    #[error("{0}")]
    Broken(String),
}

impl WireFault {
    fn broken(cause: impl Into<String>) -> Self {
        Self::Broken(cause.into())
    }
}

/// A stream of replies in and commands out.
pub(super) struct Wire {
    stream: Stream,
    peer: SocketAddr,
    replies: Replies,
    timer: Pin<Box<Sleep>>,
    heard_at: Instant,
    /// Octets of the latest write that were taken, and whether any of it may have left.
    written: usize,
    has_begun: bool,
    failed: bool,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Wire {
    /// A wire over a fresh TCP connection.
    pub(super) fn plain(socket: TcpStream) -> io::Result<Self> {
        // A short command behind a body would otherwise wait for the other side's delayed acknowledgement.
        socket.set_nodelay(true)?;
        let peer = socket.peer_addr()?;
        Ok(Self::over(Stream::Plain(socket), peer))
    }

    /// The same connection under TLS. Whatever the server said before counts for nothing, and having said more than it
    /// was asked is refused: it may be a stranger's words, to be taken for the server's (RFC 3207 section 4.2, STANDARDS S1).
    pub(super) async fn secure(self, client: &TlsClient, within: Duration) -> Result<Self, TlsFault> {
        let Stream::Plain(socket) = self.stream else {
            return Err(TlsFault::final_cause("TLS is in use already"));
        };
        if self.replies.has_unread() {
            return Err(TlsFault::final_cause("the server sent more before TLS than it was asked for"));
        }
        let stream = client.handshake(socket, within).await?;
        Ok(Self::over(Stream::Tls(Box::new(stream)), self.peer))
    }

    fn over(stream: Stream, peer: SocketAddr) -> Self {
        let now = Instant::now();
        Self {
            stream,
            peer,
            replies: Replies::default(),
            timer: Box::pin(sleep_until(now)),
            heard_at: now,
            written: 0,
            has_begun: false,
            failed: false,
        }
    }

    /// Sends one command, with its CRLF, and reads the whole reply, both within `within`. Returns the reply's code.
    pub(super) async fn ask(&mut self, command: &str, within: Duration) -> Result<u16, WireFault> {
        self.write([command.as_bytes(), b""], within).await?;
        self.reply(within).await
    }

    /// Writes both parts, in one piece where the socket takes that much, within `within`. The server has to be silent
    /// before: an unasked reply would be taken for the answer to this, and the answer to this for the answer to the next,
    /// until a message counts as delivered that nobody accepted.
    pub(super) async fn write(&mut self, parts: [&[u8]; 2], within: Duration) -> Result<(), WireFault> {
        (self.written, self.has_begun) = (0, false);
        self.check()?;
        std::future::poll_fn(|cx| Poll::Ready(self.check_silence(cx))).await?;
        let deadline = Instant::now() + within;
        std::future::poll_fn(|cx| self.poll_write(cx, parts, deadline)).await
    }

    /// How many octets of the latest [`Self::write`] were taken.
    pub(super) fn written(&self) -> usize {
        self.written
    }

    /// Whether any octet of the latest [`Self::write`] may have left.
    pub(super) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Reads one whole reply within `within` and returns its code.
    pub(super) async fn reply(&mut self, within: Duration) -> Result<u16, WireFault> {
        self.check()?;
        let mut deadline = None;
        loop {
            match self.replies.next_line() {
                Ok(Some(line)) if line.is_last => return Ok(line.code),
                Ok(Some(_)) => {}
                Ok(None) => {
                    let deadline = *deadline.get_or_insert_with(|| Instant::now() + within);
                    std::future::poll_fn(|cx| self.poll_more(cx, deadline)).await?;
                }
                Err(nonsense) => return Err(self.fail(nonsense.to_string())),
            }
        }
    }

    /// After a write that failed: a reply that the server gave before it stopped listening.
    pub(super) async fn last_words(&mut self) -> Option<u16> {
        self.failed = false;
        let code = self.reply(LAST_WORDS).await.ok();
        self.failed = true;
        code
    }

    /// Whether it can carry nothing more.
    pub(super) fn has_failed(&self) -> bool {
        self.failed
    }

    /// The latest reply, whose code was this.
    pub(super) fn said(&self, code: u16) -> Reply {
        self.replies.reply(code)
    }

    /// The text lines of the latest reply.
    pub(super) fn said_lines(&self) -> impl Iterator<Item = &str> {
        self.replies.lines()
    }

    /// When the server was last heard.
    pub(super) fn heard_at(&self) -> Instant {
        self.heard_at
    }

    /// Tells the other side that nothing more comes, within `within`.
    pub(super) async fn hang_up(mut self, within: Duration) {
        let deadline = Instant::now() + within;
        std::future::poll_fn(|cx| {
            let Stream::Tls(stream) = &mut self.stream else { return Poll::Ready(()) };
            if Pin::new(stream).poll_shutdown(cx).is_ready() { Poll::Ready(()) } else { self.poll_deadline(cx, deadline) }
        })
        .await;
    }

    fn check_silence(&mut self, cx: &mut Context<'_>) -> Result<(), WireFault> {
        if !self.replies.has_unread() {
            match self.poll_fill(cx) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Ok(0)) => return Err(self.fail("the server had closed the connection")),
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Err(self.fail(error.to_string())),
            }
        }
        let fault = self.fail("the server spoke unasked");
        match self.replies.next_line() {
            Ok(Some(line)) => Err(WireFault::Unasked(self.replies.reply(line.code))),
            _ => Err(fault),
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, [head, tail]: [&[u8]; 2], deadline: Instant) -> Poll<Result<(), WireFault>> {
        while self.written < head.len() + tail.len() {
            let left = [
                IoSlice::new(head.get(self.written..).unwrap_or_default()),
                IoSlice::new(tail.get(self.written.saturating_sub(head.len())..).unwrap_or_default()),
            ];
            let outcome = match &mut self.stream {
                Stream::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, &left),
                Stream::Tls(stream) => {
                    // TLS may send more than it owns up to when it fails.
                    self.has_begun = true;
                    Pin::new(stream).poll_write_vectored(cx, &left)
                }
            };
            match ready!(self.poll_in_time(cx, outcome, deadline, TAKES_NOTHING))? {
                0 => return Poll::Ready(Err(self.fail("the connection takes nothing more"))),
                count => (self.written, self.has_begun) = (self.written + count, true),
            }
        }
        let Stream::Tls(stream) = &mut self.stream else { return Poll::Ready(Ok(())) };
        let outcome = Pin::new(stream).poll_flush(cx);
        self.poll_in_time(cx, outcome, deadline, TAKES_NOTHING)
    }

    fn poll_more(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<Result<(), WireFault>> {
        let outcome = self.poll_fill(cx);
        match ready!(self.poll_in_time(cx, outcome, deadline, "the server did not answer in time"))? {
            0 => Poll::Ready(Err(self.fail("the server closed the connection"))),
            _ => Poll::Ready(Ok(())),
        }
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(self.replies.space());
        ready!(match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, &mut buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, &mut buffer),
        })?;
        let count = buffer.filled().len();
        self.replies.took(count);
        self.heard_at = Instant::now();
        Poll::Ready(Ok(count))
    }

    /// The outcome, or a fault if it fails or does not come before the deadline.
    fn poll_in_time<T>(
        &mut self,
        cx: &mut Context<'_>,
        outcome: Poll<io::Result<T>>,
        deadline: Instant,
        late: &str,
    ) -> Poll<Result<T, WireFault>> {
        match outcome {
            Poll::Ready(Ok(value)) => Poll::Ready(Ok(value)),
            Poll::Ready(Err(error)) => Poll::Ready(Err(self.fail(error.to_string()))),
            Poll::Pending => {
                ready!(self.poll_deadline(cx, deadline));
                Poll::Ready(Err(self.fail(late)))
            }
        }
    }

    /// Ready at the deadline. A timer that is set to an earlier moment is left alone until then: setting it anew for each
    /// reply would cost more than one look too many every few minutes.
    fn poll_deadline(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        loop {
            if self.timer.deadline() > deadline {
                self.timer.as_mut().reset(deadline);
            }
            ready!(self.timer.as_mut().poll(cx));
            if self.timer.deadline() == deadline {
                return Poll::Ready(());
            }
            self.timer.as_mut().reset(deadline);
        }
    }

    fn check(&self) -> Result<(), WireFault> {
        if self.failed { Err(WireFault::broken("the connection is over")) } else { Ok(()) }
    }

    fn fail(&mut self, cause: impl Into<String>) -> WireFault {
        self.failed = true;
        WireFault::broken(cause)
    }
}

/// The address only: what goes over the wire is nobody's business in a log.
impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("peer", &self.peer).finish_non_exhaustive()
    }
}
