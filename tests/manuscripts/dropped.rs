//! STANDARDS T13: what may lie in the issues folder, and what of it is read.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use masthead::intake::{Folder, read};
use tempfile::TempDir;

use crate::room::{listed, under_front};

/// The codes that the tests of this file and of `hostile` bring forth beyond the table's; `folder-full` has its test beside
/// what says it.
pub(crate) const CODES: &[&str] =
    &["enclosed-too-large", "file-name", "file-unreadable", "folder-full", "hard-link", "id-twice", "issue-file-missing", "not-a-file"];

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

pub(crate) fn put(folder: &TempDir, name: impl AsRef<Path>) {
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, under_front("# H\n\nText.\n")).unwrap();
}

pub(crate) fn look(folder: &TempDir) -> Folder {
    read(folder.path(), "issues").unwrap()
}

/// The ids of what may go out.
pub(crate) fn drafts(folder: &Folder) -> Vec<&str> {
    folder.dropped.iter().filter(|dropped| dropped.draft.is_some()).map(|dropped| dropped.id.as_str()).collect()
}

/// Where each finding points, and what it is.
pub(crate) fn told(folder: &Folder) -> Vec<String> {
    let all = folder.diagnostics.iter().chain(folder.dropped.iter().flat_map(|dropped| &dropped.diagnostics));
    all.map(|found| format!("{} {} {}", found.source.as_ref().unwrap().name(), found.severity, found.code)).collect()
}

#[test]
fn t13_issues_are_read_and_what_editors_leave_behind_is_not() {
    let folder = folder();
    for name in ["2026-11.md", "2026-10-05.md", "2026-12-special-edition.md", "2027-01/issue.md"] {
        put(&folder, name);
    }
    for name in [
        ".2026-09.md",
        "_2026-09.md",
        "2026-09.md~",
        ".#2026-09.md",
        "#2026-09.md#",
        "README.md",
        "notes.md",
        "2026-09.problems.txt",
        "2026.pdf",
        "~$2026-09.md",
        "2026-09.md.tmp",
        "2026-09.md.part",
        "2026-11.problems.txt",
        "4913",
        "2027-01/Thumbs.db",
        "2027-01/.issue.md.swp",
        "2027-01/4913",
    ] {
        put(&folder, name);
    }
    let read = look(&folder);
    assert_eq!(drafts(&read), ["2026-10-05", "2026-11", "2026-12-special-edition", "2027-01"]);
    assert_eq!(told(&read), Vec::<String>::new());
    assert!(read.dropped[3].draft.as_ref().unwrap().files.is_empty());
}

#[test]
fn t13_a_name_that_is_nearly_an_issue_is_told() {
    let folder = folder();
    for name in ["2014-13.md", "2014-12-.md", "2014-11.markdown", "2014-10.md.txt", "2014-00/issue.md"] {
        put(&folder, name);
    }
    let read = look(&folder);
    assert_eq!(drafts(&read), Vec::<&str>::new());
    let wanted = ["2014-00", "2014-10.md.txt", "2014-11.markdown", "2014-12-.md", "2014-13.md"];
    assert_eq!(told(&read), wanted.map(|name| format!("issues/{name} warning file-name")));
    let help: Vec<_> = read.diagnostics.iter().filter_map(|found| found.help.as_deref()).collect();
    assert_eq!(help[1], "rename the file to `2014-10.md`");
}

#[test]
fn t13_names_that_nobody_can_read_hurt_nobody() {
    let folder = folder();
    put(&folder, "2026-11.md");
    put(&folder, OsStr::from_bytes(b"2026-\xff.md"));
    put(&folder, "2026-12\nx.md");
    put(&folder, OsStr::from_bytes(b"\xfe\xff"));
    put(&folder, "x".repeat(252) + ".md");
    let read = look(&folder);
    assert_eq!(drafts(&read), ["2026-11"]);
    assert_eq!(told(&read), ["issues/2026-12\u{fffd}x.md warning file-name", "issues/2026-\u{fffd}.md warning file-name"]);
}

#[test]
fn t13_links_and_pipes_are_never_read() {
    let folder = folder();
    let outside = tempfile::tempdir().unwrap();
    put(&outside, "secret/issue.md");
    put(&folder, "2026-11.md");
    symlink("/etc/passwd", folder.path().join("2026-10.md")).unwrap();
    symlink(outside.path().join("secret"), folder.path().join("2026-09")).unwrap();
    symlink("/no/such/place", folder.path().join("2026-08.md")).unwrap();
    for pipe in ["2026-07.md", "2026-06/issue.md", "2026-05/lamp.png"] {
        put(&folder, Path::new(pipe).parent().unwrap().join("beside.txt"));
        assert!(Command::new("mkfifo").arg(folder.path().join(pipe)).status().unwrap().success());
    }
    put(&folder, "2026-05/issue.md");
    symlink("/etc/passwd", folder.path().join("2026-05/passwd.png")).unwrap();
    fs::create_dir(folder.path().join("2026-04")).unwrap();
    symlink("/etc/passwd", folder.path().join("2026-04/issue.md")).unwrap();
    let read = look(&folder);
    assert_eq!(drafts(&read), ["2026-05", "2026-11"]);
    assert_eq!(
        told(&read),
        [
            "issues/2026-07.md warning not-a-file",
            "issues/2026-08.md warning not-a-file",
            "issues/2026-09 warning not-a-file",
            "issues/2026-10.md warning not-a-file",
            "issues/2026-04/issue.md error not-a-file",
            "issues/2026-06/issue.md error not-a-file",
        ]
    );
    let beside: Vec<_> = read.get(&"2026-05".parse().unwrap()).unwrap().draft.as_ref().unwrap().files.iter().map(|f| &f.name).collect();
    assert_eq!(beside, ["beside.txt"], "neither the pipe nor the link is one of the files beside the issue");
}

#[test]
fn t13_a_folder_without_an_issue_and_a_file_without_leave_are_told() {
    let folder = folder();
    put(&folder, "2026-10/notes.txt");
    put(&folder, "2026-11.md");
    put(&folder, "2026-12.md");
    fs::set_permissions(folder.path().join("2026-12.md"), fs::Permissions::from_mode(0o000)).unwrap();
    let read = look(&folder);
    let may_read_all = fs::File::open(folder.path().join("2026-12.md")).is_ok();
    let mut wanted = vec!["issues/2026-10/issue.md error issue-file-missing"];
    if !may_read_all {
        wanted.push("issues/2026-12.md error file-unreadable");
    }
    assert_eq!(told(&read), wanted);
    assert!(drafts(&read).contains(&"2026-11"));
}

#[test]
fn one_id_in_two_places_is_told_at_both_and_neither_goes_out() {
    let folder = folder();
    put(&folder, "2026-11.md");
    put(&folder, "2026-11/issue.md");
    put(&folder, "2026-12.md");
    let read = look(&folder);
    assert_eq!(drafts(&read), ["2026-12"]);
    assert_eq!(told(&read), ["issues/2026-11/issue.md error id-twice", "issues/2026-11.md error id-twice"]);
    assert_eq!(listed(&read.dropped[0].diagnostics), ["error id-twice 1:1", "error id-twice 1:1"]);
    assert!(read.dropped[0].diagnostics[0].message.contains("`issues/2026-11.md`"));
}

#[test]
fn t14_a_hole_of_ten_gigabytes_and_a_picture_of_none_cost_nothing() {
    let folder = folder();
    fs::File::create(folder.path().join("2026-10.md")).unwrap().set_len(10 << 30).unwrap();
    put(&folder, "2026-11/issue.md");
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    png.extend([30_000u32.to_be_bytes(), 30_000u32.to_be_bytes()].concat());
    png.extend(b"\x08\x06\0\0\0\0\0\0\0");
    fs::write(folder.path().join("2026-11/huge.png"), png).unwrap();
    fs::write(folder.path().join("2026-11/odd.png"), b"\x89PNG").unwrap();
    let read = look(&folder);
    assert_eq!(told(&read), ["issues/2026-10.md error file-too-large"]);
    let files = &read.get(&"2026-11".parse().unwrap()).unwrap().draft.as_ref().unwrap().files;
    assert_eq!(files.iter().map(|file| file.pixels).collect::<Vec<_>>(), [Some((30_000, 30_000)), None]);
}
