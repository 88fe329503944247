//! The watch on real folders, on a clock that moves when nothing else does.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::{Instant, timeout};

use super::*;

const SETTLE: Duration = Duration::from_secs(2);
/// Long enough for every rescan; on a clock that waits for nobody it takes no time.
const HOUR: Duration = Duration::from_hours(1);

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn put(folder: &TempDir, name: &str, text: &str) {
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn ids(still: &Still) -> Vec<&str> {
    still.issues.keys().map(IssueId::as_str).collect()
}

fn moving(still: &Still) -> Vec<&str> {
    still.moving.iter().map(IssueId::as_str).collect()
}

/// What comes within an hour, if anything does.
async fn soon(watch: &mut Watch) -> Option<Still> {
    timeout(HOUR, watch.settled()).await.ok()
}

/// Both kinds of watch, the one that listens and the one that looks.
fn watches(folder: &Path) -> [Watch; 2] {
    [Watch::new(folder, SETTLE), Watch::by_looking(folder, SETTLE)]
}

#[tokio::test(start_paused = true)]
async fn the_first_answer_is_whole_and_the_next_comes_with_a_change() {
    for by_looking in [false, true] {
        let folder = folder();
        put(&folder, "2014-11.md", "a");
        put(&folder, "2014-12/issue.md", "a");
        put(&folder, "notes.md", "a");
        let mut watch = if by_looking { Watch::by_looking(folder.path(), SETTLE) } else { Watch::new(folder.path(), SETTLE) };
        let begun = Instant::now();
        let first = watch.settled().await;
        assert_eq!((ids(&first), moving(&first)), (vec!["2014-11", "2014-12"], vec![]));
        assert!(begun.elapsed() >= SETTLE, "at first nothing is known to have been still");
        assert!(soon(&mut watch).await.is_none());
        put(&folder, "2014-11.md", "other");
        let second = soon(&mut watch).await.unwrap();
        assert_eq!(second.news(&first).map(IssueId::as_str).collect::<Vec<_>>(), ["2014-11"]);
        put(&folder, "2014-12/photo.png", "png");
        let third = soon(&mut watch).await.unwrap();
        assert_eq!(third.news(&second).map(IssueId::as_str).collect::<Vec<_>>(), ["2014-12"]);
        fs::remove_file(folder.path().join("2014-11.md")).unwrap();
        let fourth = soon(&mut watch).await.unwrap();
        assert_eq!((ids(&fourth), fourth.gone(&third).count()), (vec!["2014-12"], 1));
        assert!(soon(&mut watch).await.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_folder_is_told_at_once() {
    let empty = folder();
    for mut watch in watches(empty.path()) {
        let begun = Instant::now();
        assert_eq!(watch.settled().await, Still::default());
        assert!(begun.elapsed() < Duration::from_millis(100));
    }
    for mut watch in watches(&empty.path().join("none")) {
        let begun = Instant::now();
        assert!(watch.settled().await.fault.is_some());
        assert!(begun.elapsed() >= SETTLE, "one that is gone has had the time to come back");
    }
}

#[tokio::test(start_paused = true)]
async fn t13_a_file_that_is_being_written_is_not_told_until_it_has_come_to_rest() {
    let folder = folder();
    for mut watch in watches(folder.path()) {
        let _ = fs::remove_file(folder.path().join("2014-12.md"));
        let mut before = watch.settled().await;
        let mut slow = OpenOptions::new().create(true).append(true).open(folder.path().join("2014-12.md")).unwrap();
        for _ in 0..20 {
            slow.write_all(b"a line more\n").unwrap();
            assert!(timeout(Duration::from_millis(1500), watch.settled()).await.is_err(), "it is still being written");
        }
        let rested = Instant::now();
        drop(slow);
        let still = soon(&mut watch).await.unwrap();
        assert_eq!(still.news(&before).count(), 1);
        // What is heard comes on the true clock, which this one does not wait for.
        assert!(!watch.ears.misses() || rested.elapsed() <= 2 * SETTLE, "told soon after: {:?}", rested.elapsed());
        before = still;
        // Written anew by way of a hidden file, as careful editors do.
        put(&folder, ".2014-12.md.new", "b");
        assert!(soon(&mut watch).await.is_none(), "hidden files are nothing to us");
        fs::rename(folder.path().join(".2014-12.md.new"), folder.path().join("2014-12.md")).unwrap();
        assert_eq!(soon(&mut watch).await.unwrap().news(&before).count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_file_says_of_its_age_counts_for_nothing() {
    let folder = folder();
    let mut watch = Watch::by_looking(folder.path(), SETTLE);
    watch.settled().await;
    for year in [0, 60] {
        put(&folder, "2014-12.md", &format!("{year}"));
        let of_age = std::time::UNIX_EPOCH + Duration::from_hours(24 * 366 * year);
        File::options().write(true).open(folder.path().join("2014-12.md")).unwrap().set_modified(of_age).unwrap();
        let written = Instant::now();
        let still = soon(&mut watch).await.unwrap();
        assert_eq!(ids(&still), ["2014-12"]);
        assert!((SETTLE..3 * SETTLE).contains(&written.elapsed()), "{:?}", written.elapsed());
    }
    // Exchanged for one of the same length and age.
    let of_age = fs::metadata(folder.path().join("2014-12.md")).unwrap().modified().unwrap();
    put(&folder, ".copy", "61");
    File::options().write(true).open(folder.path().join(".copy")).unwrap().set_modified(of_age).unwrap();
    fs::rename(folder.path().join(".copy"), folder.path().join("2014-12.md")).unwrap();
    assert!(soon(&mut watch).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_gone_for_a_moment_is_not_gone() {
    let folder = folder();
    for mut watch in watches(folder.path()) {
        put(&folder, "2014-12.md", "a");
        let before = watch.settled().await;
        let (file, backup) = (folder.path().join("2014-12.md"), folder.path().join("2014-12.md~"));
        fs::rename(&file, &backup).unwrap();
        assert!(timeout(SETTLE / 2, watch.settled()).await.is_err());
        put(&folder, "2014-12.md", "b");
        let after = soon(&mut watch).await.unwrap();
        assert_eq!((after.gone(&before).count(), after.news(&before).count()), (0, 1));
        fs::remove_file(&file).unwrap();
        assert_eq!(soon(&mut watch).await.unwrap(), Still::default());
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_moves_all_the_time_keeps_no_other_waiting() {
    let folder = folder();
    put(&folder, "2014-11.md", "a");
    let mut watch = Watch::by_looking(folder.path(), SETTLE);
    let mut restless = OpenOptions::new().create(true).append(true).open(folder.path().join("2014-12.md")).unwrap();
    let first = loop {
        restless.write_all(b"more\n").unwrap();
        if let Ok(still) = timeout(Duration::from_millis(700), watch.settled()).await {
            break still;
        }
    };
    assert_eq!((ids(&first), moving(&first)), (vec!["2014-11"], vec!["2014-12"]));
}

#[tokio::test(start_paused = true)]
async fn a_folder_that_goes_away_is_told_and_taken_up_again() {
    let home = folder();
    let (issues, aside) = (home.path().join("issues"), home.path().join("aside"));
    let mut watch = Watch::new(&issues, SETTLE);
    let absent = watch.settled().await;
    let fault = absent.fault.unwrap();
    assert!(fault.starts_with("could not read ") && fault.contains("/issues: "), "{fault}");
    put(&home, "issues/2014-12.md", "a");
    let there = soon(&mut watch).await.unwrap();
    assert_eq!((ids(&there), there.fault.as_ref()), (vec!["2014-12"], None));
    fs::rename(&issues, &aside).unwrap();
    let gone = soon(&mut watch).await.unwrap();
    assert!(gone.fault.is_some() && gone.gone(&there).count() == 0, "nothing is known of the issues");
    fs::rename(&aside, &issues).unwrap();
    let back = soon(&mut watch).await.unwrap();
    assert_eq!((back.fault.as_ref(), back.news(&there).count()), (None, 0), "nothing has changed");
    fs::remove_dir_all(&issues).unwrap();
    put(&home, "issues/2015-01.md", "a");
    assert_eq!(ids(&soon(&mut watch).await.unwrap()), ["2015-01"], "another folder in its place within the time is just a change");
}

/// On the true clock: what an hour of the other one brings, its next look a minute later would bring too.
#[tokio::test]
async fn every_kind_of_change_is_heard_long_before_the_next_look_is_due() {
    let home = folder();
    let issues = home.path().join("issues");
    fs::create_dir(&issues).unwrap();
    let mut watch = Watch::new(&issues, Duration::from_millis(20));
    let mut before = watch.settled().await;
    let changes: [(&str, &dyn Fn()); 9] = [
        ("written", &|| put(&home, "issues/2014-10.md", "a")),
        ("moved in", &|| {
            put(&home, "2014-11.md", "a");
            fs::rename(home.path().join("2014-11.md"), issues.join("2014-11.md")).unwrap();
        }),
        ("moved away", &|| fs::rename(issues.join("2014-11.md"), home.path().join("2014-11.md")).unwrap()),
        ("in a new folder", &|| put(&home, "issues/2014-12/issue.md", "a")),
        ("beside it", &|| put(&home, "issues/2014-12/photo.png", "a")),
        ("closed to others", &|| fs::set_permissions(issues.join("2014-10.md"), fs::Permissions::from_mode(0o600)).unwrap()),
        ("the folder renamed", &|| fs::rename(issues.join("2014-12"), issues.join("2015-01")).unwrap()),
        ("in the renamed folder", &|| put(&home, "issues/2015-01/photo.png", "other")),
        ("removed", &|| fs::remove_file(issues.join("2014-10.md")).unwrap()),
    ];
    for (change, make) in changes {
        make();
        let after = timeout(RESCAN / 2, watch.settled()).await.unwrap_or_else(|_| panic!("{change}: nobody heard it"));
        assert!(after.news(&before).count() + after.gone(&before).count() > 0, "{change}: {after:?}");
        before = after;
    }
    fs::remove_dir_all(&issues).unwrap();
    while before.fault.is_none() {
        before = timeout(RESCAN / 2, watch.settled()).await.expect("the folder is gone");
    }
    for id in ["2015-03", "2015-04"] {
        put(&home, &format!("issues/{id}.md"), "a");
        while !before.issues.contains_key(&id.parse().unwrap()) {
            before = timeout(RESCAN / 2, watch.settled()).await.expect("it listens to the new one");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_watch_looks_once_a_minute_and_its_own_reading_wakes_nobody() {
    let folder = folder();
    put(&folder, "2014-12/issue.md", "---\ntitle: x\n---\n# H\n\nText.\n");
    put(&folder, "2014-12/photo.png", "png");
    let mut watch = Watch::new(folder.path(), SETTLE);
    watch.settled().await;
    let before = watch.looks();
    for _ in 0..60 {
        let read = crate::intake::read(folder.path(), "issues").unwrap();
        assert_eq!(read.dropped[0].fingerprint().len(), 64);
        crate::intake::problems::write(folder.path(), &read.dropped[0].id, &format!("{before}")).unwrap();
        crate::intake::problems::remove(folder.path(), &read.dropped[0].id).unwrap();
        assert!(timeout(Duration::from_mins(1), watch.settled()).await.is_err());
    }
    let looks = watch.looks() - before;
    assert!((55..=61).contains(&looks), "{looks} looks in an hour");
}

#[tokio::test(start_paused = true)]
async fn what_was_read_is_what_was_still_or_it_is_known_not_to_be() {
    let folder = folder();
    put(&folder, "2014-11.md", "a");
    put(&folder, "2014-12/issue.md", "a");
    let mut watch = Watch::new(folder.path(), SETTLE);
    let still = watch.settled().await;
    let read = crate::intake::read(folder.path(), "issues").unwrap();
    assert!(read.dropped.iter().all(|dropped| still.holds(dropped)));
    put(&folder, "2014-12/photo.png", "half of");
    let read = crate::intake::read(folder.path(), "issues").unwrap();
    assert_eq!(read.dropped.iter().map(|dropped| still.holds(dropped)).collect::<Vec<_>>(), [true, false]);
    assert!(soon(&mut watch).await.unwrap().holds(&read.dropped[1]));
}

#[tokio::test(start_paused = true)]
async fn names_that_are_nearly_issues_are_told_too() {
    let folder = folder();
    let mut watch = Watch::new(folder.path(), SETTLE);
    let before = watch.settled().await;
    put(&folder, "2014-13.md", "a");
    let after = soon(&mut watch).await.unwrap();
    assert!(after.strays.is_some() && after.issues.is_empty() && before.strays.is_none());
    symlink("/etc/passwd", folder.path().join("2014-12.md")).unwrap();
    assert_ne!(soon(&mut watch).await.unwrap().strays, after.strays);
    fs::rename(folder.path().join("2014-13.md"), folder.path().join("2014-11.md")).unwrap();
    fs::remove_file(folder.path().join("2014-12.md")).unwrap();
    let mended = soon(&mut watch).await.unwrap();
    assert_eq!((ids(&mended), mended.strays), (vec!["2014-11"], None));
}

#[tokio::test(start_paused = true)]
async fn dropped_at_any_moment_and_asked_again_it_loses_nothing() {
    let folder = folder();
    let mut watch = Watch::new(folder.path(), SETTLE);
    watch.settled().await;
    put(&folder, "2014-12.md", "a");
    let mut told = None;
    for _ in 0..100_000 {
        // Polled once and dropped, again and again.
        told = tokio::select! { biased; still = watch.settled() => Some(still), () = tokio::task::yield_now() => None };
        if told.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(ids(&told.unwrap()), ["2014-12"]);
}

#[tokio::test(start_paused = true)]
async fn t13_ten_thousand_names_are_looked_at_in_bounded_time_and_memory() {
    let folder = folder();
    for number in 0..5000 {
        put(&folder, &format!("2014-12-a{number}.md"), "a");
        put(&folder, &format!("2014-13-{number}.md"), "a");
    }
    let began = std::time::Instant::now();
    let mut watch = Watch::new(folder.path(), SETTLE);
    assert_eq!(watch.settled().await.issues.len(), 5000);
    put(&folder, "2015-01.md", "a");
    assert_eq!(soon(&mut watch).await.unwrap().issues.len(), 5001);
    assert!(watch.looks() < 12, "{} looks", watch.looks());
    assert!(began.elapsed() < Duration::from_mins(1), "{:?}", began.elapsed());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn no_thread_is_left_behind() {
    let threads = || {
        let tasks = fs::read_dir("/proc/self/task").unwrap();
        let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
        names.filter(|name| name.starts_with("notify-rs")).count()
    };
    let folder = folder();
    let watches: Vec<_> = (0..40).map(|_| Watch::new(folder.path(), SETTLE)).collect();
    let deadline = std::time::Instant::now() + Duration::from_mins(1);
    let until = |is_so: &dyn Fn(usize) -> bool| {
        while !is_so(threads()) {
            assert!(std::time::Instant::now() < deadline, "there are {} threads", threads());
            std::thread::yield_now();
        }
    };
    // Other tests have theirs, but never so many.
    until(&|threads| threads >= 40);
    drop(watches);
    until(&|threads| threads < 40);
}
