//! A folder that stands for a relay: it gets one `.eml` file a message, to look at or to hand to another program.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::digest::{Context, SHA256};
use data_encoding::HEXLOWER;
use tokio::task::spawn_blocking;

use super::{Answer, Door, RelayError};
use crate::mailing::compose::Message;
use crate::mailing::{Reply, Stage};

/// Most octets of an address in a file name; the hash tells the rest.
const MAX_ADDRESS: usize = 100;

/// Octets of the hash in a file name.
const HASH: usize = 8;

/// Tells apart the half-written files of this process.
static WRITTEN: AtomicU64 = AtomicU64::new(0);

/// A folder to write messages into.
#[derive(Debug, Clone)]
pub struct FolderRelay {
    name: String,
    folder: PathBuf,
}

/// One writer into the folder.
#[derive(Debug)]
pub struct FolderConnection {
    relay: FolderRelay,
}

impl FolderRelay {
    /// The relay of this name that writes into `folder`.
    pub fn new(name: impl Into<String>, folder: impl Into<PathBuf>) -> Self {
        Self { name: name.into(), folder: folder.into() }
    }

    /// Its name in the configuration.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Creates the folder if there is none. The error is [`RelayError::Open`].
    pub async fn connect(&self) -> Result<FolderConnection, RelayError> {
        let folder = self.folder.clone();
        match run(move || fs::create_dir_all(folder)).await {
            Ok(()) => Ok(FolderConnection { relay: self.clone() }),
            Err(error) => Err(RelayError::Open {
                relay: self.name.clone(),
                place: self.folder.display().to_string(),
                cause: error.to_string(),
                reply: None,
                transient: may_pass(&error),
            }),
        }
    }
}

impl FolderConnection {
    /// A folder refuses nothing before it is written to. See [`super::Connection::open`].
    pub fn open(&mut self, _message: &Message) -> Door {
        Door::Open
    }

    /// Writes the message as it is, whole or not at all. The same message to the same reader has the same file name, so
    /// a repeat replaces it. See [`super::Connection::hand_over`].
    pub async fn hand_over(&mut self, message: &Message, next: Option<&Message>) -> (Result<Answer, RelayError>, Door) {
        let answer = self.write(message).await;
        (answer, if next.is_some() { Door::Open } else { Door::Shut })
    }

    async fn write(&self, message: &Message) -> Result<Answer, RelayError> {
        let name = file_name(message.envelope.recipient.as_str(), &message.octets);
        let folder = self.relay.folder.clone();
        let written = {
            let (name, octets) = (name.clone(), message.octets.clone());
            run(move || write_whole(&folder, &name, &octets)).await
        };
        match written {
            Ok(()) => Ok(Answer { stage: Stage::Message, reply: Reply::new(250, ["2.0.0 written as", name.as_str()]) }),
            Err(error) => Err(RelayError::Lost {
                relay: self.relay.name.clone(),
                stage: Stage::Message,
                cause: format!("could not write into {}: {error}", self.relay.folder.display()),
                in_doubt: false,
            }),
        }
    }
}

async fn run(work: impl FnOnce() -> io::Result<()> + Send + 'static) -> io::Result<()> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}

/// Under another name first, so that nobody ever sees half a message.
fn write_whole(folder: &Path, name: &str, message: &[u8]) -> io::Result<()> {
    let part = folder.join(format!(".{}-{}.part", process::id(), WRITTEN.fetch_add(1, Ordering::Relaxed)));
    let written = fs::write(&part, message).and_then(|()| fs::rename(&part, folder.join(name)));
    if written.is_err() {
        // The error to report is the first one; the part may not even exist.
        let _ = fs::remove_file(&part);
    }
    written
}

/// `ann@example.org-0123456789abcdef.eml`: sorts by reader; the hash is of the whole address and the Message-ID, which
/// is the same on every try (STANDARDS M6).
fn file_name(recipient: &str, message: &[u8]) -> String {
    let mut hash = Context::new(&SHA256);
    hash.update(recipient.as_bytes());
    hash.update(b"\0");
    hash.update(message_id(message).unwrap_or(message));
    let hash = HEXLOWER.encode(hash.finish().as_ref().get(..HASH).unwrap_or_default());
    let address: String = recipient.chars().take(MAX_ADDRESS).enumerate().map(|(at, c)| plain(at, c)).collect();
    format!("{address}-{hash}.eml")
}

fn plain(at: usize, c: char) -> char {
    match c {
        '.' if at == 0 => '_',
        '@' | '.' | '+' | '-' | '_' | '=' => c,
        _ if c.is_ascii_alphanumeric() => c,
        _ => '_',
    }
}

/// The value of the Message-ID field, if the header has one.
fn message_id(message: &[u8]) -> Option<&[u8]> {
    const FIELD: &[u8] = b"message-id:";
    message
        .split_inclusive(|&octet| octet == b'\n')
        .map(<[u8]>::trim_ascii)
        .take_while(|line| !line.is_empty())
        .find_map(|line| line.split_at_checked(FIELD.len()).filter(|(field, _)| field.eq_ignore_ascii_case(FIELD)))
        .map(|(_, value)| value.trim_ascii())
        .filter(|value| !value.is_empty())
}

/// Whether the same may go through later with nothing changed: a full disk is emptied, a wrong path stays wrong.
fn may_pass(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::Interrupted | io::ErrorKind::ResourceBusy
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_name_is_the_readers_address_and_a_hash_of_the_message_id() {
        let first = file_name("ann@example.org", b"Subject: a\r\nMessage-ID: <1@x>\r\n\r\nbody\r\n");
        let again = file_name("ann@example.org", b"message-id:<1@x>\r\nSubject: b\r\n\r\nother\r\n");
        let other = file_name("ann@example.org", b"Subject: a\r\nMessage-ID: <2@x>\r\n\r\nbody\r\n");
        let hash = first.strip_prefix("ann@example.org-").and_then(|rest| rest.strip_suffix(".eml")).unwrap();
        assert!(hash.len() == 2 * HASH && hash.bytes().all(|digit| digit.is_ascii_hexdigit()), "{first}");
        assert_eq!(first, again);
        assert_ne!(first, other);
    }

    #[test]
    fn a_message_id_in_the_body_is_not_its_own() {
        assert_eq!(message_id(b"Subject: a\r\n\r\nMessage-ID: <1@x>\r\n"), None);
    }

    #[test]
    fn t13_no_address_leads_out_of_the_folder() {
        for address in ["../../etc/passwd@x.org", ".hidden@x.org", "a/b@x.org", "a\\b@x.org", "ä\u{0}@x.org"] {
            let name = file_name(address, b"");
            assert!(!name.starts_with('.') && !name.contains(['/', '\\', '\0']), "{name}");
        }
        assert_ne!(file_name("a/b@x.org", b""), file_name("a_b@x.org", b""));
        assert!(file_name(&format!("{}@x.org", "a".repeat(300)), b"").len() < 200);
    }
}
