//! Readers' ways through their pages, in the system's Chromium with and without JavaScript, against the daemon.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::support::daemon::Daemon;
use super::support::demo;
use super::support::newsroom::{ISSUE, Newsroom};
use super::{ask, oracles, skip, without_browser};

const EXTRA: &str = "[[list]]\nid = \"extra\"\nname = \"Extra\"\ndescription = \"Now & then, when there is news\"";

/// A newsroom whose own web address is a port of this machine, whose issue is out, and its daemon.
struct Open {
    newsroom: Newsroom,
    daemon: Daemon,
    address: String,
}

impl Open {
    fn new() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).unwrap().port();
        let address = format!("http://127.0.0.1:{port}");
        let newsroom = Newsroom::new().with_known_key().issue("2014-12", ISSUE).back_issues();
        let newsroom = newsroom.variable("MASTHEAD_PUBLICATION__BASE_URL", &address);
        let newsroom = newsroom.table(&format!("[web]\nlisten = \"127.0.0.1:{port}\"\n\n{EXTRA}")).build();
        for reader in 1..=3 {
            newsroom.run(["subscribers", "add", &format!("reader000{reader}@example.org"), "--list", "general"]).ok();
        }
        newsroom.run(["send", "2014-12"]).ok();
        let daemon = Daemon::start_at(&newsroom, "2014-11-28T12:00:00Z");
        Self { newsroom, daemon, address }
    }

    /// Fills in the form, so that a letter is on its way to somebody.
    fn asks_for(&self, address: &str) {
        let host = self.address.trim_start_matches("http://");
        let page = demo::ask(host, "GET", "/subscribe", None).body;
        let stamp = page.split("name=\"stamp\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
        self.daemon.set("2014-11-28T12:10:00Z");
        let form = format!("email={}&list=general&stamp={stamp}", address.replace('@', "%40"));
        assert_eq!(demo::ask(host, "POST", "/subscribe", Some(&form)).status, 200);
    }

    /// Sends a browser on a journey, and returns whether there is one.
    fn goes(&self, journey: &str) -> bool {
        if let Some(why) = without_browser() {
            skip("a reader's journey in a browser", &why);
            return false;
        }
        let mut command = Command::new("node");
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/journeys.mjs")).args([journey, &self.address]);
        command.args([self.newsroom.path("outbox"), self.newsroom.path("clock")]).env("MASTHEAD_ORACLES", oracles());
        ask("the journey", &mut command);
        true
    }

    /// A reader's lists as `subscribers show` tells them, such as `general confirmed`, and by which ways they came about.
    fn told(&self, address: &str) -> (Vec<String>, Vec<String>) {
        let shown = self.newsroom.run(["subscribers", "show", address, "--json"]).ok().json();
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let lists = shown["subscriptions"].as_array().unwrap().iter();
        let ways = shown["consents"].as_array().unwrap().iter();
        (
            lists.map(|one| format!("{} {}", word(&one["list"]), word(&one["standing"]))).collect(),
            ways.map(|line| word(&line["evidence"]["channel"])).collect(),
        )
    }
}

#[test]
fn a5_a7_c1_c3_one_joins_confirms_and_changes_what_comes_by_keyboard_alone() {
    let open = Open::new();
    if open.goes("joins") {
        for reader in ["eve@example.org", "adam@example.org"] {
            let (lists, ways) = open.told(reader);
            assert_eq!(
                (lists, ways),
                (vec!["extra confirmed".into(), "general confirmed".into()], vec!["form".into(), "preferences".into()])
            );
        }
    }
    open.daemon.stop().ok();
}

#[test]
fn a5_a7_l6_one_leaves_by_the_mail_s_link_and_takes_it_back() {
    let open = Open::new();
    if open.goes("leaves") {
        for reader in ["reader0001@example.org", "reader0002@example.org"] {
            let (lists, ways) = open.told(reader);
            assert_eq!(lists, ["general confirmed"], "{reader}");
            assert_eq!(ways.iter().filter(|way| *way == "page").count(), 4, "left twice, and back twice: {ways:?}");
        }
    }
    open.daemon.stop().ok();
}

#[test]
fn a5_a7_one_searches_reads_and_goes_on_from_issue_to_issue() {
    let open = Open::new();
    open.goes("reads");
    open.daemon.stop().ok();
}

#[test]
fn l7_t8_nobody_joins_or_leaves_because_a_browser_opens_every_link_of_every_mail() {
    let open = Open::new();
    let before: Vec<_> = (1..=3).map(|reader| open.told(&format!("reader000{reader}@example.org"))).collect();
    open.asks_for("waiting@example.org");
    if open.goes("looks") {
        let after: Vec<_> = (1..=3).map(|reader| open.told(&format!("reader000{reader}@example.org"))).collect();
        assert_eq!(after, before);
        open.newsroom.run(["subscribers", "show", "waiting@example.org"]).ok().says(&["is no reader"]);
    }
    open.daemon.stop().ok();
}
