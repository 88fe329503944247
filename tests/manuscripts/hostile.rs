//! STANDARDS T13 and T14: an issues folder that somebody has filled to do harm.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use masthead::intake::read;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use tempfile::TempDir;

use crate::dropped::{drafts, folder, look, put, told};
use crate::room::under_front;

/// What nobody may read.
const SECRET: &str = "-----BEGIN PRIVATE KEY-----";

/// A folder outside with a secret in it, written as an issue.
fn outside() -> TempDir {
    let outside = folder();
    fs::create_dir(outside.path().join("folder")).unwrap();
    for name in ["key.md", "folder/issue.md"] {
        fs::write(outside.path().join(name), under_front(&format!("# H\n\n{SECRET}\n"))).unwrap();
    }
    outside
}

#[test]
fn t13_a_file_with_another_name_elsewhere_is_refused() {
    let (folder, outside) = (folder(), outside());
    put(&folder, "2026-09.md");
    put(&folder, "2026-11/issue.md");
    fs::create_dir(folder.path().join("2026-12")).unwrap();
    for name in ["2026-10.md", "2026-11/key.pem", "2026-12/issue.md"] {
        fs::hard_link(outside.path().join("key.md"), folder.path().join(name)).unwrap();
    }
    let read = look(&folder);
    assert_eq!(drafts(&read), ["2026-09", "2026-11"]);
    let wanted =
        ["issues/2026-10.md error hard-link", "issues/2026-11/key.pem warning hard-link", "issues/2026-12/issue.md error hard-link"];
    assert_eq!(told(&read), wanted);
    let november = read.get(&"2026-11".parse().unwrap()).unwrap();
    assert!(november.draft.as_ref().unwrap().files.is_empty() && november.open("key.pem").unwrap().is_none());
}

#[test]
fn t13_sockets_devices_and_odd_names_are_passed_by() {
    let folder = folder();
    put(&folder, "2026-11.md");
    let _socket = UnixListener::bind(folder.path().join("2026-10.md")).unwrap();
    put(&folder, format!("2026-12-{}.md", "x".repeat(244)));
    put(&folder, format!("2026-12-{}/issue.md", "y".repeat(247)));
    put(&folder, "2026-12\u{1b}[2J.md");
    put(&folder, "2026-12-..md");
    // Only root may make a device; for anybody else it is one case less.
    let device = Command::new("mknod").args([folder.path().join("2026-09.md").to_str().unwrap(), "c", "1", "5"]).output().unwrap();
    let read = look(&folder);
    assert_eq!(drafts(&read), ["2026-11"]);
    let told = told(&read);
    assert_eq!(told.iter().filter(|line| line.ends_with("not-a-file")).count(), 1 + usize::from(device.status.success()), "{told:?}");
    assert_eq!(told.iter().filter(|line| line.ends_with("file-name")).count(), 4, "{told:?}");
    assert!(!told.concat().contains('\u{1b}'), "nothing steers the terminal");
}

/// Exchanges two names again and again while the folder is read; what was read must never hold the secret.
fn race(folder: &TempDir, name: &str, other: &Path) {
    let is_over = AtomicBool::new(false);
    let (mut reads, mut drafts) = (0_u32, 0_u32);
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..10_000 {
                renameat_with(CWD, folder.path().join(name), CWD, other, RenameFlags::EXCHANGE).unwrap();
            }
            is_over.store(true, Ordering::Relaxed);
        });
        while !is_over.load(Ordering::Relaxed) {
            let read = read(folder.path(), "issues").unwrap();
            for dropped in &read.dropped {
                reads += 1;
                if let Some(draft) = &dropped.draft {
                    drafts += 1;
                    assert!(!draft.source.text().contains(SECRET), "the secret was read");
                }
                assert!(dropped.open("photo.png").ok().flatten().is_none_or(|file| file.metadata().unwrap().len() == 5));
            }
        }
    });
    assert!(reads > 100 && drafts > 0, "{drafts} drafts of {reads}: the race was run");
}

#[test]
fn t13_ten_thousand_exchanges_of_a_file_for_a_link_never_bring_in_the_secret() {
    let (folder, outside) = (folder(), outside());
    put(&folder, "2026-11.md");
    symlink(outside.path().join("key.md"), folder.path().join(".link")).unwrap();
    race(&folder, "2026-11.md", &folder.path().join(".link"));
}

#[test]
fn t13_ten_thousand_exchanges_of_a_folder_for_a_link_never_bring_in_the_secret() {
    let (folder, outside) = (folder(), outside());
    put(&folder, "2026-11/issue.md");
    fs::write(folder.path().join("2026-11/photo.png"), "photo").unwrap();
    fs::write(outside.path().join("folder/photo.png"), "the secret photo").unwrap();
    symlink(outside.path().join("folder"), folder.path().join(".link")).unwrap();
    race(&folder, "2026-11", &folder.path().join(".link"));
}

#[test]
fn t13_ten_thousand_names_and_one_good_issue_among_them() {
    let folder = folder();
    for number in 0..2000 {
        fs::write(folder.path().join(format!("2026-10-a{number}.md")), b"\xff\xfe").unwrap();
        fs::write(folder.path().join(format!("2026-13-{number}.md")), b"x").unwrap();
        fs::write(folder.path().join(format!("{number}.problems.txt~")), b"x").unwrap();
        symlink("/etc/passwd", folder.path().join(format!("2026-10-b{number}.md"))).unwrap();
        fs::create_dir(folder.path().join(format!("2026-10-c{number}"))).unwrap();
    }
    put(&folder, "2026-11.md");
    let began = Instant::now();
    let read = look(&folder);
    assert!(began.elapsed() < Duration::from_mins(1), "{:?}", began.elapsed());
    assert_eq!(drafts(&read), ["2026-11"]);
    assert_eq!(read.dropped.len(), 4001);
    assert!(read.diagnostics.len() < 60, "of each kind a page is told, and the rest counted: {}", read.diagnostics.len());
    assert!(read.diagnostics.iter().any(|found| found.message == "1975 more of the same kind, from here on"));
}

#[test]
fn t14_thousands_of_holes_cost_no_time() {
    let folder = folder();
    for number in 0..1000 {
        fs::File::create(folder.path().join(format!("2026-10-a{number}.md"))).unwrap().set_len(10 << 30).unwrap();
    }
    fs::create_dir(folder.path().join("2026-12")).unwrap();
    put(&folder, "2026-12/issue.md");
    for number in 0..100 {
        fs::File::create(folder.path().join(format!("2026-12/a{number}.bin"))).unwrap().set_len(10 << 30).unwrap();
    }
    put(&folder, "2026-11.md");
    let began = Instant::now();
    let read = look(&folder);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!(drafts(&read), ["2026-11", "2026-12"]);
    let december = read.get(&"2026-12".parse().unwrap()).unwrap();
    assert_eq!(december.fingerprint().len(), 64);
    assert!(december.diagnostics.iter().all(|found| found.code == "enclosed-too-large"));
    assert!(december.diagnostics.len() < 30, "a page of them is told: {}", december.diagnostics.len());
}

#[test]
fn a_fingerprint_is_that_of_the_bytes_and_of_nothing_else() {
    let folder = folder();
    let fingerprint = || look(&folder).dropped[0].fingerprint();
    put(&folder, "2026-11/issue.md");
    let text_alone = fingerprint();
    assert!(text_alone.len() == 64 && text_alone.bytes().all(|octet| octet.is_ascii_hexdigit()));
    fs::write(folder.path().join("2026-11/photo.png"), "photo").unwrap();
    let with_photo = fingerprint();
    fs::write(folder.path().join("2026-11/photo.png"), "other").unwrap();
    let with_other = fingerprint();
    fs::rename(folder.path().join("2026-11/photo.png"), folder.path().join("2026-11/image.png")).unwrap();
    let with_other_name = fingerprint();
    fs::write(folder.path().join("2026-11/.photo.png.swp"), "leavings").unwrap();
    put(&folder, "2026-11/issue.md");
    assert_eq!(fingerprint(), with_other_name, "written again, the same");
    fs::write(folder.path().join("2026-11/issue.md"), under_front("# H\n\nOther text.\n")).unwrap();
    let mut all = [text_alone, with_photo, with_other, with_other_name, fingerprint()];
    all.sort();
    assert!(all.windows(2).all(|pair| pair[0] != pair[1]), "{all:?}");
    fs::write(folder.path().join("2026-11/issue.md"), b"\xff\xfe one").unwrap();
    let faulty = fingerprint();
    fs::write(folder.path().join("2026-11/issue.md"), b"\xff\xfe two").unwrap();
    assert_ne!(fingerprint(), faulty, "what is no text has one too");
}
