//! A roll is entered as a whole or not at all, whatever happens in the middle; and one person may come back.

use std::process::Command;
use std::time::{Duration, Instant};
use std::{fs, thread};

use rusqlite::{Connection, ErrorCode};

use crate::support::newsroom::Newsroom;
use crate::support::running::{Running, Told};

/// Enough that entering them takes a while.
const READERS: usize = 40_000;

fn newsroom_with_a_roll() -> Newsroom {
    let newsroom = Newsroom::new().configured();
    newsroom.write("first.csv", "email,status\nann@example.org,confirmed\ncy@example.org,bounced\n");
    let first = newsroom.shown("first.csv");
    newsroom.run(["subscribers", "import", &first]).ok();
    let rows: Vec<String> = (0..READERS).map(|number| format!("reader{number:06}@example.org,confirmed\n")).collect();
    let rows = rows.concat();
    newsroom.write("roll.csv", &format!("email,status\nann@example.org,unsubscribed\n{rows}"));
    newsroom
}

fn export(newsroom: &Newsroom) -> String {
    newsroom.run(["subscribers", "export"]).ok().stdout
}

/// Waits until a roll is being entered, so that nobody else may write, or is entered already.
fn wait_until_busy(newsroom: &Newsroom) {
    let other = Connection::open(newsroom.path("data/masthead.db")).unwrap();
    other.busy_timeout(Duration::ZERO).unwrap();
    let deadline = Instant::now() + Duration::from_mins(1);
    let is_over = || other.query_row("SELECT COUNT(*) > 2 FROM subscribers", [], |row| row.get(0)).unwrap_or(false);
    loop {
        match other.execute_batch("BEGIN IMMEDIATE; ROLLBACK") {
            Err(fault) if fault.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => return,
            _ if is_over() => return,
            _ => assert!(Instant::now() < deadline, "nothing was ever entered"),
        }
        thread::yield_now();
    }
}

/// A newsroom in which an import was ended by this signal, and nothing of it was entered.
fn broken_off(signal: &str) -> Newsroom {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        assert!(Instant::now() < deadline, "no import was ended by {signal}");
        let newsroom = newsroom_with_a_roll();
        let before = export(&newsroom);
        let mut running = newsroom.start(["subscribers", "import", &newsroom.shown("roll.csv")]);
        wait_until_busy(&newsroom);
        running.signal(signal);
        running.end();
        let after = export(&newsroom);
        if after == before {
            return newsroom;
        }
        // A machine that was busy elsewhere may have let it come to its end.
        assert_eq!(after.matches("\nreader").count(), READERS, "{signal} left a part of it");
    }
}

#[test]
fn killed_or_ended_in_the_middle_an_import_leaves_nothing_and_can_be_done_again() {
    for signal in ["KILL", "TERM"] {
        let newsroom = broken_off(signal);
        let roll = newsroom.shown("roll.csv");
        newsroom.run(["subscribers", "import", &roll]).ok().says(&["40000 entered", "1 gone, suppressed from now on"]);
    }
}

#[test]
fn a_disk_that_fills_up_in_the_middle_leaves_everything_as_it_was() {
    let newsroom = newsroom_with_a_roll();
    let before = export(&newsroom);
    let roll = newsroom.shown("roll.csv");
    let inner = newsroom.command(["subscribers", "import", &roll]);
    let mut command = Command::new("/bin/sh");
    // As if the disk had room for half a megabyte more; without the trap the system would end the program by a signal.
    command.args(["-c", "trap '' XFSZ; ulimit -f 1024; exec \"$0\" \"$@\""]).arg(inner.get_program()).args(inner.get_args());
    command.env_clear().envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let told: Told = Running::of(command.current_dir(newsroom.root())).end();
    told.exits(2).says(&["masthead: "]);
    assert_eq!(export(&newsroom), before);
    newsroom.run(["subscribers", "import", &roll]).ok().says(&["40000 entered"]);
}

#[test]
fn a_list_is_not_emptied_by_a_file_that_was() {
    let newsroom = Newsroom::new().subscribers(20).build();
    let before = export(&newsroom);
    let sync = |text: &str, more: &[&str]| {
        newsroom.write("members.csv", text);
        let path = newsroom.shown("members.csv");
        newsroom.run(["subscribers", "sync", path.as_str()].into_iter().chain(more.iter().copied())).exits(1)
    };
    sync("", &["--yes"]).says(&["the file is empty"]);
    for text in ["email,status\n", "email,status\nnobody,confirmed\n", "email,status\nreader0001@example.org,unsubscribed\n"] {
        for more in [&["--yes"][..], &["--dry-run"], &[]] {
            sync(text, more).says(&["no row of it names a reader", "nothing was changed"]);
        }
    }
    sync("email,active_subscription\nreader0001@example.org,false\n", &["--yes"]).says(&["lost its column `email_disabled`", "--assume"]);
    sync("status\nconfirmed\n", &["--yes"]).says(&["no column is named `email`"]);
    assert_eq!(export(&newsroom), before);
}

#[test]
fn who_left_or_was_erased_comes_back_with_a_reason_that_is_kept() {
    let newsroom = Newsroom::new().configured();
    newsroom.write("gone.csv", "email,status\nann@example.org,complained\n");
    let gone = newsroom.shown("gone.csv");
    newsroom.run(["subscribers", "import", &gone]).ok();
    newsroom.run(["subscribers", "add", "ann@example.org"]).exits(1).says(&["is suppressed", "--lift WHY"]);
    newsroom.run(["subscribers", "add", "ann@example.org", "--lift", " "]).exits(2).says(&["say in one line"]);
    newsroom.run(["subscribers", "add", "bo@example.org", "--lift", "asked"]).exits(1).says(&["is not suppressed"]);
    let add = ["subscribers", "add", "ANN@example.org", "--lift", "her letter of 3 May"];
    newsroom.run(add).ok().says(&["is on the list"]);
    let proof = ["general confirmed by command", "her letter of 3 May", "kept out since", "status = complained"];
    let shown = newsroom.run(["subscribers", "show", "ann@example.org"]).ok().says(&proof);
    assert!(!shown.stdout.contains("suppressed since"), "{shown}");
    newsroom.run(["subscribers", "erase", "ann@example.org", "--yes"]).ok();
    let erased = newsroom.run(["subscribers", "show", "ann@example.org", "--json"]).ok().json();
    assert_eq!(erased["suppression"]["reason"], "erased at the person's request");
    assert_eq!(erased["unconfirmed"].as_array().map(Vec::len), Some(0));
    newsroom.run(add).ok().says(&["is on the list"]);
    newsroom.run(["subscribers", "show", "ann@example.org"]).ok().says(&["erased at the person's request"]);
    newsroom.run(["subscribers", "import", &gone]).ok().says(&["1 gone, suppressed from now on"]);
}

#[test]
fn the_export_of_one_list_tells_of_nobody_who_was_never_on_it() {
    let newsroom = Newsroom::new().table("[[list]]\nid = \"extra\"\nname = \"Extra\"\n").configured();
    let text = "email,status\nann@example.org,confirmed\nbo@example.org,confirmed\ncy@example.org,bounced\n";
    newsroom.write("roll.csv", text);
    newsroom.write("gone.csv", "email,status\nann@example.org,unsubscribed\n");
    for (file, list) in [("roll.csv", "general"), ("gone.csv", "general")] {
        let path = newsroom.shown(file);
        newsroom.run(["subscribers", "import", &path, "--list", list]).ok();
    }
    newsroom.run(["subscribers", "add", "bo@example.org", "--list", "extra"]).ok();
    let told = |list| newsroom.run(["subscribers", "export", "--list", list]).ok().stdout;
    let (general, extra) = (told("general"), told("extra"));
    assert!(general.contains("ann@example.org,,,suppressed") && !general.contains("cy@"), "{general}");
    assert!(extra.contains("bo@") && !extra.contains("ann@") && !extra.contains("cy@"), "{extra}");
    assert!(export(&newsroom).contains("cy@example.org,,,suppressed"));
}

#[test]
fn who_is_on_no_list_in_phplist_is_entered_as_having_left() {
    let newsroom = Newsroom::new().configured();
    let text = "Email\tIs this subscriber confirmed\tIs this subscriber blacklisted\tList Membership\n\
         ann@example.org\t1\t0\tnewsletter; \nbo@example.org\t1\t0\tNo Lists\ncy@example.org\t1\t1\tNo Lists\n";
    newsroom.write("phplist.csv", text);
    let path = newsroom.shown("phplist.csv");
    let told = newsroom.run(["subscribers", "import", &path]).ok();
    told.says(&["phpList export", "1 entered\n", "1 entered as having left", "1 gone, suppressed from now on"]);
}

#[test]
fn a_roll_may_come_through_a_pipe_and_odd_words_survive_a_round_trip() {
    let newsroom = Newsroom::new().configured();
    let text = "email;name;status\n\"jürgen@bücher.example\";\"Ö; \"\"the\"\" =1+1, 'x\";confirmed\n+tag@example.org;{{name}};pending\n'+two@example.org;<b>;ended\n";
    newsroom.write("odd, 'roll';.csv", text);
    let path = newsroom.shown("odd, 'roll';.csv");
    let piped = "cat \"$1\" | \"$0\" subscribers import /dev/stdin";
    let inner = newsroom.command([]);
    let mut command = Command::new("/bin/sh");
    command.args(["-c", piped]).arg(inner.get_program()).arg(&path);
    command.env_clear().envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    Told::of(command.current_dir(newsroom.root())).ok().says(&["1 entered\n", "1 entered, still to confirm", "1 entered as having left"]);
    let exported = export(&newsroom);
    let other = Newsroom::new().configured();
    fs::write(other.path("export.csv"), &exported).unwrap();
    let path = other.shown("export.csv");
    other.run(["subscribers", "import", &path]).ok();
    assert_eq!(export(&other), exported);
}
