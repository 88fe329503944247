//! Plain BM25 over titles and text alike, asked with the weightiest whole words: what any embedded search would find.

use std::collections::{BTreeMap, BTreeSet};

use masthead::issue::archive::Archive;

use super::made::Asked;

/// How many words are asked for.
const WORDS: usize = 25;

fn words(text: &str) -> Vec<String> {
    let body = text.split_once("\n---\n").map_or(text, |(_, body)| body);
    body.split(|c: char| !c.is_alphabetic()).filter(|word| word.len() > 2).map(str::to_lowercase).collect()
}

pub(crate) fn bm25(archive: &Archive, asked: &Asked, most: usize) -> Vec<String> {
    let texts: Vec<(&str, Vec<String>)> = archive.issues().iter().map(|issue| (issue.id.as_str(), words(&issue.manuscript))).collect();
    let average = texts.iter().map(|(_, words)| words.len()).sum::<usize>() as f64 / texts.len() as f64;
    let mut having: BTreeMap<&str, f64> = BTreeMap::new();
    for (_, words) in &texts {
        for word in words.iter().map(String::as_str).collect::<BTreeSet<_>>() {
            *having.entry(word).or_default() += 1.0;
        }
    }
    let rarity = |word: &str| having.get(word).map_or(0.0, |n| (1.0 + (texts.len() as f64 - n + 0.5) / (n + 0.5)).ln());
    let mut counts: BTreeMap<String, f64> = BTreeMap::new();
    for word in words(&asked.text) {
        *counts.entry(word).or_default() += 1.0;
    }
    let mut wanted: Vec<(f64, String)> = counts.into_iter().map(|(word, count)| ((1.0 + count.ln()) * rarity(&word), word)).collect();
    wanted.sort_by(|a, b| b.0.total_cmp(&a.0));
    wanted.truncate(WORDS);
    let score = |text: &[String]| -> f64 {
        let gain = |word: &String| {
            let count = text.iter().filter(|other| *other == word).count() as f64;
            rarity(word) * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * text.len() as f64 / average))
        };
        wanted.iter().map(|(_, word)| gain(word)).sum()
    };
    let mut scored: Vec<(f64, &str)> = texts.iter().map(|(id, text)| (score(text), *id)).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.into_iter().take(most).map(|(_, id)| id.to_owned()).collect()
}
