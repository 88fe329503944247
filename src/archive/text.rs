//! What an article says, taken apart for the index: its words, the pairs of them, and the pages that it leads to.

use std::collections::{BTreeMap, BTreeSet};

use super::words::{self, Word};
use crate::issue::Article;
use crate::manuscript::document::{Block, BlockKind, Inline, InlineKind, each_inline, plain, within};

/// What a mention counts for a word, by where it stands: in the title, in a heading or the preheader, in the text.
const WORD_WEIGHTS: [f32; 3] = [3.0, 2.0, 1.0];

/// The same for two words side by side.
const PAIR_WEIGHTS: [f32; 3] = [3.0, 2.0, 1.0];

/// Where a passage stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Title,
    Heading,
    Body,
}

/// How much of a word there is, and where it is first said.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said {
    /// All mentions, weighted.
    pub(super) weight: f32,
    passage: usize,
    start: usize,
    end: usize,
}

/// An article, taken apart.
#[derive(Debug, Default)]
pub(super) struct Text {
    passages: Vec<String>,
    /// Its words.
    pub(super) words: BTreeMap<u64, Said>,
    /// Its pairs of words.
    pub(super) pairs: BTreeMap<u64, Said>,
    /// The words of its title.
    pub(super) title: BTreeMap<u64, f32>,
    /// The pages that it leads to, without their schemes.
    pub(super) pages: BTreeSet<String>,
    /// How many words it has.
    pub(super) length: usize,
}

impl Text {
    /// Takes an article apart; `lines` are what stands over it beside its title, such as the preheader.
    pub(super) fn of(article: &Article, lines: &[&str]) -> Self {
        let mut text = Self::default();
        let title = plain(&article.title);
        for word in words::words(&title) {
            *text.title.entry(word.term).or_default() += 1.0;
        }
        text.enter(title, Standing::Title);
        for line in lines {
            text.enter((*line).to_owned(), Standing::Heading);
        }
        text.blocks(&article.blocks);
        let mut lead = |inline: &Inline| {
            if let InlineKind::Link(link) = &inline.kind {
                text.pages.extend(page(&link.target));
            }
        };
        within(&article.title, &mut lead);
        each_inline(&article.blocks, &mut lead);
        text
    }

    /// A word or a pair as the article writes it.
    pub(super) fn shown(&self, said: Said) -> &str {
        self.passages.get(said.passage).and_then(|passage| passage.get(said.start..said.end)).unwrap_or_default()
    }

    fn blocks(&mut self, blocks: &[Block]) {
        for block in blocks {
            match &block.kind {
                BlockKind::Heading { inlines, .. } => self.enter(plain(inlines), Standing::Heading),
                BlockKind::Paragraph(inlines) => self.enter(plain(inlines), Standing::Body),
                BlockKind::List { items, .. } => items.iter().for_each(|item| self.blocks(&item.blocks)),
                BlockKind::Quote(inner) => self.blocks(inner),
                BlockKind::Table { head, rows } => {
                    head.iter().chain(rows.iter().flatten()).for_each(|cell| self.enter(plain(&cell.inlines), Standing::Body));
                }
                BlockKind::Code(_) | BlockKind::Rule => {}
            }
        }
    }

    fn enter(&mut self, passage: String, standing: Standing) {
        let (at, found) = (self.passages.len(), words::words(&passage));
        let weight = standing as usize;
        for word in &found {
            count(&mut self.words, word.term, WORD_WEIGHTS[weight], (at, *word));
        }
        for (first, second) in found.iter().zip(found.iter().skip(1)) {
            let pair = Word { term: words::pair(first.term, second.term), start: first.start, end: second.end };
            count(&mut self.pairs, pair.term, PAIR_WEIGHTS[weight], (at, pair));
        }
        self.length += found.len();
        self.passages.push(passage);
    }
}

fn count(tally: &mut BTreeMap<u64, Said>, term: u64, weight: f32, (passage, word): (usize, Word)) {
    let first = Said { weight: 0.0, passage, start: word.start, end: word.end };
    tally.entry(term).or_insert(first).weight += weight;
}

/// A page of the web, so that two ways to write its address are one; nothing for what is no page, or only a host.
pub(super) fn page(target: &str) -> Option<String> {
    let (_, rest) = target.split_once("://")?;
    let rest = rest.split('#').next().unwrap_or(rest).trim_end_matches('/');
    let rest = rest.strip_prefix("www.").unwrap_or(rest);
    rest.contains('/').then(|| rest.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_ways_to_write_an_address_are_one_page() {
        assert_eq!(page("https://www.example.org/Wells/#deep"), Some("example.org/wells".to_owned()));
        assert_eq!(page("http://example.org/wells"), Some("example.org/wells".to_owned()));
        assert_eq!(page("https://example.org/"), None);
        assert_eq!(page("mailto:desk@example.org"), None);
    }
}
