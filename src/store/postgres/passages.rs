//! What a hit shows: a title whole, of a text the passage where most of what was looked for stands, with its matches marked.

use std::ops::Range;

use crate::archive::spelling::spelt;
use crate::store::Fragment;

/// How many words an excerpt has.
const WORDS: usize = 32;

/// Says that a text goes on.
const MORE: &str = "…";

/// Stems that stand side by side; the last may be the beginning of a longer one.
pub(super) struct Sought {
    pub(super) stems: Vec<String>,
    pub(super) is_prefix: bool,
}

/// A text with what matches in it.
pub(super) struct Passage<'t> {
    text: &'t str,
    /// Where each word stands, in octets.
    words: Vec<Range<usize>>,
    matches: Vec<Match>,
}

/// That some words are what a term looks for.
struct Match {
    words: Range<usize>,
    term: usize,
}

impl<'t> Passage<'t> {
    /// A text whose words have these stems, with a blank between two.
    pub(super) fn new(text: &'t str, stems: &str, sought: &[Sought]) -> Self {
        let words = spelt(text).map(|spelt| spelt.place).collect();
        let stems: Vec<&str> = stems.split_ascii_whitespace().collect();
        let mut matches = Vec::new();
        for from in 0..stems.len() {
            let own = sought.iter().enumerate().filter(|(_, term)| term.is_at(&stems[from..]));
            matches.extend(own.map(|(at, term)| Match { words: from..from + term.stems.len(), term: at }));
        }
        Self { text, words, matches }
    }

    /// All of it.
    pub(super) fn whole(&self) -> Vec<Fragment> {
        self.marked(0..self.text.len())
    }

    /// The words among which most of the terms, and most often, are found.
    pub(super) fn excerpt(&self) -> Vec<Fragment> {
        let shown = self.best();
        let start = if shown.start == 0 { 0 } else { self.words[shown.start].start };
        let end = if shown.end < self.words.len() { self.words[shown.end - 1].end } else { self.text.len() };
        let mut fragments = self.marked(start..end);
        let more = || Fragment { text: MORE.to_owned(), is_match: false };
        if shown.start > 0 {
            fragments.insert(0, more());
        }
        if shown.end < self.words.len() {
            fragments.push(more());
        }
        joined(fragments)
    }

    fn best(&self) -> Range<usize> {
        let last = self.words.len().saturating_sub(WORDS);
        let mut best = ((0, 0), 0..0);
        let mut to = 0;
        for (from, first) in self.matches.iter().enumerate() {
            let begin = first.words.start;
            while self.matches.get(to).is_some_and(|next| next.words.end <= begin + WORDS) {
                to += 1;
            }
            let within = self.matches.get(from..to).unwrap_or_default();
            let terms = within.iter().fold(0_u64, |terms, found| terms | 1 << (found.term % 64)).count_ones();
            if (terms, within.len()) > best.0 {
                best = ((terms, within.len()), begin..within.iter().map(|found| found.words.end).max().unwrap_or(begin));
            }
        }
        // As much is shown before the matches as after them.
        let found = best.1;
        let start = found.start.saturating_sub(WORDS.saturating_sub(found.len()) / 2).min(last);
        start..(start + WORDS).min(self.words.len())
    }

    /// The text from one octet to another, parted where matches begin and end.
    fn marked(&self, shown: Range<usize>) -> Vec<Fragment> {
        let mut fragments = Vec::new();
        let mut enter = |place: Range<usize>, is_match| {
            if let Some(text) = self.text.get(place).filter(|text| !text.is_empty()) {
                fragments.push(Fragment { text: text.to_owned(), is_match });
            }
        };
        let mut from = shown.start;
        for place in self.marks() {
            let (start, end) = (place.start.max(from), place.end.min(shown.end));
            if start < end {
                enter(from..start, false);
                enter(start..end, true);
                from = end;
            }
        }
        enter(from..shown.end, false);
        fragments
    }

    /// Where matches stand, in octets; those that overlap are one.
    fn marks(&self) -> Vec<Range<usize>> {
        let mut marks: Vec<Range<usize>> = Vec::new();
        for found in &self.matches {
            let (Some(first), Some(last)) = (self.words.get(found.words.start), self.words.get(found.words.end - 1)) else { continue };
            match marks.last_mut() {
                Some(before) if first.start < before.end => before.end = before.end.max(last.end),
                _ => marks.push(first.start..last.end),
            }
        }
        marks
    }
}

impl Sought {
    /// Whether stems begin with these.
    fn is_at(&self, stems: &[&str]) -> bool {
        let last = self.stems.len() - 1;
        let is_same =
            |(at, (own, stem)): (usize, (&String, &&str))| *stem == own || (self.is_prefix && at == last && stem.starts_with(own.as_str()));
        stems.len() >= self.stems.len() && self.stems.iter().zip(stems).enumerate().all(is_same)
    }
}

/// Neighbours of the same kind as one, but for matches, each of which stands for itself.
fn joined(fragments: Vec<Fragment>) -> Vec<Fragment> {
    let mut found: Vec<Fragment> = Vec::new();
    for fragment in fragments {
        match found.last_mut() {
            Some(before) if !before.is_match && !fragment.is_match => before.text += &fragment.text,
            _ => found.push(fragment),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Here the stem of a word is the word.
    fn passage<'t>(text: &'t str, sought: &[Sought]) -> Passage<'t> {
        let stems: Vec<String> = spelt(text).map(|spelt| spelt.word).collect();
        Passage::new(text, &stems.join(" "), sought)
    }

    fn term(words: &str) -> Sought {
        let stems = words.trim_end_matches('*').split(' ').map(str::to_owned).collect();
        Sought { stems, is_prefix: words.ends_with('*') }
    }

    fn shown(fragments: &[Fragment]) -> String {
        fragments.iter().map(|piece| if piece.is_match { format!("[{}]", piece.text) } else { piece.text.clone() }).collect()
    }

    #[test]
    fn a_text_is_marked_where_it_matches() {
        for (text, sought, marked) in [
            ("The Deep Well.", vec![term("well")], "The Deep [Well]."),
            ("The Deep Well.", vec![term("deep well")], "The [Deep Well]."),
            ("The deep well, a deep wall", vec![term("deep we*")], "The [deep well], a deep wall"),
            ("a well-kept well", vec![term("well kept"), term("well")], "a [well-kept] [well]"),
            ("Señora, señor", vec![term("senor*")], "[Señora], [señor]"),
            ("nothing", vec![term("well")], "nothing"),
            ("", vec![term("well")], ""),
        ] {
            assert_eq!(shown(&passage(text, &sought).whole()), marked);
        }
    }

    #[test]
    fn an_excerpt_is_where_most_terms_are() {
        let sand = "sand ".repeat(60);
        let text = format!("A well. {sand} A well with a rope. {sand} Well, well, well. {sand}.");
        let excerpt = shown(&passage(&text, &[term("well"), term("rope")]).excerpt());
        assert!(excerpt.contains("A [well] with a [rope]. sand"), "{excerpt}");
        assert!(excerpt.starts_with("…sand") && excerpt.ends_with("sand…"), "{excerpt}");
        assert_eq!(spelt(&excerpt).count(), WORDS);
        let excerpt = shown(&passage(&text, &[term("well")]).excerpt());
        assert!(excerpt.contains("[Well], [well], [well]. sand"), "{excerpt}");
        assert!(shown(&passage(&text, &[term("pump")]).excerpt()).starts_with("A well. sand"));
        assert_eq!(shown(&passage("A short well!", &[term("well")]).excerpt()), "A short [well]!");
        assert_eq!(passage("", &[term("well")]).excerpt(), []);
        let far = format!("{sand} the last well");
        assert!(shown(&passage(&far, &[term("well")]).excerpt()).ends_with("the last [well]"));
    }

    proptest::proptest! {
        #[test]
        fn an_excerpt_is_of_the_text_whatever_it_is(text in "(wel|ro|[ ]|\\PC){0,200}", stems in "(wel|ro|[ ]){0,200}") {
            let passage = Passage::new(&text, &stems, &[term("wel"), term("ro*")]);
            let whole: String = passage.whole().into_iter().map(|piece| piece.text).collect();
            proptest::prop_assert_eq!(&whole, &text);
            let excerpt: String = passage.excerpt().into_iter().map(|piece| piece.text).collect();
            proptest::prop_assert!(text.contains(&excerpt) || excerpt.contains(MORE), "{}", excerpt);
        }
    }
}
