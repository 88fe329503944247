//! How a report reads: in columns, in lines that fit, and with nothing in it that a server slipped in.

use super::*;
use crate::edition::views::PublicationView;

fn press() -> Press {
    Press::new(&[]).value.unwrap()
}

fn view() -> ReportView {
    ReportView {
        publication: PublicationView {
            name: "Lantern Street Letter".to_owned(),
            tagline: None,
            url: "https://news.example.org/".to_owned(),
            postal_address: "9 Lantern Street".to_owned(),
            privacy_url: None,
            reply_address: "editor@news.example.org".to_owned(),
            logo: None,
        },
        issue: "2014-12".to_owned(),
        label: "December/January 2015".to_owned(),
        title: "Reading in winter".to_owned(),
        state: "out",
        began: "Monday, December 1, 2014, 09:00".to_owned(),
        ended: Some("Monday, December 1, 2014, 11:14".to_owned()),
        duration: Some("2 h 14 min".to_owned()),
        total: 12_400,
        accepted: 12_340,
        deferred: 0,
        refused: 50,
        expired: 0,
        withheld: 10,
        doubtful: 0,
        open: 0,
        halted: None,
        providers: vec![share("google", 8_000, 7_960, 40), share("other", 4_390, 4_380, 10)],
        reasons: vec![
            reason(40, "google", "550 5.1.1 The email account that you tried to reach does not exist. Please try double-checking"),
            reason(9, "other", "550 5.7.1 no"),
        ],
        advice: vec![
            "Some providers turned the message away as a matter of policy. Look at the reasons below, at SPF, DKIM and DMARC".to_owned(),
        ],
    }
}

fn share(name: &str, total: u64, accepted: u64, refused: u64) -> ProviderShareView {
    ProviderShareView { name: name.to_owned(), total, accepted, deferred: 0, refused, expired: 0 }
}

fn reason(many: u64, provider: &str, answer: &str) -> ReasonView {
    ReasonView { many, provider: provider.to_owned(), fate: "refused".to_owned(), answer: answer.to_owned() }
}

#[test]
fn a_report_tells_first_what_to_do_then_the_figures_then_the_reasons() {
    let (subject, text) = report(&view(), &press()).unwrap();
    assert_eq!(subject, "2014-12 is out: 12,340 of 12,400 accepted");
    let wanted = "\
Lantern Street Letter, December/January 2015
Reading in winter

2014-12 is out.


WHAT TO DO

* Some providers turned the message away as a matter of policy. Look at
  the reasons below, at SPF, DKIM and DMARC


FIGURES

12,340  accepted
    50  refused
    10  withheld: the reader had left, or is not written to
12,400  in all

Began Monday, December 1, 2014, 09:00
Ended Monday, December 1, 2014, 11:14
Took  2 h 14 min


PROVIDERS

provider  total  accepted  refused
google    8,000     7,960       40
other     4,390     4,380       10


REASONS

40  google refused: 550 5.1.1 The email account that you tried to reach
    does not exist. Please try double-checking
 9  other refused: 550 5.7.1 no


All of it, line by line: masthead deliveries 2014-12
";
    assert_eq!(text, wanted);
}

#[test]
fn the_subject_says_how_it_stands() {
    let subject = |state: &'static str, halted: Option<&str>| {
        let view = ReportView { state, halted: halted.map(str::to_owned), ..view() };
        report(&view, &press()).unwrap().0
    };
    assert_eq!(subject("paused", Some("google is paused")), "2014-12 has stopped: google is paused");
    assert_eq!(subject("under way", None), "2014-12 is under way: 12,340 of 12,400 accepted");
    assert_eq!(subject("cancelled", Some("it was asked to stop")), "2014-12 is cancelled: 12,340 of 12,400 accepted before");
}

#[test]
fn a_report_of_nothing_is_short() {
    let none = ReportView {
        providers: Vec::new(),
        reasons: Vec::new(),
        advice: Vec::new(),
        ended: None,
        duration: None,
        total: 3,
        accepted: 0,
        refused: 0,
        withheld: 0,
        open: 3,
        state: "under way",
        ..view()
    };
    let (_, text) = report(&none, &press()).unwrap();
    assert!(text.contains("\nFIGURES\n\n0  accepted\n3  not sent yet\n3  in all\n\nBegan "), "{text}");
    for absent in ["WHAT TO DO", "PROVIDERS", "REASONS", "Ended", "Took"] {
        assert!(!text.contains(absent), "{absent}: {text}");
    }
}

#[test]
fn m8_m16_what_a_server_said_neither_hides_nor_lengthens_anything() {
    let evil = "relay said \u{202e}\r\nBcc: v@example.org\u{0} ".to_owned() + &"é".repeat(200);
    let view =
        ReportView { state: "paused", halted: Some(evil), reasons: vec![reason(1, "other", "550 \u{200b}\u{7}no\r\nmore")], ..view() };
    let (subject, text) = report(&view, &press()).unwrap();
    assert!(!subject.chars().any(is_hidden) && subject.starts_with("2014-12 has stopped: relay said Bcc: v@example.org"), "{subject}");
    assert!(subject.ends_with("é..."), "{subject}");
    assert!(!text.chars().any(|c| c != '\n' && is_hidden(c)), "{text:?}");
}

#[test]
fn x1_every_line_fits_and_a_provider_with_a_long_name_stands_alone() {
    let name = format!("{}.example.org", "long-label".repeat(6));
    let mut long = view();
    long.providers.push(ProviderShareView { name: name.clone(), total: 1, accepted: 0, deferred: 1, refused: 0, expired: 1 });
    long.title = "word ".repeat(40);
    let (_, text) = report(&long, &press()).unwrap();
    for line in text.lines().filter(|line| *line != name) {
        assert!(line.chars().count() <= WIDTH, "{line}");
    }
    assert!(text.contains(&format!("\n{name}\n              1         0         1        0        1\n")), "{text}");
}

#[test]
fn thousands_are_set_apart() {
    for (number, wanted) in [(0, "0"), (999, "999"), (1_000, "1,000"), (12_340, "12,340"), (1_234_567, "1,234,567")] {
        assert_eq!(grouped(number), wanted);
    }
}
