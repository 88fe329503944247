//! The circuit breaker: a provider that turns us away is left alone until a person has looked, and nobody else waits for it.

use crate::support::newsroom::{ISSUE, Newsroom};
use crate::support::sink::{Action, At, Sink, When};

const TOWN: &str = "[[provider]]\nid = \"town\"\ndomains = [\"town.example\"]";
const DESK: &str = "desk@example.org";

fn in_town(recipient: &str) -> bool {
    recipient.ends_with("@town.example")
}

/// Readers elsewhere and in town, where so many are; and a desk that is told.
fn newsroom(sink: &Sink, elsewhere: usize, town: usize) -> Newsroom {
    let newsroom = Newsroom::new().issue("2014-12", ISSUE).back_issues().subscribers(elsewhere).subscribers_at("town.example", town);
    newsroom.table(TOWN).table(&format!("[delivery]\nreport_to = [\"{DESK}\"]")).relay(sink).build()
}

fn report(sink: &Sink) -> String {
    let letters: Vec<_> = sink.messages().into_iter().filter(|message| message.recipient == DESK).collect();
    assert_eq!(letters.len(), 1, "told once");
    String::from_utf8(letters[0].bytes.clone()).unwrap().replace("=20", " ").replace("=\r\n", "")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_blocks_us_is_paused_and_all_others_are_served() {
    let sink = Sink::builder().on(At::Dot, When::of(in_town), Action::reply("550 5.7.1 Blocked, see our page")).start().await;
    let newsroom = newsroom(&sink, 500, 100);
    let told = newsroom.run(["send", "2014-12"]).exits(1);
    told.says(&["500 accepted", "mail to town is paused", "turned away for policy", "`masthead resume --provider town` lets it go on"]);
    let blocked = sink.log().iter().filter(|line| in_town(&line.recipient)).count();
    assert!((11..=30).contains(&blocked), "{blocked} were sent before it tripped");
    let report = report(&sink);
    assert!(report.contains("550 5.7.1 Blocked") && report.contains("masthead resume --provider town"), "{report}");

    // It lasts: another run, another process.
    newsroom.run(["send", "2014-12"]).exits(1).says(&["mail to town is paused"]);
    assert_eq!(sink.log().iter().filter(|line| in_town(&line.recipient)).count(), blocked);
    newsroom.run(["status", "2014-12"]).ok().says(&["550 5.7.1 Blocked, see our page", "masthead resume --provider town"]);

    let calm = Sink::builder().start().await;
    let newsroom = newsroom.relay(&calm).configured();
    newsroom.run(["resume", "--provider", "town"]).ok();
    newsroom.run(["retry", "2014-12", "--failed"]).ok();
    newsroom.run(["send", "2014-12"]).ok().says(&["2014-12 is out", "600 accepted"]);
    assert_eq!(calm.recipients().iter().filter(|recipient| in_town(recipient)).count(), 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_everybody_turns_us_away_the_mailing_stops_and_goes_on_only_when_it_is_resumed() {
    let sink = Sink::builder().on(At::Dot, When::of(|to| to != DESK), Action::reply("550 5.7.26 Unauthenticated")).start().await;
    let domains = (1..=10).map(|town| format!("\n[[provider]]\nid = \"town{town}\"\ndomains = [\"town{town}.example\"]"));
    let newsroom = Newsroom::new().issue("2014-12", ISSUE).back_issues();
    let newsroom = (1..=10).fold(newsroom, |newsroom, town| newsroom.subscribers_at(&format!("town{town}.example"), 20));
    let settings = format!("[delivery]\nreport_to = [\"{DESK}\"]\n{}", domains.collect::<String>());
    let newsroom = newsroom.table(&settings).relay(&sink).build();
    let told = newsroom.run(["send", "2014-12"]).exits(1);
    told.says(&["2014-12 is paused: ", "turned away for policy; more than 5 % stops", "`masthead resume 2014-12` lets it go on"]);
    let tried = sink.log().len();
    assert!(tried < 60, "{tried} were sent before it tripped");
    assert!(report(&sink).contains("masthead resume 2014-12"));
    newsroom.run(["send", "2014-12"]).exits(1).says(&["2014-12 is paused"]);
    assert_eq!(sink.log().len(), tried);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_breaker_can_be_switched_off() {
    let sink = Sink::builder().on(At::Dot, When::Always, Action::reply("550 5.7.1 Blocked")).start().await;
    let newsroom = Newsroom::ready(50, &sink).table("[delivery]\nbreaker = \"off\"").configured();
    newsroom.run(["send", "2014-12"]).ok().says(&["50 refused"]);
}
