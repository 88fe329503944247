//! At the end of a mailing somebody is told what became of it, by mail.

use crate::support::linter::lint_letter;
use crate::support::newsroom::{ISSUE, Newsroom};
use crate::support::sink::{Action, At, Received, Sink, When};

const DESK: &str = "desk@example.org";
const CHAIR: &str = "chair@example.org";

/// A newsroom whose mailings are reported to two people.
fn reporting(sink: &Sink) -> Newsroom {
    let newsroom = Newsroom::new().issue("2014-12", ISSUE).back_issues().subscribers(3).relay(sink);
    newsroom.table(&format!("[delivery]\nreport_to = [\"{DESK}\", \"{CHAIR}\"]"))
}

fn letters(sink: &Sink) -> Vec<Received> {
    sink.messages().into_iter().filter(|message| [DESK, CHAIR].contains(&message.recipient.as_str())).collect()
}

/// Head and text, its doubled blanks as they are read.
fn text(message: &Received) -> String {
    String::from_utf8(message.bytes.clone()).unwrap().replace("=20", " ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_to_be_told_gets_one_report_when_the_mailing_has_ended() {
    let sink = Sink::builder().on(At::Rcpt, When::to("reader0002@example.org"), Action::reply("550 5.1.1 No such reader")).start().await;
    let newsroom = reporting(&sink).build();
    newsroom.run(["send", "2014-12"]).ok().says(&["2 accepted", "1 refused"]);
    let told = letters(&sink);
    assert_eq!(told.iter().map(|letter| letter.recipient.as_str()).collect::<Vec<_>>(), [DESK, CHAIR]);
    for letter in &told {
        assert_eq!(lint_letter(&letter.bytes), []);
        assert_eq!(letter.sender, "letter@news.example.org");
        let text = text(letter);
        assert!(text.contains("\r\nSubject: 2014-12 is out: 2 of 3 accepted\r\n"), "{text}");
        for words in ["December/January 2015", "\r\n2  accepted\r\n1  refused\r\n3  in all\r\n", "Took  "] {
            assert!(text.contains(words), "nothing of {words:?} in {text}");
        }
    }

    newsroom.run(["send", "2014-12"]).ok();
    assert_eq!(letters(&sink).len(), 2, "what is over is told once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_stops_before_its_time_is_told_and_says_why() {
    let sink = Sink::builder().on(At::Rcpt, When::to("reader0002@example.org"), Action::reply("530 5.7.0 Log in first")).start().await;
    let newsroom = reporting(&sink).relay_setting("connections = 1").build();
    newsroom.run(["send", "2014-12"]).exits(1);
    let told = letters(&sink);
    assert_eq!(told.len(), 2);
    let text = text(&told[0]);
    assert!(text.contains("\r\nSubject: 2014-12 has stopped: relay `main` turned us away"), "{text}");
    assert!(text.contains("530 5.7.0 Log in first") && text.contains("\r\n2  not sent yet\r\n"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_that_nobody_takes_changes_nothing_for_the_mailing() {
    let sink = Sink::builder()
        .on(At::Rcpt, When::to(DESK), Action::reply("550 5.7.1 No reports here"))
        .on(At::Rcpt, When::to(CHAIR), Action::Drop)
        .start()
        .await;
    let newsroom = reporting(&sink).variable("RUST_LOG", "info").build();
    let told = newsroom.run(["send", "2014-12"]).ok().says(&["3 accepted", "a letter was refused", "a letter was lost"]);
    assert!(!told.stderr.contains(DESK) && !told.stderr.contains("No reports here"), "{told}");
    assert_eq!(sink.messages().len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_goes_through_the_first_relay_that_can_be_reached() {
    let sink = Sink::builder().start().await;
    let deaf = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let spare = format!("\n[[relay]]\nname = \"spare\"\nurl = \"smtp://127.0.0.1:{}?tls=none\"", sink.port());
    let newsroom = reporting(&sink).relay_at(&format!("smtp://127.0.0.1:{deaf}?tls=none")).relay_setting(&spare).build();
    newsroom.run(["send", "2014-12"]);
    let told = letters(&sink);
    assert_eq!(told.len(), 2);
    assert!(text(&told[0]).contains("Subject: 2014-12 "), "{}", text(&told[0]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_anybody_to_tell_nothing_is_told() {
    let sink = Sink::builder().start().await;
    let newsroom = Newsroom::ready(2, &sink);
    newsroom.run(["send", "2014-12"]).ok();
    assert_eq!(sink.messages().len(), 2);
}

#[test]
fn an_address_of_nobody_is_told_at_the_start() {
    let newsroom = Newsroom::new().table("[delivery]\nreport_to = [\"desk\"]").configured();
    newsroom.run(["status"]).exits(1).says(&["config-value", "write an address such as `editor@example.org`"]);
}
