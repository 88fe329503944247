//! The document tree as HTML for mail: plain elements, no attributes but those that mail programs keep.

use crate::manuscript::document::{Alignment, Block, BlockKind, Cell, Footnote, Image, Inline, InlineKind, Item, Link};

/// The widest that an image is printed, in pixels: the column of the mail without its padding.
const COLUMN: u32 = 552;

/// From so many columns on, a table may be wider than a phone.
const WIDE: usize = 5;

/// Blocks, one element after the other.
pub fn blocks(blocks: &[Block]) -> String {
    let mut out = String::new();
    for block in blocks {
        push_block(block, &mut out);
    }
    out.trim_end().to_owned()
}

/// Inlines, as they stand within an element.
pub fn inlines(inlines: &[Inline]) -> String {
    let mut out = String::new();
    push_inlines(inlines, &mut out);
    out
}

/// The footnotes of an issue.
pub fn footnotes(footnotes: &[Footnote]) -> String {
    let mut out = String::new();
    for note in footnotes {
        let inner = blocks(&note.blocks);
        let number = format!("<sup>{}</sup> ", note.number);
        match inner.strip_prefix("<p>") {
            Some(rest) => out.push_str(&format!("<p>{number}{rest}\n")),
            None => out.push_str(&format!("<p>{number}</p>\n{inner}\n")),
        }
    }
    out.trim_end().to_owned()
}

/// Text that may stand in an element or between double quotes.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    push_escaped(text, &mut out);
    out
}

/// What stands for an octet that would be read as markup.
pub(super) fn entity(octet: u8) -> Option<&'static str> {
    match octet {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        b'"' => Some("&quot;"),
        _ => None,
    }
}

fn push_escaped(text: &str, out: &mut String) {
    for c in text.chars() {
        match u8::try_from(c).ok().and_then(entity) {
            Some(entity) => out.push_str(entity),
            None => out.push(c),
        }
    }
}

fn push_block(block: &Block, out: &mut String) {
    match &block.kind {
        BlockKind::Heading { level, inlines } => {
            wrap(&format!("h{level}"), inlines, out);
        }
        BlockKind::Paragraph(inlines) => {
            wrap("p", inlines, out);
            if let [Inline { kind: InlineKind::Image(Image { caption, .. }), .. }] = inlines.as_slice()
                && !caption.is_empty()
            {
                out.push_str(&format!("<p class=\"caption\">{}</p>\n", escape(caption)));
            }
        }
        BlockKind::List { start, tight, items } => push_list(*start, *tight, items, out),
        BlockKind::Quote(inner) => out.push_str(&format!("<blockquote>\n{}\n</blockquote>\n", blocks(inner))),
        BlockKind::Code(text) => out.push_str(&format!("<pre><code>{}</code></pre>\n", escape(text))),
        BlockKind::Table { head, rows } => push_table(head, rows, out),
        BlockKind::Rule => out.push_str("<hr>\n"),
    }
}

fn wrap(element: &str, inner: &[Inline], out: &mut String) {
    out.push_str(&format!("<{element}>"));
    push_inlines(inner, out);
    out.push_str(&format!("</{element}>\n"));
}

fn push_list(start: Option<usize>, tight: bool, items: &[Item], out: &mut String) {
    let (open, close) = match start {
        None => ("<ul>".to_owned(), "</ul>"),
        Some(1) => ("<ol>".to_owned(), "</ol>"),
        Some(start) => (format!("<ol start=\"{start}\">"), "</ol>"),
    };
    out.push_str(&open);
    out.push('\n');
    for item in items {
        out.push_str("<li>");
        if let Some(ticked) = item.ticked {
            out.push_str(if ticked { "\u{2611} " } else { "\u{2610} " });
        }
        for (at, block) in item.blocks.iter().enumerate() {
            match &block.kind {
                BlockKind::Paragraph(inner) if tight => {
                    if at > 0 {
                        out.push_str("<br>");
                    }
                    push_inlines(inner, out);
                }
                _ => push_block(block, out),
            }
        }
        let trimmed = out.trim_end().len();
        out.truncate(trimmed);
        out.push_str("</li>\n");
    }
    out.push_str(close);
    out.push('\n');
}

fn push_table(head: &[Cell], rows: &[Vec<Cell>], out: &mut String) {
    // On a phone a wide table scrolls sideways, and then a keyboard must reach it (WCAG 2.1.1).
    let reach = if head.len() >= WIDE { " tabindex=\"0\"" } else { "" };
    out.push_str(&format!("<table class=\"grid\"{reach}>\n<thead><tr>"));
    for cell in head {
        push_cell("th scope=\"col\"", "th", cell, out);
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        out.push_str("<tr>");
        for cell in row {
            push_cell("td", "td", cell, out);
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n");
}

fn push_cell(open: &str, close: &str, cell: &Cell, out: &mut String) {
    let style = match cell.alignment {
        Alignment::Start => "",
        Alignment::Centre => " style=\"text-align:center\"",
        Alignment::Right => " style=\"text-align:right\"",
    };
    out.push_str(&format!("<{open}{style}>"));
    push_inlines(&cell.inlines, out);
    out.push_str(&format!("</{close}>"));
}

fn push_inlines(inlines: &[Inline], out: &mut String) {
    for inline in inlines {
        match &inline.kind {
            InlineKind::Text(text) => push_escaped(text, out),
            InlineKind::Emphasis(inner) => around("em", inner, out),
            InlineKind::Strong(inner) => around("strong", inner, out),
            InlineKind::Struck(inner) => around("del", inner, out),
            InlineKind::Raised(inner) => around("sup", inner, out),
            InlineKind::Code(text) => {
                out.push_str("<code>");
                push_escaped(text, out);
                out.push_str("</code>");
            }
            InlineKind::Link(link) => push_link(link, out),
            InlineKind::Image(image) => push_image(image, out),
            InlineKind::SoftBreak => out.push('\n'),
            InlineKind::HardBreak => out.push_str("<br>"),
            InlineKind::Footnote(number) => out.push_str(&format!("<sup>{number}</sup>")),
        }
    }
}

fn around(element: &str, inner: &[Inline], out: &mut String) {
    out.push_str(&format!("<{element}>"));
    push_inlines(inner, out);
    out.push_str(&format!("</{element}>"));
}

fn push_link(link: &Link, out: &mut String) {
    if link.target.is_empty() {
        push_inlines(&link.inlines, out);
        return;
    }
    out.push_str("<a href=\"");
    push_escaped(&link.target, out);
    out.push_str("\">");
    push_inlines(&link.inlines, out);
    out.push_str("</a>");
    if let Some(file) = &link.file {
        out.push_str(&format!(" ({})", escape(file)));
    }
}

fn push_image(image: &Image, out: &mut String) {
    if image.source.is_empty() {
        push_escaped(&image.alt, out);
        return;
    }
    out.push_str(&format!("<img src=\"{}\" alt=\"{}\"", escape(&image.source), escape(&image.alt)));
    if let Some((width, height)) = image.size.filter(|(width, height)| *width > 0 && *height > 0) {
        let shown = width.min(COLUMN);
        let tall = u64::from(height) * u64::from(shown) / u64::from(width);
        out.push_str(&format!(" width=\"{shown}\" height=\"{}\"", tall.max(1)));
    }
    out.push('>');
}
