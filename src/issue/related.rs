//! An entry of the related list, as an editor writes it, becomes a title, a date, a target and a note.

use super::archive::Found;
use super::links::{self, Resolver};
use super::{RelatedItem, RelatedList};
use crate::dateline::{Month, Period};
use crate::diagnostic::{Diagnostic, Span};
use crate::manuscript::Related;
use crate::manuscript::document::{Block, BlockKind, Inline, InlineKind, Item, flat, plain};
use crate::manuscript::title::fold_title;

impl Resolver<'_> {
    /// Resolves the whole list. An entry with a fault is told and kept as it was written.
    pub(super) fn related(&mut self, related: &Related) -> RelatedList {
        RelatedList {
            heading: related.heading.clone(),
            introduction: related.introduction.clone(),
            items: related.entries.iter().filter_map(|entry| self.entry(entry)).collect(),
            closing: related.closing.clone(),
        }
    }

    fn entry(&mut self, entry: &Item) -> Option<RelatedItem> {
        let inlines: Vec<Inline> = joined(&entry.blocks).into_iter().map(bared).collect();
        if plain(&inlines).is_empty() && !inlines.iter().any(|inline| matches!(inline.kind, InlineKind::Link(_))) {
            let found = Diagnostic::warning("related-entry-empty", "this entry of the related list says nothing and is left out");
            self.report(found.help("write a title after the `-`, or take the line out"), entry.span);
            return None;
        }
        Some(match inlines.iter().position(|inline| matches!(inline.kind, InlineKind::Link(_))) {
            Some(at) if !self.is_of_note(&inlines[..at]) => self.linked(inlines, at),
            _ => self.quoted(inlines, entry.span),
        })
    }

    /// Whether a link belongs to the note already: before it stands the title of an article, or nearly.
    fn is_of_note(&self, before: &[Inline]) -> bool {
        let (title, rest) = take_title(before.to_vec());
        let title = plain(&title);
        let is_whole = plain(&rest).is_empty() || title.is_empty();
        !is_whole && (!self.archive.titled(&title).is_empty() || !self.archive.near(&title, 1).is_empty())
    }

    /// `[A report](https://…) (May 2014) — a note`
    fn linked(&mut self, mut inlines: Vec<Inline>, at: usize) -> RelatedItem {
        let after = inlines.split_off(at + 1);
        let Some(Inline { kind: InlineKind::Link(link), span }) = inlines.pop() else {
            return RelatedItem { title: inlines, date: None, target: String::new(), file: None, note: after };
        };
        let (target, file) = self.target(&link.target, span);
        let (written_date, note) = take_date(trim_quote(after));
        let found = link.target.strip_prefix("issue:").and_then(|reference| self.referred(reference));
        let before = trim_quote(inlines);
        let mut title = if plain(&before).is_empty() { Vec::new() } else { before };
        title.extend(link.inlines);
        let mut date = written_date.map(WrittenDate::label);
        if let Some((printed, period)) = found {
            if plain(&title).is_empty() {
                title = vec![Inline { kind: InlineKind::Text(printed), span }];
            }
            if let Some(wrong) = written_date.filter(|date| !date.is_of(period)) {
                self.wrong_date(wrong, period, span);
            }
            date = Some(period.label());
        }
        let file = file.filter(|kind| !names_file(&plain(&note), kind) && !names_file(&plain(&title), kind));
        RelatedItem { title, date, target, file, note: trim_separator(note) }
    }

    /// The title and period behind a reference that is known to be good.
    pub(super) fn referred(&self, reference: &str) -> Option<(String, Period)> {
        let (id, slug) = reference.split_once('#').unwrap_or((reference, ""));
        let issue = self.archive.issue(&id.parse().ok()?)?;
        let title = issue.articles.iter().find(|article| article.slug == slug).map_or(&issue.title, |article| &article.title);
        Some((title.clone(), issue.period))
    }

    /// `"Guide to Safe Harbor" (April 2014) — a note`, without a link: the archive knows where it is.
    fn quoted(&mut self, inlines: Vec<Inline>, span: Span) -> RelatedItem {
        let (title, rest) = take_title(inlines);
        let (date, note) = take_date(rest);
        let note = trim_separator(note);
        let words = plain(&title);
        let as_written =
            |title: Vec<Inline>, note| RelatedItem { title, date: date.map(WrittenDate::label), target: String::new(), file: None, note };
        let span = title.first().zip(title.last()).map_or(span, |(first, last)| Span::new(first.span.start, last.span.end));
        let all = self.archive.titled(&words);
        let dated: Vec<Found<'_>> = match date {
            Some(date) => all.iter().copied().filter(|found| date.is_of(found.issue.period)).collect(),
            None => all.clone(),
        };
        match (all.as_slice(), dated.as_slice()) {
            (_, [found]) => {
                self.not_out_yet(found, span);
                RelatedItem {
                    title: vec![Inline { kind: InlineKind::Text(found.article.title.clone()), span }],
                    date: Some(found.issue.period.label()),
                    target: self.house.article_url(&found.issue.id, &found.article.slug),
                    file: None,
                    note,
                }
            }
            ([], _) => {
                self.not_found(&words, span);
                as_written(title, note)
            }
            ([found], []) => {
                if let Some(date) = date {
                    self.wrong_date(date, found.issue.period, span);
                }
                as_written(title, note)
            }
            (several, _) => {
                let found =
                    Diagnostic::error("related-ambiguous", format!("{} articles are called \"{}\"", several.len(), links::clip(&words)));
                let help = format!("say which by its month, or by reference: {}", links::named(several));
                self.report(found.help(help), span);
                as_written(title, note)
            }
        }
    }

    fn not_found(&mut self, words: &str, span: Span) {
        let near = if self.findings.has_room("related-not-found") { self.archive.near(words, 3) } else { Vec::new() };
        let found = Diagnostic::error("related-not-found", format!("the archive has no article \"{}\"", links::clip(words)));
        let help = if !near.is_empty() {
            format!("did you mean {}?", links::named(&near))
        } else if self.archive.issues().is_empty() {
            "the archive is empty: `masthead archive import` brings in the issues that are out".to_owned()
        } else {
            "write the title as it was printed, or link to it: `[Title](https://…)`".to_owned()
        };
        self.report(found.help(help), span);
    }

    fn not_out_yet(&mut self, found: &Found<'_>, span: Span) {
        if self.archive.is_waiting(&found.issue.id) {
            let warning =
                Diagnostic::warning("related-not-out", format!("the issue {} that has this article is not out yet", found.issue.id));
            let help = "send it first, or bring it in with `masthead archive import` if it went out before Masthead came";
            self.report(warning.help(help), span);
        }
    }

    fn wrong_date(&mut self, written: WrittenDate, period: Period, span: Span) {
        let found = Diagnostic::error("related-date", format!("this article was not in the issue of {}", written.label()));
        self.report(found.help(format!("it was in {}", period.label())), span);
    }
}

/// A date as written in brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct WrittenDate(Period);

impl WrittenDate {
    fn parse(text: &str) -> Option<Self> {
        if let Some(month) = Month::parse(text) {
            return Some(Self(Period::Months(month, month)));
        }
        let (first, last) = text.split_once(['/', '\u{2013}', '-'])?;
        let last = Month::parse(last)?;
        let first = Month::parse(first).or_else(|| {
            let of_year = crate::dateline::period::month_named(first.trim())?;
            Month::new(last.year() - i16::from(of_year > last.of_year()), of_year)
        })?;
        (last.since(first) > 0).then_some(Self(Period::Months(first, last)))
    }

    fn is_of(self, period: Period) -> bool {
        period.contains(self.0.first()) && period.contains(self.0.last())
    }

    fn label(self) -> String {
        self.0.label()
    }
}

/// A link out of the emphasis that holds nothing else.
fn bared(inline: Inline) -> Inline {
    match inline.kind {
        InlineKind::Emphasis(mut inner) | InlineKind::Strong(mut inner)
            if matches!(inner.as_slice(), [Inline { kind: InlineKind::Link(_), .. }]) =>
        {
            inner.remove(0)
        }
        kind => Inline { kind, span: inline.span },
    }
}

/// The inlines of an entry in one row; what stands in paragraphs and lists of their own follows after a space.
fn joined(blocks: &[Block]) -> Vec<Inline> {
    let parts = blocks.iter().flat_map(|block| match &block.kind {
        BlockKind::Paragraph(inlines) | BlockKind::Heading { inlines, .. } => vec![inlines.clone()],
        BlockKind::List { items, .. } => items.iter().map(|item| joined(&item.blocks)).collect(),
        _ => Vec::new(),
    });
    let mut row: Vec<Inline> = Vec::new();
    for part in parts {
        let gap = row.last().map(|last| Inline { kind: InlineKind::SoftBreak, span: last.span });
        row.extend(gap);
        row.extend(part);
    }
    row
}

const OPENING: [char; 5] = ['"', '\u{201c}', '\u{201e}', '\u{ab}', '\u{201d}'];
const CLOSING: [char; 4] = ['"', '\u{201d}', '\u{201c}', '\u{bb}'];

/// Cuts the title off the front: what stands in quotes, what is emphasised, or all before a date in brackets.
fn take_title(inlines: Vec<Inline>) -> (Vec<Inline>, Vec<Inline>) {
    let words = flat(&inlines);
    if let [first, rest @ ..] = inlines.as_slice()
        && matches!(first.kind, InlineKind::Emphasis(_) | InlineKind::Strong(_))
        && !flat(rest).trim_start().starts_with(char::is_alphanumeric)
    {
        return (vec![first.clone()], rest.to_vec());
    }
    let trimmed = words.trim_start();
    let skipped = words.len() - trimmed.len();
    if let Some(open) = trimmed.chars().next().filter(|c| OPENING.contains(c)) {
        let start = skipped + open.len_utf8();
        // The last closing quote that ends the text or stands before a bracket, a dash or a comma is the title's own.
        let ends = |at: usize| words[at..].chars().nth(1).is_none_or(|next| !next.is_alphanumeric() && !CLOSING.contains(&next));
        let close = words[start..].match_indices(CLOSING).map(|(at, _)| start + at).find(|at| ends(*at));
        if let Some(close) = close {
            let (title, rest) = split(inlines, close);
            let (_, title) = split(title, start);
            let quote = words[close..].chars().next().map_or(0, char::len_utf8);
            return (title, split(rest, quote).1);
        }
    }
    let dated = words.match_indices('(').map(|(at, _)| at).find(|at| bracketed(&words[*at..]).is_some());
    match dated {
        Some(at) => split(inlines, at),
        None => (inlines, Vec::new()),
    }
}

/// Cuts a date in brackets off the front.
fn take_date(inlines: Vec<Inline>) -> (Option<WrittenDate>, Vec<Inline>) {
    let words = flat(&inlines);
    let skipped = words.len() - words.trim_start().len();
    match bracketed(&words[skipped..]).or_else(|| after_comma(&words[skipped..])) {
        Some((date, length)) => (Some(date), split(inlines, skipped + length).1),
        None => (None, inlines),
    }
}

fn bracketed(text: &str) -> Option<(WrittenDate, usize)> {
    let inner = text.strip_prefix('(')?;
    let end = inner.find(')')?;
    Some((WrittenDate::parse(inner[..end].trim())?, end + 2))
}

/// `, April 2014`, up to the end or to what opens a note.
fn after_comma(text: &str) -> Option<(WrittenDate, usize)> {
    let inner = text.strip_prefix(',')?;
    let ends = [" \u{2014} ", " \u{2013} ", " - ", ": ", "; "].into_iter().filter_map(|end| inner.find(end));
    let length = ends.min().unwrap_or(inner.len());
    let written = inner.get(..length)?.trim().trim_end_matches('.');
    Some((WrittenDate::parse(written)?, length + 1))
}

fn trim_quote(inlines: Vec<Inline>) -> Vec<Inline> {
    let words = flat(&inlines);
    let kept = words.trim_start_matches(|c: char| OPENING.contains(&c) || CLOSING.contains(&c) || matches!(c, ',' | '.'));
    split(inlines, words.len() - kept.len()).1
}

fn trim_separator(inlines: Vec<Inline>) -> Vec<Inline> {
    let words = flat(&inlines);
    let kept = words.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '\u{2013}' | '\u{2014}' | ':' | ',' | ';' | '.'));
    split(inlines, words.len() - kept.len()).1
}

fn names_file(text: &str, kind: &str) -> bool {
    let kind = kind.split(',').next().unwrap_or(kind);
    fold_title(text).split(|c: char| !c.is_alphanumeric()).any(|word| word.eq_ignore_ascii_case(kind))
}

/// Splits inlines at a byte of their [`flat`] text. Only texts are cut; anything else goes whole to the side where it
/// begins.
fn split(inlines: Vec<Inline>, at: usize) -> (Vec<Inline>, Vec<Inline>) {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let mut passed = 0;
    for inline in inlines {
        let length = flat(std::slice::from_ref(&inline)).len();
        match &inline.kind {
            InlineKind::Text(text) if passed < at && at < passed + length => {
                let (left, right) = text.split_at(at - passed);
                let cut = (inline.span.start + left.len()).min(inline.span.end);
                before.push(Inline { kind: InlineKind::Text(left.to_owned()), span: Span::new(inline.span.start, cut) });
                after.push(Inline { kind: InlineKind::Text(right.to_owned()), span: Span::new(cut, inline.span.end) });
            }
            _ if passed < at => before.push(inline),
            _ => after.push(inline),
        }
        passed += length;
    }
    (before, after)
}
