//! A mail sink of our own: fast enough not to be what is measured, and a process of its own, so that its time is its own.

mod server;
mod session;

use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How a sink behaves.
#[derive(Clone)]
pub(crate) struct Manner {
    /// Offers PIPELINING.
    pub(crate) pipelining: bool,
    /// From the coming of a group of commands to the leaving of its replies.
    pub(crate) delay: Duration,
    /// Where recipient and Message-ID of each message are written.
    pub(crate) log: Option<PathBuf>,
    /// Where it listens; 0 leaves it to the system.
    pub(crate) port: u16,
}

impl Manner {
    /// Answers at once, and offers PIPELINING.
    pub(crate) fn prompt() -> Self {
        Self { pipelining: true, delay: Duration::ZERO, log: None, port: 0 }
    }

    /// Answers after this many milliseconds.
    pub(crate) fn after(milliseconds: u64) -> Self {
        Self { delay: Duration::from_millis(milliseconds), ..Self::prompt() }
    }

    /// Does not offer PIPELINING.
    pub(crate) fn without_pipelining(self) -> Self {
        Self { pipelining: false, ..self }
    }

    fn parse(words: &[String]) -> Option<Self> {
        let mut manner = Self::prompt();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--no-pipelining" => manner.pipelining = false,
                "--delay" => manner.delay = Duration::from_millis(words.next()?.parse().ok()?),
                "--log" => manner.log = Some(words.next()?.into()),
                "--port" => manner.port = words.next()?.parse().ok()?,
                _ => return None,
            }
        }
        Some(manner)
    }

    fn words(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> = vec!["--delay".into(), self.delay.as_millis().to_string().into()];
        if !self.pipelining {
            words.push("--no-pipelining".into());
        }
        if let Some(log) = &self.log {
            words.extend(["--log".into(), log.into()]);
        }
        words
    }
}

/// What came.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Summary {
    pub(crate) messages: u64,
    /// Different recipients.
    pub(crate) readers: u64,
    /// Octets of all messages as they came.
    pub(crate) octets: u64,
    /// From the first connection to the end of the last message.
    pub(crate) seconds: f64,
    /// When the first connection came, in seconds since 1970.
    pub(crate) first_at: f64,
    pub(crate) connections: u64,
    /// Open at the same time.
    pub(crate) most_connections: u64,
    /// Commands that were not in order.
    pub(crate) disorder: u64,
    /// Commands sent before their turn to a sink that does not offer PIPELINING.
    pub(crate) haste: u64,
    /// User and system time of the sink itself.
    pub(crate) cpu_seconds: f64,
}

/// A sink at work.
pub(crate) struct Sink {
    process: Child,
    output: BufReader<ChildStdout>,
    port: u16,
}

impl Sink {
    /// Starts this very program again, as a sink.
    pub(crate) fn start(manner: &Manner) -> io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("sink").args(manner.words()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn()?;
        let output = process.stdout.take().ok_or_else(|| io::Error::other("the sink has no output"))?;
        let mut output = BufReader::new(output);
        let mut line = String::new();
        output.read_line(&mut line)?;
        let port = line.trim().parse().map_err(|_| io::Error::other("the sink did not start"))?;
        Ok(Self { process, output, port })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Ends it and hears what came.
    pub(crate) fn stop(mut self) -> io::Result<Summary> {
        drop(self.process.stdin.take());
        let mut text = String::new();
        self.output.read_to_string(&mut text)?;
        self.process.wait()?;
        Ok(serde_json::from_str(&text)?)
    }
}

/// The other half of [`Sink::start`]; good by hand, too.
pub(crate) fn serve(words: &[String]) -> io::Result<()> {
    let usage = "sink [--port N] [--delay MILLISECONDS] [--no-pipelining] [--log FILE], until standard input is closed";
    let manner = Manner::parse(words).ok_or_else(|| io::Error::other(usage))?;
    println!("{}", serde_json::to_string(&server::serve(manner)?)?);
    Ok(())
}
