//! Feeds: what others have put out comes into the next issue, once, and no feed that fails stops one that does not need it.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use masthead::clock::FixedClock;
use masthead::desk::feeds::{Fetched, fetch};

use crate::support::later::now;
use crate::support::newsroom::Newsroom;
use crate::support::web::{Asked, Reply, Web};

const LONG: Duration = Duration::from_mins(1);

fn issue(title: &str) -> String {
    format!("---\ntitle: {title}\npreheader: A line.\nstatus: ready\n---\n# {title}\n\nText.\n")
}

/// An item that came out so many hours ago.
fn item(name: &str, hours: i64) -> String {
    let at = (now() - SignedDuration::from_hours(hours)).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    format!("<item><guid>{name}</guid><title>The {name}</title><link>/{name}?utm_source=feed</link><pubDate>{at}</pubDate></item>")
}

fn rss(items: &[String]) -> Reply {
    let octets = format!("<rss version=\"2.0\"><channel><title>T</title>{}</channel></rss>", items.concat());
    Reply::of_type("application/rss+xml", octets)
}

/// What a server says to whatever it is asked.
type Says = fn() -> Reply;

/// A feed whose items the story changes, and which knows its version.
struct Feed {
    web: Web,
    items: Arc<Mutex<Vec<String>>>,
}

impl Feed {
    async fn of(items: &[String]) -> Self {
        let items = Arc::new(Mutex::new(items.to_vec()));
        let said = Arc::clone(&items);
        let web = Web::start(move |asked: &Asked| {
            let items = said.lock().unwrap().clone();
            let etag = format!("\"{}\"", items.len());
            if asked.header("if-none-match") == Some(&etag) {
                return Reply::status(304);
            }
            rss(&items).with("ETag", &etag)
        })
        .await;
        Self { web, items }
    }

    fn set(&self, items: &[String]) {
        *self.items.lock().unwrap() = items.to_vec();
    }
}

/// A newsroom with one reader that takes items from this server's feed.
fn newsroom(web: &Web, settings: &str) -> Newsroom {
    let table = format!(
        "[links]\nallow = [\"{}\"]\ntimeout = \"1s\"\n[[feed]]\nurl = \"{}\"\nsection = \"From our partners\"\n{settings}",
        web.host(),
        web.url("/feed.xml")
    );
    Newsroom::new().table(&table).subscribers(1).issue("2026-11", &issue("Wells")).build()
}

async fn fetch_at(newsroom: &Newsroom, at: Timestamp) -> Fetched {
    let opened = masthead::app::Newsroom::open(newsroom.root(), &[], Arc::new(FixedClock(at))).await.unwrap();
    fetch(&opened, LONG).await.unwrap()
}

fn text(newsroom: &Newsroom, id: &str) -> String {
    newsroom.run(["render", id]).ok().stdout
}

/// The items of the feed that an issue prints, in order.
fn printed(newsroom: &Newsroom, id: &str) -> Vec<String> {
    let text = text(newsroom, id);
    let items = text.lines().filter_map(|line| line.strip_prefix("* The "));
    items.map(|line| line.split(['\u{a0}', ' ']).next().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_new_comes_into_the_next_issue_once() {
    let first = [item("second", 5), item("first", 50)];
    let feed = Feed::of(&first).await;
    let newsroom = newsroom(&feed.web, "title = \"The Pump House\"\n");
    assert_eq!(printed(&newsroom, "2026-11"), [""; 0], "printing asks nobody");
    assert_eq!(feed.web.connections(), 0);
    newsroom.run(["check"]).ok();
    assert_eq!(printed(&newsroom, "2026-11"), ["second", "first"], "newest first");
    let text = text(&newsroom, "2026-11");
    assert!(text.contains("FROM OUR PARTNERS") && text.contains("(The Pump House, "), "{text}");
    assert!(text.contains(&feed.web.url("/second?utm_source=feed")), "{text}");
    newsroom.run(["send", "2026-11"]).ok();
    let mail = newsroom.run(["render", "2026-11", "--to", "html"]).ok().stdout;
    assert!(mail.contains("The second</a>"));

    newsroom.write("issues/2026-12.md", &issue("Springs"));
    assert_eq!(printed(&newsroom, "2026-12"), [""; 0], "an issue never repeats another");
    // It comes late, bears the date of a day before the last issue, and has a companion that only has another name.
    let again = item("second", 4).replace("<guid>second", "<guid>renamed");
    feed.set(&[item("third", 24), again, first[0].clone(), first[1].clone()]);
    let later = now() + SignedDuration::from_hours(1);
    assert_eq!(fetch_at(&newsroom, later).await, Fetched { tried: 1, open: 0 });
    assert_eq!(printed(&newsroom, "2026-12"), ["third"]);
    assert_eq!(printed(&newsroom, "2026-11"), ["second", "first"], "what is out stays as it was");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_cancelled_issue_had_goes_to_the_next() {
    let feed = Feed::of(&[item("one", 5)]).await;
    let newsroom = newsroom(&feed.web, "");
    newsroom.run(["check"]).ok();
    newsroom.write("issues/2026-12.md", &issue("Springs"));
    let refused = newsroom.command(["send", "2026-11"]).env("MASTHEAD_RELAY__0__URL", "smtp://127.0.0.1:9?tls=none").output().unwrap();
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert_eq!(printed(&newsroom, "2026-12"), [""; 0], "the mailing of November has it");
    newsroom.run(["cancel", "2026-11", "--yes"]).ok();
    assert_eq!(printed(&newsroom, "2026-12"), ["one"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_is_asked_seldom_and_by_its_version() {
    let feed = Feed::of(&[item("one", 5)]).await;
    let newsroom = newsroom(&feed.web, "");
    let began = now();
    let after = |minutes: i64| began + SignedDuration::from_mins(minutes);
    assert_eq!(fetch_at(&newsroom, began).await, Fetched { tried: 1, open: 0 });
    assert_eq!(fetch_at(&newsroom, after(14)).await, Fetched { tried: 0, open: 0 });
    assert_eq!(fetch_at(&newsroom, after(15)).await, Fetched { tried: 1, open: 0 });
    assert_eq!(feed.web.asked().pop().unwrap().header("if-none-match"), Some("\"1\""));
    assert_eq!(printed(&newsroom, "2026-11"), ["one"], "what did not change is still there");
    newsroom.run(["check", "--offline"]).ok();
    assert_eq!(feed.web.lines(), ["GET /feed.xml", "GET /feed.xml"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_than_its_share_and_only_of_the_last_month_for_a_first_issue() {
    let items: Vec<String> = (1..=9).map(|n| item(&format!("n{n}"), n)).chain([item("ancient", 24 * 70)]).collect();
    let feed = Feed::of(&items).await;
    let newsroom = newsroom(&feed.web, "max = 3\n");
    newsroom.run(["check"]).ok();
    assert_eq!(printed(&newsroom, "2026-11"), ["n1", "n2", "n3"]);
    newsroom.write("issues/2026-11.md", &issue("Wells").replace("Text.", &format!("[Read this]({})", feed.web.url("/n2#part"))));
    assert_eq!(printed(&newsroom, "2026-11"), ["n1", "n3", "n4"], "what the editor links to is not listed as well");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_that_fails_is_named_and_what_is_known_is_used() {
    let failures: [(&str, Says); 7] = [
        ("its server answered 500", || Reply::status(500)),
        ("its server answered 404", || Reply::status(404)),
        ("it is a web page and no feed", Reply::page),
        ("it cannot be read as RSS", || Reply::of_type("application/rss+xml", "<rss version=\"2.0\"><channel>")),
        ("it is larger than 5 MB", || Reply::of_type("application/rss+xml", vec![b' '; 10_000_000])),
        ("it is larger than 5 MB", || Reply::endless("application/rss+xml")),
        ("did not answer", Reply::silence),
    ];
    let mode = Arc::new(Mutex::new(None::<Says>));
    let said = Arc::clone(&mode);
    let web = Web::start(move |_: &Asked| said.lock().unwrap().map_or_else(|| rss(&[item("one", 5)]), |fails| fails())).await;
    let newsroom = newsroom(&web, "");
    newsroom.run(["check"]).ok();
    let mut at = now();
    for (fault, fails) in failures {
        *mode.lock().unwrap() = Some(fails);
        at += SignedDuration::from_hours(1);
        assert_eq!(fetch_at(&newsroom, at).await, Fetched { tried: 1, open: 0 }, "{fault}");
        newsroom.run(["check", "--offline"]).ok().says(&["could not be read", "/feed.xml", fault, "the issue has what the feed had on"]);
        assert_eq!(printed(&newsroom, "2026-11"), ["one"], "{fault}");
    }
    newsroom.run(["send", "2026-11"]).ok();
    assert_eq!(newsroom.count("2026-11", "accepted"), 1, "no feed stops an issue");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_that_is_required_stops_an_issue_until_it_answers() {
    let well = Arc::new(Mutex::new(false));
    let said = Arc::clone(&well);
    let web = Web::start(move |_: &Asked| if *said.lock().unwrap() { rss(&[item("one", 5)]) } else { Reply::status(503) }).await;
    let newsroom = newsroom(&web, "required = true\n");
    newsroom.run(["check", "--offline"]).exits(1).says(&["feed-failed", "nobody has asked for it yet"]);
    newsroom.run(["check"]).exits(1).says(&["its server answered 503", "`required`"]);
    newsroom.run(["send", "2026-11"]).exits(1);
    *well.lock().unwrap() = true;
    assert_eq!(fetch_at(&newsroom, now() + SignedDuration::from_mins(5)).await, Fetched { tried: 1, open: 0 });
    newsroom.run(["send", "2026-11"]).ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t5_a_feed_leads_us_to_nobody_on_this_machine() {
    let canary = Web::canary(("127.0.0.1", 0)).await.unwrap();
    let to = canary.url("/feed.xml");
    let web = Web::start(move |_: &Asked| Reply::redirect(302, &to)).await;
    let newsroom = newsroom(&web, "");
    newsroom.run(["check"]).ok().says(&["could not be read", "none that"]);
    let stranger = format!(
        "[[feed]]\nurl = \"http://127.0.0.1:{}/\"\nrelated = true\n[[feed]]\nurl = \"http://2130706433/\"\nrelated = true",
        canary.port()
    );
    let newsroom = Newsroom::new().table(&stranger).issue("2026-11", &issue("Wells")).build();
    newsroom.run(["check"]).ok().says(&["none that", "private network"]);
    assert_eq!(canary.connections(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_that_moved_has_its_links_where_it_is_now() {
    let web = Web::start(|asked: &Asked| match asked.path.as_str() {
        "/feed.xml" => Reply::redirect(301, "/new/place/feed.xml"),
        _ => rss(&["<item><title>The one</title><link>beside</link></item>".to_owned()]),
    })
    .await;
    let newsroom = newsroom(&web, "");
    newsroom.run(["check"]).ok();
    let text = text(&newsroom, "2026-11");
    assert!(text.contains(&web.url("/new/place/beside")), "{text}");
}
