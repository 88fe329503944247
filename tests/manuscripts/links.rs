//! What is told of links that were tried: each kind of end at its line, and never an error.

use jiff::Timestamp;
use masthead::diagnostic::Diagnostic;
use masthead::edition::{Edition, Press, render};
use masthead::issue::known_links::{LinkEnd, LinkState, LinkStates};
use masthead::issue::{addresses, learn};

use crate::room::{imprint, listed, read, under_front};

/// The codes that the tests of this file bring forth.
pub(crate) const CODES: &[&str] = &["link-dead", "link-moved", "link-refused", "link-untried", "links-unreachable"];

fn ended(url: &str, end: LinkEnd) -> LinkState {
    LinkState {
        url: url.to_owned(),
        tried_at: Timestamp::UNIX_EPOCH,
        end,
        final_url: url.to_owned(),
        moved_to: None,
        media_type: None,
        octets: None,
        etag: None,
        last_modified: None,
    }
}

/// What is found, and what is printed, of a body whose links came to this.
fn learned(body: &str, states: impl IntoIterator<Item = LinkState>) -> (Vec<Diagnostic>, Edition) {
    let mut issue = read(&under_front(body)).issue.unwrap();
    let found = learn(&mut issue, &states.into_iter().collect::<LinkStates>());
    (found, render(&issue, &imprint(), &Press::new(&[]).value.unwrap()).value.unwrap())
}

fn found(body: &str, states: impl IntoIterator<Item = LinkState>) -> Vec<String> {
    listed(&learned(body, states).0)
}

#[test]
fn every_end_of_a_link_is_told_at_its_line() {
    let url = "https://e.example/a";
    let moved = LinkState { moved_to: Some("https://e.example/b".to_owned()), ..ended(url, LinkEnd::Answered(200)) };
    let cases = [
        (ended(url, LinkEnd::Answered(200)), None),
        (ended(url, LinkEnd::Answered(416)), None),
        (moved, Some("link-moved")),
        (ended(url, LinkEnd::Answered(404)), Some("link-dead")),
        (ended(url, LinkEnd::Answered(410)), Some("link-dead")),
        (ended(url, LinkEnd::NoSuchName), Some("link-dead")),
        (ended(url, LinkEnd::BadCertificate), Some("link-dead")),
        (ended(url, LinkEnd::Loop), Some("link-dead")),
        (ended(url, LinkEnd::NotWeb), Some("link-dead")),
        (ended(url, LinkEnd::Answered(400)), Some("link-untried")),
        (ended(url, LinkEnd::Answered(403)), Some("link-untried")),
        (ended(url, LinkEnd::Answered(429)), Some("link-untried")),
        (ended(url, LinkEnd::Answered(503)), Some("link-untried")),
        (ended(url, LinkEnd::Slow), Some("link-untried")),
        (ended(url, LinkEnd::Unreachable), Some("link-untried")),
        (ended(url, LinkEnd::Broken), Some("link-untried")),
        (ended(url, LinkEnd::OddPort), Some("link-untried")),
        (ended(url, LinkEnd::Private), Some("link-refused")),
    ];
    for (state, code) in cases {
        let wanted: Vec<String> = code.into_iter().map(|code| format!("warning {code} 8:5")).collect();
        assert_eq!(found("# H\n\nSee [the page](https://e.example/a#part).\n", [state.clone()]), wanted, "{state:?}");
    }
}

#[test]
fn links_are_met_wherever_they_stand() {
    let places = [
        "[a](https://e.example/1)\n\n# H\n\nText.\n",
        "# H\n\n- [a](https://e.example/1)\n",
        "# H\n\n> **[a](https://e.example/1)**\n",
        "# H\n\n| A |\n|---|\n| [a](https://e.example/1) |\n",
        "# H\n\nText.[^1]\n\n[^1]: [a](https://e.example/1)\n",
        "# H\n\nText.\n\n# [a](https://e.example/1)\n\nText.\n",
        "# H\n\nText.\n\n# S\n\n## P\n\n[a](https://e.example/1)\n",
        "# H\n\nText.\n\n## Related Items\n\n- [a](https://e.example/1)\n",
        "# H\n\nText.\n\n## Related Items\n\n- [The title](https://news.example.org/x) — see [a](https://e.example/1)\n",
    ];
    for body in places {
        let issue = read(&under_front(body)).issue.unwrap();
        assert_eq!(addresses(&issue, "https://news.example.org"), ["https://e.example/1"], "{body}");
        let told = learned(body, [ended("https://e.example/1", LinkEnd::NoSuchName)]).0;
        let line = 6 + body.lines().position(|line| line.contains("e.example")).unwrap();
        assert_eq!(told.iter().map(|found| found.position().unwrap().line).collect::<Vec<_>>(), [line], "{body}");
    }
}

#[test]
fn only_other_peoples_pages_are_tried_and_each_once() {
    let body = "# H\n\n[a](https://E.example/1#x) [b](https://E.example/1#y) [c](mailto:a@e.example) [d](tel:123) [e](issue:2026-04) [f](/about) \
                [g](https://news.example.org) [h](https://news.example.org.e.example/) [i](HTTP://e.example/2) [j](//e.example/3)\n";
    let issue = read(&under_front(body)).issue.unwrap();
    let wanted = ["https://E.example/1", "https://news.example.org.e.example/", "HTTP://e.example/2", "https://e.example/3"];
    assert_eq!(addresses(&issue, "https://news.example.org"), wanted);
}

#[test]
fn an_address_that_no_store_finds_again_is_not_tried() {
    let [kept, longer] = [2_000, 2_001].map(|octets| format!("https://e.example/{:0>width$}", 1, width = octets - 18));
    let issue = read(&under_front(&format!("# H\n\n[a]({kept}) [b]({longer})\n"))).issue.unwrap();
    assert_eq!(addresses(&issue, "https://news.example.org"), [kept]);
}

#[test]
fn a_network_that_is_not_there_is_told_once() {
    let body = "# H\n\n[a](https://e.example/1) [b](https://f.example/2)\n";
    let silent = || [ended("https://e.example/1", LinkEnd::Unreachable), ended("https://f.example/2", LinkEnd::Slow)];
    assert_eq!(found(body, silent()), ["warning links-unreachable 1:1"]);
    let nameless = silent().map(|state| LinkState { end: LinkEnd::NoSuchName, ..state });
    assert_eq!(found(body, nameless), ["warning links-unreachable 1:1"], "walled networks say this of every name");
    let [one, two] = silent();
    assert_eq!(found(body, [one.clone(), LinkState { end: LinkEnd::Answered(200), ..two }]), ["warning link-untried 8:1"]);
    assert_eq!(found(body, [one]), ["warning link-untried 8:1"], "one silent server is no missing network");
}

#[test]
fn what_the_server_says_of_a_file_is_printed_in_both_parts() {
    let of_type = |media_type: &str, octets| {
        let state = ended("https://e.example/a.pdf", LinkEnd::Answered(200));
        LinkState { media_type: Some(media_type.to_owned()), octets, ..state }
    };
    let cases = [
        (of_type("application/pdf", Some(300_700)), " (PDF, 301 KB)"),
        (of_type("application/pdf", None), " (PDF)"),
        (of_type("application/pdf", Some(0)), " (PDF)"),
        (of_type("application/octet-stream", Some(1_440_000)), " (PDF, 1.4 MB)"),
        (of_type("application/msword", Some(5_000)), " (Word, 5 KB)"),
        (of_type("text/html", Some(5_000)), ""),
        (ended("https://e.example/a.pdf", LinkEnd::Answered(404)), " (PDF)"),
        (LinkState { end: LinkEnd::Slow, ..of_type("application/pdf", Some(300_700)) }, " (PDF, 301 KB)"),
    ];
    for (state, wanted) in cases {
        let edition = learned("# H\n\nRead [the survey](https://e.example/a.pdf) now.\n", [state.clone()]).1;
        assert!(edition.html.contains(&format!("the survey</a>{wanted} now.")), "{state:?}\n{}", edition.html);
        assert!(edition.text.replace('\u{a0}', " ").contains(&format!("the survey{wanted} [1] now.")), "{state:?}\n{}", edition.text);
    }
}
