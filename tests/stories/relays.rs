//! Several relays: who carries how much, who stands by, and who takes over when one fails; and no provider that is slow
//! holds up another.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use jiff::SignedDuration;

use crate::support::later::{now, send_again_and_again, send_at};
use crate::support::newsroom::{ISSUE, Newsroom, close_to_others};
use crate::support::sink::{Action, At, Sink, When};

fn url(port: u16) -> String {
    format!("smtp://127.0.0.1:{port}?tls=none")
}

/// A second relay's table, to be written after the first one's settings.
fn spare(port: u16, settings: &str) -> String {
    format!("\n[[relay]]\nname = \"spare\"\nurl = \"{}\"\n{settings}", url(port))
}

/// A port that nobody listens at.
fn closed_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

fn newsroom(readers: usize) -> Newsroom {
    Newsroom::new().issue("2014-12", ISSUE).back_issues().subscribers(readers)
}

/// Everybody got it once, from one or the other.
fn all_are_served(sinks: &[&Sink], readers: usize) {
    let all: Vec<String> = sinks.iter().flat_map(|sink| sink.recipients()).collect();
    assert_eq!((all.len(), all.iter().collect::<BTreeSet<_>>().len()), (readers, readers));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn relays_of_one_duty_share_by_weight() {
    let (first, second) = (Sink::builder().start().await, Sink::builder().start().await);
    let newsroom = newsroom(1600).relay(&first).relay_setting(&format!("weight = 3\n{}", spare(second.port(), "weight = 1"))).build();
    newsroom.run(["send", "2014-12"]).ok().says(&["1600 accepted"]);
    all_are_served(&[&first, &second], 1600);
    assert!((1100..=1300).contains(&first.arrived()), "{} and {}", first.arrived(), second.arrived());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_stands_by_sends_nothing_while_the_first_works() {
    let (first, second) = (Sink::builder().start().await, Sink::builder().start().await);
    let newsroom = newsroom(300).relay(&first).relay_setting(&spare(second.port(), "duty = 2")).build();
    newsroom.run(["send", "2014-12"]).ok();
    assert_eq!((first.arrived(), second.connections()), (300, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_stands_by_takes_over_when_the_first_refuses_connections_and_hands_back() {
    let second = Sink::builder().start().await;
    let main = url(closed_port());
    let newsroom = newsroom(50).relay_at(&main).relay_setting(&spare(second.port(), "duty = 2")).build();
    newsroom.run(["send", "2014-12"]).ok().says(&["50 accepted"]);
    all_are_served(&[&second], 50);

    let first = Sink::builder().start().await;
    let newsroom = newsroom.relay(&first).configured();
    newsroom.run(["subscribers", "add", "late@example.org"]).ok();
    newsroom.run(["send", "2014-12", "--list", "general", "--since", "2014-01-01"]).ok();
    assert_eq!((first.arrived(), second.arrived()), (1, 50), "the next run begins with the first again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_first_relay_put_off_goes_through_the_second_when_the_first_is_gone() {
    let first = Sink::builder().on(At::Rcpt, When::Always, Action::reply("451 4.7.1 later")).start().await;
    let second = Sink::builder().start().await;
    let newsroom = newsroom(20).relay(&first).relay_setting(&spare(second.port(), "duty = 2")).build();
    let began = now();
    newsroom.run(["send", "2014-12"]).exits(1).says(&["20 deferred"]);
    assert_eq!(second.connections(), 0, "put off is not down");
    drop(first);
    assert!(send_again_and_again(&newsroom, "2014-12", began + SignedDuration::from_mins(10), 1).await.is_finished);
    all_are_served(&[&second], 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_whose_password_is_wrong_is_left_and_the_other_does_all() {
    let first = Sink::builder().start_tls().account("press", "open sesame").start().await;
    let second = Sink::builder().start().await;
    let login = "user = \"press\"\npassword_file = \"secrets/relay\"\nca_file = \"secrets/ca.pem\"";
    let newsroom = newsroom(200)
        .relay_at(&format!("smtp://127.0.0.1:{}", first.port()))
        .relay_setting(&format!("{login}\n{}", spare(second.port(), "")))
        .configured();
    newsroom.write("secrets/ca.pem", first.ca_pem());
    newsroom.write("secrets/relay", "close sesame\n");
    close_to_others(&newsroom.path("secrets/relay"));
    let newsroom = newsroom.build();
    newsroom.run(["send", "2014-12"]).ok().says(&["200 accepted"]);
    all_are_served(&[&second], 200);
    assert!(first.count("AUTH") <= 4, "each connection asks once: {}", first.count("AUTH"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_relay_would_not_take_from_us_is_taken_by_the_other() {
    for slow in [Duration::ZERO, Duration::from_millis(20)] {
        let first = Sink::builder().on(At::Mail, When::Always, Action::reply("530 5.7.0 Log in first")).start().await;
        let second = Sink::builder().on(At::Dot, When::Always, Action::Late(slow)).start().await;
        let newsroom = newsroom(9).relay(&first).relay_setting(&spare(second.port(), "")).build();
        newsroom.run(["send", "2014-12"]).ok().says(&["9 accepted"]);
        all_are_served(&[&second], 9);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_all_relays_down_that_is_told_and_nothing_is_lost() {
    let newsroom = newsroom(10).relay_at(&url(closed_port())).relay_setting(&spare(closed_port(), "duty = 2")).build();
    newsroom.run(["send", "2014-12"]).exits(1).says(&["stopped: ", "refused", "10 not tried yet", "`masthead send 2014-12` goes on"]);
    assert_eq!(newsroom.count("2014-12", "queued"), 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_stands_by_carries_what_the_first_may_not_any_more_this_hour() {
    let (first, second) = (Sink::builder().start().await, Sink::builder().start().await);
    let newsroom = newsroom(60).relay(&first).relay_setting(&format!("per_hour = 20\n{}", spare(second.port(), "duty = 2"))).build();
    newsroom.run(["send", "2014-12"]).ok().says(&["60 accepted"]);
    all_are_served(&[&first, &second], 60);
    assert_eq!((first.arrived(), second.arrived()), (20, 40));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_stands_by_carries_what_a_paused_relay_does_not() {
    let (first, second) = (Sink::builder().start().await, Sink::builder().start().await);
    let newsroom = newsroom(30).relay(&first).relay_setting(&spare(second.port(), "duty = 2")).build();
    newsroom.run(["pause", "--relay", "main"]).ok();
    newsroom.run(["send", "2014-12"]).ok().says(&["30 accepted"]);
    assert_eq!((first.arrived(), second.arrived()), (0, 30));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_share_is_not_waited_for_that_a_relay_may_not_take() {
    let (first, second) = (Sink::builder().start().await, Sink::builder().start().await);
    let settings = format!("weight = 3\n{}", spare(second.port(), "weight = 1\nper_hour = 10"));
    let newsroom = newsroom(600).relay(&first).relay_setting(&settings).build();
    newsroom.run(["send", "2014-12"]).ok().says(&["600 accepted"]);
    assert_eq!((first.arrived(), second.arrived()), (590, 10));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s12_in_doubt_and_held_no_other_relay_gets_it() {
    let first = Sink::builder().on(At::Dot, When::Always, Action::DropAfterDot).start().await;
    let second = Sink::builder().start().await;
    let settings = format!("connections = 1\n{}", spare(second.port(), "duty = 2"));
    let newsroom = newsroom(6).relay(&first).relay_setting(&settings).table("[delivery]\non_doubt = \"hold\"").build();
    newsroom.run(["send", "2014-12"]).exits(1).says(&["6 doubtful"]);
    drop(first);
    let newsroom = newsroom.relay_at(&url(closed_port())).configured();
    newsroom.run(["send", "2014-12"]).exits(1).says(&["6 doubtful"]);
    assert_eq!(second.arrived(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s12_m6_in_doubt_and_sent_again_it_bears_the_same_name_whichever_relay_has_its_turn() {
    let first = Sink::builder().on(At::Dot, When::Always, Action::DropAfterDot).start().await;
    let second = Sink::builder().start().await;
    let newsroom = newsroom(6).relay(&first).relay_setting(&spare(second.port(), "duty = 2")).build();
    let began = now();
    newsroom.run(["send", "2014-12"]).exits(1).says(&["6 deferred"]);
    let names = |sink: &Sink| -> BTreeMap<String, (String, String)> {
        sink.log().into_iter().map(|line| (line.recipient, (line.message_id, line.sender))).collect()
    };
    let before = names(&first);
    drop(first);
    let newsroom = newsroom.relay_at(&url(closed_port())).configured();
    assert!(send_at(&newsroom, "2014-12", began + SignedDuration::from_mins(10)).await.is_finished);
    assert_eq!((before.len(), &before), (6, &names(&second)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_provider_holds_up_nobody_else() {
    let is_slow = |recipient: &str| recipient.ends_with("@town.example");
    let sink = Sink::builder().on(At::Dot, When::of(is_slow), Action::Late(Duration::from_millis(200))).start().await;
    let town = "[[provider]]\nid = \"town\"\ndomains = [\"town.example\"]\nconnections = 1";
    let newsroom = newsroom(800).subscribers_at("town.example", 24).table(town).relay(&sink).build();
    newsroom.run(["send", "2014-12"]).ok().says(&["824 accepted"]);
    let order = sink.recipients();
    let last = order.iter().rposition(|recipient| !is_slow(recipient)).unwrap();
    let slow = order[..last].iter().filter(|recipient| is_slow(recipient)).count();
    assert!(slow < 14, "{slow} of the 24 slow ones had come before the last of the others");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_a_relay_has_no_room_for_keeps_no_finished_run() {
    let busy = || Action::reply("421 4.3.2 one connection is enough");
    let sink = (2..=4).rev().fold(Sink::builder(), |sink, nth| sink.on(At::Connect, When::Nth(nth), busy()));
    let sink = sink.on(At::Dot, When::Always, Action::Late(Duration::from_millis(20))).start().await;
    let newsroom = newsroom(120).relay(&sink).relay_setting("connections = 2\nmessages_per_connection = 1000").build();
    let began = Instant::now();
    newsroom.run(["send", "2014-12"]).ok().says(&["120 accepted"]);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert_eq!(sink.connections(), 4);
}
