//! Programs that only look, and what a visit leaves behind: nothing in the store, and nothing about anybody in the log.

use std::collections::BTreeSet;
use std::net::TcpListener;

use mail_parser::MessageParser;

use super::{ONE_CLICK, hidden, join, path_in};
use crate::support::daemon::Daemon;
use crate::support::newsroom::Newsroom;
use crate::support::served::Served;
use crate::support::sink::Sink;
use crate::support::visitor::{Visitor, everything};

/// Every address of ours in either part of a letter and in its head, as a path.
fn paths(letter: &[u8]) -> BTreeSet<String> {
    let message = MessageParser::default().parse(letter).unwrap();
    let parts = [message.body_text(0), message.body_html(0)].into_iter().flatten().collect::<Vec<_>>().join("\n");
    let head = String::from_utf8_lossy(letter).replace("\r\n ", "");
    let all = format!("{head}\n{parts}");
    let links = all.split("https://news.example.org").skip(1).map(|rest| rest.split(['"', '>', '<', ')', ' ', '\r', '\n']).next().unwrap());
    links.filter(|path| path.starts_with('/') && !path.contains('=')).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l7_t8_a_hundred_looks_at_every_link_of_every_letter_change_not_one_row() {
    let served = Served::new("two").await;
    served.prove();
    let mut visitor = Visitor::new(&served.address);
    let stamp = tokio::task::block_in_place(|| super::stamp(&mut visitor));
    super::at(&served, "2014-11-28T12:00:05Z").await;
    tokio::task::block_in_place(|| {
        for name in ["eve@example.org", "reader0003@example.org"] {
            assert_eq!(join(&mut visitor, name, &stamp, "192.0.2.1").status, 200);
        }
    });
    let letters = served.sink.wait_for(4).await;
    served.newsroom.run(["approve", "2014-12", "--as", "ada@example.org"]).ok();
    served.newsroom.run(["approve", "2014-12", "--as", "bo@example.org"]).ok();
    served.deliver();
    let links: BTreeSet<String> = served.sink.messages().iter().chain(&letters).flat_map(|letter| paths(&letter.bytes)).collect();
    for page in ["/u/", "/preferences/", "/confirm/", "/approve/", "/subscribe", "/issues/"] {
        assert!(links.iter().any(|link| link.starts_with(page)), "no {page} in {links:?}");
    }
    let database = served.newsroom.path("data/masthead.db");
    let before = everything(&database);
    tokio::task::block_in_place(|| {
        for turn in 0..100 {
            for link in &links {
                let method = ["GET", "HEAD", "OPTIONS", "GET"][turn % 4];
                // As a scanner, a browser that fetches ahead, and one in which somebody follows a link.
                let head = ["", "User-Agent: scanner\r\n", "Sec-Purpose: prefetch\r\n", "Sec-Fetch-Mode: navigate\r\n"][turn % 4];
                let page = visitor.ask(method, link, head, "");
                assert!(page.status != 500 && page.header("location").is_none(), "{method} {link}: {}", page.head);
                let body = page.body.replace("<script type=\"application/ld+json\">", "");
                assert!(page.header("set-cookie").is_none() && !body.contains("<script"), "{method} {link}");
            }
        }
    });
    let after = everything(&database);
    for (table, rows) in &before {
        assert_eq!(&after[table], rows, "{table}");
    }
    served.newsroom.run(["subscribers", "show", "eve@example.org"]).ok().says(&["is no reader"]);
}

/// A port that was free a moment ago.
fn port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t7_a_whole_visit_leaves_no_link_and_no_address_in_the_log_however_much_is_logged() {
    for level in ["info", "debug"] {
        let sink = Sink::builder().start().await;
        let address = format!("127.0.0.1:{}", port());
        let newsroom = Newsroom::new().with_known_key().subscribers(1).relay(&sink).table(&format!("[web]\nlisten = \"{address}\""));
        let newsroom = newsroom.variable("RUST_LOG", level).build();
        let mut daemon = Daemon::begin(&newsroom, Some("2014-11-28T12:00:00Z"));
        // Whoever logs that much must be listened to, or it waits for an ear.
        let begun = daemon.process().hears("at work");
        let mut visitor = Visitor::new(&address);
        let tokens = tokio::task::block_in_place(|| {
            let stamp = super::stamp(&mut visitor);
            daemon.set("2014-11-28T12:00:05Z");
            let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
            loop {
                let page = join(&mut visitor, "eve@secret.example", &stamp, "192.0.2.77");
                if page.body.contains("Look into your mailbox") {
                    break;
                }
                assert!(std::time::Instant::now() < deadline, "at {level}, the clock stands still: {}", page.body);
            }
            stamp
        });
        let confirm = path_in(&sink.wait_for(1).await[0].bytes, "confirm");
        tokio::task::block_in_place(|| visitor.ask("GET", &confirm, "", ""));
        tokio::task::block_in_place(|| visitor.send(&confirm, "confirm=yes"));
        let preferences = path_in(&sink.wait_for(2).await[1].bytes, "preferences");
        let keys = masthead::subscription::token::Keys::new(1, &key());
        let bearer = masthead::subscription::token::Bearer { subscriber: masthead::subscription::SubscriberId(2), list_number: 1 };
        let leave = format!("/u/{}", keys.sign(masthead::subscription::token::Purpose::Unsubscribe, bearer).url());
        tokio::task::block_in_place(|| {
            for form in ["do=save&list=general&name=Evelyn+Secretive", "do=export", "do=nothing", "do=save&name=%00"] {
                visitor.send(&preferences, form);
            }
            let page = visitor.send(&leave, ONE_CLICK);
            assert_eq!((page.status, page.header("referrer-policy")), (200, Some("no-referrer")));
            visitor.send(&leave, &format!("undo={}", hidden(&page, "undo")));
            visitor.send(&leave, "leave=all");
            visitor.send(&format!("{leave}A"), "leave=all");
            visitor.send("/subscribe", "email=eve%40secret.example&list=general&stamp=x");
        });
        let log = begun + &daemon.stop().ok().stderr;
        assert!(log.contains("a reader has joined") && log.contains("a reader has left"), "{log}");
        let token = |link: &str| link.rsplit_once('/').unwrap().1.to_owned();
        for secret in [token(&confirm), token(&preferences), token(&leave), tokens] {
            assert!(!log.contains(&secret), "a link at {level}: {log}");
        }
        for secret in ["secret", "Secretive", "192.0.2.77", "reader0001"] {
            assert!(!log.contains(secret), "{secret} at {level}: {log}");
        }
    }
}

/// The key of a newsroom whose key is known.
fn key() -> [u8; 32] {
    let octets = data_encoding::HEXLOWER.decode("0123456789abcdef".repeat(4).as_bytes()).unwrap();
    octets.try_into().unwrap()
}
