//! What a sink offers and how it misbehaves.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio_rustls::TlsAcceptor;

use super::Cover;

/// A point of the conversation: the sink has read this and is about to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// The connection, before the greeting.
    Connect,
    Ehlo,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    Data,
    /// The final dot. What happens before it, such as [`Action::Deaf`], happens after 354 and before the message is read.
    Dot,
    Rset,
    Quit,
}

/// Which of the occasions at a point.
pub enum When {
    /// Each.
    Always,
    /// Only this one, counted from 1 over all connections.
    Nth(usize),
    /// Those at RCPT or later whose recipient fits.
    Recipient(Box<dyn Fn(&str) -> bool + Send + Sync>),
}

impl When {
    /// Those whose recipient is this one.
    pub fn to(address: &str) -> Self {
        let address = address.to_owned();
        Self::Recipient(Box::new(move |recipient| recipient == address))
    }
}

/// What a sink does instead of answering well.
#[derive(Debug, Clone)]
pub enum Action {
    /// Answers this line; CRLF is added. A 221 or 421 is followed by closing.
    Reply(String),
    /// Answers these octets and goes on as their code says.
    Octets(Vec<u8>),
    /// Answers well, and adds these octets in the same write.
    Also(Vec<u8>),
    /// Closes the connection without an answer.
    Drop,
    /// Keeps the message and closes without an answer; only at [`At::Dot`].
    DropAfterDot,
    /// Keeps the message and never answers; only at [`At::Dot`].
    StallAfterDot,
    /// Never answers.
    Stall,
    /// Reads no more; only at [`At::Dot`].
    Deaf,
    /// Answers this line in the middle of the message and closes; only at [`At::Dot`].
    Interrupt(String),
    /// Answers octets that are no reply.
    Garbage,
    /// Answers with a reply that never ends, as fast as it can.
    Endless,
    /// Answers with a reply that never ends, an octet at a time.
    Trickle,
}

impl Action {
    /// This one reply line.
    pub fn reply(line: &str) -> Self {
        Self::Reply(line.to_owned())
    }
}

/// An action, where it takes place, and how often that place was reached.
pub(super) struct Rule {
    at: At,
    when: When,
    action: Action,
    seen: AtomicUsize,
}

impl Rule {
    pub(super) fn new(at: At, when: When, action: Action) -> Self {
        Self { at, when, action, seen: AtomicUsize::new(0) }
    }

    fn fits(&self, at: At, recipient: &str) -> bool {
        if self.at != at {
            return false;
        }
        let nth = self.seen.fetch_add(1, Ordering::SeqCst) + 1;
        match &self.when {
            When::Always => true,
            When::Nth(wanted) => nth == *wanted,
            When::Recipient(fits) => fits(recipient),
        }
    }
}

/// Everything that a session needs to know of its sink.
pub(super) struct Script {
    pub(super) extensions: Vec<String>,
    pub(super) cover: Cover,
    pub(super) acceptor: Option<TlsAcceptor>,
    pub(super) account: Option<(String, String)>,
    pub(super) mechanisms: String,
    pub(super) rules: Vec<Rule>,
}

impl Script {
    /// What to do at this point instead of answering well.
    pub(super) fn action(&self, at: At, recipient: &str) -> Option<&Action> {
        self.rules.iter().filter(|rule| rule.fits(at, recipient)).map(|rule| &rule.action).next()
    }

    pub(super) fn offers_pipelining(&self) -> bool {
        self.extensions.iter().any(|extension| extension.eq_ignore_ascii_case("PIPELINING"))
    }
}
