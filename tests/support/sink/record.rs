//! What a sink saw and said, shared by its sessions.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hasher as _};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use tokio::sync::watch;

use crate::support::linter::position;
use crate::support::reading::field;

/// One message, as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// MAIL FROM, between the brackets.
    pub sender: String,
    /// What followed the sender, such as `SIZE=4`.
    pub parameters: String,
    /// RCPT TO, between the brackets.
    pub recipient: String,
    /// What followed the recipient, such as `NOTIFY=FAILURE`.
    pub wishes: String,
    /// The message without the doubled dots and the final one.
    pub bytes: Vec<u8>,
    /// The connection that brought it, counted from 1.
    pub connection: usize,
    /// Whether it came under TLS.
    pub secure: bool,
}

/// What was said of one reader's message, at whatever point of the conversation that was settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handed {
    /// MAIL FROM, between the brackets.
    pub sender: String,
    /// RCPT TO, between the brackets.
    pub recipient: String,
    /// Its Message-ID; empty if the message did not come so far.
    pub message_id: String,
    /// A hash of its octets; 0 if there were none.
    pub print: u64,
    /// The code of the answer; 0 where the connection was dropped without one.
    pub code: u16,
    /// The connection, counted from 1.
    pub connection: usize,
}

impl Handed {
    pub(super) fn new(sender: &str, recipient: &str, bytes: &[u8], code: u16, connection: usize) -> Self {
        let head = position(bytes, b"\r\n\r\n").map(|end| &bytes[..end + 4]);
        let message_id = head.map(|head| field(head, "Message-ID")).unwrap_or_default();
        let mut hasher = DefaultHasher::new();
        hasher.write(bytes);
        let print = if bytes.is_empty() { 0 } else { hasher.finish() };
        Self { sender: sender.to_owned(), recipient: recipient.to_owned(), message_id, print, code, connection }
    }

    /// Whether the sink took the message and said so.
    pub fn is_accepted(&self) -> bool {
        self.code / 10 == 25
    }

    /// Whether the whole message came, whatever was said then.
    pub fn is_whole(&self) -> bool {
        self.print != 0
    }
}

/// What happened.
pub(super) struct Record {
    state: Mutex<State>,
    pub(super) arrived: watch::Sender<usize>,
    pub(super) open: watch::Sender<usize>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) messages: Vec<Received>,
    pub(super) log: Vec<Handed>,
    pub(super) commands: Vec<String>,
    pub(super) faults: Vec<String>,
    pub(super) connections: usize,
    pub(super) most_open: usize,
    pub(super) bodies: usize,
    pub(super) most_bodies: usize,
    /// When each message began to be handed over.
    pub(super) began: Vec<Instant>,
    pub(super) broken_off: BTreeSet<usize>,
    /// How often a session had answered all it was asked and waited for its client.
    pub(super) turns: usize,
}

impl Default for Record {
    fn default() -> Self {
        Self { state: Mutex::default(), arrived: watch::Sender::new(0), open: watch::Sender::new(0) }
    }
}

impl Record {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no session panics while it writes this")
    }

    /// Counts a new connection in.
    pub(super) fn open(record: &Arc<Self>) -> Seat {
        record.open.send_modify(|open| *open += 1);
        let mut state = record.state();
        state.connections += 1;
        state.most_open = state.most_open.max(*record.open.borrow());
        Seat { number: state.connections, record: Arc::clone(record), is_taken: true }
    }

    /// Counts a message that is being handed over, until the value goes.
    pub(super) fn body(record: &Arc<Self>) -> Body {
        let mut state = record.state();
        state.bodies += 1;
        state.began.push(Instant::now());
        state.most_bodies = state.most_bodies.max(state.bodies);
        drop(state);
        Body(Arc::clone(record))
    }

    pub(super) fn keep(&self, message: Received) {
        self.state().messages.push(message);
        self.arrived.send_modify(|arrived| *arrived += 1);
    }

    pub(super) fn log(&self, line: Handed) {
        self.state().log.push(line);
    }

    pub(super) fn fault(&self, fault: impl Into<String>) {
        self.state().faults.push(fault.into());
    }
}

/// A message on its way, from DATA to its answer.
pub(super) struct Body(Arc<Record>);

impl Drop for Body {
    fn drop(&mut self) {
        self.0.state().bodies -= 1;
    }
}

/// A connection as it is counted: open until either side ends it.
pub(super) struct Seat {
    number: usize,
    record: Arc<Record>,
    is_taken: bool,
}

impl Seat {
    pub(super) fn number(&self) -> usize {
        self.number
    }

    pub(super) fn record(&self) -> &Arc<Record> {
        &self.record
    }

    /// Counts the connection out, because the sink is about to end it: asked to by QUIT, or in the middle of something.
    pub(super) fn leave(&mut self, was_asked: bool) {
        if std::mem::take(&mut self.is_taken) {
            if !was_asked {
                self.record.state().broken_off.insert(self.number);
            }
            self.record.open.send_modify(|open| *open -= 1);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if self.is_taken {
            // A sink never ends it without saying so: this was the client.
            self.leave(false);
        }
    }
}
