//! One process of the binary at work, whose memory is watched, and which may be killed.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::child;

/// How often memory is looked at; the kernel keeps the peak meanwhile.
const LOOK: Duration = Duration::from_millis(50);

/// A process at work.
pub(crate) struct Node {
    process: Child,
    /// In seconds since 1970.
    pub(crate) started_at: f64,
    peak: Arc<AtomicU64>,
    watch: JoinHandle<()>,
}

impl Node {
    /// Starts the binary in a newsroom.
    pub(crate) fn start(root: &Path, words: &[&str]) -> io::Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_masthead"));
        command.arg("-C").arg(root).args(words).current_dir(root).env_clear().env("HOME", root.join("home"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(fs::File::create(root.join("node.log"))?);
        let started_at = child::now();
        let process = command.spawn()?;
        let (status, peak) = (format!("/proc/{}/status", process.id()), Arc::new(AtomicU64::new(0)));
        let seen = Arc::clone(&peak);
        let watch = thread::spawn(move || {
            while let Some(kib) = peak_of(&status) {
                seen.fetch_max(kib, Ordering::Relaxed);
                thread::park_timeout(LOOK);
            }
        });
        Ok(Self { process, started_at, peak, watch })
    }

    /// Lets it work for a while, and kills it.
    pub(crate) fn kill_after(mut self, span: Duration) -> io::Result<()> {
        thread::park_timeout(span);
        self.process.kill()?;
        self.end().map(drop)
    }

    /// Asks it to end as systemd would, and waits until it has.
    pub(crate) fn stop(self) -> io::Result<f64> {
        if let Some(pid) = i32::try_from(self.process.id()).ok().and_then(rustix::process::Pid::from_raw) {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        }
        self.end()
    }

    /// Waits until it has ended. Returns its peak of memory in MiB.
    pub(crate) fn end(mut self) -> io::Result<f64> {
        self.process.wait()?;
        self.watch.thread().unpark();
        let _ = self.watch.join();
        #[allow(clippy::cast_precision_loss, reason = "no machine has that much memory")]
        Ok(self.peak.load(Ordering::Relaxed) as f64 / 1024.0)
    }
}

/// The most memory that a process ever had, in KiB; `None` once it has ended.
fn peak_of(status: &str) -> Option<u64> {
    let status = fs::read_to_string(status).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}
