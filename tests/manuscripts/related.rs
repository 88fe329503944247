//! Related items, in all the ways in which editors write them; slugs, and numbers over combined months and volumes.

use masthead::issue::RelatedItem;
use masthead::manuscript::document::plain;

use crate::room::{archive, listed, read, read_as, under_front};

/// The codes that the tests of this file bring forth beyond the table's.
pub(crate) const CODES: &[&str] = &["number-incomplete", "related-filled", "related-not-out"];

const EVENING: &str = "https://news.example.org/articles/2026-06/the-long-evening";
const DOOR: &str = "https://news.example.org/articles/2026-04/whos-at-the-door-a-guide-for-keepers";
const LAMPS: &str = "https://news.example.org/articles/2025-12/lamps-in-the-dark";

fn entry(written: &str) -> (RelatedItem, Vec<String>) {
    let read = read(&under_front(&format!("# H\n\nText.\n\n## Related Items\n\n{written}\n")));
    let mut items = read.issue.unwrap().related.unwrap().items;
    assert_eq!(items.len(), 1, "{written}");
    (items.remove(0), listed(&read.diagnostics))
}

/// Title, date, target, file, note.
type Parts<'a> = (&'a str, Option<&'a str>, &'a str, Option<&'a str>, &'a str);

fn check(written: &str, wanted: Parts<'_>) {
    let (item, found) = entry(written);
    assert_eq!(found, Vec::<String>::new(), "{written}");
    let (title, note) = (plain(&item.title), plain(&item.note));
    let parts: Parts<'_> = (&title, item.date.as_deref(), &item.target, item.file.as_deref(), &note);
    assert_eq!(parts, wanted, "{written}");
}

#[test]
fn a_title_is_found_however_it_is_quoted() {
    let printed = "The Long Evening";
    for written in [
        "- \"The Long Evening\" (June 2026)",
        "- “The Long Evening” (June 2026)",
        "- „The long evening“ (Jun. 2026)",
        "- «The Long Evening» (June 2026)",
        "- *The Long Evening* (June 2026)",
        "- **The Long Evening** (June 2026)",
        "- “*The Long Evening*” (June 2026)",
        "- *“The Long Evening”* (June 2026)",
        "- The Long Evening (June 2026)",
        "- The  long   evening.",
        "- The Long Evening",
        "- \"The Long Evening,\" (June 2026)",
        "- \"The Long Evening\", June 2026",
        "- \"The Long Evening\"",
        "1. \"The Long Evening\" (june 2026)",
        "* \"The Long\n  Evening\" (June 2026)",
    ] {
        check(written, (printed, Some("June 2026"), EVENING, None, ""));
    }
    for written in [
        "- \"Who's at the door? A guide - for 'Keepers'\" (April 2026)",
        "- “Who’s at the Door? A Guide — for “Keepers”” (April 2026)",
        "- Who's at the Door? A Guide -- for \"Keepers\" (April 2026)",
    ] {
        check(written, ("Who’s at the Door? A Guide — for “Keepers”", Some("April 2026"), DOOR, None, ""));
    }
}

#[test]
fn a_note_may_follow_in_any_dress() {
    for written in [
        "- \"The Long Evening\" (June 2026) — for a friend",
        "- \"The Long Evening\" (June 2026) – for a friend",
        "- \"The Long Evening\" (June 2026) - for a friend",
        "- \"The Long Evening\" (June 2026): for a friend",
        "- \"The Long Evening\" — for a friend",
        "- \"The Long Evening\": for a friend",
        "- \"The Long Evening\" (June 2026)\n  for a friend",
        "- \"The Long Evening\" (June 2026)\n\n  for a friend",
        "- \"The Long Evening\" (June 2026)\n  - for a friend",
    ] {
        check(written, ("The Long Evening", Some("June 2026"), EVENING, None, "for a friend"));
    }
}

#[test]
fn a_combined_month_is_any_of_its_names() {
    for date in
        ["December/January 2026", "December 2025", "January 2026", "Dec. 2025/Jan. 2026", "December 2025–January 2026", "Dec/Jan 2026"]
    {
        check(&format!("- \"Lamps in the Dark\" ({date})"), ("Lamps in the Dark", Some("December/January 2026"), LAMPS, None, ""));
    }
    check(
        "- \"Oil, Wick and Flame\" (Sept. 2026)",
        ("Oil, Wick and Flame", Some("September 2026"), "https://news.example.org/articles/2026-09/oil-wick-and-flame", None, ""),
    );
    assert_eq!(entry("- \"Lamps in the Dark\" (December 2026)").1, ["error related-date 12:4"]);
}

#[test]
fn a_title_that_two_issues_have_is_told_apart_by_its_month() {
    check("- \"Dates\" (April 2026)", ("Dates", Some("April 2026"), "https://news.example.org/articles/2026-04/dates", None, ""));
    assert_eq!(entry("- \"Dates\" (May 2026)").1, ["error related-ambiguous 12:4"]);
}

#[test]
fn a_reference_leads_to_an_article_or_to_an_issue() {
    check("- [One evening](issue:2026-06#the-long-evening) — a note", ("One evening", Some("June 2026"), EVENING, None, "a note"));
    check("- [](issue:2026-06#the-long-evening)", ("The Long Evening", Some("June 2026"), EVENING, None, ""));
    check("- [](issue:2026-06)", ("June", Some("June 2026"), "https://news.example.org/issues/2026-06", None, ""));
    check(
        "- \"[The Long Evening](issue:2026-06#the-long-evening)\" (June 2026)",
        ("The Long Evening", Some("June 2026"), EVENING, None, ""),
    );
    assert_eq!(entry("- [A](issue:2026-06#the-long-evening) (May 2026)").1, ["error related-date 12:3"]);
}

#[test]
fn a_page_elsewhere_keeps_what_the_editor_says_of_it() {
    let there = "https://a.example.org/x";
    check("- [A page](https://a.example.org/x)", ("A page", None, there, None, ""));
    check("- [A page](https://a.example.org/x) (May 2014): a note", ("A page", Some("May 2014"), there, None, "a note"));
    check("- **[A page](https://a.example.org/x)** — a note", ("A page", None, there, None, "a note"));
    check("- See [a page](https://a.example.org/x), which is long", ("See a page", None, there, None, "which is long"));
    check("- [A report](https://a.example.org/x.pdf)", ("A report", None, "https://a.example.org/x.pdf", Some("PDF"), ""));
    check("- [A report](https://a.example.org/x.pdf) (PDF, 2 MB)", ("A report", None, "https://a.example.org/x.pdf", None, "(PDF, 2 MB)"));
    let (item, found) = entry("- [A page](https://a.example.org/x) and [another](https://a.example.org/y)");
    assert_eq!(found, Vec::<String>::new());
    assert!(format!("{:?}", item.note).contains("https://a.example.org/y"), "{item:?}");
    let (item, found) = entry("- \"The Long Evening\" (June 2026) — with [a note](https://a.example.org/x)");
    assert_eq!((item.target.as_str(), found), (EVENING, Vec::new()));
    assert!(format!("{:?}", item.note).contains("https://a.example.org/x"), "{item:?}");
    assert_eq!(entry("- \"The Long Evning\" — with [a note](https://a.example.org/x)").1, ["error related-not-found 12:4"]);
}

#[test]
fn a_near_miss_is_told_what_it_came_near() {
    for (written, near) in [
        ("- \"The Long Evning\"", "\"The Long Evening\" (June 2026), `issue:2026-06#the-long-evening`"),
        ("- \"A guide for keepers\" (April 2026)", "`issue:2026-04#whos-at-the-door-a-guide-for-keepers`"),
        ("- [](issue:2026-6)", "write `issue:2014-06`"),
        ("- [](issue:2026-07)", "did you mean `2026-0"),
    ] {
        let read = read(&under_front(&format!("# H\n\nText.\n\n## Related Items\n\n{written}\n")));
        let help = read.diagnostics[0].help.clone().unwrap();
        assert!(help.contains(near), "{written}: {help}");
    }
}

#[test]
fn an_issue_that_is_not_out_may_be_named_at_ones_own_risk() {
    let mut archive = archive();
    let october = read(&under_front("# Oars\n\nText.\n")).issue.unwrap();
    archive.expect(october.archived(jiff::Timestamp::UNIX_EPOCH));
    let text = under_front("# H\n\nText.\n\n## Related Items\n\n- \"Oars\"\n");
    let read = read_as("2026-12", text.as_bytes(), Vec::new(), &archive);
    assert_eq!(listed(&read.diagnostics), ["warning related-not-out 12:4"]);
}

#[test]
fn numbers_go_on_over_combined_months_and_volumes() {
    let number = |id: &str, lines: &str| {
        let text = format!("---\ntitle: T\npreheader: A line.\n{lines}---\n# H\n\nText.\n");
        let read = read_as(id, text.as_bytes(), Vec::new(), &archive());
        (read.issue.unwrap().number.map(|number| number.to_string()), listed(&read.diagnostics))
    };
    let clean = |said: &str| (Some(said.to_owned()), Vec::new());
    assert_eq!(number("2026-10", ""), clean("Vol. 9, No. 9"));
    assert_eq!(number("2026-11", "number: 10\n"), clean("Vol. 9, No. 10"));
    assert_eq!(number("2026-11", "months: 2026-11..2026-12\n"), clean("Vol. 9, No. 9"));
    assert_eq!(number("2027-01", ""), clean("Vol. 10, No. 1"));
    assert_eq!(number("2026-02", ""), clean("Vol. 9, No. 1"));
    assert_eq!(number("2026-10", "volume: 9\nnumber: 8\n").1, ["error number-repeats 5:9"]);
    assert_eq!(number("2026-10", "volume: 9\nnumber: 11\n").1, ["error number-skips 5:9"]);
    assert_eq!(number("2020-01", "number: 3\n").1, ["error number-incomplete 4:9"]);
}

/// The issue of December 2026 with these lines of front matter and this end, over an archive of two more lamps.
fn with_auto(lines: &str, end: &str) -> crate::room::Read {
    let mut issues = archive().issues().to_vec();
    for (id, title) in [("2026-07", "Trimming the Wick"), ("2026-08", "A Wick for Every Oil")] {
        let body = format!("# {title}\n\nA clean wick in good lamp oil burns bright: trim the wick, change the oil.\n");
        let read = read_as(id, under_front(&body).as_bytes(), Vec::new(), &archive());
        issues.push(read.issue.unwrap().archived(jiff::Timestamp::UNIX_EPOCH));
    }
    let archive = masthead::issue::archive::Archive::new(issues);
    let text = format!(
        "---\ntitle: T\npreheader: A line.\n{lines}\n---\n# Wicks\n\nTo trim the wick, let the lamp cool. Good lamp oil spares it.\n\n{end}"
    );
    read_as("2026-12", text.as_bytes(), Vec::new(), &archive)
}

fn titles(read: &crate::room::Read) -> Vec<String> {
    let related = read.issue.as_ref().unwrap().related.as_ref();
    related.map_or_else(Vec::new, |related| related.items.iter().map(|item| plain(&item.title)).collect())
}

#[test]
fn the_press_fills_the_list_after_what_the_editor_has_and_never_twice() {
    let read = with_auto("related: auto 2", "");
    assert_eq!(listed(&read.diagnostics), ["warning related-filled 4:10"]);
    assert!(read.diagnostics[0].message.contains("\"Trimming the Wick\" (July 2026)"), "{}", read.diagnostics[0].message);
    let mut both = titles(&read);
    both.sort();
    assert_eq!(both, ["A Wick for Every Oil", "Trimming the Wick"]);
    assert_eq!(plain(&read.issue.unwrap().related.unwrap().heading), "Related Items");
    assert!(read.edition.unwrap().html.contains("articles/2026-07/trimming-the-wick"));

    let read = with_auto("related: auto", "## Related Items\n\n- \"Trimming the Wick\" (July 2026)\n");
    assert_eq!(titles(&read)[..2], ["Trimming the Wick", "A Wick for Every Oil"]);
    assert_eq!(titles(&read).iter().filter(|title| *title == "Trimming the Wick").count(), 1);

    let read = with_auto("related: auto 1", "## Related Items\n");
    assert_eq!((titles(&read).len(), listed(&read.diagnostics)), (1, vec!["warning related-filled 4:10".to_owned()]));
    assert_eq!(titles(&with_auto("lang: en", "")), [""; 0]);
}
