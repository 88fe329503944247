//! Whatever stands where a feed should: read or refused, within bounds, and never anything but words and web addresses.

use jiff::Timestamp;
use masthead::issue::feed::{canonical, parse};
use proptest::prelude::*;

const URL: &str = "https://partner.example/news/feed.xml";

/// Pieces of feeds of all kinds, in an order that nobody meant.
fn octets() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        2 => "\\PC{0,30}",
        6 => prop::sample::select(vec![
            "<rss version=\"2.0\"><channel>", "</channel></rss>", "<item>", "</item>", "<title>", "</title>", "<link>", "</link>", "<guid>", "</guid>",
            "<description>", "</description>", "<![CDATA[", "]]>", "<pubDate>Tue, 03 Nov 2026 09:00:00 GMT</pubDate>", "<pubDate>99999</pubDate>",
            "<feed xmlns=\"http://www.w3.org/2005/Atom\">", "</feed>", "<entry>", "</entry>", "<link href=\"a\"/>", "<link rel=\"self\" href=\"//x\"/>",
            "<content type=\"xhtml\">", "</content>", "<content type=\"text/html\">", "{\"version\":\"https://jsonfeed.org/version/1\",\"items\":[", "]}",
            "{\"id\":\"1\",\"url\":\"/x\",\"title\":\"t\"}", ",", "https://e.example/a?utm_source=x#y", "javascript:alert(1)", "&lt;script&gt;", "&amp;lt;b&amp;gt;", "&amp;amp;lt;i&amp;amp;gt;", "&amp;", "&#0;",
            "&#x202e;", "<script>", "</script>", "<b>", "</b>", "&l9;", "<!DOCTYPE x [<!ENTITY a \"b\">]>", "<?xml version=\"1.0\"?>", "<!--", "-->",
        ]).prop_map(str::to_owned),
    ];
    let whole = prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat());
    let as_rss = |inner: String| {
        let inner = inner.replace("]]>", "");
        format!(
            "<rss version=\"2.0\"><channel><item><title><![CDATA[{inner}]]></title><link>/a</link><description><![CDATA[{inner}]]></description></item></channel></rss>"
        )
    };
    let as_json = |inner: String| {
        let item = serde_json::json!({ "id": inner, "url": "https://e.example/a", "title": inner, "content_html": inner });
        serde_json::json!({ "version": "https://jsonfeed.org/version/1", "title": "T", "items": [item] }).to_string()
    };
    prop_oneof![whole.clone(), whole.clone().prop_map(as_rss), whole.prop_map(as_json)]
}

#[test]
fn an_item_is_known_by_what_every_store_can_find_again() {
    let page = |written: &str| format!("https://e.example/{}{written}", "|".repeat(1_900));
    let item = |id: &str, page: String| serde_json::json!({ "id": id, "url": page, "title": "t", "content_text": "c" });
    let items = [item("a\0b", page("")), item("", page("one")), item("", page("two")), item(&"x".repeat(3_000), page("three"))];
    let feed = serde_json::json!({ "version": "https://jsonfeed.org/version/1", "title": "T", "items": items }).to_string();
    let read = parse(feed.as_bytes(), URL, Timestamp::UNIX_EPOCH).unwrap();
    let keys: std::collections::BTreeSet<&str> = read.iter().map(|item| item.key.as_str()).collect();
    assert_eq!(keys.len(), 4, "{keys:?}");
    assert!(keys.iter().all(|key| key.len() <= 2_000 && !key.contains('\0')), "{keys:?}");
    assert!(keys.contains("a\u{FFFD}b"), "{keys:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn what_is_read_of_a_feed_is_within_bounds(octets in octets()) {
        let Ok(items) = parse(octets.as_bytes(), URL, Timestamp::UNIX_EPOCH) else { return Ok(()) };
        prop_assert!(items.len() <= 500);
        for item in items {
            prop_assert!(item.link.starts_with("http://") || item.link.starts_with("https://"), "{}", item.link);
            prop_assert!(item.link.is_ascii() && !item.link.contains(['"', '<', '>', ' ']), "{}", item.link);
            prop_assert!(!item.title.is_empty() && item.title.chars().count() <= 200 && item.excerpt.chars().count() <= 240);
            prop_assert!(!item.key.is_empty() && item.key.len() <= 2_000 && !item.key.contains('\0'), "{:?}", item.key);
            for words in [&item.title, &item.excerpt] {
                prop_assert!(!words.contains(|c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)), "{words:?}");
                prop_assert_eq!(words.trim(), words.as_str());
                let tags = words.match_indices('<').any(|(at, _)| words[at + 1..].starts_with(|c: char| c.is_ascii_alphabetic() || "/!?".contains(c)));
                prop_assert!(!tags, "{words:?}");
            }
        }
    }

    #[test]
    fn a_page_stays_the_same_however_one_comes_there(path in "[a-z/]{0,20}", id in "[a-z0-9]{0,5}", from in "[a-z]{1,8}") {
        let page = canonical(&format!("https://e.example/{path}?id={id}"));
        prop_assert_eq!(&canonical(&format!("http://E.example/{path}?utm_{from}={from}&id={id}#{from}")), &page);
        prop_assert_eq!(canonical(&format!("https://{page}")), page.clone(), "once is enough");
    }
}
