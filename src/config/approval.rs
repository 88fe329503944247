//! `[approval]`: who edits, and how many of them must have approved what goes out.

use serde::Deserialize;
use toml::Spanned;

use super::Reader;
use crate::diagnostic::{Diagnostic, Span};
use crate::subscription::{EmailAddress, PersonName};

/// The table as it is typed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ApprovalTable {
    editors: Option<Vec<Spanned<String>>>,
    needed: Option<Spanned<String>>,
}

/// Who is shown every proof, and what must come of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalConfig {
    /// Those who get proofs and findings, no address twice.
    pub editors: Vec<Editor>,
    /// How many of them must have approved an edition before it goes out; never more than there are.
    pub needed: usize,
}

/// One who reads what goes out before it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Editor {
    /// What they are called, if we were told.
    pub name: Option<PersonName>,
    /// Where proofs go.
    pub address: EmailAddress,
}

impl Editor {
    /// What others call them: the name, else the address.
    pub fn called(&self) -> &str {
        self.name.as_ref().map_or(self.address.as_str(), PersonName::as_str)
    }
}

impl ApprovalConfig {
    /// The editor of this address, however it is spelt.
    pub fn editor(&self, address: &EmailAddress) -> Option<&Editor> {
        self.editors.iter().find(|editor| editor.address.key() == address.key())
    }
}

impl Reader<'_> {
    pub(super) fn approval(&mut self, written: &ApprovalTable) -> ApprovalConfig {
        let mut editors: Vec<Editor> = Vec::new();
        for mailbox in written.editors.iter().flatten() {
            let Some((name, address)) = self.parsed(mailbox, EmailAddress::parse_mailbox, "write `Name <address@example.org>`") else {
                continue;
            };
            if editors.iter().any(|other| other.address.key() == address.key()) {
                let span = mailbox.span();
                let found = Diagnostic::error("config-twice", format!("the editor `{address}` is there already"))
                    .help("name everybody once: two approvals are those of two persons");
                self.report(found, Span::new(span.start, span.end));
            } else {
                editors.push(Editor { name, address });
            }
        }
        let many = editors.len();
        ApprovalConfig { needed: written.needed.as_ref().map_or(0, |needed| self.needed(needed, many)), editors }
    }

    fn needed(&mut self, written: &Spanned<String>, editors: usize) -> usize {
        let needed = match written.get_ref().trim() {
            "none" => 0,
            "one" => 1,
            "two" => 2,
            _ => {
                self.wrong(written, "this says nothing of approvals", "write `none`, `one` or `two`");
                0
            }
        };
        if needed > editors {
            let message = format!("nothing could ever go out: there are {editors} `editors` to approve it");
            self.wrong(written, message, "name as many `editors` as must approve, or write fewer here");
        }
        needed.min(editors)
    }
}
