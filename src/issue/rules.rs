//! Rules of the whole issue that no single resolution shows: headings in order, links that speak, a first line.

use std::collections::HashMap;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Findings, Source, Span};
use crate::manuscript::Manuscript;
use crate::manuscript::document::{Block, BlockKind, Inline, InlineKind, each_inline, plain, within};
use crate::manuscript::title::fold_title;

/// Longest subject that a phone shows whole, in characters.
const LONG_SUBJECT: usize = 70;
/// Longest preheader that is read as one sentence, in characters (STANDARDS A11).
const LONG_PREHEADER: usize = 140;
/// Link texts that say nothing when read alone (STANDARDS A6).
const VAGUE: [&str; 12] =
    ["click here", "here", "read more", "more", "learn more", "link", "this link", "this", "this page", "website", "go", "see more"];

/// Everything that these rules find.
pub(super) fn check(manuscript: &Manuscript) -> Findings {
    let mut check = Check { source: &manuscript.source, findings: Findings::default() };
    check.first_lines(manuscript);
    check.headings(manuscript);
    check.links(manuscript);
    check.findings
}

struct Check<'a> {
    source: &'a Arc<Source>,
    findings: Findings,
}

impl Check<'_> {
    fn report(&mut self, found: Diagnostic, span: Span) {
        self.findings.push(found.at(self.source, span));
    }

    fn first_lines(&mut self, manuscript: &Manuscript) {
        let front = &manuscript.front;
        match &front.preheader {
            None => self.report(
                Diagnostic::warning("preheader-missing", "there is no preheader: the line that a mail program shows beside the subject")
                    .help("add `preheader: …`, one sentence of at most 140 characters"),
                Span::new(0, 3),
            ),
            Some(preheader) if preheader.value.chars().count() > LONG_PREHEADER => {
                let found = Diagnostic::warning("preheader-long", format!("the preheader is longer than {LONG_PREHEADER} characters"));
                self.report(found.help("mail programs cut it off"), preheader.span);
            }
            Some(_) => {}
        }
        if let Some(subject) = front.subject.as_ref().or(front.title.as_ref()).filter(|s| s.value.chars().count() > LONG_SUBJECT) {
            let found = Diagnostic::warning("subject-long", format!("the subject is longer than {LONG_SUBJECT} characters"));
            self.report(found.help("phones cut it off: shorten it, or add a shorter `subject:`"), subject.span);
        }
    }

    fn headings(&mut self, manuscript: &Manuscript) {
        let titles = headings_in_order(manuscript);
        let mut before = 0;
        for (level, span) in titles {
            if before > 0 && level > before + 1 {
                let found = Diagnostic::warning("heading-skipped", format!("a heading of level {level} follows one of level {before}"));
                self.report(found.help(format!("use `{}`: people who listen move by headings", "#".repeat(usize::from(before) + 1))), span);
            }
            before = level;
        }
    }

    fn links(&mut self, manuscript: &Manuscript) {
        let mut by_text: HashMap<String, &str> = HashMap::new();
        let mut seen: HashMap<(String, &str), Span> = HashMap::new();
        each_inline_of(manuscript, &mut |inline| {
            let InlineKind::Link(link) = &inline.kind else { return };
            let text = plain(&link.inlines);
            let shown = fold_title(&text);
            if text.is_empty() {
                let mut pictured = false;
                within(&link.inlines, &mut |inline| pictured |= matches!(inline.kind, InlineKind::Image(_)));
                if !pictured && !link.target.is_empty() && !link.target.starts_with("issue:") {
                    let found = Diagnostic::warning("link-text-empty", "this link has no text to click on");
                    self.report(
                        found.help("write between the square brackets where it leads; until then its address stands there"),
                        inline.span,
                    );
                }
                return;
            }
            if VAGUE.contains(&shown.as_str()) {
                let found = Diagnostic::warning("link-text-vague", format!("\"{text}\" does not say where the link leads"));
                self.report(found.help("name what the reader finds there"), inline.span);
            } else if text.starts_with("http://") || text.starts_with("https://") || text.starts_with("www.") {
                let found = Diagnostic::warning("link-text-address", "a bare address is hard to read and to listen to");
                self.report(found.help("write `[what it is](address)`"), inline.span);
            }
            let target = link.target.as_str();
            if by_text.get(&shown).is_some_and(|other| *other != target) {
                let found = Diagnostic::warning("link-text-ambiguous", format!("\"{text}\" leads to two different places"));
                self.report(found.help("make the two texts different"), inline.span);
            } else if seen.contains_key(&(shown.clone(), target)) {
                let found = Diagnostic::warning("link-repeated", "the same link stands here a second time");
                self.report(found.help("one of them is enough"), inline.span);
            }
            by_text.entry(shown.clone()).or_insert(target);
            seen.entry((shown, target)).or_insert(inline.span);
        });
    }
}

/// Every inline of the manuscript in reading order.
fn each_inline_of<'a>(manuscript: &'a Manuscript, visit: &mut dyn FnMut(&'a Inline)) {
    each_inline(&manuscript.introduction, visit);
    within(&manuscript.featured.title, visit);
    each_inline(&manuscript.featured.blocks, visit);
    if let Some(related) = &manuscript.related {
        each_inline(&related.introduction, visit);
        related.entries.iter().for_each(|entry| each_inline(&entry.blocks, visit));
        each_inline(&related.closing, visit);
    }
    for section in &manuscript.sections {
        within(&section.title, visit);
        each_inline(&section.introduction, visit);
        for piece in &section.pieces {
            within(&piece.title, visit);
            each_inline(&piece.blocks, visit);
        }
    }
    manuscript.footnotes.iter().for_each(|note| each_inline(&note.blocks, visit));
}

/// The headings with their levels, as the file has them from top to bottom.
fn headings_in_order(manuscript: &Manuscript) -> Vec<(u8, Span)> {
    fn of_blocks(blocks: &[Block], out: &mut Vec<(u8, Span)>) {
        for block in blocks {
            if let BlockKind::Heading { level, .. } = &block.kind {
                out.push((*level, block.span));
            }
        }
    }
    let mut titles = Vec::new();
    let opens = !manuscript.featured.blocks.iter().any(|block| block.span.start < manuscript.featured.span.start);
    if opens {
        titles.push((1, manuscript.featured.span));
    }
    of_blocks(&manuscript.featured.blocks, &mut titles);
    for section in &manuscript.sections {
        titles.push((1, section.span));
        of_blocks(&section.introduction, &mut titles);
        for piece in &section.pieces {
            titles.push((2, piece.span));
            of_blocks(&piece.blocks, &mut titles);
        }
    }
    titles.sort_by_key(|(_, span)| span.start);
    titles.dedup_by_key(|(_, span)| span.start);
    titles
}
