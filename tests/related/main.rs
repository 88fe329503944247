//! What an archive suggests, on a small one made for it: what editors would list is found, and more of it than plain
//! BM25 finds. `cargo bench --bench related -- FOLDER` measures the same on an archive of real articles.

#![allow(missing_docs, clippy::unwrap_used, clippy::cast_precision_loss)]

mod floor;
mod made;

use std::collections::BTreeSet;

use masthead::archive::{Index, Reason, line};
use masthead::issue::archive::Archive;

use made::{Asked, house, issue, newsletter};

/// How many suggestions are looked at.
const MOST: usize = 5;

fn recall(asked: &[Asked], suggest: impl Fn(&Asked) -> Vec<String>) -> f64 {
    let share = |asked: &Asked| {
        let found: BTreeSet<String> = suggest(asked).into_iter().collect();
        asked.wanted.iter().filter(|wanted| found.contains(*wanted)).count() as f64 / asked.wanted.len() as f64
    };
    asked.iter().map(share).sum::<f64>() / asked.len() as f64
}

fn ids(index: &Index, asked: &Asked) -> Vec<String> {
    index.related(&asked.issue, &house(), MOST).into_iter().map(|found| found.issue.as_str().to_owned()).collect()
}

#[test]
fn more_is_found_than_plain_bm25_finds() {
    let (archive, asked) = newsletter();
    let index = Index::of(&archive, &house());
    let ours = recall(&asked, |asked| ids(&index, asked));
    let plain = recall(&asked, |asked| floor::bm25(&archive, asked, MOST));
    assert!(ours > 0.9, "recall at {MOST} is {ours:.3}");
    assert!(ours > plain + 0.15, "{ours:.3} against {plain:.3} of plain BM25");
}

#[test]
fn the_same_archive_gives_the_same_list_however_it_is_handed_over() {
    let (archive, asked) = newsletter();
    let mut turned = archive.issues().to_vec();
    turned.reverse();
    let turned = Index::of(&Archive::new(turned), &house());
    let index = Index::of(&archive, &house());
    for asked in &asked {
        assert_eq!(index.related(&asked.issue, &house(), MOST), turned.related(&asked.issue, &house(), MOST));
    }
}

#[test]
fn only_what_was_out_on_an_earlier_day_is_suggested_and_never_the_issue_itself() {
    let (archive, _) = newsletter();
    let index = Index::of(&archive, &house());
    let middle = &archive.issues()[archive.issues().len() / 2];
    let again = issue(middle.id.as_str(), &middle.manuscript, &Archive::default());
    let found = index.related(&again, &house(), 100);
    assert!(found.len() > 3, "{found:?}");
    assert!(found.iter().all(|found| found.issue < middle.id), "{found:?}");
}

#[test]
fn what_is_written_but_not_out_is_not_suggested() {
    let (archive, asked) = newsletter();
    let asked = &asked[0];
    let wanted = archive.issue(&asked.wanted[0].parse().unwrap()).unwrap().clone();
    let mut without = Archive::new(archive.issues().iter().filter(|issue| issue.id != wanted.id).cloned().collect());
    without.expect(wanted.clone());
    let found = Index::of(&without, &house()).related(&asked.issue, &house(), 100);
    assert!(found.iter().all(|found| found.issue != wanted.id));
}

/// An archive of these texts, by id.
fn shelf(texts: &[(&str, &str)]) -> Archive {
    let mut archive = Archive::default();
    for (id, body) in texts {
        let text = format!("---\ntitle: {id}\npreheader: A line.\n---\n{body}\n");
        let mut issues = archive.issues().to_vec();
        issues.push(issue(id, &text, &archive).archived(jiff::Timestamp::UNIX_EPOCH));
        archive = Archive::new(issues);
    }
    archive
}

fn suggested(archive: &Archive, body: &str) -> Vec<masthead::archive::Suggestion> {
    let asked = issue("2026-12", &format!("---\ntitle: T\npreheader: A line.\n---\n{body}\n"), archive);
    Index::of(archive, &house()).related(&asked, &house(), 10)
}

#[test]
fn a_piece_of_a_section_is_suggested_as_an_article_is() {
    let archive = shelf(&[("2026-01", "# Snow\n\nCold.\n\n# In brief\n\n## Mending a hand pump\n\nA hand pump wants leather and grease.")]);
    let found = suggested(&archive, "# Pumps\n\nOur hand pump is dry: leather and grease are lacking.");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].issue.as_str(), found[0].slug.as_str()), ("2026-01", "mending-a-hand-pump"));
}

#[test]
fn the_reasons_are_those_that_an_editor_can_check() {
    let page = "See [the survey](https://www.example.org/wells/survey).";
    let archive = shelf(&[
        ("2026-01", &format!("# Notes from the Well: Frost\n\nThe hand pump froze. {page}")),
        ("2026-02", "# Ice\n\nSee [frost](issue:2026-01#notes-from-the-well-frost). Nothing else."),
    ]);
    let found = suggested(&archive, &format!("# Notes from the Well: Thaw\n\nThe hand pump runs. {page}"));
    let why = &found.iter().find(|found| found.issue.as_str() == "2026-01").unwrap().why;
    assert_eq!(why[0], Reason::Series("notes from the well".to_owned()));
    assert!(why.iter().any(|why| matches!(why, Reason::Phrases(said) if said.contains(&"hand pump".to_owned()))), "{why:?}");
    assert!(why.contains(&Reason::Pages(vec!["example.org/wells/survey".to_owned()])), "{why:?}");
    assert!(why.contains(&Reason::Cited(1)), "{why:?}");
    let said: Vec<String> = why.iter().map(ToString::to_string).collect();
    assert!(said.contains(&"1 issue before referred to it".to_owned()), "{said:?}");
}

#[test]
fn an_article_that_has_nothing_to_do_with_it_is_not_suggested() {
    let archive = shelf(&[("2026-01", "# Lamps\n\nOil, wick and flame on Friday.")]);
    assert_eq!(suggested(&archive, "# Boats\n\nOars and sails on Friday."), []);
    assert_eq!(suggested(&Archive::default(), "# Boats\n\nOars and sails."), []);
    assert_eq!(suggested(&archive, "# ?\n\n!"), []);
}

#[test]
fn what_is_listed_already_is_said_to_be_and_takes_no_place() {
    let body = "# Lamps\n\nOil, wick and flame.";
    let archive =
        shelf(&[("2026-01", body), ("2026-02", "# More Lamps\n\nOil, wick and flame."), ("2026-03", "# Lamps Again\n\nOil, wick, flame.")]);
    let text = format!("---\ntitle: T\npreheader: A line.\n---\n{body}\n\n## Related Items\n\n- \"More Lamps\" (February 2026)\n");
    let asked = issue("2026-12", &text, &archive);
    let found = Index::of(&archive, &house()).related(&asked, &house(), 2);
    let mut listed: Vec<(&str, bool)> = found.iter().map(|found| (found.issue.as_str(), found.is_listed)).collect();
    listed.sort_unstable();
    assert_eq!(listed, [("2026-01", false), ("2026-02", true), ("2026-03", false)]);
}

#[test]
fn every_line_leads_to_its_article_whatever_the_title() {
    let titles = [
        "A Plain Title",
        "“Quoted” and *starred*",
        "Oil \"by the\" Barrel (May 2025)",
        "[Brackets] & <tags> \\ `ticks`",
        "Twice",
        "Дорога домой",
        "1. A number?",
        "Ends in a dash —",
    ];
    let mut texts: Vec<(String, String)> = titles
        .iter()
        .enumerate()
        .map(|(at, title)| {
            let escaped: String =
                title.chars().flat_map(|c| [Some('\\').filter(|_| c.is_ascii_punctuation()), Some(c)]).flatten().collect();
            (format!("2025-{:02}", at + 1), format!("# {escaped}\n\nOil, wick and flame."))
        })
        .collect();
    texts.push(("2025-05-b".to_owned(), "# Twice\n\nOil, wick and flame.".to_owned()));
    texts.push(("2025-11-30".to_owned(), "# Of a Day\n\nOil, wick and flame.".to_owned()));
    let archive = shelf(&texts.iter().map(|(id, body)| (id.as_str(), body.as_str())).collect::<Vec<_>>());
    let found = suggested(&archive, "# Lamps\n\nOil, wick and flame.");
    assert_eq!(found.len(), 10, "{found:?}");
    let lines: Vec<String> = found.iter().map(|found| line(found, &archive, &house())).collect();
    assert!(lines.contains(&"- \"A Plain Title\" (January 2025)".to_owned()), "{lines:?}");
    assert!(lines.contains(&"- \"Of a Day\" (November 2025)".to_owned()), "{lines:?}");
    assert!(lines.contains(&"- [Twice](issue:2025-05-b#twice)".to_owned()), "{lines:?}");
    let text = format!("---\ntitle: T\npreheader: A line.\n---\n# T\n\n## Related Items\n\n{}\n", lines.join("\n"));
    let related = issue("2026-12", &text, &archive).related.unwrap();
    let led: Vec<String> = related.items.iter().map(|item| item.target.clone()).collect();
    let wanted: Vec<String> = found.iter().map(|found| house().article_url(&found.issue, &found.slug)).collect();
    assert_eq!(led, wanted);
}
