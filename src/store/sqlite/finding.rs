//! Full-text search in SQLite: from a parsed query to hits with their matches marked.

use rusqlite::{Connection, Row, params};

use super::rows;
use crate::archive::query::{Query, Term};
use crate::store::{Find, Fragment, Hit, Hits, Result};

/// Around a match. [`crate::store::shelf::spoken`] sees to it that no text has these.
const BEGINS: char = '\u{1}';
const ENDS: char = '\u{2}';

/// The articles that a query finds; it must want something.
pub(super) fn search(connection: &Connection, find: &Find) -> Result<Hits> {
    let words = expression(&find.query);
    let from = i64::try_from(find.from).unwrap_or(i64::MAX);
    let found = rows::all(connection, FIND, params![words, find.most, from], |row| {
        Ok((row.get::<_, i64>("rowid")?, rows::count::<u64>(row, "many")?))
    })?;
    let Some((_, many)) = found.first().copied() else {
        let many = rows::first(connection, MANY, [&words], |row| rows::count(row, "many"))?.unwrap_or_default();
        return Ok(Hits { many, hits: Vec::new() });
    };
    let numbers: Vec<i64> = found.into_iter().map(|(number, _)| number).collect();
    // Marks and excerpts are made only of the few that are shown, but in one go: to begin a search is what takes time.
    let mut hits = rows::all(connection, SHOW, params![words, rows::to_json(&numbers)?], |row| {
        Ok((numbers.iter().position(|number| row.get("rowid").is_ok_and(|own: i64| own == *number)), hit(row)?))
    })?;
    hits.sort_by_key(|(at, _)| *at);
    let hits = hits.into_iter().map(|(_, hit)| hit).collect();
    Ok(Hits { many, hits })
}

fn hit(row: &Row<'_>) -> Result<Hit> {
    Ok(Hit {
        issue: rows::id(row, "issue")?,
        slug: row.get("slug")?,
        title: fragments(&row.get::<_, String>("title")?),
        excerpt: fragments(&row.get::<_, String>("excerpt")?),
    })
}

/// The query in FTS5's language. Every word stands in quotes, and has none in it: it is letters, digits and their marks.
fn expression(query: &Query) -> String {
    let wanted = joined(&query.wanted, " AND ");
    if query.without.is_empty() { wanted } else { format!("({wanted}) NOT ({})", joined(&query.without, " OR ")) }
}

fn joined(terms: &[Term], between: &str) -> String {
    terms.iter().map(phrase).collect::<Vec<_>>().join(between)
}

fn phrase(term: &Term) -> String {
    let words = term.words.join(" ").replace('"', " ");
    format!("\"{words}\"{}", if term.is_prefix { " *" } else { "" })
}

/// A text cut at its marks.
fn fragments(marked: &str) -> Vec<Fragment> {
    let mut found: Vec<Fragment> = Vec::new();
    let mut enter = |text: &str, is_match: bool| {
        if !text.is_empty() {
            found.push(Fragment { text: text.to_owned(), is_match });
        }
    };
    for piece in marked.split_inclusive(ENDS) {
        match piece.trim_end_matches(ENDS).split_once(BEGINS) {
            Some((before, matched)) => {
                enter(before, false);
                enter(matched, true);
            }
            None => enter(piece.trim_end_matches(ENDS), false),
        }
    }
    found
}

pub(super) const MANY: &str = "SELECT COUNT(*) AS many FROM article_words WHERE article_words MATCH ?1";

// Articles have numbers that grow from the newest to the oldest: asking other tables for the day would take most of the time.
pub(super) const FIND: &str = "
    SELECT rowid, COUNT(*) OVER () AS many
    FROM article_words
    WHERE article_words MATCH ?1
    ORDER BY rank, rowid
    LIMIT ?2 OFFSET ?3";

pub(super) const SHOW: &str = "
    SELECT article_words.rowid, a.issue, a.slug,
           highlight(article_words, 0, char(1), char(2)) AS title,
           snippet(article_words, 1, char(1), char(2), char(8230), 32) AS excerpt
    FROM article_words
    JOIN catalogued_articles a ON a.id = article_words.rowid
    WHERE article_words MATCH ?1
      AND +article_words.rowid IN (SELECT value FROM json_each(?2))";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_all_quotes() {
        let said = |typed: &str| expression(&Query::parse(typed));
        assert_eq!(said("well \"deep water\" pum"), "\"well\" AND \"deep water\" AND \"pum\" *");
        assert_eq!(said("well -rope -\"old pump\""), "(\"well\") NOT (\"rope\" OR \"old pump\")");
        assert_eq!(said("a OR b) NEAR(c"), "\"a\" AND \"OR\" AND \"b\" AND \"NEAR c\"");
    }

    #[test]
    fn a_text_is_cut_at_its_marks() {
        let shown = |marked: &str| -> Vec<(String, bool)> { fragments(marked).into_iter().map(|f| (f.text, f.is_match)).collect() };
        let own = |text: &str, is_match| (text.to_owned(), is_match);
        assert_eq!(
            shown("a \u{1}well\u{2} and a \u{1}pump\u{2}"),
            [own("a ", false), own("well", true), own(" and a ", false), own("pump", true)]
        );
        assert_eq!(shown("\u{1}well\u{2}."), [own("well", true), own(".", false)]);
        assert_eq!(shown(""), []);
    }

    /// A store with one article in its catalogue.
    fn shelf() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        super::super::schema::migrate(&mut connection).unwrap();
        let article = "
            INSERT INTO catalogued VALUES ('2014-12', 1, 1, '2014-12-01');
            INSERT INTO catalogued_articles VALUES (1, '2014-12', 0, 'well', 'The Well', 'OR water AND a rope')";
        connection.execute_batch(article).unwrap();
        connection
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2_000))]

        #[test]
        fn t20_whatever_a_reader_types_is_no_fault(pieces in proptest::collection::vec("AND|OR|NOT|NEAR|title:|wel|[-\"*(){}:^+,;'%\u{0}\u{1}]|[ ]|\\PC|.", 0..40)) {
            thread_local!(static SHELF: Connection = shelf());
            let query = Query::parse(&pieces.concat());
            if !query.is_empty() {
                let hits = SHELF.with(|shelf| search(shelf, &Find { query, from: 0, most: 3 }));
                assert!(hits.is_ok(), "{pieces:?}: {hits:?}");
            }
        }
    }
}
