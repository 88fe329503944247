//! Messages go to a relay, and what it says to each is told exactly.

mod doors;
mod faults;
mod folder;
mod manners;
mod security;

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use masthead::mailing::compose::Message;
use masthead::mailing::{Envelope, Stage};
use masthead::relay::smtp::{Credentials, Login, Security, SmtpConnection, SmtpRelay, SmtpSettings, Timeouts};
use masthead::relay::{Answer, RelayError};
use masthead::subscription::EmailAddress;

use crate::support::sink::Sink;

/// Long enough for a busy machine, and never waited for.
const AMPLE: Duration = Duration::from_secs(30);

/// As long as a server may keep a story waiting that wants to see it cut off.
const BRIEF: Duration = Duration::from_millis(150);

const MESSAGE: &[u8] = b"From: b@example.org\r\nMessage-ID: <1@example.org>\r\n\r\nHello\r\n";

fn settings(sink: &Sink) -> SmtpSettings {
    SmtpSettings {
        name: "main".to_owned(),
        host: "127.0.0.1".to_owned(),
        port: sink.port(),
        security: Security::None,
        ehlo_name: "press.example.org".to_owned(),
        credentials: None,
        ca_file: None,
        max_messages_per_connection: None,
        idle: 10 * AMPLE,
        dsn: false,
        timeouts: Timeouts::all(AMPLE),
    }
}

fn credentials(password: &str) -> Credentials {
    Credentials { user: "press".to_owned(), password: password.to_owned().into(), login: Login::Password }
}

/// The sink's authority in a file, and the folder that keeps the file.
fn ca_file(sink: &Sink) -> (tempfile::TempDir, Option<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, sink.ca_pem()).unwrap();
    (folder, Some(file))
}

/// Opens one connection; fails the story if that takes for ever.
async fn connect(settings: SmtpSettings) -> Result<SmtpConnection, RelayError> {
    let relay = SmtpRelay::new(settings)?;
    in_time(relay.connect()).await
}

async fn connect_plain(sink: &Sink) -> SmtpConnection {
    connect(settings(sink)).await.unwrap()
}

fn envelope(recipient: &str) -> Envelope {
    Envelope { sender: EmailAddress::parse("b+1@bounce.example.org").unwrap(), recipient: EmailAddress::parse(recipient).unwrap() }
}

fn message(recipient: &str, octets: &[u8]) -> Message {
    Message { envelope: envelope(recipient), octets: octets.to_vec() }
}

async fn submit(connection: &mut SmtpConnection, recipient: &str) -> Result<Answer, RelayError> {
    in_time(connection.submit(&message(recipient, MESSAGE))).await
}

async fn in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(2 * AMPLE, work).await.expect("an end in bounded time")
}

/// Stage, code and enhanced code of an answer.
fn said(answer: &Answer) -> (Stage, u16, String) {
    (answer.stage, answer.reply.code, answer.reply.enhanced.map(|code| code.to_string()).unwrap_or_default())
}
