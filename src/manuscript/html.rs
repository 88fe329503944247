//! The little HTML that Markdown may carry: links, images, emphasis and breaks are understood, the rest is left out.
//!
//! Nothing of the raw HTML reaches a reader as it was written: what is understood becomes part of the tree, and the
//! printers write their own (STANDARDS T4).

use std::cell::RefCell;

use html5ever::tokenizer::{BufferQueue, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};

use super::document::{Block, BlockKind, Image, Inline, InlineKind, Link};
use crate::diagnostic::{Diagnostic, Span};

/// Most tags that stay open within each other; those inside are dropped, what they enclose stays (STANDARDS T14).
const MAX_OPEN: usize = 20;

/// The blocks that an HTML block of Markdown stands for, and what had to be left out of it.
pub(super) fn paragraphs(html: &str, span: Span) -> (Vec<Block>, Vec<Diagnostic>) {
    let mut blocks = Vec::new();
    let mut diagnostics = Vec::new();
    let mut gathered = Gatherer::default();
    let mut level = None;
    let mut flush = |gathered: &mut Gatherer, level: &mut Option<u8>| {
        let (inlines, findings) = std::mem::take(gathered).finish();
        diagnostics.extend(findings.into_iter().map(|(found, _)| found));
        let level = level.take();
        if says_something(&inlines) {
            let kind = level.map_or(BlockKind::Paragraph(inlines.clone()), |level| BlockKind::Heading { level, inlines });
            blocks.push(Block { kind, span });
        }
    };
    for piece in pieces(html) {
        match &piece {
            Piece::Open { name, .. } | Piece::Close { name } if is_block(name) => {
                flush(&mut gathered, &mut level);
                if matches!(piece, Piece::Open { .. }) {
                    level = heading_level(name);
                }
            }
            _ => gathered.piece(piece, span),
        }
    }
    flush(&mut gathered, &mut level);
    (blocks, diagnostics)
}

/// Whether there are letters, an image or a link in it.
fn says_something(inlines: &[Inline]) -> bool {
    let mut found = !super::document::plain(inlines).is_empty();
    super::document::within(inlines, &mut |inline| found |= matches!(inline.kind, InlineKind::Image(_) | InlineKind::Link(_)));
    found
}

fn has_link(inlines: &[Inline]) -> bool {
    let mut found = false;
    super::document::within(inlines, &mut |inline| found |= matches!(inline.kind, InlineKind::Link(_)));
    found
}

fn is_block(name: &str) -> bool {
    heading_level(name).is_some()
        || matches!(
            name,
            "p" | "div"
                | "blockquote"
                | "ul"
                | "ol"
                | "li"
                | "table"
                | "tbody"
                | "thead"
                | "tr"
                | "td"
                | "th"
                | "section"
                | "article"
                | "header"
                | "footer"
                | "figure"
                | "figcaption"
                | "center"
                | "hr"
                | "dl"
                | "dt"
                | "dd"
                | "pre"
                | "details"
                | "summary"
        )
}

fn heading_level(name: &str) -> Option<u8> {
    match name.as_bytes() {
        [b'h', digit @ b'1'..=b'6'] => Some(digit - b'0'),
        _ => None,
    }
}

/// Gathers inlines, and closes over those that stand between a start tag and its end tag.
#[derive(Debug, Default)]
pub(super) struct Gatherer {
    done: Vec<Inline>,
    open: Vec<Opened>,
    silent: Option<String>,
    findings: Vec<(Diagnostic, Span)>,
}

#[derive(Debug)]
struct Opened {
    name: String,
    target: String,
    span: Span,
    inlines: Vec<Inline>,
}

impl Gatherer {
    /// Takes an inline that is not HTML.
    pub(super) fn push(&mut self, inline: Inline) {
        if self.silent.is_none() {
            if self.is_open("a") && has_link(std::slice::from_ref(&inline)) {
                self.close("a");
            }
            self.open.last_mut().map_or(&mut self.done, |opened| &mut opened.inlines).push(inline);
        }
    }

    /// Takes one tag or comment of raw HTML.
    pub(super) fn tag(&mut self, html: &str, span: Span) {
        for piece in pieces(html) {
            self.piece(piece, span);
        }
    }

    /// All that was gathered; what is still open is closed here.
    pub(super) fn finish(mut self) -> (Vec<Inline>, Vec<(Diagnostic, Span)>) {
        while !self.open.is_empty() {
            self.close_last();
        }
        (self.done, self.findings)
    }

    fn piece(&mut self, piece: Piece, span: Span) {
        match piece {
            Piece::Text(text) => self.push(Inline { kind: InlineKind::Text(collapse(&text)), span }),
            Piece::Open { name, attributes } => self.open(name, &attributes, span),
            Piece::Close { name } if self.silent.as_deref() == Some(&name) => self.silent = None,
            Piece::Close { name } => self.close(&name),
        }
    }

    fn is_open(&self, name: &str) -> bool {
        self.open.iter().any(|opened| opened.name == name)
    }

    fn close(&mut self, name: &str) {
        if self.is_open(name) {
            while self.open.last().is_some_and(|opened| opened.name != name) {
                self.close_last();
            }
            self.close_last();
        }
    }

    fn open(&mut self, name: String, attributes: &[(String, String)], span: Span) {
        let attribute = |wanted: &str| attributes.iter().find(|(key, _)| key == wanted).map(|(_, value)| value.trim().to_owned());
        match name.as_str() {
            "br" => self.push(Inline { kind: InlineKind::HardBreak, span }),
            "img" => self.push(Inline {
                kind: InlineKind::Image(Image {
                    source: attribute("src").unwrap_or_default(),
                    alt: attribute("alt").unwrap_or_default(),
                    caption: attribute("title").unwrap_or_default(),
                    size: attribute("width").and_then(|w| w.parse().ok()).zip(attribute("height").and_then(|h| h.parse().ok())),
                }),
                span,
            }),
            "a" if attribute("href").is_none() => {}
            "a" | "em" | "i" | "cite" | "strong" | "b" | "del" | "s" | "strike" | "sup" | "code" | "tt" => {
                if name == "a" {
                    self.close("a");
                }
                if self.open.len() >= MAX_OPEN {
                    if name != "a" {
                        return;
                    }
                    while !self.open.is_empty() {
                        self.close_last();
                    }
                }
                let target = attribute("href").unwrap_or_default();
                self.open.push(Opened { name, target, span, inlines: Vec::new() });
            }
            "script" | "style" | "iframe" | "object" | "form" | "svg" | "video" | "audio" | "template" | "button" | "select"
            | "noscript" => {
                let found = Diagnostic::warning("html-dropped", format!("`<{name}>` cannot go out by mail and is left out"))
                    .help("say it in words, or link to a page that has it");
                self.findings.push((found, span));
                if !matches!(name.as_str(), "button" | "noscript") {
                    self.silent = Some(name);
                }
            }
            "span" | "small" | "sub" | "u" | "font" | "mark" | "abbr" | "wbr" | "big" | "q" | "kbd" | "ins" => {}
            _ if is_block(&name) => {}
            _ => self.findings.push((
                Diagnostic::warning("html-dropped", format!("`<{name}>` is left out; what it encloses stays")).help("write it in Markdown"),
                span,
            )),
        }
    }

    fn close_last(&mut self) {
        let Some(Opened { name, target, span, inlines }) = self.open.pop() else { return };
        let span = Span::new(span.start, inlines.last().map_or(span.end, |last| last.span.end.max(span.end)));
        let kind = match name.as_str() {
            "a" => InlineKind::Link(Link { target, inlines, file: None }),
            "strong" | "b" => InlineKind::Strong(inlines),
            "del" | "s" | "strike" => InlineKind::Struck(inlines),
            "sup" => InlineKind::Raised(inlines),
            "code" | "tt" => InlineKind::Code(super::document::plain(&inlines)),
            _ => InlineKind::Emphasis(inlines),
        };
        self.push(Inline { kind, span });
    }
}

fn collapse(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let c = if c.is_ascii_whitespace() { ' ' } else { c };
        if c != ' ' || !out.ends_with(' ') {
            out.push(c);
        }
    }
    out
}

#[derive(Debug)]
enum Piece {
    Open { name: String, attributes: Vec<(String, String)> },
    Close { name: String },
    Text(String),
}

/// The tags and texts of some HTML, with entities decoded and comments gone.
fn pieces(html: &str) -> Vec<Piece> {
    let input = BufferQueue::default();
    input.push_back(html.into());
    let tokenizer = Tokenizer::new(Sink::default(), TokenizerOpts::default());
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.pieces.into_inner()
}

#[derive(Default)]
struct Sink {
    pieces: RefCell<Vec<Piece>>,
}

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut pieces = self.pieces.borrow_mut();
        match token {
            Token::TagToken(tag) => {
                let name = tag.name.to_string();
                match tag.kind {
                    TagKind::StartTag => {
                        let attributes = tag.attrs.iter().map(|a| (a.name.local.to_string(), a.value.to_string())).collect();
                        pieces.push(Piece::Open { name, attributes });
                    }
                    TagKind::EndTag => pieces.push(Piece::Close { name }),
                }
            }
            Token::CharacterTokens(text) => match pieces.last_mut() {
                Some(Piece::Text(before)) => before.push_str(&text),
                _ => pieces.push(Piece::Text(text.to_string())),
            },
            _ => {}
        }
        TokenSinkResult::Continue
    }
}
