//! A visitor who writes each request octet by octet, over one connection as long as the server keeps it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use super::demo::Page;

/// Longer than any answer takes on a busy machine.
const AMPLE: Duration = Duration::from_mins(1);

/// Somebody at the door of a server.
pub struct Visitor {
    address: String,
    stream: Option<BufReader<TcpStream>>,
}

impl Visitor {
    /// Comes to a server.
    pub fn new(address: &str) -> Self {
        Self { address: address.to_owned(), stream: None }
    }

    /// Writes these octets and reads one answer. What the server does not want to hear any more is not its fault.
    pub fn say(&mut self, octets: &[u8]) -> Page {
        let mut stream = self.stream.take().unwrap_or_else(|| connect(&self.address));
        let _ = stream.get_mut().write_all(octets);
        let page = answer(&mut stream, octets.starts_with(b"HEAD "));
        if page.header("connection") != Some("close") {
            self.stream = Some(stream);
        }
        page
    }

    /// Asks for something, or sends something under these lines of a head.
    pub fn ask(&mut self, method: &str, path: &str, head: &str, body: &str) -> Page {
        self.say(&request(method, path, head, body))
    }

    /// Sends a form.
    pub fn send(&mut self, path: &str, form: &str) -> Page {
        self.ask("POST", path, "Content-Type: application/x-www-form-urlencoded\r\n", form)
    }
}

/// A text with every octet written as `%41`.
pub fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |encoded, octet| encoded + &format!("%{octet:02x}"))
}

/// A request as a browser writes it.
pub fn request(method: &str, path: &str, head: &str, body: &str) -> Vec<u8> {
    let length = if method == "POST" { format!("Content-Length: {}\r\n", body.len()) } else { String::new() };
    format!("{method} {path} HTTP/1.1\r\nHost: news.example.org\r\n{head}{length}\r\n{body}").into_bytes()
}

/// A connection on which nobody waits for ever.
fn connect(address: &str) -> BufReader<TcpStream> {
    let stream = TcpStream::connect(address).expect("somebody listens");
    stream.set_nodelay(true).expect("it is sent at once");
    stream.set_read_timeout(Some(AMPLE)).expect("nobody waits for ever");
    BufReader::new(stream)
}

fn answer(stream: &mut BufReader<TcpStream>, is_bare: bool) -> Page {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        let count = stream.read_line(&mut head).expect("an answer");
        assert!(count > 0, "the server hung up after {head:?}");
    }
    let head = head.trim_end().to_owned();
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    if status == 100 {
        return answer(stream, is_bare);
    }
    let mut page = Page { status, head, body: String::new() };
    let length = page.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; if is_bare { 0 } else { length }];
    stream.read_exact(&mut body).expect("the whole answer");
    page.body = String::from_utf8(body).expect("a page is text");
    page
}

/// Every row of every table of a newsroom's database, as text.
pub fn everything(database: &Path) -> BTreeMap<String, Vec<String>> {
    let ledger = rusqlite::Connection::open(database).expect("a database");
    let mut names = ledger.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").expect("its tables");
    let tables: Vec<String> = names.query_map([], |row| row.get(0)).expect("names").map(|name| name.expect("a name")).collect();
    let rows = |table: &String| {
        let mut all = ledger.prepare(&format!("SELECT * FROM \"{table}\"")).expect("a table");
        let width = all.column_count();
        let line = |row: &rusqlite::Row<'_>| {
            (0..width).map(|at| row.get::<_, rusqlite::types::Value>(at).map(|value| format!("{value:?}"))).collect::<Result<Vec<_>, _>>()
        };
        let lines = all.query_map([], line).expect("rows");
        let mut lines: Vec<String> = lines.map(|line| line.expect("a row").join("|")).collect();
        lines.sort();
        lines
    };
    tables.iter().map(|table| (table.clone(), rows(table))).collect()
}
