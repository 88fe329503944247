//! Whatever is typed comes out readable: no panic, tags that nest, lines that end, and nothing executed.

use masthead::diagnostic::Source;
use masthead::edition::{Edition, Press, render};
use masthead::issue::archive::Archive;
use masthead::issue::assemble;
use masthead::manuscript::{Draft, parse};
use proptest::prelude::*;

use super::room::{house, imprint};

/// The edition of a body, if there is anything to print.
fn printed(body: &str) -> Option<Edition> {
    let source = Source::new("issues/2026-11.md", format!("---\ntitle: T\npreheader: A line.\n---\n{body}"));
    let draft = Draft { id: "2026-11".parse().unwrap(), source, files: Vec::new() };
    let manuscript = parse(&draft, "Related Items").value?;
    let issue = assemble(&manuscript, &Archive::default(), &house()).value?;
    render(&issue, &imprint(), &Press::new(&[]).value?).value
}

/// Pieces of Markdown and HTML as people type them, and as nobody would.
fn body() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => "[a-zA-Z ,.]{0,60}",
        2 => "\\PC{0,20}",
        1 => Just("\n".to_owned()),
        2 => Just("\n\n".to_owned()),
        4 => prop::sample::select(vec![
            "# ", "\n# H\n\n", "\n## P\n", "### ", "- ", "  - ", "    ", "1. ", "> ", "```\n", "`", "*", "**", "_", "~~", "[", "]", "](", ")", "![",
            "[a](https://e.example.org/x)", "![b](https://e.example.org/y.png)", "<b>", "</b>", "<a href=\"https://e.example.org/z\">", "</a>", "<p>", "</p>",
            "<div>", "</div>", "<br>", "<!--", "-->", "<x", ">", "&amp;", "&", "\"", "|", "| a | b |\n|---|---|\n| c | d |\n", "\\", "[^1]", "\n[^1]: ",
            "{{", "}}", "{{{title}}}", "{{> partials/footer.html}}", "{{#each @root}}", "xm0000000000000000_name_mx", "\n## Related Items\n\n", "- \"T\" (May 2026)\n",
            "---\n", "***\n", "\t", "\u{a0}", "- [x] ", "https://e.example.org/bare ", "\u{202b}", "👩\u{200d}👧",
        ]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| format!("# H\n\n{}", pieces.concat()))
}

/// Elements that have no end.
const VOID: [&str; 4] = ["br", "hr", "img", "meta"];

/// Whether every start tag of a page has its end tag, in the right order.
fn nests(html: &str) -> Result<(), String> {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = &html[html.find("<body").ok_or("no body")?..];
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if rest.starts_with("!--") {
            rest = rest.split_once("-->").ok_or("an open comment")?.1;
            continue;
        }
        let end = rest.find('>').ok_or("an open tag")?;
        let (tag, after) = rest.split_at(end);
        rest = &after[1..];
        let name = tag.trim_start_matches('/').split(char::is_whitespace).next().unwrap_or_default();
        if tag.starts_with('/') {
            if open.pop() != Some(name) && name != "html" {
                return Err(format!("</{name}> closes what it did not open"));
            }
        } else if !VOID.contains(&name) {
            if name == "a" && open.contains(&"a") {
                return Err("a link within a link".to_owned());
            }
            open.push(name);
        }
    }
    if open == ["html"] || open.is_empty() { Ok(()) } else { Err(format!("{open:?} stay open")) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_is_typed_is_printed_well(body in body()) {
        let Some(edition) = printed(&body) else { return Ok(()) };
        let nested = nests(&edition.html);
        prop_assert!(nested.is_ok(), "{nested:?}\n{}", edition.html);
        prop_assert!(!edition.html.contains("<a href=\"\"") && !edition.html.contains("<script"));
        for line in edition.text.lines() {
            // Bullets, quote marks and the numbers of notes come before the one word that may be too long.
            let words = line.trim_start_matches(|c: char| " >*-.[]()x".contains(c) || c.is_ascii_digit());
            let is_code = line.contains("    ");
            let fits = unicode_width::UnicodeWidthStr::width(line) <= 72;
            prop_assert!(fits || is_code || !words.trim().contains(' '), "{line:?}");
        }
    }

    #[test]
    fn t3_braces_and_marks_stay_as_they_were_typed(inner in "[a-z#>/@ .]{0,20}", times in 2usize..4) {
        let typed = format!("{}{inner}{}", "{".repeat(times), "}".repeat(times));
        let mark = "xm0123456789abcdef_unsubscribe_mx";
        let edition = printed(&format!("# H\n\nSaid `{typed}` and {mark}.\n")).unwrap();
        let as_html = typed.replace('>', "&gt;");
        let shown = edition.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let wanted = typed.split_whitespace().collect::<Vec<_>>().join(" ");
        prop_assert!(edition.html.contains(&as_html) && edition.html.contains(mark), "{}", edition.html);
        prop_assert!(shown.contains(&wanted) && shown.contains(mark), "{}", edition.text);
        prop_assert!(!edition.mark.starts_with("xm0123456789abcdef"));
    }
}
