//! What an operator says of the subscribe form: how its lists are shown, how many letters it sends, and who is believed
//! about where a request comes from.

use serde_json::{Value, json};

use crate::support::newsroom::Newsroom;
use crate::support::reading::field;
use crate::support::served::{Served, opened_at};

const URLENCODED: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

/// Forms that are not to be believed, and what is.
struct Form {
    served: Served,
    stamp: String,
}

impl Form {
    async fn new(tables: &str) -> Self {
        let served = Served::with_tables("none", 1, "").await;
        let settings = std::fs::read_to_string(served.newsroom.path("config/masthead.toml")).unwrap();
        let settings = settings.replace("listen = \"127.0.0.1:0\"", &format!("listen = \"127.0.0.1:0\"\n{tables}"));
        served.newsroom.write("config/masthead.toml", &settings);
        served.present.send_replace(opened_at(&served.newsroom, "2014-11-28T12:00:00Z").await);
        let page = served.ask("GET", "/subscribe", None);
        let stamp = page.body.split("name=\"stamp\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        served.present.send_replace(opened_at(&served.newsroom, "2014-11-28T12:00:05Z").await);
        Self { served, stamp }
    }

    /// Asks for an address under these lines of a head.
    fn ask(&self, person: &str, head: &str) {
        let form = format!("email={person}%40{person}.example&list=general&stamp={}", self.stamp);
        let page = self.served.send("/subscribe", &format!("{URLENCODED}{head}"), form.as_bytes());
        assert!(page.body.contains("Look into your mailbox"), "{}", page.body);
    }

    /// Waits for so many letters in all, and says how many of them went to people who asked.
    async fn letters(&self, many: usize) -> usize {
        let letters = self.served.sink.wait_for(many).await;
        letters.iter().filter(|letter| letter.recipient.ends_with(".example")).count()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t20_a_spoofed_header_dodges_no_cap() {
    // Nobody stands in front of us: what they say of whom they ask for counts for nothing.
    let form = Form::new("trusted_proxies = [\"203.0.113.0/24\"]\n\n[web.caps]\nnetwork_per_hour = 3").await;
    for turn in 0..9 {
        form.ask(&format!("v{turn}"), &format!("X-Forwarded-For: 192.0.2.{turn}\r\nForwarded: for=192.0.2.{turn}\r\n"));
    }
    // Somebody does, and says who was before them; what that one claims is not believed.
    let behind = Form::new("trusted_proxies = [\"127.0.0.1\", \"10.0.0.0/8\"]\n\n[web.caps]\nnetwork_per_hour = 3").await;
    for turn in 0..9 {
        behind.ask(&format!("v{turn}"), &format!("X-Forwarded-For: 192.0.2.{turn}\r\nX-Forwarded-For: 198.51.100.7, 10.1.2.3\r\n"));
    }
    behind.ask("last", "X-Forwarded-For: 198.51.100.8, 10.1.2.3\r\n");
    assert_eq!(behind.letters(4).await, 4, "three from one network, and one from another");
    for served in [&form, &behind] {
        // What comes in the next hour comes after all of this.
        served.served.present.send_replace(opened_at(&served.served.newsroom, "2014-11-28T13:00:06Z").await);
        served.ask("next", "X-Forwarded-For: 198.51.100.9, 10.1.2.3\r\n");
    }
    assert_eq!((form.letters(4).await, behind.letters(5).await), (4, 5), "whatever the head says");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t9_when_all_letters_of_the_hour_are_gone_operators_hear_it_once() {
    let form = Form::new("\n[web.caps]\nper_hour = 4\n\n[delivery]\nreport_to = [\"desk@example.org\"]").await;
    for turn in 0..12 {
        form.ask(&format!("v{turn}"), &format!("X-Forwarded-For: 192.0.{turn}.1\r\n"));
    }
    form.letters(5).await;
    // The next hour has letters again; by then all that was asked for in this one has been seen to.
    form.served.present.send_replace(opened_at(&form.served.newsroom, "2014-11-28T13:00:06Z").await);
    form.ask("next", "X-Forwarded-For: 192.0.99.1\r\n");
    assert_eq!(form.letters(6).await, 5);
    let letters = form.served.sink.messages();
    let told: Vec<_> = letters.iter().filter(|letter| letter.recipient == "desk@example.org").collect();
    assert_eq!(told.len(), 1, "once");
    assert_eq!(field(&told[0].bytes, "Subject"), "Masthead needs a hand");
    let text = mail_parser::MessageParser::default().parse(&told[0].bytes).unwrap().body_text(0).unwrap().replace('\n', " ");
    assert!(text.contains("4 letters of confirmation") && text.contains("[web.caps]") && !text.contains("v1"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_says_its_language_and_how_often_it_comes() {
    let lists = "[[list]]\nid = \"noticias\"\nname = \"Noticias\"\ndescription = \"Del condado\"\nlang = \"es-MX\"\nfrequency = \"cada mes\"\n\n\
        [[list]]\nid = \"brief\"\nname = \"Brief\"\nlang = \"en-GB\"\n\n[[list]]\nid = \"odd\"\nname = \"Odd\"\nlang = \"qaa\"\n";
    let served = Served::with_tables("none", 1, lists).await;
    let page = served.ask("GET", "/subscribe", None).body;
    assert!(page.contains("<span lang=\"es-MX\"><strong>Noticias</strong> · español · cada mes<br>Del condado</span>"), "{page}");
    assert!(page.contains("<span><strong>Brief</strong></span>"), "English is the publication's language: {page}");
    assert!(page.contains("<span lang=\"qaa\"><strong>Odd</strong> · qaa</span>"), "{page}");
    let offer: Value = serde_json::from_str(&served.ask("GET", "/api/v1/subscribe", None).body).unwrap();
    let told: Vec<_> = offer["lists"].as_array().unwrap().iter().map(|list| (&list["lang"], &list["frequency"])).collect();
    let (en, none) = (json!("en"), json!(""));
    assert_eq!(told, [(&en, &none), (&json!("es-MX"), &json!("cada mes")), (&json!("en-GB"), &none), (&json!("qaa"), &none)]);
    served.newsroom.run(["lists"]).ok().says(&["Noticias (es-MX, cada mes)", "Brief (en-GB)", "The Letter\n"]);
    let listed = served.newsroom.run(["lists", "--json"]).ok().json();
    assert_eq!((&listed[1]["lang"], &listed[1]["frequency"]), (&json!("es-MX"), &json!("cada mes")));
}

#[test]
fn what_cannot_hold_is_told_with_its_place() {
    for (line, words) in [
        ("[web]\ntrusted_proxies = [\"localhost\"]", "neither an address nor a block"),
        ("[web]\ntrusted_proxies = [\"10.0.0.0/33\"]", "neither an address nor a block"),
        ("[web.caps]\nper_hour = 0", "this must be from 1 to"),
        ("[web.caps]\nper_minute = 1", "per_minute"),
        ("[[list]]\nid = \"a\"\nname = \"A\"\nlang = \"Spanish\"", "this is no language"),
        ("[[list]]\nid = \"a\"\nname = \"A\"\nfrequency = \"a\\u202Eb\"", "cannot be seen"),
    ] {
        let newsroom = Newsroom::new().table(line).configured();
        newsroom.run(["status"]).exits(1).says(&["config/masthead.toml:", words]);
    }
}
