//! The page behind the link in a proof: looking acts on nothing, the button approves, and nobody else can write a link.

use masthead::desk::approval::token;
use masthead::store::Proof;
use masthead::subscription::EmailAddress;
use masthead::subscription::token::Keys;

use crate::support::served::{EDITORS, Served, opened};

const APPROVE: Option<&str> = Some("approve=yes");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l7_looking_approves_nothing_and_the_button_does_once() {
    let served = Served::new("two").await;
    let links = served.prove();
    for method in ["GET", "HEAD", "GET"] {
        let page = served.ask(method, &links[0], None);
        assert_eq!(page.status, 200);
        assert_eq!(page.body.contains("<form method=\"post\">"), method == "GET");
    }
    served.newsroom.run(["status"]).ok().says(&["0 of 2 approvals"]);
    let page = served.ask("GET", &links[0], None);
    for words in ["Story Hours in Family Shelters", "2014-12, edition ", "Nobody yet", "2 more needed", "there is no schedule"] {
        assert!(page.body.contains(words), "nothing of {words:?} in {}", page.body);
    }
    for _ in 0..2 {
        let page = served.ask("POST", &links[0], APPROVE);
        assert_eq!(page.status, 200);
        assert!(page.body.contains("You have approved this edition") && page.body.contains("Ada Brook; 1 more needed"), "{}", page.body);
        assert!(!page.body.contains("<form"));
    }
    let page = served.ask("GET", &links[1], None);
    assert!(page.body.contains("Approve this edition?") && page.body.contains("Ada Brook; 1 more needed"));
    assert!(!page.body.contains("@example.org"), "a link may be passed on: {}", page.body);
    served.newsroom.run(["send", "2014-12"]).exits(1);
    assert!(served.ask("POST", &links[1], APPROVE).body.contains("all the approvals that it needs"));
    served.newsroom.run(["send", "2014-12"]).ok().says(&["3 accepted"]);
    for (method, form) in [("GET", None), ("POST", APPROVE)] {
        let page = served.ask(method, &links[0], form);
        assert_eq!(page.status, 410);
        assert!(page.body.contains("2014-12 is out"), "{}", page.body);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_of_an_older_proof_approves_nothing() {
    let served = Served::new("one").await;
    let old = served.prove();
    served.edit("paper boats");
    let page = served.ask("GET", &old[0], None);
    assert!(page.status == 200 && page.body.contains("The file has been changed since this proof"), "{}", page.body);
    let new = served.prove();
    for (method, form) in [("GET", None), ("POST", APPROVE)] {
        let page = served.ask(method, &old[0], form);
        assert_eq!(page.status, 410);
        assert!(page.body.contains("replaced by a newer one"), "{}", page.body);
    }
    served.newsroom.run(["status"]).ok().says(&["0 of 1 approvals"]);
    assert_eq!(served.ask("POST", &new[0], APPROVE).status, 200);
    served.newsroom.run(["status"]).ok().says(&["1 of 1 approvals"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t6_a_link_that_we_did_not_write_opens_nothing() {
    let served = Served::new("one").await;
    let link = served.prove().remove(0);
    let (path, real) = link.rsplit_once('/').unwrap();
    let store = served.present.borrow().shared_store();
    let proof = store.proofs(&"2014-12".parse().unwrap()).await.unwrap().remove(0);
    let ada = EmailAddress::parse("ada@example.org").unwrap();
    let keys = |number, octet| Keys::new(number, &[octet; 32]);
    let known = served.present.borrow().keys().unwrap();
    assert_eq!(token(&known, &proof, &ada), real, "the forgeries below differ from it in one thing each");
    let mut foreign = vec![
        token(&keys(1, 7), &proof, &ada),
        token(&keys(9, 7), &proof, &ada),
        token(&known, &proof, &EmailAddress::parse("eve@example.org").unwrap()),
        token(&known, &Proof { edition: "0".repeat(64), ..proof.clone() }, &ada),
        token(&known, &Proof { issue: "2014-11".parse().unwrap(), ..proof.clone() }, &ada),
        known
            .sign(
                masthead::subscription::token::Purpose::Unsubscribe,
                masthead::subscription::token::Bearer { subscriber: masthead::subscription::SubscriberId(1), list_number: 1 },
            )
            .url(),
        String::from("AQ"),
        String::from("A"),
        String::from("..%2f..%2fstyle.css"),
        real[..real.len() - 1].to_owned(),
        format!("{real}A"),
        real.repeat(1000),
    ];
    foreign.extend((0..real.len()).map(|at| {
        let other = if &real[at..=at] == "A" { "B" } else { "A" };
        format!("{}{other}{}", &real[..at], &real[at + 1..])
    }));
    // The last letter of base64 has bits that mean nothing: another one there is refused, not read as the same.
    for token in &foreign {
        let page = served.ask("POST", &format!("{path}/{token}"), APPROVE);
        assert_eq!(page.status, 404, "{token}");
        assert!(page.body.contains("This link opens nothing"), "{}", page.body);
    }
    for issue in ["2014-11", "2014-12-", "..", "%00", "2014-12%2F"] {
        assert_eq!(served.ask("POST", &format!("/approve/{issue}/{real}"), APPROVE).status, 404, "{issue}");
    }
    served.newsroom.run(["status"]).ok().says(&["0 of 1 approvals"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t4_every_answer_is_safe_and_other_ways_of_asking_are_refused() {
    let served = Served::new("one").await;
    let link = served.prove().remove(0);
    let too_much = format!("approve=yes&{}", "x".repeat(100_000));
    let asked = [
        ("GET", link.as_str(), None, 200),
        ("HEAD", &link, None, 200),
        ("GET", "/approve/style.css", None, 200),
        ("GET", "/nowhere", None, 404),
        ("GET", "/approve/2014-12/nonsense", None, 404),
        ("POST", &link, Some("List-Unsubscribe=One-Click"), 400),
        ("POST", &link, Some("approve=no"), 400),
        ("POST", &link, Some(too_much.as_str()), 413),
        ("PUT", &link, APPROVE, 405),
        ("DELETE", &link, None, 405),
        ("OPTIONS", &link, None, 405),
        ("POST", "/approve/style.css", APPROVE, 405),
    ];
    for (method, path, form, status) in asked {
        let page = served.ask(method, path, form);
        assert_eq!(page.status, status, "{method} {path}");
        let policy = page.header("content-security-policy").unwrap_or_default();
        assert!(
            policy.starts_with("default-src 'none'; style-src 'self';") && policy.contains("frame-ancestors 'none'"),
            "{method} {path}"
        );
        for (name, value) in [("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer"), ("cache-control", "no-store")] {
            assert_eq!(page.header(name), Some(value), "{method} {path}");
        }
        assert_eq!(page.header("set-cookie"), None);
        assert!(!page.body.contains("<script") && !page.body.contains("http://") && !page.body.contains("style=\""), "{}", page.body);
        if status == 405 {
            assert!(page.header("allow").is_some_and(|allow| allow.contains("GET")), "{method} {path}");
        }
    }
    served.newsroom.run(["status"]).ok().says(&["0 of 1 approvals"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_no_editor_any_more_approves_nothing_once_the_settings_are_read_anew() {
    let served = Served::new("one").await;
    let links = served.prove();
    served.ask("POST", &links[0], APPROVE);
    served.newsroom.run(["status"]).ok().says(&["1 of 1 approvals"]);
    let settings = std::fs::read_to_string(served.newsroom.path("config/masthead.toml")).unwrap();
    served.newsroom.write("config/masthead.toml", &settings.replace(EDITORS, "editors = [\"bo@example.org\"]"));
    assert_eq!(served.ask("GET", &links[0], None).status, 200, "the server has the old settings still");
    served.present.send_replace(opened(&served.newsroom).await);
    assert_eq!(served.ask("GET", &links[0], None).status, 404);
    served.newsroom.run(["status"]).ok().says(&["0 of 1 approvals"]);
    assert_eq!(served.ask("POST", &links[1], APPROVE).status, 200);
    served.newsroom.run(["status"]).ok().says(&["1 of 1 approvals"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t3_nothing_that_somebody_wrote_becomes_a_part_of_the_page_or_of_the_block() {
    let served = Served::new("one").await;
    let hostile = "</p><script>alert(1)</script> \"&amp; 'x";
    served.newsroom.run(["hold", "2014-12", hostile]).ok();
    let link = served.prove().remove(0);
    let page = served.ask("GET", &link, None);
    let letter = served.sink.messages().remove(0);
    let (_, html) = crate::support::reading::parts(&letter.bytes);
    for html in [page.body, html] {
        assert!(html.contains("&lt;/p&gt;&lt;script&gt;alert(1)&lt;/script&gt;"), "{html}");
        assert!(!html.contains("<script"), "{html}");
    }
}
