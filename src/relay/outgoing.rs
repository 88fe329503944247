//! What goes onto the wire for one message: MAIL and RCPT, and the message with its dots doubled.
//!
//! The last gate before the socket (STANDARDS T2): whatever the rooms above let through, no address becomes a second
//! command here, and no body ends before its end.

use super::Answer;
use super::capabilities::{Capabilities, Extension};
use crate::mailing::{Envelope, Reply, Stage};
use crate::subscription::EmailAddress;

/// Why a message is never handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unfit {
    /// The sender's or recipient's address would not stay one word between angle brackets.
    #[error("the {0} address holds a character that no command may carry")]
    Address(&'static str),
    /// A line feed without a carriage return before it.
    #[error("the message holds a bare line feed")]
    BareLf,
    /// A carriage return without a line feed after it.
    #[error("the message holds a bare carriage return")]
    BareCr,
    /// A NUL.
    #[error("the message holds a NUL")]
    Nul,
    /// The last line has no end, or there is none.
    #[error("the message does not end with a line end")]
    Unended,
    /// Octets that are not UTF-8.
    #[error("the message is not UTF-8")]
    NotUtf8,
}

/// The commands that open the transaction of one message, each with its CRLF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Transaction {
    /// MAIL FROM.
    pub(super) mail: String,
    /// RCPT TO, the only one (STANDARDS M7).
    pub(super) rcpt: String,
}

impl Transaction {
    /// The commands for this envelope, with the parameters that are needed and offered (STANDARDS S6). The inner `Err` is
    /// a refusal on the server's behalf: it lacks what the message cannot do without.
    pub(super) fn new(envelope: &Envelope, message: &[u8], offered: &Capabilities) -> Result<Result<Self, Answer>, Unfit> {
        check_address(&envelope.sender, "sender's")?;
        check_address(&envelope.recipient, "recipient's")?;
        let mut mail = vec![format!("MAIL FROM:<{}>", envelope.sender.as_str())];
        if offered.offers(Extension::Size) {
            mail.push(format!("SIZE={}", message.len()));
        }
        if !message.is_ascii() {
            if !offered.offers(Extension::EightBitMime) {
                return Ok(Err(refusal(Stage::Mail, 554, "5.6.3 the relay takes no 8-bit messages and this is one; it was not sent")));
            }
            mail.push("BODY=8BITMIME".to_owned());
        }
        if envelope.sender.needs_smtputf8() || envelope.recipient.needs_smtputf8() {
            if !offered.offers(Extension::SmtpUtf8) {
                let stage = if envelope.sender.needs_smtputf8() { Stage::Mail } else { Stage::Rcpt };
                return Ok(Err(refusal(
                    stage,
                    550,
                    "5.6.7 the relay takes no addresses with letters beyond ASCII and this is one; it was not sent",
                )));
            }
            mail.push("SMTPUTF8".to_owned());
        }
        Ok(Ok(Self { mail: mail.join(" ") + "\r\n", rcpt: format!("RCPT TO:<{}>\r\n", envelope.recipient.as_str()) }))
    }
}

/// The message as DATA carries it: a dot doubled at each line's start, and the final dot (RFC 5321 section 4.5.2).
pub(super) fn stuff_dots(message: &[u8]) -> Result<String, Unfit> {
    let mut stuffed = Vec::with_capacity(message.len() + message.len() / 64 + 8);
    if !message.ends_with(b"\n") {
        return Err(Unfit::Unended);
    }
    for line in message.split_inclusive(|&octet| octet == b'\n') {
        let text = line.strip_suffix(b"\r\n").ok_or(Unfit::BareLf)?;
        if text.contains(&b'\r') {
            return Err(Unfit::BareCr);
        }
        if text.contains(&0) {
            return Err(Unfit::Nul);
        }
        if text.starts_with(b".") {
            stuffed.push(b'.');
        }
        stuffed.extend_from_slice(line);
    }
    stuffed.extend_from_slice(b".\r\n");
    String::from_utf8(stuffed).map_err(|_| Unfit::NotUtf8)
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

    fn envelope(sender: &str, recipient: &str) -> Envelope {
        Envelope { sender: EmailAddress::parse(sender).unwrap(), recipient: EmailAddress::parse(recipient).unwrap() }
    }

    fn transaction(recipient: &str, message: &[u8], offers: &[&str]) -> Result<Transaction, Answer> {
        let offered = Capabilities::from_lines(["mx"].into_iter().chain(offers.iter().copied()));
        Transaction::new(&envelope("b+1@bounce.example.org", recipient), message, &offered).unwrap()
    }

    #[test]
    fn parameters_are_given_where_they_are_needed_and_offered() {
        let bare = transaction("ann@example.org", b"x\r\n", &["8BITMIME", "SMTPUTF8"]).unwrap();
        assert_eq!(bare.mail, "MAIL FROM:<b+1@bounce.example.org>\r\n");
        assert_eq!(bare.rcpt, "RCPT TO:<ann@example.org>\r\n");
        let full = transaction("änn@example.org", "ä\r\n".as_bytes(), &["SIZE 9", "8BITMIME", "SMTPUTF8"]).unwrap();
        assert_eq!(full.mail, "MAIL FROM:<b+1@bounce.example.org> SIZE=4 BODY=8BITMIME SMTPUTF8\r\n");
    }

    #[test]
    fn s6_what_the_relay_cannot_take_is_refused_on_its_behalf() {
        let answer = transaction("änn@example.org", b"x\r\n", &["8BITMIME"]).unwrap_err();
        assert_eq!((answer.stage, answer.reply.code, answer.reply.enhanced.unwrap().to_string()), (Stage::Rcpt, 550, "5.6.7".to_owned()));
        let answer = transaction("ann@example.org", "ä\r\n".as_bytes(), &["SMTPUTF8"]).unwrap_err();
        assert_eq!((answer.stage, answer.reply.code), (Stage::Mail, 554));
    }

    #[test]
    fn a_dot_is_doubled_at_the_start_of_a_line_and_nowhere_else() {
        assert_eq!(stuff_dots(b".\r\na.b\r\n..\r\n\r\n.x\r\n").unwrap(), "..\r\na.b\r\n...\r\n\r\n..x\r\n.\r\n");
    }

    #[test]
    fn t2_a_message_that_could_end_early_is_unfit() {
        for (message, fault) in [
            (&b"a\n.\nb\r\n"[..], Unfit::BareLf),
            (b"a\r\n.\nMAIL FROM:<x@y>\r\n", Unfit::BareLf),
            (b"a\r.\rb\r\n", Unfit::BareCr),
            (b"a\r\n.\rb\r\n", Unfit::BareCr),
            (b"a\r\r\n", Unfit::BareCr),
            (b"a\0b\r\n", Unfit::Nul),
            (b"a\r\n.", Unfit::Unended),
            (b"a\r", Unfit::Unended),
            (b"", Unfit::Unended),
            (b"\xff\r\n", Unfit::NotUtf8),
        ] {
            assert_eq!(stuff_dots(message), Err(fault), "{}", message.escape_ascii());
        }
    }

    proptest::proptest! {
        #[test]
        fn what_was_stuffed_comes_back_equal(lines in proptest::collection::vec("[.a\t ]{0,5}", 1..20)) {
            let message = lines.join("\r\n") + "\r\n";
            let stuffed = stuff_dots(message.as_bytes()).unwrap();
            let body = stuffed.strip_suffix(".\r\n").unwrap();
            let back: String = body.split_inclusive("\r\n").map(|line| line.strip_prefix('.').unwrap_or(line)).collect();
            proptest::prop_assert_eq!(back, message);
            let end_marks = body.match_indices("\r\n.\r\n").count() + usize::from(body.starts_with(".\r\n"));
            proptest::prop_assert_eq!(end_marks, 0);
        }
    }
}
