//! Findings about settings, which operators write.

use std::path::Path;

use masthead::config;
use masthead::diagnostic::Source;

use crate::room::listed;

/// The codes that the tests of this file bring forth.
pub(crate) const CODES: &[&str] = &["config", "config-value", "environment-unknown", "list-missing"];

const GOOD: &str = "[publication]\nname = \"The Lantern\"\nfrom = \"The Lantern <desk@news.example.org>\"\n\
                    base_url = \"https://news.example.org\"\ntime_zone = \"America/New_York\"\npostal_address = \"7 Quay Street\"\n\
                    [store]\nurl = \"sqlite:data/masthead.db\"\n[[relay]]\nname = \"main\"\nurl = \"folder:outbox\"\n";
const LIST: &str = "[[list]]\nid = \"general\"\nname = \"General\"\n";

const DKIM: &str = "[dkim]\ndomain = \"news.example.org\"\nselector = \"nl2026\"\nkey_file = \"k1\"\n";
const NEXT: &str = "next_selector = \"nl2027\"\nnext_key_file = \"k2\"\n";

fn found(text: &str, environment: &[(&str, &str)]) -> Vec<String> {
    let environment: Vec<_> = environment.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let source = Source::new("config/masthead.toml", text);
    listed(&config::parse(&source, Path::new("/newsroom"), &environment, jiff::Timestamp::UNIX_EPOCH).diagnostics)
}

#[test]
fn settings_are_told_with_their_place() {
    let cases: [(String, &[&str]); 13] = [
        (format!("{GOOD}{LIST}"), &[]),
        ("[publication\n".to_owned(), &["error config 1:13"]),
        (format!("{GOOD}colour = 1\n{LIST}"), &["error config 12:1"]),
        (GOOD.to_owned(), &["error list-missing 1:1"]),
        (format!("{}{LIST}", GOOD.replace("America/New_York", "Mars/Olympus")), &["error config-value 5:13"]),
        (format!("{GOOD}{LIST}[schedule]\ncron = \"0 0 9 1-7 * 1\"\n"), &["error config-value 16:8"]),
        (
            format!("{GOOD}{LIST}[dkim]\ndomain = \"other.example.net\"\nselector = \"a b\"\nkey_file = \"k\"\n"),
            &["error config-value 16:10", "error config-value 17:12"],
        ),
        (format!("{GOOD}{LIST}{DKIM}{NEXT}next_from = \"2027-01-15\"\n"), &[]),
        (format!("{GOOD}{LIST}{DKIM}ed25519_selector = \"ed\"\ned25519_key_file = \"k3\"\n"), &[]),
        (format!("{GOOD}{LIST}{DKIM}{NEXT}"), &["error config-value 19:17"]),
        (format!("{GOOD}{LIST}{DKIM}{NEXT}next_from = \"soon\"\n"), &["error config-value 21:13"]),
        (format!("{GOOD}{LIST}{DKIM}next_from = \"2027-01-15\"\n"), &["error config-value 19:13"]),
        (format!("{GOOD}{LIST}{DKIM}ed25519_selector = \"nl2026\"\n"), &["error config-value 19:20", "error config-value 19:20"]),
    ];
    for (text, wanted) in cases {
        assert_eq!(found(&text, &[]), wanted, "{text}");
    }
    assert_eq!(found(&format!("{GOOD}{LIST}"), &[("MASTHEAD_COLOUR", "x")]), ["warning environment-unknown nowhere"]);
}

#[test]
fn d5_the_next_key_takes_over_by_the_clock_of_the_publication() {
    for (written, instant) in [
        ("2027-01-15", "2027-01-15T05:00:00Z"),
        ("2027-01-15 09:00", "2027-01-15T14:00:00Z"),
        ("2027-01-15T09:00:00Z", "2027-01-15T09:00:00Z"),
    ] {
        let source = Source::new("config/masthead.toml", format!("{GOOD}{LIST}{DKIM}{NEXT}next_from = \"{written}\"\n"));
        let config = config::parse(&source, Path::new("/newsroom"), &[], jiff::Timestamp::UNIX_EPOCH).clean().unwrap().0;
        let (from, key) = config.dkim.unwrap().next.unwrap();
        assert_eq!((from.to_string().as_str(), key.selector.as_str()), (instant, "nl2027"), "{written}");
    }
}
