//! STANDARDS D6, T1: whatever an edition says and whoever reads it, the body is its own relaxed form and the head keeps its
//! fields.

use masthead::edition::{Edition, Sender};
use masthead::mailing::compose::Composer;
use masthead::mailing::dkim::relaxed_body;
use masthead::mailing::{Delivery, MailingId};
use masthead::subscription::token::Keys;
use masthead::subscription::{EmailAddress, List, PersonName, SubscriberId};
use proptest::prelude::*;

const MARK: &str = "xm0000000000000000";

/// Text with blanks, tabs and line ends wherever they could hurt, and open places between.
fn part() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[ -~]{0,40}",
        4 => "[ \\t]{1,5}",
        2 => "\\PC{0,12}",
        2 => "[a-z ]{60,160}",
        2 => "(\\n|\\r\\n|\\r){1,3}",
        2 => prop::sample::select(vec!["name", "address", "list", "unsubscribe", "preferences"]).prop_map(|field| format!("{MARK}_{field}_mx")),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn name() -> impl Strategy<Value = Option<PersonName>> {
    prop_oneof!["\\PC{0,60}", "[ -~]{0,60}", "(=\\?utf-8\\?Q\\?|[.,<>&\" ]|From ){0,20}"].prop_map(|text| PersonName::parse(&text).ok())
}

fn edition(text: String, html: String, subject: String) -> Edition {
    let address = |text: &str| EmailAddress::parse(text).unwrap();
    Edition {
        issue: "2014-12".parse().unwrap(),
        hash: "ab".repeat(32),
        subject,
        lang: "en".to_owned(),
        archived_at: "https://news.example.org/issues/2014-12".to_owned(),
        sender: Sender {
            name: None,
            address: address("desk@news.example.org"),
            reply_to: address("editor@news.example.org"),
            base_url: "https://news.example.org".to_owned(),
            bounce_domain: "bounce.news.example.org".to_owned(),
            sender_id: "newsexampleorg".to_owned(),
        },
        html,
        text,
        mark: MARK.to_owned(),
    }
}

fn delivery(name: Option<PersonName>) -> Delivery {
    Delivery {
        mailing: MailingId(12),
        subscriber: SubscriberId(70_000),
        address: EmailAddress::parse("jane@example.org").unwrap(),
        name,
        list: "general".parse().unwrap(),
        format: masthead::subscription::Format::Html,
        list_number: 1,
        provider: masthead::mailing::ProviderId::other(),
        attempt: 1,
        first_attempt_at: jiff::Timestamp::UNIX_EPOCH,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn d6_every_body_is_its_own_relaxed_form(text in part(), html in part(), reader in name(), list in name()) {
        let list_name = list.map_or_else(|| "General".to_owned(), |name| name.as_str().to_owned());
        let list = List { id: "general".parse().unwrap(), name: list_name, description: String::new(), lang: None, frequency: String::new() };
        let composer = Composer::new(&edition(text, html, "x".to_owned()), &[list], Keys::new(1, &[7; 32]));
        let octets = composer.compose(&delivery(reader)).unwrap().octets;
        let body = octets.windows(4).position(|octets| octets == b"\r\n\r\n").unwrap() + 4;
        prop_assert_eq!(String::from_utf8(relaxed_body(&octets[body..])).unwrap(), std::str::from_utf8(&octets[body..]).unwrap());
    }

    #[test]
    fn t1_every_head_has_the_same_fields(subject in "\\PC{0,90}|[ -~\\r\\n]{1,60}", reader in name()) {
        let list = List { id: "general".parse().unwrap(), name: "General".to_owned(), description: String::new(), lang: None, frequency: String::new() };
        let composer = Composer::new(&edition(String::new(), String::new(), subject), &[list], Keys::new(1, &[7; 32]));
        let Ok(message) = composer.compose(&delivery(reader)) else { return Ok(()) };
        let read = mail_parser::MessageParser::default().parse(&message.octets).unwrap();
        prop_assert_eq!(read.headers().len(), 22);
    }
}
