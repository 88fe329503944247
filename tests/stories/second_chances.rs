//! Readers who were refused for a reason that has passed, and readers who joined after everybody else had theirs.

use crate::support::newsroom::{ISSUE, Newsroom};
use crate::support::sink::{Action, At, Sink, When};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn m6_who_was_blocked_gets_a_second_try_under_the_same_names_and_who_does_not_exist_gets_none() {
    let blocking = Sink::builder()
        .on(At::Dot, When::to("reader0001@example.org"), Action::reply("550 5.7.1 Looks like spam"))
        .on(At::Rcpt, When::to("reader0002@example.org"), Action::reply("550 5.1.1 No such reader"))
        .start()
        .await;
    let newsroom = Newsroom::ready(4, &blocking);
    newsroom.run(["send", "2014-12"]).ok().says(&["2014-12 is out", "2 refused"]);
    let first: Vec<_> = blocking.log().into_iter().filter(|line| line.recipient == "reader0001@example.org").collect();

    let calm = Sink::builder().start().await;
    let newsroom = newsroom.relay(&calm).configured();
    newsroom.run(["retry", "2014-12", "--failed"]).ok().says(&["1 reader", "`masthead send 2014-12` sends to them"]);
    newsroom.run(["status"]).ok().says(&["2014-12  under way: 2 of 4 accepted, 1 open"]);
    newsroom.run(["send", "2014-12"]).ok().says(&["2014-12 is out", "3 accepted", "1 refused"]);
    let second = calm.log();
    assert_eq!((first.len(), second.len()), (1, 1));
    assert_eq!(second[0].recipient, first[0].recipient);
    assert_eq!(second[0].sender, first[0].sender);
    assert_eq!(second[0].message_id, first[0].message_id);
    assert!(second[0].message_id.starts_with('<'));
    let account = newsroom.run(["status", "2014-12"]).ok().says(&["One address does not exist any more"]);
    assert!(!account.stdout.contains("--failed"), "nobody is left whom another try could help: {account}");
    newsroom.run(["retry", "2014-12", "--failed"]).ok().says(&["nobody is left to try again"]);
    newsroom.run(["status"]).ok().says(&["2014-12  out: 3 of 4 accepted, 0 open"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_joined_since_gets_it_once() {
    let sink = Sink::builder().start().await;
    let newsroom = Newsroom::ready(3, &sink);
    newsroom.run(["send", "2014-12"]).ok();
    newsroom.run(["subscribers", "add", "late@example.org"]).ok();
    let late = ["send", "2014-12", "--list", "general", "--since", "2014-01-01"];
    newsroom.run(late).ok().says(&["2014-12 is out", "4 accepted"]);
    newsroom.run(late).ok().says(&["4 accepted"]);
    assert_eq!(sink.recipients().iter().filter(|recipient| *recipient == "late@example.org").count(), 1);
    assert_eq!(sink.arrived(), 4);
    newsroom.run(["send", "2014-12", "--list", "general", "--since", "2999-01-01"]).ok();
    assert_eq!(sink.arrived(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_that_nobody_knows_and_a_date_that_is_none_are_refused_before_anything_is_opened() {
    let sink = Sink::builder().start().await;
    let newsroom = Newsroom::new().issue("2014-12", ISSUE).back_issues().subscribers(1).relay(&sink).build();
    let unknown = ["send", "2014-12", "--list", "weekly", "--since", "2014-01-01"];
    newsroom.run(unknown).exits(1).says(&["there is no list `weekly`", "general"]);
    newsroom.run(["send", "2014-12", "--list", "general", "--since", "soon"]).exits(1).says(&["`soon` is no date"]);
    newsroom.run(["deliveries", "2014-12"]).exits(1).says(&["2014-12 has no mailing"]);
    newsroom.run(["send", "2014-12", "--list", "general"]).exits(2).says(&["--since"]);
}
