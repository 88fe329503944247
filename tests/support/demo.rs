//! The demo at work, and a browser of a few lines to look at it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use tempfile::TempDir;

use super::newsroom::{Running, Told, binary};

/// The demo, serving its reading room until it is told to end.
pub struct Demo {
    running: Running,
    home: TempDir,
    address: String,
}

/// What a server answered.
pub struct Page {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Page {
    /// What a server answers to a request that names this host.
    pub fn fetch(address: &str, method: &str, host: &str, path: &str) -> Self {
        let mut stream = TcpStream::connect(address).expect("somebody listens");
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").expect("it hears");
        let mut octets = Vec::new();
        stream.read_to_end(&mut octets).expect("it answers");
        let text = String::from_utf8_lossy(&octets);
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// The value of a header, if it is there.
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Where its links lead, in order.
    pub fn links(&self) -> Vec<String> {
        self.body.split("href=\"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect()
    }
}

/// Asks a server for something, and sends a filled form along if there is one.
pub fn ask(address: &str, method: &str, path: &str, form: Option<&str>) -> Page {
    match form {
        Some(form) => send(address, method, path, "Content-Type: application/x-www-form-urlencoded\r\n", form.as_bytes()),
        None => fetch(address, format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes()),
    }
}

/// Sends a server something, under a head that begins with these lines.
pub fn send(address: &str, method: &str, path: &str, head: &str, body: &[u8]) -> Page {
    let head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{head}Content-Length: {}\r\n\r\n", body.len());
    fetch(address, &[head.as_bytes(), body].concat())
}

fn fetch(address: &str, request: &[u8]) -> Page {
    let mut stream = TcpStream::connect(address).expect("somebody listens");
    stream.write_all(request).expect("it hears");
    let mut octets = Vec::new();
    stream.read_to_end(&mut octets).expect("it answers");
    let text = String::from_utf8_lossy(&octets);
    let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    Page { status, head: head.to_owned(), body: body.to_owned() }
}

impl Demo {
    /// Starts it at a free port, in a home of its own.
    pub fn start() -> Self {
        let home = tempfile::tempdir().expect("a folder of our own");
        let mut running = Running::of(binary(home.path()).args(["demo", "--listen", "127.0.0.1:0"]));
        let said = running.hears("Ctrl-C ends the demo");
        let address = said.split("read the mail at http://").nth(1).and_then(|rest| rest.split('/').next()).expect("an address").to_owned();
        Self { running, home, address }
    }

    /// Where it listens, as a browser writes it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Fetches a page.
    pub fn get(&self, path: &str) -> Page {
        ask(&self.address, "GET", path, None)
    }

    /// Ends it as a person would, and says what is left of its folder.
    pub fn end(self) -> (Told, usize) {
        self.end_by("INT")
    }

    /// The same by a signal of this name.
    pub fn end_by(mut self, signal: &str) -> (Told, usize) {
        self.running.signal(signal);
        let told = self.running.end();
        let left = std::fs::read_dir(self.home.path()).expect("its home").count();
        (told, left)
    }
}
