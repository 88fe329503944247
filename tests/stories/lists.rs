//! A newsroom with two lists: an issue goes to those it names, and to each reader once.

use std::collections::BTreeMap;

use crate::support::linter::lint;
use crate::support::newsroom::{ISSUE, Newsroom};
use crate::support::reading::{field, links};
use crate::support::sink::Sink;

const WEEKLY: &str = "[[list]]\nid = \"weekly\"\nname = \"The Weekly, Short\"";

fn to(lists: &str) -> String {
    ISSUE.replace("lang: en", &format!("lang: en\nlists: {lists}"))
}

/// Ann reads both lists, Bob the first, Cy the second.
fn newsroom(text: &str, sink: &Sink) -> Newsroom {
    let newsroom = Newsroom::new().issue("2014-12", text).back_issues().table(WEEKLY).relay(sink).build();
    for (address, list) in [("ann", "general"), ("ann", "weekly"), ("bob", "general"), ("cy", "weekly")] {
        newsroom.run(["subscribers", "add", &format!("{address}@example.org"), "--list", list]).ok();
    }
    newsroom
}

/// Which list each reader got it on account of.
async fn sent(newsroom: &Newsroom, sink: &Sink) -> BTreeMap<String, String> {
    newsroom.run(["send", "2014-12"]).ok();
    sink.wait_until_left().await;
    let messages = sink.messages();
    assert!(messages.iter().all(|message| lint(&message.bytes).is_empty()));
    let found: BTreeMap<String, String> =
        messages.iter().map(|message| (message.recipient.clone(), field(&message.bytes, "List-Id"))).collect();
    assert_eq!(found.len(), messages.len(), "somebody got it twice");
    found
}

const GENERAL: &str = "The Letter <general.news.example.org>";
const SHORT: &str = "\"The Weekly, Short\" <weekly.news.example.org>";

fn as_wanted(wanted: &[(&str, &str)]) -> BTreeMap<String, String> {
    wanted.iter().map(|(name, list)| (format!("{name}@example.org"), (*list).to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_of_two_lists_gets_the_issue_once_on_account_of_the_first() {
    for (lists, ann) in [("[general, weekly]", GENERAL), ("[weekly, general]", SHORT)] {
        let sink = Sink::builder().start().await;
        let newsroom = newsroom(&to(lists), &sink);
        assert_eq!(sent(&newsroom, &sink).await, as_wanted(&[("ann", ann), ("bob", GENERAL), ("cy", SHORT)]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issue_goes_to_the_lists_that_it_names_and_else_to_the_usual_ones() {
    let sink = Sink::builder().start().await;
    let only_weekly = newsroom(&to("[weekly]"), &sink);
    assert_eq!(sent(&only_weekly, &sink).await, as_wanted(&[("ann", SHORT), ("cy", SHORT)]));

    let sink = Sink::builder().start().await;
    let both = newsroom(ISSUE, &sink);
    assert_eq!(sent(&both, &sink).await.len(), 3);

    let sink = Sink::builder().start().await;
    let usual = newsroom(ISSUE, &sink).variable("MASTHEAD_LIST__1__DEFAULT", "true");
    assert_eq!(sent(&usual, &sink).await, as_wanted(&[("ann", GENERAL), ("bob", GENERAL)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaving_one_list_leaves_the_other_and_the_links_tell_them_apart() {
    let sink = Sink::builder().start().await;
    let newsroom = newsroom(&to("[general, weekly]"), &sink);
    let link = |list: &str| {
        let told = newsroom.run(["render", "2014-12", "--to", "eml", "--subscriber", "ann@example.org"]).ok().stdout;
        assert!(field(told.as_bytes(), "List-Id").contains(list), "{told}");
        links(told.as_bytes())
    };
    let first = link("general");
    newsroom.run(["subscribers", "remove", "ann@example.org", "--list", "general"]).ok();
    let second = link("weekly");
    assert!(first[0] != second[0] && first[1] != second[1], "{first:?} {second:?}");
    assert_eq!(sent(&newsroom, &sink).await, as_wanted(&[("ann", SHORT), ("bob", GENERAL), ("cy", SHORT)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_that_is_not_there_is_a_fault_of_the_issue() {
    let sink = Sink::builder().start().await;
    let newsroom = newsroom(&to("[weakly]"), &sink);
    newsroom.run(["send", "2014-12"]).exits(1).says(&["issues/2014-12.md:9:", "weakly"]);
    newsroom.run(["subscribers", "add", "dee@example.org"]).exits(1).says(&["say which list with `--list`", "general", "weekly"]);
    assert_eq!(sink.connections(), 0);
}
