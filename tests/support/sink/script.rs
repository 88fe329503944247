//! What a sink offers and how it misbehaves.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

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

/// Whether a recipient is meant.
type Fits = Box<dyn Fn(&str) -> bool + Send + Sync>;

/// Which of the occasions at a point.
pub enum When {
    /// Each.
    Always,
    /// Only this one, counted from 1 over all connections.
    Nth(usize),
    /// Each whose number can be divided by this one.
    Every(usize),
    /// Those on a connection that has brought at least so many messages.
    Carried(usize),
    /// Those at RCPT or later whose recipient fits.
    Recipient(Fits),
    /// The first of each recipient that fits; what comes later is not meant.
    First(Fits),
}

impl When {
    /// Those whose recipient fits.
    pub fn of(fits: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self::Recipient(Box::new(fits))
    }

    /// The first of each recipient that fits, as greylisting means it.
    pub fn first_of(fits: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self::First(Box::new(fits))
    }

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
    /// Answers well, after this time.
    Late(Duration),
    /// Closes the connection without an answer; at [`At::Dot`] before the message is read.
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

/// The code of what is answered when `usual` would be the good answer; 0 if nothing is.
pub(super) fn spoken(action: Option<&Action>, usual: &str) -> u16 {
    let said = match action {
        None | Some(Action::Also(_) | Action::Late(_)) => usual.as_bytes(),
        Some(Action::Reply(line)) => line.as_bytes(),
        Some(Action::Octets(octets)) => octets,
        Some(_) => b"",
    };
    said.get(..3).and_then(|code| std::str::from_utf8(code).ok()?.parse().ok()).unwrap_or(0)
}

/// What a rule looks at, besides the point of the conversation.
pub(super) struct Occasion<'a> {
    pub(super) recipient: &'a str,
    /// Messages that this connection has brought before.
    pub(super) carried: usize,
}

/// An action, where it takes place, and how often that place was reached.
pub(super) struct Rule {
    at: At,
    when: When,
    action: Action,
    seen: AtomicUsize,
    met: Mutex<HashSet<String>>,
}

impl Rule {
    pub(super) fn new(at: At, when: When, action: Action) -> Self {
        Self { at, when, action, seen: AtomicUsize::new(0), met: Mutex::default() }
    }

    fn fits(&self, at: At, occasion: &Occasion<'_>) -> bool {
        if self.at != at {
            return false;
        }
        let nth = self.seen.fetch_add(1, Ordering::SeqCst) + 1;
        match &self.when {
            When::Always => true,
            When::Nth(wanted) => nth == *wanted,
            When::Every(number) => nth.is_multiple_of(*number),
            When::Carried(count) => occasion.carried >= *count,
            When::Recipient(fits) => fits(occasion.recipient),
            When::First(fits) => fits(occasion.recipient) && self.meets(occasion.recipient),
        }
    }

    /// Whether this recipient is seen for the first time.
    fn meets(&self, recipient: &str) -> bool {
        self.met.lock().expect("no session panics while it writes this").insert(recipient.to_owned())
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
    pub(super) keeps: bool,
}

impl Script {
    /// What to do at this point instead of answering well.
    pub(super) fn action(&self, at: At, occasion: &Occasion<'_>) -> Option<&Action> {
        self.rules.iter().filter(|rule| rule.fits(at, occasion)).map(|rule| &rule.action).next()
    }

    pub(super) fn offers_pipelining(&self) -> bool {
        self.extensions.iter().any(|extension| extension.eq_ignore_ascii_case("PIPELINING"))
    }
}
