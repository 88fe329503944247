//! Letters that are told once to each reader, over restarts: whoever could not be reached is told at the next try.

use crate::app::{Advice, AppError, Newsroom};
use crate::edition::Sheets;
use crate::mailing::letter::Letter;
use crate::subscription::{EmailAddress, PersonName};

use super::letters::{self, Posted};

/// What is waited for where no relay could be used, whoever was to be told what.
const RELAYS: &str = "relays";

/// Who was told a thing, and who could not be.
#[derive(Debug, Default)]
pub struct Told {
    /// Those who were told by this call.
    pub told: Vec<EmailAddress>,
    /// Those who are still to be told: the same call again tries them, and nobody else.
    pub left: Vec<EmailAddress>,
    /// Why no relay could be used, if none could.
    pub fault: Option<String>,
}

impl Told {
    /// Whether everybody has been told, now or before.
    pub fn is_done(&self) -> bool {
        self.left.is_empty()
    }
}

/// One who is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Addressee {
    pub(super) address: EmailAddress,
    pub(super) name: Option<PersonName>,
}

/// The editors.
pub(super) fn editors(newsroom: &Newsroom) -> Vec<Addressee> {
    let editors = newsroom.config().approval.editors.iter();
    editors.map(|editor| Addressee { address: editor.address.clone(), name: editor.name.clone() }).collect()
}

/// The operators.
pub(super) fn operators(newsroom: &Newsroom) -> Vec<Addressee> {
    let operators = newsroom.config().report_to.iter();
    operators.map(|address| Addressee { address: address.clone(), name: None }).collect()
}

/// Whether everybody has been told under this mark.
pub(super) async fn is_done(newsroom: &Newsroom, mark: &str, to: &[Addressee]) -> Result<bool, AppError> {
    for addressee in to {
        if newsroom.store().told(&mark_of(mark, &addressee.address)).await?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn mark_of(mark: &str, address: &EmailAddress) -> String {
    format!("{mark} {}", address.key())
}

/// Tells everybody who has not been told under this mark. `write` makes each addressee's own letter.
pub(super) async fn once(
    newsroom: &Newsroom,
    kind: &'static str,
    mark: &str,
    to: Vec<Addressee>,
    write: impl Fn(&Addressee) -> Result<Sheets, AppError>,
) -> Result<Told, AppError> {
    let (store, patience, now) = (newsroom.store(), newsroom.patience(), newsroom.now());
    let (mut letters, mut waiting) = (Vec::new(), Vec::new());
    for addressee in to {
        let own = mark_of(mark, &addressee.address);
        if store.told(&own).await?.is_some() {
            continue;
        }
        match patience.advice(&own, now) {
            Advice::Try if patience.advice(RELAYS, now) == Advice::Try => {
                let Sheets { subject, text, html } = write(&addressee)?;
                letters.push(Letter { to: addressee.address, name: addressee.name, kind, about: mark.to_owned(), subject, text, html });
            }
            Advice::Try | Advice::Wait => waiting.push(addressee.address),
            Advice::GiveUp => {}
        }
    }
    if letters.is_empty() {
        return Ok(Told { left: waiting, ..Told::default() });
    }
    let posted = match letters::hand_in(newsroom, letters.clone()).await {
        Ok(posted) => posted,
        Err(fault) => Posted { taken: Vec::new(), left: letters, fault: Some(fault) },
    };
    patience.said(RELAYS);
    if posted.fault.is_some() {
        // Nobody's mailbox is to blame.
        patience.in_vain(RELAYS, now);
    }
    for letter in &posted.taken {
        store.first_time(&mark_of(mark, &letter.to), now).await?;
    }
    for letter in posted.left.iter().filter(|_| posted.fault.is_none()) {
        if patience.in_vain(&mark_of(mark, &letter.to), now) {
            tracing::warn!(kind, about = %mark, "somebody cannot be told, and is tried no more");
        }
    }
    let addresses = |letters: Vec<Letter>| letters.into_iter().map(|letter| letter.to);
    let left = addresses(posted.left).chain(waiting).collect();
    Ok(Told { told: addresses(posted.taken).collect(), left, fault: posted.fault.map(|fault| fault.to_string()) })
}
