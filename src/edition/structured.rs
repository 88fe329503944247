//! What a page is, for programs: JSON-LD in the words of schema.org, as it may stand within a script element.

use serde_json::{Map, Value, json};

use super::views::Printed;
use crate::dateline::IssueNumber;

/// The newsletter as programs are told of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Periodical<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// Its first page, in full.
    pub(super) url: &'a str,
    /// One line on it.
    pub(super) description: Option<&'a str>,
}

/// An issue as programs are told of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Carrier<'a> {
    pub(super) url: &'a str,
    pub(super) name: &'a str,
    pub(super) number: Option<IssueNumber>,
    pub(super) published: &'a str,
}

/// A text of it: the issue as a whole, or one article.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written<'a> {
    pub(super) url: &'a str,
    pub(super) headline: &'a str,
    pub(super) description: Option<&'a str>,
    pub(super) lang: &'a str,
    pub(super) modified: Option<&'a str>,
    pub(super) image: Option<&'a str>,
    pub(super) section: Option<&'a str>,
}

impl Periodical<'_> {
    fn value(self) -> Value {
        bare(json!({ "@type": "Periodical", "name": self.name, "url": self.url, "description": self.description }))
    }

    fn publisher(self) -> Value {
        json!({ "@type": "Organization", "name": self.name, "url": self.url })
    }

    /// The newsletter itself.
    pub(super) fn whole(self) -> Printed {
        printed(self.value())
    }

    fn issue(self, issue: Carrier<'_>) -> Value {
        let volume = issue
            .number
            .map(|number| json!({ "@type": "PublicationVolume", "volumeNumber": number.volume.to_string(), "isPartOf": self.value() }));
        bare(json!({
            "@type": "PublicationIssue",
            "@id": issue.url,
            "url": issue.url,
            "name": issue.name,
            "issueNumber": issue.number.map(|number| number.number.to_string()),
            "datePublished": issue.published,
            "isPartOf": volume.unwrap_or_else(|| self.value()),
        }))
    }

    /// One issue with its articles, each by title and address.
    pub(super) fn numbered(self, issue: Carrier<'_>, text: Written<'_>, articles: &[(String, String)]) -> Printed {
        let parts = articles.iter().map(|(title, url)| json!({ "@type": "NewsArticle", "headline": title, "url": url }));
        let mut value = self.issue(issue);
        let more = bare(json!({
            "headline": text.headline,
            "description": text.description,
            "inLanguage": text.lang,
            "dateModified": text.modified,
            "image": text.image,
            "publisher": self.publisher(),
            "hasPart": parts.collect::<Vec<_>>(),
        }));
        if let (Value::Object(fields), Value::Object(more)) = (&mut value, more) {
            fields.extend(more);
        }
        printed(value)
    }

    /// One article.
    pub(super) fn article(self, issue: Carrier<'_>, text: Written<'_>) -> Printed {
        printed(bare(json!({
            "@type": "NewsArticle",
            "@id": text.url,
            "url": text.url,
            "mainEntityOfPage": text.url,
            "headline": text.headline,
            "description": text.description,
            "articleSection": text.section,
            "inLanguage": text.lang,
            "datePublished": issue.published,
            "dateModified": text.modified.unwrap_or(issue.published),
            "image": text.image,
            "author": self.publisher(),
            "publisher": self.publisher(),
            "isPartOf": self.issue(issue),
        })))
    }
}

/// Without the fields that say nothing.
fn bare(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(fields.into_iter().filter(|(_, value)| !value.is_null()).collect()),
        other => other,
    }
}

/// No octet of it can end the element that it stands in, or open another (STANDARDS T4).
fn printed(value: Value) -> Printed {
    let mut whole = Map::new();
    whole.insert("@context".to_owned(), Value::from("https://schema.org"));
    if let Value::Object(fields) = value {
        whole.extend(fields);
    }
    let text = Value::Object(whole).to_string();
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    Printed(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t4_nothing_in_it_can_end_the_element() {
        let name = "</script><!--<script>&amp;\u{2028}\"'";
        let Printed(text) = Periodical { name, url: "https://news.example.org/", description: None }.whole();
        assert!(!text.contains(['<', '>', '&', '\u{2028}']), "{text}");
        let read: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((read["name"].as_str(), read.get("description")), (Some(name), None));
    }
}
