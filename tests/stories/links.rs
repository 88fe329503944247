//! The links of an issue: tried once a day, told at their line, kept, so that nothing that prints or sends waits for them.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use masthead::clock::FixedClock;
use masthead::dateline::IssueId;
use masthead::desk::links::{LookedUp, Progress, look_up};

use crate::support::later::now;
use crate::support::newsroom::Newsroom;
use crate::support::sink::Authority;
use crate::support::web::{Asked, Reply, Web};

const LONG: Duration = Duration::from_mins(1);

/// A ready issue with this body; its first line is the sixth of the file.
fn issue(body: &str) -> String {
    format!("---\ntitle: Wells\npreheader: A line.\nstatus: ready\n---\n# Wells\n\n{body}\n")
}

/// A newsroom that tries links, may ask this server, and has an issue with this body.
fn newsroom(web: &Web, settings: &str, body: &str) -> Newsroom {
    let table = format!("[links]\nallow = [\"{}\"]\n{settings}", web.host());
    Newsroom::new().table(&table).issue("2026-11", &issue(body)).variable("MASTHEAD_LINKS__CHECK", "on").build()
}

/// "warning link-dead 8" for each finding of a check: severity, code and line.
fn findings(newsroom: &Newsroom, arguments: &[&str]) -> Vec<String> {
    let told = newsroom.run([&["check", "--json"], arguments].concat()).ok().json();
    let found = told["diagnostics"].as_array().unwrap().iter();
    found.map(|found| format!("{} {} {}", found["severity"], found["code"], found["line"]).replace('"', "")).collect()
}

fn rendered(newsroom: &Newsroom, form: &str) -> String {
    newsroom.run(["render", "2026-11", "--to", form]).ok().stdout
}

/// The library's look at the links of the newsroom at this instant.
async fn look(newsroom: &Newsroom, at: Timestamp, deadline: Duration) -> LookedUp {
    let opened = masthead::app::Newsroom::open(newsroom.root(), &[], Arc::new(FixedClock(at))).await.unwrap();
    look_up(&opened, &["2026-11".parse::<IssueId>().unwrap()], deadline, &Progress::default()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_a_link_is_told_at_its_line_and_stops_nothing() {
    let web = Web::start(|asked: &Asked| match asked.path.as_str() {
        "/gone" => Reply::status(410),
        "/lost" => Reply::status(404),
        "/ill" => Reply::status(503),
        "/closed" => Reply::status(403),
        "/old" => Reply::redirect(301, "/new"),
        "/for-now" => Reply::redirect(302, "/new"),
        "/round" => Reply::redirect(302, "/round"),
        "/away" => Reply::redirect(302, "file:///etc/passwd"),
        _ => Reply::page(),
    })
    .await;
    let paths = ["well", "gone", "lost", "ill", "closed", "old#deep", "for-now", "round", "away"];
    let mut body = paths.map(|path| format!("[The {path} page]({})\n\n", web.url(&format!("/{path}")))).concat();
    body.push_str("[Our own](http://10.0.0.1/) and [another](http://127.0.0.1:9/)\n\n[A mail](mailto:a@example.org), [us](/about)\n");
    let newsroom = newsroom(&web, "", &body);
    let wanted = [
        "warning link-dead 10",
        "warning link-dead 12",
        "warning link-untried 14",
        "warning link-untried 16",
        "warning link-moved 18",
        "warning link-dead 22",
        "warning link-dead 24",
        "warning link-refused 26",
        "warning link-untried 26",
    ];
    assert_eq!(findings(&newsroom, &[]), wanted);
    let told = newsroom.run(["check"]).ok();
    told.says(&["no such page (404)", "write its new address", "/new#deep", "in trouble (503)", "private network"]);
    let asked = web.lines();
    assert_eq!(
        asked.iter().filter(|line| line.ends_with("/lost")).collect::<Vec<_>>(),
        ["HEAD /lost", "GET /lost"],
        "nobody is dead by one word"
    );
    assert_eq!(asked.iter().filter(|line| line.ends_with("/ill")).collect::<Vec<_>>(), ["HEAD /ill"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_told_with_its_size_and_the_print_waits_for_nobody() {
    let pdf = "application/pdf";
    let web = Web::start(move |asked: &Asked| match (asked.method.as_str(), asked.path.as_str()) {
        (_, "/survey.pdf" | "/said.pdf" | "/behind.pdf" | "/sized.pdf") => Reply::of_type(pdf, vec![b'%'; 300_700]),
        ("HEAD", "/no-head.pdf") => Reply::status(405),
        ("GET", "/no-head.pdf") if asked.header("range") == Some("bytes=0-0") => {
            Reply::of_type(pdf, "%").but_status(206).with("Content-Range", "bytes 0-0/1440000")
        }
        ("HEAD", "/fetch?id=7") => Reply::status(200).with("Content-Type", pdf).with("Transfer-Encoding", "chunked"),
        ("GET", "/fetch?id=7") => Reply::of_type(pdf, vec![b'%'; 2_000]),
        (_, "/landing.pdf") => Reply::page(),
        (_, "/endless.pdf") => Reply::endless(pdf),
        _ => Reply::status(404),
    })
    .await;
    let link = |text: &str, path: &str| format!("[{text}]({})", web.url(path));
    let body = [
        link("The survey", "/survey.pdf"),
        link("Said before (PDF, 301 KB)", "/said.pdf"),
        format!("{} (301 KB)", link("Said behind", "/behind.pdf")),
        format!("**{}** [PDF]", link("Strong", "/sized.pdf")),
        link("No head", "/no-head.pdf"),
        link("A number", "/fetch?id=7"),
        link("A page", "/landing.pdf"),
        link("Endless", "/endless.pdf"),
        format!("## Related Items\n\n- {} (May 2014) — a note", link("Of the list", "/survey.pdf#page=2")),
    ]
    .join("\n\n");
    let newsroom = newsroom(&web, "", &body);
    let before = rendered(&newsroom, "text");
    assert!(before.contains("The survey (PDF)"), "{before}");
    assert_eq!(web.connections(), 0, "printing asks nobody");
    newsroom.run(["check"]).ok();
    let asked = web.lines().len();
    let (text, html) = (rendered(&newsroom, "text"), rendered(&newsroom, "html"));
    for told in ["The survey (PDF, 301 KB)", "No head (PDF, 1.4 MB)", "A number (PDF, 2 KB)", "Endless (PDF)"] {
        assert!(text.replace('\u{a0}', " ").contains(told), "nothing of {told} in {text}");
        let (words, file) = told.split_once(" (").unwrap();
        assert!(html.contains(&format!("{words}</a> ({file}")), "nothing of {told} in {html}");
    }
    assert!(text.contains("Of the list (May 2014; PDF, 301 KB)"), "{text}");
    assert_eq!((text.matches("301 KB").count(), text.matches("PDF").count()), (4, 7), "{text}");
    assert!(!html.contains("A page</a> ("), "what the server says counts, not the name");
    assert_eq!(web.lines().len(), asked, "printing asks nobody");
    drop(web);
    assert_eq!(rendered(&newsroom, "text"), text, "what is known is kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_are_tried_politely() {
    let web = Web::start(|_: &Asked| Reply::page().after(Duration::from_millis(250))).await;
    let pages: Vec<String> = (0..6).map(|number| format!("[Page {number}]({}#there) ", web.url(&format!("/{number}")))).collect();
    let newsroom = newsroom(&web, "", &format!("{}[Again]({})", pages.concat(), web.url("/0#elsewhere")));
    assert_eq!(findings(&newsroom, &[]), [""; 0]);
    assert_eq!(web.most_at_once(), 2, "two at once, and no more");
    let mut lines = web.lines();
    lines.sort();
    assert_eq!(lines, (0..6).map(|number| format!("HEAD /{number}")).collect::<Vec<_>>(), "each page once, and only its head");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_asked_where_that_is_not_wanted() {
    let web = Web::start(|_: &Asked| Reply::status(404)).await;
    let newsroom = newsroom(&web, "", &format!("[A page]({})", web.url("/a")));
    assert_eq!(findings(&newsroom, &["--offline"]), [""; 0]);
    let off = newsroom.command(["check", "2026-11"]).env("MASTHEAD_LINKS__CHECK", "off").output().unwrap();
    assert!(off.status.success());
    assert_eq!(web.connections(), 0);
    assert_eq!(findings(&newsroom, &[]), ["warning link-dead 8"]);
    let asked = web.lines().len();
    assert_eq!(findings(&newsroom, &["--offline"]), ["warning link-dead 8"], "what is known is told");
    assert_eq!(findings(&newsroom, &[]), ["warning link-dead 8"]);
    assert_eq!(web.lines().len(), asked, "what was just tried is not tried again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_known_holds_for_a_day_and_is_then_asked_for_by_its_version() {
    let web = Web::start(|asked: &Asked| match (asked.path.as_str(), asked.header("if-none-match")) {
        ("/dead", _) => Reply::status(404),
        (_, Some("\"v1\"")) => Reply::status(304),
        _ => Reply::of_type("application/pdf", vec![b'%'; 5_000]).with("ETag", "\"v1\""),
    })
    .await;
    let body = format!("[A file]({}) [A loss]({})", web.url("/a.pdf"), web.url("/dead"));
    let newsroom = newsroom(&web, "", &body);
    let began = now();
    let after = |hours: i64| began + SignedDuration::from_hours(hours);
    assert_eq!(look(&newsroom, began, LONG).await, LookedUp { tried: 2, open: 0 });
    assert_eq!(look(&newsroom, after(0), LONG).await, LookedUp { tried: 0, open: 0 });
    assert_eq!(look(&newsroom, after(2), LONG).await, LookedUp { tried: 1, open: 0 }, "the loss may have been mended");
    let asked = web.lines().len();
    assert_eq!(look(&newsroom, after(25), LONG).await, LookedUp { tried: 2, open: 0 });
    let of_file: Vec<Asked> = web.asked().split_off(asked).into_iter().filter(|asked| asked.path == "/a.pdf").collect();
    assert_eq!(of_file.len(), 1, "{of_file:?}");
    assert_eq!(of_file[0].header("if-none-match"), Some("\"v1\""));
    assert!(rendered(&newsroom, "text").contains("A file (PDF, 5 KB)"), "nothing has changed, so what was known holds");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_server_costs_its_time_and_what_was_known_stays() {
    let web = Web::start(|asked: &Asked| match (asked.path.as_str(), asked.header("if-none-match")) {
        ("/a.pdf", None) => Reply::of_type("application/pdf", vec![b'%'; 5_000]).with("ETag", "\"v1\""),
        _ => Reply::silence(),
    })
    .await;
    let body = format!("[A file]({}) [A page]({})", web.url("/a.pdf"), web.url("/b"));
    let newsroom = newsroom(&web, "timeout = \"300ms\"\n", &body);
    assert_eq!(findings(&newsroom, &[]), ["warning link-untried 8"]);
    let later = now() + SignedDuration::from_hours(25);
    assert_eq!(look(&newsroom, later, LONG).await, LookedUp { tried: 2, open: 0 });
    let told = newsroom.run(["check", "--offline"]).ok();
    told.says(&["none of the 2 links could be tried"]);
    assert!(rendered(&newsroom, "text").contains("A file (PDF, 5 KB)"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_time_did_not_suffice_for_stays_due() {
    let web = Web::start(|asked: &Asked| if asked.path == "/b" { Reply::silence() } else { Reply::page() }).await;
    let newsroom = newsroom(&web, "timeout = \"2m\"\n", &format!("[One]({}) [Two]({})", web.url("/a"), web.url("/b")));
    let began = now();
    assert_eq!(look(&newsroom, began, Duration::from_millis(1500)).await, LookedUp { tried: 1, open: 1 });
    assert_eq!(look(&newsroom, began, Duration::from_millis(300)).await, LookedUp { tried: 0, open: 1 }, "the one that is left");
    assert_eq!(web.lines().iter().filter(|line| line.ends_with("/a")).count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_certificate_is_as_good_as_a_dead_page() {
    let authority = Authority::new();
    let web = Web::start_tls(&authority, |_: &Asked| Reply::page()).await;
    let newsroom = newsroom(&web, "", &format!("[A page](https://{}/)", web.host()));
    assert_eq!(findings(&newsroom, &[]), ["warning link-dead 8"]);
    newsroom.write("web-ca.pem", authority.pem());
    let trusting = Newsroom::new().table(&format!("[links]\nallow = [\"{}\"]\nca_file = \"web-ca.pem\"", web.host()));
    let trusting = trusting.issue("2026-11", &issue(&format!("[A page](https://{}/)", web.host()))).variable("MASTHEAD_LINKS__CHECK", "on");
    trusting.write("web-ca.pem", authority.pem());
    assert_eq!(findings(&trusting.build(), &[]), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t5_an_issue_leads_us_to_nobody_on_this_machine() {
    let canary = Web::canary(("127.0.0.1", 0)).await.unwrap();
    let port = canary.port();
    let to = canary.url("/");
    let web = Web::start(move |_: &Asked| Reply::redirect(302, &to)).await;
    let hosts = ["127.0.0.1", "0", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "localhost"];
    let with_port = hosts.map(|host| format!("[Port {host}](http://{host}:{port}/)\n\n")).concat();
    let bare = ["169.254.169.254", "[::1]"].into_iter().chain(hosts).map(|host| format!("[{host}](http://{host}/)\n\n"));
    let without = bare.collect::<Vec<_>>().concat();
    let newsroom = newsroom(&web, "", &format!("{with_port}{without}[Round about]({})", web.url("/")));
    let found = findings(&newsroom, &[]);
    assert_eq!(found.iter().filter(|found| found.contains("link-untried")).count(), hosts.len() + 1, "{found:?}");
    assert_eq!(found.iter().filter(|found| found.contains("link-refused")).count(), hosts.len() + 2, "{found:?}");
    assert_eq!(canary.connections(), 0);
}
