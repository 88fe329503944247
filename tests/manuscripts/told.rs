//! How findings are told: drawn for people, one line each for text files, and as JSON for programs.

use masthead::diagnostic::print::{Style, drawn, line, listed, tally};

use crate::room::{read, under_front};

const PLAIN: Style = Style { coloured: false, width: 80 };

fn golden(text: &str, wanted: &str) {
    let shown = drawn(&read(text).diagnostics, PLAIN);
    assert_eq!(shown.trim_end(), wanted.trim_matches('\n'), "\n{shown}");
}

#[test]
fn a_misspelt_key_is_shown_where_it_stands() {
    golden(
        "---\ntitel: Lamps\ntitle: Lamps\npreheader: A line.\n---\n# H\n\nText.\n",
        r"
error[unknown-key]

  × `titel` is not a key of an issue
   ╭─[issues/2026-11.md:2:1]
 2 │ titel: Lamps
   · ─────
   ╰────
  help: did you mean `title`?
",
    );
}

#[test]
fn a_title_that_is_not_in_the_archive_is_shown_with_what_comes_near() {
    golden(
        &under_front("# H\n\nText.\n\n## Related Items\n\n- \"The Long Evning\" (June 2026)\n"),
        r#"
error[related-not-found]

  × the archive has no article "The Long Evning"
    ╭─[issues/2026-11.md:12:4]
 12 │ - "The Long Evning" (June 2026)
    ·    ───────────────
    ╰────
  help: did you mean "The Long Evening" (June 2026), `issue:2026-06#the-long-
        evening`?
"#,
    );
}

#[test]
fn t19_a_hostile_line_cannot_steer_the_terminal_or_fill_it() {
    let shown = drawn(&read(&under_front(&format!("# H\n\n{}\u{1b}[31m{}\n", "a".repeat(5000), "b".repeat(5000)))).diagnostics, PLAIN);
    assert!(!shown.contains('\u{1b}'));
    assert!(shown.len() < 2000, "{} bytes", shown.len());
}

#[test]
fn programs_get_the_same_as_people() {
    let found = read(&under_front("# H\n\n[Aé](javascript:x)\n")).diagnostics;
    let json = serde_json::to_string(&listed(&found)).unwrap();
    assert_eq!(
        json,
        "[{\"code\":\"link-scheme\",\"severity\":\"error\",\"message\":\"a `javascript:` address cannot be linked to\",\
         \"help\":\"link to an `https:` address\",\"file\":\"issues/2026-11.md\",\"line\":8,\"column\":1,\"end_line\":8,\"end_column\":19}]"
    );
    assert_eq!(line(&found[0]), "issues/2026-11.md:8:1: error: a `javascript:` address cannot be linked to [link-scheme]");
    assert_eq!(tally(&found).as_deref(), Some("1 error"));
    assert_eq!(tally(&[]), None);
}
