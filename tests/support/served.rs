//! A newsroom whose editors' pages are served, from the library in place of the binary.

use std::sync::Arc;

use masthead::app::Newsroom as Opened;
use masthead::clock::FixedClock;
use masthead::web::public;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::demo::{Page, ask, send};
use super::newsroom::{ISSUE, Newsroom};
use super::reading::{field, links, parts};
use super::sink::Sink;

/// A newsroom whose pages are served, and what tells the server of a newsroom that was opened anew.
pub struct Served {
    pub newsroom: Newsroom,
    pub address: String,
    pub present: watch::Sender<Arc<Opened>>,
    pub sink: Sink,
}

/// Its editors, as they are typed.
pub const EDITORS: &str = "editors = [\"Ada Brook <ada@example.org>\", \"bo@example.org\"]";

impl Served {
    /// A newsroom of which so many editors must approve an issue.
    pub async fn new(needed: &str) -> Self {
        Self::with_readers(needed, 3).await
    }

    /// The same with so many readers.
    pub async fn with_readers(needed: &str, readers: usize) -> Self {
        Self::with_tables(needed, readers, "").await
    }

    /// The same with further tables of the configuration.
    pub async fn with_tables(needed: &str, readers: usize, tables: &str) -> Self {
        Self::before(Sink::builder().start().await, needed, readers, tables).await
    }

    /// The same before a sink of the story's own.
    pub async fn before(sink: Sink, needed: &str, readers: usize, tables: &str) -> Self {
        let table = format!("[approval]\n{EDITORS}\nneeded = \"{needed}\"\n\n[web]\nlisten = \"127.0.0.1:0\"");
        let newsroom = Newsroom::new().with_known_key().issue("2014-12", ISSUE).back_issues().subscribers(readers).relay(&sink);
        let newsroom = newsroom.table(&table).build();
        let settings = std::fs::read_to_string(newsroom.path("config/masthead.toml")).expect("its settings");
        newsroom.write("config/masthead.toml", &format!("{settings}\n{tables}"));
        Self::of(newsroom, sink).await
    }

    /// The pages of a newsroom that is set up already.
    pub async fn of(newsroom: Newsroom, sink: Sink) -> Self {
        let (present, receiver) = watch::channel(opened(&newsroom).await);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(public::serve(listener, receiver, std::future::pending()));
        Self { newsroom, address, present, sink }
    }

    /// Asks for one of its pages.
    pub fn ask(&self, method: &str, path: &str, form: Option<&str>) -> Page {
        tokio::task::block_in_place(|| ask(&self.address, method, path, form))
    }

    /// Sends one of its pages something, under a head that begins with these lines.
    pub fn send(&self, path: &str, head: &str, body: &[u8]) -> Page {
        tokio::task::block_in_place(|| send(&self.address, "POST", path, head, body))
    }

    /// Sends the issue. Returns the paths of each reader's own links: for leaving and for preferences.
    pub fn deliver(&self) -> Vec<[String; 2]> {
        self.newsroom.run(["send", "2014-12"]).ok();
        let path = |link: String| link.strip_prefix("https://news.example.org").expect("a link of ours").to_owned();
        let mut letters = self.sink.messages();
        letters.retain(|letter| !field(&letter.bytes, "List-Id").is_empty());
        letters.sort_by_key(|letter| letter.recipient.clone());
        letters.iter().map(|letter| links(&letter.bytes).map(path)).collect()
    }

    /// Where a reader stands on the list, as `subscribers show` tells it; and the channel of the last line of consent.
    pub fn standing(&self, address: &str) -> (String, String) {
        let shown = self.newsroom.run(["subscribers", "show", address, "--json"]).ok().json();
        let said = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let channel = shown["consents"].as_array().and_then(|all| all.last()).map(|line| said(&line["evidence"]["channel"]));
        (said(&shown["subscriptions"][0]["standing"]), channel.unwrap_or_default())
    }

    /// Shows the issue as it is now. Returns the paths of the editors' links.
    pub fn prove(&self) -> Vec<String> {
        let before = self.sink.messages().len();
        self.newsroom.run(["proof", "2014-12"]).ok();
        let letters = self.sink.messages().split_off(before);
        let link = |text: String| text.lines().find_map(|line| line.trim().strip_prefix("https://news.example.org").map(str::to_owned));
        letters.iter().map(|letter| link(parts(&letter.bytes).0.split("Approve this").nth(1).unwrap().to_owned()).unwrap()).collect()
    }

    /// Changes a word of the issue.
    pub fn edit(&self, word: &str) {
        self.newsroom.write("issues/2014-12.md", &ISSUE.replace("picture books", word));
    }
}

/// The newsroom as a server opens it.
pub async fn opened(newsroom: &Newsroom) -> Arc<Opened> {
    opened_at(newsroom, "2014-11-28T12:00:00Z").await
}

/// The same at another time.
pub async fn opened_at(newsroom: &Newsroom, instant: &str) -> Arc<Opened> {
    let clock = FixedClock(instant.parse().unwrap());
    Arc::new(Opened::open(newsroom.root(), &[], Arc::new(clock)).await.unwrap())
}
