//! The body of a manuscript as a tree: blocks and inlines, each with the stretch of source it came from.

use crate::diagnostic::Span;

/// A block with its place in the source.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// Where it stands.
    pub span: Span,
}

/// What a block is.
#[derive(Debug, Clone, PartialEq)]
pub enum BlockKind {
    /// A heading; 1 is the highest.
    Heading {
        /// 1 to 6.
        level: u8,
        /// What it says.
        inlines: Vec<Inline>,
    },
    /// Running text.
    Paragraph(Vec<Inline>),
    /// Bulleted, or numbered from `start`.
    List {
        /// The first number; none for bullets.
        start: Option<usize>,
        /// Without blank lines between the items.
        tight: bool,
        /// What is listed.
        items: Vec<Item>,
    },
    /// Quoted blocks.
    Quote(Vec<Block>),
    /// Text set as it is.
    Code(String),
    /// A table with one head row.
    Table {
        /// The head row.
        head: Vec<Cell>,
        /// The rows under it.
        rows: Vec<Vec<Cell>>,
    },
    /// A thematic break.
    Rule,
}

/// An entry of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// For a task list: whether it is ticked.
    pub ticked: Option<bool>,
    /// What it says.
    pub blocks: Vec<Block>,
    /// Where it stands.
    pub span: Span,
}

/// A table cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// What it says.
    pub inlines: Vec<Inline>,
    /// How it is set.
    pub alignment: Alignment,
}

/// How a column is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alignment {
    /// As the script begins.
    Start,
    /// In the middle.
    Centre,
    /// To the right: numbers.
    Right,
}

/// An inline with its place in the source.
#[derive(Debug, Clone, PartialEq)]
pub struct Inline {
    /// What it is.
    pub kind: InlineKind,
    /// Where it stands.
    pub span: Span,
}

/// What an inline is.
#[derive(Debug, Clone, PartialEq)]
pub enum InlineKind {
    /// Letters.
    Text(String),
    /// Stressed.
    Emphasis(Vec<Inline>),
    /// Strongly stressed.
    Strong(Vec<Inline>),
    /// No longer valid.
    Struck(Vec<Inline>),
    /// Raised.
    Raised(Vec<Inline>),
    /// Typed.
    Code(String),
    /// Leads somewhere.
    Link(Link),
    /// Shows something.
    Image(Image),
    /// The source breaks the line, the print need not.
    SoftBreak,
    /// The print breaks the line.
    HardBreak,
    /// Refers to a footnote by its number, from 1.
    Footnote(u32),
}

/// A link.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// Where it leads: as written in a manuscript, absolute in an issue.
    pub target: String,
    /// What the reader clicks on.
    pub inlines: Vec<Inline>,
    /// "PDF, 301 KB" where it leads to a file; filled in when the issue is assembled.
    pub file: Option<String>,
}

/// An image.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    /// Where it is: as written in a manuscript, absolute in an issue.
    pub source: String,
    /// What it shows, in words; empty if it only decorates.
    pub alt: String,
    /// A caption.
    pub caption: String,
    /// Width and height in pixels, where the file is at hand.
    pub size: Option<(u32, u32)>,
}

/// A footnote's text.
#[derive(Debug, Clone, PartialEq)]
pub struct Footnote {
    /// From 1, in the order of the first references.
    pub number: u32,
    /// What it says.
    pub blocks: Vec<Block>,
}

/// The letters of inlines, without markup; breaks count as spaces, an image as its alt text.
pub fn plain(inlines: &[Inline]) -> String {
    flat(inlines).trim().to_owned()
}

/// As [`plain`], with the blanks at both ends: what one counts in to cut inlines.
pub fn flat(inlines: &[Inline]) -> String {
    let mut out = String::new();
    push_plain(inlines, &mut out);
    out
}

fn push_plain(inlines: &[Inline], out: &mut String) {
    for inline in inlines {
        match &inline.kind {
            InlineKind::Text(text) | InlineKind::Code(text) => out.push_str(text),
            InlineKind::Emphasis(inner) | InlineKind::Strong(inner) | InlineKind::Struck(inner) | InlineKind::Raised(inner) => {
                push_plain(inner, out);
            }
            InlineKind::Link(link) => push_plain(&link.inlines, out),
            InlineKind::Image(image) => out.push_str(&image.alt),
            InlineKind::SoftBreak | InlineKind::HardBreak => out.push(' '),
            InlineKind::Footnote(_) => {}
        }
    }
}

/// Every inline of some blocks in reading order, however deep.
pub fn each_inline<'a>(blocks: &'a [Block], visit: &mut dyn FnMut(&'a Inline)) {
    for block in blocks {
        match &block.kind {
            BlockKind::Heading { inlines, .. } | BlockKind::Paragraph(inlines) => within(inlines, visit),
            BlockKind::List { items, .. } => items.iter().for_each(|item| each_inline(&item.blocks, visit)),
            BlockKind::Quote(inner) => each_inline(inner, visit),
            BlockKind::Table { head, rows } => {
                head.iter().chain(rows.iter().flatten()).for_each(|cell| within(&cell.inlines, visit));
            }
            BlockKind::Code(_) | BlockKind::Rule => {}
        }
    }
}

/// Every inline of some inlines in reading order, however deep.
pub fn within<'a>(inlines: &'a [Inline], visit: &mut dyn FnMut(&'a Inline)) {
    for inline in inlines {
        visit(inline);
        match &inline.kind {
            InlineKind::Emphasis(inner) | InlineKind::Strong(inner) | InlineKind::Struck(inner) | InlineKind::Raised(inner) => {
                within(inner, visit);
            }
            InlineKind::Link(link) => within(&link.inlines, visit),
            _ => {}
        }
    }
}

/// As [`each_inline`], to change them.
pub fn each_inline_mut(blocks: &mut [Block], visit: &mut dyn FnMut(&mut Inline)) {
    for block in blocks {
        match &mut block.kind {
            BlockKind::Heading { inlines, .. } | BlockKind::Paragraph(inlines) => within_mut(inlines, visit),
            BlockKind::List { items, .. } => items.iter_mut().for_each(|item| each_inline_mut(&mut item.blocks, visit)),
            BlockKind::Quote(inner) => each_inline_mut(inner, visit),
            BlockKind::Table { head, rows } => {
                head.iter_mut().chain(rows.iter_mut().flatten()).for_each(|cell| within_mut(&mut cell.inlines, visit));
            }
            BlockKind::Code(_) | BlockKind::Rule => {}
        }
    }
}

/// As [`within`], to change them.
pub fn within_mut(inlines: &mut [Inline], visit: &mut dyn FnMut(&mut Inline)) {
    for inline in inlines {
        visit(inline);
        match &mut inline.kind {
            InlineKind::Emphasis(inner) | InlineKind::Strong(inner) | InlineKind::Struck(inner) | InlineKind::Raised(inner) => {
                within_mut(inner, visit);
            }
            InlineKind::Link(link) => within_mut(&mut link.inlines, visit),
            _ => {}
        }
    }
}
