//! An issue goes out: checked, rendered, sent to a thousand readers over SMTP, each exactly once, and then it is history.

use std::collections::BTreeSet;

use crate::support::linter::lint;
use crate::support::newsroom::{NEXT_ISSUE, Newsroom};
use crate::support::reading::{field, links, neutral};
use crate::support::sink::{Received, Sink};

const READERS: usize = 1000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_readers_get_the_issue_once_each_and_the_archive_keeps_it() {
    let sink = Sink::builder().start().await;
    let newsroom = Newsroom::ready(READERS, &sink);
    newsroom.run(["check", "2014-12"]).ok().says(&["Story Hours in Family Shelters: no findings"]);
    let text = newsroom.run(["render", "2014-12"]).ok();
    text.says(&["December/January 2015 - Vol. 15, No. 11", "A Guide to Quiet Corners (April 2014) [2]"]);

    newsroom.run(["send", "2014-12"]).ok().says(&["2014-12 is out: 1000 of 1000 deliveries: 1000 accepted"]);
    sink.wait_until_left().await;
    let messages = sink.messages();
    assert_eq!(sink.faults(), [""; 0]);
    assert_eq!(sink.count("QUIT"), sink.connections(), "somebody left without a word");
    each_reader_once(&messages);
    all_else_is_equal(&messages);
    for message in &messages {
        assert_eq!(lint(&message.bytes), [], "to {}", message.recipient);
    }

    newsroom.run(["send", "2014-12"]).ok().says(&["2014-12 is out: 1000 of 1000"]);
    assert_eq!((sink.messages().len(), sink.count("MAIL")), (READERS, READERS));

    everybody_agrees(&newsroom);
    newsroom.run(["archive", "list"]).ok().says(&["2014-12      December/January 2015"]);
    let newsroom = newsroom.issue("2015-02", NEXT_ISSUE);
    newsroom.run(["check"]).ok().says(&["2015-02  What the First Month Taught Us: no findings"]);
    let page = newsroom.run(["render", "2015-02", "--to", "html"]).ok().stdout;
    assert!(page.contains("<a href=\"https://news.example.org/articles/2014-12/story-hours-in-family-shelters\""), "{page}");
}

fn each_reader_once(messages: &[Received]) {
    let wanted: BTreeSet<String> = (1..=READERS).map(|number| format!("reader{number:04}@example.org")).collect();
    assert_eq!(distinct(messages, |message| message.recipient.clone()), wanted);
    assert_eq!(messages.len(), READERS);
    for name in ["To", "Message-ID", "List-Unsubscribe"] {
        assert_eq!(distinct(messages, |message| field(&message.bytes, name)).len(), READERS, "{name}");
    }
    assert_eq!(distinct(messages, |message| message.sender.clone()).len(), READERS);
    for which in [0, 1] {
        assert_eq!(distinct(messages, |message| links(&message.bytes)[which].clone()).len(), READERS);
    }
    for message in messages {
        assert!(field(&message.bytes, "To").contains(&message.recipient), "a message in the wrong envelope");
        assert_eq!(field(&message.bytes, "List-Unsubscribe"), format!("<{}>", links(&message.bytes)[0]));
    }
}

fn distinct(messages: &[Received], of: impl Fn(&Received) -> String) -> BTreeSet<String> {
    messages.iter().map(of).collect()
}

/// The date is that of the reader's own first try, so it may differ by the length of the run.
fn all_else_is_equal(messages: &[Received]) {
    let without_date = |message: &Received| {
        let date = field(&message.bytes, "Date");
        neutral(&message.bytes).replace(&date, "DATE")
    };
    assert_eq!(distinct(messages, without_date).len(), 1);
}

fn everybody_agrees(newsroom: &Newsroom) {
    let status = newsroom.run(["status", "--json"]).ok().json();
    assert_eq!(status["archived"], 5);
    assert_eq!(status["waiting"], serde_json::json!([]));
    let mailing = &status["mailings"][0];
    assert_eq!((&mailing["issue"], &mailing["tally"]["accepted"]), (&"2014-12".into(), &READERS.into()));
    assert!(mailing["finished_at"].is_string());
    newsroom.run(["status"]).ok().says(&["mailing    2014-12  out: 1000 of 1000 accepted, 0 open", "general: 1000 confirmed"]);

    let lines = newsroom.deliveries("2014-12");
    assert_eq!(lines.len(), READERS);
    assert!(lines.iter().all(|line| line["fate"] == "accepted" && line["attempts"] == 1 && line["list"] == "general"));
    assert_eq!(newsroom.count("2014-12", "accepted"), READERS);
    assert_eq!(newsroom.count("2014-12", "refused"), 0);
    let table = newsroom.run(["deliveries", "2014-12", "--csv"]).ok().stdout;
    let mut rows = csv::Reader::from_reader(table.as_bytes());
    assert_eq!(rows.headers().unwrap().iter().take(4).collect::<Vec<_>>(), ["issue", "address", "list", "fate"]);
    assert_eq!(rows.records().filter(|row| &row.as_ref().unwrap()[3] == "accepted").count(), READERS);

    let lists = newsroom.run(["lists", "--json"]).ok().json();
    assert_eq!((&lists[0]["id"], &lists[0]["confirmed"]), (&"general".into(), &READERS.into()));
    newsroom.run(["lists"]).ok().says(&["1000 confirmed"]);
    let dossier = newsroom.run(["subscribers", "show", "reader0007@example.org", "--json"]).ok().json();
    assert_eq!(dossier["deliveries"][0]["fate"], "accepted");
}
