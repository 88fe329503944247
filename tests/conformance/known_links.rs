//! What is promised of the links that were tried.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use masthead::issue::known_links::{LinkEnd, LinkState};
use masthead::store::Store;

/// A link that was tried so many hours after the beginning of time.
fn tried(url: &str, hours: i64, end: LinkEnd) -> LinkState {
    LinkState {
        url: url.to_owned(),
        tried_at: Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours),
        end,
        final_url: format!("{url}/there"),
        moved_to: Some(format!("{url}/moved")),
        media_type: Some("application/pdf".to_owned()),
        octets: Some(300_700),
        etag: Some("\"v1\"".to_owned()),
        last_modified: Some("Mon, 02 Nov 2026 09:00:00 GMT".to_owned()),
    }
}

fn urls(urls: &[&str]) -> Vec<String> {
    urls.iter().map(|&url| url.to_owned()).collect()
}

pub(crate) async fn what_a_link_came_to_is_known_as_it_was(store: Arc<dyn Store>) {
    let (one, two) = (tried("https://one.example", 1, LinkEnd::Answered(200)), tried("https://two.example", 1, LinkEnd::NoSuchName));
    store.keep_links(vec![one.clone(), two.clone()]).await.unwrap();
    let mut known = store.known_links(&urls(&["https://two.example", "https://three.example", "https://one.example"])).await.unwrap();
    known.sort_by(|a, b| a.url.cmp(&b.url));
    assert_eq!(known, [one, two]);
    assert_eq!(store.known_links(&[]).await.unwrap(), []);
}

pub(crate) async fn only_a_later_try_replaces_what_is_known(store: Arc<dyn Store>) {
    let url = "https://one.example";
    store.keep_links(vec![tried(url, 5, LinkEnd::Answered(200))]).await.unwrap();
    store.keep_links(vec![tried(url, 4, LinkEnd::Slow)]).await.unwrap();
    assert_eq!(store.known_links(&urls(&[url])).await.unwrap(), [tried(url, 5, LinkEnd::Answered(200))]);
    store.keep_links(vec![tried(url, 6, LinkEnd::Answered(404))]).await.unwrap();
    assert_eq!(store.known_links(&urls(&[url])).await.unwrap(), [tried(url, 6, LinkEnd::Answered(404))]);
}
