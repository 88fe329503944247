//! A name server that answers, lies or keeps silent as a story wants, octet by octet, over UDP and TCP on one port.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinSet;

/// The type numbers of RFC 1035 section 3.2.2.
pub const A: u16 = 1;
pub const CNAME: u16 = 5;
pub const MX: u16 = 15;

/// Points to the name in the question (RFC 1035 section 4.1.4).
pub const THE_QUESTION: &[u8] = &[0xC0, 12];

/// A question as it came.
pub struct Question {
    /// The name asked for, lower case, no final dot.
    pub name: String,
    /// Which type of record is asked for.
    pub kind: u16,
    /// Whether it came over TCP.
    pub by_tcp: bool,
    id: [u8; 2],
    section: Vec<u8>,
}

impl Question {
    fn read(octets: &[u8], by_tcp: bool) -> Option<Self> {
        let mut labels: Vec<String> = Vec::new();
        let mut at = 12;
        while *octets.get(at)? != 0 {
            let end = at + 1 + usize::from(octets[at]);
            labels.push(String::from_utf8_lossy(octets.get(at + 1..end)?).to_ascii_lowercase());
            at = end;
        }
        let section = octets.get(12..at + 5)?.to_vec();
        let kind = u16::from_be_bytes([octets[at + 1], octets[at + 2]]);
        Some(Self { name: labels.join("."), kind, by_tcp, id: [octets[0], octets[1]], section })
    }

    /// An answer without fault that holds these records.
    pub fn answer(&self, records: &[Vec<u8>]) -> Vec<u8> {
        self.reply(0, records)
    }

    /// An answer with this code (RFC 1035 section 4.1.1): 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED.
    pub fn reply(&self, code: u8, records: &[Vec<u8>]) -> Vec<u8> {
        let count = u16::try_from(records.len()).unwrap().to_be_bytes();
        let head = [self.id[0], self.id[1], 0x81, 0x80 | code, 0, 1, count[0], count[1], 0, 0, 0, 0];
        [head.as_slice(), &self.section, &records.concat()].concat()
    }

    /// An answer that says that it did not fit.
    pub fn truncated(&self) -> Vec<u8> {
        let mut octets = self.answer(&[]);
        octets[2] |= 0x02;
        octets
    }
}

/// A name on the wire; the empty one is the root.
pub fn name(text: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    for label in text.split('.').filter(|label| !label.is_empty()) {
        octets.push(u8::try_from(label.len()).unwrap());
        octets.extend_from_slice(label.as_bytes());
    }
    octets.push(0);
    octets
}

/// A record of class IN that may be kept for five minutes.
pub fn record(owner: &[u8], kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap().to_be_bytes();
    [owner, &kind.to_be_bytes(), &[0, 1, 0, 0, 1, 44], &length, value].concat()
}

/// An MX of the name in the question.
pub fn mx(preference: u16, host: &str) -> Vec<u8> {
    record(THE_QUESTION, MX, &[preference.to_be_bytes().as_slice(), &name(host)].concat())
}

/// An address of the name in the question.
pub fn a(address: [u8; 4]) -> Vec<u8> {
    record(THE_QUESTION, A, &address)
}

/// What a server says to a question: any number of answers, none for silence.
type Script = dyn Fn(&Question) -> Vec<Vec<u8>> + Send + Sync;

/// A server at work until it is dropped.
pub struct NameServer {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    _work: JoinSet<()>,
}

impl NameServer {
    /// Listens on a free port of 127.0.0.1 and says what `script` says.
    pub async fn start(script: impl Fn(&Question) -> Vec<Vec<u8>> + Send + Sync + 'static) -> Self {
        let (socket, listener) = one_port().await;
        let address = socket.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let script: Arc<Script> = {
            let asked = Arc::clone(&asked);
            Arc::new(move |question| {
                asked.lock().unwrap().push(question.name.clone());
                script(question)
            })
        };
        let mut work = JoinSet::new();
        work.spawn(serve_datagrams(socket, Arc::clone(&script)));
        work.spawn(serve_connections(listener, script));
        Self { address, asked, _work: work }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The names that it was asked for, repeats included, in order.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// A socket and a listener on the same free port.
async fn one_port() -> (UdpSocket, TcpListener) {
    for _ in 0..100 {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).await.unwrap();
        if let Ok(listener) = TcpListener::bind(socket.local_addr().unwrap()).await {
            return (socket, listener);
        }
    }
    panic!("no port is free for UDP and TCP alike");
}

async fn serve_datagrams(socket: UdpSocket, script: Arc<Script>) {
    let mut octets = [0; 4096];
    loop {
        let Ok((length, client)) = socket.recv_from(&mut octets).await else { continue };
        let Some(question) = Question::read(&octets[..length], false) else { continue };
        for answer in script(&question) {
            // A client that has gone away is nobody's fault.
            let _ = socket.send_to(&answer, client).await;
        }
    }
}

async fn serve_connections(listener: TcpListener, script: Arc<Script>) {
    let mut open = JoinSet::new();
    while let Ok((mut stream, _)) = listener.accept().await {
        let script = Arc::clone(&script);
        open.spawn(async move {
            while let Ok(length) = stream.read_u16().await {
                let mut octets = vec![0; usize::from(length)];
                if stream.read_exact(&mut octets).await.is_err() {
                    return;
                }
                let Some(question) = Question::read(&octets, true) else { return };
                for answer in script(&question) {
                    let framed = [u16::try_from(answer.len()).unwrap().to_be_bytes().as_slice(), &answer].concat();
                    if stream.write_all(&framed).await.is_err() {
                        return;
                    }
                }
            }
        });
    }
}
