//! The calendar: which issue goes out when, what never will, and what an operator is shown of it.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use masthead::app::Newsroom as Opened;
use masthead::clock::{Clock as _, FixedClock, SystemClock};
use masthead::dateline::Month;
use masthead::desk::schedule::{Calendar, ComingRun, calendar};
use masthead::desk::status::glance;
use masthead::schedule::calendar::{Due, Why};

use crate::support::newsroom::{ISSUE, NEXT_ISSUE, Newsroom};

fn issue(title: &str, keys: &str) -> String {
    format!("---\ntitle: {title}\nstatus: ready\n{keys}---\nGood day.\n\n## {title}\n\nA well.\n")
}

/// The newsroom's calendar at an instant.
async fn at(newsroom: &Newsroom, now: &str) -> (Opened, Calendar) {
    let opened = Opened::open(newsroom.root(), &[], Arc::new(FixedClock(now.parse().unwrap()))).await.unwrap();
    let calendar = calendar(&opened).await.unwrap();
    (opened, calendar)
}

/// A run as date, who takes it, who else stands for it, and how that issue stands.
fn line(run: &ComingRun) -> String {
    let id = |id: &Option<masthead::dateline::IssueId>| id.as_ref().map_or("-".to_owned(), ToString::to_string);
    format!("{} {} {} {}", run.run.slot.local.date(), id(&run.run.taker), id(&run.run.cover), run.state.unwrap_or("-"))
}

fn lines(calendar: &Calendar, after: &str) -> Vec<String> {
    calendar.coming(after.parse().unwrap(), 4).iter().map(line).collect()
}

#[tokio::test]
async fn combined_months_skip_a_run_and_what_is_out_keeps_its_own() {
    let newsroom = Newsroom::new().table("[schedule]\ncron = \"first-monday 09:00\"").issue("2014-12", ISSUE).issue("2015-02", NEXT_ISSUE);
    let newsroom = newsroom.issue("2015-03", &issue("March", "").replace("ready", "draft")).back_issues().subscribers(2).build();
    let before = "2014-11-20T12:00:00Z";
    let (_, calendar) = at(&newsroom, before).await;
    let planned = lines(&calendar, before);
    assert_eq!(planned[..3], ["2014-12-01 2014-12 - ready", "2015-01-05 - 2014-12 ready", "2015-02-02 2015-02 - ready"]);
    assert_eq!(planned[3], "2015-03-02 2015-03 - draft");
    let wanting: Vec<bool> = calendar.coming(before.parse().unwrap(), 5).iter().map(ComingRun::wants_copy).collect();
    assert_eq!(wanting, [false, false, false, true, true], "a draft is no copy, and nothing less so");

    newsroom.run(["send", "2014-12"]).ok();
    let (_, calendar) = at(&newsroom, before).await;
    let sent = lines(&calendar, before);
    assert_eq!(sent[1], "2015-01-05 - 2014-12 -");
    assert_eq!(sent[2..], planned[2..]);
    assert!(calendar.issues.iter().all(|entry| entry.id.as_str() != "2014-12"));
}

#[tokio::test]
async fn a_second_issue_of_a_month_goes_at_its_own_time_or_never() {
    let newsroom = Newsroom::new().table("[schedule]\ncron = \"last-friday 17:30\"");
    let newsroom =
        newsroom.issue("2015-06", &issue("June", "")).issue("2015-06-appeal", &issue("Appeal", "publish_at: 2015-06-10 08:00\n"));
    let newsroom = newsroom.issue("2015-06-more", &issue("More", "")).issue("2015-07", "---\ntitle: [\n---\n").configured();
    let (opened, calendar) = at(&newsroom, "2015-06-01T00:00:00Z").await;
    let due: Vec<Due> = calendar.issues.iter().map(|entry| entry.due.clone()).collect();
    let own: Timestamp = "2015-06-10T12:00:00Z".parse().unwrap();
    assert!(matches!(&due[0], Due::At { slot: Some(local), .. } if local.to_string() == "2015-06-26T17:30:00"), "{due:?}");
    assert_eq!(due[1], Due::At { at: own, slot: None });
    assert_eq!(due[2], Due::Never(Why::SlotTaken("2015-06".parse().unwrap())));
    assert_eq!(lines(&calendar, "2015-06-01T00:00:00Z")[1], "2015-07-31 2015-07 - faulty", "it keeps its place");

    let run: Timestamp = "2015-06-26T21:30:00Z".parse().unwrap();
    assert_eq!([calendar.next_at(own), calendar.next_at("2015-06-01T00:00:00Z".parse().unwrap())], [Some(run), Some(own)]);
    let due = |now: Timestamp| calendar.due(now).iter().map(|entry| entry.id.to_string()).collect::<Vec<_>>();
    assert_eq!((due(own), due(run)), (vec!["2015-06-appeal".to_owned()], vec!["2015-06-appeal".to_owned(), "2015-06".to_owned()]));

    let glance = glance(&opened).await.unwrap();
    assert_eq!(glance.coming.len(), 3);
    assert_eq!(glance.coming[0].in_words, "Friday, June 26, 2015, 17:30 EDT");
    assert_eq!(glance.unplanned.iter().map(|entry| entry.id.as_str()).collect::<Vec<_>>(), ["2015-06-more"]);
}

#[test]
fn the_operator_is_shown_the_coming_runs_in_words_and_both_times() {
    // The binary goes by the machine's clock: the issue is of a month to come, whenever that is.
    let today = TimeZone::UTC.to_datetime(SystemClock.now()).date();
    let month = Month::of(today).next();
    let id = month.to_string();
    let newsroom = Newsroom::new().table("[schedule]\ncron = \"day-15 09:00\"").issue(&id, &issue("To come", ""));
    let newsroom = newsroom.issue(&format!("{id}-more"), &issue("More", "")).issue("2015-06", &issue("Long ago", "")).configured();
    let told = newsroom.run(["schedule", "next", "-n", "4"]).ok();
    let head = told.stdout.lines().next().unwrap();
    assert_eq!(head, "the 15th of the month at 09:00, America/New_York");
    let whose = told.stdout.lines().find(|line| line.contains("ready: To come")).unwrap();
    let day: Date = month.day(15).unwrap();
    assert!(whose.contains(&day.strftime("%A, %B 15, %Y, 09:00 E").to_string()), "{told}");
    assert!(whose.contains(&format!("{id}-15T1")) && whose.contains(":00:00Z"), "{told}");
    told.says(&[
        "no issue yet",
        &format!("never        {id}-more  ready: its run of the schedule is that of {id}"),
        "due already  2015-06  ready: since Monday, June 15, 2015, 09:00 EDT (2015-06-15T13:00:00Z)",
    ]);

    let status = newsroom.run(["status"]).ok();
    status.says(&["coming     ", "To come", &format!("never      {id}-more"), "due        2015-06  ready: since 2015-06-15T13:00:00Z"]);
    let answer = newsroom.run(["schedule", "next", "--json"]).ok().json();
    assert_eq!((answer["schedule"].as_str(), answer["coming"].as_array().unwrap().len()), (Some("the 15th of the month at 09:00"), 5));
    let whose = answer["coming"].as_array().unwrap().iter().find(|run| run["taker"] == id.as_str()).unwrap();
    assert_eq!(whose["local"], format!("{id}-15T09:00:00"));
    assert!(answer["issues"].as_array().unwrap().iter().any(|entry| entry["why"].as_str().is_some_and(|why| why.contains("publish_at"))));
    newsroom.run(["schedule", "next", "-n", "0"]).exits(2);
}

#[test]
fn a_newsroom_without_schedule_says_so() {
    let newsroom = Newsroom::new().issue("2015-06", &issue("June", "")).configured();
    newsroom.run(["schedule", "next"]).ok().says(&["there is no schedule", "never        2015-06"]);
    assert!(!newsroom.run(["status"]).ok().stdout.contains("never"), "there everything goes by hand");
}
