//! Postfix as the relay, with TLS and a password: it takes every message, and every octet of it is ours.

use std::collections::BTreeMap;
use std::fs;

use super::skip;
use super::support::newsroom::{ISSUE, Newsroom, close_to_others};
use super::support::postfix::Postfix;
use super::support::reading::field;
use super::support::sink::{Received, Sink};

const READERS: usize = 1000;

/// What a relay could stumble over: lines of dots, lines that seem to end the message, and lines without end.
fn hostile() -> String {
    format!("{ISSUE}\n\n.\n\n..\n\n    .\n    ..\n    QUIT\n\nFrom here: {} \u{6f22}\u{5b57}\n", "long".repeat(600))
}

fn newsroom(postfix: &Postfix) -> Newsroom {
    let mut newsroom = Newsroom::new().with_known_key().issue("2014-12", &hostile()).back_issues().subscribers(READERS - 3);
    for (number, name) in ["Zo\u{eb} \u{6f22}\u{5b57}", "\"Dot\" . Stop", "O'Brien, Pat <x@y>"].iter().enumerate() {
        newsroom = newsroom.subscriber(&format!("odd{number}@example.org"), name, "confirmed");
    }
    let newsroom = newsroom
        .relay_at(&format!("smtp://127.0.0.1:{}", postfix.port()))
        .relay_setting("user = \"press\"\npassword_file = \"secrets/relay\"\nca_file = \"secrets/ca.pem\"");
    newsroom.write("secrets/ca.pem", postfix.ca_pem());
    newsroom.write("secrets/relay", "open sesame\n");
    close_to_others(&newsroom.path("secrets/relay"));
    newsroom.build()
}

/// The message with another date: that of a dry run is not that of the run.
fn undated(message: &[u8]) -> String {
    let date = format!("\r\nDate: {}\r\n", field(message, "Date"));
    let text = String::from_utf8(message.to_vec()).unwrap();
    assert!(text.contains(&date), "{text}");
    text.replacen(&date, "\r\nDate: some day\r\n", 1)
}

/// Every message of a dry run, by its Message-ID.
fn expected(newsroom: &Newsroom) -> BTreeMap<String, String> {
    newsroom.run(["send", "2014-12", "--dry-run", "--out", &newsroom.shown("dry")]).ok();
    let files = fs::read_dir(newsroom.path("dry/2014-12")).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
    files.map(|message| (field(&message, "Message-ID"), undated(&message))).collect()
}

/// What came without the line that every relay puts on top (RFC 5321 section 4.4).
fn as_submitted(received: &Received) -> &[u8] {
    let text = std::str::from_utf8(&received.bytes).unwrap();
    assert!(text.starts_with("Received: from "), "{text}");
    let mut end = 0;
    for (number, line) in text.split_inclusive("\r\n").enumerate() {
        if number > 0 && !line.starts_with(['\t', ' ']) {
            break;
        }
        end += line.len();
    }
    assert!(text[..end].contains("with ESMTPSA"), "under TLS and with a password: {text}");
    &received.bytes[end..]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_s2_postfix_takes_a_thousand_messages_under_tls_and_auth_byte_for_byte() {
    let next = Sink::builder().start().await;
    let postfix = match Postfix::start(&next, "press", "open sesame") {
        Ok(postfix) => postfix,
        Err(why) => return skip("postfix", &why),
    };
    let newsroom = newsroom(&postfix);
    let mut expected = expected(&newsroom);
    assert_eq!(expected.len(), READERS);
    newsroom.run(["send", "2014-12"]).ok().says(&["2014-12 is out: 1000 of 1000 deliveries: 1000 accepted"]);

    for received in next.wait_for(READERS).await {
        let message = as_submitted(&received);
        let wanted = expected.remove(&field(message, "Message-ID")).expect("one of ours, and the first copy of it");
        assert_eq!(undated(message), wanted, "{}", received.recipient);
    }
    assert_eq!(expected.len(), 0, "every message came");
    assert_eq!(newsroom.deliveries("2014-12").iter().filter(|line| line["attempts"] == 1).count(), READERS, "{}", postfix.log());

    // Whoever does not know the password does not get in.
    let newsroom = newsroom.issue("2015-02", "---\ntitle: The Month After\nstatus: ready\n---\n# The Month After\n\nAll is well.\n");
    newsroom.write("secrets/relay", "close sesame\n");
    close_to_others(&newsroom.path("secrets/relay"));
    newsroom.run(["send", "2015-02"]).exits(1).says(&["535 5.7.8", "not tried yet"]);
}
