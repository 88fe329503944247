//! The files of an issue that is out: kept when it goes out, so that no link of a mail dies when a folder is tidied.

use crate::app::{AppError, Newsroom};
use crate::diagnostic::Source;
use crate::intake::{self, Dropped};
use crate::issue::archive::{Archive, ArchivedIssue};
use crate::issue::{self, Issue, reached};
use crate::manuscript::{self, Draft, EnclosedFile};
use crate::store::{EnclosedName, Enclosure};

/// An issue that is out as it was dropped: its manuscript, and beside it the files that are kept of it. Whoever assembles
/// it has its images and "(PDF, 301 KB)" as they were.
pub fn draft_of(archived: &ArchivedIssue, enclosed: &[EnclosedName]) -> Draft {
    let source = Source::new(archived.id.as_str(), archived.manuscript.as_str());
    Draft { id: archived.id.clone(), source, files: enclosed.iter().map(beside).collect() }
}

/// Lets what is kept of an issue that is out lie beside its text again where somebody has taken it away.
pub(super) async fn lend(newsroom: &Newsroom, draft: &mut Draft) -> Result<(), AppError> {
    for kept in newsroom.store().enclosed(&draft.id).await? {
        if draft.files.iter().all(|file| file.name != kept.name) {
            draft.files.push(beside(&kept));
        }
    }
    Ok(())
}

/// Keeps the files that an issue reaches, as they lie in its folder now; those that are gone from there stay as they were.
///
/// # Errors
/// [`AppError::Refused`] if one was never kept and is gone.
pub(super) async fn keep(newsroom: &Newsroom, issue: &Issue, dropped: Option<&Dropped>) -> Result<(), AppError> {
    let mut files = dropped.and_then(|dropped| dropped.draft.as_ref()).map(|draft| draft.files.clone()).unwrap_or_default();
    let kept = newsroom.store().enclosed(&issue.id).await?;
    let is_new = |file: &EnclosedName| files.iter().all(|other| other.name != file.name);
    files.extend(kept.iter().filter(|file| is_new(file)).map(beside).collect::<Vec<_>>());
    let mut enclosures = Vec::new();
    for file in reached(issue, &files, &newsroom.config().house) {
        enclosures.push(one(newsroom, issue, dropped, &file.name).await?);
    }
    Ok(newsroom.store().enclose(&issue.id, enclosures).await?)
}

async fn one(newsroom: &Newsroom, issue: &Issue, dropped: Option<&Dropped>, name: &str) -> Result<Enclosure, AppError> {
    if let Some(dropped) = dropped
        && let Some((pixels, octets)) = dropped.octets_of(name)?
    {
        return Ok(Enclosure { name: name.to_owned(), pixels, octets });
    }
    newsroom.store().enclosure(&issue.id, name).await?.ok_or_else(|| gone(issue, name))
}

fn gone(issue: &Issue, name: &str) -> AppError {
    AppError::Refused(format!("`{name}`, which {} leads to, is gone or cannot be read: put it back beside the issue", issue.id))
}

/// The same for an issue as it was frozen, whatever its text says now.
pub(super) async fn keep_for(newsroom: &Newsroom, archived: &ArchivedIssue) -> Result<(), AppError> {
    let config = newsroom.config();
    let folder = intake::read(&config.issues_folder, &newsroom.shown(&config.issues_folder))?;
    let dropped = folder.get(&archived.id);
    let mut draft = draft_of(archived, &newsroom.store().enclosed(&archived.id).await?);
    let lying = dropped.and_then(|dropped| dropped.draft.as_ref()).map(|draft| draft.files.clone()).unwrap_or_default();
    draft.files.retain(|kept| lying.iter().all(|file| file.name != kept.name));
    draft.files.extend(lying);
    // Where files lead does not depend on what else is out.
    let parsed = manuscript::parse(&draft, &config.house.related_heading);
    let Some(assembled) = parsed.value.map(|manuscript| issue::assemble(&manuscript, &Archive::default(), &config.house)) else {
        return Ok(());
    };
    let lost = assembled.diagnostics.into_iter().find(|found| matches!(found.code, "file-missing" | "image-missing"));
    match (lost, assembled.value) {
        (Some(lost), _) => Err(AppError::Faulty(vec![lost])),
        (None, Some(issue)) => keep(newsroom, &issue, dropped).await,
        (None, None) => Ok(()),
    }
}

/// Whether a file that was kept of an issue lies in its folder with other octets.
pub(super) async fn has_changed(newsroom: &Newsroom, dropped: &Dropped) -> Result<bool, AppError> {
    let Some(draft) = &dropped.draft else { return Ok(false) };
    let kept = newsroom.store().enclosed(&dropped.id).await?;
    let differs = |kept: &EnclosedName| {
        let Some(file) = draft.files.iter().find(|file| file.name == kept.name) else { return false };
        file.octets != kept.octets || dropped.digest_of(&kept.name).is_some_and(|digest| digest != kept.digest)
    };
    Ok(kept.iter().any(differs))
}

/// A kept file as it lay beside the issue.
pub(super) fn beside(kept: &EnclosedName) -> EnclosedFile {
    EnclosedFile { name: kept.name.clone(), octets: kept.octets, pixels: kept.pixels }
}
