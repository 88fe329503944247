//! Whatever a reader types, it is a query of plain words, or nothing.

use masthead::archive::query::{MOST_TERMS, MOST_TYPED, Query};
use proptest::prelude::*;

/// Text that is thick with what search languages are made of.
fn typed() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec!["AND", "OR", "NOT", "NEAR", "title", "well", "pumps", "ñandú", "ु", "\u{301}", "井戸", "1871"]);
    let marks = prop::sample::select(vec![
        "\"", "“", "-", "--", "*", "(", ")", ":", "^", "{", "}", "+", ",", "'", ";", "\\", "%", "\0", "\u{1}", " ", " ", " ",
    ]);
    let piece = prop_oneof![words.prop_map(str::to_owned), marks.prop_map(str::to_owned), any::<char>().prop_map(String::from)];
    prop::collection::vec(piece, 0..80).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn whatever_is_typed_becomes_words_within_bounds(typed in typed()) {
        let query = Query::parse(&typed);
        let terms: Vec<_> = query.wanted.iter().chain(&query.without).collect();
        prop_assert!(terms.len() <= MOST_TERMS);
        let mut letters = 0;
        for term in &terms {
            prop_assert!(!term.words.is_empty());
            for word in &term.words {
                letters += word.chars().count();
                prop_assert!(word.chars().any(char::is_alphanumeric), "{word:?}");
                prop_assert!(word.chars().all(|c| c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c)), "{word:?}");
                prop_assert!(typed.contains(word.as_str()));
            }
        }
        prop_assert!(letters <= MOST_TYPED);
        prop_assert!(query.without.iter().all(|term| !term.is_prefix));
        prop_assert!(query.wanted.iter().rev().skip(1).all(|term| !term.is_prefix), "only the last word is the beginning of one");
    }

    #[test]
    fn plain_words_are_all_wanted_as_they_stand(words in prop::collection::vec("[a-zé]{1,8}", 1..12)) {
        let query = Query::parse(&words.join(" "));
        let wanted: Vec<&str> = query.wanted.iter().flat_map(|term| &term.words).map(String::as_str).collect();
        prop_assert_eq!(wanted, words.iter().map(String::as_str).collect::<Vec<_>>());
        prop_assert!(query.without.is_empty());
    }
}
