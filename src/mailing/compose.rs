//! One reader's message, whole: head, two parts, and the envelope that goes with it.
//!
//! The bytes are a function of edition, delivery, keys and the time of the first attempt; nothing is drawn at random,
//! so that a second try says what the first said (STANDARDS M5, M6, S10).

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::dkim::{DkimFault, Signer};
use super::header::{HeaderBlock, HeaderFault};
use super::{Delivery, Envelope, ident};
use crate::edition::stencil::{Fields, Medium, Stencil};
use crate::edition::{Edition, Sender};
use crate::subscription::token::{Bearer, Keys, Purpose};
use crate::subscription::{AddressFault, List, ListId, PersonName};

/// A message ready for a relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// For the relay's ears only.
    pub envelope: Envelope,
    /// Head and body, CRLF line ends, not dot-stuffed.
    pub octets: Vec<u8>,
}

/// Why a message cannot be composed.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// A value cannot stand in a head.
    #[error("could not write the head: {0}")]
    Header(#[from] HeaderFault),
    /// The bounce address is none.
    #[error("could not make the bounce address: {0}")]
    Bounce(#[from] AddressFault),
    /// The message cannot be signed.
    #[error("could not sign: {0}")]
    Signature(#[from] DkimFault),
    /// The delivery is on account of a list that is not configured any more.
    #[error("the list `{0}` is not configured any more")]
    List(ListId),
}

/// Composes the messages of one edition.
#[derive(Debug)]
pub struct Composer {
    keys: Keys,
    sender: Sender,
    edition: Head,
    lists: BTreeMap<ListId, List>,
    text: Stencil,
    html: Stencil,
    boundary: String,
    signer: Option<Signer>,
}

#[derive(Debug)]
struct Head {
    issue: crate::dateline::IssueId,
    subject: String,
    lang: String,
    archived_at: String,
}

impl Composer {
    /// Encodes the edition's parts once.
    pub fn new(edition: &Edition, lists: &[List], keys: Keys) -> Self {
        Self {
            keys,
            sender: edition.sender.clone(),
            edition: Head {
                issue: edition.issue.clone(),
                subject: edition.subject.clone(),
                lang: edition.lang.clone(),
                archived_at: edition.archived_at.clone(),
            },
            lists: lists.iter().map(|list| (list.id.clone(), list.clone())).collect(),
            text: Stencil::new(&edition.text, &edition.mark, Medium::Text),
            html: Stencil::new(&edition.html, &edition.mark, Medium::Html),
            boundary: ident::boundary(&edition.hash),
            signer: None,
        }
    }

    /// Signs every message from now on.
    #[must_use]
    pub fn signed_by(mut self, signer: Option<Signer>) -> Self {
        self.signer = signer;
        self
    }

    /// One reader's message.
    pub fn compose(&self, delivery: &Delivery) -> Result<Message, ComposeError> {
        let list = self.lists.get(&delivery.list).ok_or_else(|| ComposeError::List(delivery.list.clone()))?;
        let links = Links::new(&self.keys, &self.sender.base_url, delivery);
        let fields = Fields {
            name: delivery.name.as_ref().map_or("", PersonName::as_str),
            address: delivery.address.as_str(),
            list: &list.name,
            unsubscribe_url: &links.unsubscribe,
            preferences_url: &links.preferences,
        };
        let head = self.head(delivery, list, &links)?.into_string();
        let body = self.body(&fields);
        let signature = self.signer.as_ref().map(|signer| signer.sign(&head, &body, delivery.first_attempt_at)).transpose()?;
        let octets = [signature.unwrap_or_default().as_bytes(), head.as_bytes(), b"\r\n", &body].concat();
        let sender = ident::verp(&self.keys, delivery.mailing, delivery.subscriber, &self.sender.bounce_domain)?;
        Ok(Message { envelope: Envelope { sender, recipient: delivery.address.clone() }, octets })
    }

    fn head(&self, delivery: &Delivery, list: &List, links: &Links) -> Result<HeaderBlock, HeaderFault> {
        let domain = self.sender.address.domain();
        let base = &self.sender.base_url;
        let owner = format!("mailto:{}", self.sender.reply_to);
        let name = self.sender.name.as_ref().map(PersonName::as_str);
        let mut head = HeaderBlock::new();
        head.mailbox("From", name, &self.sender.address)?;
        if self.sender.reply_to != self.sender.address {
            head.mailbox("Reply-To", name, &self.sender.reply_to)?;
        }
        head.mailbox("To", delivery.name.as_ref().map(PersonName::as_str), &delivery.address)?
            .text("Subject", &self.edition.subject)?
            .plain("Date", &date(delivery.first_attempt_at))?
            .id("Message-ID", &ident::message_id(&self.keys, &self.edition.issue, delivery.subscriber, domain))?
            .plain("MIME-Version", "1.0")?
            .phrase_and_id("List-Id", &list.name, &format!("{}.{domain}", list.id))?
            .uris("List-Unsubscribe", &[&links.unsubscribe])?
            .plain("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")?
            .uris("List-Help", &[&format!("{owner}?subject=help")])?
            .uris("List-Subscribe", &[&format!("{base}/subscribe")])?
            .uris("List-Owner", &[&owner])?
            .uris("List-Archive", &[&format!("{base}/")])?
            .plain("List-Post", "NO")?
            .uris("Archived-At", &[&self.edition.archived_at])?
            .plain("Auto-Submitted", "auto-generated")?
            .plain("Precedence", "bulk")?
            .plain("X-Auto-Response-Suppress", "OOF, AutoReply")?
            .plain("Feedback-ID", &format!("{}:{}:masthead:{}", self.edition.issue, list.id, self.sender.sender_id))?
            .plain("Content-Language", &self.edition.lang)?
            .with_parameters("Content-Type", "multipart/alternative", &[("boundary", &self.boundary)])?;
        Ok(head)
    }

    fn body(&self, fields: &Fields<'_>) -> Vec<u8> {
        let mut octets = Vec::with_capacity(96 * 1024);
        self.part(&mut octets, "text/plain", &self.text, fields);
        octets.extend_from_slice(b"\r\n");
        self.part(&mut octets, "text/html", &self.html, fields);
        octets.extend_from_slice(b"\r\n--");
        octets.extend_from_slice(self.boundary.as_bytes());
        octets.extend_from_slice(b"--\r\n");
        octets
    }

    fn part(&self, octets: &mut Vec<u8>, kind: &str, stencil: &Stencil, fields: &Fields<'_>) {
        octets.extend_from_slice(b"--");
        octets.extend_from_slice(self.boundary.as_bytes());
        octets.extend_from_slice(b"\r\nContent-Type: ");
        octets.extend_from_slice(kind.as_bytes());
        octets.extend_from_slice(b"; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n");
        stencil.fill(fields, octets);
    }
}

/// The two links of one reader's copy; each token is good for its own purpose only (STANDARDS T6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links {
    /// Leaves the list.
    pub unsubscribe: String,
    /// Changes what comes.
    pub preferences: String,
}

impl Links {
    /// The links that a delivery's reader gets.
    pub fn new(keys: &Keys, base_url: &str, delivery: &Delivery) -> Self {
        let bearer = Bearer { subscriber: delivery.subscriber, list_number: delivery.list_number };
        Self {
            unsubscribe: format!("{base_url}/u/{}", keys.sign(Purpose::Unsubscribe, bearer).url()),
            preferences: format!("{base_url}/preferences/{}", keys.sign(Purpose::Preferences, bearer).url()),
        }
    }
}

/// RFC 5322 section 3.3, in UTC with a numeric zone.
pub(super) fn date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}
