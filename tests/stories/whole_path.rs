//! The whole way of a reader past the daemon itself: in by the form, through an issue and the preferences, out and back by
//! the mail program's button, and forgotten in the end.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::daemon::Daemon;
use crate::support::demo::{Page, ask, send};
use crate::support::holding::holding;
use crate::support::linter::{lint_plain, rules};
use crate::support::newsroom::{ISSUE, NEXT_ISSUE, Newsroom};
use crate::support::reading::{field, links};
use crate::support::sink::{Received, Sink};

const EVE: &str = "eve.brook@example.org";
const IDA: &str = "ida.idle@example.org";
const URLENCODED: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

/// A newsroom whose daemon serves its pages.
struct Place {
    newsroom: Newsroom,
    address: String,
    sink: Sink,
}

impl Place {
    async fn new() -> Self {
        let sink = Sink::builder().start().await;
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).unwrap().port();
        let address = format!("127.0.0.1:{port}");
        let tables = "[schedule]\ncron = \"first-monday 09:00\"\n\n[issues]\nsettle = \"200ms\"";
        let extra = "\n[[list]]\nid = \"extra\"\nname = \"Extra\"\nlang = \"es\"\nfrequency = \"now and then\"\n";
        let newsroom = Newsroom::new().back_issues().subscribers(2).table(tables).relay(&sink);
        let newsroom = newsroom.variable("MASTHEAD_WEB__LISTEN", &address).build();
        fs::remove_file(newsroom.path("roll.csv")).unwrap();
        let settings = fs::read_to_string(newsroom.path("config/masthead.toml")).unwrap();
        newsroom.write("config/masthead.toml", &format!("{settings}{extra}"));
        Self { newsroom, address, sink }
    }

    fn get(&self, path: &str) -> Page {
        ask(&self.address, "GET", path, None)
    }

    fn send(&self, path: &str, form: &str) -> Page {
        send(&self.address, "POST", path, URLENCODED, form.as_bytes())
    }

    /// Waits for the mail to a person whose subject has these words.
    #[track_caller]
    fn awaits(&self, person: &str, words: &str) -> Received {
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            let letters = self.sink.messages();
            if let Some(letter) = letters.iter().find(|one| one.recipient == person && field(&one.bytes, "Subject").contains(words)) {
                return letter.clone();
            }
            let told: Vec<String> = letters.iter().map(|one| format!("{}: {}", one.recipient, field(&one.bytes, "Subject"))).collect();
            assert!(Instant::now() < deadline, "{person} never got {words:?}, but {told:#?}");
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    fn shown(&self) -> Value {
        self.newsroom.run(["subscribers", "show", EVE, "--json"]).ok().json()
    }

    /// `general confirmed`, and so on.
    fn standings(&self) -> Vec<String> {
        let shown = self.shown();
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        shown["subscriptions"].as_array().unwrap().iter().map(|one| format!("{} {}", word(&one["list"]), word(&one["standing"]))).collect()
    }
}

/// The path of the link in a letter that leads to this page.
#[track_caller]
fn link(letter: &Received, page: &str) -> String {
    let text = mail_parser::MessageParser::default().parse(&letter.bytes).unwrap().body_text(0).unwrap().into_owned();
    let start = format!("https://news.example.org/{page}/");
    let line = text.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("no {page} in {text}"));
    ours(line)
}

fn ours(url: &str) -> String {
    url.strip_prefix("https://news.example.org").unwrap_or_else(|| panic!("{url} is not ours")).to_owned()
}

/// What a page's hidden field of this name holds.
fn hidden(page: &Page, name: &str) -> String {
    page.body.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap().split('"').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_comes_reads_chooses_leaves_returns_and_is_forgotten() {
    let place = Place::new().await;
    let mut daemon = Daemon::start_at(&place.newsroom, "2014-11-20T12:00:00Z");

    let page = place.get("/subscribe");
    for words in ["lang=\"es\"", "español", "now and then"] {
        assert!(page.body.contains(words), "nothing of {words:?} in {}", page.body);
    }
    let stamp = hidden(&page, "stamp");
    daemon.set("2014-11-20T12:00:05Z");
    for person in [EVE, IDA] {
        let form = format!("email={}&name=Eve&list=general&stamp={stamp}", person.replace('@', "%40"));
        assert!(place.send("/subscribe", &form).body.contains("Look into your mailbox"));
    }
    let confirm = link(&place.awaits(EVE, "onfirm"), "confirm");
    let idle = link(&place.awaits(IDA, "onfirm"), "confirm");
    assert_eq!(place.get(&confirm).status, 200);
    assert!(place.send(&confirm, "confirm=yes").body.contains("You are subscribed"));
    let welcome = place.awaits(EVE, "elcome");
    let words = mail_parser::MessageParser::default().parse(&welcome.bytes).unwrap().body_text(0).unwrap().into_owned();
    assert!(words.contains("https://news.example.org/issues/2014-10"), "the latest issue: {words}");
    assert_eq!(place.get(&link(&welcome, "preferences")).status, 200);

    place.newsroom.write("issues/2014-12.md", ISSUE);
    daemon.set("2014-12-01T14:00:01Z");
    let issue = place.awaits(EVE, "Story Hours");
    assert_eq!(rules(&issue.bytes), [""; 0]);
    let preferences = ours(&links(&issue.bytes)[1]);
    let page = place.send(&preferences, "do=save&list=general&list=extra&name=Eve+Brook&format=text");
    assert!(page.body.contains("<h1>Saved</h1>"), "{}", page.body);
    assert_eq!(place.standings(), ["general confirmed", "extra confirmed"]);
    let copy: Value = serde_json::from_str(&place.send(&preferences, "do=export").body).unwrap();
    assert_eq!((&copy, copy["name"].as_str(), copy["format"].as_str()), (&place.shown(), Some("Eve Brook"), Some("text")));
    assert_eq!(copy["deliveries"].as_array().map(Vec::len), Some(1), "{copy:#}");

    assert_eq!(field(&issue.bytes, "List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
    let leave = ours(field(&issue.bytes, "List-Unsubscribe").trim_matches(['<', '>']));
    let page = place.send(&leave, "List-Unsubscribe=One-Click");
    assert!(page.status == 200 && page.header("location").is_none() && page.body.contains("You are unsubscribed"), "{}", page.body);
    assert_eq!(place.standings(), ["general ended", "extra confirmed"]);
    place.send(&leave, &format!("undo={}", hidden(&page, "undo")));
    assert_eq!(place.standings(), ["general confirmed", "extra confirmed"]);

    assert_eq!(place.get(&idle).status, 404, "a week is over");
    place.newsroom.write("issues/2015-02.md", NEXT_ISSUE);
    daemon.set("2015-02-02T14:00:01Z");
    let next = place.awaits(EVE, field_of(NEXT_ISSUE, "title").as_str());
    assert_eq!(lint_plain(&next.bytes), [], "she wants plain text alone");
    assert!(field(&next.bytes, "To").contains("Eve Brook"));

    assert!(place.send(&preferences, "do=erase").body.contains("Erase everything"));
    let deadline = Instant::now() + Duration::from_mins(1);
    while !place.send(&preferences, "do=erase&sure=yes").body.contains("You are erased") {
        assert!(Instant::now() < deadline, "the issue never came to its end");
    }
    assert_eq!(place.get(&preferences).status, 410);
    let page = place.send(&leave, "List-Unsubscribe=One-Click");
    assert!(page.status == 200 && page.body.contains("You are unsubscribed"), "an old mail's button still works: {}", page.body);
    daemon.process().signal("TERM");
    let told = daemon.end().ok();
    for words in ["eve.brook", "eve brook", "ida.idle"] {
        assert_eq!(holding(place.newsroom.root(), words), Vec::<PathBuf>::new(), "{words}");
        assert!(!told.stderr.to_lowercase().contains(words), "{told}");
    }
    assert_eq!(place.newsroom.run(["subscribers", "export", "--json"]).ok().lines().len(), 2, "the others are there");
}

/// A line of an issue's front matter.
fn field_of(issue: &str, key: &str) -> String {
    let line = issue.lines().find_map(|line| line.strip_prefix(&format!("{key}: ")));
    line.expect("the front matter has it").trim_matches('"').to_owned()
}
