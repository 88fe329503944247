//! A server that accepts our mail, or a folder that stands for one.

mod capabilities;
mod connect;
pub mod folder;
pub mod mx;
mod outgoing;
mod reply_lines;
mod settings;
pub mod smtp;
mod tls;
mod wire;

use crate::mailing::{Envelope, Reply, Stage};

/// What a relay answered to a message, and at which stage: the last reply that concerned it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Where the conversation about this message ended.
    pub stage: Stage,
    /// What the server said.
    pub reply: Reply,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// No connection, or none that may be used: refused, no TLS, bad certificate, wrong password.
    #[error("could not open relay `{relay}` at {place}: {cause}")]
    Open {
        /// The relay's name.
        relay: String,
        /// Host and port, or the folder.
        place: String,
        /// What happened, in words.
        cause: String,
        /// The server's reply, if it gave one.
        reply: Option<Reply>,
        /// Whether the same may go through later with nothing changed.
        transient: bool,
    },
    /// The connection was lost, ran out of time or talked nonsense in the middle of a message.
    #[error("lost relay `{relay}` at {stage}: {cause}")]
    Lost {
        /// The relay's name.
        relay: String,
        /// Where.
        stage: Stage,
        /// What happened, in words.
        cause: String,
        /// Whether the server may have taken the message: its last octet was on its way.
        in_doubt: bool,
    },
    /// The message or its envelope may not go onto any wire; nothing of it was sent, and the connection lives on
    /// (STANDARDS T2). Our own fault, never the reader's or the server's.
    #[error("could not hand a message to relay `{relay}`: {cause}")]
    Unfit {
        /// The relay's name.
        relay: String,
        /// What is wrong with it, in words.
        cause: String,
    },
}

impl RelayError {
    /// Whether the same may go through later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Open { transient, .. } => *transient,
            Self::Lost { .. } => true,
            Self::Unfit { .. } => false,
        }
    }

    /// Whether the message may have been accepted although nobody said so (RFC 5321 section 4.5.4.1, STANDARDS S12).
    pub fn is_in_doubt(&self) -> bool {
        matches!(self, Self::Lost { in_doubt: true, .. })
    }
}

/// Somewhere to hand messages to.
#[derive(Debug)]
pub enum Relay {
    /// An SMTP server.
    Smtp(smtp::SmtpRelay),
    /// A folder that gets one `.eml` file a message.
    Folder(folder::FolderRelay),
}

impl Relay {
    /// Its name in the configuration.
    pub fn name(&self) -> &str {
        match self {
            Self::Smtp(relay) => relay.name(),
            Self::Folder(relay) => relay.name(),
        }
    }

    /// Opens one connection; a worker holds one and sends its messages one after the other.
    pub async fn connect(&self) -> Result<Connection, RelayError> {
        Ok(match self {
            Self::Smtp(relay) => Connection::Smtp(Box::new(relay.connect().await?)),
            Self::Folder(relay) => Connection::Folder(relay.connect().await?),
        })
    }
}

/// One conversation with a relay.
pub enum Connection {
    /// With an SMTP server.
    Smtp(Box<smtp::SmtpConnection>),
    /// With a folder.
    Folder(folder::FolderConnection),
}

impl Connection {
    /// Hands over one message. `Ok` is whatever the server finally said of it, good or bad; after `Err` ask
    /// [`Self::is_usable`], which is true only if nothing was sent. `message` has CRLF line ends only and is not
    /// dot-stuffed. A caller that drops this future half-way has a message in doubt and a connection that is no longer usable.
    pub async fn submit(&mut self, envelope: &Envelope, message: &[u8]) -> Result<Answer, RelayError> {
        match self {
            Self::Smtp(connection) => connection.submit(envelope, message).await,
            Self::Folder(connection) => connection.submit(envelope, message).await,
        }
    }

    /// Whether another message may follow: the server has not said 421 or closed, and the relay's limit of messages
    /// per connection is not reached.
    pub fn is_usable(&self) -> bool {
        match self {
            Self::Smtp(connection) => connection.is_usable(),
            Self::Folder(_) => true,
        }
    }

    /// Says good-bye.
    pub async fn close(self) {
        if let Self::Smtp(connection) = self {
            connection.close().await;
        }
    }
}
