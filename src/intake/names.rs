//! Which names in the issues folder are issues, which are nearly, and which are nothing to the press.

use std::ffi::OsStr;
use std::path::Path;

use super::place::Look;
use crate::dateline::IssueId;
use crate::diagnostic::Diagnostic;

/// What an issue's folder must hold.
pub(super) const ISSUE_FILE: &str = "issue.md";
/// How the name of a file ends in which the press lists what is to be mended.
pub(super) const PROBLEMS: &str = ".problems.txt";

/// Endings under which programs keep what is not done yet, or what they need for themselves.
const UNFINISHED: [&str; 11] = [".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", ".swp", ".swo", ".swx", ".bak", ".orig"];
/// Names that programs leave behind.
const LEFT_BEHIND: [&str; 3] = ["thumbs.db", "desktop.ini", "4913"];

/// What a name is to the press.
pub(super) enum Kind {
    /// A file that is an issue.
    File(IssueId),
    /// A folder that is an issue.
    Folder(IssueId),
    /// Nearly an issue, but not read; the finding says why, and wants only its place.
    Stray(Diagnostic),
    /// Nothing to us.
    Other,
}

/// Whether a name may be anything but nothing to us: all that needs to be known of most names.
pub(super) fn may_be_issue(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    counts(&name) && looks_dated(&name)
}

/// Whether a file of this name may belong to an issue: it is not hidden, no note of an editor's own (`_name`), and nothing
/// that a program leaves behind or has not finished.
pub(super) fn counts(name: &str) -> bool {
    let folded = name.to_ascii_lowercase();
    !name.starts_with(['.', '_', '#', '~'])
        && !name.ends_with(['~', '#'])
        && !UNFINISHED.iter().any(|ending| folded.ends_with(ending))
        && !folded.ends_with(PROBLEMS)
        && !LEFT_BEHIND.contains(&folded.as_str())
}

/// What a name is. `holds_issue` looks whether a folder has an issue's text in it.
pub(super) fn kind(name: &OsStr, look: &Look, holds_issue: impl FnOnce() -> bool) -> Kind {
    let Some(name) = name.to_str().filter(|name| !name.contains(char::is_control)) else {
        return unspeakable(&name.to_string_lossy());
    };
    if !counts(name) {
        return Kind::Other;
    }
    let is_markdown = has_ending(name, "md");
    let stem = if look.is_folder() { name } else { stem_of(name) };
    match stem.parse::<IssueId>() {
        Ok(id) if look.is_folder() => Kind::Folder(id),
        Ok(id) if look.is_file() && is_markdown => Kind::File(id),
        Ok(id) if look.is_file() && stem != name => Kind::Stray(
            Diagnostic::warning("file-name", format!("`{name}` is not read: an issue's name ends in `.md`"))
                .help(format!("rename the file to `{id}.md`")),
        ),
        Ok(_) if !look.is_file() && (is_markdown || look.is_link() && stem == name) => Kind::Stray(
            Diagnostic::warning("not-a-file", format!("`{name}` is a link to somewhere else, or no file at all, and is not read"))
                .help("put the file itself here"),
        ),
        Err(fault) if looks_dated(stem) && (is_markdown || look.is_folder() && holds_issue()) => {
            let help = if look.is_folder() { "rename the folder" } else { "rename the file" };
            Kind::Stray(Diagnostic::warning("file-name", fault.to_string()).help(help))
        }
        _ => Kind::Other,
    }
}

/// A finding about a name that cannot even be shown as it is, if it looks like an issue's.
fn unspeakable(name: &str) -> Kind {
    if counts(name) && has_ending(name, "md") && looks_dated(name) {
        let found = Diagnostic::warning(
            "file-name",
            format!("the name `{}` has characters that are no letters, and the file is not read", spoken(name)),
        );
        return Kind::Stray(found.help("rename the file"));
    }
    Kind::Other
}

/// A name as it can be shown.
pub(super) fn spoken(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn stem_of(name: &str) -> &str {
    [".md", ".md.txt", ".MD", ".Md", ".markdown", ".mdown"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

/// Whether a name has this ending, in this case.
pub(super) fn has_ending(name: &str, ending: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found == ending)
}

fn looks_dated(stem: &str) -> bool {
    stem.len() >= 4 && stem.bytes().take(4).all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t13_what_editors_and_systems_leave_behind_never_counts() {
        for name in [
            ".2014-12.md",
            ".#2014-12.md",
            "2014-12.md~",
            "#2014-12.md#",
            "2014-12.md#",
            ".2014-12.md.swp",
            "2014-12.md.swp",
            "4913",
            "2014-12.md.tmp",
            "2014-12.md.part",
            "2014-12.md.crdownload",
            "2014-12.md.filepart",
            "~$2014-12.md",
            ".~lock.2014-12.md#",
            ".DS_Store",
            "._2014-12.md",
            "Thumbs.db",
            "desktop.ini",
            "2014-12.problems.txt",
            "_2014-12.md",
        ] {
            assert!(!counts(name), "{name}");
        }
        for name in ["2014-12.md", "issue.md", "photo.png", "4913.png", "report~1.pdf", "problems.txt"] {
            assert!(counts(name), "{name}");
        }
    }
}
