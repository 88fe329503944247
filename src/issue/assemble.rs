//! From a manuscript to an issue: date, number, lists, related items and links, every fault of them told at once.

use super::archive::Archive;
use super::links::Resolver;
use super::{Article, House, Issue, Section, outline, rules, said, slug};
use crate::dateline::number::{self, NumberFault, WrittenNumber};
use crate::dateline::{IssueNumber, Period};
use crate::diagnostic::{self, Checked, Diagnostic, Findings, Span};
use crate::manuscript::document::{Block, Inline, each_inline_mut, plain, within_mut};
use crate::manuscript::{self, Manuscript};
use crate::subscription::ListId;

/// The level at which the featured article and the sections print their titles; the issue's own line is the first.
const TITLE: u8 = 2;
/// The level at which the pieces of a section print theirs.
const PIECE: u8 = 3;

/// Assembles an issue. There is always a value, so that what is faulty can be looked at; it may only go out if there
/// is no error beside it.
pub fn assemble(manuscript: &Manuscript, archive: &Archive, house: &House) -> Checked<Issue> {
    let mut found = rules::check(manuscript);
    let period = period(manuscript, &mut found);
    let number = issue_number(manuscript, period, archive, house, &mut found);
    let lists = lists(manuscript, house, &mut found);
    let mut resolver =
        Resolver { house, archive, id: &manuscript.id, files: &manuscript.files, source: &manuscript.source, findings: found };
    let related = manuscript.related.as_ref().map(|related| {
        let mut related = resolver.related(related);
        resolver.blocks(&mut related.introduction, TITLE);
        resolver.blocks(&mut related.closing, TITLE);
        related.items.iter_mut().for_each(|item| resolver.inlines(&mut item.note));
        related
    });
    let mut introduction = manuscript.introduction.clone();
    resolver.blocks(&mut introduction, TITLE);
    let mut footnotes = manuscript.footnotes.clone();
    for note in &mut footnotes {
        resolver.blocks(&mut note.blocks, TITLE);
    }
    let (featured, sections) = resolver.articles(manuscript);
    let front = &manuscript.front;
    let title = front.title.as_ref().map(|title| title.value.clone()).unwrap_or_default();
    let issue = Issue {
        id: manuscript.id.clone(),
        period,
        number,
        subject: front.subject.as_ref().map_or_else(|| title.clone(), |subject| subject.value.clone()),
        title,
        preheader: front.preheader.as_ref().map(|preheader| preheader.value.clone()),
        lang: front.lang.as_ref().map_or_else(|| house.lang.clone(), |lang| lang.value.clone()),
        lists,
        publish_at: front.publish_at.as_ref().map(|at| at.value),
        status: front.status,
        url: house.issue_url(&manuscript.id),
        introduction,
        featured,
        related,
        sections,
        footnotes,
        carried: Vec::new(),
        added: Vec::new(),
        source: manuscript.source.clone(),
    };
    let mut diagnostics = resolver.findings.into_vec();
    diagnostic::sort(&mut diagnostics);
    Checked { value: Some(issue), diagnostics }
}

impl Resolver<'_> {
    /// Resolves what stands under a title that is printed at level `under`.
    fn blocks(&mut self, blocks: &mut [Block], under: u8) {
        each_inline_mut(blocks, &mut |inline| self.inline(inline));
        said::spare(blocks);
        outline::settle(blocks, under);
    }

    fn inlines(&mut self, inlines: &mut [Inline]) {
        within_mut(inlines, &mut |inline| self.inline(inline));
        said::spare_inlines(inlines, "");
    }

    fn articles(&mut self, manuscript: &Manuscript) -> (Article, Vec<Section>) {
        let pieces = manuscript.sections.iter().flat_map(|section| &section.pieces);
        let titles: Vec<String> = std::iter::once(&manuscript.featured).chain(pieces).map(|article| plain(&article.title)).collect();
        let mut slugs = slug::distinct(titles.iter().map(String::as_str)).into_iter();
        let mut take = |resolver: &mut Self, article: &manuscript::Article, level: u8| {
            let slug = slugs.next().unwrap_or_default();
            let (mut title, mut blocks) = (article.title.clone(), article.blocks.clone());
            resolver.inlines(&mut title);
            resolver.blocks(&mut blocks, level);
            Article { url: resolver.house.article_url(resolver.id, &slug), slug, title, blocks }
        };
        let featured = take(self, &manuscript.featured, TITLE);
        let sections = manuscript
            .sections
            .iter()
            .map(|section| {
                let (mut title, mut introduction) = (section.title.clone(), section.introduction.clone());
                self.inlines(&mut title);
                self.blocks(&mut introduction, TITLE);
                Section { title, introduction, pieces: section.pieces.iter().map(|piece| take(self, piece, PIECE)).collect() }
            })
            .collect();
        (featured, sections)
    }
}

fn period(manuscript: &Manuscript, found: &mut Findings) -> Period {
    let named = manuscript.id.period();
    let Some(months) = &manuscript.front.months else { return named };
    if months.value.first() != manuscript.id.month() {
        found.push(
            Diagnostic::error(
                "months-mismatch",
                format!("`months` begins with {}, but the file is called {}", months.value.first(), manuscript.id),
            )
            .at(&manuscript.source, months.span)
            .help(format!("begin `months` with {}, or rename the file", manuscript.id.month())),
        );
    }
    months.value
}

fn issue_number(manuscript: &Manuscript, period: Period, archive: &Archive, house: &House, found: &mut Findings) -> Option<IssueNumber> {
    let front = &manuscript.front;
    let written = WrittenNumber {
        volume: front.volume.as_ref().map(|volume| volume.value),
        number: front.number.as_ref().map(|number| number.value),
    };
    let before = archive.numbered_before(&manuscript.id, period);
    let span = front.number.as_ref().or(front.volume.as_ref()).map_or(Span::new(0, 3), |number| number.span);
    let fault = match number::derive(written, period, before, house.volume_rule) {
        Ok(number) => return number,
        Err(fault) => fault,
    };
    let diagnostic = match fault {
        NumberFault::HalfKnown => Diagnostic::error("number-incomplete", "no issue before this one tells the other half of the number")
            .help("write both `volume:` and `number:`, or neither"),
        NumberFault::Repeats { before, expected } => {
            Diagnostic::error("number-repeats", format!("the issue before this one is already {before}"))
                .help(format!("this one is {expected}; take `volume:` and `number:` out and the press fills them in"))
        }
        NumberFault::Skips { before, expected } => {
            Diagnostic::error("number-skips", format!("the issue before this one is {before}: numbers are missing in between"))
                .help(format!("this one is {expected}; if issues are missing from the archive, import them"))
        }
    };
    found.push(diagnostic.at(&manuscript.source, span));
    Some(IssueNumber { volume: written.volume.unwrap_or(1), number: written.number.unwrap_or(1) })
}

fn lists(manuscript: &Manuscript, house: &House, found: &mut Findings) -> Vec<ListId> {
    let written = &manuscript.front.lists;
    for list in written.iter().filter(|list| !house.lists.contains(&list.value)) {
        let known: Vec<&str> = house.lists.iter().map(ListId::as_str).collect();
        found.push(
            Diagnostic::error("list-unknown", format!("there is no list `{}`", list.value))
                .at(&manuscript.source, list.span)
                .help(format!("the lists are {}", known.join(", "))),
        );
    }
    if written.is_empty() { house.default_lists.clone() } else { written.iter().map(|list| list.value.clone()).collect() }
}
