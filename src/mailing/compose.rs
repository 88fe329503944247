//! One reader's message, whole: head, two parts, and the envelope that goes with it.
//!
//! The bytes are a function of edition, delivery, keys and the time of the first attempt; nothing is drawn at random,
//! so that a second try says what the first said (STANDARDS M5, M6, S10).

mod sheet;
mod words;

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::dkim::{DkimFault, Signer};
use super::header::{HeaderBlock, HeaderFault};
use super::{Delivery, Envelope, ident};
use crate::dateline::IssueId;
use crate::edition::Edition;
use crate::edition::stencil::Fields;
use crate::subscription::token::{Bearer, Keys, Purpose};
use crate::subscription::{AddressFault, EmailAddress, List, ListId, PersonName};
use sheet::{Form, Sheet};
use words::Words;

/// Octets that two signatures take at most, with keys of the usual lengths.
const SIGNATURES: usize = 2048;

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

/// Composes the messages of one edition. Whatever is the same for all readers of a list is written once, at the start;
/// threads may share a composer.
#[derive(Debug)]
pub struct Composer {
    keys: Keys,
    issue: IssueId,
    /// The domain that names messages.
    domain: String,
    base_url: String,
    /// Some address at the domain to which bounces return.
    bounces: Result<EmailAddress, AddressFault>,
    sheets: BTreeMap<ListId, Result<Sheet, HeaderFault>>,
    signer: Option<Signer>,
}

impl Composer {
    /// Writes what is the same for everybody. A fault of it is told when a message is composed.
    pub fn new(edition: &Edition, lists: &[List], keys: Keys) -> Self {
        Self {
            keys,
            issue: edition.issue.clone(),
            domain: edition.sender.address.domain().to_owned(),
            base_url: edition.sender.base_url.clone(),
            bounces: EmailAddress::parse(&format!("b@{}", edition.sender.bounce_domain)),
            sheets: sheet::sheets(edition, lists),
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
        let sheet = self.sheets.get(&delivery.list).ok_or_else(|| ComposeError::List(delivery.list.clone()))?;
        let sheet = sheet.as_ref().map_err(Clone::clone)?;
        let words = Words::new(&self.keys, &self.base_url, &self.issue, &self.domain, delivery);
        let form = sheet.form(delivery.format);
        let head = self.head(sheet, form, delivery, &words)?;
        let sender = ident::verp(&self.keys, delivery.mailing, delivery.subscriber, self.bounces.as_ref().map_err(Clone::clone)?)?;
        let mut octets = head.into_string().into_bytes();
        let head = octets.len();
        octets.extend_from_slice(b"\r\n");
        let body = octets.len();
        form.body.fill(&fields(delivery, &words), &mut octets);
        if let Some(signer) = &self.signer {
            let hash = form.hash(&octets[body..]);
            let signature = signer.sign(&octets[..head], &hash, delivery.first_attempt_at)?;
            put_before(&signature, &mut octets);
            signer.prove(&octets, delivery.first_attempt_at)?;
        }
        Ok(Message { envelope: Envelope { sender, recipient: delivery.address.clone() }, octets })
    }

    fn head(&self, sheet: &Sheet, form: &Form, delivery: &Delivery, words: &Words) -> Result<HeaderBlock, HeaderFault> {
        let signatures = if self.signer.is_some() { SIGNATURES } else { 0 };
        let mut head = HeaderBlock::with_room(form.room + signatures);
        head.block(&sheet.from)?
            .mailbox("To", delivery.name.as_ref().map(PersonName::as_str), &delivery.address)?
            .block(&sheet.subject)?
            .plain("Date", words.date())?
            .id("Message-ID", words.message_id())?
            .block(&sheet.list)?
            .uris("List-Unsubscribe", &[words.unsubscribe()])?
            .block(&form.rest)?;
        Ok(head)
    }
}

/// What a reader's copy says in the open places; that of the list's name is closed already.
fn fields<'a>(delivery: &'a Delivery, words: &'a Words) -> Fields<'a> {
    Fields {
        name: delivery.name.as_ref().map_or("", PersonName::as_str),
        address: delivery.address.as_str(),
        list: "",
        unsubscribe_url: words.unsubscribe(),
        preferences_url: words.preferences(),
    }
}

pub(super) fn put_before(first: &str, octets: &mut Vec<u8>) {
    let (length, before) = (octets.len(), first.len());
    octets.resize(length + before, 0);
    octets.copy_within(..length, before);
    octets[..before].copy_from_slice(first.as_bytes());
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
        let mut links = Self { unsubscribe: String::new(), preferences: String::new() };
        push_link(keys, Purpose::Unsubscribe, base_url, delivery, &mut links.unsubscribe);
        push_link(keys, Purpose::Preferences, base_url, delivery, &mut links.preferences);
        links
    }
}

fn push_link(keys: &Keys, purpose: Purpose, base_url: &str, delivery: &Delivery, out: &mut String) {
    let page = if purpose == Purpose::Unsubscribe { "/u/" } else { "/preferences/" };
    let bearer = Bearer { subscriber: delivery.subscriber, list_number: delivery.list_number };
    out.push_str(base_url);
    out.push_str(page);
    keys.sign(purpose, bearer).push_url(out);
}

/// RFC 5322 section 3.3, in UTC with a numeric zone.
pub(super) fn date(at: Timestamp) -> impl std::fmt::Display {
    at.strftime("%a, %d %b %Y %H:%M:%S +0000")
}

#[cfg(test)]
mod tests;
