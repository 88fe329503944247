//! Full-text search in PostgreSQL: from a parsed query to hits with their matches marked.
//!
//! The server makes all forms of a word one and has the index. Everything else is ours: what a word is, what is asked, and
//! which pieces of a text match, so that nothing depends on the server's language and nothing in a text can pass for a mark.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;

use super::passages::{Passage, Sought};
use super::rows;
use crate::archive::catalogue::CataloguedArticle;
use crate::archive::query::Term;
use crate::archive::spelling::spelt;
use crate::store::shelf::spoken;
use crate::store::{Find, Hit, Hits, Result};

/// The last place of a word that the index can tell, and how many places it keeps of one word.
const LAST_PLACE: usize = 16_383;
const MOST_PLACES: usize = 255;

/// Octets that the index takes of one article, a little less than the server allows. It is more than a hundred thousand
/// different words; what comes after them is not found.
const MOST_INDEXED: usize = 1_000_000;

/// An article as it is kept to be found.
pub(super) struct Indexed {
    pub(super) title: String,
    pub(super) text: String,
    pub(super) title_stems: String,
    pub(super) text_stems: String,
    /// In the server's notation of what an index knows of a text.
    pub(super) words: String,
}

/// Articles with what they are found by.
pub(super) async fn index(client: &impl GenericClient, articles: &[CataloguedArticle]) -> Result<Vec<Indexed>> {
    let texts: Vec<(String, String)> = articles.iter().map(|article| (spoken(&article.title), spoken(&article.text))).collect();
    let words = texts.iter().flat_map(|(title, text)| spelt(title).chain(spelt(text))).map(|spelt| spelt.word).collect();
    let stems = stems(client, words).await?;
    let of = |text: &str| spelt(text).filter_map(|spelt| stems.get(&spelt.word).cloned()).collect::<Vec<String>>();
    let indexed = texts.into_iter().map(|(title, text)| {
        let (of_title, of_text) = (of(&title), of(&text));
        let words = vector(&of_title, &of_text);
        Indexed { title_stems: side_by_side(&of_title), text_stems: side_by_side(&of_text), words, title, text }
    });
    Ok(indexed.collect())
}

/// The articles that a query finds; it must want something.
pub(super) async fn search(client: &impl GenericClient, find: &Find) -> Result<Hits> {
    let asked = find.query.wanted.iter().chain(&find.query.without).flat_map(|term| &term.words);
    let stems = stems(client, asked.flat_map(|word| spelt(word)).map(|spelt| spelt.word).collect()).await?;
    let (wanted, without) = (sought(&find.query.wanted, &stems), sought(&find.query.without, &stems));
    if wanted.is_empty() {
        return Ok(Hits::default());
    }
    let words = expression(&wanted);
    let phrases: Vec<String> = wanted.iter().filter(|term| term.stems.len() > 1).map(written).collect();
    let unwanted: Vec<String> = without.iter().map(written).collect();
    let (most, from) = (i64::from(find.most), i64::try_from(find.from).unwrap_or(i64::MAX));
    let found =
        rows::all(client, FIND, &[&words, &phrases, &unwanted, &most, &from], |row| Ok((rows::count(row, "many")?, hit(row, &wanted)?)))
            .await?;
    let Some((many, _)) = found.first() else {
        let many = rows::count(&rows::one(client, MANY, &[&words, &phrases, &unwanted]).await?, "many")?;
        return Ok(Hits { many, hits: Vec::new() });
    };
    Ok(Hits { many: *many, hits: found.into_iter().map(|(_, hit)| hit).collect() })
}

/// The stem of each word, which all forms of it have.
async fn stems(client: &impl GenericClient, words: BTreeSet<String>) -> Result<HashMap<String, String>> {
    let words: Vec<String> = words.into_iter().collect();
    let known = rows::all(client, STEMS, &[&words], |row| Ok((row.try_get("word")?, row.try_get("stem")?))).await?;
    Ok(known.into_iter().collect())
}

fn sought(terms: &[Term], stems: &HashMap<String, String>) -> Vec<Sought> {
    let sought = terms.iter().map(|term| {
        let words = term.words.iter().flat_map(|word| spelt(word));
        Sought { stems: words.filter_map(|spelt| stems.get(&spelt.word).cloned()).collect(), is_prefix: term.is_prefix }
    });
    sought.filter(|term| !term.stems.is_empty()).collect()
}

/// Stems in order, each between two blanks.
fn side_by_side(stems: &[String]) -> String {
    format!(" {} ", stems.join(" "))
}

/// A term as it stands in [`side_by_side`].
fn written(term: &Sought) -> String {
    let whole = side_by_side(&term.stems);
    if term.is_prefix { whole.trim_end().to_owned() } else { whole }
}

/// All stems that are wanted, in the server's notation. Every one stands in quotes, and has none in it.
fn expression(wanted: &[Sought]) -> String {
    let mut all = Vec::new();
    for term in wanted {
        let last = term.stems.len() - 1;
        all.extend(
            term.stems.iter().enumerate().map(|(at, stem)| if term.is_prefix && at == last { quoted(stem) + ":*" } else { quoted(stem) }),
        );
    }
    all.join(" & ")
}

/// What the index knows: each stem with its places, those of the title before those of the text.
fn vector(title: &[String], text: &[String]) -> String {
    let mut places: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut octets = 0;
    for (at, stem) in title.iter().chain(text).enumerate() {
        let is_known = places.contains_key(stem.as_str());
        octets += if is_known { 2 } else { stem.len() + 4 };
        if octets > MOST_INDEXED {
            break;
        }
        let own = places.entry(stem).or_default();
        if own.len() < MOST_PLACES {
            own.push(format!("{}{}", (at + 1).min(LAST_PLACE), if at < title.len() { "A" } else { "" }));
        }
    }
    let words: Vec<String> = places.iter().map(|(stem, places)| format!("{}:{}", quoted(stem), places.join(","))).collect();
    words.join(" ")
}

fn quoted(stem: &str) -> String {
    format!("'{}'", stem.replace(['\'', '\\'], ""))
}

fn hit(row: &Row, wanted: &[Sought]) -> Result<Hit> {
    let passage = |text, stems| Ok::<_, crate::store::StoreError>(Passage::new(row.try_get(text)?, row.try_get(stems)?, wanted));
    Ok(Hit {
        issue: rows::id(row, "issue")?,
        slug: row.try_get("slug")?,
        title: passage("title", "title_stems")?.whole(),
        excerpt: passage("text", "text_stems")?.excerpt(),
    })
}

const STEMS: &str = "
    SELECT word, COALESCE((ts_lexize('stems', word))[1], word) AS stem
    FROM UNNEST($1::text[]) AS given (word)";

const MANY: &str = "
    SELECT COUNT(*) AS many
    FROM catalogued_articles a
    WHERE words @@ $1::text::tsquery
      AND NOT EXISTS (
        SELECT 1 FROM UNNEST($2::text[]) AS p (phrase) WHERE STRPOS(title_stems, phrase) = 0 AND STRPOS(text_stems, phrase) = 0)
      AND NOT EXISTS (
        SELECT 1 FROM UNNEST($3::text[]) AS p (phrase) WHERE STRPOS(title_stems, phrase) > 0 OR STRPOS(text_stems, phrase) > 0)";

// A word in the title weighs as much as six in the text, and long texts do not win by being long. Articles have numbers that
// grow from the newest to the oldest.
const FIND: &str = "
    WITH found AS (
        SELECT id, COUNT(*) OVER () AS many, ts_rank('{0.1667, 0.1667, 0.1667, 1}', words, $1::text::tsquery, 1) AS rank
        FROM catalogued_articles
        WHERE words @@ $1::text::tsquery
          AND NOT EXISTS (
            SELECT 1 FROM UNNEST($2::text[]) AS p (phrase) WHERE STRPOS(title_stems, phrase) = 0 AND STRPOS(text_stems, phrase) = 0)
          AND NOT EXISTS (
            SELECT 1 FROM UNNEST($3::text[]) AS p (phrase) WHERE STRPOS(title_stems, phrase) > 0 OR STRPOS(text_stems, phrase) > 0)
        ORDER BY rank DESC, id
        LIMIT $4 OFFSET $5)
    SELECT f.many, a.issue, a.slug, a.title, a.text, a.title_stems, a.text_stems
    FROM found f
    JOIN catalogued_articles a ON a.id = f.id
    ORDER BY f.rank DESC, f.id";

#[cfg(test)]
mod tests {
    use super::*;

    fn term(stems: &[&str], is_prefix: bool) -> Sought {
        Sought { stems: stems.iter().map(|&stem| stem.to_owned()).collect(), is_prefix }
    }

    #[test]
    fn all_stems_are_wanted_in_quotes() {
        assert_eq!(expression(&[term(&["deep", "well"], false), term(&["pum"], true)]), "'deep' & 'well' & 'pum':*");
        assert_eq!(expression(&[term(&["a' | 'b\\"], false)]), "'a | b'");
    }

    #[test]
    fn a_phrase_stands_between_blanks_unless_its_end_is_open() {
        assert_eq!(written(&term(&["deep", "well"], false)), " deep well ");
        assert_eq!(written(&term(&["deep", "we"], true)), " deep we");
    }

    #[test]
    fn the_index_takes_no_more_than_the_server_allows() {
        let word = |text: &str| text.to_owned();
        assert_eq!(vector(&[word("well")], &[word("deep"), word("well")]), "'deep':2 'well':1A,3");
        let often = vec![word("well"); 20_000];
        assert_eq!(vector(&[], &often).split(',').count(), MOST_PLACES);
        let many: Vec<String> = (0..20_000).map(|number| format!("w{number:0100}")).collect();
        let kept = vector(&[], &many);
        assert!(kept.ends_with(":16383") || kept.contains(":9000"), "{}", &kept[kept.len() - 120..]);
        assert!(
            many.iter().take_while(|word| kept.contains(&format!("'{word}'"))).map(|word| word.len() + 4).sum::<usize>() <= MOST_INDEXED
        );
    }
}
