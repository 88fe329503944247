//! What a report says of an account.

use super::*;
use crate::desk::account::{Paused, Share};
use crate::mailing::settle::Judgement;
use crate::mailing::{Pause, ProviderId, Scope};
use crate::store::Tally;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn account_of(tally: Tally) -> Account {
    Account {
        issue: "2014-12".parse().unwrap(),
        opened_at: at("2014-12-01T14:00:00Z"),
        finished_at: None,
        cancelled_at: None,
        tally,
        providers: Vec::new(),
        reasons: Vec::new(),
        pauses: Vec::new(),
        advice: Vec::new(),
    }
}

fn paused(slow_to: Option<f64>) -> Paused {
    let pause = Pause { since: at("2014-12-01T15:00:00Z"), until: None, reason: "too many complaints".to_owned(), slow_to };
    Paused {
        what: "mail to google".to_owned(),
        remedy: "masthead resume --provider google".to_owned(),
        scope: Scope::Provider(ProviderId::new("google")),
        pause,
    }
}

fn view_of(account: &Account, halted: Option<&str>) -> ReportView {
    let publication = PublicationView {
        name: "Lantern Street Letter".to_owned(),
        tagline: None,
        url: "https://news.example.org/".to_owned(),
        postal_address: "9 Lantern Street".to_owned(),
        privacy_url: None,
        reply_address: "editor@news.example.org".to_owned(),
        logo: None,
    };
    let heading = Heading { title: "Reading in winter".to_owned(), label: "December/January 2015".to_owned() };
    told(&publication, &TimeZone::get("America/New_York").unwrap(), account, heading, halted)
}

#[test]
fn the_state_follows_from_what_happened_last() {
    let open = Tally { accepted: 2, queued: 1, ..Tally::default() };
    let mut account = account_of(open);
    assert_eq!((view_of(&account, None).state, view_of(&account, None).halted), ("under way", None));
    account.pauses = vec![paused(Some(0.5))];
    assert_eq!(view_of(&account, None).state, "under way", "what is slowed goes on");
    account.pauses = vec![paused(None)];
    let view = view_of(&account, None);
    assert_eq!((view.state, view.halted.as_deref()), ("paused", Some("mail to google is paused")));
    assert_eq!(view_of(&account, Some("the relay is gone")).halted.as_deref(), Some("the relay is gone"));
    account.finished_at = Some(at("2014-12-01T16:14:59Z"));
    assert_eq!((view_of(&account, None).state, view_of(&account, None).halted), ("out", None));
    account.cancelled_at = Some(at("2014-12-01T16:00:00Z"));
    assert_eq!(view_of(&account, None).state, "cancelled");
}

#[test]
fn times_are_told_where_the_publication_is() {
    let mut account = account_of(Tally::default());
    assert_eq!((view_of(&account, None).ended, view_of(&account, None).duration), (None, None));
    account.finished_at = Some(at("2014-12-01T16:14:59Z"));
    let view = view_of(&account, None);
    assert_eq!(view.began, "Monday, December 1, 2014, 09:00 EST");
    assert_eq!(view.ended.as_deref(), Some("Monday, December 1, 2014, 11:14 EST"));
    assert_eq!(view.duration.as_deref(), Some("2 h 14 min"));
}

#[test]
fn a_length_of_time_has_at_most_two_units() {
    for (seconds, wanted) in [(-5, "0 s"), (40, "40 s"), (840, "14 min"), (3_600, "1 h 0 min"), (266_400, "3 d 2 h")] {
        assert_eq!(length(SignedDuration::from_secs(seconds)), wanted);
    }
}

#[test]
fn figures_and_reasons_are_those_of_the_account() {
    let tally = Tally { accepted: 4, refused: 2, deferred: 1, doubtful: 1, withheld: 1, ..Tally::default() };
    let reason = |code, enhanced: Option<&str>, said: &str| Reason {
        provider: ProviderId::new("google"),
        fate: "refused".parse().unwrap(),
        judgement: Judgement::Hard,
        code,
        enhanced: enhanced.map(|code| code.parse().unwrap()),
        said: said.to_owned(),
        many: 2,
    };
    let account = Account {
        providers: vec![Share { provider: ProviderId::new("google"), tally }],
        reasons: vec![reason(Some(550), Some("5.1.1"), "No such user"), reason(None, None, "timed out")],
        ..account_of(tally)
    };
    let view = view_of(&account, None);
    assert_eq!((view.total, view.accepted, view.refused, view.open), (9, 4, 2, 2));
    assert_eq!((view.providers[0].name.as_str(), view.providers[0].total, view.providers[0].deferred), ("google", 9, 1));
    assert_eq!(view.reasons[0].answer, "550 5.1.1 No such user");
    assert_eq!((view.reasons[1].fate.as_str(), view.reasons[1].answer.as_str()), ("refused", "timed out"));
}
