//! An editor writes, and sees in the browser what the readers will get.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use super::support::demo::Page;
use super::support::newsroom::{ISSUE, NEXT_ISSUE, Newsroom};
use super::support::preview::Preview;

fn newsroom() -> Newsroom {
    Newsroom::new().issue("2014-12", ISSUE).back_issues().build()
}

#[test]
fn every_view_of_an_issue_is_there() {
    let newsroom = Newsroom::sample();
    let preview = Preview::start(&newsroom, &[]);
    assert_eq!(preview.path, "/2026-11");
    let (page, revision) = preview.page();
    for words in [
        "<h1>What Our Wells Told Us</h1>",
        "Vol. 9, No. 11",
        "19 of 102 KB",
        "Nothing to mend",
        "<dt>List-Unsubscribe-Post</dt><dd>List-Unsubscribe=One-Click</dd>",
        "RELATED ITEMS",
        "&lt;!DOCTYPE html&gt;",
        "<li id=\"L12\" tabindex=\"-1\"><code>On the first Monday of April",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let mail = |view: &str| preview.get(&format!("/2026-11/mail/{revision}/{view}"));
    let [light, dark, bare] = ["light", "dark", "bare"].map(mail);
    assert!(
        light.body.contains("src=\"/issues/2026-11/farm-well.png\"") && light.body.contains("href=\"/issues/2026-11/well-survey.pdf\"")
    );
    assert!(
        light.body.contains("@media (max-width:0px)") && dark.body.contains("@media (min-width:0px)"),
        "the editor's own screen has no say"
    );
    let policy = |page: &Page| page.header("content-security-policy").unwrap().to_owned();
    assert!(policy(&light).contains("img-src 'self' https:") && !policy(&bare).contains("img-src"));
    assert_eq!(mail("none").status, 404);
    assert_eq!(preview.get("/issues/2026-11/farm-well.png").header("content-type"), Some("image/png"));
    preview.end().ok();
}

/// Saves as most editors do. A plain write may be looked at while the file is open and empty, which is a fault for a moment.
fn save(newsroom: &Newsroom, octets: impl AsRef<[u8]>) {
    fs::write(newsroom.path("issues/.2014-12.md.saved"), octets).expect("a draft");
    fs::rename(newsroom.path("issues/.2014-12.md.saved"), newsroom.path("issues/2014-12.md")).expect("a rename");
}

#[test]
fn a_save_is_on_the_page_a_moment_later() {
    let newsroom = newsroom();
    let preview = Preview::start(&newsroom, &["2014-12"]);
    let (_, mut revision) = preview.page();
    for number in 1..=5 {
        let saved = Instant::now();
        save(&newsroom, format!("{ISSUE}\nLantern number {number} is lit.\n"));
        let (fresh, state) = preview.news(revision);
        let mail = preview.get(&format!("/2014-12/mail/{fresh}/light")).body;
        assert!(mail.contains(&format!("Lantern number {number} is lit.")), "{mail}");
        assert!(saved.elapsed() < Duration::from_secs(10), "{:?}", saved.elapsed());
        assert_eq!((state.as_str(), fresh > revision), ("clean", true));
        revision = fresh;
    }
    // The same again is no news; the next true change is the next that is heard of.
    newsroom.write("issues/notes.txt", "nothing to us\n");
    newsroom.write("issues/2014-12.problems.txt", "nor this\n");
    save(&newsroom, ISSUE);
    assert_eq!(preview.news(revision), (revision + 1, "clean".to_owned()));
    preview.end().ok();
}

#[test]
fn over_a_fault_the_last_good_rendering_stays_and_the_findings_lead_to_their_lines() {
    let newsroom = newsroom();
    let preview = Preview::start(&newsroom, &["2014-12"]);
    let (_, good) = preview.page();
    let line = ISSUE.lines().count() + 2;
    save(&newsroom, format!("{ISSUE}\nSee [the report](no-such-report.pdf), which is new.\n"));
    let (faulty, state) = preview.news(good);
    assert_eq!(state, "faulty");
    let (page, _) = preview.page();
    for words in [
        "data-state=\"faulty\"",
        "You see the last rendering that was good.",
        &format!("<a href=\"#L{line}\">line {line}</a>"),
        &format!("<li id=\"L{line}\" class=\"error\" tabindex=\"-1\">"),
        "no-such-report.pdf",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let mail = preview.get(&format!("/2014-12/mail/{faulty}/light")).body;
    assert!(mail.contains("Story Hours in Family Shelters") && !mail.contains("which is new"), "{mail}");
    save(&newsroom, b"\xff\xfe");
    let (unreadable, _) = preview.news(faulty);
    assert!(preview.page().0.contains("<span class=\"code\">not-utf8</span>"));
    fs::remove_file(newsroom.path("issues/2014-12.md")).unwrap();
    let (gone, state) = preview.news(unreadable);
    assert!(state == "faulty" && preview.page().0.contains("there is no issue 2014-12"), "{}", preview.page().0);
    save(&newsroom, ISSUE);
    assert_eq!(preview.news(gone).1, "clean");
    preview.end().ok();
}

#[test]
fn one_that_begins_with_a_fault_is_shown_as_far_as_it_can_be_printed() {
    let newsroom = newsroom().issue("2015-02", NEXT_ISSUE).issue("2015-03", "---\ntitle: [\n---\n");
    let preview = Preview::start(&newsroom, &["2015-03"]);
    let (page, revision) = preview.page();
    assert!(page.contains("There is nothing to show until this is mended.") && page.contains("Nothing can be printed yet."), "{page}");
    assert_eq!(preview.get(&format!("/2015-03/mail/{revision}/light")).status, 404);
    let index = preview.get("/").body;
    let ids: Vec<usize> = ["2015-03", "2015-02", "2014-12"].iter().map(|id| index.find(&format!("href=\"/{id}\"")).unwrap()).collect();
    assert!(ids.is_sorted() && index.contains("cannot be read"), "the newest first: {index}");
    assert!(preview.get("/2015-02").body.contains("<h1>"));
    for path in ["/2013-01", "/nonsense", "/2014-12/nonsense", "/favicon.ico", "/2013-01/events/0"] {
        assert_eq!(preview.get(path).status, 404, "{path}");
    }
    preview.end().ok();
    newsroom.run(["preview", "2013-01"]).exits(1).says(&["there is no issue 2013-01"]);
    let help = newsroom.run(["preview", "--help"]).ok().says(&["Usage: masthead preview", "--port"]).stdout;
    assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
}

#[test]
fn t4_t13_only_this_machine_is_answered_and_nothing_but_the_issue_is_served() {
    let newsroom = Newsroom::sample();
    newsroom.write("secret.png", "a secret");
    symlink(newsroom.path("secret.png"), newsroom.path("issues/2026-11/link.png")).unwrap();
    fs::hard_link(newsroom.path("secret.png"), newsroom.path("issues/2026-11/hard.png")).unwrap();
    let preview = Preview::start(&newsroom, &[]);
    let port = preview.address.rsplit(':').next().unwrap();
    let status = |method: &str, host: &str, path: &str| Page::fetch(&preview.address, method, host, path).status;
    for host in
        ["evil.example", "evil.example:80", &format!("evil.example:{port}"), "127.0.0.1", "localhost:1", "127.0.0.1.evil.example", ""]
    {
        for path in ["/", "/2026-11", "/2026-11/events/0", "/issues/2026-11/farm-well.png", "/style.css"] {
            assert_eq!(status("GET", host, path), 421, "{host} {path}");
        }
    }
    for host in [format!("localhost:{port}"), format!("127.0.0.1:{port}"), format!("[::1]:{port}"), format!("LOCALHOST:{port}")] {
        assert_eq!(status("GET", &host, "/2026-11"), 200, "{host}");
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        assert_eq!(status(method, &preview.address, "/2026-11"), 405, "{method}");
    }
    for path in [
        "/issues/2026-11/link.png",
        "/issues/2026-11/hard.png",
        "/issues/2026-11/issue.md",
        "/issues/2026-11/..%2f..%2fdata%2ftoken.key",
        "/issues/back/2026-04.md",
        "/data/token.key",
        "/..%2fsecret.png",
    ] {
        assert_eq!(preview.get(path).status, 404, "{path}");
    }
    for path in ["/", "/2026-11", "/2026-11/mail/1/light", "/preview.js", "/none"] {
        let page = preview.get(path);
        let policy = page.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("default-src 'none'") && !policy.contains("script-src 'unsafe"), "{path}: {policy}");
        assert_eq!(policy.contains("script-src"), !path.contains("/mail/"), "no script in a mail: {path}: {policy}");
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(page.header("cross-origin-resource-policy"), Some("same-origin"), "{path}");
        assert_eq!(page.header("access-control-allow-origin"), None, "{path}");
        assert!(!page.body.contains(" style=\"") || path.contains("/mail/"), "{path}: a style of its own would not be let in");
    }
    preview.end().ok();
}

#[test]
fn a_browser_that_is_left_from_an_earlier_preview_is_told_at_once() {
    let newsroom = newsroom();
    let earlier = Preview::start(&newsroom, &[]);
    let (_, revision) = earlier.page();
    let port = earlier.address.rsplit(':').next().unwrap().to_owned();
    earlier.end().ok();
    let preview = Preview::start(&newsroom, &["--port", &port]);
    assert!(preview.address.ends_with(&port));
    let asked = Instant::now();
    assert!(preview.news(revision).0 > revision);
    assert!(asked.elapsed() < Duration::from_secs(15), "nobody has to save first: {:?}", asked.elapsed());
    newsroom.run(["preview", "--port", &port]).exits(2).says(&[&format!("could not listen on 127.0.0.1:{port}")]);
    preview.end().ok();
}

#[test]
fn a_browser_that_waits_for_news_keeps_nobody_from_ending() {
    let newsroom = newsroom();
    let preview = Preview::start(&newsroom, &[]);
    let (_, revision) = preview.page();
    let mut waiting = TcpStream::connect(&preview.address).unwrap();
    write!(waiting, "GET {}/events/{revision} HTTP/1.1\r\nHost: {}\r\n\r\n", preview.path, preview.address).unwrap();
    // Whoever comes after it has been let in, so it has been too.
    preview.page();
    let ending = Instant::now();
    preview.end().ok();
    assert!(ending.elapsed() < Duration::from_secs(15), "{:?}", ending.elapsed());
    let mut said = String::new();
    // Hung up on in whatever way, but not left waiting.
    let _ = waiting.read_to_string(&mut said);
    assert!(!said.contains("event: fresh"), "{said}");
}
