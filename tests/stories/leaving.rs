//! Leaving by the link in a mail: as a mail program does it, as a person does it, and as a program that only looks.

use masthead::subscription::SubscriberId;
use masthead::subscription::token::{Bearer, Keys, Purpose};

use crate::support::served::Served;

const URLENCODED: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
const IN_PARTS: &str = "Content-Type: multipart/form-data; boundary=----WebKitFormBoundary7MA4\r\n";
const PARTS: &[u8] = b"------WebKitFormBoundary7MA4\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\n\
    One-Click\r\n------WebKitFormBoundary7MA4--\r\n";

fn pair(one: &str, other: &str) -> (String, String) {
    (one.to_owned(), other.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l5_l6_whatever_a_mail_program_sends_ends_the_subscription_at_once() {
    let bodies: [(&str, &[u8]); 6] = [
        (URLENCODED, b"List-Unsubscribe=One-Click"),
        (IN_PARTS, PARTS),
        ("", b"List-Unsubscribe=One-Click"),
        ("Content-Type: multipart/form-data\r\n", b"\xff\xfe\x00 not a form"),
        ("Content-Type: application/json\r\nOrigin: https://elsewhere.example\r\nCookie: a=b\r\n", b"{"),
        ("Content-Type: é;;;\r\n", b""),
    ];
    let served = Served::with_readers("none", bodies.len()).await;
    for (number, ([leave, _], (head, body))) in served.deliver().iter().zip(bodies).enumerate() {
        for turn in 0..3 {
            let page = served.send(leave, head, body);
            assert_eq!(page.status, 200, "{head:?}, time {turn}: {}", page.head);
            assert!(page.body.contains("You are unsubscribed"), "{}", page.body);
            assert!(page.header("set-cookie").is_none() && page.header("location").is_none(), "{}", page.head);
        }
        assert_eq!(served.standing(&format!("reader{:04}@example.org", number + 1)), pair("ended", "one-click"), "{head:?}");
    }
    served.newsroom.run(["lists"]).ok().says(&["6 ended"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l7_t8_a_hundred_looks_at_every_link_change_nothing() {
    let served = Served::new("none").await;
    let links = served.deliver();
    let before = served.newsroom.run(["subscribers", "show", "reader0001@example.org", "--json"]).ok().stdout;
    for turn in 0..100 {
        for link in links.iter().flatten() {
            let method = if turn % 3 == 0 { "HEAD" } else { "GET" };
            let page = served.ask(method, link, None);
            assert!([200, 404].contains(&page.status) && page.header("location").is_none(), "{}", page.head);
        }
    }
    let page = served.ask("GET", &links[0][0], None);
    assert!(page.body.contains("<form method=\"post\">") && page.body.contains("r•••@example.org"), "{}", page.body);
    assert!(!page.body.contains("reader0001"), "a mail may be passed on: {}", page.body);
    assert_eq!(served.newsroom.run(["subscribers", "show", "reader0001@example.org", "--json"]).ok().stdout, before);
    served.newsroom.run(["lists"]).ok().says(&["3 confirmed"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t7_a_departure_can_be_taken_back_where_it_was_made_and_by_nobody_else() {
    let served = Served::new("none").await;
    let links = served.deliver();
    let [leave, _] = &links[0];
    let shown = || served.newsroom.run(["subscribers", "show", "reader0001@example.org", "--json"]).ok().json();
    let joined = shown()["subscriptions"][0]["since"].clone();
    let page = served.send(leave, URLENCODED, b"leave=list");
    assert_eq!(served.standing("reader0001@example.org"), pair("ended", "page"));
    let stamp = |body: &str| body.split("name=\"undo\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let undo = format!("undo={}", stamp(&page.body));
    let other = served.send(&links[1][0], URLENCODED, b"leave=list");
    for wrong in ["undo=".to_owned(), "undo=AQ".to_owned(), format!("undo={}", stamp(&other.body)), format!("{undo}A")] {
        let page = served.send(leave, URLENCODED, wrong.as_bytes());
        assert!(page.status == 200 && page.body.contains("too late to undo"), "{wrong}: {}", page.body);
        assert_eq!(served.standing("reader0001@example.org").0, "ended");
    }
    for _ in 0..2 {
        let page = served.send(leave, URLENCODED, undo.as_bytes());
        assert!(page.status == 200 && page.body.contains("You are subscribed again"), "{}", page.body);
        assert_eq!(served.standing("reader0001@example.org"), pair("confirmed", "page"));
    }
    assert_eq!(shown()["subscriptions"][0]["since"], joined, "as old as it was");
    served.send(leave, URLENCODED, b"List-Unsubscribe=One-Click");
    served.newsroom.run(["subscribers", "add", "reader0001@example.org"]).ok();
    served.newsroom.run(["subscribers", "remove", "reader0001@example.org"]).ok();
    let page = served.send(leave, URLENCODED, undo.as_bytes());
    assert!(page.body.contains("too late to undo"), "an operator ended it: {}", page.body);
    assert_eq!(served.standing("reader0001@example.org").0, "ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l8_a_link_works_for_whoever_has_gone_and_under_an_older_key() {
    let served = Served::new("none").await;
    let keys = served.present.borrow().keys().unwrap();
    let nobody = keys.sign(Purpose::Unsubscribe, Bearer { subscriber: SubscriberId(4_711), list_number: 1 }).url();
    for (head, body) in [(URLENCODED, &b"List-Unsubscribe=One-Click"[..]), (IN_PARTS, PARTS), (URLENCODED, b"leave=all")] {
        let page = served.send(&format!("/u/{nobody}"), head, body);
        assert!(page.status == 200 && page.body.contains("You are unsubscribed"), "{}", page.body);
        assert!(!page.body.contains("name=\"undo\"") && !page.body.contains('•'), "{}", page.body);
    }
    let [leave, _] = &served.deliver()[0];
    let old = std::fs::read_to_string(served.newsroom.path("data/token.key")).unwrap();
    served.newsroom.write("data/token.key", &format!("{}\n{old}", "fedcba9876543210".repeat(4)));
    let page = served.send(leave, URLENCODED, b"List-Unsubscribe=One-Click");
    assert!(page.status == 200 && page.body.contains("You are unsubscribed"), "{}", page.body);
    let fresh = served.present.borrow().keys().unwrap().sign(Purpose::Unsubscribe, Bearer { subscriber: SubscriberId(2), list_number: 1 });
    assert_ne!(fresh, keys.sign(Purpose::Unsubscribe, Bearer { subscriber: SubscriberId(2), list_number: 1 }));
    assert_eq!(served.send(&format!("/u/{}", fresh.url()), URLENCODED, b"leave=list").status, 200);
    assert_eq!(served.standing("reader0002@example.org").0, "ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t6_a_link_that_we_did_not_write_ends_nothing_and_is_told_so_kindly() {
    let served = Served::new("none").await;
    let links = served.deliver();
    let [real, preferences] = links[0].clone().map(|link| link.rsplit_once('/').unwrap().1.to_owned());
    let bearer = |subscriber, list_number| Bearer { subscriber: SubscriberId(subscriber), list_number };
    let foreign = Keys::new(1, &[7; 32]);
    let mut wrong = vec![preferences, String::from("AQ"), real.repeat(1000), format!("{real}A"), real[..real.len() - 1].to_owned()];
    wrong.extend([bearer(1, 1), bearer(2, 1)].map(|bearer| foreign.sign(Purpose::Unsubscribe, bearer).url()));
    wrong.extend((0..real.len()).map(|at| {
        let other = if &real[at..=at] == "A" { "B" } else { "A" };
        format!("{}{other}{}", &real[..at], &real[at + 1..])
    }));
    let mut bodies = Vec::new();
    for token in &wrong {
        for body in [&b"List-Unsubscribe=One-Click"[..], b"undo=AQ", b"leave=all"] {
            let page = served.send(&format!("/u/{token}"), URLENCODED, body);
            assert_eq!(page.status, 404, "{token}");
            bodies.push(page.body);
        }
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]), "nobody learns how far an attempt came");
    assert!(bodies[0].contains("cut short") && bodies[0].contains("editor@news.example.org"), "{}", bodies[0]);
    served.newsroom.run(["lists"]).ok().says(&["3 confirmed"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t4_t20_every_answer_is_safe_and_too_much_is_refused() {
    let served = Served::new("none").await;
    let [leave, _] = &served.deliver()[0];
    for (method, path, status) in [
        ("GET", leave.as_str(), 200),
        ("HEAD", leave, 200),
        ("GET", "/reader.css", 200),
        ("PUT", leave, 405),
        ("DELETE", leave, 405),
        ("GET", "/nowhere", 404),
    ] {
        let page = served.ask(method, path, None);
        assert_eq!(page.status, status, "{method} {path}");
        assert!(page.header("content-security-policy").is_some_and(|policy| policy.starts_with("default-src 'none'; style-src 'self';")));
        for (name, value) in [("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer"), ("cache-control", "no-store")] {
            assert_eq!(page.header(name), Some(value), "{method} {path}");
        }
        assert_eq!(page.header("set-cookie"), None);
        assert!(!page.body.contains("<script") && !page.body.contains("http://") && !page.body.contains("https://"), "{}", page.body);
    }
    assert_eq!(served.send(leave, URLENCODED, &vec![b'x'; 20 << 10]).status, 413);
    let page = served.send(leave, "X-Forwarded-Host: evil.example\r\n", b"leave=none");
    assert!(!page.body.contains("evil"), "{}", page.body);
}
