//! Feeds of every kind, as they are and as nobody should write them: what is read, what is chosen, what is printed.

use std::time::Instant;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use masthead::edition::{Edition, Press, render};
use masthead::issue::feed::{FeedFault, FeedItem, FeedPlace, FeedPlan, FeedState, Window, choose, findings, join, parse};

use crate::room::{house, imprint, listed, read, under_front};

/// The codes that the tests of this file bring forth.
pub(crate) const CODES: &[&str] = &["feed-failed"];

const URL: &str = "https://partner.example/news/feed.xml";

fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn rss(items: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>T</title><link>https://partner.example/</link>{items}</channel></rss>"
    )
}

fn items(feed: &str) -> Vec<FeedItem> {
    parse(feed.as_bytes(), URL, now()).unwrap()
}

/// Title, link, excerpt and date of each item.
fn told(feed: &str) -> Vec<(String, String, String, Option<String>)> {
    items(feed).into_iter().map(|item| (item.title, item.link, item.excerpt, item.published.map(|at| at.to_string()))).collect()
}

fn entry(title: &str, link: &str, excerpt: &str, at: Option<&str>) -> (String, String, String, Option<String>) {
    (title.to_owned(), link.to_owned(), excerpt.to_owned(), at.map(str::to_owned))
}

#[test]
fn rss_atom_and_json_feed_are_read_alike() {
    let wanted = [
        entry("Wells & pumps", "https://partner.example/wells", "Deep and clear.", Some("2026-11-03T09:00:00Z")),
        entry("No date", "https://partner.example/news/no-date", "", None),
    ];
    let rss = rss(
        "<item><title>Wells &amp;amp; pumps</title><link>/wells</link><description>&lt;p&gt;Deep &lt;b&gt;and&lt;/b&gt; clear.&lt;/p&gt;</description>\
         <pubDate>Tue, 03 Nov 2026 09:00:00 GMT</pubDate><guid>1</guid></item><item><title>No date</title><link>no-date</link><pubDate>soon</pubDate></item>",
    );
    let atom = "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>T</title><id>t</id><updated>2026-11-03T09:00:00Z</updated>\
        <entry><id>1</id><title>Wells &amp; pumps</title><link rel=\"enclosure\" href=\"/a.mp3\"/><link href=\"/wells\"/>\
        <published>2026-11-03T04:00:00-05:00</published><summary type=\"html\">&lt;p&gt;Deep and clear.&lt;/p&gt;</summary></entry>\
        <entry><title>No date</title><link href=\"no-date\"/><updated>never</updated></entry></feed>";
    let json = r#"{"version":"https://jsonfeed.org/version/1.1","title":"T","items":[
        {"id":"1","url":"/wells","title":"Wells & pumps","content_html":"<p>Deep and clear.</p>","date_published":"2026-11-03T09:00:00Z"},
        {"id":"2","url":"no-date","title":"No date","content_text":""}]}"#;
    for feed in [&rss, atom, json] {
        assert_eq!(told(feed), wanted, "{feed}");
    }
}

#[test]
fn t4_no_markup_of_a_feed_survives() {
    let hostile = [
        "&lt;script&gt;alert(1)&lt;/script&gt;Words",
        "<![CDATA[<script>alert(1)</script><p onclick=\"x()\">Words</p>]]>",
        "&amp;lt;script&amp;gt;alert(1)&amp;lt;/script&amp;gt;Words",
        "&lt;style&gt;p{}&lt;/style&gt;Words&lt;img src=x onerror=alert(1)&gt;",
        "&lt;svg onload=alert(1)&gt;&lt;/svg&gt;Words",
        "&lt;iframe src=javascript:alert(1)&gt;x&lt;/iframe&gt;Words",
    ];
    for text in hostile {
        let feed = rss(&format!(
            "<item><title>{text}</title><link>https://partner.example/a</link><description>{text} and more</description></item>"
        ));
        let found = told(&feed);
        assert_eq!(found, [entry("Words", "https://partner.example/a", "Words and more", None)], "{text}");
    }
}

#[test]
fn an_item_that_leads_nowhere_safe_is_left_out() {
    let all = ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "mailto:a@b.example", "https://", "", "//"];
    for link in all {
        let feed = rss(&format!("<item><title>A</title><link>{link}</link><guid isPermaLink=\"false\">g</guid></item>"));
        assert!(told(&feed).iter().all(|(_, link, ..)| link.starts_with("https://partner.example/")), "{link}: {:?}", told(&feed));
        let json =
            format!(r#"{{"version":"https://jsonfeed.org/version/1","title":"T","items":[{{"id":"g","url":"{link}","title":"A"}}]}}"#);
        assert_eq!(told(&json), [], "{link}");
    }
    let quoted =
        r#"{"version":"https://jsonfeed.org/version/1","title":"T","items":[{"id":"g","url":"https://e.example/\"><b>","title":"A"}]}"#;
    assert_eq!(told(quoted)[0].1, "https://e.example/%22%3E%3Cb%3E");
}

#[test]
fn what_is_no_feed_is_told_from_one_that_is_broken() {
    let faults = [
        ("<!DOCTYPE html><html><body><p>Not found</p></body></html>", FeedFault::Page),
        ("<html><head><title>x</title></head></html>", FeedFault::Page),
        ("", FeedFault::Unreadable),
        ("GIF89a", FeedFault::Unreadable),
        ("<rss version=\"2.0\"><channel><item><title>", FeedFault::Unreadable),
        ("{\"version\":\"https://jsonfeed.org/version/1\"", FeedFault::Unreadable),
        ("{}", FeedFault::Unreadable),
    ];
    for (octets, fault) in faults {
        assert_eq!(parse(octets.as_bytes(), URL, now()), Err(fault), "{octets}");
    }
}

#[test]
fn t14_a_feed_that_would_fill_the_memory_does_not() {
    let laughs: String = (1..10).map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10))).collect::<Vec<_>>().concat();
    let laughs = format!(
        "<?xml version=\"1.0\"?><!DOCTYPE rss [<!ENTITY l0 \"ha\">{laughs}]><rss version=\"2.0\"><channel><item><title>&l9;</title><link>https://e.example/</link></item></channel></rss>"
    );
    let deep = "<div>".repeat(400_000);
    let one = "<item><title>A</title><link>https://e.example/a</link></item>";
    let hostile = [
        laughs,
        rss(&format!("<item><title>A</title><link>https://e.example/</link><description>{deep}</description></item>")),
        format!("<feed xmlns=\"http://www.w3.org/2005/Atom\"><entry><content type=\"xhtml\">{deep}"),
        deep.clone(),
        format!("{{\"version\":\"https://jsonfeed.org/version/1\",\"items\":{}", "[".repeat(2_000_000)),
        rss(&format!("<item><title>{}</title><link>https://e.example/</link></item>", "&lt;b&gt;".repeat(200_000))),
        rss(&one.repeat(60_000)),
        rss(&format!("<item {}><title>A</title></item>", "a=\"b\" ".repeat(300_000))),
    ];
    for feed in hostile {
        assert!(feed.len() < 5 << 20, "larger ones are not even read");
        let began = Instant::now();
        let read = parse(feed.as_bytes(), URL, now());
        assert!(began.elapsed().as_secs() < 20, "{:?} for {}", began.elapsed(), &feed[..100]);
        let read = read.unwrap_or_default();
        assert!(read.len() <= 500 && read.iter().all(|item| item.title.chars().count() <= 200 && item.excerpt.chars().count() <= 240));
    }
}

#[test]
fn an_item_without_a_title_is_called_by_its_first_words() {
    let long = "word ".repeat(100);
    let feed = rss(&format!(
        "<item><link>https://e.example/a</link><description>{long}</description></item><item><link>https://e.example/b</link></item>"
    ));
    let found = told(&feed);
    assert_eq!(found.len(), 1, "without any words it is nothing");
    assert!(found[0].0.chars().count() <= 80 && found[0].0.ends_with("word\u{2026}"), "{found:?}");
    assert!(found[0].2.chars().count() <= 240 && found[0].2.ends_with("word\u{2026}"), "{found:?}");
}

fn plan(url: &str, place: FeedPlace, max: usize) -> FeedPlan {
    FeedPlan { url: url.to_owned(), title: None, place, max, is_required: false }
}

fn section() -> FeedPlace {
    FeedPlace::Section("From our partners".to_owned())
}

/// An item that came out and was first seen so many hours after the last issue.
fn dated(key: &str, published: Option<i64>, first_seen: i64) -> FeedItem {
    let at = |hours| last_issue() + SignedDuration::from_hours(hours);
    FeedItem {
        feed: URL.to_owned(),
        key: key.to_owned(),
        place: 0,
        link: format!("https://partner.example/{key}"),
        title: key.to_owned(),
        excerpt: String::new(),
        published: published.map(at),
        first_seen: at(first_seen),
        carried_by: None,
    }
}

fn last_issue() -> Timestamp {
    "2026-11-01T09:00:00Z".parse().unwrap()
}

fn state(known_since: i64, fault: Option<&str>) -> FeedState {
    let at = last_issue() + SignedDuration::from_hours(known_since);
    FeedState {
        url: URL.to_owned(),
        tried_at: at,
        known_since: Some(at),
        fetched_at: Some(at),
        fault: fault.map(str::to_owned),
        final_url: URL.to_owned(),
        etag: None,
        last_modified: None,
    }
}

fn window() -> Window {
    Window { issue: "2026-12".parse().unwrap(), since: last_issue(), is_out: false }
}

/// The keys that are chosen of these items for the December issue.
fn chosen(items: &[FeedItem], known_since: i64, max: usize, listed: &[&str]) -> Vec<String> {
    let listed: Vec<String> = listed.iter().map(|&link| link.to_owned()).collect();
    let plans = [plan(URL, section(), max)];
    let chosen = choose(&plans, &[state(known_since, None)], items, &window(), &listed);
    chosen[0].1.iter().map(|item| item.key.clone()).collect()
}

#[test]
fn what_is_new_since_the_last_issue_is_chosen_newest_first() {
    let other = |issue: &str, item: FeedItem| FeedItem { carried_by: Some(issue.parse().unwrap()), ..item };
    let items = [
        dated("old", Some(-100), -90),
        dated("new", Some(10), 12),
        dated("newer", Some(20), 22),
        dated("undated-old", None, -5),
        dated("undated-new", None, 15),
        dated("late", Some(-3), 6),
        dated("very-late", Some(-24 * 40), 6),
        dated("of-the-future", Some(24 * 365 * 70), 30),
        other("2026-11", dated("carried", Some(5), 6)),
        other("2026-12", dated("ours", Some(-200), -190)),
    ];
    let all = ["of-the-future", "newer", "undated-new", "new", "late", "ours"];
    assert_eq!(chosen(&items, -500, 50, &[]), all);
    assert_eq!(chosen(&items, -500, 2, &[]), all[..2]);
    assert_eq!(
        chosen(&items, 1, 50, &[]),
        ["of-the-future", "newer", "undated-new", "new", "ours"],
        "a feed that is new to us was not late"
    );
    assert_eq!(chosen(&items, -500, 2, &["http://partner.example/newer?utm_source=x#y"]), ["of-the-future", "undated-new"]);
}

#[test]
fn nothing_is_chosen_twice_or_again() {
    let with_link = |item: FeedItem, link: &str| FeedItem { link: link.to_owned(), ..item };
    let items = [
        dated("a", Some(3), 4),
        with_link(dated("a-again", Some(2), 4), "http://partner.example/a?utm_campaign=feed"),
        with_link(dated("renamed", Some(9), 9), "https://partner.example/carried#new"),
        FeedItem { carried_by: Some("2026-11".parse().unwrap()), ..dated("carried", Some(-1), -1) },
    ];
    assert_eq!(chosen(&items, -500, 50, &[]), ["a"]);
    let out = Window { is_out: true, ..window() };
    let ours = [FeedItem { carried_by: Some("2026-12".parse().unwrap()), ..dated("ours", Some(1), 1) }, dated("since", Some(2), 2)];
    let plans = [plan(URL, section(), 5)];
    let kept = choose(&plans, &[state(-500, None)], &ours, &out, &[]);
    assert_eq!(kept[0].1, [&ours[0]], "an issue that is out has what it had");
}

/// The November issue with this body and these items, in this place.
fn printed(body: &str, items: &[FeedItem], place: FeedPlace, title: Option<&str>) -> Edition {
    let mut issue = read(&under_front(body)).issue.unwrap();
    let plan = FeedPlan { title: title.map(str::to_owned), ..plan(URL, place, 5) };
    join(&mut issue, &[(&plan, items.iter().collect())], &house(), &TimeZone::UTC);
    assert_eq!(issue.carried.len(), items.len());
    render(&issue, &imprint(), &Press::new(&[]).value.unwrap()).value.unwrap()
}

#[test]
fn items_come_into_a_section_that_is_made_or_was_there() {
    let body = "# H\n\nText.\n\n# From Our Partners:\n\nWe read them all.\n";
    let item = FeedItem { title: "Wells <b>".to_owned(), excerpt: "Deep & clear.".to_owned(), ..dated("wells", Some(48), 48) };
    for (body, headings) in [("# H\n\nText.\n", 1), (body, 1)] {
        let edition = printed(body, std::slice::from_ref(&item), section(), Some("The Pump House"));
        assert_eq!(edition.text.to_lowercase().matches("from our partners").count(), headings, "{}", edition.text);
        let text = edition.text.replace('\u{a0}', " ").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("* Wells <b> [1] (The Pump House, November 3, 2026) \u{2014} Deep & clear."), "{text}");
        let wanted =
            "<a href=\"https://partner.example/wells\">Wells &lt;b&gt;</a> (The Pump House, November 3, 2026) \u{2014} Deep &amp; clear.";
        let html = edition.html.split_whitespace().collect::<Vec<_>>().join(" ");
        let bare = html.split(" style=\"").enumerate().map(|(at, part)| if at == 0 { part } else { part.split_once('"').unwrap().1 });
        assert!(bare.collect::<String>().contains(wanted), "{html}");
    }
    let none = printed("# H\n\nText.\n", &[], section(), None);
    assert!(!none.text.to_lowercase().contains("from our partners"), "nothing new, no section");
}

#[test]
fn items_come_into_the_related_list() {
    let body = "# H\n\nText.\n\n## Related Items\n\n- \"The Long Evening\" (June 2026)\n";
    for (body, before) in [("# H\n\nText.\n", 0), (body, 1)] {
        let item = FeedItem { excerpt: "Deep.".to_owned(), ..dated("wells", None, 48) };
        let edition = printed(body, &[item], FeedPlace::Related, None);
        let text = edition.text.replace('\u{a0}', " ");
        assert_eq!(text.matches("RELATED ITEMS").count(), 1, "{text}");
        assert!(text.contains(&format!("* wells [{}] \u{2014} Deep.", before + 1)), "{text}");
    }
}

#[test]
fn a_feed_that_fails_is_named_and_stops_only_what_needs_it() {
    let fails = [state(5, Some("its server answered 500"))];
    let usual = plan(URL, section(), 5);
    let required = FeedPlan { is_required: true, title: Some("The Pump House".to_owned()), ..usual.clone() };
    let told = findings(std::slice::from_ref(&usual), &fails);
    assert_eq!(listed(&told), ["warning feed-failed nowhere"]);
    assert!(told[0].message.contains(URL) && told[0].message.contains("answered 500"), "{told:?}");
    let told = findings(std::slice::from_ref(&required), &fails);
    assert_eq!(listed(&told), ["error feed-failed nowhere"]);
    assert!(told[0].message.contains("The Pump House"), "{told:?}");
    assert_eq!(listed(&findings(&[usual], &[])), [""; 0], "nobody asked yet");
    assert_eq!(listed(&findings(std::slice::from_ref(&required), &[])), ["error feed-failed nowhere"]);
    assert_eq!(listed(&findings(&[required], &[state(5, None)])), [""; 0]);
}
