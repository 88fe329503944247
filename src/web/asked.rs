//! What the head of a request tells: what its path names, and whether a page of somebody else sends it.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Path};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

/// What a path names. What is no text, such as `%ff`, is read as nothing, which opens nothing: whoever guesses gets one
/// page, however they write (STANDARDS T6).
pub(super) struct Named<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Default + Send> FromRequestParts<S> for Named<T> {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        Ok(Self(path.map_or_else(|_| T::default(), |Path(named)| named)))
    }
}

/// Whether a browser says that a page of another site has sent this (STANDARDS T11). `ours` is the address that the
/// publication gives itself.
///
/// Our own pages say nothing of where they are, so their `Origin` is `null`: where a browser does not tell the site either,
/// that is no reason to turn a reader away.
pub(super) fn is_from_elsewhere(head: &HeaderMap, ours: &str) -> bool {
    let said = |name: &str| head.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = said("sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    let Some(page) = said("origin").or_else(|| said("referer")).filter(|page| *page != "null") else { return false };
    let from = authority(page);
    from.is_empty() || (from != authority(ours) && Some(from) != said("host"))
}

/// `example.org:8080` of `https://example.org:8080/a`; nothing of what is no address.
fn authority(url: &str) -> &str {
    url.split_once("://").and_then(|(_, rest)| rest.split(['/', '?', '#']).next()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn t11_a_page_of_another_site_is_told_from_ours_and_from_programs() {
        let heads: [(&[(&str, &str)], bool); 17] = [
            (&[], false),
            (&[("sec-fetch-site", "same-origin"), ("origin", "null")], false),
            (&[("sec-fetch-site", "none")], false),
            (&[("sec-fetch-site", "cross-site"), ("origin", "null")], true),
            (&[("sec-fetch-site", "same-site")], true),
            (&[("sec-fetch-site", "Same-Origin")], true),
            (&[("origin", "null")], false),
            (&[("origin", "https://news.example.org")], false),
            (&[("origin", "https://news.example.org.evil.example")], true),
            (&[("origin", "https://evil.example/https://news.example.org")], true),
            (&[("origin", "https://news.example.org@evil.example")], true),
            (&[("origin", "news.example.org")], true),
            (&[("origin", "https://evil.example"), ("host", "news.example.org")], true),
            (&[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")], false),
            (&[("referer", "https://evil.example/?https://news.example.org/")], true),
            (&[("referer", "https://news.example.org/preferences/x")], false),
            (&[("origin", "null"), ("referer", "https://news.example.org/preferences/x")], false),
        ];
        for (said, is_foreign) in heads {
            let fields = said.iter().map(|(name, value)| (name.parse::<HeaderName>().unwrap(), HeaderValue::from_static(value)));
            assert_eq!(is_from_elsewhere(&fields.collect(), "https://news.example.org"), is_foreign, "{said:?}");
        }
    }
}
