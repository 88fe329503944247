//! An issue rendered, frozen and content-hashed, with its merge fields open.

pub mod atom;
pub mod html;
pub mod marks;
pub mod online;
pub mod pages;
pub mod press;
mod problems;
mod proof;
pub mod quoted_printable;
mod render;
mod report;
pub mod stencil;
mod structured;
mod templates;
pub mod text;
pub mod views;

use serde::{Deserialize, Serialize};

pub use press::{Press, TemplateFile};
pub use problems::{place, problems};
pub use proof::{Sheets, confirmation, faults, findings, notice, proof, welcome};
pub use render::{Imprint, render};
pub use report::report;
pub use templates::BUILT_IN;

use crate::dateline::IssueId;
use crate::subscription::{EmailAddress, PersonName};

/// What every reader of an issue gets, but for the merge fields. Never changes once its mailing is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edition {
    /// Which issue.
    pub issue: IssueId,
    /// SHA-256 over all the other fields, in hex: approvals and mailings name an edition by it.
    pub hash: String,
    /// The subject line.
    pub subject: String,
    /// BCP 47 tag, as in `Content-Language`.
    pub lang: String,
    /// The public page of this issue (STANDARDS L12).
    pub archived_at: String,
    /// Who writes: frozen too, so that every reader's message is from the same sender, whenever it goes.
    pub sender: Sender,
    /// The HTML part, CSS inlined, with marks where the merge fields go.
    pub html: String,
    /// The plain-text part, with the same marks.
    pub text: String,
    /// What every mark of this edition begins with.
    pub mark: String,
}

/// Who writes, and where answers, bounces and clicks go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// The name beside the address: the publication's (STANDARDS M4).
    pub name: Option<PersonName>,
    /// `From`.
    pub address: EmailAddress,
    /// Where an answer goes; a person reads it (STANDARDS D10).
    pub reply_to: EmailAddress,
    /// The publication's web site, without a slash at its end.
    pub base_url: String,
    /// The domain of the envelope's sender.
    pub bounce_domain: String,
    /// The last part of `Feedback-ID`: 5 to 15 characters, the same for ever (STANDARDS L13).
    pub sender_id: String,
}
