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

fn found(text: &str, environment: &[(&str, &str)]) -> Vec<String> {
    let environment: Vec<_> = environment.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let source = Source::new("config/masthead.toml", text);
    listed(&config::parse(&source, Path::new("/newsroom"), &environment, jiff::Timestamp::UNIX_EPOCH).diagnostics)
}

#[test]
fn settings_are_told_with_their_place() {
    let cases: [(String, &[&str]); 9] = [
        (format!("{GOOD}{LIST}"), &[]),
        ("[publication\n".to_owned(), &["error config 1:13"]),
        (format!("{GOOD}colour = 1\n{LIST}"), &["error config 12:1"]),
        (GOOD.to_owned(), &["error list-missing 1:1"]),
        (format!("{GOOD}auth = \"xoauth2\"\ndsn = true\nidle = \"90s\"\n{LIST}"), &[]),
        (format!("{GOOD}auth = \"kerberos\"\nidle = \"soon\"\n{LIST}"), &["error config-value 12:8", "error config-value 13:8"]),
        (format!("{}{LIST}", GOOD.replace("America/New_York", "Mars/Olympus")), &["error config-value 5:13"]),
        (format!("{GOOD}{LIST}[schedule]\ncron = \"0 0 9 1-7 * 1\"\n"), &["error config-value 16:8"]),
        (
            format!("{GOOD}{LIST}[dkim]\ndomain = \"other.example.net\"\nselector = \"a b\"\nkey_file = \"k\"\n"),
            &["error config-value 16:10", "error config-value 17:12"],
        ),
    ];
    for (text, wanted) in cases {
        assert_eq!(found(&text, &[]), wanted, "{text}");
    }
    assert_eq!(found(&format!("{GOOD}{LIST}"), &[("MASTHEAD_COLOUR", "x")]), ["warning environment-unknown nowhere"]);
}
