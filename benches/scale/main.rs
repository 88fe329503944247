//! Simulates one mailing to a hundred million readers, for `docs/scale.md`: `cargo bench --bench scale`.
//!
//! Nothing is sent and nothing is measured here: what is measured elsewhere and what is assumed stands in `world.rs`, and this
//! says what follows. The same numbers come out each time.

#![allow(clippy::print_stdout, reason = "a benchmark is a program that prints")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "counts far below what a float holds exactly"
)]

mod run;
mod world;

use run::{Outcome, Run};
use world::{
    ADDRESS_MONTH, GIGABYTE_OUT, HOURS_A_MONTH, LINE, MESSAGE, NODE, NODE_CORES, NODE_HOUR, PROVIDERS, READER, READERS, SERVER,
    SERVER_CORES, SERVER_HOUR, SERVER_LINE, THOUSAND_ELSEWHERE, TRY, WAL_LINE, WAL_TRY,
};

/// How many addresses mail leaves from, and how many nodes there are, in each run.
const RUNS: [(usize, usize); 5] = [(32, 2), (64, 2), (128, 3), (256, 4), (512, 6)];

/// The run that is told in full.
const CHOSEN: usize = 2;

fn main() {
    println!("{READERS} readers; an hour in, a node dies, and Yahoo turns everything away for two hours");
    println!("addresses nodes  50 % h  90 % h  99 % h 99.9 % h  all h   peak/s  connections  server  nodes  repeats");
    let mut chosen = None;
    for (at, (addresses, nodes)) in RUNS.into_iter().enumerate() {
        let outcome = Run::of(addresses, nodes).ended();
        row(addresses, nodes, &outcome);
        if at == CHOSEN {
            chosen = Some((addresses, nodes, outcome));
        }
    }
    println!(
        "\na node's cores are enough for {:.0} tries a second, three in five of the server's for {:.0}",
        NODE_CORES / NODE * 1e6,
        0.6 * SERVER_CORES / SERVER * 1e6
    );
    if let Some((addresses, nodes, outcome)) = chosen {
        detail(addresses, nodes, &outcome);
    }
}

fn row(addresses: usize, nodes: usize, outcome: &Outcome) {
    let [half, most, nearly, almost, all] = outcome.reached.map(hours);
    let lasting = outcome.reached[2];
    let server = 100.0 * outcome.server_busy / SERVER_CORES / lasting;
    let busy = 100.0 * outcome.nodes_busy / NODE_CORES / nodes as f64 / lasting;
    println!(
        "{addresses:>9} {nodes:>5} {half:>7.1} {most:>7.1} {nearly:>7.1} {almost:>8.1} {all:>6.1} {:>8.0} {:>12} {server:>5.1} % {busy:>4.0} % {:>8}",
        outcome.peak, outcome.connections, outcome.repeats
    );
}

/// One run in full: providers, the store, and what it costs.
fn detail(addresses: usize, nodes: usize, outcome: &Outcome) {
    println!("\nwith {addresses} addresses and {nodes} nodes");
    for (provider, last) in PROVIDERS.iter().zip(outcome.last) {
        println!(
            "  {:<10} {:>4.0} M readers, the last after {:>5.1} h",
            provider.name,
            millions(READERS / 1000 * provider.share),
            hours(last)
        );
    }
    println!(
        "  {:.2} M tries, {:.2} M accepted, {:.2} M refused",
        millions(outcome.tries),
        millions(outcome.accepted),
        millions(outcome.refused)
    );
    let opening = READERS as f64 * SERVER_LINE / 1e6 / 60.0;
    println!("  opening: {opening:.0} min of one core of the server, {:.0} GB of WAL", gigabytes(READERS * WAL_LINE));
    let wal_a_second = outcome.peak * WAL_TRY as f64 / 1e6;
    println!("  sending: {:.0} GB of WAL, {wal_a_second:.0} MB a second in the busiest minute", gigabytes(outcome.tries * WAL_TRY));
    let ledger = READERS * LINE + outcome.tries * TRY;
    println!("  the store: readers {:.0} GB, each mailing {:.0} GB more", gigabytes(READERS * READER), gigabytes(ledger));
    let sent = gigabytes(outcome.tries * MESSAGE);
    let node_hours = nodes as f64 * hours(outcome.reached[4]);
    let parts = [
        ("two servers, by the month", 2.0 * SERVER_HOUR * HOURS_A_MONTH),
        ("addresses, by the month", ADDRESS_MONTH * addresses as f64),
        ("nodes, while they send", NODE_HOUR * node_hours),
        ("traffic", sent * GIGABYTE_OUT),
    ];
    println!("  what a monthly issue costs, in euros; {sent:.0} GB leave");
    for (what, euros) in parts {
        println!("    {what:<28} {euros:>8.0}");
    }
    println!("    {:<28} {:>8.0}", "together", parts.iter().map(|(_, euros)| euros).sum::<f64>());
    println!("    {:<28} {:>8.0}", "a relay of somebody else", READERS as f64 / 1000.0 * THOUSAND_ELSEWHERE);
}

fn hours(seconds: f64) -> f64 {
    seconds / 3600.0
}

fn millions(many: u64) -> f64 {
    many as f64 / 1e6
}

fn gigabytes(octets: u64) -> f64 {
    octets as f64 / 1e9
}
