//! Shows an edition to the editors, exactly as readers will get it, and tells them every fault of a file.

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use jiff::Timestamp;

use super::approval::{self, Standing};
use super::check::{self, Checked};
use super::hold;
use super::render;
use super::report::in_words;
use super::schedule;
use super::suggest;
use super::telling::{self, Addressee, Told};
use crate::app::{AppError, Newsroom};
use crate::dateline::IssueId;
use crate::diagnostic::{Diagnostic, has_errors};
use crate::edition::views::{FindingView, ProofView};
use crate::edition::{self, Edition};
use crate::issue::Issue;
use crate::manuscript::front_matter::Status;
use crate::schedule::calendar::Due;
use crate::store::{Frozen, Proof};
use crate::subscription::ListId;

/// Most related items that a proof suggests.
const SUGGESTED: usize = 5;

/// Most findings that a proof lists.
const LISTED: usize = 12;

/// What the caller knows of an issue beyond its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circumstances {
    /// When it goes out.
    pub departure: Departure,
    /// Lines that might be added to it, ready to paste.
    pub side_notes: Vec<String>,
}

/// When an issue goes out, if it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Departure {
    /// Then.
    At(Timestamp),
    /// It does not; why, in words without full stop.
    Stays(String),
}

/// What came of showing an edition.
#[derive(Debug)]
pub struct Shown {
    /// The issue's latest proof.
    pub proof: Proof,
    /// Who was told. Whoever was not is tried again by [`tell`].
    pub told: Told,
}

/// Freezes the edition of a clean issue, from now on its latest proof, and mails it to the editors.
pub async fn show(newsroom: &Newsroom, checked: &Checked, circumstances: &Circumstances) -> Result<Shown, AppError> {
    let (issue, edition, draft) = whole(checked)?;
    let at = newsroom.now();
    let proof = Proof { issue: issue.id.clone(), edition: edition.hash.clone(), draft: draft.to_owned(), at };
    let frozen = Frozen { edition: edition.clone(), archived: issue.archived(at), lists: issue.lists.clone() };
    newsroom.store().show(proof.clone(), frozen).await?;
    mended(newsroom, checked.id.as_str()).await?;
    tracing::info!(issue = %proof.issue, edition = %proof.edition, "an edition is shown to the editors");
    let told = tell(newsroom, checked, circumstances).await?;
    Ok(Shown { proof, told })
}

/// Mails the latest proof to those editors who have not had it. It must have been made of what is checked.
pub async fn tell(newsroom: &Newsroom, checked: &Checked, circumstances: &Circumstances) -> Result<Told, AppError> {
    let (issue, ..) = whole(checked)?;
    let store = newsroom.store();
    let (Some(proof), Some(frozen)) = (current(newsroom, checked).await?, store.frozen(&issue.id).await?) else {
        return Err(AppError::Refused(format!("{} has no proof as it is now; `masthead proof {}` makes one", issue.id, issue.id)));
    };
    let (html, text) = render::specimen(newsroom, &frozen.edition, &frozen.lists).await?;
    let standing = approval::standing(newsroom, &issue.id, &proof.edition).await?;
    let readers = store.audience(&frozen.lists).await?;
    let view = view(newsroom, &frozen, &standing, circumstances, readers, issue, &checked.diagnostics);
    let keys = newsroom.keys()?;
    let mark = mark(&proof);
    telling::once(newsroom, "proof", &mark, telling::editors(newsroom), |editor| {
        let view = own(newsroom, &keys, &view, &proof, &standing, editor);
        edition::proof(&view, &html, &text, newsroom.press()).map_err(|fault| AppError::Faulty(vec![*fault]))
    })
    .await
}

/// The latest proof of an issue, if it was made of what is checked: while that stays so, its edition is what goes out.
pub async fn current(newsroom: &Newsroom, checked: &Checked) -> Result<Option<Proof>, AppError> {
    let latest = newsroom.store().proofs(&checked.id).await?.into_iter().next();
    Ok(latest.filter(|proof| checked.fingerprint.as_ref() == Some(&proof.draft)))
}

/// Whether all editors have a proof.
pub(super) async fn is_told(newsroom: &Newsroom, proof: &Proof) -> Result<bool, AppError> {
    telling::is_done(newsroom, &mark(proof), &telling::editors(newsroom)).await
}

/// One proof is one word: the same edition shown again later is another.
fn mark(proof: &Proof) -> String {
    format!("proof {} {} {}", proof.issue, proof.edition, proof.at)
}

/// Makes a proof of an issue as it is now, whether or not one was made before.
pub async fn make(newsroom: &Newsroom, id: &IssueId) -> Result<Shown, AppError> {
    if newsroom.config().approval.editors.is_empty() {
        return Err(AppError::Refused("nobody would get it: name the `editors` in [approval]".to_owned()));
    }
    if newsroom.store().mailing(id).await?.is_some() {
        return Err(AppError::Refused(format!("{id} is going out or gone: its edition stays as it is")));
    }
    let checked = check::check_issue(newsroom, id).await?;
    if checked.is_out {
        return Err(AppError::Refused(format!("{id} is in the archive: it went out before")));
    }
    let departure = match &checked.issue {
        Some(issue) => departure(newsroom, issue).await?,
        None => Departure::Stays("it has faults".to_owned()),
    };
    let circumstances = circumstances(newsroom, id, departure).await?;
    show(newsroom, &checked, &circumstances).await
}

/// What a proof says beside the edition: when it goes out, and which articles of the archive it might list as well.
pub(super) async fn circumstances(newsroom: &Newsroom, id: &IssueId, departure: Departure) -> Result<Circumstances, AppError> {
    let suggested = suggest::suggest(newsroom, id, SUGGESTED).await?;
    let side_notes = suggested.into_iter().filter(|suggestion| !suggestion.article.is_listed).map(|suggestion| suggestion.line).collect();
    Ok(Circumstances { departure, side_notes })
}

/// When an issue goes out as the calendar stands.
pub async fn departure(newsroom: &Newsroom, issue: &Issue) -> Result<Departure, AppError> {
    let calendar = schedule::calendar(newsroom).await?;
    departs(newsroom, issue, calendar.due_of(&issue.id)).await
}

/// The same of one whose place in the calendar is known.
pub(super) async fn departs(newsroom: &Newsroom, issue: &Issue, due: Option<&Due>) -> Result<Departure, AppError> {
    if let Some(hold) = hold::held(newsroom, &issue.id).await? {
        return Ok(Departure::Stays(hold::in_words(&hold)));
    }
    if issue.status == Status::Draft {
        return Ok(Departure::Stays("it is a draft".to_owned()));
    }
    Ok(match due {
        Some(Due::At { at, .. }) if *at <= newsroom.now() => {
            let due = in_words(*at, &newsroom.config().zone);
            Departure::Stays(format!("it was due on {due}, and goes out as soon as nothing keeps it"))
        }
        Some(Due::At { at, .. }) => Departure::At(*at),
        Some(Due::Never(why)) => Departure::Stays(format!("{why}; `masthead send {}` sends it", issue.id)),
        None => Departure::Stays("it has no place in the calendar".to_owned()),
    })
}

/// Tells the editors every fault of a file, once for as long as they are the same. `about` is the issue's id.
pub async fn tell_findings(newsroom: &Newsroom, about: &str, file: &str, diagnostics: &[Diagnostic]) -> Result<Told, AppError> {
    let text = edition::problems(diagnostics);
    let hash = HEXLOWER.encode(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
    let mark = format!("findings {about} {hash}");
    let store = newsroom.store();
    if store.told(&mark).await?.is_none() {
        // What was told before is no more so: should it be so again, that is news.
        mended(newsroom, about).await?;
        store.first_time(&mark, newsroom.now()).await?;
    }
    let publication = &newsroom.config().imprint.publication;
    let sheets =
        edition::findings(publication, about, file, diagnostics, newsroom.press()).map_err(|fault| AppError::Faulty(vec![*fault]))?;
    telling::once(newsroom, "findings", &mark, telling::editors(newsroom), |_| Ok(sheets.clone())).await
}

/// Notes that a file has no faults any more: those that it had are news should they come back. Returns whether somebody was
/// told of any.
pub async fn mended(newsroom: &Newsroom, about: &str) -> Result<bool, AppError> {
    Ok(newsroom.store().forget(&format!("findings {about}")).await? > 0)
}

/// Issue, edition and fingerprint, if nothing forbids to send them.
fn whole(checked: &Checked) -> Result<(&Issue, &Edition, &str), AppError> {
    match (&checked.issue, &checked.edition, &checked.fingerprint) {
        (Some(issue), Some(edition), Some(draft)) if !has_errors(&checked.diagnostics) => Ok((issue, edition, draft)),
        _ => Err(AppError::Faulty(checked.diagnostics.clone())),
    }
}

/// What all editors are told alike.
fn view(
    newsroom: &Newsroom,
    frozen: &Frozen,
    standing: &Standing,
    circumstances: &Circumstances,
    readers: u64,
    issue: &Issue,
    diagnostics: &[Diagnostic],
) -> ProofView {
    let config = newsroom.config();
    let called = |given: &crate::store::Approval| config.approval.editor(&given.editor).map(|editor| editor.called().to_owned());
    let finding =
        |found: &Diagnostic| FindingView { place: edition::place(found), message: found.message.clone(), help: found.help.clone() };
    let (departs, stays) = match &circumstances.departure {
        Departure::At(at) => (Some(in_words(*at, &config.zone)), None),
        Departure::Stays(why) => (None, Some(why.clone())),
    };
    ProofView {
        publication: config.imprint.publication.clone(),
        issue: issue.id.to_string(),
        label: issue.period.label(),
        subject: frozen.edition.subject.clone(),
        edition: short(&frozen.edition.hash).to_owned(),
        is_draft: issue.status == Status::Draft,
        departs,
        stays,
        readers,
        lists: in_a_row(&frozen.lists.iter().map(|list| list_name(newsroom, list)).collect::<Vec<_>>()),
        needed: standing.needed as u64,
        missing: standing.missing() as u64,
        given: standing.given.iter().filter_map(called).collect(),
        approve_url: None,
        command: String::new(),
        findings: diagnostics.iter().take(LISTED).map(finding).collect(),
        more_findings: diagnostics.len().saturating_sub(LISTED) as u64,
        side_notes: circumstances.side_notes.clone(),
    }
}

/// The same with what is one editor's own. Whoever has approved it is asked no more.
fn own(
    newsroom: &Newsroom,
    keys: &crate::subscription::token::Keys,
    view: &ProofView,
    proof: &Proof,
    standing: &Standing,
    editor: &Addressee,
) -> ProofView {
    let is_asked = standing.needed > 0 && standing.given.iter().all(|given| given.editor.key() != editor.address.key());
    let approve_url = (is_asked && newsroom.config().listen.is_some()).then(|| approval::link(newsroom, keys, proof, &editor.address));
    ProofView { approve_url, command: format!("masthead approve {} --as {}", proof.issue, editor.address), ..view.clone() }
}

/// The beginning of an edition's hash: enough to tell two of them apart.
pub fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

fn list_name(newsroom: &Newsroom, id: &ListId) -> String {
    newsroom.config().lists.iter().find(|list| list.id == *id).map_or_else(|| id.to_string(), |list| list.name.clone())
}

/// "One, two and three".
pub(super) fn in_a_row(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
