//! The words that stand in one reader's copy only: links, Message-ID and date.

use std::fmt::Write as _;

use super::{date, push_link};
use crate::dateline::IssueId;
use crate::mailing::{Delivery, ident};
use crate::subscription::token::{Keys, Purpose};

/// Octets of a token, a Message-ID's left side or a date, generously.
const ROOM: usize = 64;

/// One after the other in a single string, since they are written for every message.
pub(super) struct Words {
    text: String,
    /// Where each but the last ends.
    ends: [usize; 3],
}

impl Words {
    pub(super) fn new(keys: &Keys, base_url: &str, issue: &IssueId, domain: &str, delivery: &Delivery) -> Self {
        let mut text = String::with_capacity(2 * base_url.len() + domain.len() + issue.as_str().len() + 4 * ROOM);
        push_link(keys, Purpose::Unsubscribe, base_url, delivery, &mut text);
        let unsubscribe = text.len();
        push_link(keys, Purpose::Preferences, base_url, delivery, &mut text);
        let preferences = text.len();
        ident::push_message_id(keys, issue, delivery.subscriber, domain, &mut text);
        let message_id = text.len();
        // A string takes whatever is written to it.
        let _ = write!(text, "{}", date(delivery.first_attempt_at));
        Self { text, ends: [unsubscribe, preferences, message_id] }
    }

    pub(super) fn unsubscribe(&self) -> &str {
        &self.text[..self.ends[0]]
    }

    pub(super) fn preferences(&self) -> &str {
        &self.text[self.ends[0]..self.ends[1]]
    }

    pub(super) fn message_id(&self) -> &str {
        &self.text[self.ends[1]..self.ends[2]]
    }

    pub(super) fn date(&self) -> &str {
        &self.text[self.ends[2]..]
    }
}
