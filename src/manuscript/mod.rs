//! One Markdown file as an editor dropped it: front matter, body, and where everything stands in the file.

pub mod document;
pub mod front_matter;
mod html;
mod markdown;
pub mod source;
pub mod title;

use std::sync::Arc;

use document::{Block, BlockKind, Footnote, Inline, Item, plain};
use front_matter::FrontMatter;

use crate::dateline::IssueId;
use crate::diagnostic::{Checked, Diagnostic, Findings, Source, Span};
use crate::manuscript::title::fold_title;

/// A file that lies beside `issue.md` in an issue's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnclosedFile {
    /// Its name within the folder.
    pub name: String,
    /// Its size in octets.
    pub octets: u64,
    /// Width and height in pixels, if it is an image.
    pub pixels: Option<(u32, u32)>,
}

/// What the intake hands over: one text, its id, and the files that came with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// From the file's or folder's name.
    pub id: IssueId,
    /// The text.
    pub source: Arc<Source>,
    /// What lies beside it.
    pub files: Vec<EnclosedFile>,
}

/// A manuscript taken apart; nothing is resolved yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Manuscript {
    /// From the file's name.
    pub id: IssueId,
    /// The text it was read from.
    pub source: Arc<Source>,
    /// What lies beside it.
    pub files: Vec<EnclosedFile>,
    /// What is written above the text.
    pub front: FrontMatter,
    /// What stands before the first heading.
    pub introduction: Vec<Block>,
    /// What the first heading opens.
    pub featured: Article,
    /// The related list.
    pub related: Option<Related>,
    /// What further headings of level 1 open.
    pub sections: Vec<Section>,
    /// The footnotes of the whole.
    pub footnotes: Vec<Footnote>,
}

/// An article or a piece: a title and what stands under it.
#[derive(Debug, Clone, PartialEq)]
pub struct Article {
    /// Its title.
    pub title: Vec<Inline>,
    /// Where the title stands.
    pub span: Span,
    /// Everything under the title.
    pub blocks: Vec<Block>,
}

/// A further section and its pieces.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Its title.
    pub title: Vec<Inline>,
    /// Where the title stands.
    pub span: Span,
    /// What stands before its first piece.
    pub introduction: Vec<Block>,
    /// What headings of level 2 open.
    pub pieces: Vec<Article>,
}

/// The related list as written.
#[derive(Debug, Clone, PartialEq)]
pub struct Related {
    /// Its heading.
    pub heading: Vec<Inline>,
    /// Where the heading stands.
    pub span: Span,
    /// What stands before the list.
    pub introduction: Vec<Block>,
    /// The entries of the list.
    pub entries: Vec<Item>,
    /// What stands after the list.
    pub closing: Vec<Block>,
}

/// Takes a draft apart. `related_heading` is the heading under which related items stand, in any case and spelling of
/// spaces. Every fault of the file is told; there is a manuscript only if there is something to assemble.
pub fn parse(draft: &Draft, related_heading: &str) -> Checked<Manuscript> {
    let source = &draft.source;
    let (front, body_at, mut diagnostics) = front_matter::read(source);
    let body = markdown::parse(source, body_at);
    diagnostics.extend(body.diagnostics);
    let title = front.as_ref().and_then(|front| front.title.as_ref()).map(|title| title.value.as_str());
    // Where the front matter swallows the whole file, nothing can be said of the text.
    let is_swallowed = front.is_none() && body_at == source.text().len();
    let parts = if is_swallowed { None } else { Parts::of(body.blocks, related_heading, source, title, &mut diagnostics) };
    if front.as_ref().is_some_and(|front| front.related.is_some()) {
        // The press will make the list.
        diagnostics.retain(|found| found.code != "related-empty");
    }
    let value = front.zip(parts).map(|(front, parts)| Manuscript {
        id: draft.id.clone(),
        source: Arc::clone(source),
        files: draft.files.clone(),
        front,
        introduction: parts.introduction,
        featured: parts.featured,
        related: parts.related,
        sections: parts.sections,
        footnotes: body.footnotes,
    });
    Checked { value, diagnostics }
}

struct Parts {
    introduction: Vec<Block>,
    featured: Article,
    related: Option<Related>,
    sections: Vec<Section>,
}

impl Parts {
    fn of(
        mut blocks: Vec<Block>,
        related_heading: &str,
        source: &Arc<Source>,
        title: Option<&str>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        drop_empty_headings(&mut blocks, source, diagnostics);
        let Some(first) = blocks.iter().position(|block| heading(block).is_some()) else {
            let at = source.text().len();
            diagnostics.push(
                Diagnostic::error("heading-missing", "the text has no heading")
                    .at(source, blocks.first().map_or(Span::new(at, at), |block| block.span))
                    .help("begin the featured article with a line `# Its title`"),
            );
            return None;
        };
        let related = take_related(&mut blocks, related_heading, source, diagnostics);
        let is_top = |block: &Block| heading(block).is_some_and(|(level, _)| level == 1);
        if !blocks.iter().any(is_top) {
            let span = blocks.get(first).map_or(Span::default(), |block| block.span);
            diagnostics.push(
                Diagnostic::warning("heading-level", "no heading of level 1 opens the featured article")
                    .at(source, span)
                    .help("put a line `# Its title` above the text; until then the issue's own title heads it"),
            );
            let title = vec![Inline { kind: document::InlineKind::Text(title.unwrap_or_default().to_owned()), span }];
            return Some(Self { introduction: Vec::new(), featured: Article { title, span, blocks }, related, sections: Vec::new() });
        }
        let mut first = true;
        let (introduction, articles) = grouped(blocks, |level| std::mem::take(&mut first) || level == 1);
        let mut articles = articles.into_iter();
        let featured = articles.next()?;
        let sections = articles
            .map(|Article { title, span, blocks }| {
                let (introduction, pieces) = grouped(blocks, |level| level == 2);
                Section { title, span, introduction, pieces }
            })
            .collect();
        Some(Self { introduction, featured, related, sections })
    }
}

/// What stands before the first heading that opens an article, and the articles.
fn grouped(blocks: Vec<Block>, mut opens: impl FnMut(u8) -> bool) -> (Vec<Block>, Vec<Article>) {
    let mut before = Vec::new();
    let mut articles: Vec<Article> = Vec::new();
    for Block { kind, span } in blocks {
        match kind {
            BlockKind::Heading { level, inlines } if opens(level) => articles.push(Article { title: inlines, span, blocks: Vec::new() }),
            kind => articles.last_mut().map_or(&mut before, |article| &mut article.blocks).push(Block { kind, span }),
        }
    }
    (before, articles)
}

/// A heading without words would be read out as a heading and say nothing.
fn drop_empty_headings(blocks: &mut Vec<Block>, source: &Arc<Source>, diagnostics: &mut Vec<Diagnostic>) {
    let mut findings = Findings::default();
    blocks.retain(|block| {
        let Some((_, inlines)) = heading(block) else { return true };
        let mut shows = !plain(inlines).is_empty();
        document::within(inlines, &mut |inline| {
            shows |= matches!(inline.kind, document::InlineKind::Image(_) | document::InlineKind::Link(_));
        });
        if !shows {
            let found = Diagnostic::warning("heading-empty", "this heading says nothing and is left out");
            findings.push(found.at(source, block.span).help("write what it should say, or take the `#` out"));
        }
        shows
    });
    diagnostics.extend(findings.into_vec());
}

fn heading(block: &Block) -> Option<(u8, &[Inline])> {
    match &block.kind {
        BlockKind::Heading { level, inlines } => Some((*level, inlines)),
        _ => None,
    }
}

fn article(mut blocks: Vec<Block>) -> Option<Article> {
    let first = blocks.remove(0);
    match first.kind {
        BlockKind::Heading { inlines, .. } => Some(Article { title: inlines, span: first.span, blocks }),
        _ => None,
    }
}

/// Takes the related list out of the blocks: from its heading to the next heading of the same or a higher level.
fn take_related(
    blocks: &mut Vec<Block>,
    related_heading: &str,
    source: &Arc<Source>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Related> {
    let wanted = fold_title(related_heading);
    let is_related = |block: &Block| heading(block).is_some_and(|(_, inlines)| fold_title(&plain(inlines)) == wanted);
    let at = blocks.iter().position(is_related)?;
    let level = heading(&blocks[at])?.0;
    let length =
        blocks[at + 1..].iter().position(|block| heading(block).is_some_and(|(other, _)| other <= level)).unwrap_or(blocks.len() - at - 1);
    let mut taken: Vec<Block> = blocks.drain(at..=at + length).collect();
    if let Some(again) = blocks.iter().find(|block| is_related(block)) {
        diagnostics.push(
            Diagnostic::error("related-twice", "the related items stand in two places")
                .at(source, again.span)
                .help("put them all under one heading"),
        );
    }
    let Article { title, span, blocks: under } = article(std::mem::take(&mut taken))?;
    let mut related = Related { heading: title, span, introduction: Vec::new(), entries: Vec::new(), closing: Vec::new() };
    let mut listed = false;
    for block in under {
        match block.kind {
            BlockKind::List { items, .. } if !listed => {
                related.entries = items;
                listed = true;
            }
            _ if listed => related.closing.push(block),
            _ => related.introduction.push(block),
        }
    }
    if !listed {
        diagnostics.push(
            Diagnostic::error("related-empty", "there is no list under this heading")
                .at(source, span)
                .help("write each related item on a line that begins with `- `"),
        );
    }
    Some(related)
}
