//! What is promised of feeds and their items.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use masthead::dateline::IssueId;
use masthead::issue::feed::{FeedItem, FeedState, ItemKey};
use masthead::store::Store;

const ONE: &str = "https://one.example/feed";
const TWO: &str = "https://two.example/feed";

fn hour(hours: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours)
}

fn state(url: &str, hours: i64) -> FeedState {
    FeedState {
        url: url.to_owned(),
        tried_at: hour(hours),
        known_since: Some(hour(0)),
        fetched_at: Some(hour(hours)),
        fault: Some("its server answered 500".to_owned()),
        final_url: format!("{url}/there"),
        etag: Some("\"v1\"".to_owned()),
        last_modified: None,
    }
}

fn item(feed: &str, key: &str, hours: i64) -> FeedItem {
    FeedItem {
        feed: feed.to_owned(),
        key: key.to_owned(),
        place: 7,
        link: format!("{feed}/{key}"),
        title: format!("Title of {key}"),
        excerpt: "What it says.".to_owned(),
        published: Some(hour(-5)),
        first_seen: hour(hours),
        carried_by: None,
    }
}

fn keys(feed: &str, keys: &[&str]) -> Vec<ItemKey> {
    keys.iter().map(|key| ItemKey { feed: feed.to_owned(), key: (*key).to_owned() }).collect()
}

fn issue(id: &str) -> IssueId {
    id.parse().unwrap()
}

async fn items(store: &Arc<dyn Store>, feeds: &[&str]) -> Vec<FeedItem> {
    let urls: Vec<String> = feeds.iter().map(|&url| url.to_owned()).collect();
    let mut items = store.feed_items(&urls).await.unwrap();
    items.sort_by(|a, b| (&a.feed, &a.key).cmp(&(&b.feed, &b.key)));
    items
}

/// "a 2014-12" for each item of the first feed that an issue has.
async fn carried(store: &Arc<dyn Store>) -> Vec<String> {
    let items = items(store, &[ONE]).await.into_iter();
    items.filter_map(|item| Some(format!("{} {}", item.key, item.carried_by?))).collect()
}

pub(crate) async fn a_feed_is_known_as_it_was_with_its_items(store: Arc<dyn Store>) {
    store.keep_feed(state(ONE, 1), vec![item(ONE, "a", 1), item(ONE, "b", 1)]).await.unwrap();
    store.keep_feed(state(TWO, 2), vec![item(TWO, "a", 2)]).await.unwrap();
    store.keep_feed(state(ONE, 3), Vec::new()).await.unwrap();
    let known = store.feeds(&[ONE.to_owned(), "https://three.example".to_owned()]).await.unwrap();
    assert_eq!(known, [state(ONE, 3)]);
    assert_eq!(items(&store, &[TWO, ONE]).await, [item(ONE, "a", 1), item(ONE, "b", 1), item(TWO, "a", 2)]);
}

pub(crate) async fn an_item_stays_first_seen_when_it_was(store: Arc<dyn Store>) {
    store.keep_feed(state(ONE, 1), vec![item(ONE, "a", 1)]).await.unwrap();
    let mended = FeedItem { title: "Mended".to_owned(), published: Some(hour(4)), ..item(ONE, "a", 5) };
    store.keep_feed(state(ONE, 5), vec![mended.clone()]).await.unwrap();
    assert_eq!(items(&store, &[ONE]).await, [FeedItem { first_seen: hour(1), ..mended }]);
}

pub(crate) async fn an_item_stays_with_the_issue_that_has_it(store: Arc<dyn Store>) {
    store.keep_feed(state(ONE, 1), vec![item(ONE, "a", 1), item(ONE, "b", 1), item(ONE, "c", 1)]).await.unwrap();
    store.carry(&issue("2014-12"), &keys(ONE, &["a", "b"])).await.unwrap();
    store.carry(&issue("2015-02"), &keys(ONE, &["b", "c"])).await.unwrap();
    assert_eq!(carried(&store).await, ["a 2014-12", "b 2014-12", "c 2015-02"]);
    let changed = FeedItem { title: "Something else".to_owned(), ..item(ONE, "a", 2) };
    store.keep_feed(state(ONE, 2), vec![changed, item(ONE, "c", 2)]).await.unwrap();
    assert_eq!(items(&store, &[ONE]).await[0].title, "Title of a", "what an issue has stays as it was");
    assert_eq!(carried(&store).await, ["a 2014-12", "b 2014-12", "c 2015-02"], "whatever the feed says");
    store.carry(&issue("2014-12"), &keys(ONE, &["b"])).await.unwrap();
    assert_eq!(carried(&store).await, ["b 2014-12", "c 2015-02"], "an issue has what it was last given");
}

pub(crate) async fn a_feed_that_renames_its_items_fills_nothing(store: Arc<dyn Store>) {
    store.keep_feed(state(ONE, 0), vec![item(ONE, "ours", 0)]).await.unwrap();
    store.carry(&issue("2014-12"), &keys(ONE, &["ours"])).await.unwrap();
    for hours in 1..=6 {
        let renamed = (0..500).map(|number| item(ONE, &format!("{hours}-{number:03}"), hours)).collect();
        store.keep_feed(state(ONE, hours), renamed).await.unwrap();
    }
    let left = items(&store, &[ONE]).await;
    assert_eq!(left.len(), 2_001);
    assert!(left.iter().all(|item| item.key == "ours" || item.first_seen >= hour(3)), "the latest are kept");
}

pub(crate) async fn only_what_no_issue_has_is_forgotten_after_a_year(store: Arc<dyn Store>) {
    store.keep_feed(state(ONE, 0), vec![item(ONE, "a", 0), item(ONE, "b", 0), item(ONE, "c", 0)]).await.unwrap();
    store.keep_feed(state(TWO, 0), vec![item(TWO, "a", 0)]).await.unwrap();
    store.carry(&issue("2014-12"), &keys(ONE, &["a"])).await.unwrap();
    let year = 365 * 24;
    store.keep_feed(state(ONE, year), vec![item(ONE, "b", year)]).await.unwrap();
    assert_eq!(items(&store, &[ONE]).await.len(), 3, "a year is not over yet");
    store.keep_feed(state(ONE, year + 1), Vec::new()).await.unwrap();
    let left: Vec<String> = items(&store, &[ONE, TWO]).await.into_iter().map(|item| item.link).collect();
    assert_eq!(left, [format!("{ONE}/a"), format!("{ONE}/b"), format!("{TWO}/a")]);
}
