//! The conversation about one message after the other: doors and bodies, each reply matched with its command
//! (RFC 2920 section 3.1, STANDARDS S4).

use std::num::NonZeroU32;
use std::sync::Arc;

use lettre::transport::smtp::commands::Rset;

use super::body::{Unfit, stuff_dots};
use super::capabilities::Extension;
use super::connect::{Greeted, leave};
use super::outgoing::{Commands, DOOR, Fit, look_over};
use super::settings::SmtpSettings;
use super::wire::{Wire, WireFault};
use super::{Answer, Door, RelayError};
use crate::mailing::compose::Message;
use crate::mailing::{Reply, Stage};

/// Octets of a message that [`super::smtp::Timeouts::block`] is meant for.
const BLOCK: usize = 64 * 1024;

/// What ends a message, behind its last line's end.
const FINAL_DOT: &str = ".\r\n";

/// One conversation with the server.
pub struct SmtpConnection {
    wire: Wire,
    commands: Commands,
    settings: Arc<SmtpSettings>,
    state: State,
    debt: Debt,
    messages_left: Option<u32>,
    /// The message whose door was asked for last.
    announced: Announced,
    /// Commands on their way, and a body with its dots doubled; kept for the next message's.
    group: String,
    stuffed: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Between two messages, with every reply read.
    AtRest,
    /// The server waits for a body.
    DoorOpen,
    /// Lost, or in the middle of an exchange: one that was dropped half-way never carries another message, for the next
    /// reply would belong to the one before.
    Spent,
}

/// What a refused transaction leaves to be done before the next MAIL; it goes out in the same write.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Debt {
    #[default]
    Nothing,
    Reset,
    /// The server waits for a message to nobody: an empty one ends the wait (RFC 2920 section 3.1).
    DotAndReset,
}

#[derive(Debug, Default)]
struct Announced {
    place: usize,
    fit: Fit,
    recipient: String,
}

/// What three replies said of a door.
enum Heard {
    Door(Door),
    /// The connection was lost before the door was answered.
    Lost(Stage, String),
    /// A good reply to one command came as the answer to another: the replies do not belong where they were read.
    Slid(Stage, String),
}

/// What a code means at a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Good,
    Refused,
    Slid,
    Nonsense,
}

impl SmtpConnection {
    pub(super) fn new(Greeted { wire, offered }: Greeted, settings: Arc<SmtpSettings>) -> Self {
        Self {
            wire,
            commands: Commands { offered, dsn: settings.dsn },
            state: State::AtRest,
            debt: Debt::Nothing,
            messages_left: settings.max_messages_per_connection.map(NonZeroU32::get),
            settings,
            announced: Announced::default(),
            group: String::new(),
            stuffed: Vec::new(),
        }
    }

    /// See [`super::Connection::open`].
    pub async fn open(&mut self, message: &Message) -> Result<Door, RelayError> {
        let fit = match look_over(message, &self.commands.offered).map_err(|fault| self.unfit(fault))? {
            Ok(fit) => fit,
            Err(refusal) => return Ok(Door::Refused(refusal)),
        };
        if self.state != State::AtRest || self.messages_left == Some(0) {
            return Err(self.lost(Stage::Mail, "the connection is used up", false));
        }
        self.announce(message, fit);
        let heard =
            if self.offers_pipelining() { self.open_at_once(message, fit).await } else { self.open_step_by_step(message, fit).await };
        match heard {
            Heard::Door(door) => Ok(door),
            Heard::Lost(stage, cause) | Heard::Slid(stage, cause) => Err(self.lost(stage, &cause, false)),
        }
    }

    /// See [`super::Connection::hand_over`].
    pub async fn hand_over(&mut self, message: &Message, next: Option<&Message>) -> (Result<Answer, RelayError>, Door) {
        if self.state != State::DoorOpen {
            return (Err(self.lost(Stage::Message, "its door is not open", false)), Door::Shut);
        }
        self.state = State::Spent;
        let fit = match self.announced_fit(message) {
            Ok(fit) => fit,
            Err(fault) => return (Err(self.unfit(fault)), Door::Shut),
        };
        let (next, unasked) = self.look_ahead(next);
        self.group.clear();
        self.group.push_str(FINAL_DOT);
        if let Some((next, fit)) = next {
            self.announce(next, fit);
            self.ask_door(next, fit);
        }
        match self.send_body(&message.octets, fit.shape.has_dots).await {
            Ok(answer) if answer.reply.code == 421 => (Ok(answer), unasked),
            Ok(answer) if next.is_some() => self.hear_next(answer).await,
            Ok(answer) => {
                self.state = State::AtRest;
                (Ok(answer), unasked)
            }
            Err(fault) => (Err(fault), unasked),
        }
    }

    /// See [`super::Connection::is_usable`].
    pub fn is_usable(&self) -> bool {
        let rested = self.wire.heard_at().elapsed();
        self.state != State::Spent && !self.wire.has_failed() && self.messages_left != Some(0) && rested <= self.settings.idle
    }

    /// See [`super::Connection::offers_pipelining`].
    pub fn offers_pipelining(&self) -> bool {
        self.commands.offered.offers(Extension::Pipelining)
    }

    /// One message, from its door to the answer that ends it. See [`super::Connection::submit`].
    pub async fn submit(&mut self, message: &Message) -> Result<Answer, RelayError> {
        match self.open(message).await? {
            Door::Refused(answer) => Ok(answer),
            Door::Open | Door::Shut => self.hand_over(message, None).await.0,
        }
    }

    /// Says QUIT where that would not be taken for a message's first line, and hangs up.
    pub async fn close(self) {
        if self.state == State::AtRest && self.debt != Debt::DotAndReset {
            leave(self.wire, &self.settings).await;
        }
    }

    /// The message to ask the door of in the same write as a body, if that may be; otherwise how its door stands.
    fn look_ahead<'m>(&self, next: Option<&'m Message>) -> (Option<(&'m Message, Fit)>, Door) {
        let Some(next) = next.filter(|_| self.offers_pipelining() && self.messages_left != Some(0)) else { return (None, Door::Shut) };
        match look_over(next, &self.commands.offered) {
            Ok(Ok(fit)) => (Some((next, fit)), Door::Shut),
            Ok(Err(refusal)) => (None, Door::Refused(refusal)),
            // Whoever opens it by itself is told why that cannot be.
            Err(_) => (None, Door::Shut),
        }
    }

    /// From here on the connection is in the middle of something, and this message counts.
    fn announce(&mut self, message: &Message, fit: Fit) {
        self.state = State::Spent;
        self.messages_left = self.messages_left.map(|left| left.saturating_sub(1));
        self.announced.place = message.octets.as_ptr().addr();
        self.announced.fit = fit;
        message.envelope.recipient.as_str().clone_into(&mut self.announced.recipient);
    }

    /// Nobody gets another reader's message, and no octets leave that were not looked at (STANDARDS T2).
    fn announced_fit(&self, message: &Message) -> Result<Fit, Unfit> {
        let Announced { place, fit, recipient } = &self.announced;
        if message.envelope.recipient.as_str() != recipient {
            return Err(Unfit::Another);
        }
        if message.octets.as_ptr().addr() == *place && message.octets.len() == fit.octets {
            return Ok(*fit);
        }
        match look_over(message, &self.commands.offered)? {
            Ok(found) if found.octets == fit.octets && found.shape.is_8bit == fit.shape.is_8bit => Ok(found),
            _ => Err(Unfit::Another),
        }
    }

    fn ask_door(&mut self, message: &Message, fit: Fit) {
        for stage in DOOR {
            self.commands.write(stage, &message.envelope, fit, &mut self.group);
        }
    }

    /// MAIL, RCPT and DATA in one write. Every reply of the group is read, also after a refusal.
    async fn open_at_once(&mut self, message: &Message, fit: Fit) -> Heard {
        let debt = std::mem::take(&mut self.debt);
        self.group.clear();
        match debt {
            Debt::Nothing => {}
            Debt::Reset => self.group.push_str(&Rset.to_string()),
            Debt::DotAndReset => self.group.extend([FINAL_DOT, &Rset.to_string()]),
        }
        self.ask_door(message, fit);
        let limits = &self.settings.timeouts;
        if let Err(fault) = self.wire.write([self.group.as_bytes(), b""], limits.mail).await {
            return Heard::Lost(Stage::Mail, fault.to_string());
        }
        if debt == Debt::DotAndReset
            && let Err(fault) = self.wire.reply(limits.message).await
        {
            return Heard::Lost(Stage::Mail, fault.to_string());
        }
        if debt != Debt::Nothing {
            let reply = self.wire.reply(limits.command).await;
            if let Err(cause) = self.was_reset(reply) {
                return Heard::Lost(Stage::Mail, cause);
            }
        }
        self.hear_door().await
    }

    /// The same in three exchanges, which end with the first refusal.
    async fn open_step_by_step(&mut self, message: &Message, fit: Fit) -> Heard {
        let limits = self.settings.timeouts;
        if std::mem::take(&mut self.debt) != Debt::Nothing {
            let reply = self.wire.ask(&Rset.to_string(), limits.command).await;
            if let Err(cause) = self.was_reset(reply) {
                return Heard::Lost(Stage::Mail, cause);
            }
        }
        for stage in DOOR {
            self.group.clear();
            self.commands.write(stage, &message.envelope, fit, &mut self.group);
            let reply = self.wire.ask(&self.group, limits.reply(stage)).await;
            let code = match reply {
                Ok(code) => code,
                Err(fault) => return Heard::Lost(stage, fault.to_string()),
            };
            match verdict(stage, code) {
                Verdict::Good => {}
                Verdict::Refused => {
                    if code != 421 {
                        (self.state, self.debt) = (State::AtRest, Debt::Reset);
                    }
                    return Heard::Door(Door::Refused(Answer { stage, reply: self.wire.said(code) }));
                }
                Verdict::Slid | Verdict::Nonsense => return Heard::Lost(stage, out_of_place(&self.wire.said(code))),
            }
        }
        self.state = State::DoorOpen;
        Heard::Door(Door::Open)
    }

    fn was_reset(&self, reply: Result<u16, WireFault>) -> Result<(), String> {
        match reply {
            Ok(250) => Ok(()),
            Ok(code) => Err(format!("RSET was answered with `{}`", self.wire.said(code))),
            Err(fault) => Err(fault.to_string()),
        }
    }

    /// Reads the replies to MAIL, RCPT and DATA that went out together. The first refusal is the message's answer; what
    /// follows it only tells whether the connection lives on.
    async fn hear_door(&mut self) -> Heard {
        let mut refusal = None;
        for stage in DOOR {
            let code = match self.wire.reply(self.settings.timeouts.reply(stage)).await {
                Ok(code) => code,
                Err(fault) => return refused_or_lost(refusal, stage, fault.to_string()),
            };
            match verdict(stage, code) {
                Verdict::Good if stage == Stage::Data && refusal.is_some() => self.debt = Debt::DotAndReset,
                Verdict::Good => {}
                Verdict::Refused => {
                    self.debt = Debt::Reset;
                    let answer = refusal.take().unwrap_or_else(|| Answer { stage, reply: self.wire.said(code) });
                    if code == 421 {
                        return Heard::Door(Door::Refused(answer));
                    }
                    refusal = Some(answer);
                }
                Verdict::Slid => return Heard::Slid(stage, out_of_place(&self.wire.said(code))),
                Verdict::Nonsense => return refused_or_lost(refusal, stage, out_of_place(&self.wire.said(code))),
            }
        }
        self.state = if refusal.is_some() { State::AtRest } else { State::DoorOpen };
        Heard::Door(refusal.map_or(Door::Open, Door::Refused))
    }

    /// The door of the message that was asked for behind another's body, whose answer has been read.
    async fn hear_next(&mut self, answer: Answer) -> (Result<Answer, RelayError>, Door) {
        match self.hear_door().await {
            Heard::Door(door) => (Ok(answer), door),
            Heard::Lost(stage, cause) => {
                tracing::debug!(
                    relay = self.settings.name,
                    stage = stage.as_str(),
                    cause,
                    "lost the connection before a door was answered"
                );
                (Ok(answer), Door::Shut)
            }
            // Then what was read as the answer to the body may have been another's as well.
            Heard::Slid(_, cause) => (Err(self.lost(Stage::Message, &cause, true)), Door::Shut),
        }
    }

    /// The body, and behind it what is in `self.group`, in one write; and what the server says to the body.
    async fn send_body(&mut self, octets: &[u8], has_dots: bool) -> Result<Answer, RelayError> {
        let body = if has_dots {
            stuff_dots(octets, &mut self.stuffed);
            &self.stuffed
        } else {
            octets
        };
        let limits = &self.settings.timeouts;
        let blocks = u32::try_from(body.len() / BLOCK).unwrap_or(u32::MAX).saturating_add(1);
        let end = body.len() + FINAL_DOT.len();
        let heard = match self.wire.write([body, self.group.as_bytes()], limits.block.saturating_mul(blocks)).await {
            Ok(()) => self.wire.reply(limits.message).await,
            Err(WireFault::Unasked(reply)) if reply.code == 421 => return Ok(Answer { stage: Stage::Data, reply }),
            Err(fault) => self.early_reply(end).await.ok_or(fault),
        };
        // One write carries the message with its final dot: once it has begun, the dot may have arrived (STANDARDS S12).
        let in_doubt = self.wire.has_begun();
        let code = heard.map_err(|fault| self.lost(Stage::Message, &fault.to_string(), in_doubt))?;
        let reply = self.wire.said(code);
        match verdict(Stage::Message, code) {
            Verdict::Good | Verdict::Refused => {
                tracing::debug!(relay = self.settings.name, code, "submitted a message");
                Ok(Answer { stage: Stage::Message, reply })
            }
            Verdict::Slid | Verdict::Nonsense => Err(self.lost(Stage::Message, &out_of_place(&reply), in_doubt)),
        }
    }

    /// What a server said that would not hear a message to its end: a refusal counts, praise only for a whole message.
    async fn early_reply(&mut self, end: usize) -> Option<u16> {
        if !self.wire.has_begun() {
            return None;
        }
        let is_whole = self.wire.written() >= end;
        self.wire.last_words().await.filter(|code| *code >= 400 || is_whole)
    }

    fn unfit(&self, fault: Unfit) -> RelayError {
        RelayError::Unfit { relay: self.settings.name.clone(), cause: fault.to_string() }
    }

    fn lost(&self, stage: Stage, cause: &str, in_doubt: bool) -> RelayError {
        RelayError::Lost { relay: self.settings.name.clone(), stage, cause: cause.to_owned(), in_doubt }
    }
}

fn verdict(stage: Stage, code: u16) -> Verdict {
    match (stage, code) {
        (Stage::Data, 354) | (Stage::Mail | Stage::Rcpt | Stage::Message, 250..=259) => Verdict::Good,
        (_, 400..) => Verdict::Refused,
        (Stage::Data, 250..=259) | (Stage::Mail | Stage::Rcpt, 354) => Verdict::Slid,
        _ => Verdict::Nonsense,
    }
}

fn refused_or_lost(refusal: Option<Answer>, stage: Stage, cause: String) -> Heard {
    refusal.map_or(Heard::Lost(stage, cause), |answer| Heard::Door(Door::Refused(answer)))
}

fn out_of_place(reply: &Reply) -> String {
    format!("the server answered `{reply}`, which is no answer to this")
}
