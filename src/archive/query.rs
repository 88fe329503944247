//! What a reader typed into the search, taken apart: words, "phrases" and -words. Whatever was typed is a query, or nothing.

/// Most characters that are read; what comes after them is passed over.
pub const MOST_TYPED: usize = 200;

/// Most terms that are looked for.
pub const MOST_TERMS: usize = 12;

/// Fewest letters of a last word that may be the beginning of a longer one.
const FEWEST_LETTERS: usize = 3;

/// What is looked for. No engine's own language is in it: words are letters, digits and the marks on them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// All of these must be there.
    pub wanted: Vec<Term>,
    /// None of these may.
    pub without: Vec<Term>,
}

/// Words that stand side by side, in this order. There is at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// The words, as they were typed.
    pub words: Vec<String>,
    /// Whether the last of them may be the beginning of a longer one: somebody may still be typing.
    pub is_prefix: bool,
}

impl Query {
    /// Reads what was typed. Nothing is a fault: what is no word parts words, and quotes need not be closed.
    pub fn parse(typed: &str) -> Self {
        let mut query = Self::default();
        let mut rest: String = typed.chars().take(MOST_TYPED).map(|c| if is_quote(c) { '"' } else { c }).collect();
        while !rest.trim_start().is_empty() {
            let piece = Piece::first_of(rest.trim_start());
            query.enter(&piece);
            rest = piece.rest.to_owned();
        }
        query
    }

    /// Whether it finds nothing, because nothing was asked for.
    pub fn is_empty(&self) -> bool {
        self.wanted.is_empty()
    }

    fn enter(&mut self, piece: &Piece<'_>) {
        let words = words(piece.text);
        if words.is_empty() || self.wanted.len() + self.without.len() >= MOST_TERMS {
            return;
        }
        let is_long = words.last().is_some_and(|last| last.chars().count() >= FEWEST_LETTERS);
        let is_last = piece.rest.is_empty() && piece.text.ends_with(is_of_word);
        let is_prefix = is_long && is_last && !piece.is_quoted && !piece.is_unwanted;
        let terms = if piece.is_unwanted { &mut self.without } else { &mut self.wanted };
        terms.push(Term { words, is_prefix });
    }
}

/// Text up to a blank, or between quotes.
struct Piece<'t> {
    text: &'t str,
    is_quoted: bool,
    is_unwanted: bool,
    rest: &'t str,
}

impl<'t> Piece<'t> {
    fn first_of(typed: &'t str) -> Self {
        let marked = typed.strip_prefix('-').filter(|after| after.starts_with(|c| c == '"' || is_of_word(c)));
        let (is_unwanted, typed) = (marked.is_some(), marked.unwrap_or(typed));
        let (text, rest) = if let Some(inner) = typed.strip_prefix('"') {
            inner.split_once('"').unwrap_or((inner, ""))
        } else {
            typed.split_at(typed.find(|c: char| c.is_whitespace() || c == '"').unwrap_or(typed.len()))
        };
        Self { text, is_quoted: typed.starts_with('"'), is_unwanted, rest }
    }
}

/// The words of a piece: "well-kept" has two, which stand side by side.
fn words(piece: &str) -> Vec<String> {
    piece.split(|c| !is_of_word(c)).filter(|word| word.chars().any(char::is_alphanumeric)).map(str::to_owned).collect()
}

/// Whether a word may have it.
pub(super) fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c)
}

fn is_quote(c: char) -> bool {
    matches!(c, '\u{201c}'..='\u{201f}' | '\u{ab}' | '\u{bb}' | '\u{ff02}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(typed: &str) -> (Vec<String>, Vec<String>) {
        let show = |terms: Vec<Term>| -> Vec<String> {
            terms.into_iter().map(|term| term.words.join(" ") + if term.is_prefix { "*" } else { "" }).collect()
        };
        let query = Query::parse(typed);
        (show(query.wanted), show(query.without))
    }

    #[test]
    fn words_phrases_and_unwanted_words_are_told_apart() {
        for (typed, wanted, without) in [
            ("wells pumps", vec!["wells", "pumps*"], vec![]),
            ("wells pumps ", vec!["wells", "pumps"], vec![]),
            ("\"the deep well\" pump", vec!["the deep well", "pump*"], vec![]),
            ("“the deep well", vec!["the deep well"], vec![]),
            ("well -pump -\"old rope\"", vec!["well"], vec!["pump", "old rope"]),
            ("well-kept", vec!["well kept*"], vec![]),
            ("keeper's we", vec!["keeper s", "we"], vec![]),
            ("-well", vec![], vec!["well"]),
            ("- well", vec!["well*"], vec![]),
            ("a\"b\"c", vec!["a", "b", "c"], vec![]),
            ("AND (OR) NEAR/2 title:x ^y {z}*", vec!["AND", "OR", "NEAR 2", "title x", "y", "z"], vec![]),
            ("", vec![], vec![]),
            ("\"\" - -- * ' \" ", vec![], vec![]),
        ] {
            let (found, unwanted) = shown(typed);
            assert_eq!(
                (found, unwanted),
                (wanted.into_iter().map(str::to_owned).collect(), without.into_iter().map(str::to_owned).collect()),
                "{typed}"
            );
        }
    }

    #[test]
    fn only_so_much_is_read() {
        assert_eq!(Query::parse(&"ab ".repeat(500)).wanted.len(), MOST_TERMS);
        assert_eq!(Query::parse(&"a".repeat(500)).wanted[0].words[0].len(), MOST_TYPED);
    }
}
