//! The table of faulty manuscripts: each with the findings that it gets, all of them, in the order of the text.

use masthead::edition::Press;
use masthead::manuscript::EnclosedFile;

use crate::room::{archive, listed, read_as, under_front};

/// A manuscript, the files beside it, and what is found: severity, code, line and column.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) text: Vec<u8>,
    pub(crate) files: Vec<EnclosedFile>,
    pub(crate) found: &'static [&'static str],
}

fn case(name: &'static str, text: impl Into<Vec<u8>>, found: &'static [&'static str]) -> Case {
    Case { name, text: text.into(), files: Vec::new(), found }
}

fn body(name: &'static str, body: &str, found: &'static [&'static str]) -> Case {
    case(name, under_front(body), found)
}

fn front(name: &'static str, lines: &str, found: &'static [&'static str]) -> Case {
    case(name, format!("---\ntitle: T\npreheader: A line.\n{lines}\n---\n# H\n\nText.\n"), found)
}

fn beside(name: &'static str, text: &str, found: &'static [&'static str]) -> Case {
    let file = |name: &str, octets, pixels| EnclosedFile { name: name.to_owned(), octets, pixels };
    let files = vec![
        file("lamp.png", 40_000, Some((600, 400))),
        file("huge.png", 400, Some((30_000, 30_000))),
        file("heavy.jpg", 3_000_000, Some((1200, 800))),
        file("lamp.webp", 40_000, Some((600, 400))),
        file("report.pdf", 300_700, None),
    ];
    Case { files, ..body(name, text, found) }
}

pub(crate) fn table() -> Vec<Case> {
    [bytes(), fronts(), wholes(), related(), links(), images()].into_iter().flatten().collect()
}

fn bytes() -> Vec<Case> {
    vec![
        case("an empty file", "", &["error file-empty 1:1"]),
        case("nothing but blanks", " \r\n\t\n", &["error file-empty 1:1"]),
        case("ten megabytes", vec![b'a'; 10 << 20], &["error file-too-large 1:1"]),
        case("an old Windows encoding", b"---\ntitle: caf\xe9\n---\n# H\n".to_vec(), &["error not-utf8 2:11"]),
        case("UTF-16", b"\xff\xfe-\0-\0-\0".to_vec(), &["error not-utf8 1:1"]),
        body("a NUL", "# H\n\nA\0B\n", &["error nul-character 8:2"]),
        body("a control character", "# H\n\nA\u{7}B and \u{85}\n", &["error control-character 8:2", "error control-character 8:9"]),
        body("a turned reading direction", "# H\n\nA\u{202e}B\n", &["error bidi-control 8:2"]),
        body("characters of no width", "# H\n\nA\u{200b}B\u{feff}\n", &["warning zero-width 8:2", "warning zero-width 8:4"]),
        body("a merge that nobody finished", "# H\n\n<<<<<<< ours\nA\n=======\nB\n>>>>>>> theirs\n", &["error merge-conflict 8:1"]),
        case(
            "Windows line ends and a byte order mark are no fault",
            "\u{feff}---\r\ntitle: T\r\npreheader: A line.\r\n---\r\n# H\r\n\r\nText.\r\n",
            &[],
        ),
        case("old Macintosh line ends are no fault", "---\rtitle: T\rpreheader: A line.\r---\r# H\r\rText.\r", &[]),
    ]
}

fn fronts() -> Vec<Case> {
    vec![
        case("no front matter", "# H\n\nText.\n", &["error front-matter-missing 1:1"]),
        case("front matter after a blank line", "\n---\ntitle: T\n---\n# H\n", &["error front-matter-missing 1:1"]),
        case("front matter that is never closed", "---\ntitle: T\n# H\n", &["error front-matter-unclosed 1:1"]),
        case("a list for front matter", "---\n- a\n- b\n---\n# H\n", &["error front-matter-not-mapping 2:1"]),
        case("a text for front matter", "---\nHello there\n---\n# H\n", &["error front-matter-not-mapping 2:1"]),
        case("empty front matter", "---\n---\n# H\n", &["error title-missing 1:1", "warning preheader-missing 1:1"]),
        case(
            "64 KiB of front matter",
            format!("---\ntitle: T\n{}---\n# H\n", "# a remark\n".repeat(7000)),
            &["error front-matter-too-large 1:1"],
        ),
        front("a key twice", "title: Other", &["error duplicate-key 4:1"]),
        front("a misspelt key", "statsu: ready", &["error unknown-key 4:1"]),
        front("a key of other programs", "date: 2026-11-01", &["error unknown-key 4:1"]),
        front("an alias", "subject: *other", &["error yaml-alias 4:10"]),
        front("an anchor", "subject: &other S", &["error yaml-alias 4:10"]),
        front("a tag", "subject: !!str S", &["error yaml-tag 4:10"]),
        front("a tag in a list", "lists: [!x general]", &["error yaml-tag 4:9"]),
        front("a colon in a text", "subject: Wells: a survey", &["error yaml 4:15"]),
        front("a quote that is never closed", "subject: \"Wells", &["error yaml 4:10"]),
        front("braces for a text", "subject: {{reader.name}}", &["error wrong-value 4:10"]),
        front("an empty value", "subject: ''", &["error empty-value 4:10"]),
        front("no list at all", "lists: []", &["error empty-value 4:8"]),
        front("an unknown list", "lists: [general, scools]", &["error list-unknown 4:18"]),
        front("half a number", "volume: nine", &["error wrong-value 4:9"]),
        front("a status that is none", "status: Ready", &["error wrong-value 4:9"]),
        front("a number of related items without `auto`", "related: 4", &["error wrong-value 4:10"]),
        front("no related items at all", "related: auto 0", &["error wrong-value 4:10"]),
        front("a hundred related items", "related: auto 100", &["error wrong-value 4:10"]),
        front("related items of which the archive has none", "related: auto", &["warning related-none-found 4:10"]),
        front("a moment that is none", "publish_at: Monday", &["error wrong-value 4:13"]),
        front("months that are none", "months: 2026-11..2026-13", &["error wrong-value 4:9"]),
        front("months that begin elsewhere", "months: 2026-10..2026-11", &["error months-mismatch 4:9"]),
        front("a number again", "number: 8", &["error number-repeats 4:9"]),
        front("a number left out", "number: 12", &["error number-skips 4:9"]),
        front("a volume left out", "volume: 10\nnumber: 1", &["error number-skips 5:9"]),
        front("an invisible character in the subject", "subject: \"A\\u200bB\"", &["error control-character 4:10"]),
        front("a line break smuggled into the subject", "subject: \"Hi\\r\\nBcc: v@example.org\"", &[]),
        front("an escape in the subject", "subject: \"Hi\\e[31m\"", &["error control-character 4:10"]),
        case(
            "texts that are too long",
            format!("---\ntitle: {}\npreheader: {}\nsubject: {}\n---\n# H\n\nText.\n", "t".repeat(201), "p".repeat(141), "s".repeat(71)),
            &["error value-too-long 2:8", "warning preheader-long 3:12", "warning subject-long 4:10"],
        ),
        case("no preheader", "---\ntitle: T\n---\n# H\n\nText.\n", &["warning preheader-missing 1:1"]),
    ]
}

fn wholes() -> Vec<Case> {
    vec![
        body("no heading", "Text.\n", &["error heading-missing 6:1"]),
        body("no text", "", &["error heading-missing 6:1"]),
        body("only a heading of level 2", "## H\n\nText.\n", &["warning heading-level 6:1"]),
        body("a skipped level", "# H\n\n### Deep\n\nText.\n", &["warning heading-skipped 8:1"]),
        body("a heading without words", "# H\n\nText.\n\n##\n\nMore.\n", &["warning heading-empty 10:1"]),
        body("a footnote that nothing refers to", "# H\n\nA.[^a]\n\n[^a]: Said.\n[^B]: Never.\n", &["warning footnote-unused 11:1"]),
        body("braces and marks", "# {{title}}\n\n{{#each x}} {{{y}}} xm0000000000000000_name_mx `{{z}}`\n", &[]),
        body("a script", "# H\n\nA <script>alert(1)</script> B\n", &["warning html-dropped 8:3"]),
        body("a marquee", "# H\n\n<marquee>A</marquee>\n", &["warning html-dropped 8:1"]),
        body("quotes in quotes", &format!("# H\n\n{}deep\n", ">".repeat(60)), &["error too-deep 8:42"]),
        body(
            "more parts than any mail",
            &format!("# H\n\n{}", "a\n\n".repeat(30_000)),
            &["error mail-too-large 1:1", "error too-many 50006:1"],
        ),
        body("80 KB", &format!("# H\n\n{}\n", "Some words that fill the line. ".repeat(2600)), &["warning mail-large 1:1"]),
        body("100 KB", &format!("# H\n\n{}\n", "Some words that fill the line. ".repeat(3300)), &["error mail-too-large 1:1"]),
    ]
}

fn related() -> Vec<Case> {
    vec![
        body("an article that nobody wrote", "# H\n\n## Related Items\n\n- \"The Short Evening\"\n", &["error related-not-found 10:4"]),
        body("an article of another month", "# H\n\n## Related Items\n\n- \"The Long Evening\" (May 2026)\n", &["error related-date 10:4"]),
        body("an article that matches twice", "# H\n\n## Related Items\n\n- \"Dates\"\n", &["error related-ambiguous 10:4"]),
        body("a related list without entries", "# H\n\n## Related Items\n\nNone.\n", &["error related-empty 8:1"]),
        body(
            "an entry without words",
            "# H\n\n## Related Items\n\n- \n- [A](https://a.example.org)\n",
            &["warning related-entry-empty 10:1"],
        ),
        body(
            "two related lists",
            "# H\n\n## Related Items\n\n- [A](https://a.example.org)\n\n## Related Items\n\n- [B](https://b.example.org)\n",
            &["error related-twice 12:1"],
        ),
        body(
            "a reference to no issue",
            "# H\n\n[A](issue:2026-13), [B](issue:2019-01), [C](issue:2026-06#no-such)\n",
            &["error reference-malformed 8:1", "error reference-unknown 8:21", "error reference-unknown 8:41"],
        ),
    ]
}

fn links() -> Vec<Case> {
    vec![
        body("a link to nowhere", "# H\n\n[A]()\n", &["warning link-empty 8:1"]),
        body("a link without text", "# H\n\n[](https://a.example.org)\n", &["warning link-text-empty 8:1"]),
        body("a link that does not speak", "# H\n\n[Click here](https://a.example.org)\n", &["warning link-text-vague 8:1"]),
        body("a bare address", "# H\n\nhttps://a.example.org/x\n", &["warning link-text-address 8:1"]),
        body(
            "one text for two places",
            "# H\n\n[Map](https://a.example.org) [Map](https://b.example.org)\n",
            &["warning link-text-ambiguous 8:30"],
        ),
        body("a link twice", "# H\n\n[Map](https://a.example.org) [Map](https://a.example.org)\n", &["warning link-repeated 8:30"]),
        body("a link within the page", "# H\n\n[Below](#below)\n", &["warning link-within 8:1"]),
        body(
            "schemes that no mail may have",
            "# H\n\n[A](javascript:alert(1)) [B](data:text/html,x) [C](file:///etc/passwd)\n",
            &["error link-scheme 8:1", "error link-scheme 8:26", "error link-scheme 8:48"],
        ),
        beside(
            "a file that is not there",
            "# H\n\n[A](raport.pdf) [B](www.example.org)\n",
            &["error file-missing 8:1", "error file-missing 8:17"],
        ),
    ]
}

fn images() -> Vec<Case> {
    vec![
        beside("an image without words", "# H\n\n![](lamp.png)\n", &["error image-alt-missing 8:1"]),
        beside("an image whose words are its name", "# H\n\n![lamp.png](lamp.png)\n", &["warning image-alt-file-name 8:1"]),
        beside("an image that is not there", "# H\n\n![A lamp](lmap.png)\n", &["error image-missing 8:1"]),
        beside("an image without bounds", "# H\n\n![A lamp](huge.png)\n", &["error image-too-large 8:1"]),
        beside("a heavy image", "# H\n\n![A lamp](heavy.jpg)\n", &["warning image-heavy 8:1"]),
        beside("an image that few can show", "# H\n\n![A lamp](lamp.webp)\n", &["warning image-format 8:1"]),
        body("an image over an open line", "# H\n\n![A lamp](http://a.example.org/lamp.png)\n", &["warning image-insecure 8:1"]),
        body("an image in the text itself", "# H\n\n![A lamp](data:image/png;base64,AAAA)\n", &["error link-scheme 8:1"]),
    ]
}

#[test]
fn every_fault_has_its_name_and_its_place() {
    let archive = archive();
    let mut wrong = Vec::new();
    for case in table() {
        let read = read_as("2026-11", &case.text, case.files, &archive);
        let found = listed(&read.diagnostics);
        if found != case.found {
            wrong.push(format!("{}:\n  wanted {:?}\n  found  {found:?}", case.name, case.found));
        }
        for diagnostic in &read.diagnostics {
            assert!(diagnostic.help.is_some(), "{} ({}) has no help", case.name, diagnostic.code);
            assert!(!diagnostic.message.ends_with('.') && !diagnostic.message.is_empty(), "{}", diagnostic.message);
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn all_faults_of_a_file_are_told_at_once_from_top_to_bottom() {
    let text = "---\ntitel: Lamps\nsubject: *x\nlists: [nobody]\nnumber: 8\n---\n# Lamps\n\n[A](javascript:x) ![](none.png)\n\n### Deep\n\n\
                ## Related Items\n\n- \"The Long Evenin\"\n- \"Dates\"\n";
    let read = read_as("2026-11", text.as_bytes(), Vec::new(), &archive());
    assert_eq!(
        listed(&read.diagnostics),
        [
            "error title-missing 1:1",
            "warning preheader-missing 1:1",
            "error unknown-key 2:1",
            "error yaml-alias 3:10",
            "error list-unknown 4:9",
            "error number-repeats 5:9",
            "error link-scheme 9:1",
            "error image-alt-missing 9:19",
            "error image-missing 9:19",
            "warning heading-skipped 11:1",
            "error related-not-found 15:4",
            "error related-ambiguous 16:4",
        ]
    );
}

#[test]
fn a_thousand_faults_are_a_page_not_a_book() {
    let text = under_front(&format!("# H\n\n{}", "[a](javascript:x)\n".repeat(1000)));
    let read = read_as("2026-11", text.as_bytes(), Vec::new(), &archive());
    let told: Vec<_> = read.diagnostics.iter().filter(|found| found.code == "link-scheme").collect();
    assert_eq!(told.len(), 26);
    assert_eq!(told[25].message, "975 more of the same kind, from here on");
    assert_eq!(told[25].position().map(|at| at.line), Some(8 + 25));
}

#[test]
fn what_is_no_fault_is_not_one() {
    assert_eq!(listed(&Press::new(&[]).diagnostics), Vec::<String>::new());
    let text = under_front(
        "# Lamps & Wicks\n\nمرحبا \u{200f}RTL and 👩\u{200d}👧, a tab\there, 5 < 6 > 4, a_b_c, 100 %, $5 *and* C:\\new.\n\n\
         1. one\n2. two\n\n* * *\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
    );
    assert_eq!(listed(&read_as("2026-11", text.as_bytes(), Vec::new(), &archive()).diagnostics), Vec::<String>::new());
}
