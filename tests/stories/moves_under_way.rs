//! A newsroom that moves in the middle of a mailing is allowed there what it was allowed here, and not once more.

use std::process::Command;

use crate::support::newsroom::{ISSUE, Newsroom, Running};
use crate::support::postgres;
use crate::support::running::Told;
use crate::support::sink::Sink;

const FILE: &str = "sqlite:data/masthead.db";
const BACK: &str = "sqlite:data/back.db";

fn on(newsroom: &Newsroom, store: &str, arguments: &[&str]) -> Command {
    let mut command = newsroom.command(arguments.iter().copied());
    command.env("MASTHEAD_STORE__URL", store);
    command
}

fn run(newsroom: &Newsroom, store: &str, arguments: &[&str]) -> Told {
    Told::of(&mut on(newsroom, store, arguments))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_hour_and_a_new_relay_were_allowed_is_spent_wherever_the_newsroom_goes() {
    let (Some(hour), Some(day)) = (postgres::empty(), postgres::empty()) else { return };
    for (database, setting, most) in [(hour, "per_hour = 10", 10), (day, "warm_up = true", 50)] {
        let sink = Sink::builder().start().await;
        let newsroom = Newsroom::new().issue("2014-12", ISSUE).back_issues().subscribers_at("gmail.com", 60).relay(&sink);
        let newsroom = newsroom.relay_setting(setting).build();
        run(&newsroom, FILE, &["send", "2014-12"]).exits(1).says(&["a limit lets nothing pass before"]);
        for (from, to) in [(FILE.to_owned(), database.url()), (database.url(), BACK.to_owned())] {
            run(&newsroom, &from, &["store", "copy", &from, &to]).ok();
            run(&newsroom, &to, &["send", "2014-12"]).exits(1).says(&["a limit lets nothing pass before"]);
            assert_eq!(sink.arrived(), most, "{setting} at {to}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whom_a_canary_keeps_waiting_and_what_a_person_has_paused_goes_on_waiting() {
    let Some(database) = postgres::empty() else { return };
    let sink = Sink::builder().start().await;
    let newsroom = Newsroom::new().issue("2014-12", ISSUE).back_issues().subscribers(40).relay(&sink);
    let newsroom = newsroom.table("[delivery]\ncanary = \"10 readers, 1 h\"").build();
    let holds = |store: &str| {
        let mut running = Running::of(&mut on(&newsroom, store, &["send", "2014-12"]));
        running.hears("the canary");
        running.signal("TERM");
        running.end().exits(1).says(&["30 not tried yet"]);
        assert_eq!(sink.arrived(), 10);
    };
    holds(FILE);
    for (from, to) in [(FILE.to_owned(), database.url()), (database.url(), BACK.to_owned())] {
        run(&newsroom, &from, &["store", "copy", &from, &to]).ok();
        holds(&to);
    }
    run(&newsroom, BACK, &["pause", "2014-12"]);
    let last = "sqlite:data/last.db";
    run(&newsroom, BACK, &["store", "copy", BACK, last]).ok();
    run(&newsroom, last, &["status"]).says(&["paused"]);
    run(&newsroom, last, &["send", "2014-12"]).exits(1).says(&["paused"]);
    assert_eq!(sink.arrived(), 10);
}
