//! What editors and others do to the folder while the daemon watches it.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::Duration;

use super::{ADA, BEFORE, DESK, Daemon, ISSUE, NOVEMBER, awaits, field, is_at_rest, parts, readers, rhythm, to, until};
use crate::support::sink::{Action, At, Sink, When};

/// How many odd names there are.
const ODD: usize = 10_000;

/// Most that the daemon may take, in KiB, on a machine that tests it without optimising.
const MOST_MEMORY: usize = 256 << 10;

/// Names of every sort that is no issue, or nearly one, or a faulty one.
fn odd(newsroom: &crate::support::newsroom::Newsroom, number: usize) {
    let at = |name: &str| newsroom.path("issues").join(name);
    let year = 1900 + number % 90;
    let written = |name: String, text: &str| fs::write(at(&name), text).expect("an odd file");
    match number % 10 {
        0 => written(format!("{year}-{:02}-odd-{number}.md", 1 + number % 12), "---\ntitle: [\n---\n# Odd\n"),
        1 => written(format!(".{year}-12-{number}.md.swp"), "swap"),
        2 => written(format!("{year}-12-{number}.markdown"), ISSUE),
        3 => written(format!("_{number}.md"), ISSUE),
        4 => written(format!("{year}-12-{number}.md~"), ISSUE),
        5 => symlink("/etc/passwd", at(&format!("{year}-11-link-{number}.md"))).expect("a link"),
        6 => written(format!("{year}-12\u{202e}-{number}.md"), ISSUE),
        7 => written(format!("{year}-13-{number}.md"), ISSUE),
        8 => fs::create_dir(at(&format!("{year}-10-empty-{number}"))).expect("a folder"),
        _ => written(format!("note {number}\n.txt"), "nothing of ours"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t13_t14_among_ten_thousand_odd_names_a_good_issue_goes_out_on_time() {
    let sink = Sink::builder().start().await;
    let newsroom = rhythm(&sink).build();
    (0..ODD).for_each(|number| odd(&newsroom, number));
    let pipe = newsroom.path("issues/2014-11.md");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    newsroom.write("issues/2014-12.md", ISSUE);
    let mut daemon = Daemon::start_at(&newsroom, NOVEMBER);
    awaits(&sink, ADA, "[Proof] Story Hours in Family Shelters", 0);
    daemon.set(BEFORE);
    until("all three have it", || readers(&sink) == 3);
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.process().pid().as_raw_nonzero())).expect("its status");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak");
    let peak: usize = peak.trim().trim_end_matches(" kB").parse().expect("a number");
    assert!(peak < MOST_MEMORY, "{peak} KiB");
    daemon.stop().ok();
    let sent: BTreeSet<String> = sink.messages().iter().map(|mail| field(&mail.bytes, "Subject")).collect();
    assert!(
        sent.iter().all(|subject| !subject.contains("passwd")) && !sink.messages().iter().any(|mail| contains(&mail.bytes, b"root:x:"))
    );
}

fn contains(octets: &[u8], wanted: &[u8]) -> bool {
    octets.windows(wanted.len()).any(|window| window == wanted)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t15_an_edit_in_the_middle_of_a_mailing_changes_no_copy_and_then_the_page() {
    let sink = Sink::builder().on(At::Dot, When::Always, Action::Late(Duration::from_millis(30))).start().await;
    let newsroom = rhythm(&sink).issue("2014-12", ISSUE).subscribers(200).build();
    let mut daemon = Daemon::start_at(&newsroom, BEFORE);
    daemon.tells("sending 2014-12");
    newsroom.write("issues/2014-12.md", &ISSUE.replace("More and more family shelters", "Fewer and fewer family shelters"));
    until("the mailing is at rest", || is_at_rest(&newsroom));
    let corrected = awaits(&sink, ADA, "2014-12 was corrected on the web", 0);
    assert!(contains(&corrected.bytes, b"https://news.example.org/issues/2014-12"));
    assert_eq!(readers(&sink), 200);
    for mail in sink.messages().iter().filter(|mail| mail.recipient.starts_with("reader")) {
        assert!(parts(&mail.bytes).0.contains("More and more family shelters"), "{}", mail.recipient);
    }
    let shelf = newsroom.run(["archive", "list", "--json"]).ok().json();
    let issue = shelf.as_array().and_then(|issues| issues.iter().find(|issue| issue["id"] == "2014-12")).expect("on the shelf").clone();
    assert!(issue["corrected_at"].is_string() && issue.to_string().contains("Fewer and fewer"), "{issue}");

    newsroom.write("issues/2014-12.md", &ISSUE.replace("volume: 15", "volume: fifteen"));
    let beside = newsroom.path("issues/2014-12.problems.txt");
    until("a faulty correction is told", || beside.exists());
    newsroom.write("issues/2014-12.md", ISSUE);
    awaits(&sink, ADA, "2014-12 was corrected on the web", 1);
    until("nothing stands beside it", || !beside.exists());
    daemon.stop().ok();
    assert_eq!(readers(&sink), 200, "nobody gets it twice");
    assert_eq!(to(&sink, DESK).len(), 1, "the report of the mailing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_an_issue_is_no_issue_while_somebody_writes_on() {
    use std::io::Write as _;
    let sink = Sink::builder().start().await;
    // Long enough that a busy machine does not make a pause of it.
    let newsroom = rhythm(&sink).variable("MASTHEAD_ISSUES__SETTLE", "3s").build();
    let daemon = Daemon::start_at(&newsroom, NOVEMBER);
    let mut file = fs::File::create(newsroom.path("issues/2014-12.md")).expect("a file");
    // Its first part alone is an issue that could go out; each part comes before the one before has been still.
    for part in ISSUE.as_bytes().chunks(ISSUE.len() / 40) {
        file.write_all(part).expect("a part");
        file.sync_all().expect("a disk");
        std::thread::park_timeout(Duration::from_millis(30));
    }
    drop(file);
    let proof = awaits(&sink, ADA, "[Proof]", 0);
    assert!(parts(&proof.bytes).0.contains("Story Hours in Family Shelters"));
    daemon.stop().ok();
    let subjects: Vec<String> = to(&sink, ADA).iter().map(|mail| field(&mail.bytes, "Subject")).collect();
    assert_eq!(subjects.len(), 1, "one word, about the whole: {subjects:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issue_that_nobody_would_get_is_told_to_the_operators() {
    let sink = Sink::builder().start().await;
    let tables =
        format!("[schedule]\ncron = \"first-monday 09:00\"\n\n[issues]\nsettle = \"200ms\"\n\n[delivery]\nreport_to = [\"{DESK}\"]");
    let newsroom = crate::support::newsroom::Newsroom::new().back_issues().table(&tables).relay(&sink).issue("2014-12", ISSUE).build();
    let daemon = Daemon::start_at(&newsroom, BEFORE);
    let told = awaits(&sink, DESK, "2014-12 should be going out and cannot", 0);
    assert!(contains(&told.bytes, b"no confirmed subscriber"));
    daemon.stop().ok();
}
