//! Letters as the library writes them: the report of a mailing that went well, and that of one that stopped.

use masthead::edition::views::{ProviderShareView, PublicationView, ReasonView, ReportView};
use masthead::edition::{Press, Sender, Sheets, report};
use masthead::mailing::letter::Letter;
use masthead::subscription::token::Keys;
use masthead::subscription::{EmailAddress, PersonName};

/// The golden letters by file name.
pub(crate) fn printed() -> [(&'static str, Vec<u8>); 3] {
    [
        ("letter-report-out.eml", composed(&out(), None)),
        ("letter-report-stopped.eml", composed(&stopped(), None)),
        (
            "letter-with-html.eml",
            composed(
                &out(),
                Some("<!DOCTYPE html>\n<html lang=\"en\"><head><title>Report</title></head><body><p>All is well.</p></body></html>\n"),
            ),
        ),
    ]
}

fn composed(view: &ReportView, html: Option<&str>) -> Vec<u8> {
    let press = Press::new(&[]).value.expect("the built-in templates are fine");
    let (subject, text) = report(view, &press).expect("a report");
    sent("report", format!("{} {}", view.issue, view.began), Sheets { subject, text, html: html.map(str::to_owned) })
}

/// A letter of this kind to the desk.
pub(crate) fn written(kind: &'static str, sheets: Sheets) -> Vec<u8> {
    sent(kind, "2014-12".to_owned(), sheets)
}

fn sent(kind: &'static str, about: String, sheets: Sheets) -> Vec<u8> {
    let Sheets { subject, text, html } = sheets;
    let to = EmailAddress::parse("desk@example.org").unwrap();
    let letter = Letter { to, name: Some(PersonName::parse("Odalys Brandtner, desk").unwrap()), kind, about, subject, text, html };
    let at = "2014-12-01T16:14:00Z".parse().unwrap();
    letter.compose(&sender(), &Keys::new(1, &[7; 32]), None, at, "en").expect("a letter").octets
}

fn sender() -> Sender {
    Sender {
        name: Some(PersonName::parse("Lantern Street Letter").unwrap()),
        address: EmailAddress::parse("letter@news.example.org").unwrap(),
        reply_to: EmailAddress::parse("editor@news.example.org").unwrap(),
        base_url: "https://news.example.org".to_owned(),
        bounce_domain: "news.example.org".to_owned(),
        sender_id: "newsexampleorg".to_owned(),
    }
}

fn share(name: &str, total: u64, accepted: u64, refused: u64) -> ProviderShareView {
    ProviderShareView { name: name.to_owned(), total, accepted, deferred: 0, refused, expired: 0 }
}

pub(crate) fn publication() -> PublicationView {
    PublicationView {
        name: "Lantern Street Letter".to_owned(),
        tagline: None,
        url: "https://news.example.org/".to_owned(),
        postal_address: "Lantern Street Library, 9 Lantern Street, Harrow Bridge".to_owned(),
        privacy_url: None,
        reply_address: "editor@news.example.org".to_owned(),
        logo: None,
    }
}

fn out() -> ReportView {
    ReportView {
        publication: publication(),
        issue: "2014-12".to_owned(),
        label: "December/January 2015".to_owned(),
        title: "Café talk: reading in winter".to_owned(),
        state: "out",
        began: "Monday, December 1, 2014, 09:00 EST".to_owned(),
        ended: Some("Monday, December 1, 2014, 11:14 EST".to_owned()),
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
        providers: vec![share("google", 8_000, 7_960, 40), share("microsoft", 3_300, 3_290, 10), share("other", 1_090, 1_090, 0)],
        reasons: vec![
            ReasonView {
                many: 40,
                provider: "google".to_owned(),
                fate: "refused".to_owned(),
                answer: "550 5.1.1 The email account that you tried to reach does not exist. Please try double-checking the address"
                    .to_owned(),
            },
            ReasonView {
                many: 10,
                provider: "microsoft".to_owned(),
                fate: "refused".to_owned(),
                answer: "550 5.5.0 Mailbox unavailable".to_owned(),
            },
        ],
        advice: vec!["50 addresses do not exist any more; they will not be written to again".to_owned()],
    }
}

fn stopped() -> ReportView {
    let halted = "mail to google is paused: 12 of the last 50 answers were \u{ab}421 4.7.28 unusual rate of mail\u{bb}, and it goes on at                   such a length that a subject line must end somewhere";
    ReportView {
        state: "paused",
        ended: None,
        duration: None,
        accepted: 4_360,
        refused: 0,
        deferred: 800,
        open: 8_030,
        halted: Some(halted.to_owned()),
        advice: vec![
            "mail to google is paused: 12 of the last 50 answers were 421 4.7.28. When that is mended: `masthead resume --provider google`"
                .to_owned(),
        ],
        providers: vec![
            ProviderShareView { deferred: 800, ..share("google", 8_000, 20, 0) },
            share("microsoft", 3_300, 3_260, 0),
            share("other", 1_090, 1_080, 0),
        ],
        reasons: Vec::new(),
        ..out()
    }
}
