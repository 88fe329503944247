//! What an address is, and what is told to somebody who mistyped one.

use super::*;

fn parse(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap_or_else(|fault| panic!("{text:?}: {fault}"))
}

fn fault(text: &str) -> AddressFault {
    EmailAddress::parse(text).map_or_else(|fault| fault, |address| panic!("{text:?} became {address}"))
}

#[test]
fn s6_an_international_domain_goes_out_as_a_labels() {
    assert_eq!(parse("Leser@BÜCHER.Example").as_str(), "Leser@xn--bcher-kva.example");
    assert_eq!(parse("leser@bu\u{308}cher.example"), parse("leser@xn--bcher-kva.example"));
    assert_eq!(parse("jane@EXAMPLE．com").domain(), "example.com");
    assert_eq!(parse("jane@faß.example").domain(), "xn--fa-hia.example");
    assert!(!parse("leser@bücher.example").needs_smtputf8());
}

#[test]
fn s6_only_a_local_part_beyond_ascii_needs_smtputf8() {
    let address = parse("jo\u{308}rg@example.org");
    assert_eq!((address.local(), address.domain()), ("j\u{f6}rg", "example.org"));
    assert!(address.needs_smtputf8());
}

#[test]
fn odd_but_honest_addresses_are_taken() {
    for text in [
        "a!#$%&'*/=?^_`{|}~-b@example.com",
        "+tag@example.com",
        "=x@example.com",
        "-dash@example.com",
        "n@123.example",
        "o'brien@a-b.example",
        "अनामिका@example.net",
    ] {
        assert_eq!(parse(text).as_str(), text);
    }
    assert_eq!(parse(" \tjane@example.org\u{a0}").as_str(), "jane@example.org");
}

#[test]
fn t2_t24_each_mistake_has_its_own_word() {
    use AddressFault as F;
    for (text, expected) in [
        ("", F::Empty),
        (" \u{a0}", F::Empty),
        ("jane.example.org", F::NoAt),
        ("a@b@example.org", F::SeveralAts),
        ("a@example.org,b@example.org", F::SeveralAts),
        ("@example.org", F::NoLocal),
        ("jane@", F::NoDomain),
        ("ja ne@example.org", F::Blank),
        ("jane@exam\u{a0}ple.org", F::Blank),
        ("jane@example.org\r\nBcc: v@y.org", F::Invisible('\r')),
        ("jane@example.org\n", F::Invisible('\n')),
        ("ja\0ne@example.org", F::Invisible('\0')),
        ("jane@exam\u{202e}ple.org", F::Invisible('\u{202e}')),
        ("\u{200b}jane@example.org", F::Invisible('\u{200b}')),
        ("j\u{fffd}rg@example.org", F::LostLetter),
        ("jane(at)x@example.org", F::Character('(')),
        ("mailto:jane@example.org", F::Character(':')),
        ("<jane@example.org> NOTIFY=NEVER", F::Blank),
        ("\"jane roe\"@example.org", F::QuotedLocal),
        ("\"x\r\nBcc: v@y\"@example.org", F::QuotedLocal),
        (".jane@example.org", F::LocalDots),
        ("jane.@example.org", F::LocalDots),
        ("ja..ne@example.org", F::LocalDots),
        ("jane@.example.org", F::DomainDots),
        ("jane@example..org", F::DomainDots),
        ("jane@example.org.", F::DomainDots),
        ("jane@localhost", F::NoDot("localhost".into())),
        ("jane@[192.0.2.1]", F::Literal),
        ("jane@[IPv6:2001:db8::1]", F::Literal),
        ("jane@192.0.2.1", F::Literal),
        ("jane@-example.org", F::Label("-example".into())),
        ("jane@exa_mple.org", F::Label("exa_mple".into())),
        ("jane@example,org", F::Label("example,org".into())),
        ("jane@xn--a\u{e4}.org", F::Label("xn--aä".into())),
        ("jane@xn--zzzzzzzz99999.org", F::Label("xn--zzzzzzzz99999".into())),
        ("'jane@example.org'", F::Label("org'".into())),
    ] {
        assert_eq!(fault(text), expected, "{text:?}");
    }
}

#[test]
fn t24_lengths_are_those_of_the_wire() {
    let local = "l".repeat(64);
    assert!(EmailAddress::parse(&format!("{local}@example.org")).is_ok());
    assert_eq!(fault(&format!("{local}l@example.org")), AddressFault::LongLocal);
    assert_eq!(fault(&format!("{}@example.org", "é".repeat(33))), AddressFault::LongLocal);
    assert_eq!(fault(&format!("jane@{}.org", "d".repeat(64))), AddressFault::LongLabel);
    let domain = [60, 60, 60, 61].map(|n| "d".repeat(n)).join(".");
    assert_eq!(parse(&format!("jane@{domain}.org")).as_str().len(), 253);
    assert!(EmailAddress::parse(&format!("janes@{domain}.org")).is_ok());
    assert_eq!(fault(&format!("janine@{domain}.org")), AddressFault::TooLong);
    assert_eq!(fault(&format!("jane@{domain}.{domain}.org")), AddressFault::TooLong);
}

#[test]
fn t24_the_key_folds_case_and_nothing_else() {
    assert_eq!(parse("JANE@Example.ORG").key(), parse("jane@example.org").key());
    assert_eq!(parse("JÖRG@example.org").key(), parse("jo\u{308}rg@example.org").key());
    assert_ne!(parse("ſam@example.org").key(), parse("sam@example.org").key());
    assert_ne!(parse("straße@example.org").key(), parse("strasse@example.org").key());
    // Their capitals are the same letter, they are not.
    assert_ne!(parse("µ@example.org").key(), parse("μ@example.org").key());
    assert_ne!(parse("о@example.org").key(), parse("o@example.org").key());
    assert_ne!(parse("ja.ne@example.org").key(), parse("jane@example.org").key());
    assert_ne!(parse("jane+x@example.org").key(), parse("jane@example.org").key());
}

#[test]
fn t24_the_kelvin_sign_is_the_letter_k_from_the_start() {
    let address = parse("\u{212a}ate@example.org");
    assert_eq!(address.as_str(), "Kate@example.org");
    assert_eq!(address.key(), "kate@example.org");
}

#[test]
fn a_mailbox_gives_its_name_too() {
    let read = |text: &str| EmailAddress::parse_mailbox(text).map(|(name, address)| (name.map(String::from), String::from(address)));
    let jane = |name: Option<&str>| Ok((name.map(str::to_owned), "jane@example.org".to_owned()));
    assert_eq!(read("jane@example.org"), jane(None));
    assert_eq!(read(" <jane@example.org> "), jane(None));
    assert_eq!(read("MailTo:jane@example.org"), jane(None));
    assert_eq!(read("Jane Roe <jane@example.org>"), jane(Some("Jane Roe")));
    assert_eq!(read(r#""Roe, \"J\"" <jane@example.org>"#), jane(Some(r#"Roe, "J""#)));
    assert_eq!(read(r#""" <jane@example.org>"#), jane(None));
    assert_eq!(read("Jane\r\nBcc: x <jane@example.org>"), Err(AddressFault::Name(NameFault::LineBreak)));
    assert_eq!(read("Jane <jane@example.org"), Err(AddressFault::Character('<')));
    assert_eq!(read("Jane <jane@example.org> x"), Err(AddressFault::Character('<')));
    assert_eq!(read("<a@example.org>, <b@example.org>"), Err(AddressFault::SeveralAts));
}

#[test]
fn masking_keeps_the_domain_and_hides_the_length() {
    assert_eq!(parse("jane@x.org").masked(), "j•••@x.org");
    assert_eq!(parse("j@x.org").masked(), "j•••@x.org");
    assert_eq!(format!("{:?}", parse("jane@x.org")), "EmailAddress(\"jane@x.org\")");
}

#[test]
fn serde_reads_through_the_same_door() {
    let address: EmailAddress = serde_json::from_str("\"Jane@EXAMPLE.org\"").unwrap();
    assert_eq!(serde_json::to_string(&address).unwrap(), "\"Jane@example.org\"");
    assert!(serde_json::from_str::<EmailAddress>("\"jane@localhost\"").is_err());
}
