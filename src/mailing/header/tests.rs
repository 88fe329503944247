//! How each kind of line looks, and what is kept out.

use super::*;

fn written(write: impl FnOnce(&mut HeaderBlock) -> Result<&mut HeaderBlock, HeaderFault>) -> String {
    let mut head = HeaderBlock::new();
    write(&mut head).unwrap_or_else(|fault| panic!("{fault}"));
    head.into_string()
}

fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

#[test]
fn m2_plain_text_is_folded_at_its_blanks() {
    assert_eq!(written(|head| head.text("Subject", "Kinship care in winter")), "Subject: Kinship care in winter\r\n");
    let long = format!("{} {} {}", "a".repeat(60), "b".repeat(60), "c".repeat(60));
    assert_eq!(
        written(|head| head.text("Subject", &long)),
        format!("Subject: {}\r\n {}\r\n {}\r\n", "a".repeat(60), "b".repeat(60), "c".repeat(60))
    );
}

#[test]
fn m9_other_text_becomes_encoded_words_of_whole_characters() {
    assert_eq!(written(|head| head.text("Subject", "Été!")), "Subject: =?utf-8?Q?=C3=89t=C3=A9!?=\r\n");
    assert_eq!(written(|head| head.text("Subject", "a   b")), "Subject: a   b\r\n");
    assert!(written(|head| head.text("Subject", &format!("a   {}", "b ".repeat(40).trim()))).starts_with("Subject: =?utf-8?Q?a___b_b_"));
    assert_eq!(written(|head| head.text("Subject", " a")), "Subject: =?utf-8?Q?_a?=\r\n");
    let long = written(|head| head.text("Subject", &"é".repeat(19)));
    assert_eq!(long, format!("Subject: =?utf-8?Q?{}?=\r\n =?utf-8?Q?{}?=\r\n", "=C3=A9".repeat(9), "=C3=A9".repeat(10)));
}

#[test]
fn m9_text_that_looks_encoded_is_shown_as_it_is() {
    assert_eq!(written(|head| head.text("Subject", "=?utf-8?Q?x?=")), "Subject: =?utf-8?Q?=3D=3Futf-8=3FQ=3Fx=3F=3D?=\r\n");
    assert_eq!(
        written(|head| head.mailbox("To", Some("=?utf-8?Q?x?="), &address("a@x.org"))),
        "To: =?utf-8?Q?=3D=3Futf-8=3FQ=3Fx=3F=3D?= <a@x.org>\r\n"
    );
}

#[test]
fn m10_a_display_name_is_atoms_quoted_or_encoded() {
    let to = |name: &str| written(|head| head.mailbox("To", Some(name), &address("a@x.org")));
    assert_eq!(to("Jane Roe"), "To: Jane Roe <a@x.org>\r\n");
    assert_eq!(to("Roe, Jane (Dr.)"), "To: \"Roe, Jane (Dr.)\" <a@x.org>\r\n");
    assert_eq!(to(r#"J "the \ pen" R"#), "To: \"J \\\"the \\\\ pen\\\" R\" <a@x.org>\r\n");
    assert_eq!(to("Zoë, \"Z\""), "To: =?utf-8?Q?Zo=C3=AB=2C_=22Z=22?= <a@x.org>\r\n");
    assert_eq!(to("a  b"), "To: \"a  b\" <a@x.org>\r\n");
    assert_eq!(written(|head| head.mailbox("To", None, &address("a@x.org"))), "To: a@x.org\r\n");
}

#[test]
fn m2_a_long_address_moves_to_the_next_line() {
    let long = address(&format!("{}@{}.org", "l".repeat(64), "d".repeat(60)));
    assert_eq!(written(|head| head.mailbox("To", Some("Jane"), &long)), format!("To: Jane\r\n <{long}>\r\n"));
}

#[test]
fn l2_uris_stand_one_a_line_and_whole() {
    let long = format!("https://news.example.org/u/{}", "x".repeat(90));
    assert_eq!(
        written(|head| head.uris("List-Unsubscribe", &[&long, "mailto:unsub+a@news.example.org"])),
        format!("List-Unsubscribe: <{long}>,\r\n <mailto:unsub+a@news.example.org>\r\n")
    );
    for odd in ["", "https://x y", "https://x>,<mailto:v@y", "https://é.example", "https://x\r\nBcc: v@y"] {
        assert!(matches!(HeaderBlock::new().uris("List-Help", &[odd]), Err(HeaderFault::Value { .. })), "{odd:?}");
    }
    assert_eq!(HeaderBlock::new().uris("List-Help", &[]), Err(HeaderFault::Empty("List-Help")));
}

#[test]
fn l1_a_list_id_has_its_phrase() {
    assert_eq!(
        written(|head| head.phrase_and_id("List-Id", "Children's Bureau Express: General", "general.news.example.org")),
        "List-Id: \"Children's Bureau Express: General\" <general.news.example.org>\r\n"
    );
}

#[test]
fn m11_parameters_are_tokens_quoted_or_percent_encoded() {
    let line = |key, value: &str| written(|head| head.with_parameters("Content-Type", "text/plain", &[(key, value)]));
    assert_eq!(line("charset", "utf-8"), "Content-Type: text/plain; charset=utf-8\r\n");
    assert_eq!(line("boundary", "=_a b\"c"), "Content-Type: text/plain; boundary=\"=_a b\\\"c\"\r\n");
    assert_eq!(line("name", "Été 1.txt"), "Content-Type: text/plain; name*=utf-8''%C3%89t%C3%A9%201.txt\r\n");
    let long = "x".repeat(60);
    assert_eq!(line("boundary", &long), format!("Content-Type: text/plain;\r\n boundary={long}\r\n"));
}

#[test]
fn t1_no_value_begins_a_line_of_its_own() {
    let mut head = HeaderBlock::new();
    head.plain("Auto-Submitted", "auto-generated").unwrap();
    let before = head.clone();
    for evil in
        ["x\r\nBcc: v@y.org", "x\nBcc: v@y.org", "x\rBcc", "x\0", "x\ty", "x\u{85}y", "x\u{2028}Bcc: v@y.org", "x\u{202e}y", "\u{feff}x"]
    {
        assert!(head.text("Subject", evil).is_err(), "{evil:?}");
        assert!(head.mailbox("From", Some(evil), &address("a@x.org")).is_err(), "{evil:?}");
        assert!(head.phrase_and_id("List-Id", evil, "a.x.org").is_err(), "{evil:?}");
        assert!(head.phrase_and_id("List-Id", "a", evil).is_err(), "{evil:?}");
        assert!(head.plain("Date", evil).is_err(), "{evil:?}");
        assert!(head.id("Message-ID", evil).is_err(), "{evil:?}");
        assert!(head.with_parameters("Content-Type", "text/plain", &[("name", evil)]).is_err(), "{evil:?}");
    }
    assert_eq!(head, before);
    assert!(head.text("Subject", "\u{560a}\u{560d}Bcc: v@y.org").is_ok(), "letters whose low octets are CR and LF are letters");
}

#[test]
fn m3_each_field_stands_once_and_has_something_to_say() {
    let mut head = HeaderBlock::new();
    head.text("Subject", "one").unwrap();
    assert_eq!(head.text("SUBJECT", "two"), Err(HeaderFault::Twice("SUBJECT")));
    assert_eq!(head.text("X-A\r\n\r\nInjected", "x"), Err(HeaderFault::Name("X-A\r\n\r\nInjected")));
    assert_eq!(head.text("Comments", ""), Err(HeaderFault::Empty("Comments")));
    assert_eq!(head.names(), ["Subject"]);
}

#[test]
fn m8_a_head_has_an_end() {
    let mut head = HeaderBlock::new();
    assert_eq!(head.text("Subject", &"word ".repeat(2000)), Err(HeaderFault::TooLong("Subject")));
    assert_eq!(head.uris("List-Help", &[&"x".repeat(1000)]), Err(HeaderFault::TooLong("List-Help")));
    assert_eq!(head.as_str(), "");
}

#[test]
fn m3_m8_a_block_brings_its_fields_along_but_no_second_one() {
    let block = |write: fn(&mut HeaderBlock) -> Result<&mut HeaderBlock, HeaderFault>| {
        let mut block = HeaderBlock::new();
        write(&mut block).unwrap();
        block
    };
    let constant = block(|block| block.plain("Precedence", "bulk")?.plain("List-Post", "NO"));
    let mut head = block(|block| block.plain("MIME-Version", "1.0"));
    head.block(&constant).unwrap();
    assert_eq!(head.as_str(), "MIME-Version: 1.0\r\nPrecedence: bulk\r\nList-Post: NO\r\n");
    assert_eq!(head.names(), ["MIME-Version", "Precedence", "List-Post"]);
    assert_eq!(head.plain("list-post", "NO"), Err(HeaderFault::Twice("list-post")));
    let before = head.clone();
    assert_eq!(head.block(&constant), Err(HeaderFault::Twice("Precedence")));
    let long = block(|block| block.text("Comments", &"word ".repeat(1000)));
    let longer = block(|block| block.text("Keywords", &"word ".repeat(1000)));
    assert_eq!(long.clone().block(&longer), Err(HeaderFault::TooLong("Keywords")));
    assert_eq!(head, before);
}
