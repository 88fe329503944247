//! The command line: a newsroom begins, an issue is tried out, and whatever is wrong is said with its place.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use crate::support::linter::lint;
use crate::support::newsroom::{ISSUE, Newsroom, Told, binary};
use crate::support::reading::{field, neutral, parts};
use crate::support::sink::Sink;

const COMMANDS: [&[&str]; 32] = [
    &[],
    &["init"],
    &["new"],
    &["check"],
    &["render"],
    &["suggest"],
    &["preview"],
    &["proof"],
    &["approve"],
    &["hold"],
    &["send"],
    &["serve"],
    &["adopt"],
    &["schedule"],
    &["schedule", "next"],
    &["status"],
    &["deliveries"],
    &["subscribers"],
    &["subscribers", "add"],
    &["subscribers", "import"],
    &["subscribers", "export"],
    &["subscribers", "remove"],
    &["subscribers", "show"],
    &["lists"],
    &["archive", "import"],
    &["archive", "list"],
    &["store"],
    &["store", "migrate"],
    &["store", "copy"],
    &["demo"],
    &["completions"],
    &["man"],
];

/// Runs the binary in a folder, in which there need be no newsroom.
fn run(folder: &Path, arguments: &[&str]) -> Told {
    Told::of(binary(folder).args(arguments))
}

fn files(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_newsroom_begins_with_init_and_new_and_is_never_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let told = run(
        folder.path(),
        &[
            "-C",
            "news",
            "init",
            "--name",
            "Wells, Springs & \"Co\"",
            "--from",
            "notes@example.org",
            "--base-url",
            "https://notes.example.org",
        ],
    );
    told.ok().says(&["wrote news/config/masthead.toml"]);
    run(folder.path(), &["-C", "news", "init"]).exits(1).says(&["there is a newsroom in news already"]);
    run(folder.path(), &["-C", "news", "check"]).ok().says(&["nothing to check"]);
    let path = run(folder.path(), &["-C", "news", "new", "2027-01", "--title", "Quotes \"and\": #hash"]).ok().stdout;
    assert_eq!(path, "news/issues/2027-01.md\n");
    run(folder.path(), &["-C", "news", "new", "2027-01"]).exits(1).says(&["2027-01 is there already"]);
    assert_eq!(run(folder.path(), &["-C", "news", "new", "--folder"]).ok().stdout, "news/issues/2027-02/issue.md\n");
    run(folder.path(), &["-C", "news", "check", "2027-01"]).ok().says(&["no findings"]);
    let message = run(folder.path(), &["-C", "news", "render", "2027-01", "--to", "eml"]).ok().stdout;
    assert_eq!(field(message.as_bytes(), "From"), "\"Wells, Springs & \\\"Co\\\"\" <notes@example.org>");
    assert_eq!(field(message.as_bytes(), "Subject"), "Quotes \"and\": #hash");
    assert_eq!(lint(message.as_bytes()), []);
}

#[test]
fn init_writes_no_settings_that_it_would_not_read() {
    let folder = tempfile::tempdir().unwrap();
    for wrong in [["--from", "nonsense"], ["--time-zone", "Mars/Base"], ["--base-url", "http://news.example.org"], ["--name", "a\nb"]] {
        let told = run(folder.path(), &["-C", "news", "init", wrong[0], wrong[1]]).exits(1);
        assert!(told.stderr.contains("there are faults to mend first"), "{told}");
        assert!(!folder.path().join("news/config/masthead.toml").exists(), "{wrong:?}");
    }
    run(folder.path(), &["-C", "news", "init"]).ok();
}

#[test]
fn an_issue_renders_to_the_same_bytes_whoever_asks_and_whenever() {
    let newsroom = Newsroom::new().issue("2014-12", ISSUE).back_issues().subscribers(2).build();
    for (form, ending) in [("eml", "eml"), ("html", "html"), ("text", "txt"), ("json", "json")] {
        for reader in [&[][..], &["--subscriber", "reader0002@example.org"]] {
            let printed = newsroom.run(["render", "2014-12", "--to", form].into_iter().chain(reader.iter().copied())).ok().stdout;
            for place in ["one", "two"] {
                let place = newsroom.shown(place);
                let told = newsroom.run(["render", "2014-12", "--to", form, "--out", &place].into_iter().chain(reader.iter().copied()));
                assert_eq!(told.ok().stdout, format!("{place}/2014-12.{ending}\n"));
                assert_eq!(fs::read_to_string(format!("{place}/2014-12.{ending}")).unwrap(), printed);
            }
        }
    }
    let message = newsroom.run(["render", "2014-12", "--to", "eml", "--subscriber", "reader0002@example.org"]).ok().stdout;
    assert_eq!(field(message.as_bytes(), "To"), "Reader 0002 <reader0002@example.org>");
    assert_eq!(field(message.as_bytes(), "Date"), "Mon, 01 Dec 2014 14:00:00 +0000");
    let (text, html) = parts(message.as_bytes());
    let alone = |form| newsroom.run(["render", "2014-12", "--to", form, "--subscriber", "reader0002@example.org"]).ok().stdout;
    assert_eq!((text.replace("\r\n", "\n"), html.replace("\r\n", "\n")), (alone("text"), alone("html")));
    newsroom.run(["render", "2014-12", "--subscriber", "nobody@example.org"]).exits(1).says(&["nobody@example.org is on no list"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_writes_one_message_a_reader_and_sends_none() {
    let sink = Sink::builder().start().await;
    let newsroom = Newsroom::of_every_standing(&sink);
    for _ in 0..2 {
        newsroom.run(["send", "2014-12", "--dry-run"]).ok().says(&["3 messages would go out", "dry-run/2014-12"]);
        assert_eq!(files(&newsroom.path("dry-run/2014-12")).len(), 3);
    }
    assert_eq!(sink.connections(), 0);
    newsroom.run(["deliveries", "2014-12"]).exits(1).says(&["has no mailing"]);

    newsroom.run(["send", "2014-12"]).ok().says(&["3 accepted"]);
    let sent = sink.messages();
    for name in files(&newsroom.path("dry-run/2014-12")) {
        let tried = fs::read(newsroom.path("dry-run/2014-12").join(name)).unwrap();
        let sent = sent.iter().find(|message| field(&message.bytes, "To") == field(&tried, "To")).unwrap();
        assert_eq!(field(&sent.bytes, "Message-ID"), field(&tried, "Message-ID"));
        let undated = |message: &[u8]| neutral(message).replace(&field(message, "Date"), "DATE");
        assert_eq!(undated(&sent.bytes), undated(&tried));
    }
}

#[test]
fn every_command_explains_itself() {
    let folder = tempfile::tempdir().unwrap();
    for command in COMMANDS {
        let help = run(folder.path(), &[command, &["--help"]].concat()).ok().stdout;
        assert!(help.contains("Usage: masthead"), "{help}");
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
    }
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        assert!(run(folder.path(), &["completions", shell]).ok().stdout.contains("masthead"), "{shell}");
    }
    assert!(run(folder.path(), &["man"]).ok().stdout.contains(".TH masthead 1"));
    let pages = tempfile::tempdir().unwrap();
    run(folder.path(), &["man", "--out", &pages.path().display().to_string()]).ok();
    assert!(files(pages.path()).len() > COMMANDS.len() / 2, "a page for each command");
    assert!(run(folder.path(), &["--version"]).ok().stdout.starts_with("masthead "));
    assert_eq!(files(folder.path()).len(), 0, "asking leaves nothing behind");
}

#[test]
fn whoever_reads_only_the_beginning_is_no_fault() {
    let newsroom = Newsroom::new().issue("2014-12", ISSUE).back_issues().subscribers(2000).build();
    newsroom.run(["send", "2014-12"]).ok();
    for command in [
        &["completions", "bash"][..],
        &["man"],
        &["--help"],
        &["subscribers", "export"],
        &["deliveries", "2014-12"],
        &["deliveries", "2014-12", "--csv"],
        &["deliveries", "2014-12", "--json"],
        &["render", "2014-12", "--to", "html"],
        &["check", "2014-12", "--json"],
    ] {
        let mut running = newsroom.start(command.iter().copied());
        running.hang_up();
        let told = running.end();
        assert!(told.code == Some(0) && !told.stderr.contains("panicked"), "{command:?}: {told}");
    }
}

#[test]
fn exit_codes_tell_clean_from_findings_from_could_not_run() {
    let newsroom = Newsroom::new().issue("2014-12", ISSUE).back_issues().build();
    newsroom.run(["check"]).ok();
    newsroom.run(["send", "2014-12"]).exits(1);
    for wrong in
        [&[][..], &["fly"], &["send"], &["send", "2014-13"], &["deliveries", "2014-12", "--fate", "lost"], &["demo", "--listen", "x"]]
    {
        let told = newsroom.run(wrong.iter().copied()).exits(2);
        assert!(!told.stderr.is_empty() && told.stdout.is_empty(), "{told}");
    }
    let nowhere = tempfile::tempdir().unwrap();
    run(nowhere.path(), &["check"]).exits(2).says(&["there is no newsroom here", "masthead init", "-C DIR"]);
    let newsroom = Newsroom::new().configured();
    newsroom.write("data/masthead.db", "this is no database, but it is long enough to be looked at more closely than that");
    newsroom.run(["check"]).exits(2).says(&["data/masthead.db"]);
}

#[test]
fn a_newsroom_at_rest_is_one_file_that_may_be_copied() {
    let newsroom = Newsroom::new().issue("2014-12", ISSUE).back_issues().subscribers(20).build();
    newsroom.run(["send", "2014-12"]).ok();
    newsroom.run(["status"]).ok();
    let wanted = ["masthead.db", "masthead.lock", "token.key"].map(str::to_owned);
    assert_eq!(files(&newsroom.path("data")), BTreeSet::from(wanted));

    let copy = Newsroom::new().configured();
    fs::copy(newsroom.path("data/masthead.db"), copy.path("data/masthead.db")).unwrap();
    assert_eq!(copy.deliveries("2014-12"), newsroom.deliveries("2014-12"));
}

#[test]
fn the_newsroom_is_where_one_stands_or_where_c_points() {
    let newsroom = Newsroom::new().issue("2014-12", ISSUE).back_issues().build();
    run(newsroom.root(), &["check"]).ok().says(&["2014-12  Story Hours"]);
    let elsewhere = tempfile::tempdir().unwrap();
    let root = newsroom.root().to_str().unwrap();
    for arguments in [["-C", root, "check"], ["check", "-C", root], ["check", "--newsroom", root]] {
        run(elsewhere.path(), &arguments).ok().says(&["2014-12  Story Hours"]);
    }
    assert_eq!(files(elsewhere.path()).len(), 0);
}

#[test]
fn the_environment_overrides_texts_numbers_and_switches() {
    let newsroom = Newsroom::new()
        .issue("2014-12", ISSUE)
        .back_issues()
        .subscribers(3)
        .variable("MASTHEAD_RELAY__0__URL", "folder:elsewhere")
        .variable("MASTHEAD_RELAY__0__CONNECTIONS", "2")
        .variable("MASTHEAD_LIST__0__DEFAULT", "true")
        .variable("MASTHEAD_PUBLICATION__TAGLINE", "42")
        .variable("MASTHEAD_DELIVERY__ON_DOUBT", "hold")
        .build();
    newsroom.run(["send", "2014-12"]).ok().says(&["3 accepted"]);
    assert_eq!(files(&newsroom.path("elsewhere")).len(), 3);
    assert!(newsroom.run(["render", "2014-12"]).ok().stdout.contains("\n42\n"));
}

#[test]
fn a_variable_that_is_wrong_is_named() {
    for (name, value, said) in [
        ("MASTHEAD_STORE__URL", "nonsense", "this names no store"),
        ("MASTHEAD_RELAY__0__CONNECTIONS", "many", "invalid type"),
        ("MASTHEAD_RELAY__0__CONNECTIONS", "0", "this must be from 1 to 1000"),
        ("MASTHEAD_RELLAY__URL", "folder:x", "rellay"),
    ] {
        let newsroom = Newsroom::new().variable(name, value).configured();
        newsroom.run(["status"]).exits(1).says(&[said, name]);
    }
    let newsroom = Newsroom::new().variable("MASTHEAD_RELAY__7__URL", "folder:x").configured();
    newsroom.run(["status"]).ok().says(&["MASTHEAD_RELAY__7__URL", "overrides nothing"]);
}

#[test]
fn a_variable_of_odd_octets_disturbs_nobody() {
    let newsroom = Newsroom::new().configured();
    let told = Told::of(newsroom.command(["status"]).env("ODD", OsStr::from_bytes(b"\xff")).env(OsStr::from_bytes(b"\xfe"), "x"));
    told.ok().says(&["Lantern Street Letter"]);
}

#[test]
fn every_fault_of_the_settings_is_told_with_its_place() {
    let newsroom = Newsroom::new()
        .table("[schedule]\ncron = \"every other Monday\"")
        .table("[delivery]\non_doubt = \"shrug\"\ngive_up_after = \"1s\"\nsender_id = \"a b\"\nbounce_domain = \"no domain\"")
        .relay_setting("connections = 0\nrate = \"fast\"\nehlo_name = \"two words\"")
        .configured();
    let told = newsroom.run(["check"]).exits(1);
    for line in [15, 18, 19, 20, 21, 31, 32, 33] {
        assert!(told.stderr.contains(&format!("config/masthead.toml:{line}:")), "nothing about line {line}: {told}");
    }
    let newsroom = Newsroom::new().table("[delivery]\non_dout = \"hold\"").configured();
    newsroom.run(["check"]).exits(1).says(&["config/masthead.toml:15:", "on_dout"]);
    newsroom.write("config/masthead.toml", "[publication\nname = 1");
    newsroom.run(["check"]).exits(1).says(&["config/masthead.toml:1:"]);
}

#[test]
fn a_template_that_is_broken_stops_everything_and_says_where() {
    for (text, line) in
        [("<p>fine</p>\n{{#if}\n", 2), ("{{#each sections}}", 1), ("a\nb\n{{nonsense}}", 3), ("{{> partials/nowhere.html}}", 1)]
    {
        let newsroom = Newsroom::new().issue("2014-12", ISSUE).template("issue/body.html.hbs", text).configured();
        for command in [&["check"][..], &["send", "2014-12"]] {
            newsroom.run(command.iter().copied()).exits(1).says(&[&format!("templates/issue/body.html.hbs:{line}:")]);
        }
    }
    let newsroom = Newsroom::new().template("issue/boddy.html.hbs", "x").configured();
    newsroom.run(["status"]).says(&["boddy.html.hbs"]);
}

#[test]
fn the_demo_works_for_somebody_who_has_nothing() {
    let home = tempfile::tempdir().unwrap();
    let told = run(home.path(), &["demo", "--once"]).ok();
    let told = told.says(&["2026-11 is out: 20 of 20 deliveries: 20 accepted", "a second time sends 0 messages"]);
    let outbox = told.stderr.lines().find_map(|line| line.strip_prefix("the mail is in ")).unwrap();
    assert!(Path::new(outbox).starts_with(home.path()));
    let letters = files(Path::new(outbox));
    assert_eq!(letters.len(), 20);
    for letter in letters {
        let message = fs::read(Path::new(outbox).join(&letter)).unwrap();
        // The demo's links lead to this machine, so its mail is as good as any but for their scheme.
        assert_eq!(lint(&message).into_iter().filter(|finding| finding.rule != "H6").collect::<Vec<_>>(), [], "{letter}");
    }
}
