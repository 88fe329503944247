//! One process of the binary at work, whose memory and processor time are watched, and which may be killed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::child;

/// How often both are looked at; the kernel keeps the peak meanwhile.
const LOOK: Duration = Duration::from_millis(50);

/// A process at work.
pub(crate) struct Node {
    process: Child,
    /// In seconds since 1970.
    pub(crate) started_at: f64,
    process_time: Arc<AtomicU64>,
    peak: Arc<AtomicU64>,
    watch: JoinHandle<()>,
    /// What it says of how it fares.
    log: PathBuf,
}

/// What a process took.
pub(crate) struct Took {
    /// The most memory that it had, in MiB.
    pub(crate) peak: f64,
    /// Time on the cores, up to the last look.
    pub(crate) process_time: Duration,
}

impl Node {
    /// Starts the binary in a newsroom.
    pub(crate) fn start(root: &Path, words: &[&str]) -> io::Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_masthead"));
        command.arg("-C").arg(root).args(words).current_dir(root).env_clear().env("HOME", root.join("home"));
        let log = root.join(format!("{}.log", words.first().copied().unwrap_or("node")));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(fs::File::create(&log)?);
        let started_at = child::now();
        let process = command.spawn()?;
        let id = process.id().to_string();
        let (process_time, peak) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (worked, seen) = (Arc::clone(&process_time), Arc::clone(&peak));
        let watch = thread::spawn(move || {
            while let Some(kib) = peak_of(&id) {
                seen.fetch_max(kib, Ordering::Relaxed);
                let time = child::cpu(&id).unwrap_or_default();
                worked.fetch_max(u64::try_from(time.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
                thread::park_timeout(LOOK);
            }
        });
        Ok(Self { process, started_at, process_time, peak, watch, log })
    }

    /// Lets it work for a while, and kills it.
    pub(crate) fn kill_after(mut self, span: Duration) -> io::Result<()> {
        thread::park_timeout(span);
        self.process.kill()?;
        self.ended().map(drop)
    }

    /// Asks it to end as systemd would, and waits until it has.
    pub(crate) fn stop(self) -> io::Result<Took> {
        if let Some(pid) = i32::try_from(self.process.id()).ok().and_then(rustix::process::Pid::from_raw) {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        }
        self.end()
    }

    /// Waits until it has ended well.
    pub(crate) fn end(self) -> io::Result<Took> {
        let log = self.log.clone();
        let (status, took) = self.ended()?;
        if status.success() { Ok(took) } else { Err(io::Error::other(format!("{status}\n{}", fs::read_to_string(log)?))) }
    }

    fn ended(mut self) -> io::Result<(ExitStatus, Took)> {
        let status = self.process.wait()?;
        self.watch.thread().unpark();
        let _ = self.watch.join();
        #[allow(clippy::cast_precision_loss, reason = "no machine has that much memory")]
        let peak = self.peak.load(Ordering::Relaxed) as f64 / 1024.0;
        Ok((status, Took { peak, process_time: Duration::from_millis(self.process_time.load(Ordering::Relaxed)) }))
    }
}

/// The most memory that a process ever had, in KiB; `None` once it has ended.
fn peak_of(id: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}
