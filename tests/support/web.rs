//! A web server that says what a story wants, octet by octet, and remembers who asked for what.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::sink::Authority;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    pub path: String,
    head: String,
}

impl Asked {
    fn read(head: &str) -> Option<Self> {
        let mut words = head.lines().next()?.split(' ');
        Some(Self { method: words.next()?.to_owned(), path: words.next()?.to_owned(), head: head.to_owned() })
    }

    /// A header field of it.
    pub fn header(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        fields.filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }
}

/// What the server says.
#[derive(Debug, Clone)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Body,
    after: Duration,
}

#[derive(Debug, Clone)]
enum Body {
    Whole(Vec<u8>),
    /// Goes on until the client has enough.
    Endless,
    /// Promised and never sent.
    Stalled,
    /// Not even a head.
    Silence,
}

impl Reply {
    fn of(status: u16, body: Body) -> Self {
        Self { status, headers: Vec::new(), body, after: Duration::ZERO }
    }

    /// A status, and nothing else.
    pub fn status(status: u16) -> Self {
        Self::of(status, Body::Whole(Vec::new()))
    }

    /// Something of this media type.
    pub fn of_type(media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::of(200, Body::Whole(body.into())).with("Content-Type", media_type)
    }

    /// A web page.
    pub fn page() -> Self {
        Self::of_type("text/html; charset=utf-8", "<!DOCTYPE html><html lang=en><title>A page</title><p>A page.")
    }

    /// Leads on to somewhere else.
    pub fn redirect(status: u16, to: &str) -> Self {
        Self::status(status).with("Location", to)
    }

    /// A body that has no end.
    pub fn endless(media_type: &str) -> Self {
        Self::of(200, Body::Endless).with("Content-Type", media_type)
    }

    /// A head that promises a body which never comes.
    pub fn stalled(media_type: &str) -> Self {
        Self::of(200, Body::Stalled).with("Content-Type", media_type)
    }

    /// Nothing at all, while the connection stays open.
    pub fn silence() -> Self {
        Self::of(0, Body::Silence)
    }

    /// With a header field.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Takes this long over it.
    pub fn after(mut self, pause: Duration) -> Self {
        self.after = pause;
        self
    }

    /// With another status.
    pub fn but_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }
}

type Script = dyn Fn(&Asked) -> Reply + Send + Sync;

#[derive(Default)]
struct Record {
    asked: Mutex<Vec<Asked>>,
    connections: AtomicUsize,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
}

/// A server at work until it is dropped.
pub struct Web {
    address: SocketAddr,
    record: Arc<Record>,
    _work: JoinSet<()>,
}

impl Web {
    /// Listens on a free port of 127.0.0.1 and says what `script` says.
    pub async fn start(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        Self::on(listener, None, Arc::new(script))
    }

    /// The same over TLS, with a certificate of this authority.
    pub async fn start_tls(authority: &Authority, script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        Self::on(listener, Some(authority.acceptor()), Arc::new(script))
    }

    /// A server that nobody should ever reach, on this address, or on the same port of another one.
    pub async fn canary(address: impl tokio::net::ToSocketAddrs) -> std::io::Result<Self> {
        Ok(Self::on(TcpListener::bind(address).await?, None, Arc::new(|_: &Asked| Reply::page())))
    }

    fn on(listener: TcpListener, acceptor: Option<TlsAcceptor>, script: Arc<Script>) -> Self {
        let address = listener.local_addr().unwrap();
        let record = Arc::new(Record::default());
        let mut work = JoinSet::new();
        work.spawn(serve(listener, acceptor, script, Arc::clone(&record)));
        Self { address, record, _work: work }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// `127.0.0.1:8080`, as one allows it.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// The address of something on it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What it was asked for, in order.
    pub fn asked(&self) -> Vec<Asked> {
        self.record.asked.lock().unwrap().clone()
    }

    /// The same as "HEAD /a".
    pub fn lines(&self) -> Vec<String> {
        self.asked().iter().map(|asked| format!("{} {}", asked.method, asked.path)).collect()
    }

    /// How many connections were made to it.
    pub fn connections(&self) -> usize {
        self.record.connections.load(Ordering::SeqCst)
    }

    /// How many requests were under way at once, at most.
    pub fn most_at_once(&self) -> usize {
        self.record.most_at_once.load(Ordering::SeqCst)
    }
}

async fn serve(listener: TcpListener, acceptor: Option<TlsAcceptor>, script: Arc<Script>, record: Arc<Record>) {
    let mut open = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        record.connections.fetch_add(1, Ordering::SeqCst);
        let (script, record, acceptor) = (Arc::clone(&script), Arc::clone(&record), acceptor.clone());
        open.spawn(async move {
            // A client that goes away is nobody's fault.
            let _ = match acceptor {
                None => converse(stream, &*script, &record).await,
                Some(acceptor) => match acceptor.accept(stream).await {
                    Ok(stream) => converse(stream, &*script, &record).await,
                    Err(fault) => Err(fault),
                },
            };
        });
    }
}

async fn converse(mut stream: impl AsyncRead + AsyncWrite + Unpin, script: &Script, record: &Record) -> std::io::Result<()> {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        let Some(asked) = Asked::read(&String::from_utf8_lossy(&head)) else { return Ok(()) };
        let now = record.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        record.most_at_once.fetch_max(now, Ordering::SeqCst);
        record.asked.lock().unwrap().push(asked.clone());
        let reply = script(&asked);
        tokio::time::sleep(reply.after).await;
        record.at_once.fetch_sub(1, Ordering::SeqCst);
        say(&mut stream, &asked, &reply).await?;
    }
}

async fn say(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), asked: &Asked, reply: &Reply) -> std::io::Result<()> {
    let mut head = format!("HTTP/1.1 {} Said\r\n", reply.status);
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let has_length = reply.headers.iter().any(|(name, _)| name == "Content-Length" || name == "Transfer-Encoding");
    match &reply.body {
        Body::Silence => std::future::pending().await,
        Body::Whole(body) => {
            let is_bare = asked.method == "HEAD" || matches!(reply.status, 204 | 304);
            if !has_length && reply.status != 304 {
                head.push_str(&format!("Content-Length: {}\r\n", body.len()));
            }
            stream.write_all(format!("{head}\r\n").as_bytes()).await?;
            if !is_bare {
                stream.write_all(body).await?;
            }
            stream.flush().await
        }
        Body::Stalled => {
            stream.write_all(format!("{head}Content-Length: 1000\r\n\r\nno").as_bytes()).await?;
            stream.flush().await?;
            std::future::pending().await
        }
        Body::Endless => {
            stream.write_all(format!("{head}\r\n").as_bytes()).await?;
            loop {
                stream.write_all(&[b'x'; 8192]).await?;
            }
        }
    }
}
