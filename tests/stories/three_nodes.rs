//! Three nodes, one mailing, and everything that can happen to a node: nobody is missed, hardly anybody gets it twice, and the
//! limit holds for all of them together.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::daemon::until;
use crate::support::chance::{is_thorough, tell};
use crate::support::daemon::Daemon;
use crate::support::newsroom::{ISSUE, Newsroom};
use crate::support::postgres::{self, Cluster, Database};
use crate::support::sink::{Action, At, Handed, Sink, SinkBuilder, When};
use crate::support::strait::Strait;

const CONNECTIONS: usize = 4;
const LEASE: Duration = Duration::from_secs(3);

/// When the issue is due, and times at which whoever was deferred is due, one after the other.
const DUE: &str = "2014-12-01T14:00:05Z";
const LATER: [&str; 6] = [
    "2014-12-01T16:00:00Z",
    "2014-12-01T20:00:00Z",
    "2014-12-02T02:00:00Z",
    "2014-12-02T12:00:00Z",
    "2014-12-03T00:00:00Z",
    "2014-12-03T12:00:00Z",
];

/// How many readers: few enough for every day, more where nothing may be left out, or as many as somebody asks for.
fn readers() -> usize {
    let asked = env::var("MASTHEAD_TEST_READERS").ok().and_then(|readers| readers.parse().ok());
    asked.unwrap_or(if is_thorough() { 10_000 } else { 4_000 })
}

/// Messages a second of all nodes together: the mailing is to last as long as what happens to it.
fn rate(readers: usize) -> usize {
    (readers / 100).max(130)
}

/// One reader in so many is this one's like.
fn one_in(divisor: usize, remainder: usize) -> impl Fn(&str) -> bool {
    move |recipient| {
        let digits = recipient.trim_start_matches("reader").split('@').next().unwrap_or_default();
        digits.parse::<usize>().is_ok_and(|number| number % divisor == remainder)
    }
}

/// A relay with the faults of one that works: unknown readers, greylisting, connections closed before and after the last dot.
fn ailing() -> SinkBuilder {
    Sink::builder()
        .forgetful()
        .on(At::Mail, When::Carried(500), Action::reply("421 4.7.0 enough for one connection"))
        .on(At::Rcpt, When::of(one_in(100, 13)), Action::reply("550 5.1.1 no such reader"))
        .on(At::Rcpt, When::first_of(one_in(100, 7)), Action::reply("451 4.7.1 greylisted"))
        .on(At::Dot, When::first_of(one_in(500, 71)), Action::DropAfterDot)
        .on(At::Dot, When::first_of(one_in(500, 121)), Action::Drop)
        .on(At::Dot, When::Always, Action::Late(Duration::from_millis(3)))
}

/// A node with its own folder and its own way to the database.
struct Node {
    newsroom: Newsroom,
    strait: Strait,
    daemon: Option<Daemon>,
}

impl Node {
    fn new(name: &str, cluster: &Cluster, database: &Database, sink: &Sink, readers: usize) -> Self {
        let strait = Strait::to(cluster.socket());
        let tables = format!(
            "[issues]\nsettle = \"100ms\"\n\n[schedule]\ncron = \"first-monday 09:00\"\n\n[node]\nname = \"{name}\"\nlease = \"3s\"\n"
        );
        let newsroom = Newsroom::new().issue("2014-12", ISSUE).with_known_key().table(&tables).relay(sink);
        let newsroom = newsroom.relay_setting(&format!("connections = {CONNECTIONS}\nrate = \"{}/s\"", rate(readers)));
        let newsroom = newsroom.variable("MASTHEAD_STORE__URL", &strait.url(&database.url()));
        let newsroom = if name == "a" { newsroom.back_issues().subscribers(readers).build() } else { newsroom.configured() };
        Self { newsroom, strait, daemon: None }
    }

    fn start(&mut self) {
        self.daemon = Some(Daemon::begin(&self.newsroom, Some(DUE)));
    }

    fn kill(&mut self) {
        self.daemon.take().expect("a node at work").kill();
    }

    fn signal(&mut self, name: &str) {
        self.daemon.as_mut().expect("a node at work").process().signal(name);
    }
}

/// Lets time pass in which the others go on.
fn let_pass(span: Duration) {
    let until = Instant::now() + span;
    while Instant::now() < until {
        thread::park_timeout(until.saturating_duration_since(Instant::now()));
    }
}

/// Waits until the relay has had so much of the mailing, in hundredths.
fn until_had(sink: &Sink, hundredths: usize, readers: usize) {
    until(&format!("{hundredths} of a hundred have it"), || sink.log().len() * 100 >= readers * hundredths);
}

/// Does to the nodes whatever can be done. Returns how many connections were open to what was done.
fn torment(nodes: &mut [Node; 3], sink: &Sink, readers: usize) -> usize {
    until_had(sink, 10, readers);
    nodes[2].kill();
    nodes[2].start();
    until_had(sink, 25, readers);
    nodes[1].signal("STOP");
    let_pass(LEASE * 2);
    nodes[1].signal("CONT");
    until_had(sink, 45, readers);
    nodes[0].strait.close();
    let_pass(LEASE * 2);
    nodes[0].strait.open();
    until_had(sink, 60, readers);
    for node in nodes.iter() {
        node.strait.close();
    }
    let_pass(LEASE * 2);
    let before = sink.log().len();
    let_pass(LEASE);
    assert_eq!(sink.log().len(), before, "something was sent that nobody could record");
    for node in nodes.iter() {
        node.strait.open();
    }
    until_had(sink, 75, readers);
    nodes[0].kill();
    nodes[0].start();
    4 * CONNECTIONS
}

fn tally(newsroom: &Newsroom) -> Value {
    newsroom.run(["status", "2014-12", "--json"]).ok().json()
}

/// The most messages that began within a second, and how long after the first.
fn most_in_a_second(beginnings: &[Instant]) -> (usize, Duration) {
    let mut from = 0;
    let mut most = (0, Duration::ZERO);
    for (at, began) in beginnings.iter().enumerate() {
        while began.duration_since(beginnings[from]) > Duration::from_secs(1) {
            from += 1;
        }
        most = most.max((at - from + 1, began.duration_since(beginnings[0])));
    }
    most
}

/// What the relay has of each reader: every copy that it took, whether its answer arrived or not.
fn copies(log: &[Handed]) -> BTreeMap<&str, Vec<&Handed>> {
    let mut copies = BTreeMap::<&str, Vec<&Handed>>::new();
    for handed in log.iter().filter(|handed| handed.is_accepted() || (handed.code == 0 && handed.is_whole())) {
        copies.entry(&handed.recipient).or_default().push(handed);
    }
    copies
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t23_whatever_happens_to_three_nodes_nobody_is_missed_and_the_limit_holds() {
    let Some(cluster) = postgres::cluster(true) else { return };
    let (readers, database) = (readers(), cluster.database());
    let sink = ailing().start().await;
    let mut nodes = ["a", "b", "c"].map(|name| Node::new(name, &cluster, &database, &sink, readers));
    nodes.iter_mut().for_each(Node::start);
    let open = torment(&mut nodes, &sink, readers);
    for later in LATER {
        until("only the deferred are left", || {
            let tally = tally(&nodes[1].newsroom);
            tally["finished_at"].is_string() || ["queued", "claimed", "submitting"].iter().all(|fate| tally["tally"][*fate] == 0)
        });
        if tally(&nodes[1].newsroom)["finished_at"].is_string() {
            break;
        }
        for node in &nodes {
            node.daemon.as_ref().expect("a node at work").set(later);
        }
    }
    until("the mailing is at rest", || tally(&nodes[1].newsroom)["finished_at"].is_string());
    let ledger = nodes[1].newsroom.deliveries("2014-12");
    for node in &mut nodes {
        node.daemon.take().expect("a node at work").stop().ok();
    }

    let log = sink.log();
    let copies = copies(&log);
    let is_unknown = one_in(100, 13);
    assert_eq!(ledger.len(), readers);
    for line in &ledger {
        let (reader, fate) = (line["address"].as_str().unwrap(), line["fate"].as_str().unwrap());
        assert_eq!(fate, if is_unknown(reader) { "refused" } else { "accepted" }, "{line}");
        assert_eq!(copies.contains_key(reader), !is_unknown(reader), "{line}");
    }
    for copies in copies.values() {
        let messages: BTreeSet<_> = copies.iter().map(|copy| (&copy.message_id, &copy.sender, copy.print)).collect();
        assert_eq!(messages.len(), 1, "{copies:?}");
    }
    let dropped = log.iter().filter(|handed| handed.is_whole() && handed.code == 0).count();
    let repeats = copies.values().map(|copies| copies.len() - 1).sum::<usize>();
    let (rate, (most, then)) = (rate(readers), most_in_a_second(&sink.beginnings()));
    tell(&format!(
        "three nodes: {readers} readers, {repeats} repeats, {dropped} of them since the relay broke off, at most {most} in a second of {rate}"
    ));
    assert!(repeats <= open + dropped, "{repeats} repeats");
    // Beside the rate: a tenth of a second's credit, and what each connection had taken and not begun.
    assert!(
        most <= rate + rate / 10 + nodes.len() * CONNECTIONS * 2,
        "{most} in a second, where {rate} are allowed, {then:?} after the first"
    );
    // A node that was killed is back before the relay has read the end of each of its connections.
    assert!(sink.most_open() <= (nodes.len() + 1) * CONNECTIONS, "{} connections at a time", sink.most_open());
    assert_eq!(sink.faults(), [""; 0]);
}
