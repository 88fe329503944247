//! The commands that open the transaction of one message: MAIL, RCPT and DATA, with the parameters that are needed and
//! offered (STANDARDS S6, S7).
//!
//! No address becomes a second command here, whatever the rooms above let through (STANDARDS T2).

use std::fmt::Write as _;

use lettre::transport::smtp::commands::Data;
use lettre::transport::smtp::extension::{MailBodyParameter, MailParameter, RcptParameter};

use super::Answer;
use super::body::{Shape, Unfit, examine};
use super::capabilities::{Capabilities, Extension};
use crate::mailing::compose::Message;
use crate::mailing::{Envelope, Reply, Stage};
use crate::subscription::EmailAddress;

/// Longest ENVID (RFC 3461 section 4.4) and ORCPT (section 4.2), in characters as encoded at the worst.
const MAX_ENVID: usize = 100;
const MAX_ORCPT: usize = 500;

/// The commands that open a message's transaction, in their order: its door.
pub(super) const DOOR: [Stage; 3] = [Stage::Mail, Stage::Rcpt, Stage::Data];

/// What is known of a message that may be sent here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Fit {
    pub(super) shape: Shape,
    pub(super) octets: usize,
    needs_smtputf8: bool,
}

/// Looks a message over before anything of it is sent. The inner `Err` is a refusal on the server's behalf: it lacks what
/// the message cannot do without (STANDARDS S6).
pub(super) fn look_over(message: &Message, offered: &Capabilities) -> Result<Result<Fit, Answer>, Unfit> {
    let Message { envelope, octets } = message;
    let shape = examine(octets)?;
    check_address(&envelope.sender, "sender's")?;
    check_address(&envelope.recipient, "recipient's")?;
    let (sender_is_utf8, recipient_is_utf8) = (envelope.sender.needs_smtputf8(), envelope.recipient.needs_smtputf8());
    let needs_smtputf8 = sender_is_utf8 || recipient_is_utf8;
    if offered.largest().is_some_and(|most| u64::try_from(octets.len()).unwrap_or(u64::MAX) > most) {
        return Ok(Err(refusal(Stage::Mail, 552, "5.3.4 the message is larger than the relay takes; it was not sent")));
    }
    if shape.is_8bit && !offered.offers(Extension::EightBitMime) {
        return Ok(Err(refusal(Stage::Mail, 554, "5.6.3 the relay takes no 8-bit messages and this is one; it was not sent")));
    }
    if needs_smtputf8 && !offered.offers(Extension::SmtpUtf8) {
        let stage = if sender_is_utf8 { Stage::Mail } else { Stage::Rcpt };
        let text = "5.6.7 the relay takes no addresses with letters beyond ASCII and this is one; it was not sent";
        return Ok(Err(refusal(stage, 550, text)));
    }
    Ok(Ok(Fit { shape, octets: octets.len(), needs_smtputf8 }))
}

/// Writes the three commands of transactions to one server.
#[derive(Debug)]
pub(super) struct Commands {
    pub(super) offered: Capabilities,
    /// Whether the server is told what to say of a failure, if it lets itself be told.
    pub(super) dsn: bool,
}

impl Commands {
    /// The command of this stage, with its CRLF, added to `group`.
    pub(super) fn write(&self, stage: Stage, envelope: &Envelope, fit: Fit, group: &mut String) {
        match stage {
            Stage::Mail => self.mail(envelope, fit, group),
            Stage::Rcpt => self.rcpt(envelope, group),
            _ => {
                let _ = write!(group, "{Data}");
            }
        }
    }

    fn mail(&self, envelope: &Envelope, fit: Fit, group: &mut String) {
        group.extend(["MAIL FROM:<", envelope.sender.as_str(), ">"]);
        if self.offered.offers(Extension::Size) {
            let _ = write!(group, " {}", MailParameter::Size(fit.octets));
        }
        if fit.shape.is_8bit {
            let _ = write!(group, " {}", MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        if fit.needs_smtputf8 {
            let _ = write!(group, " {}", MailParameter::SmtpUtfEight);
        }
        if self.asks_for_notices() {
            let _ = write!(group, " {}", mail_parameter("RET", "HDRS"));
            // The local part of the bounce address names the delivery already (STANDARDS S10).
            if let Some(local) = encodable(envelope.sender.local(), MAX_ENVID) {
                let _ = write!(group, " {}", mail_parameter("ENVID", local));
            }
        }
        group.push_str("\r\n");
    }

    /// RCPT is the only one of its transaction (STANDARDS M7).
    fn rcpt(&self, envelope: &Envelope, group: &mut String) {
        let recipient = envelope.recipient.as_str();
        group.extend(["RCPT TO:<", recipient, ">"]);
        if self.asks_for_notices() {
            let _ = write!(group, " {}", rcpt_parameter("NOTIFY", "FAILURE".to_owned()));
            if let Some(recipient) = encodable(recipient, MAX_ORCPT - "rfc822;".len()) {
                let _ = write!(group, " {}", rcpt_parameter("ORCPT", format!("rfc822;{recipient}")));
            }
        }
        group.push_str("\r\n");
    }

    fn asks_for_notices(&self) -> bool {
        self.dsn && self.offered.offers(Extension::Dsn)
    }
}

/// What lettre can write as xtext (RFC 3461 section 4): it encodes `+` and `=`, and passes on what is not ASCII.
fn encodable(text: &str, most: usize) -> Option<&str> {
    (text.bytes().all(|octet| octet.is_ascii_graphic()) && 3 * text.len() <= most).then_some(text)
}

fn mail_parameter(keyword: &str, value: &str) -> MailParameter {
    MailParameter::Other { keyword: keyword.to_owned(), value: Some(value.to_owned()) }
}

fn rcpt_parameter(keyword: &str, value: String) -> RcptParameter {
    RcptParameter::Other { keyword: keyword.to_owned(), value: Some(value) }
}

fn check_address(address: &EmailAddress, whose: &'static str) -> Result<(), Unfit> {
    let address = address.as_str();
    let has_ascii_domain =
        address.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && domain.is_ascii());
    let stays_one_word = !address.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>'));
    if has_ascii_domain && stays_one_word { Ok(()) } else { Err(Unfit::Address(whose)) }
}

fn refusal(stage: Stage, code: u16, text: &str) -> Answer {
    Answer { stage, reply: Reply::new(code, [text]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(recipient: &str, octets: &[u8]) -> Message {
        let sender = EmailAddress::parse("b+1=x@bounce.example.org").unwrap();
        Message { envelope: Envelope { sender, recipient: EmailAddress::parse(recipient).unwrap() }, octets: octets.to_vec() }
    }

    fn group(recipient: &str, octets: &[u8], offers: &[&str], dsn: bool) -> Result<String, Answer> {
        let offered = Capabilities::from_lines(["mx"].into_iter().chain(offers.iter().copied()));
        let message = message(recipient, octets);
        let fit = look_over(&message, &offered).unwrap()?;
        let mut group = String::new();
        let commands = Commands { offered, dsn };
        for stage in DOOR {
            commands.write(stage, &message.envelope, fit, &mut group);
        }
        Ok(group)
    }

    #[test]
    fn parameters_are_given_where_they_are_needed_and_offered() {
        let bare = group("ann@example.org", b"x\r\n", &["8BITMIME", "SMTPUTF8"], true).unwrap();
        assert_eq!(bare, "MAIL FROM:<b+1=x@bounce.example.org>\r\nRCPT TO:<ann@example.org>\r\nDATA\r\n");
        let full = group("änn@example.org", "ä\r\n".as_bytes(), &["SIZE 9", "8BITMIME", "SMTPUTF8", "DSN"], false).unwrap();
        assert_eq!(full, "MAIL FROM:<b+1=x@bounce.example.org> SIZE=4 BODY=8BITMIME SMTPUTF8\r\nRCPT TO:<änn@example.org>\r\nDATA\r\n");
    }

    #[test]
    fn s7_notices_are_asked_for_in_xtext_where_offered() {
        let asked = group("a+nn=b@example.org", b"x\r\n", &["DSN"], true).unwrap();
        assert_eq!(
            asked,
            "MAIL FROM:<b+1=x@bounce.example.org> RET=HDRS ENVID=b+2B1+3Dx\r\n\
             RCPT TO:<a+nn=b@example.org> NOTIFY=FAILURE ORCPT=rfc822;a+2Bnn+3Db@example.org\r\nDATA\r\n"
        );
        let beyond_ascii = group("änn@example.org", b"x\r\n", &["DSN", "SMTPUTF8"], true).unwrap();
        assert!(beyond_ascii.contains("RCPT TO:<änn@example.org> NOTIFY=FAILURE\r\n"), "{beyond_ascii}");
    }

    #[test]
    fn s6_what_the_relay_cannot_take_is_refused_on_its_behalf() {
        let refused = |recipient, octets: &str, offers: &[&str]| {
            let Answer { stage, reply } = group(recipient, octets.as_bytes(), offers, false).unwrap_err();
            (stage, reply.code, reply.enhanced.unwrap().to_string())
        };
        assert_eq!(refused("änn@example.org", "x\r\n", &["8BITMIME"]), (Stage::Rcpt, 550, "5.6.7".to_owned()));
        assert_eq!(refused("ann@example.org", "ä\r\n", &["SMTPUTF8"]), (Stage::Mail, 554, "5.6.3".to_owned()));
        assert_eq!(refused("ann@example.org", "xx\r\n", &["SIZE 3"]), (Stage::Mail, 552, "5.3.4".to_owned()));
        assert!(group("ann@example.org", b"x\r\n", &["SIZE 3"], false).is_ok());
    }
}
