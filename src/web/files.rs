//! Large files on the web: part by part, to so many at once, and for as long as whoever asked gets on with it
//! (STANDARDS T20).
//!
//! A download holds one part of its file at a time, whatever the file's size and however slow the line is.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use crate::app::Newsroom;
use crate::desk::reading::LargeFile;

/// Most downloads at once; each holds a part in memory.
const MOST: usize = 32;

/// How long somebody waits for a turn.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a part may take to be fetched: nine kilobytes a second are enough.
const PART: Duration = Duration::from_mins(2);

/// Octets that are handed on at a time, so that a part is let go while its last ones are still on their way.
const PIECE: usize = 64 << 10;

/// The counter at which large files are handed out.
#[derive(Debug, Clone)]
pub(super) struct Counter(Arc<Semaphore>);

impl Default for Counter {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MOST)))
    }
}

impl Counter {
    /// A file to be answered with; `None` if too many are being fetched, and will be for a while.
    pub(super) async fn hand_out(&self, newsroom: Arc<Newsroom>, file: LargeFile) -> Option<Body> {
        let turn = timeout(PATIENCE, Arc::clone(&self.0).acquire_owned()).await.ok()?.ok()?;
        let left = file.octets;
        Some(Body::new(Download { left, state: State::Asked(Some((newsroom, file, turn))) }))
    }
}

/// A file on its way.
struct Download {
    left: u64,
    state: State,
}

enum State {
    /// Nobody has read of it: who asks for the head alone never will.
    Asked(Option<(Arc<Newsroom>, LargeFile, OwnedSemaphorePermit)>),
    /// It is being read.
    Begun(Receiver<io::Result<Bytes>>),
}

impl HttpBody for Download {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let State::Asked(asked) = &mut self.state {
            let Some((newsroom, file, turn)) = asked.take() else { return Poll::Ready(None) };
            let (pieces, receiver) = channel(1);
            tokio::spawn(read(newsroom, file, pieces, turn));
            self.state = State::Begun(receiver);
        }
        let State::Begun(pieces) = &mut self.state else { return Poll::Ready(None) };
        let piece = match ready!(pieces.poll_recv(task)) {
            Some(piece) => piece?,
            None if self.left == 0 => return Poll::Ready(None),
            None => return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into()))),
        };
        self.left = self.left.saturating_sub(piece.len() as u64);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// Reads a file until it is through, or nobody takes it any more.
async fn read(newsroom: Arc<Newsroom>, file: LargeFile, pieces: Sender<io::Result<Bytes>>, _turn: OwnedSemaphorePermit) {
    for number in 0.. {
        let deadline = Instant::now() + PART;
        let part = match file.part(&newsroom, number).await {
            Ok(Some(part)) => part,
            Ok(None) => return,
            Err(fault) => {
                tracing::error!(%fault, "a file of the archive could not be read to its end");
                let _ = pieces.try_send(Err(io::ErrorKind::UnexpectedEof.into()));
                return;
            }
        };
        for piece in part.chunks(PIECE) {
            let handed = timeout_at(deadline, pieces.send(Ok(Bytes::copy_from_slice(piece)))).await;
            if !matches!(handed, Ok(Ok(()))) {
                return;
            }
        }
    }
}
