//! What is measured, and the lines that tell it.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::cluster::{Cluster, Database};
use crate::newsroom::{ISSUE, Newsroom, Setting};
use crate::node::{Node, Took};
use crate::sink::{Manner, Sink, Summary};

type Done = Result<(), Box<dyn Error>>;

/// How many readers are few.
const FEW: u64 = 10_000;

/// How often the few are sent to: what lasts two seconds is not measured by one look.
const TIMES: usize = 5;

/// How long a run lasts before it is killed, counted from when it was started; longer where opening takes longer.
const BEFORE_DEATH: Duration = Duration::from_secs(4);

/// What a relay far away takes for each reply, in milliseconds, and how many get mail there.
const LATENCY: u64 = 20;
const LATE: u64 = 12_000;

/// Few readers and many on one engine: the embedded one, or a database of a server.
pub(crate) fn many_readers(cluster: Option<&Cluster>, many: u64) -> Done {
    println!("{}", if cluster.is_some() { "PostgreSQL" } else { "SQLite" });
    let mut rates = Vec::new();
    for _ in 0..TIMES {
        rates.push(rate(&House::of(FEW, cluster)?.send()?.came));
    }
    rates.sort_by(f64::total_cmp);
    let few = rates[TIMES / 2];
    println!("  {FEW} readers: {few:.0} messages/s ({:.0} to {:.0}, {TIMES} times)", rates[0], rates[TIMES - 1]);

    let began = Instant::now();
    let house = House::of(many, cluster)?;
    println!("  {many} readers are in after {:.1} s", began.elapsed().as_secs_f64());
    let (before, wal) = (house.octets()?, house.wal()?);
    let run = house.send()?;
    if (run.came.messages, run.came.readers) != (many, many) {
        return Err(format!("{many} readers were to get one message each, and this came: {:?}", run.came).into());
    }
    let ratio = rate(&run.came) / few;
    println!("  first message {:.1} s after the start, the mailing's opening in it", run.first_after);
    println!("  {:.0} messages/s, {ratio:.2} times those to {FEW}; memory at most {:.0} MiB", rate(&run.came), run.took.peak);
    println!("  the node's own processor time for 1000 messages: {:.3} s", of_a_thousand(&run));
    let grown = house.octets()?.saturating_sub(before);
    println!("  the store grew by {} octets a delivery", grown / many);
    if let (Some(before), Some(after)) = (wal, house.wal()?) {
        println!("  the server's log took {} octets a delivery", (after - before) / many);
    }

    let house = House::of(many, cluster)?;
    let sink = house.sink(&Manner::prompt())?;
    house.node()?.kill_after(BEFORE_DEATH.max(Duration::from_secs_f64(run.first_after + 3.0)))?;
    let sent = sink.stop()?.messages;
    let sink = house.sink(&Manner::prompt())?;
    let node = house.node()?;
    let started_at = node.started_at;
    node.kill_after(BEFORE_DEATH)?;
    let came = sink.stop()?;
    println!("  killed after {sent} messages: the first of the next run {:.2} s after its start", came.first_at - started_at);
    Ok(())
}

/// One node and two where the relay's latency is the limit.
pub(crate) fn two_nodes(cluster: &Cluster) -> Done {
    println!(
        "PostgreSQL, a relay that takes {LATENCY} ms for each reply, {LATE} readers, {} connections a node",
        crate::newsroom::CONNECTIONS
    );
    let alone = rate(&House::of(LATE, Some(cluster))?.send_late(0)?);
    println!("  one node: {alone:.0} messages/s");
    let both = rate(&House::of(LATE, Some(cluster))?.send_late(1)?);
    println!("  two nodes: {both:.0} messages/s, {:.2} times as many", both / alone);
    Ok(())
}

/// A newsroom with its readers, and where it keeps them.
struct House {
    newsroom: Newsroom,
    database: Option<Database>,
}

/// What came of sending to all.
struct Run {
    came: Summary,
    first_after: f64,
    took: Took,
}

impl House {
    fn of(readers: u64, cluster: Option<&Cluster>) -> Result<Self, Box<dyn Error>> {
        let house = Self { newsroom: Newsroom::new(Path::new(env!("CARGO_BIN_EXE_masthead")))?, database: cluster.map(Cluster::database) };
        house.set(25)?;
        house.newsroom.import(readers)?;
        Ok(house)
    }

    /// Writes the settings, for a relay at this port.
    fn set(&self, port: u16) -> Done {
        self.newsroom.set(Setting::plain(port))?;
        let path = self.newsroom.root().join("config/masthead.toml");
        if let Some(database) = &self.database {
            let text = fs::read_to_string(&path)?.replace("sqlite:data/masthead.db", &database.url());
            fs::write(path, text)?;
        }
        Ok(())
    }

    fn sink(&self, manner: &Manner) -> Result<Sink, Box<dyn Error>> {
        let sink = Sink::start(manner)?;
        self.set(sink.port())?;
        Ok(sink)
    }

    fn node(&self) -> Result<Node, Box<dyn Error>> {
        Ok(Node::start(self.newsroom.root(), &["send", ISSUE, "--now"])?)
    }

    fn send(&self) -> Result<Run, Box<dyn Error>> {
        let sink = self.sink(&Manner::prompt())?;
        let node = self.node()?;
        let started_at = node.started_at;
        let took = node.end()?;
        let came = sink.stop()?;
        Ok(Run { first_after: came.first_at - started_at, took, came })
    }

    /// Sends to the relay far away, with so many nodes that lend a hand.
    fn send_late(&self, hands: usize) -> Result<Summary, Box<dyn Error>> {
        let sink = self.sink(&Manner::after(LATENCY))?;
        let hands: Vec<Node> = (0..hands).map(|_| Node::start(self.newsroom.root(), &["serve"])).collect::<Result<_, _>>()?;
        self.node()?.end()?;
        for hand in hands {
            hand.stop()?;
        }
        Ok(sink.stop()?)
    }

    /// How much the server has written to its log so far.
    fn wal(&self) -> Result<Option<u64>, Box<dyn Error>> {
        let Some(database) = &self.database else { return Ok(None) };
        let answer = database.ask("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint");
        Ok(Some(answer.first().and_then(|row| row.first()).ok_or("no place in the log")?.parse()?))
    }

    /// How large the store is.
    fn octets(&self) -> Result<u64, Box<dyn Error>> {
        if let Some(database) = &self.database {
            let answer = database.ask("SELECT pg_database_size(current_database())");
            return Ok(answer.first().and_then(|row| row.first()).ok_or("no size")?.parse()?);
        }
        let mut octets = 0;
        for entry in fs::read_dir(self.newsroom.root().join("data"))? {
            octets += entry?.metadata()?.len();
        }
        Ok(octets)
    }
}

/// The seconds that the node's cores were at work for 1,000 messages.
#[allow(clippy::cast_precision_loss, reason = "nobody sends that many")]
fn of_a_thousand(run: &Run) -> f64 {
    run.took.process_time.as_secs_f64() * 1000.0 / run.came.messages as f64
}

#[allow(clippy::cast_precision_loss, reason = "nobody sends that many")]
fn rate(came: &Summary) -> f64 {
    came.messages as f64 / came.seconds
}
