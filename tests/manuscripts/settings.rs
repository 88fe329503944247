//! Findings about settings, which operators write.

use std::path::Path;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use masthead::config::{self, Canary, Config, Late};
use masthead::diagnostic::Source;
use masthead::mailing::ProviderId;
use masthead::schedule::turn::{Consent, Standing, Turn};
use masthead::traffic::{BreakerRules, Limits};

use crate::room::listed;

/// The codes that the tests of this file bring forth.
pub(crate) const CODES: &[&str] =
    &["config", "config-twice", "config-value", "config-without-effect", "environment-unknown", "list-missing"];

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
    let cases: [(String, &[&str]); 20] = [
        (format!("{GOOD}{LIST}"), &[]),
        ("[publication\n".to_owned(), &["error config 1:13"]),
        (format!("{GOOD}colour = 1\n{LIST}"), &["error config 12:1"]),
        (GOOD.to_owned(), &["error list-missing 1:1"]),
        (format!("{GOOD}auth = \"xoauth2\"\ndsn = true\nidle = \"90s\"\n{LIST}"), &[]),
        (format!("{GOOD}auth = \"kerberos\"\nidle = \"soon\"\n{LIST}"), &["error config-value 12:8", "error config-value 13:8"]),
        (format!("{}{LIST}", GOOD.replace("America/New_York", "Mars/Olympus")), &["error config-value 5:13"]),
        (format!("{GOOD}{LIST}[schedule]\ncron = \"0 0 9 1-7 * 1\"\n"), &["error config-value 16:8"]),
        (format!("{GOOD}{LIST}[node]\nname = \"one\"\nlease = \"1s\"\noffice = true\n"), &["error config-value 17:9"]),
        (GOOD.replace("sqlite:data/masthead.db", "mysql://db/masthead") + LIST, &["error config-value 8:7"]),
        (GOOD.replace("sqlite:data/masthead.db", "postgres://masthead:secret@db/masthead") + LIST, &["error config-value 8:7"]),
        (
            GOOD.replace("sqlite:data/masthead.db\"", "sqlite:data/masthead.db\"\npassword_file = \"db\"") + LIST,
            &["error config-value 9:17"],
        ),
        (format!("{GOOD}{LIST}[web]\nbanner = \"stars\"\nindexed = true\n"), &["error config-value 16:10"]),
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

fn config(text: &str, environment: &[(String, String)]) -> Config {
    let source = Source::new("config/masthead.toml", text);
    config::parse(&source, Path::new("/newsroom"), environment, jiff::Timestamp::UNIX_EPOCH).clean().unwrap().0
}

#[test]
fn faults_of_traffic_are_told_with_their_place() {
    let delivery = |line: &str| (format!("{GOOD}{LIST}[delivery]\n{line}\n"), vec!["error config-value 16:".to_owned() + &value(line)]);
    let provider =
        |lines: &str, found: &[&str]| (format!("{GOOD}{LIST}[[provider]]\n{lines}"), found.iter().map(ToString::to_string).collect());
    let relay = |lines: &str, found: &[&str]| (format!("{GOOD}{lines}{LIST}"), found.iter().map(ToString::to_string).collect());
    let feed = |lines: &str, found: &[&str]| (format!("{GOOD}{LIST}[[feed]]\n{lines}"), found.iter().map(ToString::to_string).collect());
    let links = |line: &str, column: &str| (format!("{GOOD}{LIST}[links]\n{line}\n"), vec![format!("error config-value 16:{column}")]);
    let cases: Vec<(String, Vec<String>)> = vec![
        feed("url = \"https://a.example/f\"\nrelated = true\n", &[]),
        feed("url = \"feed.xml\"\nsection = \"News\"\n", &["error config-value 16:7"]),
        feed("url = \"https://a.example/f\"\n", &["error config-value 16:7"]),
        feed("url = \"https://a.example/f\"\nsection = \"News\"\nrelated = true\n", &["error config-value 16:7"]),
        feed("url = \"https://a.example/f\"\nrelated = true\nmax = 0\n", &["error config-value 18:7"]),
        feed(
            "url = \"https://a.example/f\"\nrelated = true\n[[feed]]\nurl = \"https://a.example/f\"\nsection = \"News\"\n",
            &["error config-value 19:7"],
        ),
        links("check = \"maybe\"", "9"),
        links("allow = [\"http://a.example\"]", "10"),
        links("timeout = \"an hour\"", "11"),
        links("timeout = \"1h\"", "11"),
        delivery("window = \"8-18\""),
        delivery("canary = \"200, 15 min\""),
        delivery("canary = \"0 readers, 15 min\""),
        delivery("seeds = \"nobody\""),
        delivery("shaping = \"yes\""),
        delivery("breaker = \"maybe\""),
        delivery("resolver = \"localhost\""),
        delivery("report_to = [\"editor\"]"),
        provider("id = \"The County\"\ndomains = [\"county.example\"]\n", &["error config-value 16:6"]),
        provider("id = \"county\"\n", &["error config-value 16:6"]),
        provider("id = \"google\"\ndomains = [\"@x\"]\nmx = [\"*.x.example\"]\n", &["error config-value 17:12", "error config-value 18:7"]),
        provider("id = \"google\"\nconnections = 0\nrate = \"5\"\n", &["error config-value 17:15", "error config-value 18:8"]),
        provider("id = \"google\"\nper_hour = 0\nper_day = 0\n", &["error config-value 17:12", "error config-value 18:11"]),
        provider("id = \"yahoo\"\n[[provider]]\nid = \"yahoo\"\n", &["error config-twice 18:6"]),
        relay("[[relay]]\nname = \"main\"\nurl = \"folder:x\"\n", &["error config-twice 13:8"]),
        relay("duty = 0\nweight = 0\nper_day = 0\n", &["error config-value 14:11", "error config-value 12:8", "error config-value 13:10"]),
        relay("window = \"Moon 08:00-18:00\"\nwarm_up = true\n", &["error config-value 12:10"]),
    ];
    for (text, wanted) in cases {
        assert_eq!(found(&text, &[]), wanted, "{text}");
    }
}

/// In which column of a line the text in quotes begins.
fn value(line: &str) -> String {
    (line.find('"').unwrap() + 1).to_string()
}

#[test]
fn traffic_is_set_as_it_is_meant() {
    let text = format!(
        "{GOOD}rate = \"600/min\"\nper_hour = 100\nper_day = 1000\nduty = 2\nweight = 3\nwindow = \"22:00-06:00\"\nwarm_up = true\n{LIST}\
         [delivery]\nwindow = \"Mon-Fri 08:00-18:00\"\ncanary = \"200 readers, 15 min\"\nseeds = \"general\"\nreport_to = [\"a@news.example.org\"]\n\
         resolver = \"[::1]:5353\"\n[[provider]]\nid = \"google\"\nper_day = 900\n[[provider]]\nid = \"town\"\ndomains = [\"Town.example\"]\nrate = \"5/s\"\n"
    );
    let config = config(&text, &[]);
    assert_eq!(config.canary, Some(Canary { readers: 200, hold: std::time::Duration::from_mins(15) }));
    assert_eq!(config.seeds.as_ref().map(ToString::to_string).as_deref(), Some("general"));
    assert_eq!(config.report_to[0].as_str(), "a@news.example.org");
    assert_eq!(config.resolver.unwrap().to_string(), "[::1]:5353");
    assert_eq!((config.relays[0].duty, config.relays[0].weight), (2, 3));
    let rules = config.rules();
    let relay = &rules.relays[0];
    assert_eq!(relay.limits, Limits { connections: Some(4), per_second: Some(10.0), per_hour: Some(100), per_day: Some(1000) });
    assert_eq!((relay.window.unwrap().to_string().as_str(), relay.warm_up), ("22:00-06:00", true));
    assert_eq!(rules.window.unwrap().to_string(), "mon,tue,wed,thu,fri 08:00-18:00");
    assert_eq!(rules.breaker, BreakerRules::default());
    let of = |id: &str| rules.providers.get(&ProviderId::new(id)).limits;
    assert_eq!(of("google"), Limits { connections: Some(2), per_second: Some(50.0), per_hour: None, per_day: Some(900) });
    assert_eq!(of("town"), Limits { connections: Some(5), per_second: Some(5.0), per_hour: None, per_day: None });
    assert_eq!(rules.providers.of_domain("town.example").as_str(), "town");
}

#[test]
fn what_watches_over_traffic_can_be_turned_off() {
    let plain = config(&format!("{GOOD}{LIST}"), &[]);
    assert!(plain.breaker.is_on && plain.canary.is_none() && plain.report_to.is_empty());
    assert_eq!((plain.relays[0].duty, plain.relays[0].weight, plain.relays[0].warm_up), (1, 1, false));
    let off = config(&format!("{GOOD}{LIST}[delivery]\nshaping = \"off\"\nbreaker = \"off\"\n"), &[]);
    assert!(!off.breaker.is_on);
    assert_eq!(off.providers.get(&ProviderId::new("google")).limits, Limits::default());
    assert_eq!(off.providers.of_domain("gmail.com").as_str(), "google", "told apart all the same");
}

#[test]
fn the_environment_sets_traffic_too() {
    let variables = [
        ("MASTHEAD_RELAY__0__PER_DAY", "9"),
        ("MASTHEAD_RELAY__0__WARM_UP", "true"),
        ("MASTHEAD_DELIVERY__REPORT_TO", "[\"a@example.org\", \"b@example.org\"]"),
        ("MASTHEAD_DELIVERY__BREAKER", "off"),
    ];
    let environment: Vec<_> = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let config = config(&format!("{GOOD}{LIST}"), &environment);
    assert_eq!((config.relays[0].per_day, config.relays[0].warm_up), (Some(9), true));
    assert_eq!(config.report_to.len(), 2);
    assert!(!config.breaker.is_on);
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

#[test]
fn a_schedule_is_told_with_its_place_and_what_would_mend_it() {
    let told = |lines: &str| found(&format!("{GOOD}{LIST}[schedule]\n{lines}\n"), &[]);
    for (lines, wanted) in [
        ("cron = \"first-monday 09:00\"", &[][..]),
        ("cron = \"0 9 1 * *\"\ngrace = \"12h\"\nlate = \"hold\"\ncopy_deadline = \"3 days\"", &[]),
        ("cron = \"frist-monday\"", &["error config-value 16:8"]),
        ("cron = \"0 0 9 31 2 *\"", &["error config-value 16:8"]),
        ("cron = \"0 0 9 1 1 * 1969\"", &["error config-value 16:8"]),
        ("cron = \"\"", &["error config-value 16:8"]),
        (
            "grace = \"soon\"\nlate = \"perhaps\"\ncopy_deadline = \"-3 days\"",
            &["error config-value 16:9", "error config-value 17:8", "error config-value 18:17", "warning config-without-effect 18:17"],
        ),
        ("grace = \"0s\"", &["error config-value 16:9"]),
        ("grace = \"1h\"\nlate = \"send\"", &["warning config-without-effect 16:9"]),
        ("copy_deadline = \"2 days\"", &["warning config-without-effect 16:17"]),
        ("cron = \"monday\"\ngrace = \"7 days\"\ncopy_deadline = \"8 days\"", &["error config-value 17:9", "error config-value 18:17"]),
        ("cron = \"monday\"\ngrace = \"6 days\"\ncopy_deadline = \"6 days 22h\"", &[]),
    ] {
        let mut told = told(lines);
        told.sort_by_key(|line| line.rsplit(' ').next().unwrap().to_owned());
        assert_eq!(told, wanted, "{lines}");
    }
    let source = Source::new("config/masthead.toml", format!("{GOOD}{LIST}[schedule]\ncron = \"every Monday 9:00\"\n"));
    let help = config::parse(&source, Path::new("/newsroom"), &[], jiff::Timestamp::UNIX_EPOCH).diagnostics[0].help.clone();
    assert_eq!(help.as_deref(), Some("did you mean `monday 9:00`?"));
}

#[test]
fn a_timetable_has_its_usual_values_and_those_that_are_written() {
    let usual = config(&format!("{GOOD}{LIST}"), &[]).timetable;
    assert!(usual.schedule.is_none() && usual.copy_deadline.is_none());
    assert_eq!((usual.grace, usual.late), (Duration::from_hours(6), Late::Hold));
    let text = format!("{GOOD}{LIST}[schedule]\ncron = \"last-day 18:00\"\ngrace = \"2h 30m\"\ncopy_deadline = \"1 week\"\n");
    let variables = [("MASTHEAD_SCHEDULE__GRACE".to_owned(), "45 min".to_owned())];
    let written = config(&text, &variables).timetable;
    assert_eq!(written.schedule.unwrap().in_words(), "the last day of the month at 18:00");
    assert_eq!((written.grace, written.copy_deadline), (Duration::from_mins(45), Some(Duration::from_hours(7 * 24))));
    assert_eq!(config(&format!("{GOOD}{LIST}[schedule]\nlate = \"send\"\n"), &[]).timetable.late, Late::Send);
}

#[test]
fn an_issue_is_late_after_the_grace_and_copy_is_due_before_its_run() {
    let instant = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
    let schedule = |lines: &str| config(&format!("{GOOD}{LIST}[schedule]\ncron = \"first-monday\"\n{lines}\n"), &[]).timetable;
    let (due, at_grace, later) = (instant("2026-12-07T14:00:00Z"), instant("2026-12-07T15:30:00Z"), instant("2026-12-07T15:30:01Z"));
    let holding = schedule("grace = \"90 min\"\ncopy_deadline = \"3 days\"");
    let turn = |of: &masthead::config::Timetable, due: Timestamp, now: Timestamp| {
        Standing { due, consent: Consent::Needless, is_held: false, lifted_at: None }.turn(of.forgiven(), now)
    };
    let late = Turn::Late(SignedDuration::from_secs(90 * 60 + 1));
    assert_eq!([due, at_grace, later].map(|now| turn(&holding, due, now)), [Turn::Go, Turn::Go, late]);
    assert_eq!(turn(&holding, later, due), Turn::Wait, "what is to come is not late");
    assert_eq!(holding.deadline(due), Some(instant("2026-12-04T14:00:00Z")));
    let sending = schedule("late = \"send\"");
    assert_eq!(turn(&sending, due, instant("2027-12-07T14:00:00Z")), Turn::Go);
    assert_eq!(sending.deadline(due), None);
}
