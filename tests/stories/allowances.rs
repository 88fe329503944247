//! How much may go out, and when: by the hour, at certain hours, and little by little from an address that nobody knows.

use jiff::{SignedDuration, Timestamp};

use crate::support::later::{now, send_at, send_from};
use crate::support::newsroom::{ISSUE, Newsroom};
use crate::support::sink::Sink;

fn at(instant: &str) -> Timestamp {
    instant.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_many_an_hour_and_no_more_whoever_begins_anew() {
    let sink = Sink::builder().start().await;
    let newsroom = Newsroom::ready(25, &sink).relay_setting("per_hour = 10").configured();
    let began = now();
    newsroom.run(["send", "2014-12"]).exits(1).says(&["stopped: a limit lets nothing pass before 20", "15 not tried yet"]);
    assert_eq!(sink.arrived(), 10);
    newsroom.run(["send", "2014-12"]).exits(1).says(&["a limit lets nothing pass before 20"]);
    assert_eq!(sink.arrived(), 10, "a restart allows nothing");

    let an_hour = SignedDuration::from_mins(61);
    assert!(!send_at(&newsroom, "2014-12", began + an_hour).await.is_finished);
    assert_eq!(sink.arrived(), 20);
    assert!(send_at(&newsroom, "2014-12", began + an_hour * 2).await.is_finished);
    assert_eq!(sink.arrived(), 25);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_that_an_hour_allows_ends_the_mailing_without_a_word_of_limits() {
    let sink = Sink::builder().start().await;
    let newsroom = Newsroom::ready(10, &sink).relay_setting("per_hour = 10").configured();
    let told = newsroom.run(["send", "2014-12"]).ok().says(&["10 accepted"]);
    assert!(!told.to_string().contains("limit"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outside_its_hours_nothing_goes_out_and_when_they_begin_is_told() {
    let sink = Sink::builder().start().await;
    let newsroom = Newsroom::ready(5, &sink).table("[delivery]\nwindow = \"08:00-18:00\"").configured();
    let report = send_at(&newsroom, "2014-12", at("2014-12-02T03:00:00Z")).await;
    assert_eq!(report.halted.as_deref(), Some("a limit lets nothing pass before 2014-12-02 08:00 EST"));
    assert_eq!((sink.connections(), report.tally.queued), (0, 5));
    assert!(send_at(&newsroom, "2014-12", at("2014-12-02T13:00:00Z")).await.is_finished);
    assert_eq!(sink.arrived(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_has_hours_of_its_own_and_the_other_works_meanwhile() {
    let (day, night) = (Sink::builder().start().await, Sink::builder().start().await);
    let other = format!("\n[[relay]]\nname = \"night\"\nurl = \"smtp://127.0.0.1:{}?tls=none\"\nwindow = \"22:00-06:00\"", night.port());
    let newsroom = Newsroom::new().issue("2014-12", ISSUE).back_issues().subscribers(40).relay(&day);
    let newsroom = newsroom.relay_setting(&format!("window = \"08:00-18:00\"\n{other}")).build();
    assert!(send_at(&newsroom, "2014-12", at("2014-12-02T04:00:00Z")).await.is_finished);
    assert_eq!((day.arrived(), night.arrived()), (0, 40));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_address_begins_with_fifty_a_day_for_each_provider() {
    let sink = Sink::builder().start().await;
    let newsroom = Newsroom::new().issue("2014-12", ISSUE).back_issues().subscribers(5).subscribers_at("gmail.com", 60);
    let newsroom = newsroom.relay(&sink).relay_setting("warm_up = true").build();
    let report = send_from(&newsroom, "2014-12", at("2014-12-02T15:00:00Z")).await;
    assert!(report.halted.unwrap().contains("a limit lets nothing pass before 2014-12-0"));
    let known = |sink: &Sink| sink.recipients().iter().filter(|recipient| recipient.ends_with("@gmail.com")).count();
    assert_eq!((known(&sink), sink.arrived()), (50, 55));
    assert!(!send_from(&newsroom, "2014-12", at("2014-12-02T16:00:00Z")).await.is_finished, "the same day");
    assert_eq!(known(&sink), 50);
    assert!(send_from(&newsroom, "2014-12", at("2014-12-03T15:00:00Z")).await.is_finished);
    assert_eq!(known(&sink), 60);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_new_address_may_not_carry_another_relay_does() {
    for (settings, others, least) in [("duty = 1", "duty = 2", 250), ("weight = 1", "weight = 3", 250)] {
        let (new, known) = (Sink::builder().start().await, Sink::builder().start().await);
        let other = format!("\n[[relay]]\nname = \"known\"\nurl = \"smtp://127.0.0.1:{}?tls=none\"\n{others}", known.port());
        let newsroom = Newsroom::new().issue("2014-12", ISSUE).back_issues().subscribers_at("gmail.com", 300).relay(&new);
        let newsroom = newsroom.relay_setting(&format!("warm_up = true\n{settings}\n{other}"));
        let newsroom = newsroom.table("[delivery]\nshaping = \"off\"").build();
        newsroom.run(["send", "2014-12"]).ok().says(&["300 accepted"]);
        assert_eq!((new.arrived(), known.arrived()), (300 - least, least), "{settings}");
    }
}
