//! An SMTP server that takes our mail: its settings, and the conversation about one message after the other.
//!
//! The conversation runs through lettre's connection over our own stream, with commands of our own:
//! lettre's `send` hangs up after each bad recipient, does not pipeline, and does not say which command was refused.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use super::capabilities::Extension;
use super::connect::{Conversation, OpenFault, heard, open};
use super::outgoing::{Transaction, Unfit, stuff_dots};
use super::tls::TlsClient;
use super::{Answer, RelayError};
use crate::mailing::{Envelope, Reply, Stage};

pub use super::settings::{Credentials, Security, SmtpSettings, Timeouts};

/// Octets of a message that [`Timeouts::block`] is meant for.
const BLOCK: usize = 64 * 1024;

/// A server to hand messages to.
pub struct SmtpRelay {
    settings: Arc<SmtpSettings>,
    tls: Option<TlsClient>,
}

impl SmtpRelay {
    /// Checks the settings and reads the certificates to trust; talks to nobody yet. The error is
    /// [`RelayError::Open`] and not transient.
    pub fn new(settings: SmtpSettings) -> Result<Self, RelayError> {
        let misfit = |cause: String| opening_failed(&settings, OpenFault { cause, reply: None, is_transient: false });
        if settings.ehlo_name.is_empty() || !settings.ehlo_name.bytes().all(|octet| octet.is_ascii_graphic()) {
            return Err(misfit(format!("`{}` is no name to introduce ourselves by", settings.ehlo_name.escape_debug())));
        }
        let tls = match settings.security {
            Security::None if settings.credentials.is_some() => return Err(misfit("a password is never sent without TLS".to_owned())),
            Security::None => None,
            Security::Implicit | Security::StartTls => {
                Some(TlsClient::new(&settings.host, settings.ca_file.as_deref()).map_err(|fault| misfit(fault.cause))?)
            }
        };
        Ok(Self { settings: Arc::new(settings), tls })
    }

    /// Its name in the configuration.
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// Opens one connection, up to and including AUTH. The error is [`RelayError::Open`].
    pub async fn connect(&self) -> Result<SmtpConnection, RelayError> {
        let conversation = open(&self.settings, self.tls.as_ref()).await.map_err(|fault| opening_failed(&self.settings, fault))?;
        tracing::debug!(relay = self.settings.name, "opened a connection");
        Ok(SmtpConnection {
            conversation,
            settings: Arc::clone(&self.settings),
            is_at_rest: true,
            messages_left: self.settings.max_messages_per_connection.map(NonZeroU32::get),
        })
    }
}

/// Without the TLS configuration, which prints nothing worth reading.
impl fmt::Debug for SmtpRelay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpRelay").field("settings", &self.settings).finish_non_exhaustive()
    }
}

fn opening_failed(settings: &SmtpSettings, fault: OpenFault) -> RelayError {
    RelayError::Open {
        relay: settings.name.clone(),
        place: format!("{}:{}", settings.host, settings.port),
        cause: fault.cause,
        reply: fault.reply,
        transient: fault.is_transient,
    }
}

/// One conversation with the server.
pub struct SmtpConnection {
    conversation: Conversation,
    settings: Arc<SmtpSettings>,
    /// Between two messages, with every reply read. False while one is under way, so that a connection whose `submit` was
    /// dropped half-way never carries another: its next reply would belong to the message before.
    is_at_rest: bool,
    messages_left: Option<u32>,
}

impl SmtpConnection {
    /// Hands over one message, in a transaction of its own. See [`super::Connection::submit`].
    pub async fn submit(&mut self, envelope: &Envelope, message: &[u8]) -> Result<Answer, RelayError> {
        let unfit = |fault: Unfit| RelayError::Unfit { relay: self.settings.name.clone(), cause: fault.to_string() };
        let body = stuff_dots(message).map_err(unfit)?;
        let transaction = match Transaction::new(envelope, message, &self.conversation.offered).map_err(unfit)? {
            Ok(transaction) => transaction,
            Err(refusal) => return Ok(refusal),
        };
        if !self.is_usable() {
            return Err(self.lost(Stage::Mail, "the connection is used up".to_owned()));
        }
        self.is_at_rest = false;
        self.messages_left = self.messages_left.map(|left| left.saturating_sub(1));
        let refusal = if self.conversation.offered.offers(Extension::Pipelining) {
            self.open_at_once(&transaction).await?
        } else {
            self.open_step_by_step(&transaction).await?
        };
        let answer = match refusal {
            None => self.hand_over(&body).await?,
            Some(refusal) => refusal,
        };
        tracing::debug!(relay = self.settings.name, stage = answer.stage.as_str(), code = answer.reply.code, "submitted a message");
        Ok(answer)
    }

    /// Whether another message may follow. See [`super::Connection::is_usable`].
    pub fn is_usable(&self) -> bool {
        self.is_at_rest && self.messages_left != Some(0)
    }

    /// Says QUIT where that makes sense, and hangs up.
    pub async fn close(mut self) {
        if self.is_at_rest {
            self.conversation.control.begin(self.settings.timeouts.quit, self.settings.timeouts.quit);
            // Whatever the server says to this, the connection is over.
            let _ = self.conversation.lettre.quit().await;
        }
    }

    /// MAIL, RCPT and DATA in one write. Every reply of the group is read, also after a refusal (RFC 2920 section 3.1,
    /// STANDARDS S4). Returns the first refusal, if any.
    async fn open_at_once(&mut self, transaction: &Transaction) -> Result<Option<Answer>, RelayError> {
        let group = format!("{}{}DATA\r\n", transaction.mail, transaction.rcpt);
        let reply = self.ask_at(Stage::Mail, &group).await?;
        let mut refusal = self.judge(Stage::Mail, reply)?;
        for stage in [Stage::Rcpt, Stage::Data] {
            if refusal.as_ref().is_some_and(says_good_bye) {
                break;
            }
            let heard = self.next_reply(stage).await;
            if refusal.is_none() {
                let reply = heard.map_err(|cause| self.lost(stage, cause))?;
                refusal = self.judge(stage, reply)?;
                continue;
            }
            // The message is refused; what follows only tells whether the connection lives on.
            match heard {
                Ok(reply) if stage == Stage::Data && reply.code == 354 => {
                    // The server waits for a message to nobody: an empty one ends the wait (RFC 2920 section 3.1).
                    if self.ask_at(Stage::Message, ".\r\n").await.is_err() {
                        return Ok(refusal);
                    }
                }
                Ok(reply) if reply.code != 421 => {}
                _ => return Ok(refusal),
            }
        }
        if let Some(answer) = &refusal {
            self.reset_after(answer).await;
        }
        Ok(refusal)
    }

    /// MAIL, RCPT and DATA one after the other, for a server without PIPELINING. Returns the refusal, if any.
    async fn open_step_by_step(&mut self, transaction: &Transaction) -> Result<Option<Answer>, RelayError> {
        for (stage, command) in
            [(Stage::Mail, transaction.mail.as_str()), (Stage::Rcpt, transaction.rcpt.as_str()), (Stage::Data, "DATA\r\n")]
        {
            let reply = self.ask_at(stage, command).await?;
            if let Some(answer) = self.judge(stage, reply)? {
                self.reset_after(&answer).await;
                return Ok(Some(answer));
            }
        }
        Ok(None)
    }

    /// The message and its final dot in one write, and what the server says to it.
    async fn hand_over(&mut self, body: &str) -> Result<Answer, RelayError> {
        let blocks = u32::try_from(body.len() / BLOCK).unwrap_or(u32::MAX).saturating_add(1);
        let write = self.settings.timeouts.block.saturating_mul(blocks);
        let reply = self.ask(body, write, self.settings.timeouts.message).await.map_err(|cause| self.lost(Stage::Message, cause))?;
        let answer = match self.judge(Stage::Message, reply.clone())? {
            Some(refusal) => refusal,
            None => Answer { stage: Stage::Message, reply },
        };
        self.is_at_rest = !says_good_bye(&answer);
        Ok(answer)
    }

    /// Clears the transaction after a refusal, so that the connection lives on instead of being opened anew.
    async fn reset_after(&mut self, refusal: &Answer) {
        if says_good_bye(refusal) {
            return;
        }
        let limit = self.settings.timeouts.command;
        self.is_at_rest = self.ask("RSET\r\n", limit, limit).await.is_ok_and(|reply| reply.is_positive() && reply.code != 221);
    }

    /// `None` if the conversation may go on, the answer if it was refused, an error if the reply has no place here: an
    /// early good-bye, or the reply to another command.
    fn judge(&self, stage: Stage, reply: Reply) -> Result<Option<Answer>, RelayError> {
        match (stage, reply.code) {
            (Stage::Data, 354) | (Stage::Mail | Stage::Rcpt | Stage::Message, 250..=259) => Ok(None),
            (_, 400..) => Ok(Some(Answer { stage, reply })),
            _ => Err(self.lost(stage, format!("the server answered `{reply}`, which is no answer to this"))),
        }
    }

    async fn ask_at(&mut self, stage: Stage, command: &str) -> Result<Reply, RelayError> {
        let limit = self.settings.timeouts.reply(stage);
        self.ask(command, limit, limit).await.map_err(|cause| self.lost(stage, cause))
    }

    async fn ask(&mut self, command: &str, write: Duration, reply: Duration) -> Result<Reply, String> {
        let Conversation { lettre, control, .. } = &mut self.conversation;
        control.begin(write, reply);
        let outcome = lettre.command(command).await;
        heard(control, outcome.as_ref())
    }

    async fn next_reply(&mut self, stage: Stage) -> Result<Reply, String> {
        let Conversation { lettre, control, .. } = &mut self.conversation;
        control.await_reply(self.settings.timeouts.reply(stage));
        let outcome = lettre.read_response().await;
        heard(control, outcome.as_ref())
    }

    fn lost(&self, stage: Stage, cause: String) -> RelayError {
        // One write carries the message with its final dot: once it has begun, the dot may have arrived (STANDARDS S12).
        let in_doubt = stage == Stage::Message && self.conversation.control.has_begun();
        RelayError::Lost { relay: self.settings.name.clone(), stage, cause, in_doubt }
    }
}

/// 421: the server closes the connection, whatever it was asked (RFC 5321 section 3.8).
fn says_good_bye(answer: &Answer) -> bool {
    answer.reply.code == 421
}
