//! YAML as far as front matter has use for it: the entries of one mapping in the order of the file, and the parser's
//! complaints in plain words.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;
use serde_saphyr::options::DuplicateKeyPolicy;

use super::clip;

pub(super) type Entry = (Spanned<String>, Spanned<Yaml>);

const NOT_A_MAPPING: &str = "a list of `key: value` lines";

pub(super) fn options() -> serde_saphyr::Options {
    let mut budget = serde_saphyr::Budget::default();
    budget.max_aliases = 0;
    budget.max_anchors = 0;
    budget.max_depth = 8;
    budget.max_events = 10_000;
    let mut options = serde_saphyr::Options::default();
    options.budget = Some(budget);
    options.duplicate_keys = DuplicateKeyPolicy::PassThrough;
    options
}

/// The entry in which a fault lies: from its key to the next key. Nothing if the fault is only seen at the end, as with
/// a quote that is never closed: where it began is anybody's guess.
pub(super) fn entry_at(yaml: &str, at: usize) -> Option<Range<usize>> {
    let begins = |line: &str| line.starts_with(|c: char| !c.is_whitespace() && !matches!(c, '-' | '#' | ']' | '}'));
    let mut entry = None;
    let mut offset = 0;
    for line in yaml.split_inclusive('\n') {
        if begins(line) {
            if offset > at {
                return entry.map(|start| start..offset);
            }
            entry = Some(offset);
        }
        offset += line.len();
    }
    entry.filter(|_| at < yaml.trim_end().len()).map(|start| start..yaml.len())
}

pub(super) fn is_no_mapping(spoken: &str) -> bool {
    spoken.contains(NOT_A_MAPPING) || spoken.contains("expected mapping start")
}

/// What the parser says, as a person would say it who has never heard of YAML; and what to do.
pub(super) fn in_plain_words(spoken: &str, from: &str) -> (String, &'static str) {
    let first = from.chars().next().unwrap_or(' ');
    if spoken.contains("mapping values are not allowed") {
        ("this line has a second colon".to_owned(), "a text with a colon needs quotes: `title: \"Water: a survey\"`")
    } else if spoken.contains("unclosed quote") {
        ("the quote that begins here is never closed".to_owned(), "put a quote of the same kind at its end")
    } else if spoken.contains("unexpected character") {
        (format!("a text may not begin with `{first}`"), "put quotes around the whole text")
    } else if spoken.contains("tabs disallowed") {
        ("this line begins with a tab".to_owned(), "indent with spaces, or not at all")
    } else if spoken.contains("trailing content") {
        (
            "there is more after the closing quote".to_owned(),
            "use the other kind of quotes around the whole text: `\"Don't\"` or `'Say \"no\"'`",
        )
    } else if spoken.contains("simple key expected") {
        ("this line has no colon".to_owned(), "write `key: value`")
    } else if spoken.contains("limit exceeded") || spoken.contains("budget") {
        ("there are more values or brackets here than any issue needs".to_owned(), "front matter has a few short lines")
    } else {
        (
            format!("this cannot be read as `key: value` ({spoken})"),
            "put quotes around a text that begins with a special character; indent with spaces, not tabs",
        )
    }
}

pub(super) fn first_sentence(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let line = line.strip_prefix("error: ").unwrap_or(line);
    clip(line.split(" at line ").next().unwrap_or(line))
}

/// Where an anchor or an alias stands in a line.
pub(super) fn mark_in(line: &str) -> Option<usize> {
    line.match_indices(['&', '*']).map(|(at, _)| at).find(|at| {
        let begins = line[..*at].ends_with(|c: char| c.is_whitespace() || matches!(c, '[' | ',' | '{'));
        begins && line[at + 1..].starts_with(|c: char| !c.is_whitespace())
    })
}

pub(super) fn offset_of(text: &str, line: u64, column: u64) -> usize {
    let index = |n: u64| usize::try_from(n.saturating_sub(1)).unwrap_or(usize::MAX);
    let start = text.split_inclusive('\n').take(index(line)).map(str::len).sum::<usize>();
    let inside = text[start..].chars().take(index(column)).take_while(|c| *c != '\n').map(char::len_utf8).sum::<usize>();
    (start + inside).min(text.len())
}

/// A YAML value as far as front matter has use for it.
#[derive(Debug)]
pub(super) enum Yaml {
    /// A quoted or plain text.
    Text(String),
    /// A number or a truth value: what matters is how it is written.
    Plain,
    /// Nothing after the colon.
    Nothing,
    /// `[a, b]`
    Sequence(Vec<Spanned<Yaml>>),
    /// `{a: b}`
    Mapping,
}

impl<'de> Deserialize<'de> for Yaml {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(YamlVisitor)
    }
}

struct YamlVisitor;

impl<'de> Visitor<'de> for YamlVisitor {
    type Value = Yaml;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Yaml, E> {
        Ok(Yaml::Text(text.to_owned()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Yaml, E> {
        Ok(Yaml::Plain)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Yaml, E> {
        Ok(Yaml::Plain)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Yaml, E> {
        Ok(Yaml::Plain)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Yaml, E> {
        Ok(Yaml::Plain)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Yaml, E> {
        Ok(Yaml::Plain)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Yaml, E> {
        Ok(Yaml::Plain)
    }

    fn visit_unit<E>(self) -> Result<Yaml, E> {
        Ok(Yaml::Nothing)
    }

    fn visit_none<E>(self) -> Result<Yaml, E> {
        Ok(Yaml::Nothing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Yaml, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element::<Spanned<Yaml>>()? {
            items.push(item);
        }
        Ok(Yaml::Sequence(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Yaml, A::Error> {
        while map.next_entry::<serde::de::IgnoredAny, serde::de::IgnoredAny>()?.is_some() {}
        Ok(Yaml::Mapping)
    }
}

/// The entries of the front matter in the order of the file, doubles and all.
pub(super) struct Entries(pub(super) Vec<Entry>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor;
        impl<'de> Visitor<'de> for EntriesVisitor {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(NOT_A_MAPPING)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(EntriesVisitor)
    }
}
