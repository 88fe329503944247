//! An SMTP server that keeps every message it is handed, watches the client's manners, and misbehaves on request.

mod script;
mod session;
mod tls;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use script::{Action, At, When};
use script::{Rule, Script};
pub use tls::Authority;

/// Longer than anything takes on a busy machine.
const AMPLE: Duration = Duration::from_mins(3);

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
}

impl SinkBuilder {
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
        };
        let record = Arc::new(Record::default());
        let acceptor = tokio::spawn(accept(listener, Arc::new(script), Arc::clone(&record)));
        Sink { address, authority, record, acceptor }
    }
}

async fn accept(listener: TcpListener, script: Arc<Script>, record: Arc<Record>) {
    while let Ok((socket, _)) = listener.accept().await {
        let number = record.open();
        let (script, record) = (Arc::clone(&script), Arc::clone(&record));
        tokio::spawn(async move {
            // A client that hangs up ends the session; that is its right.
            let _ = session::serve(socket, number, &script, &record).await;
            record.close();
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
        let mut arrived = self.record.arrived.subscribe();
        in_time(arrived.wait_for(|arrived| *arrived >= count)).await.expect("the record outlives the sink");
        self.messages()
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

/// What happened, shared by the sessions.
struct Record {
    state: Mutex<State>,
    arrived: watch::Sender<usize>,
    open: watch::Sender<usize>,
}

#[derive(Default)]
struct State {
    messages: Vec<Received>,
    commands: Vec<String>,
    faults: Vec<String>,
    connections: usize,
    most_open: usize,
    turns: usize,
}

impl Default for Record {
    fn default() -> Self {
        Self { state: Mutex::default(), arrived: watch::Sender::new(0), open: watch::Sender::new(0) }
    }
}

impl Record {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no session panics while it writes this")
    }

    fn open(&self) -> usize {
        self.open.send_modify(|open| *open += 1);
        let mut state = self.state();
        state.connections += 1;
        state.most_open = state.most_open.max(*self.open.borrow());
        state.connections
    }

    fn close(&self) {
        self.open.send_modify(|open| *open -= 1);
    }

    fn keep(&self, message: Received) {
        self.state().messages.push(message);
        self.arrived.send_modify(|arrived| *arrived += 1);
    }

    fn fault(&self, fault: impl Into<String>) {
        self.state().faults.push(fault.into());
    }
}
