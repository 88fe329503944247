//! The daemon at work, and systemd's end of the wire to it.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::newsroom::{Newsroom, Running, Told};

/// Longer than anything takes on a busy machine.
const AMPLE: Duration = Duration::from_mins(1);

/// `masthead serve` in a newsroom.
pub struct Daemon {
    running: Running,
    wire: Receiver<String>,
    heard: Vec<String>,
    clock: PathBuf,
}

impl Daemon {
    /// Starts it, on the machine's clock, and waits until it is ready.
    pub fn start(newsroom: &Newsroom) -> Self {
        Self::begin(newsroom, None).once("READY=1")
    }

    /// The same on a clock that shows this instant now.
    pub fn start_at(newsroom: &Newsroom, instant: &str) -> Self {
        Self::begin(newsroom, Some(instant)).once("READY=1")
    }

    /// Starts it, and waits for nothing.
    pub fn begin(newsroom: &Newsroom, instant: Option<&str>) -> Self {
        let (socket, clock) = (newsroom.path("notify.sock"), newsroom.path("clock"));
        let _ = fs::remove_file(&socket);
        let wire = listen(UnixDatagram::bind(&socket).expect("a socket"));
        let mut command = newsroom.command(["serve"]);
        command.env("NOTIFY_SOCKET", &socket).env("WATCHDOG_USEC", "3000000");
        if let Some(instant) = instant {
            fs::write(&clock, instant).expect("a clock");
            command.env("MASTHEAD_CLOCK", &clock);
        }
        Self { running: Running::of(&mut command), wire, heard: Vec::new(), clock }
    }

    /// Sets its clock.
    pub fn set(&self, instant: &str) {
        let fresh = self.clock.with_extension("fresh");
        fs::write(&fresh, instant).expect("a clock");
        fs::rename(&fresh, &self.clock).expect("a clock");
    }

    /// Waits until it has told systemd something with these words in it; what it said before counts too.
    fn once(mut self, words: &str) -> Self {
        self.tells(words);
        self
    }

    /// The same from now on.
    #[track_caller]
    pub fn tells(&mut self, words: &str) -> String {
        let deadline = Instant::now() + AMPLE;
        while let Ok(said) = self.wire.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            self.heard.push(said.clone());
            if said.contains(words) {
                return said;
            }
        }
        panic!("it never told systemd {words:?}, but {:?}", self.heard)
    }

    /// Everything that it told systemd and that somebody waited through.
    pub fn told(&self) -> &[String] {
        &self.heard
    }

    /// The process.
    pub fn process(&mut self) -> &mut Running {
        &mut self.running
    }

    /// Asks it to end, and waits until it has.
    pub fn stop(mut self) -> Told {
        self.running.signal("TERM");
        self.running.end()
    }

    /// Ends it in the middle of whatever it does.
    pub fn kill(self) {
        self.running.kill().expect("it is ours to kill");
    }

    /// Waits for its end.
    pub fn end(self) -> Told {
        self.running.end()
    }
}

/// Takes whatever is said as it comes, as systemd does: who speaks must not wait for a story to listen.
fn listen(socket: UnixDatagram) -> Receiver<String> {
    let (mouth, ear) = channel();
    thread::spawn(move || {
        let mut octets = [0; 4096];
        while let Ok(count) = socket.recv(&mut octets) {
            if mouth.send(String::from_utf8_lossy(&octets[..count]).into_owned()).is_err() {
                break;
            }
        }
    });
    ear
}
