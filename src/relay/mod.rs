//! A server that accepts our mail, or a folder that stands for one.
//!
//! A message goes in two steps: its *door* (MAIL, RCPT and DATA) and its body. Where the server allows PIPELINING, the door
//! of the next message is asked for in the same write as the body of this one, so that a message costs one round trip.
//! CHUNKING would not save another and would send bodies to recipients who are refused; REQUIRETLS makes servers
//! return what a reader could have had. Neither is used.

mod body;
mod capabilities;
mod connect;
mod conversation;
pub mod folder;
pub mod mx;
mod outgoing;
mod replies;
mod settings;
pub mod smtp;
mod tls;
mod wire;

use crate::mailing::compose::Message;
use crate::mailing::{Reply, Stage};

/// What a relay answered to a message, and at which stage: the last reply that concerned it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Where the conversation about this message ended.
    pub stage: Stage,
    /// What the server said.
    pub reply: Reply,
}

/// How the transaction of a message stands before its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Door {
    /// The server waits for the body.
    Open,
    /// The message was refused at MAIL, RCPT or DATA: by the server, or on its behalf where it lacks what the message
    /// needs. The connection lives on unless [`Connection::is_usable`] says otherwise, as after 421.
    Refused(Answer),
    /// Nothing is under way for this message: its door was not asked for, or the connection was lost before it was
    /// answered. Nothing of it was sent; it may be opened again, here or on another connection.
    Shut,
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
    /// Opens the transaction of a message. Never [`Door::Shut`]: that comes as an error, which is never in doubt.
    /// A message of which nothing may be sent is [`RelayError::Unfit`], and the connection lives on.
    pub async fn open(&mut self, message: &Message) -> Result<Door, RelayError> {
        match self {
            Self::Smtp(connection) => connection.open(message).await,
            Self::Folder(connection) => Ok(connection.open(message)),
        }
    }

    /// Sends the body of the message whose door is open, and asks in the same write for the door of `next`, where
    /// PIPELINING is offered and this connection may carry another message.
    ///
    /// The first half of what comes back is the answer to `message`, good or bad; it is in doubt if the body was
    /// under way and no answer came, and if what followed shows that the answers had slid out of step. The second half
    /// is the door of `next`. A caller that drops this future half-way has a message in doubt and a connection that is
    /// no longer usable.
    pub async fn hand_over(&mut self, message: &Message, next: Option<&Message>) -> (Result<Answer, RelayError>, Door) {
        match self {
            Self::Smtp(connection) => connection.hand_over(message, next).await,
            Self::Folder(connection) => connection.hand_over(message, next).await,
        }
    }

    /// One message, from its door to the answer that ends it. `Ok` is whatever the server finally said of it.
    pub async fn submit(&mut self, message: &Message) -> Result<Answer, RelayError> {
        match self.open(message).await? {
            Door::Refused(answer) => Ok(answer),
            Door::Open | Door::Shut => self.hand_over(message, None).await.0,
        }
    }

    /// Whether another door may be asked for: the server has not said 421 or closed, the relay's limit of messages per
    /// connection is not reached, and the connection did not rest too long. A door that is open stays so regardless.
    pub fn is_usable(&self) -> bool {
        match self {
            Self::Smtp(connection) => connection.is_usable(),
            Self::Folder(_) => true,
        }
    }

    /// Whether [`Self::hand_over`] can ask for the door of the next message.
    pub fn offers_pipelining(&self) -> bool {
        match self {
            Self::Smtp(connection) => connection.offers_pipelining(),
            Self::Folder(_) => true,
        }
    }

    /// Says good-bye. With a door open it hangs up instead: that is the safe way not to send a message after all.
    pub async fn close(self) {
        if let Self::Smtp(connection) = self {
            connection.close().await;
        }
    }
}
