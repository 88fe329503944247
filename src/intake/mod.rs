//! Reads the issues folder: which files are issues, their bytes, and what lies beside them.
//!
//! A file counts if it is a regular file of a known name; hidden files, `_names`, editors' backups, symlinks, FIFOs
//! and devices never do (STANDARDS T13).

pub mod fetch;

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::dateline::IssueId;
use crate::diagnostic::{Diagnostic, Source, Span};
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
    /// Its path as people know it.
    pub shown: String,
    /// The draft, if its text can be read.
    pub draft: Option<Draft>,
    /// What is wrong with the file as a file.
    pub diagnostics: Vec<Diagnostic>,
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
/// others from being read.
pub fn read(folder: &Path, shown: &str) -> Result<Folder, IntakeError> {
    let mut out = Folder::default();
    let failed = |cause| IntakeError { path: folder.to_owned(), cause };
    let mut names: Vec<OsString> = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        names.push(entry.map_err(failed)?.file_name());
    }
    names.sort();
    for name in &names {
        match name.to_str().filter(|name| !name.contains(char::is_control)) {
            Some(name) if counts(name) => take(&mut out, folder, shown, name),
            Some(_) => {}
            None => out.diagnostics.extend(unspeakable(shown, &name.to_string_lossy())),
        }
    }
    out.dropped.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(out)
}

/// Takes one name of the folder: an issue, something that is nearly one, or nothing to us.
fn take(out: &mut Folder, folder: &Path, shown: &str, name: &str) {
    let path = folder.join(name);
    let Ok(kind) = fs::symlink_metadata(&path) else { return };
    let is_folder = kind.is_dir();
    let stem = if is_folder { name } else { stem_of(name) };
    let told = |found: Diagnostic| found.at(&Source::new(format!("{shown}/{name}"), ""), Span::default());
    match stem.parse::<IssueId>() {
        Ok(id) if is_folder => claim(out, read_one(id, &path.join(ISSUE_FILE), &format!("{shown}/{name}/{ISSUE_FILE}"), Some(&path))),
        Ok(id) if kind.is_file() && has_ending(name, "md") => claim(out, read_one(id, &path, &format!("{shown}/{name}"), None)),
        Ok(id) if kind.is_file() && is_nearly_markdown(name) => out.diagnostics.push(told(
            Diagnostic::warning("file-name", format!("`{name}` is not read: an issue's name ends in `.md`"))
                .help(format!("rename the file to `{id}.md`")),
        )),
        Ok(_) if !kind.is_file() && (has_ending(name, "md") || kind.is_symlink() && stem == name) => {
            out.diagnostics.push(told(
                Diagnostic::warning("not-a-file", "this is a link to somewhere else, or no file at all, and is not read")
                    .help("put the file itself here"),
            ));
        }
        Err(fault) if looks_dated(stem) && (has_ending(name, "md") || is_folder && path.join(ISSUE_FILE).exists()) => {
            let help = if is_folder { "rename the folder" } else { "rename the file" };
            out.diagnostics.push(told(Diagnostic::warning("file-name", fault.to_string()).help(help)));
        }
        _ => {}
    }
}

fn stem_of(name: &str) -> &str {
    [".md", ".md.txt", ".MD", ".Md", ".markdown", ".mdown"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

/// Endings that editors' programs give to Markdown, which the press does not read.
fn is_nearly_markdown(name: &str) -> bool {
    stem_of(name) != name && !has_ending(name, "md")
}

/// A finding about a name that cannot even be shown as it is, if it looks like an issue's.
fn unspeakable(shown: &str, name: &str) -> Option<Diagnostic> {
    let spoken: String = name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    (counts(&spoken) && has_ending(&spoken, "md") && looks_dated(&spoken)).then(|| {
        Diagnostic::warning("file-name", "this name has characters that are no letters, and the file is not read")
            .at(&Source::new(format!("{shown}/{spoken}"), ""), Span::default())
            .help("rename the file")
    })
}

/// Enters a draft, unless its id is taken: then both are told of it, and neither goes out.
fn claim(folder: &mut Folder, mut dropped: Dropped) {
    let Some(first) = folder.dropped.iter_mut().find(|other| other.id == dropped.id) else {
        folder.dropped.push(dropped);
        return;
    };
    let twice = |here: &Dropped, there: &Dropped| {
        let found = Diagnostic::error("id-twice", format!("the issue {} is written in `{}` as well", here.id, there.shown));
        found.at(&here.source(), Span::default()).help("keep one of the two, or give one a name of its own, such as `2014-12-special`")
    };
    let (of_first, of_second) = (twice(first, &dropped), twice(&dropped, first));
    first.draft = None;
    first.diagnostics.append(&mut dropped.diagnostics);
    first.diagnostics.extend([of_first, of_second]);
}

fn counts(name: &str) -> bool {
    !name.starts_with(['.', '_', '#']) && !name.ends_with('~')
}

fn has_ending(name: &str, ending: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found == ending)
}

fn looks_dated(stem: &str) -> bool {
    stem.len() >= 4 && stem.bytes().take(4).all(|b| b.is_ascii_digit())
}

fn read_one(id: IssueId, file: &Path, shown: &str, folder: Option<&Path>) -> Dropped {
    let refused = |id: IssueId, found: Diagnostic| {
        let found = found.at(&Source::new(shown, ""), Span::default());
        Dropped { id, path: file.to_owned(), shown: shown.to_owned(), draft: None, diagnostics: vec![found] }
    };
    let unreadable = |fault: &io::Error| {
        Diagnostic::error("file-unreadable", format!("the file cannot be read: {fault}"))
            .help("the program that runs the press must be allowed to read it")
    };
    let open = match open_regular(file) {
        Ok(Some(open)) => open,
        Ok(None) => {
            let found = Diagnostic::error("not-a-file", "this is no ordinary file");
            return refused(id, found.help("put the text itself here, not a link to it"));
        }
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => {
            let found = Diagnostic::error("issue-file-missing", format!("the folder has no `{ISSUE_FILE}`"));
            return refused(id, found.help("put the text of the issue there"));
        }
        Err(fault) => return refused(id, unreadable(&fault)),
    };
    let mut bytes = Vec::new();
    let read = open.take(MAX_MANUSCRIPT as u64 + 1).read_to_end(&mut bytes);
    let enclosed = folder.map_or_else(|| Ok(Vec::new()), enclosed);
    let files = match (read, enclosed) {
        (Ok(_), Ok(files)) => files,
        (Err(fault), _) | (_, Err(fault)) => return refused(id, unreadable(&fault)),
    };
    let decoded = decode(shown, &bytes);
    let draft = decoded.value.map(|source| Draft { id: id.clone(), source, files });
    Dropped { id, path: file.to_owned(), shown: shown.to_owned(), draft, diagnostics: decoded.diagnostics }
}

/// Opens a file that is an ordinary file, and nothing else: a link is not followed, a pipe is not waited for, and what
/// is read is what was looked at, even if somebody exchanges it in between (STANDARDS T13).
fn open_regular(path: &Path) -> io::Result<Option<File>> {
    use rustix::fs::{Mode, OFlags, open};
    if !fs::symlink_metadata(path)?.is_file() {
        return Ok(None);
    }
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    match open(path, flags, Mode::empty()) {
        Ok(descriptor) => {
            let file = File::from(descriptor);
            Ok(file.metadata()?.is_file().then_some(file))
        }
        Err(rustix::io::Errno::LOOP) => Ok(None),
        Err(fault) => Err(fault.into()),
    }
}

/// The regular files beside `issue.md`.
fn enclosed(folder: &Path) -> io::Result<Vec<EnclosedFile>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name == ISSUE_FILE || !counts(&name) || name.contains(char::is_control) || files.len() >= MAX_FILES {
            continue;
        }
        // A file that may not be read is as good as none: whoever speaks of it is told that it is missing.
        let Ok(Some(file)) = open_regular(&entry.path()) else { continue };
        files.push(EnclosedFile { octets: file.metadata()?.len(), pixels: pixels(file), name });
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

/// Width and height, from the first octets of the file; it is never decoded.
fn pixels(file: File) -> Option<(u32, u32)> {
    let size = imagesize::reader_size(io::BufReader::new(file)).ok()?;
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
