//! The preferences link: lists, name and a copy of everything, for whoever holds the mail and for nobody else.

use masthead::subscription::SubscriberId;
use masthead::subscription::token::{Bearer, Purpose};
use serde_json::Value;

use crate::support::linter::{lint, lint_plain};
use crate::support::newsroom::Newsroom;
use crate::support::reading::field;
use crate::support::served::Served;

const URLENCODED: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
const LISTS: &str = "[[list]]\nid = \"extra\"\nname = \"Extra\"\ndescription = \"Now & then\"\n\n\
    [[list]]\nid = \"staff\"\nname = \"Staff\"\npublic = false\n\n[[list]]\nid = \"seeds\"\nname = \"Seeds\"\n\n\
    [delivery]\nseeds = \"seeds\"\n";

/// A reader's lists as `subscribers show` tells them, such as `general confirmed`.
fn lists(served: &Served, address: &str) -> Vec<String> {
    let shown = served.newsroom.run(["subscribers", "show", address, "--json"]).ok().json();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = shown["subscriptions"].as_array().unwrap().iter();
    all.map(|one| format!("{} {}", word(&one["list"]), word(&one["standing"]))).collect()
}

async fn served() -> (Served, String) {
    let served = Served::with_tables("none", 3, LISTS).await;
    let keys = served.present.borrow().keys().unwrap();
    let link = keys.sign(Purpose::Preferences, Bearer { subscriber: SubscriberId(1), list_number: 1 }).url();
    (served, format!("/preferences/{link}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_ticked_comes_and_what_is_not_does_not() {
    let (served, link) = served().await;
    let page = served.ask("GET", &link, None);
    for words in ["r•••@example.org", "value=\"general\" checked>", "value=\"extra\">", "Now &amp; then", "value=\"Reader 0001\""] {
        assert!(page.body.contains(words), "nothing of {words:?} in {}", page.body);
    }
    for words in ["Staff", "Seeds", "reader0001", "<script"] {
        assert!(!page.body.contains(words), "{words:?} in {}", page.body);
    }
    let save = |form: &str| served.send(&link, URLENCODED, form.as_bytes());
    let page = save("do=save&list=general&list=extra&list=staff&list=seeds&list=none&name=Ann+%3Cb%3E");
    assert!(page.status == 200 && page.body.contains("<h1>Saved</h1>") && page.body.contains("Ann &lt;b&gt;"), "{}", page.body);
    assert_eq!(lists(&served, "reader0001@example.org"), ["general confirmed", "extra confirmed"]);
    save("do=save&list=extra&name=");
    assert_eq!(lists(&served, "reader0001@example.org"), ["general ended", "extra confirmed"]);
    let shown = served.newsroom.run(["subscribers", "show", "reader0001@example.org", "--json"]).ok().json();
    assert_eq!(shown["name"], Value::Null);
    assert_eq!(shown["consents"].as_array().unwrap().last().unwrap()["evidence"]["channel"], "preferences");
    save("do=leave");
    assert_eq!(lists(&served, "reader0001@example.org"), ["general ended", "extra ended"]);
    assert_eq!(lists(&served, "reader0002@example.org"), ["general confirmed"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_who_wants_plain_text_alone_gets_that_and_takes_the_wish_along() {
    let (served, link) = served().await;
    let is_checked = |body: &str, format: &str| body.contains(&format!("name=\"format\" value=\"{format}\" checked>"));
    let page = served.ask("GET", &link, None);
    assert!(is_checked(&page.body, "html") && !is_checked(&page.body, "text"), "{}", page.body);
    let save = |more: &str| served.send(&link, URLENCODED, format!("do=save&list=general&name=Ann{more}").as_bytes());
    assert!(is_checked(&save("&format=text").body, "text"));
    assert!(is_checked(&save("").body, "text"), "a form that does not ask changes nothing");
    assert!(is_checked(&save("&format=both").body, "text"), "nor does a word that is none of ours");
    served.newsroom.run(["send", "2014-12"]).ok();
    for letter in served.sink.messages() {
        let is_theirs = letter.recipient == "reader0001@example.org";
        let findings = if is_theirs { lint_plain(&letter.bytes) } else { lint(&letter.bytes) };
        assert_eq!(findings, [], "{}", letter.recipient);
        assert_eq!(field(&letter.bytes, "Content-Type").starts_with("text/plain"), is_theirs);
    }
    let shown = served.newsroom.run(["subscribers", "show", "reader0001@example.org", "--json"]).ok().json();
    assert_eq!(shown["format"], "text");
    served.newsroom.run(["subscribers", "show", "reader0001@example.org"]).ok().says(&["plain text alone"]);
    let exported = served.newsroom.run(["subscribers", "export"]).ok().stdout;
    let other = Newsroom::new().configured();
    other.write("roll.csv", &exported);
    other.run(["subscribers", "import", &other.shown("roll.csv")]).ok();
    assert_eq!(other.run(["subscribers", "export"]).ok().stdout, exported, "a round trip changes nothing");
    other.write("roll.csv", "email,status,form\nreader0001@example.org,confirmed,HTML\nreader0009@example.org,confirmed,Plain text\n");
    other.run(["subscribers", "import", &other.shown("roll.csv"), "--map", "format=form"]).ok();
    let formats: Vec<String> =
        other.run(["subscribers", "export", "--json"]).ok().lines().iter().map(|one| one["format"].to_string()).collect();
    assert_eq!(formats, ["\"text\"", "\"html\"", "\"html\"", "\"text\""], "whoever is known has chosen");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l7_without_a_button_and_with_a_name_that_cannot_be_used_nothing_changes() {
    let (served, link) = served().await;
    for form in ["", "List-Unsubscribe=One-Click", "do=", "list=extra&name=Eve", "sure=yes"] {
        assert_eq!(served.send(&link, URLENCODED, form.as_bytes()).status, 400, "{form}");
    }
    let page = served.send(&link, URLENCODED, b"do=save&list=extra&name=Eve%0d%0aBcc:%20all@example.org");
    assert!(page.status == 422 && page.body.contains("Nothing was saved"), "{}", page.body);
    for method in ["GET", "HEAD"] {
        assert_eq!(served.ask(method, &link, None).status, 200);
    }
    assert_eq!(lists(&served, "reader0001@example.org"), ["general confirmed"]);
    served.newsroom.run(["subscribers", "show", "reader0001@example.org"]).ok().says(&["Reader 0001"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c2_a_reader_gets_a_copy_of_everything_by_pressing_a_button() {
    let (served, link) = served().await;
    let page = served.send(&link, URLENCODED, b"do=export");
    assert_eq!(page.header("content-type"), Some("application/json; charset=utf-8"));
    assert!(page.header("content-disposition").is_some_and(|value| value.starts_with("attachment;")));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let copy: Value = serde_json::from_str(&page.body).unwrap();
    assert_eq!(copy, served.newsroom.run(["subscribers", "show", "reader0001@example.org", "--json"]).ok().json());
    assert_eq!(copy["address"], "reader0001@example.org");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t6_no_other_link_opens_anybodys_preferences() {
    let (served, link) = served().await;
    let keys = served.present.borrow().keys().unwrap();
    let sign = |purpose, subscriber| keys.sign(purpose, Bearer { subscriber: SubscriberId(subscriber), list_number: 1 }).url();
    let real = link.rsplit_once('/').unwrap().1.to_owned();
    let others = [Purpose::Unsubscribe, Purpose::Confirm, Purpose::View].map(|purpose| sign(purpose, 1));
    let cut = [String::new(), real[1..].to_owned(), format!("{real}A"), "%ff".to_owned()];
    let flipped = (0..real.len()).map(|at| format!("{}{}{}", &real[..at], if &real[at..=at] == "A" { "B" } else { "A" }, &real[at + 1..]));
    for token in others.into_iter().chain(cut).chain(flipped) {
        for form in [&b"do=save&name=Eve"[..], b"do=leave", b"do=export"] {
            let page = served.send(&format!("/preferences/{token}"), URLENCODED, form);
            assert!([400, 404].contains(&page.status) && !page.body.contains('•'), "{token}: {} {}", page.status, page.body);
        }
    }
    assert_eq!(lists(&served, "reader0001@example.org"), ["general confirmed"]);
    let page = served.send(&format!("/preferences/{}", sign(Purpose::Preferences, 4_711)), URLENCODED, b"do=export");
    assert!(page.status == 410 && page.body.contains("do not know you any more"), "{}", page.body);
}
