//! Somebody who would have us write to others: a thousand times, from everywhere, in their words.

use std::collections::BTreeSet;

use masthead::desk::stamps;
use masthead::subscription::token::Keys;

use super::{at, join, stamp};
use crate::support::reading::field;
use crate::support::served::Served;
use crate::support::visitor::Visitor;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t9_three_thousand_requests_come_to_the_letters_that_the_caps_allow() {
    let served = Served::new("none").await;
    let mut visitor = Visitor::new(&served.address);
    let mut flood = |count: usize, stamp: &str, who: &dyn Fn(usize) -> [String; 2]| {
        tokio::task::block_in_place(|| {
            for turn in 0..count {
                let [address, from] = who(turn);
                let page = join(&mut visitor, &address, stamp, &from);
                assert!(page.status == 200 && page.body.contains("Look into your mailbox"), "{turn}: {}", page.body);
            }
        });
    };
    let noon = tokio::task::block_in_place(|| stamp(&mut Visitor::new(&served.address)));
    at(&served, "2014-11-28T12:00:05Z").await;
    // One address, in its several spellings, from a thousand networks: the names at the left of the list are not believed.
    let spelt = ["victim@example.com", "Victim@Example.COM", "VICTIM@example.com"];
    flood(1000, &noon, &|turn| [spelt[turn % 3].to_owned(), format!("10.{}.{}.7", turn / 250, turn % 250)]);
    served.sink.wait_for(1).await;
    // A thousand addresses from one network, whose machines are many.
    flood(1000, &noon, &|turn| [format!("v{turn}@d{turn}.example"), format!("203.0.113.{}, 2001:db8:7:7::{turn:x}", turn % 250)]);
    served.sink.wait_for(11).await;
    // A thousand addresses of one domain, and a thousand of everywhere, from as many networks.
    flood(300, &noon, &|turn| [format!("v{turn}@crowd.example"), format!("2001:db8:8:{turn:x}::1")]);
    served.sink.wait_for(111).await;
    flood(700, &noon, &|turn| [format!("w{turn}@e{turn}.example"), format!("2001:db8:9:{turn:x}::1")]);
    served.sink.wait_for(302).await;
    // An hour later there is room again, and nothing that was asked for too much comes after all.
    at(&served, "2014-11-28T13:00:06Z").await;
    flood(1, &noon, &|_| ["friend@example.net".to_owned(), "192.0.2.1".to_owned()]);
    served.sink.wait_for(303).await;
    let all = served.sink.messages();
    let (mut told, sent): (Vec<_>, Vec<_>) =
        all.iter().map(|letter| letter.recipient.to_lowercase()).partition(|to| to.ends_with("@example.org"));
    told.sort();
    assert_eq!(told, ["ada@example.org", "bo@example.org"], "each hears once that all letters are gone");
    let of = |end: &str| sent.iter().filter(|one| one.ends_with(end)).count();
    assert_eq!((sent.len(), of("victim@example.com"), of("@crowd.example"), of("friend@example.net")), (301, 1, 100, 1));
    assert_eq!(sent.iter().filter(|one| one.starts_with('v') && one.contains("@d")).count(), 10);
    assert_eq!(sent.iter().collect::<BTreeSet<_>>().len(), 301, "nobody got two");
    assert_eq!(served.sink.faults(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t9_an_address_gets_one_letter_a_day_and_three_a_month() {
    let served = Served::new("none").await;
    let mut visitor = Visitor::new(&served.address);
    for day in 1..=28 {
        at(&served, &format!("2015-02-{day:02}T12:00:00Z")).await;
        let stamp = tokio::task::block_in_place(|| stamp(&mut visitor));
        at(&served, &format!("2015-02-{day:02}T12:00:0{}Z", 5 + day % 5)).await;
        tokio::task::block_in_place(|| {
            for _ in 0..3 {
                assert_eq!(join(&mut visitor, "victim@example.com", &stamp, &format!("192.0.2.{day}")).status, 200);
            }
            join(&mut visitor, &format!("other{day}@example.com"), &stamp, &format!("192.0.2.{day}"));
        });
    }
    let is_victim = |address: &str| address == "victim@example.com";
    let sent = served.sink.wait_for(28 + 3).await;
    assert_eq!(sent.iter().filter(|letter| is_victim(&letter.recipient)).count(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t9_only_a_stamp_of_ours_for_this_form_of_the_last_day_is_taken() {
    let served = Served::new("none").await;
    let links = served.deliver();
    let sent = served.sink.messages().len();
    let (present, mut visitor) = (served.present.borrow().clone(), Visitor::new(&served.address));
    let (keys, now) = (present.keys().unwrap(), present.now());
    let ago = |seconds: i64| now.checked_sub(jiff::SignedDuration::from_secs(seconds)).unwrap();
    let good = stamps::stamp(&keys, "join", ago(5));
    tokio::task::block_in_place(|| {
        let undo = super::hidden(&visitor.send(&links[0][0], "leave=list"), "undo");
        let mut wrong = vec![
            String::new(),
            "x".to_owned(),
            good.repeat(50),
            undo,
            stamps::stamp(&keys, "join", ago(0)),
            stamps::stamp(&keys, "join", ago(1)),
            stamps::stamp(&keys, "join", ago(-3600)),
            stamps::stamp(&keys, "join", ago(24 * 3600 + 1)),
            stamps::stamp(&keys, "join", jiff::Timestamp::MIN),
            stamps::stamp(&keys, "join", jiff::Timestamp::MAX),
            stamps::stamp(&keys, "undo 1 1", ago(5)),
            stamps::stamp(&Keys::new(1, &[7; 32]), "join", ago(5)),
            stamps::stamp(&Keys::new(9, &[7; 32]), "join", ago(5)),
        ];
        let octets = data_encoding::BASE64URL_NOPAD.decode(good.as_bytes()).unwrap();
        wrong.extend((0..octets.len() * 8).map(|bit| {
            let mut octets = octets.clone();
            octets[bit / 8] ^= 1 << (bit % 8);
            data_encoding::BASE64URL_NOPAD.encode(&octets)
        }));
        for stamp in wrong {
            let page = join(&mut visitor, "victim@example.com", &stamp, "192.0.2.1");
            assert!(page.status == 200 && page.body.contains("One more press"), "{stamp}: {}", page.body);
        }
        // A form that is filled in is no letter either, where what nobody sees is filled in too.
        let form = format!("email=victim%40example.com&list=general&stamp={good}&website=");
        assert!(visitor.send("/subscribe", &format!("{form}x")).body.contains("Look into your mailbox"));
        // One stamp is good for many: those behind one address share a page in a cache, and phones change theirs. What
        // many could do with it is what the caps allow, as with many stamps.
        for turn in 0..30 {
            assert_eq!(join(&mut visitor, &format!("v{turn}@d{turn}.example"), &good, "192.0.2.2").status, 200);
        }
        assert!(visitor.send("/subscribe", &form).body.contains("Look into your mailbox"));
    });
    let letters = served.sink.wait_for(sent + 11).await;
    let victims = letters.iter().filter(|letter| letter.recipient == "victim@example.com").count();
    assert_eq!((letters.len(), victims), (sent + 11, 1), "ten of one network, and the one that was asked for in earnest");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t9_t22_the_letter_has_no_word_of_a_stranger_and_no_host_but_ours() {
    let served = Served::new("none").await;
    let mut visitor = Visitor::new(&served.address);
    let evil = "Host: evil.example\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: gopher\r\nX-Original-URL: //evil.example\r\n\
                X-Rewrite-URL: //evil.example\r\nForwarded: host=evil.example;proto=gopher\r\nX-Forwarded-Prefix: //evil.example\r\n\
                X-Host: evil.example\r\nUser-Agent: evil.example\r\nReferer: https://evil.example/\r\n";
    let raw = |target: &str, form: &str| {
        format!(
            "{} {target} HTTP/1.1\r\n{evil}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            if form.is_empty() { "GET" } else { "POST" },
            form.len()
        )
    };
    let shown = tokio::task::block_in_place(|| visitor.say(raw("http://evil.example/subscribe?next=//evil.example", "").as_bytes()));
    let stamp = super::hidden(&shown, "stamp");
    at(&served, "2014-11-28T12:00:05Z").await;
    let name = "Buy%20pills%20at%20http%3A%2F%2Fpills.example%20%3Ca%20href%3D%2F%2Fpills.example%3E";
    let form = |address: &str| format!("email={address}&name={name}&list=general&lang=pills&subject=pills&stamp={stamp}");
    let pages = tokio::task::block_in_place(|| {
        ["victim%40example.com", "reader0001%40example.org"]
            .map(|address| visitor.say(raw("http://evil.example/subscribe", &form(address)).as_bytes()))
    });
    let letters = served.sink.wait_for(2).await;
    for letter in &letters {
        let whole = mail_parser::MessageParser::default().parse(&letter.bytes).unwrap().body_text(0).unwrap().into_owned();
        let head = String::from_utf8_lossy(&letter.bytes).into_owned();
        for text in [&whole, &head] {
            assert!(!text.contains("pills") && !text.contains("evil") && !text.contains("gopher"), "{text}");
        }
        assert_eq!(field(&letter.bytes, "To"), letter.recipient, "an address, and no name of a stranger's choice");
        assert!(whole.contains("https://news.example.org/subscribe"), "{whole}");
    }
    let first = letters.iter().find(|letter| letter.recipient == "victim@example.com").unwrap();
    let confirm = super::path_in(&first.bytes, "confirm");
    let looked = tokio::task::block_in_place(|| visitor.say(raw(&confirm, "").as_bytes()));
    for page in pages.iter().chain([&shown, &looked]) {
        assert_eq!(page.status, 200);
        assert!(!page.body.contains("evil") && !page.head.contains("evil") && !page.body.contains("pills"), "{}", page.body);
        assert!(!page.body.contains("=\"http") && !page.body.contains("=\"//"), "every link of a page is relative: {}", page.body);
    }
}
