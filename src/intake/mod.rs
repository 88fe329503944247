//! Reads the issues folder: which files are issues, their bytes, and what lies beside them.
//!
//! A file counts if it is a regular file of a known name; hidden files, `_names`, editors' backups, symlinks, FIFOs
//! and devices never do (STANDARDS T13).

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Source, Span};
use crate::issue::IssueId;
use crate::manuscript::source::{MAX_MANUSCRIPT, decode};
use crate::manuscript::{Draft, EnclosedFile};

/// What an issue's folder must hold.
const ISSUE_FILE: &str = "issue.md";
/// More files beside an issue than anybody means to put there.
const MAX_FILES: usize = 200;

/// Why the folder cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("could not read {path}: {cause}")]
pub struct IntakeError {
    /// Which file or folder.
    pub path: PathBuf,
    /// Why.
    pub cause: io::Error,
}

/// A draft, or what stands in its way, and where it lies.
#[derive(Debug, Clone)]
pub struct Dropped {
    /// From the name of the file or folder.
    pub id: IssueId,
    /// The Markdown file.
    pub path: PathBuf,
    /// The draft, if its text can be read.
    pub draft: Option<Draft>,
    /// What is wrong with the file as a file.
    pub diagnostics: Vec<Diagnostic>,
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

/// Reads the whole folder. `shown` is how its path is shown in findings.
pub fn read(folder: &Path, shown: &str) -> Result<Folder, IntakeError> {
    let mut out = Folder::default();
    let failed = |cause| IntakeError { path: folder.to_owned(), cause };
    let mut names: Vec<String> = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        // A name that is not UTF-8 is nobody's issue.
        if let Ok(name) = entry.map_err(failed)?.file_name().into_string() {
            names.push(name);
        }
    }
    names.sort();
    for name in names.iter().filter(|name| counts(name)) {
        let path = folder.join(name);
        let Ok(kind) = fs::symlink_metadata(&path) else { continue };
        let file = if kind.is_dir() && name.parse::<IssueId>().is_ok() {
            path.join(ISSUE_FILE)
        } else if kind.is_file() && has_ending(name, "md") {
            path.clone()
        } else {
            continue;
        };
        let stem = name.strip_suffix(".md").unwrap_or(name);
        match stem.parse::<IssueId>() {
            Ok(id) => {
                let shown = format!("{shown}/{}", if kind.is_dir() { format!("{name}/{ISSUE_FILE}") } else { name.clone() });
                let dropped = read_one(id, &file, &shown, kind.is_dir().then_some(path.as_path()))?;
                claim(&mut out, dropped);
            }
            Err(fault) if looks_dated(stem) => {
                let source = Source::new(format!("{shown}/{name}"), "");
                out.diagnostics
                    .push(Diagnostic::warning("file-name", fault.to_string()).at(&source, Span::default()).help("rename the file"));
            }
            Err(_) => {}
        }
    }
    Ok(out)
}

/// Enters a draft, unless its id is taken: then both are told of it.
fn claim(folder: &mut Folder, mut dropped: Dropped) {
    if let Some(first) = folder.dropped.iter().find(|other| other.id == dropped.id) {
        let source =
            dropped.draft.as_ref().map_or_else(|| Source::new(dropped.path.display().to_string(), ""), |draft| Arc::clone(&draft.source));
        let found = Diagnostic::error("id-twice", format!("the issue {} is written in {} as well", dropped.id, first.path.display()))
            .at(&source, Span::default())
            .help("keep one of the two, or give one a name of its own, such as `2014-12-special`");
        dropped.diagnostics.push(found.clone());
        folder.diagnostics.push(found);
        folder.dropped.iter_mut().filter(|other| other.id == dropped.id).for_each(|other| {
            other.draft = None;
        });
        return;
    }
    folder.dropped.push(dropped);
}

fn counts(name: &str) -> bool {
    !name.starts_with(['.', '_', '#']) && !name.ends_with('~') && !name.contains(char::is_control)
}

fn has_ending(name: &str, ending: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found == ending)
}

fn looks_dated(stem: &str) -> bool {
    stem.len() >= 4 && stem.bytes().take(4).all(|b| b.is_ascii_digit())
}

fn read_one(id: IssueId, file: &Path, shown: &str, folder: Option<&Path>) -> Result<Dropped, IntakeError> {
    let failed = |cause| IntakeError { path: file.to_owned(), cause };
    let refused = |found: Diagnostic| {
        let found = found.at(&Source::new(shown, ""), Span::default());
        Dropped { id: id.clone(), path: file.to_owned(), draft: None, diagnostics: vec![found] }
    };
    match fs::symlink_metadata(file) {
        Ok(kind) if kind.is_file() => {}
        Ok(_) => {
            return Ok(refused(
                Diagnostic::error("not-a-file", "this is no ordinary file").help("put the text itself here, not a link to it"),
            ));
        }
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => {
            return Ok(refused(
                Diagnostic::error("issue-file-missing", format!("the folder has no `{ISSUE_FILE}`"))
                    .help("put the text of the issue there"),
            ));
        }
        Err(fault) => return Err(failed(fault)),
    }
    let mut bytes = Vec::new();
    let most = MAX_MANUSCRIPT as u64 + 1;
    File::open(file).and_then(|file| file.take(most).read_to_end(&mut bytes)).map_err(failed)?;
    let decoded = decode(shown, &bytes);
    let files = match folder {
        Some(folder) => enclosed(folder).map_err(|cause| IntakeError { path: folder.to_owned(), cause })?,
        None => Vec::new(),
    };
    let draft = decoded.value.map(|source| Draft { id: id.clone(), source, files });
    Ok(Dropped { id, path: file.to_owned(), draft, diagnostics: decoded.diagnostics })
}

/// The regular files beside `issue.md`.
fn enclosed(folder: &Path) -> io::Result<Vec<EnclosedFile>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let kind = fs::symlink_metadata(entry.path())?;
        if !kind.is_file() || name == ISSUE_FILE || !counts(&name) || files.len() >= MAX_FILES {
            continue;
        }
        files.push(EnclosedFile { octets: kind.len(), pixels: pixels(&entry.path()), name });
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

/// Width and height, from the first octets of the file; it is never decoded.
fn pixels(path: &Path) -> Option<(u32, u32)> {
    let size = imagesize::size(path).ok()?;
    Some((u32::try_from(size.width).ok()?, u32::try_from(size.height).ok()?))
}

/// Reads the newsroom's own templates; a newsroom without that folder has none.
pub fn templates(folder: &Path, shown: &str) -> Result<Vec<crate::edition::TemplateFile>, IntakeError> {
    let mut files = Vec::new();
    let mut waiting = vec![(folder.to_owned(), String::new())];
    while let Some((place, below)) = waiting.pop() {
        let entries = match fs::read_dir(&place) {
            Ok(entries) => entries,
            Err(fault) if fault.kind() == io::ErrorKind::NotFound && below.is_empty() => return Ok(files),
            Err(cause) => return Err(IntakeError { path: place, cause }),
        };
        for entry in entries {
            let failed = |cause| IntakeError { path: place.clone(), cause };
            let entry = entry.map_err(failed)?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let kind = entry.file_type().map_err(failed)?;
            let path = format!("{below}{name}");
            if kind.is_dir() && counts(&name) && path.matches('/').count() < 3 {
                waiting.push((entry.path(), format!("{path}/")));
            } else if kind.is_file() && counts(&name) && (has_ending(&name, "hbs") || has_ending(&name, "css")) {
                let text = fs::read_to_string(entry.path()).map_err(|cause| IntakeError { path: entry.path(), cause })?;
                files.push(crate::edition::TemplateFile { source: Source::new(format!("{shown}/{path}"), text), path });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}
