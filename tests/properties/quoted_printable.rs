//! STANDARDS M1, M13, M14: any text survives quoted-printable, whole or in pieces, on lines that no relay touches.

use masthead::edition::html::escape;
use masthead::edition::quoted_printable::{encode, encode_escaped_slot, encode_last, encode_segment, encode_slot};
use proptest::prelude::*;

/// A decoder written from RFC 2045 §6.7 alone; it refuses whatever that section calls illegal.
fn decode(encoded: &str) -> String {
    let mut octets = Vec::new();
    let mut lines = encoded.split("\r\n").peekable();
    while let Some(line) = lines.next() {
        let (line, soft) = line.strip_suffix('=').map_or((line, false), |line| (line, true));
        let mut bytes = line.bytes();
        while let Some(byte) = bytes.next() {
            if byte == b'=' {
                let digits: Vec<u8> = bytes.by_ref().take(2).collect();
                assert!(digits.iter().all(|d| d.is_ascii_digit() || (b'A'..=b'F').contains(d)), "{encoded:?}");
                octets.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
            } else {
                octets.push(byte);
            }
        }
        if !soft && lines.peek().is_some() {
            octets.extend_from_slice(b"\r\n");
        }
    }
    String::from_utf8(octets).unwrap()
}

fn check_lines(encoded: &str) -> Result<(), TestCaseError> {
    for line in encoded.split("\r\n") {
        prop_assert!(line.len() <= 76, "{} characters: {line:?}", line.len());
        prop_assert!(line.bytes().all(|b| (b' '..=b'~').contains(&b)) && !line.contains("  "), "{line:?}");
        prop_assert!(!line.starts_with('.') && !line.starts_with("From "), "{line:?}");
        prop_assert!(!line.ends_with(' '), "{line:?}");
        let mut whole = Vec::new();
        for part in line.trim_end_matches('=').split('=').skip(1) {
            whole.push(u8::from_str_radix(&part[..2], 16).unwrap());
            if part.len() > 2 {
                prop_assert!(std::str::from_utf8(&whole).is_ok(), "a character is split: {line:?}");
                whole.clear();
            }
        }
        prop_assert!(std::str::from_utf8(&whole).is_ok(), "a character is split: {line:?}");
    }
    Ok(())
}

/// What a text is once its line ends are those of mail.
fn with_crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[ -~]{0,40}",
        "\\PC{0,12}",
        "[a-z]{60,200}",
        Just("\r\n".to_owned()),
        Just("\n".to_owned()),
        Just("\r".to_owned()),
        Just(".".to_owned()),
        Just("From ".to_owned()),
        Just(" \t ".to_owned()),
        Just("=\0\u{7f}".to_owned()),
        Just("👩\u{200d}👩\u{200d}👧 é".to_owned()),
    ];
    prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), Just(".".to_owned()), Just("From here".to_owned()), "[^\\r\\n]{0,20}", "[a-zé=. ]{70,260}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn m13_a_whole_text_comes_back(text in text()) {
        let encoded = encode(&text);
        check_lines(&encoded)?;
        prop_assert_eq!(decode(&encoded), with_crlf(&text));
    }

    #[test]
    fn m13_so_it_does_for_an_independent_reader(text in text()) {
        let message = format!("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{}", encode(&text));
        let read = mail_parser::MessageParser::default().parse(message.as_bytes()).unwrap();
        // That reader writes every line end as LF or every one as CRLF, whichever it saw first.
        let plain = |text: &str| text.replace("\r\n", "\n");
        prop_assert_eq!(plain(&read.body_text(0).unwrap()), plain(&text));
    }

    #[test]
    fn m13_pieces_and_values_come_back_joined(pieces in prop::collection::vec((text(), value()), 0..6), last in text()) {
        let mut encoded = Vec::new();
        let mut expected = String::new();
        for (segment, slot) in &pieces {
            let segment = segment.trim_end_matches('\r');
            encode_segment(segment, &mut encoded);
            encode_slot(slot, &mut encoded);
            expected.push_str(&with_crlf(segment));
            expected.push_str(slot);
        }
        encode_last(&last, &mut encoded);
        expected.push_str(&with_crlf(&last));
        let encoded = String::from_utf8(encoded).unwrap();
        check_lines(&encoded)?;
        prop_assert_eq!(decode(&encoded), expected);
    }

    #[test]
    fn t3_escaping_on_the_way_is_as_good_as_escaping_before(value in prop_oneof!["[&<>\"a .é\\r\\n]{0,120}", "\\PC{0,60}", Just("From <".to_owned())]) {
        let entity = |octet| [(b'&', "&amp;"), (b'<', "&lt;"), (b'>', "&gt;"), (b'"', "&quot;")].into_iter().find(|pair| pair.0 == octet).map(|pair| pair.1);
        let (mut before, mut on_the_way) = (Vec::new(), Vec::new());
        encode_slot(&escape(&value), &mut before);
        encode_escaped_slot(&value, entity, &mut on_the_way);
        prop_assert_eq!(before, on_the_way);
    }

    #[test]
    fn t2_a_value_with_breaks_starts_no_line(value in "[a.\\r\\n ]{0,200}") {
        let mut encoded = Vec::new();
        encode_slot(&value, &mut encoded);
        let encoded = String::from_utf8(encoded).unwrap();
        check_lines(&encoded)?;
        prop_assert_eq!(decode(&encoded), value);
    }
}
