//! Reads the issues folder: which files are issues, their bytes, and what lies beside them.
//!
//! A file counts if it is a regular file of a known name and has no other; hidden files, `_names`, editors' backups,
//! links, FIFOs and devices never do (STANDARDS T13).

mod ears;
mod enclosed;
pub mod fetch;
mod names;
mod place;
pub mod problems;
mod standing;
mod templates;
pub mod watch;

use std::ffi::{OsStr, OsString};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::digest;

use crate::dateline::IssueId;
use crate::diagnostic::{Diagnostic, Findings, Source, Span};
use crate::manuscript::Draft;
use crate::manuscript::source::{MAX_MANUSCRIPT, decode, too_large};
use names::{ISSUE_FILE, Kind, spoken};
use place::{Found, Place};
pub use standing::Stamp;
pub use templates::templates;

/// Most octets of text that are read from one folder at once: a hundred years of long issues (STANDARDS T14).
const MAX_FOLDER: u64 = 64 << 20;

/// Why the folder cannot be read, or not be written into.
#[derive(Debug, thiserror::Error)]
#[error("could not {deed} {path}: {cause}")]
pub struct IntakeError {
    /// What was tried.
    pub deed: &'static str,
    /// Which file or folder.
    pub path: PathBuf,
    /// Why.
    pub cause: io::Error,
}

impl IntakeError {
    fn read(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |cause| Self { deed: "read", path, cause }
    }
}

/// A draft, or what stands in its way, and where it lies.
#[derive(Debug, Clone)]
pub struct Dropped {
    /// From the name of the file or folder.
    pub id: IssueId,
    /// The Markdown file.
    pub path: PathBuf,
    /// Its path as people know it.
    pub shown: String,
    /// The draft, if its text can be read.
    pub draft: Option<Draft>,
    /// What is wrong with the file as a file.
    pub diagnostics: Vec<Diagnostic>,
    /// How its files stood when they had been read: what [`watch::Still::holds`] compares. There is none if they were
    /// gone by then.
    pub stamp: Option<Stamp>,
    /// Hash of the octets of the text, or of nothing if it could not be read.
    text_hash: digest::Digest,
}

impl Dropped {
    /// The text that findings about the file as a whole point into.
    fn source(&self) -> Arc<Source> {
        self.draft.as_ref().map_or_else(|| Source::new(self.shown.as_str(), ""), |draft| Arc::clone(&draft.source))
    }
}

/// Everything in the folder, in the order of ids.
#[derive(Debug, Default)]
pub struct Folder {
    /// The issues.
    pub dropped: Vec<Dropped>,
    /// Findings about names that are nearly issues.
    pub diagnostics: Vec<Diagnostic>,
}

impl Folder {
    /// The issue of this id.
    pub fn get(&self, id: &IssueId) -> Option<&Dropped> {
        self.dropped.iter().find(|dropped| dropped.id == *id)
    }
}

/// Reads the whole folder. `shown` is how its path is shown in findings. One file that cannot be read does not keep the
/// others from being read, and no number of files of any size takes more memory than a few hundred megabytes.
pub fn read(folder: &Path, shown: &str) -> Result<Folder, IntakeError> {
    read_within(MAX_FOLDER, folder, shown)
}

fn read_within(most: u64, folder: &Path, shown: &str) -> Result<Folder, IntakeError> {
    let place = Place::open(folder).map_err(IntakeError::read(folder))?;
    let mut strays = Findings::default();
    let mut candidates = candidates(&place, shown, &mut strays).map_err(IntakeError::read(folder))?;
    // The small first: whatever somebody piles up, it is not the honest issue that finds no room.
    candidates.sort_by(|a, b| (a.octets, &a.name).cmp(&(b.octets, &b.name)));
    let mut left = most;
    let mut read: Vec<Dropped> = candidates.into_iter().map(|one| one.read(&place, folder, shown, &mut left)).collect();
    read.sort_by(|a, b| (&a.id, &a.path).cmp(&(&b.id, &b.path)));
    let mut out = Folder { dropped: Vec::with_capacity(read.len()), diagnostics: strays.into_vec() };
    for dropped in read {
        claim(&mut out, dropped);
    }
    let standing = standing::look(folder).map_err(IntakeError::read(folder))?;
    for dropped in &mut out.dropped {
        dropped.stamp = standing.issues.get(&dropped.id).copied();
    }
    Ok(out)
}

/// A name that is an issue.
struct Candidate {
    id: IssueId,
    name: String,
    is_folder: bool,
    /// Size of its text, as far as one can see from outside.
    octets: u64,
}

/// The names that are issues; those that are nearly are told.
fn candidates(place: &Place, shown: &str, strays: &mut Findings) -> io::Result<Vec<Candidate>> {
    let mut names: Vec<OsString> = Vec::new();
    for name in place.names()? {
        names.extend(Some(name?).filter(|name| names::may_be_issue(name)));
    }
    names.sort();
    let mut out = Vec::new();
    for name in names {
        let Ok(look) = place.look(&name) else { continue };
        let (id, is_folder) = match names::kind(&name, &look, || standing::holds_issue(place, &name)) {
            Kind::File(id) => (id, false),
            Kind::Folder(id) => (id, true),
            Kind::Stray(found) => {
                let source = Source::new(format!("{shown}/{}", spoken(&name.to_string_lossy())), "");
                strays.push(found.at(&source, Span::default()));
                continue;
            }
            Kind::Other => continue,
        };
        let text = if is_folder { place.below(&name).ok().flatten().and_then(|folder| folder.look(issue_file()).ok()) } else { Some(look) };
        let octets = text.map_or(0, |look| look.octets());
        out.extend(name.into_string().ok().map(|name| Candidate { id, name, is_folder, octets }));
    }
    Ok(out)
}

fn issue_file() -> &'static OsStr {
    OsStr::new(ISSUE_FILE)
}

impl Candidate {
    /// Reads its text and looks at what lies beside it. `left` is how many octets may still be read.
    fn read(self, place: &Place, folder: &Path, shown: &str, left: &mut u64) -> Dropped {
        let Self { id, name, is_folder, .. } = self;
        let below = if is_folder { format!("{name}/{ISSUE_FILE}") } else { name.clone() };
        let mut dropped = Dropped {
            id,
            path: folder.join(&below),
            shown: format!("{shown}/{below}"),
            draft: None,
            diagnostics: Vec::new(),
            stamp: None,
            text_hash: digest::digest(&digest::SHA256, b""),
        };
        let name = OsStr::new(&name);
        let read = if is_folder {
            match place.below(name) {
                Ok(Some(inner)) => take(&mut dropped, &inner, issue_file(), left).and_then(|()| enclosed::list(&mut dropped, &inner)),
                Ok(None) => Err(not_a_file()),
                Err(fault) => Err(unreadable(&fault)),
            }
        } else {
            take(&mut dropped, place, name, left)
        };
        if let Err(found) = read {
            dropped.draft = None;
            dropped.refuse(found);
        }
        dropped
    }
}

impl Dropped {
    /// Enters a finding about the file as a whole.
    fn refuse(&mut self, found: Diagnostic) {
        self.diagnostics.push(found.at(&Source::new(self.shown.as_str(), ""), Span::default()));
    }
}

/// Reads a text.
fn take(dropped: &mut Dropped, place: &Place, name: &OsStr, left: &mut u64) -> Result<(), Diagnostic> {
    let file = match place.file(name) {
        Ok(Found::File(file)) => file,
        Ok(Found::Other) => return Err(not_a_file()),
        Ok(Found::Linked) => {
            return Err(Diagnostic::error("hard-link", "this file is known by another name elsewhere, and is not read")
                .help("put a copy of it here instead: a link could bring in what nobody means to send"));
        }
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => {
            return Err(Diagnostic::error("issue-file-missing", format!("there is no `{}`", name.display()))
                .help("put the text of the issue there"));
        }
        Err(fault) => return Err(unreadable(&fault)),
    };
    let octets = file.metadata().map_err(|fault| unreadable(&fault))?.len();
    if octets > MAX_MANUSCRIPT as u64 {
        return Err(too_large(octets));
    }
    if *left == 0 {
        return Err(Diagnostic::error(
            "folder-full",
            format!("the texts in this folder have more than {} MB, and this one is not read", MAX_FOLDER >> 20),
        )
        .help("take out of the folder what is no issue"));
    }
    let mut bytes = Vec::new();
    file.take(MAX_MANUSCRIPT as u64 + 1).read_to_end(&mut bytes).map_err(|fault| unreadable(&fault))?;
    *left = left.saturating_sub(bytes.len() as u64);
    dropped.text_hash = digest::digest(&digest::SHA256, &bytes);
    let decoded = decode(&dropped.shown, &bytes);
    dropped.diagnostics.extend(decoded.diagnostics);
    dropped.draft = decoded.value.map(|source| Draft { id: dropped.id.clone(), source, files: Vec::new() });
    Ok(())
}

fn not_a_file() -> Diagnostic {
    Diagnostic::error("not-a-file", "this is no ordinary file").help("put the text itself here, not a link to it")
}

fn unreadable(fault: &io::Error) -> Diagnostic {
    Diagnostic::error("file-unreadable", format!("the file cannot be read: {fault}"))
        .help("the program that runs the press must be allowed to read it")
}

/// Enters a draft, unless its id is taken: then both are told of it, and neither goes out.
fn claim(folder: &mut Folder, mut dropped: Dropped) {
    let Some(first) = folder.dropped.last_mut().filter(|other| other.id == dropped.id) else {
        folder.dropped.push(dropped);
        return;
    };
    let twice = |here: &Dropped, there: &Dropped| {
        let found = Diagnostic::error("id-twice", format!("the issue {} is written in `{}` as well", here.id, there.shown));
        found.at(&here.source(), Span::default()).help("keep one of the two, or give one a name of its own, such as `2014-12-special`")
    };
    let (of_first, of_second) = (twice(first, &dropped), twice(&dropped, first));
    first.draft = None;
    first.text_hash = digest::digest(&digest::SHA256, &[first.text_hash.as_ref(), dropped.text_hash.as_ref()].concat());
    first.diagnostics.append(&mut dropped.diagnostics);
    first.diagnostics.extend([of_first, of_second]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t14_more_text_than_anybody_writes_is_refused_and_the_honest_issue_is_not() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..9 {
            std::fs::write(folder.path().join(format!("2014-12-a{number}.md")), "a".repeat(50_000)).unwrap();
        }
        std::fs::write(folder.path().join("2015-01.md"), "# H\n").unwrap();
        let read = read_within(200_000, folder.path(), "issues").unwrap();
        let codes = |dropped: &Dropped| dropped.diagnostics.iter().map(|found| found.code).collect::<Vec<_>>();
        assert_eq!(read.dropped.iter().filter(|dropped| codes(dropped) == ["folder-full"]).count(), 5);
        let honest = read.get(&"2015-01".parse().unwrap()).unwrap();
        assert!(honest.draft.is_some() && codes(honest).is_empty());
    }
}
