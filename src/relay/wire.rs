//! The line to an SMTP server: a socket, with or without TLS, that never waits for ever and never hands on nonsense.
//!
//! lettre bounds no read and no write, sets no `TCP_NODELAY`, and would take the answer to one command for the answer
//! to the next if the server spoke out of turn. It runs on this stream instead of its own.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_rustls::client::TlsStream;

use super::reply_lines::{ReplyLine, ReplyLines};
use super::tls::{TlsClient, TlsFault};
use crate::mailing::Reply;

/// Octets asked of the socket at a time.
const READ_SIZE: usize = 4096;

/// Most lines kept of a reply; an EHLO reply has a dozen.
const MAX_KEPT_LINES: usize = 64;

/// A stream of reply lines in and commands out.
pub(super) struct Wire {
    stream: Stream,
    peer: SocketAddr,
    lines: ReplyLines,
    /// A line, or what is left of one, on its way to the reader.
    outgoing: Vec<u8>,
    timer: Pin<Box<Sleep>>,
    control: WireControl,
    failed: bool,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// The other end of the strings: sets deadlines and sees what was said, while lettre owns the [`Wire`].
#[derive(Debug, Clone)]
pub(super) struct WireControl(Arc<Mutex<Turn>>);

/// Where one exchange of command and reply stands.
#[derive(Debug)]
struct Turn {
    phase: Phase,
    deadline: Instant,
    reply_within: Duration,
    reply_code: u16,
    reply_lines: Vec<String>,
    fault: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// A command is about to be written, and no reply is owed: the server has to be silent.
    Fresh,
    /// Some of the command may have left, and its reply is owed.
    UnderWay,
    /// The reply is complete; nothing may be written before the next turn begins.
    Answered,
}

impl WireControl {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Turn {
            phase: Phase::Answered,
            deadline: Instant::now(),
            reply_within: Duration::ZERO,
            reply_code: 0,
            reply_lines: Vec::new(),
            fault: None,
        })))
    }

    /// Before a command is written: it has to leave within `write`, and its whole reply to come within `reply` after.
    pub(super) fn begin(&self, write: Duration, reply: Duration) {
        let mut turn = self.turn();
        turn.phase = Phase::Fresh;
        turn.deadline = Instant::now() + write;
        turn.reply_within = reply;
        turn.reply_lines.clear();
    }

    /// Before a further reply to the same group of commands is read: the whole of it has to come within `reply`.
    pub(super) fn await_reply(&self, reply: Duration) {
        let mut turn = self.turn();
        turn.phase = Phase::UnderWay;
        turn.deadline = Instant::now() + reply;
        turn.reply_lines.clear();
    }

    /// Whether any octet written since [`Self::begin`] may have left.
    pub(super) fn has_begun(&self) -> bool {
        self.turn().phase != Phase::Fresh
    }

    /// The text lines of the latest reply.
    pub(super) fn reply_lines(&self) -> Vec<String> {
        self.turn().reply_lines.clone()
    }

    /// What made the wire useless, in words.
    pub(super) fn fault(&self) -> Option<String> {
        self.turn().fault.clone()
    }

    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, line: &ReplyLine) {
        let mut turn = self.turn();
        turn.reply_code = line.code;
        if line.is_last {
            turn.phase = Phase::Answered;
        }
        if turn.reply_lines.len() < MAX_KEPT_LINES {
            turn.reply_lines.push(line.text.clone());
        }
    }
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
        let silent = !self.lines.has_unread() && self.outgoing.is_empty();
        let Stream::Plain(socket) = self.stream else {
            return Err(TlsFault::final_cause("TLS is in use already"));
        };
        if !silent {
            return Err(TlsFault::final_cause("the server sent more before TLS than it was asked for"));
        }
        let stream = client.handshake(socket, within).await?;
        Ok(Self::over(Stream::Tls(Box::new(stream)), self.peer))
    }

    /// The strings of this wire.
    pub(super) fn control(&self) -> WireControl {
        self.control.clone()
    }

    /// Sends one command, with its CRLF, and reads the whole reply, both within `within`.
    pub(super) async fn ask(&mut self, command: &str, within: Duration) -> io::Result<Reply> {
        self.control.begin(within, within);
        self.write_all(command.as_bytes()).await?;
        self.flush().await?;
        self.reply(within).await
    }

    /// Reads one whole reply within `within`.
    pub(super) async fn reply(&mut self, within: Duration) -> io::Result<Reply> {
        self.control.await_reply(within);
        while !std::future::poll_fn(|cx| self.poll_line(cx)).await?.is_last {}
        let turn = self.control.turn();
        Ok(Reply::new(turn.reply_code, turn.reply_lines.iter().map(String::as_str)))
    }

    /// Lets the reader see this line before anything that the server says.
    pub(super) fn replay(&mut self, line: &ReplyLine) {
        self.outgoing = line.to_wire();
    }

    fn over(stream: Stream, peer: SocketAddr) -> Self {
        Self {
            stream,
            peer,
            lines: ReplyLines::default(),
            outgoing: Vec::new(),
            timer: Box::pin(sleep_until(Instant::now())),
            control: WireControl::new(),
            failed: false,
        }
    }

    fn poll_line(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<ReplyLine>> {
        self.check()?;
        loop {
            match self.lines.next_line() {
                Ok(Some(line)) => {
                    self.control.hear(&line);
                    return Poll::Ready(Ok(line));
                }
                Ok(None) => {}
                Err(nonsense) => return Poll::Ready(Err(self.fail(io::ErrorKind::InvalidData, nonsense.to_string()))),
            }
            match self.poll_fill(cx) {
                Poll::Ready(Ok(0)) => {
                    return Poll::Ready(Err(self.fail(io::ErrorKind::UnexpectedEof, "the server closed the connection".to_owned())));
                }
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(self.fail(error.kind(), error.to_string()))),
                Poll::Pending => return self.poll_deadline(cx, "the server did not answer in time"),
            }
        }
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut octets = [0; READ_SIZE];
        let mut buffer = ReadBuf::new(&mut octets);
        ready!(match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, &mut buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, &mut buffer),
        })?;
        self.lines.feed(buffer.filled());
        Poll::Ready(Ok(buffer.filled().len()))
    }

    /// Before the first octet of a command: an unasked reply would be taken for the answer to it, and the answer to it
    /// for the answer to the next, until a message counts as delivered that nobody accepted.
    fn check_silence(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if !self.lines.has_unread() {
            match self.poll_fill(cx) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Ok(0)) => {
                    return Err(self.fail(io::ErrorKind::UnexpectedEof, "the server had closed the connection".to_owned()));
                }
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Err(self.fail(error.kind(), error.to_string())),
            }
        }
        let cause = match self.lines.next_line() {
            Ok(Some(line)) => format!("the server said `{} {}` unasked", line.code, line.text),
            _ => "the server spoke unasked".to_owned(),
        };
        Err(self.fail(io::ErrorKind::InvalidData, cause))
    }

    /// `Pending` until the deadline of this turn, which may have moved since the timer was set.
    fn poll_deadline<T>(&mut self, cx: &mut Context<'_>, cause: &str) -> Poll<io::Result<T>> {
        let deadline = self.control.turn().deadline;
        if self.timer.deadline() != deadline {
            self.timer.as_mut().reset(deadline);
        }
        ready!(self.timer.as_mut().poll(cx));
        Poll::Ready(Err(self.fail(io::ErrorKind::TimedOut, cause.to_owned())))
    }

    fn check(&self) -> io::Result<()> {
        if self.failed { Err(io::ErrorKind::NotConnected.into()) } else { Ok(()) }
    }

    fn fail(&mut self, kind: io::ErrorKind, cause: String) -> io::Error {
        self.failed = true;
        let error = io::Error::new(kind, cause.clone());
        self.control.turn().fault = Some(cause);
        error
    }

    fn finish<T>(&mut self, cx: &mut Context<'_>, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match outcome {
            Poll::Ready(Err(error)) => Poll::Ready(Err(self.fail(error.kind(), error.to_string()))),
            Poll::Pending => self.poll_deadline(cx, "the server took nothing in time"),
            ready @ Poll::Ready(Ok(_)) => ready,
        }
    }
}

impl AsyncRead for Wire {
    /// One reply line at a time, so that lettre's own buffer never holds what was not asked for.
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        if wire.outgoing.is_empty() {
            wire.outgoing = ready!(wire.poll_line(cx))?.to_wire();
        }
        let fitting = wire.outgoing.len().min(buffer.remaining());
        buffer.put_slice(wire.outgoing.get(..fitting).unwrap_or_default());
        wire.outgoing.drain(..fitting);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let wire = self.get_mut();
        wire.check()?;
        let phase = wire.control.turn().phase;
        match phase {
            Phase::Fresh => {
                wire.check_silence(cx)?;
                wire.control.turn().phase = Phase::UnderWay;
            }
            Phase::UnderWay => {}
            // lettre says QUIT of its own accord when EHLO is refused, and would wait for the answer as long as for EHLO's.
            Phase::Answered => return Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
        let outcome = match &mut wire.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, octets),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, octets),
        };
        wire.finish(cx, outcome)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        wire.check()?;
        let outcome = match &mut wire.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        };
        ready!(wire.finish(cx, outcome))?;
        let mut turn = wire.control.turn();
        turn.deadline = Instant::now() + turn.reply_within;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        wire.check()?;
        let outcome = match &mut wire.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        };
        wire.finish(cx, outcome)
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

/// The address only: what goes over the wire is nobody's business in a log.
impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("peer", &self.peer).finish_non_exhaustive()
    }
}
