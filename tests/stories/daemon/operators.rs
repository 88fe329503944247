//! What operators do to a daemon: read the settings again, start a second one, move the database, spoil the folder.

use std::fs;
use std::time::Duration;

use super::{ADA, BEFORE, DESK, DUE, Daemon, ISSUE, NOVEMBER, awaits, field, is_at_rest, readers, rhythm, to, until};
use crate::support::sink::{Action, At, Sink, When};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_are_read_again_in_the_middle_of_a_mailing_and_faulty_ones_are_refused() {
    let sink = Sink::builder().on(At::Dot, When::Always, Action::Late(Duration::from_millis(50))).start().await;
    let newsroom = rhythm(&sink).issue("2014-12", ISSUE).subscribers(120).build();
    let mut daemon = Daemon::start_at(&newsroom, BEFORE);
    daemon.tells("sending 2014-12: ");
    let settings = fs::read_to_string(newsroom.path("config/masthead.toml")).expect("the settings");
    newsroom.write("config/masthead.toml", &settings.replace("first-monday 09:00", "first-moonday 09:00"));
    daemon.process().signal("HUP");
    let reloading = daemon.tells("RELOADING=1");
    assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
    daemon.tells("READY=1");
    awaits(&sink, DESK, "The new configuration was refused", 0);
    newsroom.write("config/masthead.toml", &settings.replace("first-monday 09:00", "first-tuesday 09:00"));
    daemon.process().signal("HUP");
    daemon.tells("RELOADING=1");
    daemon.tells("READY=1");
    until("the mailing is at rest", || is_at_rest(&newsroom));
    assert_eq!(readers(&sink), 120, "each once");
    daemon.stop().ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailing_under_way_goes_on_by_the_new_settings() {
    let sink = Sink::builder().start().await;
    let newsroom = rhythm(&sink).issue("2014-12", ISSUE).subscribers(400).relay_setting("rate = \"1/s\"").build();
    let mut daemon = Daemon::start_at(&newsroom, BEFORE);
    daemon.tells("sending 2014-12: ");
    let settings = fs::read_to_string(newsroom.path("config/masthead.toml")).expect("the settings");
    newsroom.write("config/masthead.toml", &settings.replace("\"1/s\"", "\"200/s\""));
    daemon.process().signal("HUP");
    until("all have it, which would have taken minutes", || readers(&sink) == 400);
    until("the mailing is at rest", || is_at_rest(&newsroom));
    daemon.stop().ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t23_a_second_daemon_is_refused_and_the_issue_goes_out_once() {
    let sink = Sink::builder().start().await;
    let newsroom = rhythm(&sink).issue("2014-12", ISSUE).build();
    let daemon = Daemon::start_at(&newsroom, NOVEMBER);
    newsroom.run(["serve"]).exits(1).says(&["another `masthead serve` looks after this newsroom already"]);
    daemon.set(BEFORE);
    until("all three have it", || readers(&sink) == 3);
    newsroom.run(["send", "2014-12"]);
    daemon.stop().ok();
    assert_eq!(readers(&sink), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_from_elsewhere_sends_nothing_until_it_is_adopted() {
    let sink = Sink::builder().start().await;
    let newsroom = rhythm(&sink).issue("2014-12", ISSUE).build();
    Daemon::start_at(&newsroom, NOVEMBER).stop().ok();
    fs::rename(newsroom.path("data"), newsroom.path("elsewhere")).expect("a move");
    let moved = "sqlite:elsewhere/masthead.db";
    let newsroom = newsroom.variable("MASTHEAD_STORE__URL", moved).variable("MASTHEAD_WEB__TOKEN_KEY_FILE", "elsewhere/token.key");
    let daemon = Daemon::start_at(&newsroom, DUE);
    awaits(&sink, DESK, "Nothing goes out", 0);
    newsroom.run(["send", "2014-12"]).exits(1).says(&["masthead adopt"]);
    assert_eq!(readers(&sink), 0);
    newsroom.run(["adopt"]).ok();
    until("all three have it", || readers(&sink) == 3);
    daemon.stop().ok();
    newsroom.run(["adopt"]).ok().says(&["already"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_held_issue_stays_and_a_cancelled_one_too() {
    let sink = Sink::builder().start().await;
    let newsroom = rhythm(&sink).issue("2014-12", ISSUE).build();
    let mut daemon = Daemon::start_at(&newsroom, NOVEMBER);
    awaits(&sink, ADA, "[Proof]", 0);
    newsroom.run(["hold", "2014-12", "a figure is wrong"]).ok();
    daemon.set(DUE);
    daemon.tells("held");
    assert_eq!(readers(&sink), 0);
    newsroom.run(["resume", "2014-12"]).ok();
    until("all three have it", || readers(&sink) == 3);
    daemon.stop().ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_is_down_loses_no_proof() {
    let sink = Sink::builder().start().await;
    let newsroom = rhythm(&sink).build();
    newsroom.run(["pause", "--relay", "main"]).ok();
    let daemon = Daemon::start_at(&newsroom, NOVEMBER);
    newsroom.write("issues/2014-12.md", &ISSUE.replace("volume: 15", "volume: fifteen"));
    until("the faults stand beside the file", || newsroom.path("issues/2014-12.problems.txt").exists());
    newsroom.write("issues/2014-12.md", ISSUE);
    until("nothing stands beside it", || !newsroom.path("issues/2014-12.problems.txt").exists());
    assert_eq!(sink.arrived(), 0);
    newsroom.run(["resume", "--relay", "main"]).ok();
    awaits(&sink, ADA, "[Proof]", 0);
    daemon.stop().ok();
    assert_eq!(to(&sink, ADA).iter().filter(|mail| field(&mail.bytes, "Subject").starts_with("[Proof]")).count(), 1);
}
