//! The part of a URL that a title becomes.

use std::collections::{HashMap, HashSet};

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Longest slug, in octets; it ends at a word.
const MAX_SLUG: usize = 80;

/// Lower-case words joined by hyphens, without accents; a title with no letters of the Latin script keeps its own.
pub fn slug(title: &str) -> String {
    let plain: String = title.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect();
    let ascii = joined(&plain, |c| c.is_ascii_alphanumeric());
    let slug = if ascii.is_empty() { joined(&plain, char::is_alphanumeric) } else { ascii };
    if slug.is_empty() { "article".to_owned() } else { clipped(slug) }
}

fn joined(text: &str, keep: impl Fn(char) -> bool) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if keep(c) {
            out.push(c);
        } else if !matches!(c, '\'' | '\u{2019}') && !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
    }
    out.trim_end_matches('-').to_owned()
}

fn clipped(mut slug: String) -> String {
    if slug.len() > MAX_SLUG {
        let mut end = MAX_SLUG;
        while !slug.is_char_boundary(end) {
            end -= 1;
        }
        slug.truncate(slug[..end].rfind('-').unwrap_or(end));
    }
    slug
}

/// Slugs for titles in order, each different from those before it.
pub fn distinct<'a>(titles: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut taken: HashSet<String> = HashSet::new();
    let mut counts: HashMap<String, usize> = HashMap::new();
    let mut slugs = Vec::new();
    for title in titles {
        let base = slug(title);
        let count = counts.entry(base.clone()).or_insert(1);
        let mut next = base.clone();
        while !taken.insert(next.clone()) {
            *count += 1;
            next = format!("{base}-{count}");
        }
        slugs.push(next);
    }
    slugs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_becomes_words_with_hyphens() {
        assert_eq!(slug("What’s in the well? Número 3"), "whats-in-the-well-numero-3");
        assert_eq!(slug("Вода зимой"), "вода-зимои");
        assert_eq!(slug("!!!"), "article");
        assert!(slug(&"word ".repeat(50)).len() <= MAX_SLUG);
        assert_eq!(distinct(["Dates", "Dates", "dates!"]), ["dates", "dates-2", "dates-3"]);
    }
}
