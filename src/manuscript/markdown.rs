//! From Markdown to the house's own tree: comrak parses, this keeps what a mail can carry, with its place in the file.

use std::collections::HashSet;
use std::sync::Arc;

use comrak::nodes::{ListType, NodeValue, Sourcepos, TableAlignment};
use comrak::{Arena, Options, parse_document};

use super::document::{Alignment, Block, BlockKind, Cell, Footnote, Image, Inline, InlineKind, Item, Link};
use super::html;
use crate::diagnostic::{Diagnostic, Findings, Source, Span};

/// Deepest nesting of quotes, lists and emphasis that is kept (STANDARDS T14).
const MAX_DEPTH: usize = 40;

/// Most paragraphs, entries, cells, links and stretches of text that are kept: ten times what the largest mail holds
/// (STANDARDS T14).
const MAX_PARTS: usize = 50_000;

/// Blocks and footnotes of a body.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub(super) blocks: Vec<Block>,
    pub(super) footnotes: Vec<Footnote>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Parses the part of a source that begins at `offset`, which is the start of a line.
pub(super) fn parse(source: &Arc<Source>, offset: usize) -> Body {
    let text = &source.text()[offset..];
    let arena = Arena::new();
    let root = parse_document(&arena, text, &options());
    let mut reader = Reader {
        source,
        offset,
        lines: line_starts(text),
        length: text.len(),
        footnotes: Vec::new(),
        findings: Findings::default(),
        parts: 0,
        noted: HashSet::new(),
    };
    let blocks = reader.blocks(root, 0);
    reader.unused_footnotes(text);
    let mut footnotes = reader.footnotes;
    footnotes.sort_by_key(|note| note.number);
    Body { blocks, footnotes, diagnostics: reader.findings.into_vec() }
}

fn options() -> Options<'static> {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.autolink = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options
}

fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

type Node<'a> = &'a comrak::nodes::AstNode<'a>;

struct Reader<'s> {
    source: &'s Arc<Source>,
    offset: usize,
    lines: Vec<usize>,
    length: usize,
    footnotes: Vec<Footnote>,
    findings: Findings,
    parts: usize,
    /// Names of the footnotes that the text refers to.
    noted: HashSet<String>,
}

impl Reader<'_> {
    fn span(&self, pos: Sourcepos) -> Span {
        let at = |line: usize, column: usize| {
            self.lines.get(line.saturating_sub(1)).map_or(self.length, |start| (start + column).min(self.length))
        };
        Span::new(at(pos.start.line, pos.start.column.saturating_sub(1)), at(pos.end.line, pos.end.column)).shifted(self.offset)
    }

    fn report(&mut self, diagnostic: Diagnostic, span: Span) {
        self.findings.push(diagnostic.at(self.source, span));
    }

    fn too_deep(&mut self, depth: usize, span: Span) -> bool {
        if depth > MAX_DEPTH && !self.findings.contains("too-deep") {
            self.report(
                Diagnostic::error("too-deep", format!("lists, quotes or emphasis nest more than {MAX_DEPTH} levels deep"))
                    .help("take some of the levels out; no mail program shows them"),
                span,
            );
        }
        depth > MAX_DEPTH
    }

    fn too_many(&mut self, span: Span) -> bool {
        self.parts += 1;
        if self.parts > MAX_PARTS && !self.findings.contains("too-many") {
            let found = Diagnostic::error("too-many", format!("the text has more than {MAX_PARTS} paragraphs, entries and links"));
            self.report(found.help("no mail program shows so much; what comes after this place is not read"), span);
        }
        self.parts > MAX_PARTS
    }

    /// A footnote that nothing refers to is not printed, so it is told. Lines of code that look like one are not.
    fn unused_footnotes(&mut self, text: &str) {
        let mut at = 0;
        let mut is_code = false;
        for line in text.split_inclusive('\n') {
            let (start, inner) = (at, line.trim_start_matches(' '));
            at += line.len();
            is_code ^= inner.starts_with("```") || inner.starts_with("~~~");
            let name = inner.strip_prefix("[^").and_then(|rest| rest.split_once("]:")).map(|(name, _)| name.to_lowercase());
            if let Some(name) = name.filter(|name| !is_code && line.len() - inner.len() < 4 && !self.noted.contains(name)) {
                let name: String = name.chars().take(40).collect();
                let found =
                    Diagnostic::warning("footnote-unused", format!("nothing refers to the footnote `{name}`, so it is not printed"));
                let span = Span::new(start, start + line.trim_end().len()).shifted(self.offset);
                self.report(found.help(format!("put `[^{name}]` where it belongs, or take it out")), span);
            }
        }
    }

    fn blocks(&mut self, parent: Node<'_>, depth: usize) -> Vec<Block> {
        let mut blocks = Vec::new();
        for node in parent.children() {
            let span = self.span(node.data.borrow().sourcepos);
            if self.too_deep(depth, span) || self.too_many(span) {
                break;
            }
            self.block(node, span, depth, &mut blocks);
        }
        blocks
    }

    fn block(&mut self, node: Node<'_>, span: Span, depth: usize, out: &mut Vec<Block>) {
        let kind = match &node.data.borrow().value {
            NodeValue::Paragraph => BlockKind::Paragraph(self.inlines(node, depth)),
            NodeValue::Heading(heading) => BlockKind::Heading { level: heading.level, inlines: self.inlines(node, depth) },
            NodeValue::BlockQuote => BlockKind::Quote(self.blocks(node, depth + 1)),
            NodeValue::CodeBlock(code) => BlockKind::Code(code.literal.trim_end_matches('\n').to_owned()),
            NodeValue::ThematicBreak => BlockKind::Rule,
            NodeValue::List(list) => BlockKind::List {
                start: (list.list_type == ListType::Ordered).then_some(list.start),
                tight: list.tight,
                items: self.items(node, depth + 1),
            },
            NodeValue::Table(table) => self.table(node, &table.alignments, depth),
            NodeValue::HtmlBlock(block) => {
                let (paragraphs, findings) = html::paragraphs(&block.literal, span);
                for found in findings {
                    self.report(found, span);
                }
                out.extend(paragraphs);
                return;
            }
            NodeValue::FootnoteDefinition(definition) => {
                self.noted.insert(definition.name.to_lowercase());
                let number = u32::try_from(self.footnotes.len()).unwrap_or(u32::MAX).saturating_add(1);
                let at = self.footnotes.len();
                self.footnotes.push(Footnote { number, blocks: Vec::new() });
                let blocks = self.blocks(node, depth + 1);
                self.footnotes[at].blocks = blocks;
                return;
            }
            _ => {
                out.extend(self.blocks(node, depth + 1));
                return;
            }
        };
        out.push(Block { kind, span });
    }

    fn items(&mut self, list: Node<'_>, depth: usize) -> Vec<Item> {
        let mut items = Vec::new();
        for node in list.children() {
            let span = self.span(node.data.borrow().sourcepos);
            if self.too_many(span) {
                break;
            }
            let ticked = match &node.data.borrow().value {
                NodeValue::TaskItem(task) => Some(task.symbol.is_some()),
                _ => None,
            };
            items.push(Item { ticked, blocks: self.blocks(node, depth), span });
        }
        items
    }

    fn table(&mut self, table: Node<'_>, alignments: &[TableAlignment], depth: usize) -> BlockKind {
        let mut rows = Vec::new();
        for row in table.children() {
            let mut cells = Vec::new();
            for (column, cell) in row.children().enumerate() {
                if self.too_many(self.span(cell.data.borrow().sourcepos)) {
                    break;
                }
                let alignment = match alignments.get(column) {
                    Some(TableAlignment::Center) => Alignment::Centre,
                    Some(TableAlignment::Right) => Alignment::Right,
                    _ => Alignment::Start,
                };
                cells.push(Cell { inlines: self.inlines(cell, depth), alignment });
            }
            if cells.is_empty() {
                break;
            }
            rows.push(cells);
        }
        let mut rows = rows.into_iter();
        let head = rows.next().unwrap_or_default();
        BlockKind::Table { head, rows: rows.collect() }
    }

    fn inlines(&mut self, parent: Node<'_>, depth: usize) -> Vec<Inline> {
        let mut gathered = html::Gatherer::default();
        for node in parent.children() {
            let span = self.span(node.data.borrow().sourcepos);
            if self.too_deep(depth, span) || self.too_many(span) {
                break;
            }
            if let NodeValue::HtmlInline(tag) = &node.data.borrow().value {
                gathered.tag(tag, span);
                continue;
            }
            match self.inline(node, depth + 1) {
                Some(InlineKind::Link(link)) => unnested(link, span).into_iter().for_each(|inline| gathered.push(inline)),
                Some(kind) => gathered.push(Inline { kind, span }),
                None => {}
            }
        }
        let (inlines, findings) = gathered.finish();
        for (found, span) in findings {
            self.report(found, span);
        }
        inlines
    }

    fn inline(&mut self, node: Node<'_>, depth: usize) -> Option<InlineKind> {
        Some(match &node.data.borrow().value {
            NodeValue::Text(text) => InlineKind::Text(text.to_string()),
            NodeValue::SoftBreak => InlineKind::SoftBreak,
            NodeValue::LineBreak => InlineKind::HardBreak,
            NodeValue::Code(code) => InlineKind::Code(code.literal.clone()),
            NodeValue::Emph => InlineKind::Emphasis(self.inlines(node, depth)),
            NodeValue::Strong => InlineKind::Strong(self.inlines(node, depth)),
            NodeValue::Strikethrough => InlineKind::Struck(self.inlines(node, depth)),
            NodeValue::Link(link) => InlineKind::Link(Link { target: link.url.clone(), inlines: self.inlines(node, depth), file: None }),
            NodeValue::Image(image) => InlineKind::Image(Image {
                source: image.url.clone(),
                alt: super::document::plain(&self.inlines(node, depth)),
                caption: image.title.clone(),
                size: None,
            }),
            NodeValue::FootnoteReference(reference) => InlineKind::Footnote(reference.ix),
            _ => return None,
        })
    }
}

/// A link whose text holds further links, in raw HTML, comes apart into links that stand side by side.
fn unnested(link: Link, span: Span) -> Vec<Inline> {
    let is_link = |inline: &Inline| matches!(inline.kind, InlineKind::Link(_));
    if !link.inlines.iter().any(is_link) {
        return vec![Inline { kind: InlineKind::Link(link), span }];
    }
    let Link { target, inlines, file } = link;
    let mut out: Vec<Inline> = Vec::new();
    for inline in inlines {
        match out.last_mut().map(|last| &mut last.kind) {
            Some(InlineKind::Link(last)) if last.target == target && !is_link(&inline) => last.inlines.push(inline),
            _ if is_link(&inline) => out.push(inline),
            _ => {
                let link = Link { target: target.clone(), inlines: vec![inline], file: file.clone() };
                out.push(Inline { kind: InlineKind::Link(link), span });
            }
        }
    }
    out
}
