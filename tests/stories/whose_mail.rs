//! Whose readers are whose: by the domain of the address, or where a resolver is set by who takes its mail (STANDARDS P3).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::name_server::{NameServer, mx};
use crate::support::newsroom::{ISSUE, Newsroom};
use crate::support::sink::Sink;

/// How many readers each provider has by the account of the mailing.
fn shares(newsroom: &Newsroom) -> BTreeMap<String, u64> {
    let account: Value = serde_json::from_str(&newsroom.run(["status", "2014-12", "--json"]).ok().stdout).unwrap();
    let share = |share: &Value| (share["provider"].as_str().unwrap().to_owned(), share["tally"]["accepted"].as_u64().unwrap());
    account["providers"].as_array().unwrap().iter().map(share).collect()
}

fn newsroom(sink: &Sink, table: &str) -> Newsroom {
    let newsroom = Newsroom::new().issue("2014-12", ISSUE).back_issues().subscribers(2);
    let newsroom = newsroom.subscriber("ann@gmail.com", "Ann", "confirmed").subscriber("alto@choir.example", "Alto", "confirmed");
    newsroom.subscriber("clerk@town.example", "Clerk", "confirmed").table(table).relay(sink).build()
}

fn counted(shares: &[(&str, u64)]) -> BTreeMap<String, u64> {
    shares.iter().map(|&(provider, many)| (provider.to_owned(), many)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p3_without_a_resolver_the_address_tells_the_provider() {
    let sink = Sink::builder().start().await;
    let newsroom = newsroom(&sink, "[[provider]]\nid = \"town\"\ndomains = [\"town.example\"]");
    newsroom.run(["send", "2014-12"]).ok();
    assert_eq!(shares(&newsroom), counted(&[("google", 1), ("town", 1), ("other", 3)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p3_with_a_resolver_a_choir_whose_mail_is_with_google_counts_as_googles() {
    let sink = Sink::builder().start().await;
    let names = NameServer::start(|question| match question.name.as_str() {
        "choir.example" => vec![question.answer(&[mx(10, "alt1.aspmx.l.google.com"), mx(1, "aspmx.l.google.com")])],
        _ => vec![question.reply(3, &[])],
    })
    .await;
    let newsroom = newsroom(&sink, &format!("[delivery]\nresolver = \"{}\"", names.address()));
    newsroom.run(["send", "2014-12"]).ok();
    assert_eq!(shares(&newsroom), counted(&[("google", 2), ("other", 3)]));
    assert!(!names.asked().contains(&"gmail.com".to_owned()), "whom the table names nobody has to ask for: {:?}", names.asked());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p3_a_resolver_that_is_not_there_holds_up_no_issue() {
    let sink = Sink::builder().start().await;
    let gone = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let newsroom = newsroom(&sink, &format!("[delivery]\nresolver = \"{gone}\""));
    newsroom.run(["send", "2014-12"]).ok();
    assert_eq!(shares(&newsroom), counted(&[("google", 1), ("other", 4)]));
}
