//! What editors and operators are told by themselves: once, whoever was away when it was told, and to the right people.

use std::sync::Arc;

use jiff::Timestamp;
use masthead::app::Newsroom as Opened;
use masthead::clock::FixedClock;
use masthead::desk::check;
use masthead::desk::notice::{Notice, tell};
use masthead::desk::proof::{self, Circumstances, Departure};
use masthead::desk::telling::Told;
use masthead::edition::problems;
use masthead::subscription::EmailAddress;

use crate::support::linter::lint_letter;
use crate::support::newsroom::{ISSUE, Newsroom};
use crate::support::reading::field;
use crate::support::sink::{Action, At, Received, Sink, When};

const ADA: &str = "ada@example.org";
const BO: &str = "bo@example.org";
const DESK: &str = "desk@example.org";

fn staffed(relay: &str) -> Newsroom {
    let tables = format!(
        "[schedule]\ncron = \"0 0 9 1-7 * Mon\"\n\n[approval]\neditors = [\"Ada Brook <{ADA}>\", \"{BO}\"]\nneeded = \"one\"\n\n[delivery]\nreport_to = [\"{DESK}\", \"{ADA}\"]"
    );
    Newsroom::new().issue("2014-12", ISSUE).back_issues().subscribers(3).relay_at(relay).table(&tables).build()
}

fn at_sink(sink: &Sink) -> String {
    format!("smtp://127.0.0.1:{}?tls=none", sink.port())
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

async fn open(newsroom: &Newsroom, relay: &str) -> Opened {
    let settings = std::fs::read_to_string(newsroom.path("config/masthead.toml")).unwrap();
    let line = settings.lines().find(|line| line.starts_with("url = \"smtp")).unwrap().to_owned();
    newsroom.write("config/masthead.toml", &settings.replace(&line, &format!("url = \"{relay}\"")));
    let clock = FixedClock(instant("2014-11-28T12:00:00Z"));
    Opened::open(newsroom.root(), &[], Arc::new(clock)).await.unwrap()
}

fn spelt(told: &Told) -> (Vec<&str>, Vec<&str>) {
    (told.told.iter().map(EmailAddress::as_str).collect(), told.left.iter().map(EmailAddress::as_str).collect())
}

fn recipients(sink: &Sink) -> Vec<String> {
    sink.messages().into_iter().map(|letter| letter.recipient).collect()
}

fn subject(letter: &Received) -> String {
    field(&letter.bytes, "Subject")
}

const BROKEN: &str = "---\ntitle: Reading\nmonths: 2014-13\nstatus: ready\n---\n# One\n\nSee ![the map](map.png).\n";

async fn tell_findings(opened: &Opened) -> Told {
    let checked = check::check_issue(opened, &"2014-12".parse().unwrap()).await.unwrap();
    proof::tell_findings(opened, checked.id.as_str(), &checked.file, &checked.diagnostics).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_are_told_once_and_again_when_they_come_back() {
    let sink = Sink::builder().start().await;
    let newsroom = staffed(&at_sink(&sink));
    newsroom.write("issues/2014-12.md", BROKEN);
    let opened = open(&newsroom, &at_sink(&sink)).await;
    assert_eq!(spelt(&tell_findings(&opened).await), (vec![ADA, BO], vec![]));
    let letters = sink.messages();
    for letter in &letters {
        assert_eq!(lint_letter(&letter.bytes), []);
        assert!(subject(letter).starts_with("[To mend] 2014-12: "), "{}", subject(letter));
        let text = String::from_utf8_lossy(&letter.bytes).replace("=\r\n", "").replace("=20", " ");
        for words in ["issues/2014-12.md, line 3, column 9", "months: 2014-13", "^^^^^^^", "What to do: "] {
            assert!(text.contains(words), "nothing of {words:?} in {text}");
        }
    }
    let anew = open(&newsroom, &at_sink(&sink)).await;
    assert_eq!(spelt(&tell_findings(&anew).await), (vec![], vec![]), "over a restart too");

    newsroom.write("issues/2014-12.md", &BROKEN.replace("2014-13", "2014-14"));
    assert_eq!(spelt(&tell_findings(&anew).await).0, [ADA, BO], "another fault");
    newsroom.write("issues/2014-12.md", BROKEN);
    assert_eq!(spelt(&tell_findings(&anew).await).0, [ADA, BO], "the first fault again");
    proof::mended(&anew, "2014-12").await.unwrap();
    assert_eq!(spelt(&tell_findings(&anew).await).0, [ADA, BO], "mended in between");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_text_of_the_problems_file_names_every_fault_and_fits_its_lines() {
    let newsroom = staffed("smtp://127.0.0.1:9?tls=none");
    newsroom.write("issues/2014-12.md", BROKEN);
    let opened = open(&newsroom, "smtp://127.0.0.1:9?tls=none").await;
    let checked = check::check_issue(&opened, &"2014-12".parse().unwrap()).await.unwrap();
    let text = problems(&checked.diagnostics);
    assert!(text.starts_with(|first: char| first.is_ascii_digit()), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 72), "{text}");
    for found in &checked.diagnostics {
        assert!(text.contains(&format!("[{}]", found.code)), "{} is not told: {text}", found.code);
    }
    newsroom.write("issues/2014-12.problems.txt", &text);
    newsroom.run(["check", "2014-12"]).exits(1);
    assert!(!newsroom.run(["check"]).stderr.contains("problems.txt"), "what we write is no issue");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_is_down_loses_no_proof() {
    let deaf = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let down = format!("smtp://127.0.0.1:{deaf}?tls=none");
    let newsroom = staffed(&down);
    let opened = open(&newsroom, &down).await;
    let id = "2014-12".parse().unwrap();
    let checked = check::check_issue(&opened, &id).await.unwrap();
    let departure = Departure::At(instant("2014-12-01T14:00:00Z"));
    let circumstances = Circumstances { departure, side_notes: vec!["- [A Guide to Quiet Corners](2014-04)".to_owned()] };
    let shown = proof::show(&opened, &checked, &circumstances).await.unwrap();
    assert_eq!(spelt(&shown.told), (vec![], vec![ADA, BO]));
    assert!(shown.told.fault.is_some());
    assert_eq!(opened.store().proofs(&id).await.unwrap(), [shown.proof]);
    drop(opened);

    let sink = Sink::builder().on(At::Rcpt, When::first_of(|to| to.contains(ADA)), Action::reply("451 4.3.0 Later")).start().await;
    let opened = open(&newsroom, &at_sink(&sink)).await;
    assert_eq!(spelt(&proof::tell(&opened, &checked, &circumstances).await.unwrap()), (vec![BO], vec![ADA]));
    assert_eq!(spelt(&proof::tell(&opened, &checked, &circumstances).await.unwrap()), (vec![], vec![ADA]), "not at once again");
    let opened = open(&newsroom, &at_sink(&sink)).await;
    assert_eq!(spelt(&proof::tell(&opened, &checked, &circumstances).await.unwrap()), (vec![ADA], vec![]));
    assert!(proof::tell(&opened, &checked, &circumstances).await.unwrap().is_done());
    assert_eq!(recipients(&sink), [BO, ADA], "each has it once");
    let text = String::from_utf8_lossy(&sink.messages()[0].bytes).replace("=\r\n", "").replace("=5B", "[").replace("=5D", "]");
    for words in ["It goes out on Monday, December 1, 2014, 09:00 EST.", "- [A Guide to Quiet Corners](2014-04)"] {
        assert!(text.contains(words), "nothing of {words:?} in {text}");
    }
    newsroom.write("issues/2014-12.md", &ISSUE.replace("picture books", "paper boats"));
    let changed = check::check_issue(&opened, &id).await.unwrap();
    let refused = proof::tell(&opened, &changed, &circumstances).await.unwrap_err();
    assert!(refused.to_string().contains("no proof as it is now"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_cannot_even_be_set_up_loses_no_proof() {
    let sink = Sink::builder().start().await;
    let newsroom = staffed(&at_sink(&sink));
    let settings = std::fs::read_to_string(newsroom.path("config/masthead.toml")).unwrap();
    let locked = settings.replace(&at_sink(&sink), "smtps://127.0.0.1:9");
    newsroom.write("config/masthead.toml", &format!("{locked}\nuser = \"dipper\"\npassword_file = \"secrets/none\"\n"));
    newsroom.run(["proof", "2014-12"]).exits(1).says(&["ada@example.org could not be told", "secrets/none"]);
    newsroom.write("config/masthead.toml", &settings);
    let opened = open(&newsroom, &at_sink(&sink)).await;
    let checked = check::check_issue(&opened, &"2014-12".parse().unwrap()).await.unwrap();
    let circumstances = Circumstances { departure: Departure::Stays("it is a trial".to_owned()), side_notes: Vec::new() };
    assert_eq!(spelt(&proof::tell(&opened, &checked, &circumstances).await.unwrap()).0, [ADA, BO]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_faults_is_never_shown_as_a_proof() {
    let sink = Sink::builder().start().await;
    let newsroom = staffed(&at_sink(&sink));
    newsroom.write("issues/2014-12.md", BROKEN);
    newsroom.run(["proof", "2014-12"]).exits(1).says(&["there are faults to mend first"]);
    assert!(sink.messages().is_empty());
    let opened = open(&newsroom, &at_sink(&sink)).await;
    assert_eq!(opened.store().proofs(&"2014-12".parse().unwrap()).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_notice_reaches_those_whom_it_concerns_once() {
    let due = instant("2014-12-01T14:00:00Z");
    let issue: masthead::dateline::IssueId = "2014-12".parse().unwrap();
    let waiting = vec!["2014-12: a draft".to_owned()];
    let everybody = vec![ADA, BO, DESK];
    let url = "https://news.example.org/issues/2014-12".to_owned();
    let notices = [
        (Notice::Late { issue: issue.clone(), due, since: due }, "2014-12 is late and held", everybody.clone()),
        (Notice::Missed { due, waiting: waiting.clone() }, "No issue was ready", vec![DESK, ADA]),
        (Notice::Deadline { due, deadline: due, waiting }, "Copy deadline", vec![ADA, BO]),
        (Notice::Unapproved { issue: issue.clone(), due, missing: 1 }, "2014-12 is not approved", everybody),
        (Notice::Corrected { issue, draft: "abc".to_owned(), url }, "2014-12 was corrected", vec![ADA, BO]),
        (Notice::Foreign { home: "one".to_owned(), here: "another".to_owned() }, "Nothing goes out", vec![DESK, ADA]),
        (Notice::Refused { faults: Vec::new(), at: due }, "The new configuration was refused", vec![DESK, ADA]),
    ];
    for (notice, words, whom) in notices {
        let sink = Sink::builder().start().await;
        let newsroom = staffed(&at_sink(&sink));
        let opened = open(&newsroom, &at_sink(&sink)).await;
        assert_eq!(spelt(&tell(&opened, &notice).await.unwrap()), (whom.clone(), vec![]), "{words}");
        assert_eq!(spelt(&tell(&opened, &notice).await.unwrap()), (vec![], vec![]), "{words}: told once");
        assert_eq!(recipients(&sink), whom);
        for letter in sink.messages() {
            assert!(subject(&letter).starts_with(words), "{}", subject(&letter));
            assert_eq!(lint_letter(&letter.bytes), []);
        }
        if let Notice::Late { issue, due, since } = notice {
            let again = Notice::Late { issue, due, since: since + jiff::SignedDuration::from_hours(1) };
            assert_eq!(spelt(&tell(&opened, &again).await.unwrap()).0, whom, "held again is news");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_there_are_no_operators_editors_are_told_in_their_place() {
    let sink = Sink::builder().start().await;
    let table = format!("[approval]\neditors = [\"{BO}\"]");
    let newsroom = Newsroom::new().subscribers(1).relay(&sink).table(&table).build();
    let opened = open(&newsroom, &at_sink(&sink)).await;
    let notice = Notice::Foreign { home: "one".to_owned(), here: "another".to_owned() };
    assert_eq!(spelt(&tell(&opened, &notice).await.unwrap()).0, [BO]);
}
