//! Words of strangers and of settings, wherever they are printed: text, and never anything that acts.

use masthead::subscription::SubscriberId;
use masthead::subscription::token::{Bearer, Purpose};
use serde_json::json;

use super::{at, stamp};
use crate::support::linter::lint;
use crate::support::reading::{field, parts, recipient_name};
use crate::support::served::Served;
use crate::support::visitor::{Visitor, encoded, everything};

/// A list whose words would act, if they could.
const LISTS: &str = "[[list]]\nid = \"extra\"\nname = \"<script>alert(1)</script> \\\"x\\\" {{#each @root}}\"\n\
    description = \"</span><img src=//evil.example onerror=alert(1)> {{{publication}}} 'x'\"\n";

/// Nothing in a page but what a template of ours has put there.
fn is_tame(html: &str) {
    let lower = html.to_lowercase();
    for word in ["<script", "<img src=//", "<svg", "<iframe", "<b>", "\" onfocus", "<a href=\"javascript"] {
        assert!(!lower.contains(word), "{word} in {html}");
    }
    assert!(!html.contains('\u{202e}') && !html.contains('\u{0}'), "{html}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t4_names_lists_and_what_is_typed_are_text_on_every_page_and_in_every_mail() {
    let served = Served::with_tables("none", 1, LISTS).await;
    let keys = served.present.borrow().keys().unwrap();
    let link = |purpose| keys.sign(purpose, Bearer { subscriber: SubscriberId(1), list_number: 2 }).url();
    let preferences = format!("/preferences/{}", link(Purpose::Preferences));
    let mut visitor = Visitor::new(&served.address);
    let names = [
        "<script>alert(1)</script>",
        "\" onfocus=alert(1) autofocus x=\"",
        "' onfocus='alert(1)",
        "</title><svg onload=alert(1)>",
        "{{publication}} {{{name}}} {{#each @root}}",
        "&lt;b&gt;&amp;",
        "=?utf-8?Q?Bcc=3A_v=40y?=",
        "O\"Neil\\, <ann@evil.example>",
    ];
    tokio::task::block_in_place(|| {
        for name in names {
            let page = visitor.send(&preferences, &format!("do=save&list=general&list=extra&name={}", encoded(name)));
            assert_eq!(page.status, 200, "{name}: {}", page.body);
            is_tame(&page.body);
            let page = visitor.send("/subscribe", &format!("email={0}&name={0}&list=extra", encoded(name)));
            assert_eq!(page.status, 422, "{name}");
            is_tame(&page.body);
            let shown = served.newsroom.run(["subscribers", "show", "reader0001@example.org", "--json"]).ok().json();
            assert_eq!(shown["name"], name, "it is kept as it was typed");
        }
        for path in ["/subscribe".to_owned(), preferences.clone(), format!("/u/{}", link(Purpose::Unsubscribe))] {
            let page = visitor.ask("GET", &path, "", "");
            assert!(page.status == 200 && page.body.contains("&lt;script&gt;alert(1)"), "{path}: {}", page.body);
            is_tame(&page.body);
        }
    });
    for name in names {
        tokio::task::block_in_place(|| visitor.send(&preferences, &format!("do=save&list=general&name={}", encoded(name))));
        let message = served.newsroom.run(["render", "2014-12", "--to", "eml", "--subscriber", "reader0001@example.org"]).ok().stdout;
        assert_eq!(lint(message.as_bytes()), [], "{name}");
        assert_eq!(recipient_name(message.as_bytes()).as_deref(), Some(name));
        assert!(field(message.as_bytes(), "Bcc").is_empty());
        is_tame(&parts(message.as_bytes()).1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t2_t4_line_breaks_and_hidden_letters_in_names_and_addresses_change_and_send_nothing() {
    let served = Served::new("none").await;
    let keys = served.present.borrow().keys().unwrap();
    let bearer = Bearer { subscriber: SubscriberId(1), list_number: 1 };
    let preferences = format!("/preferences/{}", keys.sign(Purpose::Preferences, bearer).url());
    let mut visitor = Visitor::new(&served.address);
    let stamp = tokio::task::block_in_place(|| stamp(&mut visitor));
    at(&served, "2014-11-28T12:00:05Z").await;
    let before = everything(&served.newsroom.path("data/masthead.db"));
    let names = [
        "Eve\r\nBcc: v@y.example",
        "Eve\nx",
        "Eve\rx",
        "Eve\u{0}",
        "Eve\u{202e}gro",
        "Eve\u{2028}x",
        "Eve\u{85}x",
        "E\u{feff}ve",
        "\u{1b}[2J",
    ];
    let addresses = [
        "eve@example.org\r\nBcc: v@y.example",
        "eve@example.org\nRCPT TO:<v@y.example>",
        "eve@example.org, v@y.example",
        "Eve <eve@example.org>",
        "<eve@example.org>",
        "eve@example.org\u{0}",
        "eve@example.org SIZE=1",
        "\"eve\r\n\"@example.org",
        "eve@[127.0.0.1]",
        "eve@127.0.0.1",
        "eve@localhost",
        "@example.org",
        "eve@@example.org",
        "eve\u{202e}@example.org",
        "eve@exam\u{200b}ple.org",
    ];
    tokio::task::block_in_place(|| {
        for name in names {
            let page = visitor.send(&preferences, &format!("do=save&list=general&name={}", encoded(name)));
            assert_eq!(page.status, 422, "{name:?}: {}", page.body);
            is_tame(&page.body);
        }
        let wrong = names.map(|name| ("eve@example.org", name)).into_iter().chain(addresses.map(|address| (address, "Eve")));
        for (address, name) in wrong {
            let form = format!("email={}&name={}&list=general&stamp={stamp}", encoded(address), encoded(name));
            let page = visitor.send("/subscribe", &form);
            assert_eq!(page.status, 422, "{address:?} {name:?}: {}", page.body);
            assert!(page.body.contains("Not yet") && !page.body.contains("<eve"), "{}", page.body);
            let body = json!({ "email": address, "name": name, "lists": ["general"], "stamp": stamp }).to_string();
            let page = visitor.ask("POST", "/api/v1/subscribe", "Content-Type: application/json\r\n", &body);
            assert!(page.status == 422 && page.body.contains("\"refused\""), "{address:?}: {}", page.body);
            assert_eq!(page.header("content-type"), Some("application/json"));
        }
    });
    assert_eq!(everything(&served.newsroom.path("data/masthead.db")), before);
    assert_eq!(served.sink.messages().len(), 0);
}
