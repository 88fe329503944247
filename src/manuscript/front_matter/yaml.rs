//! Front matter as YAML: its entries in the order of the file, and its faults in words that an editor understands.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;
use serde_saphyr::options::DuplicateKeyPolicy;

use super::{Reader, clip};
use crate::diagnostic::{Diagnostic, Span};

/// Most entries that are told to be no YAML.
const MAX_FAULTS: usize = 12;

/// A key and its value.
pub(super) type Entry = (Spanned<String>, Spanned<Yaml>);

impl Reader<'_> {
    /// The keys and values, or nothing if it is no YAML mapping. An entry that is no YAML is told and taken out, so that
    /// the others are read all the same.
    pub(super) fn entries(&mut self, yaml: &str) -> Option<Vec<Entry>> {
        let mut yaml = yaml.to_owned();
        for _ in 0..MAX_FAULTS {
            if yaml.trim().is_empty() {
                return Some(Vec::new());
            }
            match serde_saphyr::from_str_with_options::<Entries>(&yaml, options()) {
                Ok(entries) => return Some(entries.0),
                Err(fault) => {
                    let at = self.not_yaml(&yaml, &fault);
                    let entry = entry_at(&yaml, at)?;
                    if is_no_mapping(&fault.to_string()) {
                        return None;
                    }
                    self.broken.extend(yaml[entry.clone()].split(':').next().map(|key| key.trim().to_owned()));
                    let blank: String = yaml[entry.clone()].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
                    // Every octet of a character becomes a space, so that what follows keeps its place.
                    let lost = entry.len() - blank.len();
                    let blank = if lost > 0 { format!("{}{blank}", " ".repeat(lost)) } else { blank };
                    yaml.replace_range(entry, &blank);
                }
            }
        }
        None
    }

    /// Tells a fault, and returns where it is.
    fn not_yaml(&mut self, yaml: &str, fault: &serde_saphyr::Error) -> usize {
        let at = fault.location().map_or(0, |place| offset_of(yaml, place.line(), place.column()));
        let line_start = yaml[..at].rfind('\n').map_or(0, |nl| nl + 1);
        let line = yaml[line_start..].lines().next().unwrap_or_default();
        let shown = mark_in(line).map_or(at, |mark| line_start + mark);
        let rest = yaml[shown..].lines().next().unwrap_or_default();
        let span = Span::new(shown, shown + rest.len().clamp(1, 60)).shifted(self.base);
        let spoken = fault.without_snippet().to_string();
        let found = if mark_in(line).is_some() {
            Diagnostic::error("yaml-alias", "anchors (`&name`) and aliases (`*name`) are not allowed here")
                .help("write the value out; put quotes around a text that begins with `*` or `&`")
        } else if is_no_mapping(&spoken) {
            Diagnostic::error("front-matter-not-mapping", "the front matter is not a list of `key: value` lines")
                .help("write one `key: value` a line, such as `title: Water in winter`")
        } else {
            let (message, help) = in_plain_words(&first_sentence(&spoken), &yaml[at..]);
            Diagnostic::error("yaml", message).help(help)
        };
        self.report(found, span);
        at
    }
}

fn options() -> serde_saphyr::Options {
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
fn entry_at(yaml: &str, at: usize) -> Option<Range<usize>> {
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

fn is_no_mapping(spoken: &str) -> bool {
    spoken.contains(NOT_A_MAPPING) || spoken.contains("expected mapping start")
}

/// What the parser says, as a person would say it who has never heard of YAML; and what to do.
fn in_plain_words(spoken: &str, from: &str) -> (String, &'static str) {
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

const NOT_A_MAPPING: &str = "a list of `key: value` lines";

fn first_sentence(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let line = line.strip_prefix("error: ").unwrap_or(line);
    clip(line.split(" at line ").next().unwrap_or(line))
}

/// Where an anchor or an alias stands in a line.
fn mark_in(line: &str) -> Option<usize> {
    line.match_indices(['&', '*']).map(|(at, _)| at).find(|at| {
        let begins = line[..*at].ends_with(|c: char| c.is_whitespace() || matches!(c, '[' | ',' | '{'));
        begins && line[at + 1..].starts_with(|c: char| !c.is_whitespace())
    })
}

fn offset_of(text: &str, line: u64, column: u64) -> usize {
    let index = |n: u64| usize::try_from(n.saturating_sub(1)).unwrap_or(usize::MAX);
    let start = text.split_inclusive('\n').take(index(line)).map(str::len).sum::<usize>();
    let inside = text[start..].chars().take(index(column)).take_while(|c| *c != '\n').map(char::len_utf8).sum::<usize>();
    (start + inside).min(text.len())
}

pub(super) fn span_of<T>(spanned: &Spanned<T>) -> Span {
    let span = spanned.referenced.span();
    let index = |n: Option<u64>| n.and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    let start = index(span.byte_offset());
    Span::new(start, start + index(span.byte_len()))
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
struct Entries(Vec<Entry>);

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
