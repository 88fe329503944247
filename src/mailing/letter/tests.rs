//! What a letter looks like on the wire, and what it never bears.

use super::*;
use crate::mailing::dkim::DkimKey;

fn sender(reply_to: &str) -> Sender {
    Sender {
        name: Some(PersonName::parse("Lantern Street Letter").unwrap()),
        address: EmailAddress::parse("letter@news.example.org").unwrap(),
        reply_to: EmailAddress::parse(reply_to).unwrap(),
        base_url: "https://news.example.org".to_owned(),
        bounce_domain: "bounce.news.example.org".to_owned(),
        sender_id: "lanternstreet".to_owned(),
    }
}

fn letter() -> Letter {
    Letter {
        to: EmailAddress::parse("desk@example.org").unwrap(),
        name: None,
        kind: "report",
        about: "2014-12 2014-12-01T16:14:00Z".to_owned(),
        subject: "2014-12 is out: 12,340 of 12,400 accepted".to_owned(),
        text: "All is well.\n.\nFrom here on too. \n".to_owned(),
        html: None,
    }
}

fn at() -> Timestamp {
    "2014-12-01T16:14:00Z".parse().unwrap()
}

fn composed(letter: &Letter) -> String {
    let message = letter.compose(&sender("editor@news.example.org"), &Keys::new(1, &[7; 32]), None, at(), "en").unwrap();
    String::from_utf8(message.octets).unwrap()
}

/// The value of a field, folds and all.
fn field<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    let (head, _) = message.split_once("\r\n\r\n").unwrap();
    head.split("\r\n").find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[test]
fn l10_a_letter_says_that_a_program_wrote_it_and_is_no_newsletter() {
    let message = composed(&letter());
    assert_eq!(field(&message, "Auto-Submitted"), Some("auto-generated"));
    assert_eq!(field(&message, "X-Auto-Response-Suppress"), Some("OOF, AutoReply"));
    assert_eq!(field(&message, "Content-Language"), Some("en"));
    for odd in ["\r\nList-", "\r\nPrecedence:", "\r\nArchived-At:", "\r\nFeedback-ID:", "nsubscribe"] {
        assert!(!message.contains(odd), "{odd}");
    }
}

#[test]
fn m3_a_letter_has_each_field_that_mail_wants() {
    let message = composed(&letter());
    assert_eq!(field(&message, "From"), Some("Lantern Street Letter <letter@news.example.org>"));
    assert_eq!(field(&message, "Reply-To"), Some("Lantern Street Letter <editor@news.example.org>"));
    assert_eq!(field(&message, "To"), Some("desk@example.org"));
    assert_eq!(field(&message, "Date"), Some("Mon, 01 Dec 2014 16:14:00 +0000"));
    assert_eq!(field(&message, "MIME-Version"), Some("1.0"));
    let alone = letter().compose(&sender("letter@news.example.org"), &Keys::new(1, &[7; 32]), None, at(), "en").unwrap();
    assert_eq!(field(&String::from_utf8(alone.octets).unwrap(), "Reply-To"), None, "an answer goes to the sender anyway");
}

#[test]
fn m13_a_letter_without_html_is_one_part_that_survives_every_relay() {
    let message = composed(&letter());
    assert_eq!(field(&message, "Content-Type"), Some("text/plain; charset=utf-8"));
    assert_eq!(field(&message, "Content-Transfer-Encoding"), Some("quoted-printable"));
    assert!(message.ends_with("\r\n\r\nAll is well.\r\n=2E\r\n=46rom here on too.=20\r\n"), "{message}");
    let open = composed(&Letter { text: "Été".to_owned(), ..letter() });
    assert!(open.ends_with("\r\n\r\n=C3=89t=C3=A9\r\n"), "m1: the last line has an end: {open}");
}

#[test]
fn m12_a_letter_with_html_has_two_parts_the_richest_last() {
    let message = composed(&Letter { html: Some("<p>All is well.</p>\n".to_owned()), ..letter() });
    assert_eq!(field(&message, "Content-Transfer-Encoding"), None);
    let id = field(&message, "Message-ID").unwrap().trim_matches(['<', '>']);
    let boundary = ident::boundary(id);
    assert!(field(&message, "Content-Type").unwrap().starts_with("multipart/alternative;"), "{message}");
    assert!(message.contains(&format!("boundary=\"{boundary}\"\r\n")), "{message}");
    let parts: Vec<&str> = message.split(&format!("--{boundary}")).collect();
    assert_eq!(parts.len(), 4, "{message}");
    assert!(parts[1].starts_with("\r\nContent-Type: text/plain; charset=utf-8\r\n"), "{message}");
    assert!(parts[2].starts_with("\r\nContent-Type: text/html; charset=utf-8\r\n"), "{message}");
    assert_eq!(parts[3], "--\r\n");
}

#[test]
fn m6_the_same_letter_has_the_same_id_and_another_letter_another() {
    let id = |letter: &Letter| field(&composed(letter), "Message-ID").unwrap().to_owned();
    let first = id(&letter());
    assert!(first.starts_with("<report.") && first.ends_with("@news.example.org>") && !first.contains("desk"), "{first}");
    assert_eq!(first, id(&letter()));
    assert_eq!(first, id(&Letter { text: "Told anew.".to_owned(), ..letter() }), "what is told of the same is the same letter");
    for other in [
        Letter { about: "2015-02".to_owned(), ..letter() },
        Letter { kind: "welcome", ..letter() },
        Letter { to: EmailAddress::parse("chair@example.org").unwrap(), ..letter() },
    ] {
        assert_ne!(first, id(&other));
    }
}

#[test]
fn m7_a_letter_has_one_recipient_and_returns_to_its_sender() {
    let message = letter().compose(&sender("editor@news.example.org"), &Keys::new(1, &[7; 32]), None, at(), "en").unwrap();
    assert_eq!(message.envelope.recipient.as_str(), "desk@example.org");
    assert_eq!(message.envelope.sender.as_str(), "letter@news.example.org");
}

#[test]
fn t1_no_subject_begins_a_line_of_its_own() {
    let evil = Letter { subject: "Out\r\nBcc: v@example.org".to_owned(), ..letter() };
    let fault = evil.compose(&sender("editor@news.example.org"), &Keys::new(1, &[7; 32]), None, at(), "en").unwrap_err();
    assert!(matches!(fault, ComposeError::Header(_)), "{fault}");
}

#[test]
fn d1_a_letter_is_signed_where_there_is_a_signer_and_the_same_each_time() {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap().serialize_pem();
    let signer = Signer::new(DkimKey::rsa("news.example.org", "nl2026", &key).unwrap());
    let again = || letter().compose(&sender("editor@news.example.org"), &Keys::new(1, &[7; 32]), Some(&signer), at(), "en").unwrap();
    let message = String::from_utf8(again().octets).unwrap();
    assert!(message.starts_with("DKIM-Signature: v=1;") && message.ends_with(&composed(&letter())), "{message}");
    assert!(message.contains("auto-submitted"), "every field is signed: {message}");
    assert_eq!(again().octets, message.into_bytes());
}
