//! An SMTP server that keeps every message it is handed, watches the client's manners, and misbehaves on request.

mod record;
mod script;
mod session;
mod tls;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use record::Record;
pub use record::{Handed, Received};
pub use script::{Action, At, When};
use script::{Rule, Script};
pub use tls::Authority;

/// Longer than anything takes on a busy machine.
const AMPLE: Duration = Duration::from_mins(3);

/// How a client gets TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cover {
    None,
    StartTls,
    Implicit,
}

/// A sink that is yet to be started.
pub struct SinkBuilder {
    extensions: Vec<String>,
    cover: Cover,
    authority: Option<Authority>,
    account: Option<(String, String)>,
    mechanisms: String,
    rules: Vec<Rule>,
    keeps: bool,
}

impl SinkBuilder {
    /// Keeps no octets of messages and no commands, only the log: for a story with very many readers.
    pub fn forgetful(mut self) -> Self {
        self.keeps = false;
        self
    }

    /// Offers exactly these extensions, besides STARTTLS and AUTH.
    pub fn offering(mut self, extensions: &[&str]) -> Self {
        self.extensions = extensions.iter().map(|&extension| extension.to_owned()).collect();
        self
    }

    /// Offers STARTTLS, with a certificate for `localhost` and `127.0.0.1`.
    pub fn start_tls(mut self) -> Self {
        self.cover = Cover::StartTls;
        self
    }

    /// Speaks TLS from the first octet.
    pub fn implicit_tls(mut self) -> Self {
        self.cover = Cover::Implicit;
        self
    }

    /// Uses a certificate of this authority instead of a fresh one.
    pub fn vouched_for_by(mut self, authority: Authority) -> Self {
        self.authority = Some(authority);
        self
    }

    /// Takes mail only after AUTH with this name and password. AUTH is offered under TLS only, except if `cover` is none.
    pub fn account(mut self, name: &str, password: &str) -> Self {
        self.account = Some((name.to_owned(), password.to_owned()));
        self
    }

    /// Offers these AUTH mechanisms instead of `PLAIN LOGIN`.
    pub fn mechanisms(mut self, mechanisms: &str) -> Self {
        mechanisms.clone_into(&mut self.mechanisms);
        self
    }

    /// Does `action` at that point of the conversation. The first rule that fits acts.
    pub fn on(mut self, at: At, when: When, action: Action) -> Self {
        self.rules.push(Rule::new(at, when, action));
        self
    }

    /// Listens on a free port of 127.0.0.1.
    pub async fn start(self) -> Sink {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("the port just bound");
        let authority = match self.cover {
            Cover::None => None,
            _ => Some(self.authority.unwrap_or_else(Authority::new)),
        };
        let script = Script {
            extensions: self.extensions,
            cover: self.cover,
            acceptor: authority.as_ref().map(Authority::acceptor),
            account: self.account,
            mechanisms: self.mechanisms,
            rules: self.rules,
            keeps: self.keeps,
        };
        let record = Arc::new(Record::default());
        let acceptor = tokio::spawn(accept(listener, Arc::new(script), Arc::clone(&record)));
        Sink { address, authority, record, acceptor }
    }
}

async fn accept(listener: TcpListener, script: Arc<Script>, record: Arc<Record>) {
    while let Ok((socket, _)) = listener.accept().await {
        let seat = Record::open(&record);
        let (script, record) = (Arc::clone(&script), Arc::clone(&record));
        tokio::spawn(async move {
            // A client that hangs up ends the session; that is its right.
            let _ = session::serve(socket, seat, &script, &record).await;
        });
    }
}

/// A running sink; stops taking connections when dropped.
pub struct Sink {
    address: SocketAddr,
    authority: Option<Authority>,
    record: Arc<Record>,
    acceptor: JoinHandle<()>,
}

impl Sink {
    /// A sink that offers PIPELINING, SIZE, 8BITMIME and SMTPUTF8, in clear.
    pub fn builder() -> SinkBuilder {
        let extensions = ["PIPELINING", "SIZE 10485760", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"];
        SinkBuilder {
            extensions: extensions.map(str::to_owned).to_vec(),
            cover: Cover::None,
            authority: None,
            account: None,
            mechanisms: "PLAIN LOGIN".to_owned(),
            rules: Vec::new(),
            keeps: true,
        }
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The certificate of the authority that vouches for this sink, as PEM.
    pub fn ca_pem(&self) -> &str {
        self.authority.as_ref().expect("a sink with TLS").pem()
    }

    /// Every message so far, in the order of arrival.
    pub fn messages(&self) -> Vec<Received> {
        self.record.state().messages.clone()
    }

    /// Waits until `count` messages have arrived.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        self.until(count).await;
        self.messages()
    }

    /// The same for who does not want to see them.
    pub async fn until(&self, count: usize) {
        let mut arrived = self.record.arrived.subscribe();
        in_time(arrived.wait_for(|arrived| *arrived >= count)).await.expect("the record outlives the sink");
    }

    /// How many messages have arrived.
    pub fn arrived(&self) -> usize {
        *self.record.arrived.borrow()
    }

    /// To whom they went, in the order of arrival.
    pub fn recipients(&self) -> Vec<String> {
        self.record.state().messages.iter().map(|message| message.recipient.clone()).collect()
    }

    /// What it said of each reader, in that order: the truth that a ledger is compared with.
    pub fn log(&self) -> Vec<Handed> {
        self.record.state().log.clone()
    }

    /// The connections that ended in the middle of something: the client was killed, or the sink hung up.
    pub fn broken_off(&self) -> BTreeSet<usize> {
        self.record.state().broken_off.clone()
    }

    /// Waits until no connection is open, for what a client does on leaving.
    pub async fn wait_until_left(&self) {
        let mut open = self.record.open.subscribe();
        in_time(open.wait_for(|open| *open == 0)).await.expect("the record outlives the sink");
    }

    /// Every command line so far, in the order of arrival, without its CRLF.
    pub fn commands(&self) -> Vec<String> {
        self.record.state().commands.clone()
    }

    /// How often a command of this verb came.
    pub fn count(&self, verb: &str) -> usize {
        self.commands().iter().filter(|line| line.split(' ').next().is_some_and(|word| word.eq_ignore_ascii_case(verb))).count()
    }

    /// How many connections were opened.
    pub fn connections(&self) -> usize {
        self.record.state().connections
    }

    /// The most connections open at a time.
    pub fn most_open(&self) -> usize {
        self.record.state().most_open
    }

    /// The most messages that were being handed over at a time.
    pub fn most_at_once(&self) -> usize {
        self.record.state().most_bodies
    }

    /// When each message began to be handed over, in that order.
    pub fn beginnings(&self) -> Vec<Instant> {
        self.record.state().began.clone()
    }

    /// How often a session had answered all it was asked and waited for its client: the round trips.
    pub fn turns(&self) -> usize {
        self.record.state().turns
    }

    /// What the clients did that a strict server would not forgive.
    pub fn faults(&self) -> Vec<String> {
        self.record.state().faults.clone()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.acceptor.abort();
    }
}

/// Fails a story that waits for what never comes.
async fn in_time<T>(event: impl Future<Output = T>) -> T {
    tokio::time::timeout(AMPLE, event).await.expect("what a story waits for comes")
}
