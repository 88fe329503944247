//! systemd on the units in `config/systemd`, and the kernel calls of the real binary held against what they allow.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::support::newsroom::{ISSUE, Newsroom};
use super::support::sink::Sink;
use super::{on_path, skip};

const UNITS: [&str; 2] = ["masthead.service", "masthead@.service"];
/// What `systemd-analyze security` may say at most, in tenths.
const EXPOSURE: u32 = 15;

fn path(unit: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config/systemd").join(unit)
}

fn text(unit: &str) -> String {
    fs::read_to_string(path(unit)).unwrap()
}

/// Whether there is a systemd to ask.
fn is_there(what: &str) -> bool {
    let there = on_path("systemd-analyze");
    if !there {
        skip(what, "no systemd-analyze on the PATH; run tests/oracles/install.sh");
    }
    there
}

/// The units in a folder of their own, with the binary of this build for the installed one.
fn installed() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for unit in UNITS {
        let installed = text(unit).replace("/usr/local/bin/masthead", env!("CARGO_BIN_EXE_masthead"));
        fs::write(folder.path().join(unit), installed).unwrap();
    }
    folder
}

#[test]
fn t25_systemd_has_nothing_to_say_about_the_units() {
    if !is_there("systemd on the units") {
        return;
    }
    let folder = installed();
    fs::copy(folder.path().join("masthead@.service"), folder.path().join("masthead@lantern.service")).unwrap();
    for unit in ["masthead.service", "masthead@.service", "masthead@lantern.service"] {
        let output = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(folder.path().join(unit)).output().unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success() && said.is_empty(), "{unit}: {said}");
    }
}

#[test]
fn t25_the_units_are_hardly_exposed() {
    if !is_there("systemd on the units' exposure") {
        return;
    }
    for unit in UNITS {
        let output = Command::new("systemd-analyze").args(["security", "--no-pager", "--offline=true"]).arg(path(unit)).output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        let exposure =
            told.lines().find_map(|line| line.split_once("Overall exposure level for ")?.1.split_once(": ")).map(|(_, level)| level);
        let (whole, tenth) = exposure.unwrap().split(' ').next().unwrap().split_once('.').unwrap();
        let tenths = whole.parse::<u32>().unwrap() * 10 + tenth.parse::<u32>().unwrap();
        assert!(tenths <= EXPOSURE, "{unit}: {told}");
    }
}

#[test]
fn the_unit_of_several_differs_in_names_only() {
    let settings = |unit: &str| -> Vec<String> {
        text(unit).lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(str::to_owned).collect()
    };
    let without_name = |line: &String| [": %i", "/%i", "-%i", ".%i"].iter().fold(line.clone(), |line, name| line.replace(name, ""));
    let several: Vec<String> = settings("masthead@.service").iter().map(without_name).collect();
    assert_eq!(several, settings("masthead.service"));
    for (unit, is_template) in [("masthead.service", false), ("masthead@.service", true)] {
        assert_eq!(text(unit).contains("%i"), is_template, "{unit}");
    }
}

#[test]
fn every_paragraph_of_the_units_says_what_it_is_for() {
    for unit in UNITS {
        let text = text(unit);
        for paragraph in text.split("\n\n").filter(|paragraph| !paragraph.starts_with('[')) {
            assert!(paragraph.starts_with("# "), "{unit}: {paragraph}");
        }
    }
}

/// The calls that a set of systemd's allows, its inner sets included.
fn calls(set: &str, out: &mut BTreeSet<String>) {
    let output = Command::new("systemd-analyze").args(["syscall-filter", "--no-pager", set]).output().unwrap();
    assert!(output.status.success(), "systemd knows no {set}");
    for line in String::from_utf8_lossy(&output.stdout).lines().skip(1).map(str::trim) {
        match line {
            inner if inner.starts_with('@') => calls(inner, out),
            comment if comment.is_empty() || comment.starts_with('#') => {}
            call => {
                out.insert(call.to_owned());
            }
        }
    }
}

/// What a unit's `SystemCallFilter` lines allow.
fn allowed(unit: &str) -> BTreeSet<String> {
    let mut allowed = BTreeSet::new();
    for line in text(unit).lines().filter_map(|line| line.strip_prefix("SystemCallFilter=")) {
        let (is_taken_away, sets) = line.strip_prefix('~').map_or((false, line), |sets| (true, sets));
        let mut named = BTreeSet::new();
        sets.split(' ').for_each(|set| calls(set, &mut named));
        if is_taken_away {
            allowed.retain(|call| !named.contains(call));
        } else {
            allowed.extend(named);
        }
    }
    allowed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t25_the_binary_asks_the_kernel_for_nothing_that_the_unit_forbids() {
    if !is_there("systemd on kernel calls") {
        return;
    }
    if !on_path("strace") {
        return skip("kernel calls", "no strace on the PATH; run tests/oracles/install.sh");
    }
    let allowed = allowed("masthead.service");
    assert!(allowed.contains("openat2") && allowed.contains("inotify_add_watch") && !allowed.contains("mount"), "{allowed:?}");
    // Its resolver and its TLS too.
    let sink = Sink::builder().implicit_tls().start().await;
    let newsroom = Newsroom::new().issue("2014-12", ISSUE).back_issues().subscribers(20);
    let newsroom = newsroom.relay_at(&format!("smtps://localhost:{}", sink.port())).relay_setting("ca_file = \"ca.pem\"").build();
    newsroom.write("ca.pem", sink.ca_pem());
    let trace = newsroom.path("trace");
    let mut asked = BTreeSet::new();
    // The daemon last: it watches, asks systemd, and is asked to end.
    for command in [&["check"][..], &["send", "2014-12"], &["schedule", "next"], &["status"], &["serve"]] {
        let masthead = newsroom.command(command.iter().copied());
        let mut traced = Command::new("strace");
        traced.args(["-f", "-qq", "-e", "signal=none", "-o"]).arg(&trace).arg("timeout").args(["--preserve-status", "6"]);
        traced.arg(masthead.get_program()).args(masthead.get_args());
        traced.env_clear().envs(masthead.get_envs().filter_map(|(name, value)| Some((name, value?))));
        traced.env("PATH", env::var_os("PATH").unwrap_or_default());
        let output = traced.output().unwrap();
        if !output.status.success() && String::from_utf8_lossy(&output.stderr).contains("ptrace") {
            return skip("kernel calls", "strace may not look on here");
        }
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        let lines = fs::read_to_string(&trace).unwrap();
        // Of a call that another thread's breaks into, the first half has its name; the second begins with `<... `.
        let calls = lines.lines().filter_map(|line| line.split_once(' ')?.1.trim().split_once('(')).map(|(call, _)| call.to_owned());
        asked.extend(calls.filter(|call| !call.starts_with('<')));
    }
    assert!(asked.contains("openat") && asked.contains("futex"), "the trace does not show what we know is there: {asked:?}");
    // SQLite keeps its files with the owner of the store, where it is root's to do so; the unit is nobody's root.
    asked.remove("fchown");
    assert!(asked.contains("connect") && sink.messages().len() == 20);
    let forbidden: Vec<&String> = asked.difference(&allowed).collect();
    assert!(forbidden.is_empty(), "the unit forbids {forbidden:?}");
}
