//! Runs a program and tells what it cost: time on the clock, time on the cores, memory; with all that it starts.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use masthead::clock::{Clock as _, SystemClock};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// How often memory is looked at. The kernel keeps each process's peak, so only what is new in the last moment is missed.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 25_000_000 };

/// What a program cost, and what it said.
pub(crate) struct Spent {
    /// From start to end.
    pub(crate) seconds: f64,
    /// User and system time of the whole tree.
    pub(crate) cpu_seconds: f64,
    /// The greatest sum of the peaks of all processes of the tree, in MiB. Pages that they share count for each.
    pub(crate) peak_mib: f64,
    pub(crate) output: String,
}

/// Runs it to its end; a failure is an error that holds its last words.
pub(crate) fn run(command: &mut Command) -> io::Result<Spent> {
    let (mut output, mut errors) = (tempfile::tempfile()?, tempfile::tempfile()?);
    command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(errors.try_clone()?);
    let name = command.get_program().to_string_lossy().into_owned();
    let start = Instant::now();
    let mut process = command.spawn().map_err(|fault| io::Error::new(fault.kind(), format!("{name}: {fault}")))?;
    let id = process.id();
    let peak = watch(id)?;
    let seconds = start.elapsed().as_secs_f64();
    // It has ended but is not yet buried: only now is its time complete, and still to be read.
    let cpu = cpu(&id.to_string())?;
    let status = process.wait()?;
    let output = whole(&mut output)?;
    if !status.success() {
        let last: Vec<String> = whole(&mut errors)?.lines().rev().take(8).map(str::to_owned).collect();
        let last: Vec<&str> = last.iter().rev().map(String::as_str).collect();
        return Err(io::Error::other(format!("{name}: {status}\n{}\n{}", last.join("\n"), output.trim_end())));
    }
    Ok(Spent { seconds, cpu_seconds: cpu.as_secs_f64(), peak_mib: kib_to_mib(peak), output })
}

#[allow(clippy::cast_precision_loss, reason = "no machine has that much memory")]
fn kib_to_mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

fn whole(file: &mut File) -> io::Result<String> {
    file.rewind()?;
    let mut octets = Vec::new();
    file.read_to_end(&mut octets)?;
    Ok(String::from_utf8_lossy(&octets).into_owned())
}

/// Waits for the end of a process and keeps its tree's peak, in KiB.
fn watch(id: u32) -> io::Result<u64> {
    let pid = i32::try_from(id).ok().and_then(Pid::from_raw).ok_or_else(|| io::Error::other("no such process"))?;
    let process = pidfd_open(pid, PidfdFlags::empty())?;
    let mut peak = 0;
    loop {
        peak = peak.max(tree_peak(id));
        match poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&LOOK)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return Ok(peak),
            Err(fault) => return Err(fault.into()),
        }
    }
}

/// The sum of the peaks of a process and all below it; nothing for those that have gone meanwhile.
fn tree_peak(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let own: u64 = line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0);
    let tasks = fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let below: u64 =
        lists.flat_map(|list| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<u32>>()).map(tree_peak).sum();
    own + below
}

/// User and system time of a process and of its buried children, in the kernel's ticks of mostly 10 ms.
pub(crate) fn cpu(id: &str) -> io::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    // The name stands in parentheses and may hold anything; 11 fields lie between it and the first of the four times.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    let ticks: u64 = fields.skip(11).take(4).filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(Duration::from_secs(ticks) / u32::try_from(rustix::param::clock_ticks_per_second()).unwrap_or(100))
}

/// Now, in seconds since 1970.
#[allow(clippy::cast_precision_loss, reason = "microseconds of our days are far below 2^53")]
pub(crate) fn now() -> f64 {
    SystemClock.now().as_microsecond() as f64 / 1e6
}
