//! The daemon looks after a newsroom: a file is dropped, editors get their word, the issue goes out when its time has
//! come, once.

mod calendar;
mod crashes;
mod folder;
mod last_words;
mod operators;

use std::time::{Duration, Instant};

use crate::support::daemon::Daemon;
use crate::support::newsroom::{ISSUE, Newsroom};
use crate::support::reading::{field, parts};
use crate::support::sink::{Received, Sink};

const ADA: &str = "ada@example.org";
const BO: &str = "bo@example.org";
const DESK: &str = "desk@example.org";

/// Long before the fixture issue is due, which is on the first Monday of December at nine in New York.
const NOVEMBER: &str = "2014-11-20T12:00:00Z";
const BEFORE: &str = "2014-12-01T13:59:57Z";
const DUE: &str = "2014-12-01T14:00:01Z";

/// A newsroom with a rhythm and an editor, in which files count after a fifth of a second.
fn rhythm(sink: &Sink) -> Newsroom {
    let tables = format!(
        "[schedule]\ncron = \"first-monday 09:00\"\n\n[issues]\nsettle = \"200ms\"\n\n[approval]\neditors = [\"Ada <{ADA}>\"]\n\n[delivery]\nreport_to = [\"{DESK}\"]"
    );
    Newsroom::new().back_issues().subscribers(3).table(&tables).relay(sink)
}

/// The mails to one person, in the order of arrival.
fn to(sink: &Sink, person: &str) -> Vec<Received> {
    sink.messages().into_iter().filter(|message| message.recipient == person).collect()
}

/// Waits until a person has got a mail whose subject begins so, beyond those before; and returns it.
#[track_caller]
fn awaits(sink: &Sink, person: &str, subject: &str, before: usize) -> Received {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let found: Vec<Received> = to(sink, person).into_iter().filter(|mail| field(&mail.bytes, "Subject").starts_with(subject)).collect();
        if let Some(mail) = found.into_iter().nth(before) {
            return mail;
        }
        if Instant::now() > deadline {
            let all: Vec<String> =
                sink.messages().iter().map(|mail| format!("{}: {}", mail.recipient, field(&mail.bytes, "Subject"))).collect();
            panic!("{person} never got {subject:?}, but {all:#?}");
        }
        std::thread::yield_now();
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// Waits until a condition holds.
#[track_caller]
pub(crate) fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !holds() {
        assert!(Instant::now() < deadline, "it never came that {what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// Whether the issue is out.
fn is_at_rest(newsroom: &Newsroom) -> bool {
    newsroom.run(["status", "2014-12", "--json"]).json()["finished_at"].is_string()
}

/// The readers who got the issue.
fn readers(sink: &Sink) -> usize {
    sink.recipients().iter().filter(|recipient| recipient.starts_with("reader")).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_file_becomes_a_proof_and_the_issue_goes_out_on_its_date() {
    let sink = Sink::builder().start().await;
    let newsroom = rhythm(&sink).build();
    let mut daemon = Daemon::start_at(&newsroom, NOVEMBER);
    let dropped = Instant::now();
    newsroom.write("issues/2014-12.md", ISSUE);
    let proof = awaits(&sink, ADA, "[Proof] Story Hours in Family Shelters", 0);
    let took = dropped.elapsed();
    assert!(took < Duration::from_secs(20), "the editor waited {took:?}");
    let (text, html) = parts(&proof.bytes);
    for part in [&text, &html] {
        assert!(part.contains("Monday, 1 December 2014") || part.contains("2014-12-01") || part.contains("December 1, 2014"), "{part}");
        assert!(part.contains("3 readers") && part.contains("More and more family shelters keep a shelf"), "{part}");
    }
    daemon.tells("2014-12");
    assert_eq!((readers(&sink), newsroom.path("issues/2014-12.problems.txt").exists()), (0, false));

    daemon.set(BEFORE);
    until("all three have it", || readers(&sink) == 3);
    until("the mailing is at rest", || is_at_rest(&newsroom));
    let told = daemon.stop().ok();
    assert!(told.stderr.contains("stopping"), "{told}");
    assert_eq!(readers(&sink), 3, "each once");
    assert_eq!(to(&sink, ADA).len(), 1, "the same bytes are no news");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_of_a_file_is_told_by_mail_and_beside_it_until_it_is_mended() {
    let sink = Sink::builder().start().await;
    let newsroom = rhythm(&sink).build();
    let daemon = Daemon::start_at(&newsroom, NOVEMBER);
    let faulty = ISSUE.replace("volume: 15", "volume: fifteen").replace("status: ready", "status: redy");
    newsroom.write("issues/2014-12.md", &faulty);
    let letter = awaits(&sink, ADA, "[To mend] 2014-12", 0);
    let beside = newsroom.path("issues/2014-12.problems.txt");
    until("the faults stand beside the file", || beside.exists());
    let problems = std::fs::read_to_string(&beside).expect("the faults");
    let (text, _) = parts(&letter.bytes);
    for words in ["2014-12.md", "fifteen", "redy"] {
        assert!(problems.contains(words) && text.contains(words), "nothing of {words:?} in {problems}\nor {text}");
    }
    newsroom.write("issues/2014-12.md", ISSUE);
    awaits(&sink, ADA, "[Proof]", 0);
    until("nothing stands beside it", || !beside.exists());
    let names: Vec<String> = std::fs::read_dir(newsroom.path("issues"))
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(names, ["2014-12.md"], "nothing else is touched in the folder");
    daemon.stop().ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_draft_editors_hear_once_and_its_faults_stand_beside_it() {
    let sink = Sink::builder().start().await;
    let newsroom = rhythm(&sink).build();
    let daemon = Daemon::start_at(&newsroom, NOVEMBER);
    let draft = ISSUE.replace("status: ready", "status: draft");
    newsroom.write("issues/2014-12.md", &draft.replace("volume: 15", "volume: fifteen"));
    let beside = newsroom.path("issues/2014-12.problems.txt");
    until("the faults stand beside the file", || beside.exists());
    newsroom.write("issues/2014-12.md", &draft);
    until("nothing stands beside it", || !beside.exists());
    daemon.set(DUE);
    awaits(&sink, DESK, "No issue was ready", 0);
    daemon.stop().ok();
    let subjects: Vec<String> = to(&sink, ADA).iter().map(|mail| field(&mail.bytes, "Subject")).collect();
    assert!(subjects.len() == 1 && subjects[0].starts_with("[To mend] 2014-12"), "{subjects:?}");
    assert_eq!(readers(&sink), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t15_two_editors_approve_by_link_and_an_edit_afterwards_asks_again() {
    let sink = Sink::builder().start().await;
    let port = free_port();
    let tables = format!(
        "[schedule]\ncron = \"first-monday 09:00\"\n\n[issues]\nsettle = \"200ms\"\n\n[approval]\neditors = [\"Ada <{ADA}>\", \"{BO}\"]\nneeded = \"two\"\n\n[delivery]\nreport_to = [\"{DESK}\"]"
    );
    let newsroom = Newsroom::new().back_issues().subscribers(3).table(&tables).relay(&sink);
    let newsroom = newsroom.variable("MASTHEAD_WEB__LISTEN", &format!("127.0.0.1:{port}")).build();
    let daemon = Daemon::start_at(&newsroom, NOVEMBER);
    newsroom.write("issues/2014-12.md", ISSUE);
    let first = [ADA, BO].map(|editor| approve_link(&awaits(&sink, editor, "[Proof]", 0)));
    for link in &first {
        assert!(visit(port, "GET", link).contains("<button"), "a page to look at");
    }
    let answer = visit(port, "POST", &first[0]);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    newsroom.write("issues/2014-12.md", &ISSUE.replace("More and more family shelters keep a shelf", "Family shelters keep a shelf"));
    let second = [ADA, BO].map(|editor| approve_link(&awaits(&sink, editor, "[Proof]", 1)));
    assert!(visit(port, "POST", &first[1]).contains("replaced"), "an older proof is not approved any more");
    visit(port, "POST", &second[0]);
    daemon.set(DUE);
    awaits(&sink, DESK, "2014-12 is not approved", 0);
    assert_eq!(readers(&sink), 0, "one of two is not enough");
    visit(port, "POST", &second[1]);
    until("all three have it", || readers(&sink) == 3);
    let text = parts(&to(&sink, "reader0001@example.org")[0].bytes).0;
    assert!(text.contains("Family shelters keep a shelf") && !text.contains("More and more"), "{text}");
    daemon.stop().ok();
}

/// A port of 127.0.0.1 that nobody listens at.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port()
}

/// The path of the link by which an editor approves a proof.
#[track_caller]
fn approve_link(proof: &Received) -> String {
    let (text, _) = parts(&proof.bytes);
    let at = text.find("https://news.example.org/approve/").unwrap_or_else(|| panic!("no link in {text}"));
    text[at..].split_whitespace().next().expect("a link").trim_start_matches("https://news.example.org").to_owned()
}

/// The daemon's whole answer to a request.
#[track_caller]
fn visit(port: u16, method: &str, path: &str) -> String {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).expect("the pages are open");
    let said = if method == "POST" { "approve=yes" } else { "" };
    let head = format!("{method} {path} HTTP/1.1\r\nHost: news.example.org\r\nContent-Length: {}\r\nConnection: close", said.len());
    write!(stream, "{head}\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n{said}").expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}
