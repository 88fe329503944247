//! STANDARDS M2, M9, M10, T1: whatever a person calls an issue or himself, the head keeps its lines and says just that.

use mail_parser::MessageParser;
use masthead::mailing::header::HeaderBlock;
use masthead::subscription::{EmailAddress, PersonName};
use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization;

fn address() -> EmailAddress {
    EmailAddress::parse("reader@example.org").unwrap()
}

/// What people type, and what they should not.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => "[ -~]{0,30}",
        8 => "\\PC{0,10}",
        4 => "[a-zA-Z]{1,12} {1,3}",
        2 => "[a-z]{60,120}",
        2 => Just("=?utf-8?Q?=41?=".to_owned()),
        2 => Just("=?UTF-8?B?QUFB?= =?x".to_owned()),
        2 => Just("\"\\<>@,;:()[].".to_owned()),
        2 => Just("👩\u{200d}👧 漢字かな".to_owned()),
        1 => "\\PC*",
        1 => prop_oneof![Just("\r\nBcc: v@y.org"), Just("\n"), Just("\r"), Just("\0"), Just("\u{2028}"), Just("\u{202e}")].prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

fn check_lines(head: &str) -> Result<(), TestCaseError> {
    prop_assert!(head.is_ascii());
    prop_assert!(head.ends_with("\r\n"));
    for line in head.trim_end_matches("\r\n").split("\r\n") {
        prop_assert!(!line.contains(['\r', '\n', '\0']), "{line:?}");
        prop_assert!(!line.trim().is_empty(), "a line of blanks in {head:?}");
        prop_assert!(line.len() <= 78, "{} octets: {line:?}", line.len());
        prop_assert!(!line.contains("=?utf-8?Q?") || line.len() <= 76, "{} octets: {line:?}", line.len());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn t1_a_subject_is_read_back_as_written(subject in text()) {
        let mut head = HeaderBlock::new();
        head.plain("MIME-Version", "1.0").unwrap();
        let count = if head.text("Subject", &subject).is_ok() { 3 } else { 2 };
        head.plain("Auto-Submitted", "auto-generated").unwrap();
        check_lines(head.as_str())?;
        let message = head.into_string() + "\r\nbody\r\n";
        let read = MessageParser::default().parse(message.as_bytes()).unwrap();
        prop_assert_eq!(read.headers().len(), count);
        if count == 3 {
            let composed: String = subject.nfc().collect();
            prop_assert_eq!(read.subject().unwrap_or_default(), composed, "{}", message);
        }
    }

    #[test]
    fn t1_a_name_is_read_back_as_written(name in text()) {
        let Ok(name) = PersonName::parse(&name) else { return Ok(()) };
        let mut head = HeaderBlock::new();
        head.mailbox("From", Some(name.as_str()), &address()).unwrap();
        head.mailbox("To", Some(name.as_str()), &address()).unwrap();
        head.phrase_and_id("List-Id", name.as_str(), "general.example.org").unwrap();
        check_lines(head.as_str())?;
        let message = head.into_string() + "\r\nbody\r\n";
        let read = MessageParser::default().parse(message.as_bytes()).unwrap();
        prop_assert_eq!(read.headers().len(), 3);
        for field in [read.from(), read.to()] {
            let mailboxes = field.unwrap().as_list().unwrap();
            prop_assert_eq!(mailboxes.len(), 1, "{}", message);
            prop_assert_eq!(mailboxes[0].address(), Some("reader@example.org"), "{}", message);
            prop_assert_eq!(mailboxes[0].name().unwrap_or_default(), name.as_str(), "{}", message);
        }
    }

    #[test]
    fn m11_a_parameter_is_read_back_as_written(value in text()) {
        let mut head = HeaderBlock::new();
        if head.with_parameters("Content-Type", "text/plain", &[("charset", "utf-8"), ("name", &value)]).is_err() {
            return Ok(());
        }
        let message = head.into_string() + "\r\nbody\r\n";
        prop_assert!(message.is_ascii());
        let read = MessageParser::default().parse(message.as_bytes()).unwrap();
        prop_assert_eq!(read.headers().len(), 1);
    }
}
