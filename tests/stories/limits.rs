//! What an operator allows a relay to be asked for is never exceeded: connections, messages on each, messages a second.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use crate::daemon::until;
use crate::support::later::{now, send_again_and_again};
use crate::support::newsroom::Newsroom;
use crate::support::sink::{Action, At, Sink, When};

const CONNECTIONS: usize = 3;
const PER_CONNECTION: usize = 25;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn never_more_connections_than_the_setting_however_often_they_are_lost() {
    const READERS: usize = 2_000;
    let ends = |digits: &'static str| move |recipient: &str| recipient.contains(digits);
    let sink = Sink::builder()
        .on(At::Connect, When::Every(30), Action::reply("421 4.3.2 too busy"))
        .on(At::Rcpt, When::first_of(ends("50@")), Action::Drop)
        .on(At::Data, When::first_of(ends("25@")), Action::reply("421 4.3.0 out of breath"))
        .on(At::Dot, When::first_of(ends("75@")), Action::reply("421 4.3.0 out of breath"))
        .start()
        .await;
    let newsroom = Newsroom::ready(READERS, &sink)
        .relay_setting(&format!("connections = {CONNECTIONS}\nmessages_per_connection = {PER_CONNECTION}"))
        .configured();
    newsroom.run(["send", "2014-12"]);
    assert!(send_again_and_again(&newsroom, "2014-12", now(), 6).await.is_finished);

    assert_eq!((newsroom.count("2014-12", "accepted"), sink.messages().len()), (READERS, READERS));
    assert_eq!(sink.most_open(), CONNECTIONS);
    let mut carried: BTreeMap<usize, usize> = BTreeMap::new();
    for message in sink.messages() {
        *carried.entry(message.connection).or_default() += 1;
    }
    assert!(carried.values().all(|count| *count <= PER_CONNECTION), "{carried:?}");
    assert_eq!(sink.faults(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rate_holds_over_all_connections_of_the_real_binary() {
    const READERS: usize = 300;
    for rate in ["150/s", "9000/min"] {
        let sink = Sink::builder().start().await;
        let newsroom = Newsroom::ready(READERS, &sink).relay_setting(&format!("connections = 3\nrate = \"{rate}\"")).configured();
        let began = Instant::now();
        newsroom.run(["send", "2014-12"]).ok().says(&["300 accepted"]);
        let at_least = Duration::from_millis(1_990);
        assert!(began.elapsed() >= at_least, "{rate}: the first goes at once, the last 299 gaps later: {:?}", began.elapsed());
        assert!(sink.most_open() <= 3);
    }
}

/// However long a mailing takes at its rate: no limit is worth a stop that lets the next message go in a moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rate_is_waited_for_however_long_the_mailing_lasts() {
    const READERS: usize = 60;
    let sink = Sink::builder().start().await;
    let newsroom = Newsroom::ready(READERS, &sink).relay_setting("rate = \"20/s\"");
    let clock = newsroom.path("clock");
    let newsroom = newsroom.variable("MASTHEAD_CLOCK", clock.to_str().expect("a path")).configured();
    let set = |instant: &str| {
        let fresh = clock.with_extension("fresh");
        fs::write(&fresh, instant).expect("a clock");
        fs::rename(&fresh, &clock).expect("a clock");
    };
    set("2014-12-01T14:00:00Z");
    let sending = newsroom.start(["send", "2014-12"]);
    until("some have it", || sink.messages().len() > 10);
    set("2014-12-01T14:05:00Z");
    sending.end().ok().says(&["60 accepted"]);
    assert_eq!(sink.messages().len(), READERS);
}
