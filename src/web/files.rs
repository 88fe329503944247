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
        let turn = self.turn().await?;
        let left = file.octets;
        Some(Body::new(Download { left, state: State::Asked(Some((newsroom, file, turn))) }))
    }

    async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        timeout(PATIENCE, Arc::clone(&self.0).acquire_owned()).await.ok()?.ok()
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
        let part = match file.part(&newsroom, number).await {
            Ok(Some(part)) => part,
            Ok(None) => return,
            Err(fault) => {
                tracing::error!(%fault, "a file of the archive could not be read to its end");
                let _ = pieces.try_send(Err(io::ErrorKind::UnexpectedEof.into()));
                return;
            }
        };
        if !hand_on(&part, &pieces).await {
            return;
        }
    }
}

/// Hands a part on, and says whether all of it was taken in time.
async fn hand_on(part: &[u8], pieces: &Sender<io::Result<Bytes>>) -> bool {
    let deadline = Instant::now() + PART;
    for piece in part.chunks(PIECE) {
        let handed = timeout_at(deadline, pieces.send(Ok(Bytes::copy_from_slice(piece)))).await;
        if !matches!(handed, Ok(Ok(()))) {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn t20_so_many_have_a_turn_and_the_next_waits_a_while() {
        let counter = Counter::default();
        let mut turns = Vec::new();
        for _ in 0..MOST {
            turns.push(counter.turn().await.unwrap());
        }
        let began = Instant::now();
        assert!(counter.turn().await.is_none());
        assert_eq!(began.elapsed(), PATIENCE);
        turns.pop();
        assert!(counter.turn().await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn t20_who_takes_too_long_over_a_part_loses_the_turn() {
        let (pieces, mut taken) = channel(1);
        let began = Instant::now();
        let reading = tokio::spawn(async move { hand_on(&vec![0; 1 << 20], &pieces).await });
        for _ in 0..3 {
            assert_eq!(taken.recv().await.unwrap().unwrap().len(), PIECE);
            tokio::time::sleep(Duration::from_secs(30)).await;
        }
        assert!(!reading.await.unwrap());
        assert_eq!(began.elapsed(), PART);
    }

    #[tokio::test]
    async fn a_file_that_ends_early_is_never_taken_for_the_whole() {
        for (left, is_whole) in [(4, true), (5, false)] {
            let (pieces, receiver) = channel(1);
            pieces.send(Ok(Bytes::from_static(b"four"))).await.unwrap();
            drop(pieces);
            let body = Body::new(Download { left, state: State::Begun(receiver) });
            assert_eq!(body.size_hint().exact(), Some(left));
            assert_eq!(to_bytes(body, 100).await.is_ok(), is_whole);
        }
    }
}
