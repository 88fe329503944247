//! From the words on the command line to the table, and what must be said beside it.

use std::error::Error;
use std::fs;
use std::process::ExitCode;
use std::time::Instant;

use serde::Serialize;

use crate::args::{Args, USAGE};
use crate::figures::Spread;
use crate::measuring::{Measuring, Sizes};
use crate::sink;
use crate::table::{self, Line};

/// The whole report.
#[derive(Serialize)]
struct Report {
    rounds: usize,
    readers: u64,
    octets: usize,
    cores: usize,
    processor: String,
    /// Programs that wanted a core, on average over the minute before.
    load_before: String,
    /// Microseconds that a message cost the sink, which shares the cores.
    sink_microseconds: Option<Spread>,
    /// How long it all took.
    seconds: f64,
    lines: Vec<Line>,
    skipped: Vec<String>,
}

pub(crate) fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let done = match words.split_first() {
        Some((word, rest)) if word == "sink" => sink::serve(rest).map_err(Into::into),
        _ => Args::parse(&words).ok_or_else(|| USAGE.into()).and_then(|args| measure(&args)),
    };
    if let Err(fault) = done {
        eprintln!("{fault}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn measure(args: &Args) -> Result<(), Box<dyn Error>> {
    let (start, load_before) = (Instant::now(), load());
    eprintln!("making newsrooms");
    let mut measuring = Measuring::prepare(args)?;
    for round in 1..=args.rounds {
        eprintln!("round {round} of {}", args.rounds);
        measuring.round()?;
    }
    eprintln!("once");
    measuring.once()?;
    let report = Report {
        rounds: args.rounds,
        readers: args.sizes.readers,
        octets: measuring.octets,
        cores: args.cores,
        processor: processor(),
        load_before,
        sink_microseconds: measuring.figures.spread("plain.sink"),
        seconds: start.elapsed().as_secs_f64(),
        lines: table::lines(&measuring.figures),
        skipped: measuring.figures.skipped,
    };
    if let Some(path) = &args.json {
        fs::write(path, serde_json::to_vec_pretty(&report)?)?;
    }
    println!("{}", text(&report));
    Ok(())
}

fn text(report: &Report) -> String {
    let Report { rounds, readers, octets, cores, processor, load_before, sink_microseconds, seconds, lines, skipped } = report;
    let is_tiny = *readers < Sizes::USUAL.readers;
    let warning = if is_tiny { "TINY: this shows that everything works; the figures mean nothing\n" } else { "" };
    let mut text = format!(
        "\n{warning}{readers} readers, {octets} octets a message, {cores} cores ({processor}), load before {load_before}\n\
         medians of {rounds} rounds (least..greatest); every ratio is of one round\n\n{}\n",
        table::text(lines)
    );
    if let Some(time) = sink_microseconds {
        text.push_str(&format!("The sink shares the cores and takes {:.0} µs a message. ", time.median));
    }
    text.push_str(&format!("All of it took {seconds:.0} s."));
    for reason in skipped {
        text.push_str(&format!("\nSKIPPED: {reason}"));
    }
    text
}

fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split_whitespace().next().unwrap_or("unknown").to_owned()
}

fn processor() -> String {
    let told = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = told.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or("unknown", |(_, name)| name.trim()).to_owned()
}
