//! What all readers of a list get alike: most of the head, and the body with its open places.

use std::collections::BTreeMap;
use std::fmt;

use aws_lc_rs::digest;

use crate::edition::Edition;
use crate::edition::marks::MergeField;
use crate::edition::stencil::{Medium, Stencil};
use crate::mailing::header::{HeaderBlock, HeaderFault};
use crate::mailing::ident;
use crate::subscription::{Format, List, ListId, PersonName};

/// Octets of the fields that are a reader's own, generously.
const OWN: usize = 1024;

/// An edition for the readers of one list, written but for their own words.
pub(super) struct Sheet {
    /// The fields above `To`.
    pub(super) from: HeaderBlock,
    /// The one after it.
    pub(super) subject: HeaderBlock,
    /// Those after the Message-ID.
    pub(super) list: HeaderBlock,
    html: Form,
    text: Form,
}

/// What depends on the form in which a reader wants the mail.
pub(super) struct Form {
    /// The fields below the link for leaving.
    pub(super) rest: HeaderBlock,
    pub(super) body: Stencil,
    /// Octets of a whole message, near enough.
    pub(super) room: usize,
    /// The hash of the body's beginning, under way.
    begun: digest::Context,
}

/// A sheet for each list.
pub(super) fn sheets(edition: &Edition, lists: &[List]) -> BTreeMap<ListId, Result<Sheet, HeaderFault>> {
    let boundary = ident::boundary(&edition.hash);
    let bodies = [body(edition, &boundary), text_alone(edition)];
    lists.iter().map(|list| (list.id.clone(), Sheet::new(edition, list, &boundary, &bodies))).collect()
}

impl Sheet {
    fn new(edition: &Edition, list: &List, boundary: &str, [both, text]: &[Stencil; 2]) -> Result<Self, HeaderFault> {
        let (from, subject, named) = (from(edition)?, subject(edition)?, named(edition, list)?);
        let above = [&from, &subject, &named].map(|block| block.as_str().len()).iter().sum();
        let (mut html_rest, mut text_rest) = (rest(edition, list)?, rest(edition, list)?);
        html_rest.with_parameters("Content-Type", "multipart/alternative", &[("boundary", boundary)])?;
        text_rest
            .with_parameters("Content-Type", "text/plain", &[("charset", "utf-8")])?
            .plain("Content-Transfer-Encoding", "quoted-printable")?;
        let (html, text) = (Form::new(html_rest, both, list, above), Form::new(text_rest, text, list, above));
        Ok(Self { from, subject, list: named, html, text })
    }

    /// What a reader gets who wants the mail so.
    pub(super) fn form(&self, format: Format) -> &Form {
        match format {
            Format::Html => &self.html,
            Format::Text => &self.text,
        }
    }
}

impl Form {
    fn new(rest: HeaderBlock, body: &Stencil, list: &List, above: usize) -> Self {
        let body = body.with(MergeField::List, &list.name);
        let mut begun = digest::Context::new(&digest::SHA256);
        begun.update(body.beginning());
        Self { room: above + rest.as_str().len() + body.room() + OWN, rest, body, begun }
    }

    /// SHA-256 of a body that was filled from this one. Its beginning, the same every time, is not hashed again.
    pub(super) fn hash(&self, body: &[u8]) -> [u8; 32] {
        debug_assert!(body.starts_with(self.body.beginning()), "this body is of another form or sheet");
        let mut context = self.begun.clone();
        context.update(body.get(self.body.beginning().len()..).unwrap_or_default());
        let mut hash = [0; 32];
        hash.copy_from_slice(context.finish().as_ref());
        hash
    }
}

impl fmt::Debug for Sheet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sheet({} octets)", self.html.room)
    }
}

fn from(edition: &Edition) -> Result<HeaderBlock, HeaderFault> {
    let sender = &edition.sender;
    let name = sender.name.as_ref().map(PersonName::as_str);
    let mut head = HeaderBlock::new();
    head.mailbox("From", name, &sender.address)?;
    if sender.reply_to != sender.address {
        head.mailbox("Reply-To", name, &sender.reply_to)?;
    }
    Ok(head)
}

fn subject(edition: &Edition) -> Result<HeaderBlock, HeaderFault> {
    let mut head = HeaderBlock::new();
    head.text("Subject", &edition.subject)?;
    Ok(head)
}

fn named(edition: &Edition, list: &List) -> Result<HeaderBlock, HeaderFault> {
    let id = format!("{}.{}", list.id, edition.sender.address.domain());
    let mut head = HeaderBlock::new();
    head.plain("MIME-Version", "1.0")?.phrase_and_id("List-Id", &list.name, &id)?;
    Ok(head)
}

fn rest(edition: &Edition, list: &List) -> Result<HeaderBlock, HeaderFault> {
    let sender = &edition.sender;
    let base = &sender.base_url;
    let owner = format!("mailto:{}", sender.reply_to);
    let mut head = HeaderBlock::new();
    head.plain("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")?
        .uris("List-Help", &[&format!("{owner}?subject=help")])?
        .uris("List-Subscribe", &[&format!("{base}/subscribe")])?
        .uris("List-Owner", &[&owner])?
        .uris("List-Archive", &[&format!("{base}/")])?
        .plain("List-Post", "NO")?
        .uris("Archived-At", &[&edition.archived_at])?
        .plain("Auto-Submitted", "auto-generated")?
        .plain("Precedence", "bulk")?
        .plain("X-Auto-Response-Suppress", "OOF, AutoReply")?
        .plain("Feedback-ID", &format!("{}:{}:masthead:{}", edition.issue, list.id, sender.sender_id))?
        .plain("Content-Language", &edition.lang)?;
    Ok(head)
}

/// The plain text, which is the whole message; that must not end in the middle of a line (STANDARDS M1).
fn text_alone(edition: &Edition) -> Stencil {
    Stencil::new(edition.text.trim_end_matches(['\r', '\n']), &edition.mark, Medium::Text).ended()
}

/// Both parts between their boundaries.
fn body(edition: &Edition, boundary: &str) -> Stencil {
    let part =
        |kind: &str| format!("--{boundary}\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n");
    Stencil::default()
        .then(part("text/plain").as_bytes())
        .followed_by(&Stencil::new(&edition.text, &edition.mark, Medium::Text))
        .then(format!("\r\n{}", part("text/html")).as_bytes())
        .followed_by(&Stencil::new(&edition.html, &edition.mark, Medium::Html))
        .then(format!("\r\n--{boundary}--\r\n").as_bytes())
}
