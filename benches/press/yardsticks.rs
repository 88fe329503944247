//! What others do on the same machine in the same minute: programs that compose nothing, and senders that do our work.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::child::{self, Spent};
use crate::sink::{Manner, Sink, Summary};

/// A sender's run: what it cost, and what came of it.
pub(crate) struct Run {
    pub(crate) spent: Spent,
    pub(crate) came: Summary,
}

impl Run {
    /// Messages in a second, from the first connection to the end of the last message.
    #[allow(clippy::cast_precision_loss, reason = "nobody sends that many")]
    pub(crate) fn rate(&self) -> f64 {
        self.came.messages as f64 / self.came.seconds
    }

    /// CPU seconds for a thousand messages.
    #[allow(clippy::cast_precision_loss, reason = "nobody sends that many")]
    pub(crate) fn cpu(&self) -> f64 {
        self.spent.cpu_seconds * 1000.0 / self.came.messages as f64
    }

    /// Microseconds that a message cost the sink.
    #[allow(clippy::cast_precision_loss, reason = "nobody sends that many")]
    pub(crate) fn sink_time(&self) -> f64 {
        self.came.cpu_seconds * 1e6 / self.came.messages as f64
    }
}

/// What all senders of the letter are told.
pub(crate) struct Errand<'a> {
    pub(crate) letter: &'a Path,
    pub(crate) roll: &'a Path,
    pub(crate) readers: u64,
    pub(crate) connections: u64,
    /// Signs, if there is one.
    pub(crate) key: Option<&'a Path>,
}

/// Where the peers are; what is not there is skipped.
pub(crate) struct Peers {
    /// A folder above `node_modules/nodemailer`.
    nodemailer: Option<PathBuf>,
    python: Option<PathBuf>,
    dkimpy: Option<PathBuf>,
    lettre: Option<PathBuf>,
    scripts: PathBuf,
}

impl Peers {
    /// Looks for them where `benches/peers/install.sh` puts them, and where the system has them.
    pub(crate) fn find() -> Self {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers");
        let installed = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("peers");
        let node = found("node");
        let places = [installed.clone(), scripts.clone(), "/usr/lib".into(), "/usr/local/lib".into(), "/usr/share/nodejs".into()];
        let nodemailer = node.and_then(|_| places.into_iter().find(|place| place.join("node_modules/nodemailer").is_dir()));
        let python = python();
        let dkimpy = Some(installed.join("python")).filter(|folder| python.is_some() && folder.join("dkim").is_dir());
        let lettre = Some(installed.join("lettre/release/lettre-peer")).filter(|program| program.is_file());
        Self { nodemailer, python, dkimpy, lettre, scripts }
    }

    /// nodemailer's pool, and its DKIM where there is a key.
    pub(crate) fn nodemailer(&self, errand: &Errand<'_>, manner: &Manner) -> io::Result<Run> {
        let modules = self.nodemailer.as_ref().ok_or_else(|| missing("nodemailer"))?;
        send(errand, manner, |port| {
            let mut command = Command::new("node");
            command.arg(self.scripts.join("nodemailer.mjs")).arg(modules).arg(port.to_string()).arg(errand.connections.to_string());
            command
        })
    }

    /// Python's smtplib, and dkimpy where there is a key; processes are its connections.
    pub(crate) fn smtplib(&self, errand: &Errand<'_>, manner: &Manner) -> io::Result<Run> {
        let python = self.python.as_ref().ok_or_else(|| missing("python3"))?;
        if errand.key.is_some() && self.dkimpy.is_none() {
            return Err(missing("dkimpy"));
        }
        send(errand, manner, |port| {
            let mut command = Command::new(python);
            command.env("PYTHONPATH", self.dkimpy.as_deref().unwrap_or(Path::new("")));
            command.arg(self.scripts.join("smtplib_peer.py")).arg(port.to_string()).arg(errand.connections.to_string());
            command
        })
    }

    /// lettre's builder and its pooled transport.
    pub(crate) fn lettre(&self, errand: &Errand<'_>, manner: &Manner) -> io::Result<Run> {
        let program = self.lettre.as_ref().ok_or_else(|| missing("the sender on lettre's pool"))?;
        send(errand, manner, |port| {
            let mut command = Command::new(program);
            command.arg(port.to_string()).arg(errand.connections.to_string());
            command
        })
    }
}

/// Has a peer send the letter, and makes sure that everybody got it once.
fn send(errand: &Errand<'_>, manner: &Manner, command: impl FnOnce(u16) -> Command) -> io::Result<Run> {
    let sink = Sink::start(manner)?;
    let mut command = command(sink.port());
    command.arg(errand.letter).arg(errand.roll).arg(errand.readers.to_string()).args(errand.key);
    let run = ended(child::run(&mut command), sink)?;
    let Summary { messages, readers, .. } = run.came;
    if (messages, readers) != (errand.readers, errand.readers) {
        let wanted = errand.readers;
        return Err(io::Error::other(format!("{messages} messages came for {readers} readers, where {wanted} were wanted")));
    }
    Ok(run)
}

/// Stops the sink whatever became of the sender.
pub(crate) fn ended(spent: io::Result<Spent>, sink: Sink) -> io::Result<Run> {
    let came = sink.stop()?;
    Ok(Run { spent: spent?, came })
}

fn missing(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("{what} is not there; benches/peers/install.sh brings what can be brought"))
}

/// Where a program is, by name.
fn found(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let mut places: Vec<PathBuf> = env::split_paths(&path).collect();
    places.extend(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    places.into_iter().map(|place| place.join(name)).find(|program| program.is_file())
}

/// Python itself: what bears its name may be a script that looks for it, and that shall not count.
fn python() -> Option<PathBuf> {
    let asked = child::run(Command::new(found("python3")?).args(["-c", "import sys; print(sys.executable)"])).ok()?;
    Some(asked.output.trim().into()).filter(|program: &PathBuf| program.is_file())
}

/// Postfix's `smtp-source`: it composes nothing, so it is the wire's limit for one command a time. Connections are kept
/// (`-d`): without that it is three times slower and no yardstick.
pub(crate) fn smtp_source(messages: u64, connections: u64, octets: usize, manner: &Manner) -> io::Result<Run> {
    let program = found("smtp-source").ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "smtp-source (Postfix) is not there"))?;
    let sink = Sink::start(manner)?;
    let mut command = Command::new(program);
    command.arg("-d").args(["-s", &connections.to_string(), "-l", &octets.to_string(), "-m", &messages.to_string()]);
    command.args(["-f", "notes@news.example.org", "-t", "reader@example.org", &format!("127.0.0.1:{}", sink.port())]);
    let run = ended(child::run(&mut command), sink)?;
    if run.came.messages != messages {
        return Err(io::Error::other(format!("{} messages came, where {messages} were wanted", run.came.messages)));
    }
    Ok(run)
}

/// RSA-2048 signatures in a second that all cores can make, as `openssl speed` has it.
pub(crate) fn openssl(cores: usize) -> io::Result<f64> {
    let program = found("openssl").ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "openssl is not there"))?;
    let spent = child::run(Command::new(program).args(["speed", "-seconds", "2", "-multi", &cores.to_string(), "rsa2048"]))?;
    let column = spent.output.lines().find_map(|line| line.split_whitespace().position(|word| word == "sign/s"));
    let line = spent.output.lines().rev().find_map(|line| line.trim_start().strip_prefix("rsa")?.split_once("bits"));
    let figure = column.zip(line).and_then(|(column, (_, values))| values.split_whitespace().nth(column)?.parse().ok());
    figure.ok_or_else(|| io::Error::other("openssl speed said nothing that could be read"))
}

/// Readers taken in by SQLite's own shell: a table with a unique index and a random token each. Seconds.
pub(crate) fn sqlite(roll: &Path, folder: &Path) -> io::Result<f64> {
    let program = found("sqlite3").ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "sqlite3 is not there"))?;
    let database = folder.join("yardstick.db");
    let steps = [
        "pragma journal_mode = wal;".to_owned(),
        format!(".import --csv \"{}\" roll", roll.display()),
        "create table reader (id integer primary key, address text not null unique, name text, token blob not null);".to_owned(),
        "insert or ignore into reader (address, name, token) select lower(trim(email)), name, randomblob(16) from roll;".to_owned(),
    ];
    let spent = child::run(Command::new(program).arg(&database).args(steps))?;
    fs::remove_file(database)?;
    Ok(spent.seconds)
}
