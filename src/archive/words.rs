//! The words of a text as the index knows them: folded, without the small ones, singular and plural as one.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A word that is looked for: a number that its letters give, and where it stands in its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word {
    /// The word, as a number.
    pub(super) term: u64,
    /// Its first octet.
    pub(super) start: usize,
    /// One past its last octet.
    pub(super) end: usize,
}

/// The words of a text that say what it is about. Addresses written out are none.
pub(super) fn words(text: &str) -> Vec<Word> {
    let mut found = Vec::new();
    let mut from = 0;
    for chunk in text.split_inclusive(char::is_whitespace) {
        if !chunk.contains("://") {
            words_of(text, from, from + chunk.len(), &mut found);
        }
        from += chunk.len();
    }
    found
}

fn words_of(text: &str, from: usize, to: usize, found: &mut Vec<Word>) {
    let chunk = text.get(from..to).unwrap_or_default();
    let mut start = None;
    for (at, c) in chunk.char_indices().map(|(at, c)| (at, Some(c))).chain([(chunk.len(), None)]) {
        let belongs = c.is_some_and(|c| c.is_alphanumeric() || (start.is_some() && is_within(c, &chunk[at..])));
        match (start, belongs) {
            (None, true) => start = Some(at),
            (Some(first), false) => {
                found.extend(folded(&chunk[first..at]).map(|word| Word { term: term(&[&word]), start: from + first, end: from + at }));
                start = None;
            }
            _ => {}
        }
    }
}

/// The number of two words that stand side by side.
pub(super) fn pair(first: u64, second: u64) -> u64 {
    term(&[&first.to_be_bytes(), &second.to_be_bytes()])
}

/// The number of something that is compared as it is, such as an address.
pub(super) fn whole(text: &str) -> u64 {
    term(&[text])
}

/// Marks within a word: an apostrophe before a letter.
fn is_within(c: char, rest: &str) -> bool {
    (c == '\'' || c == '\u{2019}') && rest.chars().nth(1).is_some_and(char::is_alphanumeric)
}

/// Small, without accents, in the singular; nothing for a word that says nothing.
fn folded(written: &str) -> Option<String> {
    let mut word: String = if written.is_ascii() {
        written.to_ascii_lowercase()
    } else {
        written.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
    };
    for owner in ["'s", "\u{2019}s"] {
        if word.ends_with(owner) {
            word.truncate(word.len() - owner.len());
        }
    }
    word.retain(char::is_alphanumeric);
    let says_much = word.chars().nth(1).is_some() && SMALL.binary_search(&word.as_str()).is_err();
    says_much.then(|| singular(word))
}

/// An English plural as its singular. Nothing else is cut: measured on real archives, it finds no more.
fn singular(mut word: String) -> String {
    let length = word.len();
    if !word.is_ascii() || length < 4 || !word.ends_with('s') {
        return word;
    }
    if length > 4 && word.ends_with("ies") {
        word.replace_range(length - 3.., "y");
    } else if length > 4 && ["ses", "xes", "zes", "ches", "shes"].iter().any(|ending| word.ends_with(ending)) {
        word.truncate(length - 2);
    } else if !["ss", "us", "is"].iter().any(|ending| word.ends_with(ending)) {
        word.truncate(length - 1);
    }
    word
}

/// FNV-1a with 64 bits: the same on every machine and in every version.
fn term(parts: &[impl AsRef<[u8]>]) -> u64 {
    let octets = parts.iter().flat_map(AsRef::as_ref);
    octets.fold(0xcbf2_9ce4_8422_2325, |hash, octet| (hash ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3))
}

/// Words that every text has, in the order of the alphabet.
const SMALL: [&str; 132] = [
    "about", "above", "after", "again", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "because", "been", "before",
    "being", "below", "between", "both", "but", "by", "can", "com", "could", "did", "do", "does", "doing", "down", "during", "each",
    "either", "few", "for", "from", "further", "get", "had", "has", "have", "having", "he", "her", "here", "hers", "him", "his", "how",
    "http", "https", "if", "in", "into", "is", "it", "its", "itself", "just", "like", "may", "me", "might", "more", "most", "much", "must",
    "my", "no", "nor", "not", "now", "of", "off", "on", "once", "one", "only", "or", "other", "our", "ours", "out", "over", "own", "said",
    "same", "she", "should", "so", "some", "such", "than", "that", "the", "their", "theirs", "them", "then", "there", "these", "they",
    "this", "those", "through", "to", "too", "under", "until", "up", "upon", "us", "very", "was", "we", "were", "what", "when", "where",
    "which", "while", "who", "whom", "why", "will", "with", "would", "www", "you", "your", "yours",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<&str> {
        words(text).iter().map(|word| &text[word.start..word.end]).collect()
    }

    #[test]
    fn small_words_are_no_words() {
        assert_eq!(shown("What is in the well? Pumps, and a keeper’s 'rope'."), ["well", "Pumps", "keeper’s", "rope"]);
        assert!(SMALL.is_sorted());
        assert_eq!(shown("— … !"), [""; 0]);
    }

    #[test]
    fn one_and_many_are_the_same_word() {
        let one = |text: &str| words(text)[0].term;
        for (one_of, many) in [("pump", "Pumps"), ("keeper", "keeper's"), ("story", "stories"), ("box", "boxes"), ("número", "NUMERO")] {
            assert_eq!(one(one_of), one(many), "{many}");
        }
        for (a, b) in [("gas", "ga"), ("glass", "glas"), ("virus", "viru"), ("well", "wells'x")] {
            assert_ne!(one(a), one(b), "{a}");
        }
    }

    #[test]
    fn the_order_of_a_pair_counts() {
        let found = words("well water");
        assert_ne!(pair(found[0].term, found[1].term), pair(found[1].term, found[0].term));
    }
}
