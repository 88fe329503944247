//! The YAML between the two `---` lines: every key read for itself, so that all faults are told at once.

mod yaml;

use std::str::FromStr;
use std::sync::Arc;

use jiff::civil::DateTime;
use serde_saphyr::Spanned;
use yaml::{Entries, Entry, Yaml, entry_at, first_sentence, in_plain_words, is_no_mapping, mark_in, offset_of, options};

use crate::dateline::period::{Month, Period};
use crate::diagnostic::{Diagnostic, Findings, Source, Span, nearest};
use crate::subscription::{ListId, language};

/// Largest front matter, in octets (STANDARDS T14).
const MAX_FRONT_MATTER: usize = 64 << 10;

/// Most entries that are told to be no YAML.
const MAX_FAULTS: usize = 12;

const KEYS: [&str; 12] =
    ["title", "subject", "months", "volume", "number", "lists", "preheader", "publish_at", "status", "lang", "related", "date"];

/// How many related items the press lists where `related: auto` gives no number.
const FEW_RELATED: usize = 4;

/// Most that it lists.
const MOST_RELATED: usize = 20;

/// A value with its place in the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it is written.
    pub span: Span,
}

/// Whether the editor thinks that the issue may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Status {
    /// Still being written: checked, never sent.
    #[default]
    Draft,
    /// May go out.
    Ready,
}

/// What an editor writes above the text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FrontMatter {
    /// `title:`, the title.
    pub title: Option<Located<String>>,
    /// `subject:`, where the subject line should differ from the title.
    pub subject: Option<Located<String>>,
    /// `months:`, for a combined issue.
    pub months: Option<Located<Period>>,
    /// `volume:`
    pub volume: Option<Located<u32>>,
    /// `number:`
    pub number: Option<Located<u32>>,
    /// `lists:`, where they differ from the publication's default.
    pub lists: Vec<Located<ListId>>,
    /// `preheader:`, the first line that a mail program shows.
    pub preheader: Option<Located<String>>,
    /// `publish_at:`, in the publication's time zone.
    pub publish_at: Option<Located<DateTime>>,
    /// `status:`
    pub status: Status,
    /// `lang:`, a BCP 47 tag.
    pub lang: Option<Located<String>>,
    /// `related: auto 4`: so many related items the press chooses itself, after those that are listed.
    pub related: Option<Located<usize>>,
}

/// Reads the front matter of a source. Returns it, the offset at which the body begins, and the findings.
pub(super) fn read(source: &Arc<Source>) -> (Option<FrontMatter>, usize, Vec<Diagnostic>) {
    let fence = match fenced(source) {
        Ok(fence) => fence,
        Err((body, found)) => return (None, body, vec![*found]),
    };
    let yaml = &source.text()[fence.yaml.start..fence.yaml.end];
    let mut reader = Reader { source, base: fence.yaml.start, broken: Vec::new(), findings: Findings::default() };
    let entries = reader.entries(yaml);
    let front = entries.map(|entries| reader.front_matter(&entries, fence.yaml));
    (front, fence.body, reader.findings.into_vec())
}

struct Fence {
    yaml: Span,
    body: usize,
}

fn fenced(source: &Arc<Source>) -> Result<Fence, (usize, Box<Diagnostic>)> {
    let text = source.text();
    let refuse = |body: usize, found: Diagnostic, span: Span| Err((body, Box::new(found.at(source, span))));
    let Some(first) = text.split_inclusive('\n').next().filter(|line| line.trim_end() == "---") else {
        let found = Diagnostic::error("front-matter-missing", "the file does not begin with a `---` line")
            .help("begin with a line `---`, then `title: …`, then another line `---`, then the text");
        return refuse(0, found, Span::new(0, text.find('\n').unwrap_or(text.len())));
    };
    let start = first.len();
    let mut at = start;
    for line in text[start..].split_inclusive('\n') {
        if line.trim_end() == "---" {
            return Ok(Fence { yaml: Span::new(start, at), body: at + line.len() });
        }
        at += line.len();
        if at - start > MAX_FRONT_MATTER {
            let found = Diagnostic::error("front-matter-too-large", format!("the front matter is larger than {MAX_FRONT_MATTER} bytes"))
                .help("close it with a line `---` after the last key; the text of the issue comes after that");
            return refuse(text.len(), found, Span::new(0, 3));
        }
    }
    let found = Diagnostic::error("front-matter-unclosed", "the front matter that begins here is never closed")
        .help("put a line `---` after its last key");
    refuse(text.len(), found, Span::new(0, 3))
}

struct Reader<'s> {
    source: &'s Arc<Source>,
    base: usize,
    /// Keys of entries that are no YAML.
    broken: Vec<String>,
    findings: Findings,
}

impl Reader<'_> {
    fn report(&mut self, found: Diagnostic, span: Span) {
        self.findings.push(found.at(self.source, span));
    }

    /// The keys and values, or nothing if it is no YAML mapping. An entry that is no YAML is told and taken out, so that
    /// the others are read all the same.
    fn entries(&mut self, yaml: &str) -> Option<Vec<Entry>> {
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

    fn front_matter(&mut self, entries: &[Entry], yaml: Span) -> FrontMatter {
        let mut front = FrontMatter::default();
        let mut seen: Vec<&str> = Vec::new();
        for (key, value) in entries {
            let key_span = span_of(key).shifted(self.base);
            let span = span_of(value).shifted(self.base);
            if seen.contains(&key.value.as_str()) {
                let found = Diagnostic::error("duplicate-key", format!("`{}` is written twice", key.value)).help("keep one of them");
                self.report(found, key_span);
                continue;
            }
            seen.push(&key.value);
            let between = self.source.text().get(key_span.end..span.start).unwrap_or_default();
            let tag = between.find('!').map(|at| key_span.end + at);
            if let Some(start) = tag.or_else(|| self.source.text()[span.start..].starts_with('!').then_some(span.start)) {
                self.tag(Span::new(start, span.end));
                continue;
            }
            self.entry(&mut front, &key.value, key_span, &value.value, span);
        }
        if front.title.is_none() && !seen.contains(&"title") && !self.broken.iter().any(|key| key == "title") {
            let found = Diagnostic::error("title-missing", "the issue has no title").help("add a line `title: …` to the front matter");
            self.report(found, Span::new(yaml.start.saturating_sub(4), yaml.start.saturating_sub(1)));
        }
        front
    }

    fn tag(&mut self, span: Span) {
        self.report(Diagnostic::error("yaml-tag", "tags (`!name`) are not allowed here").help("write the plain value"), span);
    }

    fn entry(&mut self, front: &mut FrontMatter, key: &str, key_span: Span, value: &Yaml, span: Span) {
        match key {
            "title" => front.title = self.words(key, value, span, 200),
            "subject" => front.subject = self.words(key, value, span, 200),
            "preheader" => front.preheader = self.words(key, value, span, 400),
            "months" => front.months = self.parsed(key, value, span, parse_months, "a range such as `2014-12..2015-01`"),
            "volume" => front.volume = self.parsed(key, value, span, parse_count, "a whole number from 1"),
            "number" => front.number = self.parsed(key, value, span, parse_count, "a whole number from 1"),
            "publish_at" => {
                front.publish_at = self.parsed(key, value, span, parse_moment, "a day and a time such as `2014-12-01 09:00`");
            }
            "lang" => front.lang = self.parsed(key, value, span, language::parse, "a language tag such as `en` or `es-MX`"),
            "related" => {
                front.related = self.parsed(key, value, span, parse_related, "`auto` and a number from 1 to 20, such as `auto 4`");
            }
            "status" => {
                // Who writes something else here means to be done: nothing goes out with that fault, but they must hear of it.
                front.status = self.parsed(key, value, span, parse_status, "`draft` or `ready`").map_or(Status::Ready, |it| it.value);
            }
            "lists" => front.lists = self.lists(value, span),
            "date" => {
                let found = Diagnostic::error("unknown-key", "`date` is not a key of an issue")
                    .help("the file's name says the month; use `publish_at` for the hour at which it goes out");
                self.report(found, key_span);
            }
            _ => {
                let help = match nearest(key, KEYS.into_iter().filter(|known| *known != "date"), 0.8) {
                    Some(known) => format!("did you mean `{known}`?"),
                    None => format!("the keys are {}", KEYS[..11].join(", ")),
                };
                self.report(Diagnostic::error("unknown-key", format!("`{}` is not a key of an issue", clip(key))).help(help), key_span);
            }
        }
    }

    fn lists(&mut self, value: &Yaml, span: Span) -> Vec<Located<ListId>> {
        if let Yaml::Sequence(items) = value {
            let end = items.last().map_or(span.end, |item| span_of(item).shifted(self.base).end);
            let raw = self.source.text().get(span.start..end).unwrap_or_default();
            if let Some(at) = raw.find('!') {
                self.tag(Span::new(span.start + at, end));
                return Vec::new();
            }
        }
        let wanted = "list ids such as `[general]`";
        let one = |reader: &mut Self, value: &Yaml, span: Span| reader.parsed("lists", value, span, |text| text.parse().ok(), wanted);
        match value {
            Yaml::Sequence(items) if items.is_empty() => {
                let found = Diagnostic::error("empty-value", "`lists` names no list");
                self.report(found.help("name one, or take the line out: then the issue goes to the usual lists"), span);
                Vec::new()
            }
            Yaml::Sequence(items) => items
                .iter()
                .filter_map(|item| {
                    let at = span_of(item).shifted(self.base);
                    one(self, &item.value, at)
                })
                .collect(),
            other => one(self, other, span).into_iter().collect(),
        }
    }

    fn words(&mut self, key: &str, value: &Yaml, span: Span, most: usize) -> Option<Located<String>> {
        let found = self.parsed(key, value, span, |text| Some(text.split_whitespace().collect::<Vec<_>>().join(" ")), "a text")?;
        if found.value.is_empty() {
            self.report(Diagnostic::error("empty-value", format!("`{key}` is empty")).help("write something, or take the line out"), span);
            return None;
        }
        if let Some(c) = found.value.chars().find(|c| is_deceptive(*c)) {
            let fault = Diagnostic::error("control-character", format!("`{key}` has an invisible character (U+{:04X})", u32::from(c)));
            self.report(fault.help("delete it"), span);
            return None;
        }
        if found.value.chars().count() > most {
            self.report(Diagnostic::error("value-too-long", format!("`{key}` is longer than {most} characters")).help("shorten it"), span);
        }
        Some(found)
    }

    fn parsed<T>(&mut self, key: &str, value: &Yaml, span: Span, parse: impl Fn(&str) -> Option<T>, wanted: &str) -> Option<Located<T>> {
        let text = match value {
            Yaml::Text(text) => Some(text.clone()),
            Yaml::Plain => self.source.text().get(span.start..span.end).map(|raw| raw.trim().to_owned()),
            Yaml::Nothing => Some(String::new()),
            Yaml::Sequence(_) | Yaml::Mapping => None,
        };
        if let Some(value) = text.as_deref().and_then(&parse) {
            return Some(Located { value, span });
        }
        let found = Diagnostic::error("wrong-value", format!("`{key}` is not {wanted}"));
        let is_bracketed = matches!(value, Yaml::Mapping | Yaml::Sequence(_)) && wanted == "a text";
        let help = if is_bracketed { "put quotes around a text that begins with `{` or `[`".to_owned() } else { format!("write {wanted}") };
        self.report(found.help(help), span);
        None
    }
}

fn clip(text: &str) -> String {
    text.chars().take(80).collect()
}

fn span_of<T>(spanned: &Spanned<T>) -> Span {
    let span = spanned.referenced.span();
    let index = |n: Option<u64>| n.and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    let start = index(span.byte_offset());
    Span::new(start, start + index(span.byte_len()))
}

/// Characters that could forge a header or turn what is read around (STANDARDS M16).
fn is_deceptive(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}' | '\u{feff}')
}

fn parse_count(text: &str) -> Option<u32> {
    text.parse().ok().filter(|n| (1..=100_000).contains(n))
}

fn parse_related(text: &str) -> Option<usize> {
    let number = text.strip_prefix("auto")?;
    if number.is_empty() {
        return Some(FEW_RELATED);
    }
    let many = number.strip_prefix(' ')?.trim().parse().ok()?;
    (1..=MOST_RELATED).contains(&many).then_some(many)
}

fn parse_status(text: &str) -> Option<Status> {
    match text {
        "draft" => Some(Status::Draft),
        "ready" => Some(Status::Ready),
        _ => None,
    }
}

fn parse_month(text: &str) -> Option<Month> {
    let (year, month) = text.trim().split_once('-')?;
    (year.len() == 4 && month.len() == 2).then(|| Month::new(year.parse().ok()?, month.parse().ok()?))?
}

fn parse_months(text: &str) -> Option<Period> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let (first, last) = (parse_month(first)?, parse_month(last)?);
    (0..12).contains(&last.since(first)).then_some(Period::Months(first, last))
}

fn parse_moment(text: &str) -> Option<DateTime> {
    let with_seconds = if text.matches(':').count() == 1 { format!("{text}:00") } else { text.to_owned() };
    (text.len() >= 16).then(|| DateTime::from_str(&with_seconds).ok())?
}
