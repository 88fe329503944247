//! An audience comes from another tool, is kept equal to a file, goes elsewhere with its proofs, and one of it is forgotten.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::holding::holding;
use crate::support::newsroom::{ISSUE, Newsroom};
use crate::support::running::Told;
use crate::support::sink::Sink;

/// Small exports as six tools write them: each has a reader (ann), one who left (cy), and a row that is none.
const EXPORTS: [(&str, &str, &str); 7] = [
    (
        "Buttondown",
        "buttondown.csv",
        "id,secondary_id,email,notes,subscriber_type,creation_date,subscription_date,unsubscription_date,tags,metadata\n\
         a,1,ann@example.org,,regular,2020-01-01,2020-01-02 03:04:05+00:00,,,{}\nb,2,cy@example.org,,unsubscribed,2020-01-01,,2021-01-01,,{}\n\
         c,3,nobody,,regular,2020-01-01,,,,{}\n",
    ),
    (
        "Ghost",
        "ghost.csv",
        "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,labels,tiers\n\
         a,ann@example.org,Ann,,true,false,,2020-01-01T00:00:00.000Z,,,Free\nb,cy@example.org,Cy,,false,false,,2020-01-01T00:00:00.000Z,,,\n\
         c,nobody,,,true,false,,,,,\n",
    ),
    (
        "listmonk",
        "listmonk.csv",
        "uuid,email,name,attributes,status,created_at,updated_at\na,ann@example.org,Ann,{},enabled,2020-01-01 00:00:00.1 +0000 +0000,\n\
         b,cy@example.org,Cy,{},blocklisted,,\nc,nobody,,{},enabled,,\n",
    ),
    (
        "Mailchimp",
        "subscribed.csv",
        "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,CONFIRM_TIME,LEID,EUID\n\
         ann@example.org,Ann,Lee,2,2020-01-01 00:00:00,2020-01-01 00:00:00,1,a\nnobody,,,2,2020-01-01 00:00:00,2020-01-01 00:00:00,1,a\n",
    ),
    (
        "Mailchimp",
        "cleaned.csv",
        "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,CONFIRM_TIME,CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,LEID,EUID\n\
         cy@example.org,Cy,,2,2020-01-01 00:00:00,2020-01-01 00:00:00,2021-01-01 00:00:00,x,1,a\n",
    ),
    (
        "phpList",
        "phplist.csv",
        "id\tEmail\tIs this subscriber confirmed\tIs this subscriber blacklisted\tIs this account disabled?\tEntered\tName\n\
         1\tann@example.org\t1\t0\t0\t2020-01-01 00:00:00\tAnn\n2\tcy@example.org\t1\t1\t0\t\tCy\n3\tnobody\t1\t0\t0\t\t\n",
    ),
    (
        "Substack",
        "substack.csv",
        "email,active_subscription,expiry,email_disabled,prefer_digests,created_at\nann@example.org,false,,false,false,2020-01-01T00:00:00.000Z\n\
         cy@example.org,false,,true,false,2020-01-01T00:00:00.000Z\nnobody,false,,false,false,\n",
    ),
];

fn import(newsroom: &Newsroom, name: &str, octets: impl AsRef<[u8]>, more: &[&str]) -> Told {
    fs::write(newsroom.root().join(name), octets).unwrap();
    let path = newsroom.shown(name);
    newsroom.run(["subscribers", "import", path.as_str()].into_iter().chain(more.iter().copied()))
}

fn export(newsroom: &Newsroom) -> String {
    newsroom.run(["subscribers", "export"]).ok().stdout
}

/// The counts of a summary, which must add up to the rows of the file.
fn sum(summary: &Value) -> u64 {
    let kinds = [
        "entered",
        "pending",
        "ended",
        "changed",
        "already_there",
        "left_before",
        "newly_suppressed",
        "suppressed",
        "duplicates",
        "rejections",
    ];
    kinds.iter().map(|kind| summary[kind].as_u64().unwrap()).sum()
}

#[test]
fn exports_of_six_tools_are_known_by_their_columns_and_add_up() {
    for (tool, name, text) in EXPORTS {
        let newsroom = Newsroom::new().configured();
        let told = import(&newsroom, name, text, &["--json"]);
        let summary = told.json();
        assert!(summary["shape"].as_str().unwrap().starts_with(&format!("{tool} export")), "{summary:#}");
        assert_eq!(sum(&summary), text.lines().count() as u64 - 1, "{summary:#}");
        let has = |word: &str| u64::from(text.contains(word));
        let counts = ["entered", "newly_suppressed", "rejections"].map(|kind| summary[kind].as_u64().unwrap());
        assert_eq!(counts, [has("ann@"), has("cy@"), has("nobody")], "{tool}: {summary:#}");
        if text.contains("nobody") {
            let rejects = fs::read_to_string(newsroom.root().join(Path::new(name).with_extension("rejected.csv"))).unwrap();
            assert!(rejects.starts_with("line,reason,row\n") && rejects.contains("the address has no @"), "{rejects}");
        }
    }
}

#[test]
fn who_is_gone_stays_gone_in_any_spelling() {
    let newsroom = Newsroom::new().configured();
    let gone = "email,status\nJurgen@Br\u{f8}nnhuset.example,bounced\nju\u{308}rgen@example.org,unsubscribed\nANN@EXAMPLE.ORG,complained\n";
    import(&newsroom, "gone.csv", gone, &[]).ok().says(&["3 gone, suppressed from now on"]);
    let again = "email\njurgen@xn--brnnhuset-m8a.EXAMPLE\nj\u{fc}rgen@Example.ORG\nann@example.org\nbo@example.org\n";
    let told = import(&newsroom, "again.csv", again, &["--assume", "confirmed"]);
    told.ok().says(&["1 entered", "3 suppressed before"]);
    newsroom.run(["subscribers", "show", "ann@example.org"]).ok().says(&["is no reader", "gone.csv, line 4: status = complained"]);
    // A departure counts wherever it stands in a file, also for a reader whom we have.
    let both = "email,status\nbo@example.org,confirmed\nBO@example.org,unsubscribed\nbo@example.org,confirmed\n";
    import(&newsroom, "both.csv", both, &[]).ok().says(&["1 there already", "2 twice in the file"]);
    newsroom.run(["subscribers", "show", "bo@example.org"]).ok().says(&["general: ended", "suppressed since"]);
}

#[test]
fn a_file_without_its_status_or_its_end_enters_nobody_unasked() {
    let newsroom = Newsroom::new().configured();
    let lost = "uuid,email,name,attributes\na,ann@example.org,Ann,{}\n";
    import(&newsroom, "lost.csv", lost, &[]).exits(1).says(&["lost its column `status`", "--assume"]);
    let open = format!("email,status\n{}x@example.org,\"confirmed\n", "ann@example.org,confirmed\n".repeat(9_000));
    let open = format!("{open}{}", "bo@example.org,confirmed\n".repeat(60_000));
    import(&newsroom, "open.csv", open, &[]).exits(1).says(&["line 9002", "never closed"]);
    assert_eq!(newsroom.run(["subscribers", "export", "--json"]).ok().stdout, "", "all or nothing");
    import(&newsroom, "lost.csv", lost, &["--assume", "pending"]).ok().says(&["1 entered, still to confirm"]);
    let cut = "Mail;Wer;Stand\nbo@example.org;Bo;confirmed\ncy@example.org;C";
    let map = "email=Mail,name=Wer,status=Stand";
    import(&newsroom, "cut.csv", cut, &["--map", map]).exits(1).says(&["line 3", "it was cut", "1 entered"]);
}

#[test]
fn a_rehearsal_tells_what_an_import_then_does() {
    let newsroom = Newsroom::new().subscribers(3).build();
    let text = "email,status\nreader0001@example.org,unsubscribed\nann@example.org,confirmed\nAnn@example.org,pending\nreader0002@example.org,confirmed\nno,confirmed\n";
    let before = export(&newsroom);
    let mut rehearsed = import(&newsroom, "roll.csv", text, &["--dry-run", "--json"]).exits(1).json();
    assert_eq!(export(&newsroom), before);
    assert!(!newsroom.root().join("roll.rejected.csv").exists());
    let mut done = import(&newsroom, "roll.csv", text, &["--json", "--rejects", &newsroom.shown("left-out.csv")]).exits(1).json();
    assert!(newsroom.root().join("left-out.csv").exists());
    for summary in [&mut rehearsed, &mut done] {
        assert_eq!(sum(summary), 5);
        summary.as_object_mut().unwrap().retain(|key, _| !["stands", "rejects"].contains(&key.as_str()));
    }
    assert_eq!(rehearsed, done);
}

#[test]
fn an_export_taken_back_changes_nothing_and_taken_elsewhere_keeps_the_proofs() {
    let newsroom = Newsroom::new().configured();
    let text = "email,name,status,created_at\nann@example.org,\"Ann, of \"\"Here\"\"\",confirmed,2020-01-02\nbob@example.org,Bób,pending,\ncy@example.org,,bounced,\n";
    import(&newsroom, "roll.csv", text, &[]).ok();
    newsroom.run(["subscribers", "add", "di@example.org"]).ok();
    newsroom.run(["subscribers", "remove", "di@example.org"]).ok();
    let exported = export(&newsroom);
    assert!(exported.contains("general,confirmed,2020-01-02T00:00:00Z,import,\"roll.csv, line 2: status = confirmed\""), "{exported}");
    assert!(exported.contains("di@example.org,,general,ended,"), "{exported}");
    import(&newsroom, "export.csv", &exported, &[]).ok().says(&["3 there already", "1 suppressed before"]);
    assert_eq!(export(&newsroom), exported);
    let other = Newsroom::new().configured();
    import(&other, "export.csv", &exported, &[]).ok().says(&["1 entered as having left", "1 gone"]);
    assert_eq!(export(&other), exported);
}

#[test]
fn a_list_is_kept_equal_to_a_file_and_the_brake_holds() {
    let newsroom = Newsroom::new().subscribers(20).build();
    let sync = |numbers: std::ops::RangeInclusive<usize>, more: &[&str]| {
        let mut text = "email,status\n".to_owned();
        numbers.for_each(|number| text.push_str(&format!("reader{number:04}@example.org,confirmed\n")));
        newsroom.write("members.csv", &text);
        let path = newsroom.shown("members.csv");
        newsroom.run(["subscribers", "sync", path.as_str()].into_iter().chain(more.iter().copied()))
    };
    sync(2..=21, &["--dry-run"]).ok().says(&["1 entered", "19 there already", "1 of 20 on the list are not in the file"]);
    let before = export(&newsroom);
    sync(4..=20, &["--brake", "10%"]).exits(1).says(&[
        "braked: nothing was changed",
        "3 of 20 readers would end, which is more than 10.0 %",
        "--yes",
    ]);
    assert_eq!(export(&newsroom), before);
    sync(3..=21, &["--brake", "10%"]).ok().says(&["1 entered", "2 of 20"]);
    newsroom.run(["subscribers", "show", "reader0001@example.org"]).ok().says(&["general: ended", "by sync: not in members.csv"]);
    sync(20..=21, &["--yes"]).ok().says(&["17 of 19"]);
    // Who was taken off is not brought back by a later file.
    sync(19..=21, &[]).ok().says(&["1 had left before"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c4_after_erasure_no_file_of_the_newsroom_holds_the_address() {
    let sink = Sink::builder().start().await;
    let newsroom = Newsroom::new().issue("2014-12", ISSUE).back_issues().subscribers(300);
    let newsroom = newsroom.subscriber("Petra.Forgotten@example.org", "Petra Forgotten", "confirmed").relay(&sink).build();
    newsroom.run(["send", "2014-12"]).ok();
    let roll = newsroom.shown("roll.csv");
    let _ = fs::remove_file(&roll);
    let left: Vec<PathBuf> = holding(newsroom.root(), "petra.forgotten@");
    assert!(left.iter().any(|path| path.starts_with(newsroom.root().join("data"))), "{left:?}");
    newsroom.run(["subscribers", "erase", "petra.forgotten@example.org"]).exits(1).says(&["cannot be undone", "--yes"]);
    newsroom.run(["subscribers", "erase", "petra.forgotten@example.org", "--yes"]).ok().says(&["is erased"]);
    for text in ["petra.forgotten", "petra forgotten"] {
        assert_eq!(holding(newsroom.root(), text), Vec::<PathBuf>::new(), "{text}");
    }
    let told = import(&newsroom, "again.csv", "email\nPETRA.forgotten@example.org\n", &["--assume", "confirmed"]);
    told.ok().says(&["1 suppressed before"]);
    newsroom.run(["subscribers", "add", "petra.forgotten@example.org"]).exits(1).says(&["is suppressed"]);
    newsroom.run(["subscribers", "show", "petra.forgotten@example.org"]).ok().says(&["is no reader", "erased at the person's request"]);
    newsroom.run(["subscribers", "erase", "nobody@example.org", "--yes"]).exits(1).says(&["is not known here"]);
    newsroom.run(["status"]).ok();
}
