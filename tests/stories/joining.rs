//! Joining: the form, the letter, the button behind its link, and all those who would have letters sent to others.

use serde_json::{Value, json};

use crate::support::demo::Page;
use crate::support::reading::field;
use crate::support::served::{Served, opened_at};

const URLENCODED: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
const EVE: &str = "email=eve%40example.org&name=Eve&list=general";

/// Waits until the relay has so many letters, and returns the text of the last, and its message.
async fn letters(served: &Served, many: usize) -> (String, Vec<u8>) {
    let bytes = served.sink.wait_for(many).await[many - 1].bytes.clone();
    let text = mail_parser::MessageParser::default().parse(&bytes).unwrap().body_text(0).unwrap().into_owned();
    (text, bytes)
}

fn link(text: &str, page: &str) -> String {
    let start = format!("https://news.example.org/{page}/");
    let line = text.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("no {page} in {text}"));
    line.strip_prefix("https://news.example.org").unwrap().to_owned()
}

/// A stamp of noon, and the clock five seconds later.
async fn stamped(served: &Served) -> String {
    let page = served.ask("GET", "/subscribe", None);
    let stamp = page.body.split("name=\"stamp\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    at(served, "2014-11-28T12:00:05Z").await;
    stamp
}

async fn at(served: &Served, instant: &str) {
    served.present.send_replace(opened_at(&served.newsroom, instant).await);
}

fn send(served: &Served, form: &str, stamp: &str, from: &str) -> Page {
    served.send(
        "/subscribe",
        &format!("{URLENCODED}X-Forwarded-For: 203.0.113.200, {from}\r\n"),
        format!("{form}&stamp={stamp}").as_bytes(),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c1_l7_one_joins_by_form_letter_and_button_gets_the_issue_leaves_and_comes_back() {
    let served = Served::new("none").await;
    let page = served.ask("GET", "/subscribe", None);
    assert!(!page.body.contains("checked") && !page.body.contains("<script"), "c3: {}", page.body);
    let stamp = stamped(&served).await;
    let page = send(&served, EVE, &stamp, "192.0.2.1");
    assert!(page.status == 200 && page.body.contains("Look into your mailbox") && !page.body.contains("eve"), "{}", page.body);
    let (text, bytes) = letters(&served, 1).await;
    for words in ["The Letter", "2014", "https://news.example.org/subscribe", "do nothing", "9 Lantern Street"] {
        assert!(text.contains(words), "nothing of {words:?} in {text}");
    }
    assert!(!text.contains("Eve") && !field(&bytes, "To").contains("Eve"), "t9: a stranger wrote that: {text}");
    assert_eq!(field(&bytes, "Auto-Submitted"), "auto-generated");
    let confirm = link(&text, "confirm");
    for turn in 0..100 {
        let page = served.ask(if turn % 2 == 0 { "GET" } else { "HEAD" }, &confirm, None);
        assert_eq!(page.status, 200);
    }
    for form in ["", "List-Unsubscribe=One-Click", "confirm=no"] {
        assert_eq!(served.send(&confirm, URLENCODED, form.as_bytes()).status, 400, "{form}");
    }
    served.newsroom.run(["subscribers", "show", "eve@example.org"]).ok().says(&["is no reader"]);
    for _ in 0..2 {
        let page = served.send(&confirm, URLENCODED, b"confirm=yes");
        assert!(page.status == 200 && page.body.contains("You are subscribed"), "{}", page.body);
    }
    let shown = served.newsroom.run(["subscribers", "show", "eve@example.org", "--json"]).ok().json();
    assert_eq!((&shown["name"], &shown["subscriptions"][0]["standing"]), (&json!("Eve"), &json!("confirmed")));
    let evidence = &shown["consents"][0]["evidence"];
    assert_eq!(evidence["channel"], "form");
    for words in
        ["asked at 2014-11-28T12:00:05Z", "https://news.example.org/subscribe", "consent text ", "I can leave at any time", "joining 1"]
    {
        assert!(evidence["detail"].as_str().unwrap().contains(words), "c2: nothing of {words:?} in {evidence}");
    }
    assert_eq!(shown["consents"].as_array().unwrap().len(), 1, "a button pressed twice is pressed once");
    let (welcome, _) = letters(&served, 2).await;
    assert!(welcome.contains("/issues/2014-10"), "the latest issue: {welcome}");
    assert_eq!(served.ask("GET", &link(&welcome, "preferences"), None).status, 200);
    let links = served.deliver();
    assert_eq!(links.len(), 4, "three readers and Eve");
    let leave = &links[0][0];
    let page = served.send(leave, URLENCODED, b"List-Unsubscribe=One-Click");
    assert_eq!(served.standing("eve@example.org").0, "ended");
    served.send(&confirm, URLENCODED, b"confirm=yes");
    assert_eq!(served.standing("eve@example.org").0, "ended", "a link that was used brings nobody back");
    let undo = page.body.split("name=\"undo\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    served.send(leave, URLENCODED, format!("undo={undo}").as_bytes());
    assert_eq!(served.standing("eve@example.org").0, "confirmed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t10_the_answer_says_the_same_for_everybody() {
    let served = Served::new("none").await;
    let stamp = stamped(&served).await;
    let forms = ["new1%40example.org", "new2%40no-such-host.invalid", "reader0001%40example.org", "Reader0002%40EXAMPLE.org"];
    let answers: Vec<Page> = forms.iter().map(|one| send(&served, &format!("email={one}&list=general"), &stamp, "192.0.2.1")).collect();
    let again = send(&served, "email=new1%40example.org&list=general", &stamp, "192.0.2.1");
    for page in answers.iter().chain([&again]) {
        assert_eq!((page.status, &page.body, page.head.lines().count()), (200, &answers[0].body, answers[0].head.lines().count()));
    }
    letters(&served, 4).await;
    let told: Vec<String> = served.sink.messages().iter().map(|letter| field(&letter.bytes, "Subject")).collect();
    assert_eq!(told.iter().filter(|subject| subject.contains("already")).count(), 2, "{told:?}");
    assert_eq!(served.standing("reader0001@example.org"), ("confirmed".to_owned(), "import".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t9_nobody_has_many_letters_sent_to_others() {
    let served = Served::new("none").await;
    let stamp = stamped(&served).await;
    for turn in 0..30 {
        let page = send(&served, EVE, &stamp, &format!("192.0.2.{turn}"));
        assert_eq!(page.status, 200);
    }
    letters(&served, 1).await;
    for turn in 0..30 {
        let page = send(&served, &format!("email=v{turn}%40h{turn}.example&list=general"), &stamp, "2001:db8:1:2::7");
        assert!(page.body.contains("Look into your mailbox"), "{}", page.body);
    }
    letters(&served, 11).await;
    send(&served, "email=last%40example.net&list=general", &stamp, "2001:db8:1:3::7");
    letters(&served, 12).await;
    let sent: Vec<String> = served.sink.messages().iter().map(|letter| letter.recipient.clone()).collect();
    assert_eq!(sent.len(), 12, "one for Eve, ten from one network, one from the next: {sent:?}");
    let page = send(&served, "email=bot%40example.net&list=general&website=x", &stamp, "192.0.2.99");
    assert!(page.body.contains("Look into your mailbox"));
    assert_eq!(served.sink.messages().len(), 12);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_from_elsewhere_or_in_haste_is_shown_again_as_it_was_filled_in() {
    let served = Served::new("none").await;
    let hasty =
        served.ask("GET", "/subscribe", None).body.split("name=\"stamp\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    for stamp in ["", "AQ", &hasty] {
        let page = send(&served, EVE, stamp, "192.0.2.1");
        assert!(page.status == 200 && page.body.contains("One more press"), "{}", page.body);
        assert!(page.body.contains("value=\"eve@example.org\"") && page.body.contains("value=\"general\" checked"), "{}", page.body);
    }
    at(&served, "2014-11-29T12:00:01Z").await;
    assert!(send(&served, EVE, &hasty, "192.0.2.1").body.contains("One more press"), "a stamp of yesterday");
    let stamp = stamped(&served).await;
    for (form, words) in [
        ("email=eve&list=general", "The address has no @"),
        ("email=eve%40example.org", "Nothing is ticked"),
        ("email=eve%40example.org&list=none", "Nothing is ticked"),
        ("email=eve%40example.org%0d%0aBcc:x%40example.org&list=general", "invisible character U+000D"),
        ("email=eve%40example.org&list=general&name=%3Cb%3E%0ax", "Not yet"),
    ] {
        let page = send(&served, form, &stamp, "192.0.2.1");
        assert!(page.status == 422 && page.body.contains(words) && !page.body.contains("<b>"), "{form}: {} {}", page.status, page.body);
    }
    assert_eq!(served.sink.messages().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c1_whoever_does_not_confirm_is_forgotten_after_a_week() {
    let served = Served::new("none").await;
    let stamp = stamped(&served).await;
    send(&served, EVE, &stamp, "192.0.2.1");
    let confirm = link(&letters(&served, 1).await.0, "confirm");
    at(&served, "2014-12-05T12:00:06Z").await;
    assert_eq!(served.ask("GET", &confirm, None).status, 404);
    let page = served.send(&confirm, URLENCODED, b"confirm=yes");
    assert!(page.status == 404 && page.body.contains("older than a week"), "{}", page.body);
    let present = std::sync::Arc::clone(&served.present.borrow());
    masthead::desk::joining::tidy(&present).await.unwrap();
    present.store().back_issues().await.unwrap();
    served.newsroom.run(["subscribers", "show", "eve@example.org"]).exits(1);
    at(&served, "2014-11-28T12:00:10Z").await;
    assert_eq!(served.ask("GET", &confirm, None).status, 404, "the line is gone, whatever the clock says");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_join_people_by_json_under_the_same_rules() {
    let served = Served::new("none").await;
    let offer: Value = serde_json::from_str(&served.ask("GET", "/api/v1/subscribe", None).body).unwrap();
    assert_eq!(offer["lists"][0]["id"], "general");
    let send = |kind: &str, body: &str| served.send("/api/v1/subscribe", &format!("Content-Type: {kind}\r\n"), body.as_bytes());
    let asked = json!({ "email": "eve@example.org", "lists": ["general"], "stamp": offer["stamp"] }).to_string();
    assert_eq!(send("application/json", &asked).status, 422, "in haste");
    at(&served, "2014-11-28T12:00:05Z").await;
    assert_eq!(send("text/plain", &asked).status, 415);
    assert_eq!(send("application/json", "{").status, 400);
    assert_eq!(send("application/json", "[]").status, 422);
    let page = send("application/json; charset=utf-8", &asked);
    assert_eq!((page.status, page.body.as_str()), (202, "{\"status\":\"taken\"}"));
    assert!(letters(&served, 1).await.0.contains("/confirm/"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t6_t22_links_are_ours_and_lead_to_us() {
    let served = Served::new("none").await;
    let stamp = stamped(&served).await;
    let head = format!("{URLENCODED}X-Forwarded-Host: evil.example\r\nForwarded: host=evil.example\r\n");
    served.send("/subscribe", &head, format!("{EVE}&stamp={stamp}").as_bytes());
    let (text, _) = letters(&served, 1).await;
    assert!(!text.contains("evil"), "{text}");
    let confirm = link(&text, "confirm");
    let real = confirm.rsplit_once('/').unwrap().1;
    let flipped = (0..real.len()).map(|at| format!("{}{}{}", &real[..at], if &real[at..=at] == "A" { "B" } else { "A" }, &real[at + 1..]));
    for token in flipped.chain([real[1..].to_owned(), format!("{real}A"), "AQ".to_owned()]) {
        assert_eq!(served.send(&format!("/confirm/{token}"), URLENCODED, b"confirm=yes").status, 404, "{token}");
        assert_eq!(served.send(&format!("/u/{real}"), URLENCODED, b"leave=all").status, 404);
    }
    served.newsroom.run(["subscribers", "show", "eve@example.org"]).ok().says(&["is no reader"]);
    assert_eq!(served.send(&confirm, URLENCODED, b"confirm=yes").status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_that_is_wrong_with_a_form_is_told_at_once_and_each_thing_at_its_field() {
    let served = Served::new("none").await;
    let stamp = stamped(&served).await;
    let page = send(&served, "email=eve&name=E%00ve", &stamp, "192.0.2.1");
    for (field, words) in [("email", "The address has no @"), ("name", "U+0000"), ("lists", "Nothing is ticked")] {
        let at = format!("id=\"{field}-fault\">");
        let said = page.body.split(&at).nth(1).and_then(|rest| rest.split('<').next()).unwrap_or_default();
        assert!(said.contains(words) && said.ends_with('.'), "{field}: {said:?} in {}", page.body);
        assert!(page.body.contains(&format!("aria-describedby=\"{field}-fault\"")), "{field}: {}", page.body);
        assert!(page.body.contains(&format!("<a href=\"#{field}\">{said}</a>")), "{field}: {}", page.body);
    }
    let page = send(&served, "email=eve%40example.org", &stamp, "192.0.2.1");
    assert!(!page.body.contains("email-fault") && !page.body.contains("name-fault"), "{}", page.body);
    let refused = served.send("/api/v1/subscribe", "Content-Type: application/json\r\n", br#"{"email": "eve", "lists": []}"#);
    let said: Value = serde_json::from_str(&refused.body).unwrap();
    assert_eq!(said["reason"], "the address has no @; write it as name@example.org; nothing is ticked; choose what you want to get");
}
