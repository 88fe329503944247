//! The real binary at work, and what it told when it had ended.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// Longer than anything takes on a busy machine.
const AMPLE: Duration = Duration::from_mins(2);

/// What the binary told: its exit code, its answer, and what it said beside it.
#[derive(Debug)]
pub struct Told {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Told {
    /// Runs a command to its end.
    pub fn of(command: &mut Command) -> Self {
        Self::from(command.output().expect("the binary runs"))
    }

    /// Itself, if all was well; else the story ends here.
    #[track_caller]
    pub fn ok(self) -> Self {
        self.exits(0)
    }

    /// Itself, if it ended with this code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// Itself, if it said all of this, on either stream.
    #[track_caller]
    pub fn says(self, all: &[&str]) -> Self {
        for words in all {
            assert!(self.stdout.contains(words) || self.stderr.contains(words), "nothing of {words:?} in {self}");
        }
        self
    }

    /// The answer as one JSON document.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).expect("a JSON document")
    }

    /// The answer as one JSON document a line.
    #[track_caller]
    pub fn lines(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).expect("a JSON document a line")).collect()
    }
}

impl From<Output> for Told {
    fn from(output: Output) -> Self {
        let text = |octets| String::from_utf8(octets).expect("the binary speaks UTF-8");
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "exit {:?}\nstdout:\n{}\nstderr:\n{}", self.code, self.stdout, self.stderr)
    }
}

/// The binary at work. If its story ends before it does, so does it.
pub struct Running {
    child: Option<Child>,
    /// Standard error as it comes, once somebody listens.
    ear: Option<Receiver<u8>>,
}

impl Running {
    /// Starts a command.
    pub fn of(command: &mut Command) -> Self {
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
        Self { child: Some(child), ear: None }
    }

    fn child(&mut self) -> &mut Child {
        self.child.as_mut().expect("it is there until its end")
    }

    /// Its number among the machine's processes.
    pub fn pid(&mut self) -> Pid {
        i32::try_from(self.child().id()).ok().and_then(Pid::from_raw).expect("a process has a number")
    }

    /// Ends it in the middle of whatever it does.
    pub fn kill(mut self) -> io::Result<()> {
        self.child().kill()?;
        self.child().wait().map(|_| ())
    }

    /// Sends it a signal by name, such as `TERM`.
    pub fn signal(&mut self, name: &str) {
        let signal = match name {
            "TERM" => Signal::TERM,
            "KILL" => Signal::KILL,
            "INT" => Signal::INT,
            "HUP" => Signal::HUP,
            "STOP" => Signal::STOP,
            "CONT" => Signal::CONT,
            other => panic!("no story sends {other}"),
        };
        kill_process(self.pid(), signal).expect("it is ours to signal");
    }

    /// Waits until it has said these words on standard error, and returns all until then, which is gone from what it told.
    pub fn hears(&mut self, words: &str) -> String {
        let (said, is_over) = self.hears_or_ends(words);
        assert!(!is_over, "it ended without {words:?}: {said}");
        said
    }

    /// The same, but satisfied too if it closes the stream, as it does when it ends; whether it did comes second.
    pub fn hears_or_ends(&mut self, words: &str) -> (String, bool) {
        let deadline = Instant::now() + AMPLE;
        let mut said = Vec::new();
        let ear = self.listen();
        while !String::from_utf8_lossy(&said).contains(words) {
            match ear.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(octet) => said.push(octet),
                Err(RecvTimeoutError::Disconnected) => return (String::from_utf8_lossy(&said).into_owned(), true),
                Err(RecvTimeoutError::Timeout) => panic!("it never said {words:?}: {}", String::from_utf8_lossy(&said)),
            }
        }
        (String::from_utf8_lossy(&said).into_owned(), false)
    }

    /// Waits for the first line of its answer, and hangs up on the rest.
    pub fn answers(&mut self) -> String {
        let stream = self.child().stdout.take().expect("nobody has hung up");
        let (mouth, ear) = channel();
        thread::spawn(move || {
            let mut line = String::new();
            let read = BufReader::new(stream).read_line(&mut line);
            mouth.send(read.map(|_| line))
        });
        ear.recv_timeout(AMPLE).expect("it never answered").expect("it speaks UTF-8").trim_end().to_owned()
    }

    fn listen(&mut self) -> &Receiver<u8> {
        if let Some(stream) = self.child().stderr.take() {
            let (mouth, ear) = channel();
            thread::spawn(move || BufReader::new(stream).bytes().map_while(Result::ok).try_for_each(|octet| mouth.send(octet)));
            self.ear = Some(ear);
        }
        self.ear.as_ref().expect("somebody listens")
    }

    /// Hangs up on its answer before it is read.
    pub fn hang_up(&mut self) {
        drop(self.child().stdout.take());
    }

    /// Waits for its end.
    pub fn end(mut self) -> Told {
        let child = self.child.take().expect("it is there until its end");
        let mut output = child.wait_with_output().expect("the binary ends");
        output.stderr.extend(self.ear.iter().flatten());
        Told::from(output)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself; either way nothing is left behind.
            let _ = child.kill();
            let said = child.wait_with_output().map(|output| output.stderr).unwrap_or_default();
            if thread::panicking() {
                let _ = writeln!(io::stderr(), "what it said: {}", String::from_utf8_lossy(&said));
            }
        }
    }
}
