//! One-click departures (RFC 8058) as mail programs of every age and manner send them.

use crate::support::reading::{field, links};
use crate::support::served::Served;
use crate::support::visitor::{Visitor, everything};

/// The value as it stands in RFC 8058 §3.2.
use super::ONE_CLICK;

const MULTIPART: &str = "--B\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--B--\r\n";

/// A head and a body of whatever kind, with its length.
fn said(kind: &str, body: &str) -> String {
    format!("HTTP/1.1\r\nHost: news.example.org\r\n{kind}Content-Length: {}\r\n\r\n{body}", body.len())
}

/// Everything after `POST /u/…`, as somebody has sent it somewhere.
fn ways() -> Vec<String> {
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let multipart = |boundary: &str| format!("Content-Type: multipart/form-data; boundary={boundary}\r\n");
    let odd = "'()+_,-./:=?0123456789012345678901234567890123456789012345678901234567";
    vec![
        said(form, ONE_CLICK),
        said(&multipart("B"), MULTIPART),
        said(&multipart("\"B\""), MULTIPART),
        said("content-type:MULTIPART/FORM-DATA;  charset=utf-8 ; BOUNDARY=\"B\"\r\n", MULTIPART),
        said(&multipart(&format!("\"{odd}\"")), &MULTIPART.replace("--B", &format!("--{odd}"))),
        said(&multipart("B"), &format!("preamble\r\n{}epilogue", MULTIPART.replace("--B\r\n", "--B \t\r\n"))),
        said(&multipart("C"), MULTIPART),
        said(&multipart(&"B".repeat(500)), MULTIPART),
        said("Content-Type: multipart/form-data\r\n", "--B\r\n--B\r\n--B"),
        said(form, ""),
        said("", ""),
        said("", "\u{0}\u{1}\u{7f}"),
        said(form, "List-Unsubscribe=One-Click&leave=none&x=%ff%fe%00"),
        said(form, "list-unsubscribe=one-click"),
        said("Content-Type: application/json\r\n", "{\"List-Unsubscribe\":\"One-Click\"}"),
        said("Cookie: session=1\r\nAuthorization: Basic eDp5\r\n", ONE_CLICK),
        said(&format!("Origin: https://mail.example\r\nReferer: https://mail.example/\r\nSec-Fetch-Site: cross-site\r\n{form}"), ONE_CLICK),
        said(&format!("Expect: 100-continue\r\n{form}"), ONE_CLICK),
        format!(
            "HTTP/1.1\r\nHost: x\r\n{form}Transfer-Encoding: chunked\r\n\r\n5\r\nList-\r\n15;a=b\r\nUnsubscribe=One-Click\r\n0\r\nX: y\r\n\r\n"
        ),
        format!("HTTP/1.1\r\nHost: x\r\n{form}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        format!("HTTP/1.0\r\n{form}Content-Length: 26\r\n\r\n{ONE_CLICK}"),
        "HTTP/1.0\r\n\r\n".to_owned(),
        "HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        format!("HTTP/1.1\r\nHost: x\r\nAccept: image/png\r\nAccept-Language: tlh\r\n{form}Content-Length: 26\r\n\r\n{ONE_CLICK}"),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l3_l5_l6_every_way_of_sending_the_one_click_is_answered_200_and_ends_one_subscription() {
    let ways = ways();
    let served = Served::with_readers("none", ways.len() + 1).await;
    served.newsroom.run(["send", "2014-12"]).ok();
    let mut letters = served.sink.messages();
    letters.sort_by_key(|letter| letter.recipient.clone());
    for (letter, way) in letters.iter().zip(&ways) {
        let one = field(&letter.bytes, "List-Unsubscribe");
        assert_eq!(one, format!("<{}>", links(&letter.bytes)[0]), "exactly one https address");
        assert_eq!(field(&letter.bytes, "List-Unsubscribe-Post"), ONE_CLICK);
        let path = one.trim_matches(['<', '>']).strip_prefix("https://news.example.org").unwrap();
        for turn in 0..2 {
            let page = tokio::task::block_in_place(|| Visitor::new(&served.address).say(format!("POST {path} {way}").as_bytes()));
            assert_eq!(page.status, 200, "time {turn}: {way:?}: {}", page.head);
            assert!(page.header("location").is_none() && page.header("set-cookie").is_none(), "{way:?}: {}", page.head);
            assert!(page.body.contains("You are unsubscribed"), "{way:?}: {}", page.body);
            assert!(!page.body.contains("reader00"), "t7: {}", page.body);
        }
        let (standing, channel) = served.standing(&letter.recipient);
        assert_eq!((standing.as_str(), channel.as_str()), ("ended", "one-click"), "{way:?}");
    }
    served.newsroom.run(["lists"]).ok().says(&["1 confirmed", &format!("{} ended", ways.len())]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l6_what_is_no_request_or_is_cut_short_ends_nothing() {
    let served = Served::new("none").await;
    let link = &served.deliver()[0][0];
    let before = everything(&served.newsroom.path("data/masthead.db"));
    let wrong = [
        (format!("POST {link} HTTP/1.1\r\nContent-Length: 26\r\n\r\n{ONE_CLICK}"), 200),
        (format!("POST {link} HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"), 400),
        (format!("POST {link} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"), 400),
        (format!("POST {link} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\nab"), 400),
        (format!("POST {link} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), 400),
        (format!("POST {link} HTTP/1.1\r\nHost: x\r\n folded: yes\r\n\r\n"), 400),
        (format!("POST\t{link} HTTP/1.1\r\nHost: x\r\n\r\n"), 400),
        (format!("POST {link} HTTP/9.9\r\nHost: x\r\n\r\n"), 400),
    ];
    for (octets, status) in wrong.iter().skip(1) {
        let page = tokio::task::block_in_place(|| Visitor::new(&served.address).say(octets.as_bytes()));
        assert_eq!(page.status, *status, "{octets:?}");
    }
    assert_eq!(everything(&served.newsroom.path("data/masthead.db")), before);
    let page = tokio::task::block_in_place(|| Visitor::new(&served.address).say(wrong[0].0.as_bytes()));
    assert_eq!(page.status, 200, "a client that forgets its Host has still asked to leave");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l8_t7_an_old_link_acts_on_its_own_reader_and_list_whatever_has_become_of_them() {
    let served = Served::with_tables("none", 2, "[[list]]\nid = \"extra\"\nname = \"Extra\"\n").await;
    let links = served.deliver();
    let mut visitor = Visitor::new(&served.address);
    let mut leave = || tokio::task::block_in_place(|| visitor.send(&links[0][0], ONE_CLICK));
    leave();
    served.newsroom.run(["subscribers", "add", "reader0001@example.org", "--list", "general"]).ok();
    served.newsroom.run(["subscribers", "add", "reader0001@example.org", "--list", "extra"]).ok();
    let page = leave();
    assert_eq!(served.standing("reader0001@example.org").0, "ended");
    assert!(page.body.contains("one more list") && !page.body.contains("reader0001"), "{}", page.body);
    served.newsroom.run(["lists"]).ok().says(&["1 confirmed"]);
    let show = || served.newsroom.run(["subscribers", "show", "reader0002@example.org", "--json"]).ok().stdout;
    let other = show();
    served.newsroom.run(["subscribers", "erase", "reader0001@example.org", "--yes"]);
    let page = leave();
    assert!(page.status == 200 && page.body.contains("You are unsubscribed") && !page.body.contains('•'), "{}", page.body);
    assert_eq!(show(), other);
}
