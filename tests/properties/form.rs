//! What strangers send to the readers' pages: forms, JSON, stamps and links of any octets.

use std::fmt::Write as _;

use jiff::Timestamp;
use masthead::desk::{approval, stamps};
use masthead::store::Proof;
use masthead::subscription::token::Keys;
use masthead::subscription::{EmailAddress, PersonName};
use masthead::web::{Form, Wanted};
use proptest::prelude::*;

const URLENCODED: &str = "application/x-www-form-urlencoded";

/// A field as a browser might send it, with whatever somebody has typed.
fn fields() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec(("[a-z-]{1,12}", "(?s).{0,60}"), 0..20)
}

fn urlencoded(fields: &[(String, String)]) -> String {
    let encode =
        |text: &str| text.bytes().map(|octet| if octet == b' ' { "+".to_owned() } else { format!("%{octet:02X}") }).collect::<String>();
    fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect::<Vec<_>>().join("&")
}

fn multipart(boundary: &str, fields: &[(String, String)]) -> String {
    let mut body = String::new();
    for (name, value) in fields {
        let _ = write!(body, "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    }
    body + &format!("--{boundary}--\r\n")
}

fn read_back(form: &Form, fields: &[(String, String)]) -> Result<(), TestCaseError> {
    for (name, _) in fields {
        let written: Vec<&str> = fields.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str()).collect();
        prop_assert_eq!(form.fields(name).collect::<Vec<_>>(), written);
        prop_assert_eq!(form.field(name), fields.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str()));
    }
    prop_assert_eq!(form.field("a name that nobody wrote"), None);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn l6_a_form_that_was_written_either_way_is_read_back(fields in fields(), boundary in "[A-Za-z0-9'()+_,./:=?-]{8,70}") {
        read_back(&Form::of(URLENCODED, urlencoded(&fields).as_bytes()), &fields)?;
        prop_assume!(fields.iter().all(|(_, value)| !value.contains(&boundary)));
        let kind = format!("multipart/form-data; boundary=\"{boundary}\"");
        read_back(&Form::of(&kind, multipart(&boundary, &fields).as_bytes()), &fields)?;
    }

    #[test]
    fn t20_no_octets_and_no_media_type_are_more_than_a_form_can_hold(kind in "\\PC{0,80}", boundary in "[a-z-]{1,4}", body in prop::collection::vec(any::<u8>(), 0..2_000)) {
        for kind in [kind.as_str(), URLENCODED, &format!("multipart/form-data; boundary={boundary}"), &format!("multipart/form-data; {kind}")] {
            let form = Form::of(kind, &body);
            let held: usize = form.field("x").map_or(0, str::len);
            // A lost octet is one sign of three octets.
            prop_assert!(held <= 3 * body.len());
        }
    }

    #[test]
    fn t20_what_looks_like_parts_is_read_without_a_panic(boundary in "[a-c-]{1,3}", body in "([a-c-]|\r\n|--|; ?name=|; ?filename=|\"|:|Content-Disposition: form-data|\\PC){0,60}") {
        let form = Form::of(&format!("multipart/form-data; boundary={boundary}"), body.as_bytes());
        for name in ["", "a", "b", "name"] {
            prop_assert!(form.fields(name).all(|value| value.len() <= body.len()));
        }
    }

    #[test]
    fn t9_a_program_is_read_back_and_nothing_else_is_a_panic(email in "(?s).{0,60}", name in "(?s).{0,60}", lists in prop::collection::vec("(?s).{0,20}", 0..9), stamp in "(?s).{0,60}", octets in prop::collection::vec(any::<u8>(), 0..500)) {
        let body = serde_json::json!({ "email": email, "name": name, "lists": lists, "stamp": stamp }).to_string();
        prop_assert_eq!(Wanted::read(body.as_bytes()), Some(Wanted { email, name, lists, stamp }));
        let _ = Wanted::read(&octets);
        if let Some(cut) = body.get(..body.len() - 1) {
            prop_assert_eq!(Wanted::read(cut.as_bytes()), None);
        }
    }

    #[test]
    fn t2_t4_what_is_taken_for_an_address_or_a_name_has_no_line_break_and_nothing_hidden(text in "(\\PC|\r|\n|\u{202e}|\u{0}|@|\\.|[a-z]){0,40}") {
        let is_hidden = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}');
        if let Ok(address) = EmailAddress::parse(&text) {
            prop_assert!(!address.as_str().contains(is_hidden) && address.as_str().matches('@').count() == 1);
        }
        if let Ok(name) = PersonName::parse(&text) {
            prop_assert!(!name.as_str().contains(is_hidden));
        }
    }

    #[test]
    fn t6_no_text_is_a_stamp_or_a_link_of_an_editor(text in "[A-Za-z0-9_-]{0,60}", any in "\\PC{0,60}") {
        let keys = Keys::new(1, &[7; 32]);
        let proof = Proof { issue: "2014-12".parse().unwrap(), edition: "0".repeat(64), draft: String::new(), at: Timestamp::UNIX_EPOCH };
        let editor = EmailAddress::parse("ada@example.org").unwrap();
        for text in [text, any] {
            prop_assert_eq!(stamps::age(&keys, "join", &text, Timestamp::UNIX_EPOCH), None);
            prop_assert!(!approval::opens(&keys, &proof, &editor, &text));
        }
        prop_assert!(approval::opens(&keys, &proof, &editor, &approval::token(&keys, &proof, &editor)));
    }

    #[test]
    fn t6_a_stamp_tells_its_own_age_and_nothing_for_another_form(about in "\\PC{0,20}", other in "\\PC{0,20}", shown in -1_000_000_000_000_i64..=4_000_000_000_000, later in 0_i64..=1_000_000_000_000) {
        let keys = Keys::new(1, &[7; 32]);
        let at = |millisecond| Timestamp::from_millisecond(millisecond).unwrap();
        let stamp = stamps::stamp(&keys, &about, at(shown));
        prop_assert_eq!(stamps::age(&keys, &about, &stamp, at(shown + later)).map(|age| age.as_millis()), Some(i128::from(later)));
        prop_assume!(about != other);
        prop_assert_eq!(stamps::age(&keys, &other, &stamp, at(shown + later)), None);
    }
}
