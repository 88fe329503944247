//! Whatever lies in the issues folder beside the issues is left alone, and stops nobody.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use crate::support::newsroom::{ISSUE, Newsroom};

fn newsroom() -> Newsroom {
    Newsroom::new().issue("2014-12", ISSUE).back_issues().subscribers(1).build()
}

#[test]
fn t13_links_pipes_and_leavings_of_editors_are_never_read() {
    let newsroom = newsroom();
    newsroom.write("secret.md", "---\nstatus: ready\n---\n# A secret\n\nNobody may read this.\n");
    fs::create_dir(newsroom.path("elsewhere")).unwrap();
    newsroom.write("elsewhere/issue.md", "---\nstatus: ready\n---\n# Another secret\n\nNor this.\n");
    symlink(newsroom.path("secret.md"), newsroom.path("issues/2015-01.md")).unwrap();
    symlink(newsroom.path("elsewhere"), newsroom.path("issues/2015-02")).unwrap();
    fs::create_dir(newsroom.path("issues/2015-03")).unwrap();
    symlink(newsroom.path("secret.md"), newsroom.path("issues/2015-03/issue.md")).unwrap();
    for pipe in ["issues/2015-04.md", "issues/2015-03/photo.png"] {
        assert!(Command::new("mkfifo").arg(newsroom.path(pipe)).status().unwrap().success());
    }
    for leaving in [".2015-05.md.swp", "#2015-05.md#", "2015-05.md~", "_2015-05.md", ".2015-05.md", "notes.txt", "README.md"] {
        newsroom.write(&format!("issues/{leaving}"), "Not an issue.\n");
    }
    let told = newsroom.run(["check"]).exits(1);
    assert!(told.stdout.contains("2014-12  Story Hours in Family Shelters: no findings"), "{told}");
    assert!(told.stderr.contains("this is no ordinary file"), "only the folder without a true issue.md is a fault: {told}");
    assert!(!told.to_string().contains("secret") && !told.to_string().contains("2015-05"), "{told}");
    for id in ["2015-01", "2015-02", "2015-04", "2015-05"] {
        newsroom.run(["render", id]).exits(1).says(&[&format!("there is no issue {id}")]);
    }
    newsroom.run(["render", "2015-03"]).exits(1).says(&["issues/2015-03/issue.md"]);
    // One bad neighbour holds nobody up.
    newsroom.run(["send", "2014-12"]).ok().says(&["1 accepted"]);
}

#[test]
fn an_issue_that_is_written_twice_is_sent_in_neither_form() {
    let newsroom = newsroom().issue("2014-12/issue", "---\nstatus: ready\n---\n# Another\n\nText.\n");
    newsroom.run(["check"]).exits(1).says(&["the issue 2014-12 is written in", "as well"]);
    newsroom.run(["send", "2014-12"]).exits(1);
    newsroom.run(["deliveries", "2014-12"]).exits(1).says(&["has no mailing"]);
}

#[test]
fn a_folder_issue_brings_its_images_and_reports() {
    let newsroom = Newsroom::sample();
    let page = newsroom.run(["render", "2026-11", "--to", "html"]).ok().stdout;
    assert!(page.contains("src=\"https://news.example.org/issues/2026-11/farm-well.png\""), "{page}");
    assert!(page.contains("(PDF, "), "the report is announced with its size");
    fs::remove_file(newsroom.path("issues/2026-11/well-survey.pdf")).unwrap();
    newsroom.run(["check", "2026-11"]).exits(1).says(&["issues/2026-11/issue.md:", "well-survey.pdf"]);
}

#[test]
fn a_file_that_is_no_text_is_a_finding_and_no_crash() {
    let newsroom = newsroom();
    let brackets = vec![b'['; 200_000];
    for (octets, id) in [(&b"\xff\xfe\x00"[..], "2015-01"), (b"", "2015-02"), (b"---\n", "2015-03"), (&brackets, "2015-04")] {
        fs::write(newsroom.path(&format!("issues/{id}.md")), octets).unwrap();
        let told = newsroom.run(["check", id]).exits(1);
        assert!(told.stderr.contains(&format!("issues/{id}.md")) && !told.stderr.contains("panicked"), "{told}");
    }
    fs::write(newsroom.path("issues/2015-05.md"), vec![b'x'; 2 << 20]).unwrap();
    newsroom.run(["check", "2015-05"]).exits(1).says(&["issues/2015-05.md"]);
    newsroom.run(["send", "2014-12"]).ok();
}
