//! Approvals: who has said that an edition may go out, by a command or by the link in a proof.
//!
//! A link's token is a MAC over issue, edition and editor, so that it names nobody and nobody else can write it. Opening
//! the page acts on nothing, since programs that look for harm open every link in a mail (STANDARDS L7).

use aws_lc_rs::constant_time::verify_slices_are_equal;
use data_encoding::BASE64URL_NOPAD;

use super::check;
use super::proof::{self, Departure};
use crate::app::{AppError, Newsroom};
use crate::config::Editor;
use crate::dateline::IssueId;
use crate::store::{Approval, Means, Proof};
use crate::subscription::EmailAddress;
use crate::subscription::token::Keys;

/// Octets of the MAC in a link: 128 bits (STANDARDS T6).
const MAC: usize = 16;

/// How it stands with the approvals of an edition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// How many it needs.
    pub needed: usize,
    /// Those of present editors, oldest first.
    pub given: Vec<Approval>,
    /// Whether it may go out.
    pub is_enough: bool,
}

impl Standing {
    /// How many are missing.
    pub fn missing(&self) -> usize {
        self.needed.saturating_sub(self.given.len())
    }
}

/// How it stands with the approvals of an edition. Those of people who are no editors any more do not count.
pub async fn standing(newsroom: &Newsroom, issue: &IssueId, edition: &str) -> Result<Standing, AppError> {
    let approval = &newsroom.config().approval;
    let mut given = newsroom.store().approvals(issue).await?;
    given.retain(|given| given.edition == edition && approval.editor(&given.editor).is_some());
    Ok(Standing { needed: approval.needed, is_enough: given.len() >= approval.needed, given })
}

/// An approval that was given.
#[derive(Debug)]
pub struct Given {
    /// The edition.
    pub edition: String,
    /// Whose word it is.
    pub editor: EmailAddress,
    /// Whether it was given by this call, and not before.
    pub is_new: bool,
    /// How it stands now.
    pub standing: Standing,
}

/// Approves the latest proof in an editor's name; `None` is the only editor. Refused if there is none, or if the file has
/// changed since: what is approved is what was shown.
pub async fn approve(newsroom: &Newsroom, issue: &IssueId, editor: Option<&EmailAddress>) -> Result<Given, AppError> {
    let editor = the_editor(newsroom, editor)?.address.clone();
    let refused = |words: String| Err(AppError::Refused(words));
    if is_gone(newsroom, issue).await? {
        return refused(format!("{issue} is going out or gone: there is nothing left to approve"));
    }
    let checked = check::check_issue(newsroom, issue).await?;
    match proof::current(newsroom, &checked).await? {
        Some(proof) => give(newsroom, proof, editor, Means::Command).await,
        None if newsroom.store().proofs(issue).await?.is_empty() => {
            refused(format!("nobody has seen {issue} yet: `masthead proof {issue}` shows it to the editors"))
        }
        None => refused(format!("{} has changed since its last proof: `masthead proof {issue}` shows what it is now", checked.file)),
    }
}

async fn give(newsroom: &Newsroom, proof: Proof, editor: EmailAddress, means: Means) -> Result<Given, AppError> {
    let Proof { issue, edition, .. } = proof;
    let approval = Approval { issue: issue.clone(), edition: edition.clone(), editor: editor.clone(), at: newsroom.now(), means };
    let is_new = newsroom.store().approve(approval).await?;
    tracing::info!(%issue, %edition, ?means, is_new, "an editor has approved");
    let standing = standing(newsroom, &issue, &edition).await?;
    Ok(Given { edition, editor, is_new, standing })
}

fn the_editor<'a>(newsroom: &'a Newsroom, asked: Option<&EmailAddress>) -> Result<&'a Editor, AppError> {
    let approval = &newsroom.config().approval;
    match (asked, approval.editors.as_slice()) {
        (_, []) => Err(AppError::Refused("there are no editors: name them in [approval]".to_owned())),
        (None, [only]) => Ok(only),
        (None, _) => Err(AppError::Refused("say who approves: `--as ADDRESS`".to_owned())),
        (Some(address), _) => approval.editor(address).ok_or_else(|| AppError::Refused(format!("{address} is no editor in [approval]"))),
    }
}

/// Whether an issue's mailing is open or over, or it went out before Masthead came.
async fn is_gone(newsroom: &Newsroom, issue: &IssueId) -> Result<bool, AppError> {
    let store = newsroom.store();
    Ok(store.mailing(issue).await?.is_some() || store.back_issue(issue).await?.is_some())
}

/// Where this editor approves a proof.
pub(super) fn link(newsroom: &Newsroom, keys: &Keys, proof: &Proof, editor: &EmailAddress) -> String {
    format!("{}/approve/{}/{}", newsroom.config().house.base_url, proof.issue, token(keys, proof, editor))
}

/// Key number and MAC, as a link needs them. It never changes what it opens: the proof of that edition, for that editor.
pub fn token(keys: &Keys, proof: &Proof, editor: &EmailAddress) -> String {
    let number = keys.newest_number();
    let mut octets = vec![number];
    octets.extend(mac(keys, number, proof, editor).unwrap_or_default());
    BASE64URL_NOPAD.encode(&octets)
}

/// Whether a text is a token of that proof for that editor, under any key that is held.
pub fn opens(keys: &Keys, proof: &Proof, editor: &EmailAddress, text: &str) -> bool {
    let octets = if text.len() <= 2 * MAC { BASE64URL_NOPAD.decode(text.as_bytes()).unwrap_or_default() } else { Vec::new() };
    let Some((&number, given)) = octets.split_first() else { return false };
    mac(keys, number, proof, editor).is_some_and(|mac| verify_slices_are_equal(&mac, given).is_ok())
}

fn mac(keys: &Keys, number: u8, proof: &Proof, editor: &EmailAddress) -> Option<[u8; MAC]> {
    // An issue's id and a hash hold no NUL: no two of these give the same octets to sign.
    let editor = editor.key();
    let parts: [&[u8]; 5] = [proof.issue.as_str().as_bytes(), b"\0", proof.edition.as_bytes(), b"\0", editor.as_bytes()];
    keys.mac(number, "approval", &parts)?.first_chunk().copied()
}

/// What a link opens.
#[derive(Debug)]
pub enum Link {
    /// Not one of ours, or one whose editor is none any more.
    Unknown,
    /// Another edition has taken the place of the one that it was about.
    Replaced(IssueId),
    /// The issue is going out or gone.
    Gone(IssueId),
    /// The latest proof.
    Open(Box<Offer>),
}

/// What an editor approves by a link.
#[derive(Debug)]
pub struct Offer {
    /// Which issue.
    pub issue: IssueId,
    /// Its subject line.
    pub title: String,
    /// The edition's hash.
    pub edition: String,
    /// When it goes out.
    pub departure: Departure,
    /// Whether the file has changed since: a later proof will take the place of this one.
    pub is_changed: bool,
    /// How it stands.
    pub standing: Standing,
    /// The names of those who have approved it; no address, since a link may be passed on.
    pub approved_by: Vec<String>,
    /// Whether this editor has approved it.
    pub is_given: bool,
}

/// Looks at a link and acts on nothing.
pub async fn look(newsroom: &Newsroom, issue: &str, token: &str) -> Result<Link, AppError> {
    let Some((proof, editor)) = bearer(newsroom, issue, token).await? else { return Ok(Link::Unknown) };
    let store = newsroom.store();
    if is_gone(newsroom, &proof.issue).await? {
        return Ok(Link::Gone(proof.issue));
    }
    let latest = store.proofs(&proof.issue).await?.into_iter().next();
    let (Some(frozen), true) = (store.frozen(&proof.issue).await?, latest.is_some_and(|latest| latest.edition == proof.edition)) else {
        return Ok(Link::Replaced(proof.issue));
    };
    let standing = standing(newsroom, &proof.issue, &proof.edition).await?;
    let checked = check::check_issue(newsroom, &proof.issue).await.ok();
    let is_changed = checked.as_ref().and_then(|checked| checked.fingerprint.as_ref()) != Some(&proof.draft);
    let departure = match checked.and_then(|checked| checked.issue) {
        Some(issue) => proof::departure(newsroom, &issue).await?,
        None => Departure::Stays("its file is gone or has faults".to_owned()),
    };
    let name = |given: &Approval| newsroom.config().approval.editor(&given.editor).and_then(|editor| editor.name.clone());
    let called = |given: &Approval| name(given).map_or_else(|| "an editor".to_owned(), |name| name.as_str().to_owned());
    Ok(Link::Open(Box::new(Offer {
        approved_by: standing.given.iter().map(called).collect(),
        title: frozen.edition.subject,
        departure,
        is_changed,
        is_given: standing.given.iter().any(|given| given.editor.key() == editor.key()),
        issue: proof.issue,
        edition: proof.edition,
        standing,
    })))
}

/// Approves by a link, if it still opens anything; then as [`look`].
pub async fn accept(newsroom: &Newsroom, issue: &str, token: &str) -> Result<Link, AppError> {
    if let Link::Open(_) = look(newsroom, issue, token).await?
        && let Some((proof, editor)) = bearer(newsroom, issue, token).await?
    {
        give(newsroom, proof, editor, Means::Link).await?;
    }
    look(newsroom, issue, token).await
}

/// Whose link it is and to which proof. Every proof is tried with every editor, whichever of them fits, so that time tells
/// nothing of who they are.
async fn bearer(newsroom: &Newsroom, issue: &str, token: &str) -> Result<Option<(Proof, EmailAddress)>, AppError> {
    let Ok(issue) = issue.parse::<IssueId>() else { return Ok(None) };
    let keys = newsroom.keys()?;
    let mut found = None;
    for proof in newsroom.store().proofs(&issue).await? {
        for editor in &newsroom.config().approval.editors {
            if opens(&keys, &proof, &editor.address, token) {
                found = Some((proof.clone(), editor.address.clone()));
            }
        }
    }
    Ok(found)
}

/// Why an edition may not go out yet, in words, and what to do; `None` if it may.
pub(super) fn wanting(issue: &IssueId, standing: &Standing, is_shown: bool) -> Option<String> {
    if standing.is_enough {
        return None;
    }
    if !is_shown {
        return Some(format!(
            "{issue} needs approval, and nobody has seen it as it is now: `masthead proof {issue}` shows it to the editors"
        ));
    }
    let given: Vec<String> = standing.given.iter().map(|given| given.editor.to_string()).collect();
    let by = if given.is_empty() { String::new() } else { format!(" (by {})", proof::in_a_row(&given)) };
    Some(format!(
        "{issue} has {} of {} approvals{by}: the link in its proof gives one, or `masthead approve {issue} --as ADDRESS`",
        given.len(),
        standing.needed
    ))
}
