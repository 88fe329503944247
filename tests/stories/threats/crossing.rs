//! Pages of other sites that press our buttons, frame our pages, or would have us lead to theirs.

use masthead::subscription::SubscriberId;
use masthead::subscription::token::{Bearer, Purpose};

use super::{ONE_CLICK, at, stamp};
use crate::support::demo::Page;
use crate::support::served::Served;
use crate::support::visitor::{Visitor, everything};

const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

/// What browsers say of a form on another site's page.
const ELSEWHERE: [&str; 6] = [
    "Origin: https://evil.example\r\nReferer: https://evil.example/page\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n",
    "Origin: null\r\nSec-Fetch-Site: cross-site\r\n",
    "Origin: https://evil.news.example.org\r\nSec-Fetch-Site: same-site\r\n",
    "Origin: https://evil.example\r\n",
    "Referer: https://evil.example/https://news.example.org/\r\n",
    "Origin: https://news.example.org.evil.example\r\nReferer: https://news.example.org/\r\n",
];

/// What they say of a form on ours, which tells nobody where it is; and what other programs say.
const HERE: [&str; 4] = [
    "Origin: null\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-User: ?1\r\n",
    "Origin: null\r\n",
    "Origin: https://news.example.org\r\nReferer: https://news.example.org/preferences/x\r\n",
    "",
];

/// A newsroom with a proof and one who waits to be confirmed, and links to every page: leave, preferences, confirm, approve.
async fn newsroom() -> (Served, [String; 4]) {
    let served = Served::new("two").await;
    let approve = served.prove().remove(0);
    let mut visitor = Visitor::new(&served.address);
    let stamp = tokio::task::block_in_place(|| stamp(&mut visitor));
    at(&served, "2014-11-28T12:00:05Z").await;
    tokio::task::block_in_place(|| super::join(&mut visitor, "eve@example.org", &stamp, "192.0.2.1"));
    let confirm = super::path_in(&served.sink.wait_for(3).await[2].bytes, "confirm");
    let keys = served.present.borrow().keys().unwrap();
    let link = |purpose| keys.sign(purpose, Bearer { subscriber: SubscriberId(1), list_number: 1 }).url();
    let links = [format!("/u/{}", link(Purpose::Unsubscribe)), format!("/preferences/{}", link(Purpose::Preferences)), confirm, approve];
    (served, links)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t11_no_page_of_another_site_presses_a_button_of_ours_but_the_one_for_leaving() {
    let (served, [leave, preferences, confirm, approve]) = newsroom().await;
    let buttons = [
        (&preferences, "do=save&list=general&name=Mallory", "Nothing was changed"),
        (&preferences, "do=leave", "Nothing was changed"),
        (&preferences, "do=export", "Nothing was changed"),
        (&preferences, "do=erase", "Nothing was changed"),
        (&confirm, "confirm=yes", "Nothing has changed yet"),
        (&approve, "approve=yes", "Nothing was approved"),
    ];
    let database = served.newsroom.path("data/masthead.db");
    let before = everything(&database);
    let mut visitor = Visitor::new(&served.address);
    tokio::task::block_in_place(|| {
        for head in ELSEWHERE {
            for (path, form, words) in buttons {
                let page = visitor.ask("POST", path, &format!("{FORM}{head}"), form);
                assert!(page.status == 400 && page.body.contains(words), "{head} {form}: {} {}", page.status, page.body);
                assert!(!page.body.contains("reader0001") && page.header("access-control-allow-origin").is_none(), "{}", page.body);
            }
        }
    });
    assert_eq!(everything(&database), before);
    tokio::task::block_in_place(|| {
        let page = visitor.ask("POST", &leave, &format!("{FORM}{}", ELSEWHERE[0]), ONE_CLICK);
        assert!(page.status == 200 && page.body.contains("You are unsubscribed"), "the link is the authority: {}", page.body);
        for head in HERE {
            let page = visitor.ask("POST", &preferences, &format!("{FORM}{head}"), "do=save&list=general&name=Ann");
            assert!(page.status == 200 && page.body.contains("<h1>Saved</h1>"), "{head}: {}", page.body);
            for (path, form) in [(&confirm, "confirm=yes"), (&approve, "approve=yes")] {
                assert_eq!(visitor.ask("POST", path, &format!("{FORM}{head}"), form).status, 200, "{head}");
            }
        }
    });
    assert_eq!(served.standing("eve@example.org").0, "confirmed");
    served.newsroom.run(["status"]).ok().says(&["1 of 2 approvals"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t11_the_form_for_joining_may_stand_on_other_pages_and_asks_for_no_more_than_a_letter() {
    let served = Served::new("none").await;
    let mut visitor = Visitor::new(&served.address);
    let stamp = tokio::task::block_in_place(|| stamp(&mut visitor));
    at(&served, "2014-11-28T12:00:05Z").await;
    let page = tokio::task::block_in_place(|| {
        let without = visitor.ask("POST", "/subscribe", &format!("{FORM}{}", ELSEWHERE[0]), "email=eve%40example.org&list=general");
        assert!(without.body.contains("One more press") && without.body.contains("eve@example.org"), "{}", without.body);
        visitor.ask(
            "POST",
            "/subscribe",
            &format!("{FORM}{}", ELSEWHERE[0]),
            &format!("email=eve%40example.org&list=general&stamp={stamp}"),
        )
    });
    assert!(page.body.contains("Look into your mailbox"), "{}", page.body);
    served.sink.wait_for(1).await;
    served.newsroom.run(["subscribers", "show", "eve@example.org"]).ok().says(&["is no reader"]);
    let preflight =
        "Origin: https://evil.example\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: content-type\r\n";
    let page = tokio::task::block_in_place(|| visitor.ask("OPTIONS", "/api/v1/subscribe", preflight, ""));
    assert!(page.status == 405 && page.header("access-control-allow-origin").is_none(), "{}", page.head);
}

/// Nobody frames it, nothing is loaded from elsewhere, nothing is remembered, and it leads nowhere.
fn is_safe(page: &Page, asked: &str) {
    let policy = page.header("content-security-policy").unwrap_or_default();
    for words in ["default-src 'none'", "style-src 'self'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"] {
        assert!(policy.contains(words), "{asked}: {}", page.head);
    }
    assert!(!policy.contains("unsafe") && !policy.contains("http") && !policy.contains('*'), "{asked}: {policy}");
    for (name, value) in [
        ("x-frame-options", "DENY"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(page.header(name), Some(value), "{asked}: {}", page.head);
    }
    for name in ["set-cookie", "location", "refresh", "link", "server", "x-powered-by", "access-control-allow-origin"] {
        assert_eq!(page.header(name), None, "{asked}: {}", page.head);
    }
    let body = page.body.to_lowercase();
    for word in ["<script", "<iframe", "http-equiv", "javascript:", " style=\"", "<img"] {
        assert!(!body.contains(word), "{asked}: {word} in {body}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t12_no_parameter_leads_off_our_site_and_no_answer_can_be_framed() {
    let (served, [leave, preferences, confirm, approve]) = newsroom().await;
    let pages =
        [leave.as_str(), &preferences, &confirm, &approve, "/subscribe", "/api/v1/subscribe", "/reader.css", "/approve/style.css", "/none"];
    let mut visitor = Visitor::new(&served.address);
    let targets = [
        "//evil.example",
        "/%5Cevil.example",
        "https:evil.example",
        "https%3A%2F%2Fevil.example",
        "javascript:alert(1)",
        "%0d%0aLocation:%20//evil.example",
    ];
    tokio::task::block_in_place(|| {
        for path in pages {
            for target in targets {
                let query: Vec<String> =
                    ["next", "url", "redirect", "return", "continue", "to", "r"].map(|name| format!("{name}={target}")).into();
                let query = query.join("&");
                for page in [visitor.ask("GET", &format!("{path}?{query}"), "", ""), visitor.send(&format!("{path}?{query}"), &query)] {
                    is_safe(&page, path);
                    assert!(!page.body.contains("evil") && !page.body.contains("alert(1)"), "{path}: {}", page.body);
                }
            }
        }
        for path in [
            "//evil.example",
            "//evil.example/..",
            "/%2f/evil.example",
            "/\\evil.example",
            "/subscribe/",
            "/u",
            "/u/",
            "/./u",
            "/subscribe/..//evil.example",
        ] {
            let page = visitor.ask("GET", path, "", "");
            assert_eq!(page.status, 404, "{path}");
            is_safe(&page, path);
        }
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t12_t4_refusals_of_every_kind_are_as_safe_as_pages() {
    let (served, [leave, preferences, confirm, approve]) = newsroom().await;
    let pages = [leave.as_str(), &preferences, &confirm, &approve, "/subscribe", "/api/v1/subscribe"];
    let mut visitor = Visitor::new(&served.address);
    let large = "x".repeat(20_000);
    tokio::task::block_in_place(|| {
        for path in pages {
            for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "BREW", "post", "GETT"] {
                let page = visitor.ask(method, path, "X-HTTP-Method-Override: POST\r\n", "");
                assert_eq!(page.status, 405, "{method} {path}");
                let allow = page.header("allow").unwrap_or_default();
                assert!(["GET", "HEAD", "POST"].iter().all(|allowed| allow.contains(allowed)), "{method} {path}: {allow}");
                is_safe(&page, path);
            }
            let page = visitor.send(path, &large);
            assert_eq!(page.status, 413, "{path}");
            is_safe(&page, path);
        }
        let json = "Content-Type: application/json\r\n";
        for (path, head, form, status) in [
            (preferences.as_str(), FORM, "", 400),
            (&confirm, FORM, "", 400),
            (&approve, FORM, "", 400),
            ("/subscribe", FORM, "email=x", 422),
            ("/api/v1/subscribe", FORM, "email=x", 415),
            ("/api/v1/subscribe", json, "{", 400),
            ("/api/v1/subscribe", json, "\u{ff}\u{0}", 400),
            ("/api/v1/subscribe", json, "null", 422),
            ("/api/v1/subscribe", json, "{\"email\":[\"<script>\"],\"lists\":{\"a\":1}}", 422),
            ("/api/v1/subscribe", json, &"[".repeat(10_000), 400),
            ("/u/none", FORM, "", 404),
            ("/reader.css", FORM, "", 405),
        ] {
            let page = visitor.ask("POST", path, head, form);
            assert_eq!(page.status, status, "{path} {form}: {}", page.body);
            is_safe(&page, path);
        }
        // What hardly is a request is refused with nothing that could be framed.
        let many: String = (0..500).fold(String::new(), |head, number| head + &format!("X-{number}: y\r\n"));
        for (head, status) in [(many, 431), (format!("X: {}\r\n", "y".repeat(1 << 20)), 431), ("X y\r\n".to_owned(), 400)] {
            let page = Visitor::new(&served.address).ask("GET", "/subscribe", &head, "");
            assert_eq!((page.status, page.body.as_str()), (status, ""));
        }
    });
    served.newsroom.run(["lists"]).ok().says(&["3 confirmed"]);
}
