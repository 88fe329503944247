//! One SMTP conversation as the sink holds it: octets in, replies out, no sockets.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Write;

use memchr::{memchr, memmem};

/// What ends a message (RFC 5321 section 4.1.1.4).
const END: &[u8] = b"\r\n.\r\n";

/// Octets of an unfinished message that may hold the beginning of its end.
const CARRIED: usize = END.len() - 1;

/// Most octets of a head that are looked at for its Message-ID.
const HEAD: usize = 16 * 1024;

/// Longest command line kept; whoever writes a longer one gets no answer that makes sense.
const LINE: usize = 4096;

/// What has come so far, over all conversations.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) messages: u64,
    /// Octets of the messages as they came, dots and end included.
    pub(super) octets: u64,
    /// A hash of each recipient that a message came for.
    pub(super) readers: HashSet<u64>,
    /// Commands that were not in order.
    pub(super) disorder: u64,
    /// Commands that did not wait for the answer to the one before, though PIPELINING was not offered.
    pub(super) haste: u64,
    /// Where recipient and Message-ID are written, if anywhere.
    pub(super) log: Option<Box<dyn Write>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Idle,
    Sender,
    Recipient,
    Body,
}

/// One conversation.
pub(super) struct Session {
    stage: Stage,
    line: Vec<u8>,
    recipient: Vec<u8>,
    head: Vec<u8>,
    end: End,
    pipelining: bool,
    is_over: bool,
}

impl Session {
    pub(super) fn new(pipelining: bool) -> Self {
        let (line, recipient, head) = (Vec::new(), Vec::new(), Vec::new());
        Self { stage: Stage::Idle, line, recipient, head, end: End::new(), pipelining, is_over: false }
    }

    /// Whether the client has taken its leave.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Takes what came and adds what is to be answered.
    pub(super) fn take(&mut self, octets: &[u8], tally: &mut Tally, replies: &mut Vec<u8>) {
        let mut rest = octets;
        while !rest.is_empty() {
            let answered = replies.len();
            rest = if self.stage == Stage::Body { self.body(rest, tally, replies) } else { self.command(rest, tally, replies) };
            if !self.pipelining && !rest.is_empty() && replies.len() > answered {
                tally.haste += 1;
            }
        }
    }

    fn body<'a>(&mut self, octets: &'a [u8], tally: &mut Tally, replies: &mut Vec<u8>) -> &'a [u8] {
        let end = self.end.find(octets);
        let (body, rest) = octets.split_at(end.unwrap_or(octets.len()));
        tally.octets += body.len() as u64;
        if tally.log.is_some() && self.head.len() < HEAD {
            self.head.extend_from_slice(&body[..body.len().min(HEAD - self.head.len())]);
        }
        if end.is_some() {
            self.accept(tally);
            replies.extend_from_slice(b"250 2.0.0 taken\r\n");
        }
        rest
    }

    fn accept(&mut self, tally: &mut Tally) {
        tally.messages += 1;
        let mut hasher = DefaultHasher::new();
        self.recipient.hash(&mut hasher);
        tally.readers.insert(hasher.finish());
        if let Some(log) = &mut tally.log {
            let (reader, id) = (String::from_utf8_lossy(&self.recipient), message_id(&self.head));
            // A log that cannot be written shows in what is missing from it.
            let _ = writeln!(log, "{reader}\t{id}");
        }
        self.head.clear();
        self.stage = Stage::Idle;
    }

    fn command<'a>(&mut self, octets: &'a [u8], tally: &mut Tally, replies: &mut Vec<u8>) -> &'a [u8] {
        let Some(at) = memchr(b'\n', octets) else {
            if self.line.len() < LINE {
                self.line.extend_from_slice(octets);
            }
            return &[];
        };
        let (line, rest) = octets.split_at(at + 1);
        if self.line.is_empty() {
            self.answer(line, tally, replies);
        } else {
            let mut whole = std::mem::take(&mut self.line);
            whole.extend_from_slice(line);
            self.answer(&whole, tally, replies);
            whole.clear();
            self.line = whole;
        }
        rest
    }

    fn answer(&mut self, line: &[u8], tally: &mut Tally, replies: &mut Vec<u8>) {
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let reply: &[u8] = match (verb.as_slice(), self.stage) {
            (b"EHLO", Stage::Idle) if self.pipelining => b"250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 52428800\r\n",
            (b"EHLO", Stage::Idle) => b"250-sink.example\r\n250-8BITMIME\r\n250 SIZE 52428800\r\n",
            (b"HELO", Stage::Idle) => b"250 sink.example\r\n",
            (b"MAIL", Stage::Idle) => {
                self.stage = Stage::Sender;
                b"250 2.1.0 sender ok\r\n"
            }
            (b"RCPT", Stage::Sender) => {
                self.stage = Stage::Recipient;
                self.recipient.clear();
                self.recipient.extend_from_slice(mailbox(line));
                b"250 2.1.5 recipient ok\r\n"
            }
            (b"DATA", Stage::Recipient) => {
                self.stage = Stage::Body;
                self.end = End::new();
                b"354 go on\r\n"
            }
            (b"RSET", _) => {
                self.stage = Stage::Idle;
                b"250 2.0.0 forgotten\r\n"
            }
            (b"NOOP", _) => b"250 2.0.0 still here\r\n",
            (b"QUIT", _) => {
                self.is_over = true;
                b"221 2.0.0 bye\r\n"
            }
            _ => {
                tally.disorder += 1;
                b"503 5.5.1 not now\r\n"
            }
        };
        replies.extend_from_slice(reply);
    }
}

/// What stands between the angle brackets of a RCPT.
fn mailbox(line: &[u8]) -> &[u8] {
    let from = memchr(b'<', line).map_or(0, |at| at + 1);
    let to = memchr(b'>', line).unwrap_or(line.len());
    line.get(from..to).unwrap_or_default()
}

fn message_id(head: &[u8]) -> String {
    let head = String::from_utf8_lossy(head);
    let mut lines = head.lines().take_while(|line| !line.is_empty());
    let line = lines.find(|line| line.get(..11).is_some_and(|name| name.eq_ignore_ascii_case("message-id:")));
    line.map_or("", |line| line[11..].trim()).to_owned()
}

/// Looks for the end of a message in pieces of any size.
struct End {
    finder: memmem::Finder<'static>,
    carried: Vec<u8>,
}

impl End {
    /// At the beginning of a body, which is the beginning of a line.
    fn new() -> Self {
        Self { finder: memmem::Finder::new(END), carried: b"\r\n".to_vec() }
    }

    /// Where the message ends in this piece, counted from the piece's beginning.
    fn find(&mut self, piece: &[u8]) -> Option<usize> {
        let before = self.carried.len();
        self.carried.extend_from_slice(&piece[..piece.len().min(CARRIED)]);
        if let Some(at) = self.finder.find(&self.carried) {
            return Some(at + END.len() - before);
        }
        if let Some(at) = self.finder.find(piece) {
            return Some(at + END.len());
        }
        if piece.len() >= CARRIED {
            self.carried.clear();
            self.carried.extend_from_slice(&piece[piece.len() - CARRIED..]);
        } else {
            self.carried.drain(..self.carried.len().saturating_sub(CARRIED));
        }
        None
    }
}
