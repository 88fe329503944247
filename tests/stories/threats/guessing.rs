//! Links that were altered, swapped or guessed: one page for all of them, in no other time.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use data_encoding::BASE64URL_NOPAD;
use masthead::subscription::SubscriberId;
use masthead::subscription::token::{Bearer, Keys, Purpose};

use crate::support::served::Served;
use crate::support::visitor::{Visitor, encoded, everything};

/// The readers' pages that a link opens, what the link is for, and a form that acts there.
const PAGES: [(&str, Purpose, &str); 3] = [
    ("/u", Purpose::Unsubscribe, "leave=all"),
    ("/preferences", Purpose::Preferences, "do=leave"),
    ("/confirm", Purpose::Confirm, "confirm=yes"),
];

fn bearer(purpose: Purpose) -> Bearer {
    Bearer { subscriber: SubscriberId(1), list_number: u32::from(purpose != Purpose::Confirm) }
}

/// A newsroom with readers, a proof, and somebody who waits to be confirmed; its keys; and the path of an editor's link.
async fn newsroom() -> (Served, Keys, String) {
    let served = Served::new("one").await;
    let approve = served.prove().remove(0);
    let mut visitor = Visitor::new(&served.address);
    let stamp = tokio::task::block_in_place(|| super::stamp(&mut visitor));
    super::at(&served, "2014-11-28T12:00:05Z").await;
    tokio::task::block_in_place(|| super::join(&mut visitor, "eve@example.org", &stamp, "192.0.2.1"));
    served.sink.wait_for(3).await;
    let keys = served.present.borrow().keys().unwrap();
    (served, keys, approve)
}

/// The octets of a token with one bit after the other flipped.
fn flipped(token: &str) -> impl Iterator<Item = String> {
    let octets = BASE64URL_NOPAD.decode(token.as_bytes()).unwrap();
    (0..octets.len() * 8).map(move |bit| {
        let mut octets = octets.clone();
        octets[bit / 8] ^= 1 << (bit % 8);
        BASE64URL_NOPAD.encode(&octets)
    })
}

/// Sends a form to each of these and expects one and the same page that says nothing.
fn are_all_unknown(served: &Served, paths: impl Iterator<Item = String>, form: &str) -> usize {
    let mut visitor = Visitor::new(&served.address);
    let (mut pages, mut count) = (BTreeSet::new(), 0);
    for path in paths {
        for page in [visitor.send(&path, form), visitor.ask("GET", &path, "", "")] {
            assert_eq!(page.status, 404, "{path}");
            pages.insert(page.body);
        }
        count += 1;
    }
    assert_eq!(pages.len(), 1, "{pages:?}");
    assert!(pages.iter().all(|page| page.contains("This link opens nothing") && !page.contains('•')));
    count
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t6_a_link_with_a_flipped_bit_or_swapped_purpose_list_or_reader_opens_nothing() {
    let (served, keys, approve) = newsroom().await;
    let before = everything(&served.newsroom.path("data/masthead.db"));
    tokio::task::block_in_place(|| {
        for (page, purpose, form) in PAGES {
            let real = keys.sign(purpose, bearer(purpose)).url();
            let bits = flipped(&real).map(|token| format!("{page}/{token}"));
            assert!(are_all_unknown(&served, bits, form) >= 19 * 8);
            let other_purposes = Purpose::ALL.into_iter().filter(|other| *other != purpose);
            let other_purposes = other_purposes.map(|other| keys.sign(other, bearer(purpose)).url());
            let foreign = Keys::new(1, &[9; 32]).sign(purpose, bearer(purpose)).url();
            // The MAC of one bearer behind the name of another: octets 1 and 2 are list and reader.
            let swapped = [[2, 1], [1, 2], [0, 2], [2, 2]].map(|name| {
                let mut octets = BASE64URL_NOPAD.decode(real.as_bytes()).unwrap();
                octets[1..3].copy_from_slice(&name);
                BASE64URL_NOPAD.encode(&octets)
            });
            let editors = approve.rsplit_once('/').unwrap().1.to_owned();
            let wrong = other_purposes.chain(swapped).chain([foreign, editors]).map(|token| format!("{page}/{token}"));
            are_all_unknown(&served, wrong, form);
        }
        let (path, real) = approve.rsplit_once('/').unwrap();
        are_all_unknown(&served, flipped(real).map(|token| format!("{path}/{token}")), "approve=yes");
        let of_readers = Purpose::ALL.map(|purpose| keys.sign(purpose, bearer(purpose)).url());
        are_all_unknown(&served, of_readers.into_iter().map(|token| format!("{path}/{token}")), "approve=yes");
    });
    assert_eq!(everything(&served.newsroom.path("data/masthead.db")), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t6_a_link_that_is_no_text_or_endless_or_has_a_path_in_it_has_the_same_page() {
    let (served, keys, approve) = newsroom().await;
    let real = keys.sign(Purpose::Unsubscribe, bearer(Purpose::Unsubscribe)).url();
    let issue = approve.rsplit_once('/').unwrap().0.to_owned();
    let odd = [
        "%00".to_owned(),
        format!("{real}%00"),
        format!("%00{real}"),
        "%ff".to_owned(),
        "%c3%28".to_owned(),
        "%".to_owned(),
        "%zz".to_owned(),
        "..%2f..%2fetc%2fpasswd".to_owned(),
        "%2e%2e".to_owned(),
        format!("{real}%2f"),
        format!("{real}%0d%0aLocation:%20x"),
        "%F0%9F%91%A9".to_owned(),
        "A".repeat(60_000),
        real.repeat(100),
    ];
    tokio::task::block_in_place(|| {
        for (page, form) in [("/u", "leave=all"), ("/preferences", "do=export"), ("/confirm", "confirm=yes"), (&issue, "approve=yes")] {
            are_all_unknown(&served, odd.iter().map(|token| format!("{page}/{token}")), form);
        }
        are_all_unknown(&served, odd.iter().map(|odd| format!("/approve/{odd}/{real}")), "approve=yes");
        let mut visitor = Visitor::new(&served.address);
        let spelt = encoded(&real);
        assert_eq!(visitor.ask("GET", &format!("/u/{spelt}"), "", "").status, 200, "a mail program that encodes too much");
        assert_eq!(Visitor::new(&served.address).ask("GET", &format!("/u/{}", "A".repeat(70_000)), "", "").status, 414);
    });
    served.newsroom.run(["lists"]).ok().says(&["3 confirmed"]);
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A token of a key that is held and of a reader that there is, with a guessed MAC.
    fn token(&mut self) -> String {
        let guess = [self.next().to_be_bytes(), self.next().to_be_bytes()].concat();
        BASE64URL_NOPAD.encode(&[&[1, 1, 1], guess.as_slice()].concat())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t6_ten_thousand_guesses_open_nothing_and_take_no_longer_than_nonsense() {
    let (served, _, approve) = newsroom().await;
    let issue = approve.rsplit_once('/').unwrap().0.to_owned();
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    tokio::task::block_in_place(|| {
        for page in ["/u", "/preferences", "/confirm", &issue] {
            let guesses: Vec<String> = (0..1_250).map(|_| format!("{page}/{}", dice.token())).collect();
            are_all_unknown(&served, guesses.into_iter(), "approve=yes");
        }
        let mut visitor = Visitor::new(&served.address);
        let mut times = [Vec::new(), Vec::new()];
        for turn in 0..400 {
            let token = if turn % 2 == 0 { dice.token() } else { "A".repeat(26) };
            let begun = Instant::now();
            assert_eq!(visitor.send(&format!("/u/{token}"), "leave=all").status, 404);
            times[turn % 2].push(begun.elapsed());
        }
        let [guessed, nonsense] = times.map(|mut times: Vec<Duration>| {
            times.sort();
            times[times.len() / 2]
        });
        assert!(guessed < nonsense * 2 && nonsense < guessed * 2, "{guessed:?} and {nonsense:?}");
    });
    served.newsroom.run(["lists"]).ok().says(&["3 confirmed"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t6_a_new_key_keeps_every_old_link_and_a_key_that_is_taken_out_ends_them() {
    let (served, keys, approve) = newsroom().await;
    let mut links: Vec<String> =
        PAGES.iter().map(|(page, purpose, _)| format!("{page}/{}", keys.sign(*purpose, bearer(*purpose)).url())).collect();
    links.push(approve);
    let old = std::fs::read_to_string(served.newsroom.path("data/token.key")).unwrap();
    let fresh = "fedcba9876543210".repeat(4);
    for (text, status) in
        [(format!("{fresh}\n{old}"), 200), (format!("{fresh}\n"), 404), (format!("{}\n{fresh}\n{old}", "ab".repeat(32)), 200)]
    {
        served.newsroom.write("data/token.key", &text);
        for link in &links {
            assert_eq!(served.ask("GET", link, None).status, status, "{link}");
        }
    }
    served.newsroom.write("data/token.key", &format!("{fresh}\n"));
    for link in &links[..2] {
        assert_eq!(served.ask("POST", link, Some("leave=all")).status, 404);
    }
    served.newsroom.run(["lists"]).ok().says(&["3 confirmed"]);
}
