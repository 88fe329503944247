//! The document tree as plain text written for reading: wrapped lines, headings, bullets, and links as numbered notes.

use std::collections::HashMap;

use unicode_width::UnicodeWidthStr;

use crate::manuscript::document::{Alignment, Block, BlockKind, Cell, Footnote, Image, Inline, InlineKind, Item, Link};

/// Columns of a line (STANDARDS X1).
pub const WIDTH: usize = 72;

/// Prints an issue from top to bottom, so that the notes are numbered in reading order.
#[derive(Debug, Default)]
pub struct TextPrinter {
    notes: Vec<String>,
    numbers: HashMap<String, usize>,
}

impl TextPrinter {
    /// The addresses behind `[1]`, `[2]`, … in order.
    pub fn into_notes(self) -> Vec<String> {
        self.notes
    }

    /// Blocks with a blank line between them.
    pub fn blocks(&mut self, blocks: &[Block]) -> String {
        self.set(blocks, "", false)
    }

    /// The title of an article or a section: capitals.
    pub fn title(&mut self, inlines: &[Inline]) -> String {
        let words = self.flat(inlines);
        // An address in capitals leads elsewhere.
        let words: Vec<String> =
            words.split(' ').map(|word| if word.contains("://") { word.to_owned() } else { word.to_uppercase() }).collect();
        wrapped(&words.join(" "), "", "")
    }

    /// The title of a piece, or a heading within an article: underlined.
    pub fn subtitle(&mut self, inlines: &[Inline]) -> String {
        let words = self.flat(inlines);
        let lines = wrapped(&words, "", "");
        let widest = lines.lines().map(UnicodeWidthStr::width).max().unwrap_or(0);
        format!("{lines}\n{}", "-".repeat(widest.min(WIDTH)))
    }

    /// An entry of the related list, without its bullet: lines after the first are indented by two.
    pub fn related(&mut self, title: &[Inline], target: &str, date: Option<&str>, file: Option<&str>, note: &[Inline]) -> String {
        let mut words = self.flat(title);
        let aside: Vec<&str> = date.into_iter().chain(file).collect();
        if !aside.is_empty() {
            words.push_str(&format!(" ({})", aside.join("; ")));
        }
        if !target.is_empty() {
            words.push_str(&format!("\u{a0}[{}]", self.note(target)));
        }
        let said = self.flat(note);
        if !said.is_empty() {
            words.push_str(&format!(" \u{2014} {said}"));
        }
        wrapped(&words, "  ", "  ").trim_start().to_owned()
    }

    /// The footnotes of an issue.
    pub fn footnotes(&mut self, footnotes: &[Footnote]) -> String {
        let notes: Vec<String> =
            footnotes.iter().map(|note| hung(&self.set(&note.blocks, "    ", false), &format!("({}) ", note.number))).collect();
        notes.join("\n")
    }

    /// The number of an address; the same address keeps its number.
    fn note(&mut self, target: &str) -> usize {
        *self.numbers.entry(target.to_owned()).or_insert_with(|| {
            self.notes.push(target.to_owned());
            self.notes.len()
        })
    }

    fn set(&mut self, blocks: &[Block], indent: &str, tight: bool) -> String {
        let printed: Vec<String> = blocks.iter().map(|block| self.block(block, indent)).filter(|text| !text.is_empty()).collect();
        printed.join(if tight { "\n" } else { "\n\n" })
    }

    fn block(&mut self, block: &Block, indent: &str) -> String {
        match &block.kind {
            BlockKind::Heading { level, inlines } if *level <= 3 && indent.is_empty() => self.subtitle(inlines),
            BlockKind::Heading { inlines, .. } | BlockKind::Paragraph(inlines) => wrapped(&self.flat(inlines), indent, indent),
            BlockKind::List { start, tight, items } => self.list(*start, *tight, items, indent),
            BlockKind::Quote(inner) => self.set(inner, &format!("{indent}> "), false).replace("\n\n", &format!("\n{indent}>\n")),
            BlockKind::Code(text) => code(text, indent),
            BlockKind::Table { head, rows } => self.table(head, rows, indent),
            BlockKind::Rule => format!("{indent}* * *"),
        }
    }

    fn list(&mut self, start: Option<usize>, tight: bool, items: &[Item], indent: &str) -> String {
        let printed: Vec<String> = items
            .iter()
            .enumerate()
            .map(|(at, item)| {
                let bullet = match (start, item.ticked) {
                    (_, Some(true)) => "[x] ".to_owned(),
                    (_, Some(false)) => "[ ] ".to_owned(),
                    (Some(start), None) => format!("{}. ", start.saturating_add(at)),
                    (None, None) => if indent.ends_with("  ") { "- " } else { "* " }.to_owned(),
                };
                let inner = format!("{indent}{}", " ".repeat(bullet.len()));
                hung(&self.set(&item.blocks, &inner, tight), &format!("{indent}{bullet}"))
            })
            .collect();
        printed.join(if tight { "\n" } else { "\n\n" })
    }

    fn table(&mut self, head: &[Cell], rows: &[Vec<Cell>], indent: &str) -> String {
        let head: Vec<(String, Alignment)> = head.iter().map(|cell| (self.flat(&cell.inlines), cell.alignment)).collect();
        let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| self.flat(&cell.inlines)).collect()).collect();
        let widths: Vec<usize> = head
            .iter()
            .enumerate()
            .map(|(at, (title, _))| {
                rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.width()).max().unwrap_or(0).max(title.width())
            })
            .collect();
        let all = indent.width() + widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1);
        let breaks = rows.iter().flatten().any(|cell| cell.contains('\n'));
        if all > WIDTH || breaks {
            return records(&head, &rows, indent);
        }
        let line = |cells: Vec<&str>| {
            let set: Vec<String> =
                cells.iter().zip(&widths).zip(&head).map(|((cell, width), (_, alignment))| padded(cell, *width, *alignment)).collect();
            format!("{indent}{}", set.join("  ")).trim_end().replace('\u{a0}', " ")
        };
        let mut lines = vec![line(head.iter().map(|(title, _)| title.as_str()).collect())];
        let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
        lines.push(line(rules.iter().map(String::as_str).collect()));
        lines.extend(rows.iter().map(|row| line(row.iter().map(String::as_str).collect())));
        lines.join("\n")
    }

    /// Inlines as words: spaces may become line ends, `\u{a0}` may not, `\n` must.
    fn flat(&mut self, inlines: &[Inline]) -> String {
        let mut out = String::new();
        self.push_flat(inlines, &mut out);
        out
    }

    fn push_flat(&mut self, inlines: &[Inline], out: &mut String) {
        for inline in inlines {
            match &inline.kind {
                InlineKind::Text(text) | InlineKind::Code(text) => out.push_str(text),
                InlineKind::Emphasis(inner) => self.around("_", inner, out),
                InlineKind::Strong(inner) => self.around("*", inner, out),
                InlineKind::Struck(inner) => self.around("~", inner, out),
                InlineKind::Raised(inner) => self.push_flat(inner, out),
                InlineKind::Link(link) => self.link(link, out),
                InlineKind::Image(image) => self.image(image, out),
                InlineKind::SoftBreak => out.push(' '),
                InlineKind::HardBreak => out.push('\n'),
                InlineKind::Footnote(number) => out.push_str(&format!("\u{a0}({number})")),
            }
        }
    }

    fn around(&mut self, mark: &str, inner: &[Inline], out: &mut String) {
        let mut words = String::new();
        self.push_flat(inner, &mut words);
        let lone_image = matches!(inner, [Inline { kind: InlineKind::Image(_) | InlineKind::Link(_), .. }]);
        if lone_image || words.trim().is_empty() {
            out.push_str(&words);
        } else {
            out.push_str(mark);
            out.push_str(&words);
            out.push_str(mark);
        }
    }

    fn link(&mut self, link: &Link, out: &mut String) {
        let mut words = String::new();
        self.push_flat(&link.inlines, &mut words);
        let spoken = words.trim();
        out.push_str(&words);
        if let Some(file) = &link.file {
            out.push_str(&format!(" ({file})"));
        }
        let says_itself = spoken == link.target || link.target.strip_prefix("mailto:") == Some(spoken);
        if !link.target.is_empty() && !says_itself {
            let gap = if spoken.is_empty() { "" } else { "\u{a0}" };
            let number = self.note(&link.target);
            out.push_str(&format!("{gap}[{number}]"));
        }
    }

    fn image(&mut self, image: &Image, out: &mut String) {
        out.push_str(&format!("[Image: {}]", image.alt));
        if !image.source.is_empty() {
            let number = self.note(&image.source);
            out.push_str(&format!("\u{a0}[{number}]"));
        }
        if !image.caption.is_empty() {
            out.push_str(&format!("\n{}", image.caption));
        }
    }
}

fn padded(cell: &str, width: usize, alignment: Alignment) -> String {
    let gap = width.saturating_sub(cell.width());
    match alignment {
        Alignment::Start => format!("{cell}{}", " ".repeat(gap)),
        Alignment::Right => format!("{}{cell}", " ".repeat(gap)),
        Alignment::Centre => format!("{}{cell}{}", " ".repeat(gap / 2), " ".repeat(gap - gap / 2)),
    }
}

/// Rows of cells as columns, the first set to the left and the others, which are figures, to the right. A first cell that
/// leaves its figures no room stands on a line of its own.
pub fn columns(rows: &[Vec<String>]) -> String {
    let many = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widest = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.width()).max().unwrap_or(0);
    let figures: Vec<usize> = (1..many).map(widest).collect();
    let room = WIDTH.saturating_sub(figures.iter().map(|width| width + 2).sum());
    let first = rows.iter().filter_map(|row| row.first()).map(|cell| cell.width()).filter(|width| *width <= room).max().unwrap_or(0);
    let mut lines = Vec::new();
    for row in rows {
        let Some((name, rest)) = row.split_first() else { continue };
        let cells: Vec<String> = rest.iter().zip(&figures).map(|(cell, width)| padded(cell, width + 2, Alignment::Right)).collect();
        let set = cells.concat();
        if name.width() > first {
            lines.push(name.clone());
            lines.push(format!("{}{set}", " ".repeat(first)));
        } else {
            lines.push(format!("{}{set}", padded(name, first, Alignment::Start)).trim_end().to_owned());
        }
    }
    lines.join("\n")
}

/// A table too wide for its columns: each row as lines of `Title: value`.
fn records(head: &[(String, Alignment)], rows: &[Vec<String>], indent: &str) -> String {
    let hanging = format!("{indent}  ");
    let printed: Vec<String> = rows
        .iter()
        .map(|row| {
            let lines: Vec<String> = row
                .iter()
                .enumerate()
                .filter(|(_, cell)| !cell.is_empty())
                .map(|(at, cell)| match head.get(at).map(|(title, _)| title.as_str()).filter(|title| !title.is_empty()) {
                    Some(title) => wrapped(&format!("{title}: {cell}"), indent, &hanging),
                    None => wrapped(cell, indent, &hanging),
                })
                .collect();
            lines.join("\n")
        })
        .collect();
    printed.join("\n\n")
}

/// Set in by four and never broken: a line of code that is wrapped is another line of code.
fn code(text: &str, indent: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| format!("{indent}    {line}").trim_end().to_owned()).collect();
    lines.join("\n")
}

/// Puts a bullet or number in place of the indent of the first line.
fn hung(text: &str, bullet: &str) -> String {
    let rest: String = text.chars().skip(bullet.chars().count()).collect();
    if text.is_empty() { bullet.trim_end().to_owned() } else { format!("{bullet}{rest}") }
}

/// Words set in lines of at most [`WIDTH`] columns; a word that is longer stands alone and is never broken.
pub fn wrapped(words: &str, first_indent: &str, indent: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for paragraph in words.split('\n') {
        let mut line = if lines.is_empty() { first_indent } else { indent }.to_owned();
        let mut empty = true;
        let room = WIDTH.saturating_sub(indent.width());
        // What is tied by a space that may not become a line end is untied where it would not fit a line of its own.
        let tied = paragraph.split([' ', '\t']);
        let words = tied.flat_map(|word| word.split(move |c| c == '\u{a0}' && word.width() > room));
        for word in words.filter(|word| !word.is_empty()) {
            if !empty && line.width() + 1 + word.width() > WIDTH {
                lines.push(std::mem::replace(&mut line, indent.to_owned()));
                empty = true;
            }
            if !empty {
                line.push(' ');
            }
            line.push_str(word);
            empty = false;
        }
        lines.push(line);
    }
    let lines: Vec<String> = lines.iter().map(|line| line.replace('\u{a0}', " ").trim_end().to_owned()).collect();
    lines.join("\n").trim_end().to_owned()
}
