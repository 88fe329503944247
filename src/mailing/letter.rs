//! A one-off mail to one person: a report for operators, and whatever else is no issue of a list.
//!
//! A letter is no newsletter: it bears no `List-` field and no `Precedence`. Like an issue's message it is a function of
//! what it says and when, so that a second try says what the first said (STANDARDS M5, M6).

use aws_lc_rs::digest;
use jiff::Timestamp;

use super::compose::{ComposeError, Message, date, put_before};
use super::dkim::{Signer, relaxed_body};
use super::header::{HeaderBlock, HeaderFault};
use super::{Envelope, ident};
use crate::edition::Sender;
use crate::edition::quoted_printable;
use crate::subscription::token::Keys;
use crate::subscription::{EmailAddress, PersonName};

/// One mail to one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// To whom.
    pub to: EmailAddress,
    /// Under which name.
    pub name: Option<PersonName>,
    /// What sort of letter, in one word such as `report`: what its Message-ID begins with.
    pub kind: &'static str,
    /// What makes it one of a kind, such as an issue's id and a time: the same again is the same letter.
    pub about: String,
    /// The subject line, at most 200 octets once encoded (STANDARDS M8).
    pub subject: String,
    /// The plain text, its lines wrapped by whoever wrote it (STANDARDS X1).
    pub text: String,
    /// The same in HTML, if it is worth it: the message then has two parts (STANDARDS M12).
    pub html: Option<String>,
}

impl Letter {
    /// The message, signed where a signer is given. `at` is when it was written: the same on every try. `lang` is the
    /// BCP 47 tag of what it says.
    ///
    /// The envelope's sender is the publication's own address, so that a bounce reaches the person who reads answers.
    /// No program reads the bounces of letters; one that does will want an address of its own here.
    pub fn compose(
        &self,
        sender: &Sender,
        keys: &Keys,
        signer: Option<&Signer>,
        at: Timestamp,
        lang: &str,
    ) -> Result<Message, ComposeError> {
        let id = ident::letter_id(keys, self.kind, &self.about, &self.to, sender.address.domain());
        let boundary = ident::boundary(&id);
        let head = self.head(sender, &id, &boundary, at, lang)?.into_string();
        let body = self.body(&boundary);
        let mut octets = [head.as_bytes(), b"\r\n", &body].concat();
        if let Some(signer) = signer {
            let hash = digest::digest(&digest::SHA256, &relaxed_body(&body));
            let signature = signer.sign(head.as_bytes(), hash.as_ref().try_into().unwrap_or(&[0; 32]), at)?;
            put_before(&signature, &mut octets);
            signer.prove(&octets, at)?;
        }
        Ok(Message { envelope: Envelope { sender: sender.address.clone(), recipient: self.to.clone() }, octets })
    }

    fn head(&self, sender: &Sender, id: &str, boundary: &str, at: Timestamp, lang: &str) -> Result<HeaderBlock, HeaderFault> {
        let name = sender.name.as_ref().map(PersonName::as_str);
        let mut head = HeaderBlock::new();
        head.mailbox("From", name, &sender.address)?;
        if sender.reply_to != sender.address {
            head.mailbox("Reply-To", name, &sender.reply_to)?;
        }
        head.mailbox("To", self.name.as_ref().map(PersonName::as_str), &self.to)?
            .text("Subject", &self.subject)?
            .plain("Date", &date(at).to_string())?
            .id("Message-ID", id)?
            .plain("MIME-Version", "1.0")?
            .plain("Auto-Submitted", "auto-generated")?
            .plain("X-Auto-Response-Suppress", "OOF, AutoReply")?
            .plain("Content-Language", lang)?;
        if self.html.is_some() {
            head.with_parameters("Content-Type", "multipart/alternative", &[("boundary", boundary)])?;
        } else {
            head.with_parameters("Content-Type", "text/plain", &[("charset", "utf-8")])?
                .plain("Content-Transfer-Encoding", "quoted-printable")?;
        }
        Ok(head)
    }

    fn body(&self, boundary: &str) -> Vec<u8> {
        let Some(html) = &self.html else {
            let mut octets = Vec::new();
            encode(&self.text, &mut octets);
            return octets;
        };
        let mut octets = Vec::new();
        for (kind, text) in [("text/plain", &self.text), ("text/html", html)] {
            let head =
                format!("--{boundary}\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n");
            octets.extend_from_slice(head.as_bytes());
            encode(text, &mut octets);
            octets.extend_from_slice(b"\r\n");
        }
        octets.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        octets
    }
}

/// A part, and the end of its last line: a message must not end in the middle of one (STANDARDS M1).
fn encode(text: &str, octets: &mut Vec<u8>) {
    quoted_printable::encode_last(text.trim_end_matches(['\r', '\n']), octets);
    octets.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests;
