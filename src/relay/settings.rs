//! What the configuration says of one SMTP server.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use crate::mailing::Stage;

pub use crate::config::{Login, Security};

/// Name and secret for a server; never sent without TLS (STANDARDS S2).
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The name of the account.
    pub user: String,
    /// Its password, or a token in its place.
    pub password: SecretString,
    /// Which of the two.
    pub login: Login,
}

/// How long we wait, at most; the defaults are the least that RFC 5321 section 4.5.3.2 allows (STANDARDS S8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a socket, and once more for a TLS handshake.
    pub connect: Duration,
    /// For the greeting.
    pub greeting: Duration,
    /// For EHLO, STARTTLS, AUTH and RSET.
    pub command: Duration,
    /// For MAIL FROM.
    pub mail: Duration,
    /// For RCPT TO.
    pub rcpt: Duration,
    /// For DATA.
    pub data: Duration,
    /// For the server to take each 64 KiB of a message.
    pub block: Duration,
    /// For the reply after the final dot; a shorter one makes duplicates.
    pub message: Duration,
    /// For QUIT, whose answer changes nothing.
    pub quit: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        const MINUTE: Duration = Duration::from_mins(1);
        Self {
            connect: MINUTE,
            greeting: 5 * MINUTE,
            command: 5 * MINUTE,
            mail: 5 * MINUTE,
            rcpt: 5 * MINUTE,
            data: 2 * MINUTE,
            block: 3 * MINUTE,
            message: 10 * MINUTE,
            quit: Duration::from_secs(5),
        }
    }
}

impl Timeouts {
    /// The same for everything, as a story wants it.
    pub fn all(limit: Duration) -> Self {
        Self {
            connect: limit,
            greeting: limit,
            command: limit,
            mail: limit,
            rcpt: limit,
            data: limit,
            block: limit,
            message: limit,
            quit: limit,
        }
    }

    /// For the reply of this stage.
    pub(super) fn reply(&self, stage: Stage) -> Duration {
        match stage {
            Stage::Greeting => self.greeting,
            Stage::Auth => self.command,
            Stage::Mail => self.mail,
            Stage::Rcpt => self.rcpt,
            Stage::Data => self.data,
            Stage::Message => self.message,
        }
    }
}

/// One server, as the configuration describes it.
#[derive(Debug, Clone)]
pub struct SmtpSettings {
    /// The relay's name in the configuration.
    pub name: String,
    /// Host name or address; a certificate has to bear it.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// How the line is kept secret.
    pub security: Security,
    /// What we call ourselves in EHLO: a fully qualified domain name, or an address in brackets (STANDARDS S1).
    pub ehlo_name: String,
    /// Name and password, if the server wants them.
    pub credentials: Option<Credentials>,
    /// A PEM file with the only authorities to trust; without one, those that the machine trusts.
    pub ca_file: Option<PathBuf>,
    /// How many messages one connection may carry; without one, any number.
    pub max_messages_per_connection: Option<NonZeroU32>,
    /// How long a connection may rest before it is not used again: servers in use hang up after a few minutes.
    pub idle: Duration,
    /// Whether the server is asked for notices of failure, where it offers that (STANDARDS S7).
    pub dsn: bool,
    /// How long we wait.
    pub timeouts: Timeouts,
}
