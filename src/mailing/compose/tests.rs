//! What a message is made of, and that a fault of any part keeps it from being made.

use super::*;
use crate::edition::{Edition, Sender};
use crate::mailing::MailingId;
use crate::mailing::dkim::{DkimKey, relaxed_body};
use crate::subscription::{Format, SubscriberId};

const MARK: &str = "xm0000000000000000";

fn edition() -> Edition {
    let address = |text: &str| EmailAddress::parse(text).unwrap();
    Edition {
        issue: "2014-12".parse().unwrap(),
        hash: "ab".repeat(32),
        subject: "Kinship care".to_owned(),
        lang: "en".to_owned(),
        archived_at: "https://news.example.org/issues/2014-12".to_owned(),
        sender: Sender {
            name: PersonName::parse("The Lantern").ok(),
            address: address("desk@news.example.org"),
            reply_to: address("editor@news.example.org"),
            base_url: "https://news.example.org".to_owned(),
            bounce_domain: "bounce.news.example.org".to_owned(),
            sender_id: "newsexampleorg".to_owned(),
        },
        html: format!("<p>Dear  {MARK}_name_mx, <a href=\"{MARK}_unsubscribe_mx\">leave</a> {MARK}_list_mx</p>\n"),
        text: format!("Dear  {MARK}_name_mx,\n{MARK}_preferences_mx\n"),
        mark: MARK.to_owned(),
    }
}

fn list(name: &str) -> List {
    List { id: "general".parse().unwrap(), name: name.to_owned(), description: String::new(), lang: None, frequency: String::new() }
}

fn delivery() -> Delivery {
    Delivery {
        mailing: MailingId(12),
        subscriber: SubscriberId(70_000),
        address: EmailAddress::parse("jane@example.org").unwrap(),
        name: PersonName::parse("Jane <b>").ok(),
        list: "general".parse().unwrap(),
        format: Format::Html,
        list_number: 1,
        provider: crate::mailing::ProviderId::other(),
        attempt: 1,
        first_attempt_at: jiff::Timestamp::from_second(1_417_424_400).unwrap(),
    }
}

fn composer(edition: &Edition, list: &List) -> Composer {
    Composer::new(edition, std::slice::from_ref(list), Keys::new(1, &[7; 32]))
}

#[test]
fn m5_m6_a_message_says_the_same_every_time_and_fits_the_room_that_it_is_given() {
    let composer = composer(&edition(), &list("General"));
    let message = composer.compose(&delivery()).unwrap();
    assert_eq!(message, composer.compose(&delivery()).unwrap());
    let text = String::from_utf8(message.octets).unwrap();
    assert!(
        text.contains("\r\nTo: \"Jane <b>\" <jane@example.org>\r\nSubject: Kinship care\r\nDate: Mon, 01 Dec 2014 09:00:00 +0000\r\n"),
        "{text}"
    );
    assert!(text.contains("<p>Dear =20=\r\nJane &lt;b&gt;=\r\n, <a"), "{text}");
    assert!(text.len() < composer.sheets.values().next().unwrap().as_ref().unwrap().form(Format::Html).room);
}

#[test]
fn d6_what_a_composer_writes_is_hashed_as_it_stands() {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap().serialize_pem();
    let nl2026 = Signer::new(DkimKey::rsa("news.example.org", "nl2026", &key).unwrap());
    let composer = composer(&edition(), &list("General  Interest"));
    let plain = composer.compose(&delivery()).unwrap();
    let text = composer.compose(&Delivery { format: Format::Text, ..delivery() }).unwrap();
    let signed = composer.signed_by(Some(nl2026)).compose(&delivery()).unwrap();
    let field = signed.octets.strip_suffix(&plain.octets[..]).expect("the signature stands before all the rest");
    assert!(field.starts_with(b"DKIM-Signature: v=1; a=rsa-sha256;") && field.ends_with(b"\r\n"));
    assert_eq!(signed.envelope, plain.envelope);
    for octets in [&plain.octets, &text.octets] {
        let body = octets.windows(4).position(|octets| octets == b"\r\n\r\n").unwrap() + 4;
        assert_eq!(relaxed_body(&octets[body..]), octets[body..]);
    }
}

#[test]
fn m12_who_wants_plain_text_gets_it_alone_under_the_same_head() {
    let composer = composer(&edition(), &list("General"));
    let fields = |format| {
        let message = String::from_utf8(composer.compose(&Delivery { format, ..delivery() }).unwrap().octets).unwrap();
        let (head, body) = message.split_once("\r\n\r\n").unwrap();
        assert!(message.len() < composer.sheets.values().next().unwrap().as_ref().unwrap().form(format).room);
        (head.to_owned(), body.to_owned())
    };
    let ((both, parts), (alone, text)) = (fields(Format::Html), fields(Format::Text));
    let above = both.split_once("Content-Type:").unwrap().0;
    assert_eq!(alone, format!("{above}Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable"));
    assert!(text.starts_with("Dear =20=\r\nJane <b>=\r\n,\r\n") && text.ends_with("\r\n") && !text.ends_with("\r\n\r\n"), "{text:?}");
    assert!(parts.contains(text.trim_end_matches(['=', '\r', '\n'])), "the text is that of the part");
}

#[test]
fn t1_what_cannot_stand_in_a_head_makes_no_message() {
    let subject = Edition { subject: "x\r\nBcc: v@y.org".to_owned(), ..edition() };
    assert!(matches!(composer(&subject, &list("General")).compose(&delivery()), Err(ComposeError::Header(_))));
    assert!(matches!(composer(&edition(), &list("a\u{202e}b")).compose(&delivery()), Err(ComposeError::Header(_))));
    let mut elsewhere = edition();
    elsewhere.sender.bounce_domain = "localhost".to_owned();
    assert!(matches!(composer(&elsewhere, &list("General")).compose(&delivery()), Err(ComposeError::Bounce(_))));
    let gone = Delivery { list: "gone".parse().unwrap(), ..delivery() };
    assert!(matches!(composer(&edition(), &list("General")).compose(&gone), Err(ComposeError::List(_))));
}

#[test]
fn threads_share_a_composer() {
    fn shared<T: Send + Sync>() {}
    shared::<Composer>();
}
