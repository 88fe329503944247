//! A newsroom's own templates: every fault is told at load, in the newsroom's own file, and no template brings the press
//! down.

use std::fs;

use masthead::diagnostic::{Checked, Source};
use masthead::edition::{Press, TemplateFile};
use masthead::intake;

use crate::room::listed;

/// The codes that the tests of this file bring forth.
pub(crate) const CODES: &[&str] = &[
    "style-fault",
    "template-fault",
    "template-name-suspect",
    "template-partial-circle",
    "template-partial-deep",
    "template-partial-medium",
    "template-partial-reckoned",
    "template-partial-unknown",
    "template-syntax",
    "template-too-deep",
    "template-too-large",
    "template-unknown",
    "template-unknown-name",
    "template-unused",
];

fn press(files: &[(&str, &str)]) -> Checked<Press> {
    let files: Vec<_> = files
        .iter()
        .map(|(path, text)| TemplateFile { path: (*path).to_owned(), source: Source::new(format!("templates/{path}"), *text) })
        .collect();
    Press::new(&files)
}

fn found(files: &[(&str, &str)]) -> Vec<String> {
    let pressed = press(files);
    assert_eq!(pressed.value.is_none(), pressed.has_errors());
    pressed
        .diagnostics
        .iter()
        .zip(listed(&pressed.diagnostics))
        .map(|(found, line)| format!("{}: {line}", found.source.as_ref().map_or("nowhere", |source| source.name())))
        .collect()
}

const FEATURED: &str = "partials/featured.html.hbs";

#[test]
fn a_template_that_is_fine_is_fine() {
    assert_eq!(
        found(&[(FEATURED, "{{#if title}}<tr><td>{{{title}}} {{{body}}} {{@root.label}}</td></tr>{{/if}}\n")]),
        Vec::<String>::new()
    );
    let own = [
        (FEATURED, "{{> partials/box.html heading=title}}{{#each @root.sections as |one at|}}{{one.title}}{{at}}{{/each}}"),
        ("partials/box.html.hbs", "<b>{{heading}}</b>"),
    ];
    assert_eq!(found(&own), Vec::<String>::new());
}

#[test]
fn a_fault_in_a_template_is_shown_in_the_newsrooms_own_file() {
    let cases: [(&str, &[&str]); 10] = [
        ("a\n{{#if title}}\nb{{/each}}\n", &["error template-syntax 3:2"]),
        ("a\n  {{title\n", &["error template-syntax 2:3"]),
        ("a\n  {{titel}}\n", &["error template-unknown-name 2:3"]),
        ("{{#if titel}}x{{/if}}\n", &["warning template-name-suspect 1:1"]),
        ("{{#if (and title bdoy)}}x{{/if}}\n", &["warning template-name-suspect 1:1"]),
        ("{{shout title}}\n", &["error template-fault 1:1"]),
        ("\n {{> partials/foter.html}}\n", &["error template-partial-unknown 2:2"]),
        ("{{> partials/footer.txt}}\n", &["error template-partial-medium 1:1"]),
        ("{{> (lookup this \"title\")}}\n", &["error template-partial-reckoned 1:1"]),
        ("{{> partials/featured.html}}\n", &["error template-partial-circle 1:1"]),
    ];
    for (text, wanted) in cases {
        let wanted: Vec<_> = wanted.iter().map(|line| format!("templates/{FEATURED}: {line}")).collect();
        assert_eq!(found(&[(FEATURED, text)]), wanted, "{text}");
    }
}

#[test]
fn the_reports_templates_are_tried_like_the_issues() {
    let body = "report/body.txt.hbs";
    let cases: [(&str, &[&str]); 8] = [
        ("{{count accepted}} of {{count total}}\n{{#each providers}}{{name}} {{count total}}{{/each}}{{{figures}}}", &[]),
        ("a\n {{acepted}}\n", &["error template-unknown-name 2:2"]),
        ("a\n {{count acepted}}\n", &["error template-unknown-name 2:2"]),
        ("{{count title}}\n", &["error template-fault 1:1"]),
        ("{{count}}\n", &["error template-fault 1:1"]),
        ("{{#if advise}}x{{/if}}\n", &["warning template-name-suspect 1:1"]),
        ("{{#if sections}}x{{/if}}\n", &["warning template-name-suspect 1:1"]),
        ("{{#if (eq state \"out\")}}\n{{else}}{{outt}}{{/if}}", &["error template-unknown-name 2:9"]),
    ];
    for (text, wanted) in cases {
        let wanted: Vec<_> = wanted.iter().map(|line| format!("templates/{body}: {line}")).collect();
        assert_eq!(found(&[(body, text)]), wanted, "{text}");
    }
    let told = press(&[(body, "{{#if advise}}x{{/if}}")]).diagnostics;
    assert_eq!(told[0].help.as_deref(), Some("did you mean `advice`?"));
    assert_eq!(found(&[("issue/subject.txt.hbs", "{{subject}}{{#if halted}}x{{/if}}")]).len(), 1, "no issue is ever halted");
    assert_eq!(found(&[("report/subject.txt.hbs", "{{issue}} {{#if halted}}{{halted}}{{/if}}")]), Vec::<String>::new());
}

#[test]
fn a_circle_of_partials_is_told_and_does_not_end_the_press() {
    let circle = [
        (FEATURED, "{{> partials/a.html}}"),
        ("partials/a.html.hbs", "\n{{> partials/b.html}}"),
        ("partials/b.html.hbs", "{{> partials/a.html}}"),
    ];
    assert_eq!(
        found(&circle),
        [
            "templates/partials/a.html.hbs: error template-partial-circle 2:1",
            "templates/partials/b.html.hbs: error template-partial-circle 1:1",
        ]
    );
    assert!(!found(&[(FEATURED, "{{#*inline \"a\"}}{{> a}}{{/inline}}{{> a}}")]).is_empty());
    assert!(!found(&[(FEATURED, "{{#*inline \"a\"}}{{> b}}{{/inline}}{{#*inline \"b\"}}{{> a}}{{/inline}}{{> a}}")]).is_empty());
    let names: Vec<_> = (0..80).map(|at| (format!("partials/p{at}.html.hbs"), format!("{{{{> partials/p{}.html}}}}", at + 1))).collect();
    let mut chain: Vec<_> = names.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    chain.push(("partials/p80.html.hbs", "end"));
    assert!(found(&chain).iter().any(|line| line.ends_with("error template-partial-deep 1:1")));
}

#[test]
fn a_template_without_measure_is_told_and_does_not_end_the_press() {
    for (open, close) in
        [("{{#if title}}", "{{/if}}"), ("{{~#if title}}", "{{/if}}"), ("{{^title}}", "{{/title}}"), ("{{# if title}}", "{{/if}}")]
    {
        let text = format!("{}x{}", open.repeat(3000), close.repeat(3000));
        let told = found(&[(FEATURED, &text)]);
        assert_eq!(told.len(), 1, "{open}: {told:?}");
        assert!(told[0].contains("template-too-deep") || told[0].contains("template-syntax"), "{open}: {told:?}");
    }
    let links = format!("{{{{#if title}}}}x{}{{{{/if}}}}", "{{else if title}}y".repeat(3000));
    assert!(found(&[(FEATURED, &links)])[0].contains("template-too-deep"));
    let brackets = format!("{{{{#if {}title{}}}}}x{{{{/if}}}}", "(not ".repeat(3000), ")".repeat(3000));
    assert!(found(&[(FEATURED, &brackets)])[0].contains("template-too-deep"));
    assert!(found(&[(FEATURED, &"x".repeat(300_000))])[0].contains("template-too-large"));
    assert_eq!(found(&[(FEATURED, &"{{title}}".repeat(20_000))]), Vec::<String>::new());
}

#[test]
fn a_misspelt_file_name_is_told_what_it_came_near() {
    let told = press(&[("issue/boddy.html.hbs", "x")]).diagnostics;
    assert_eq!(listed(&told), ["error template-unknown 1:1"]);
    assert_eq!(told[0].help.as_deref(), Some("did you mean `issue/body.html`?"));
    let told = press(&[("partials/foter.html.hbs", "x")]).diagnostics;
    assert_eq!(listed(&told), ["warning template-unused 1:1"]);
    assert_eq!(told[0].help.as_deref(), Some("did you mean `partials/footer.html`?"));
}

#[test]
fn a_style_sheet_full_of_rubbish_does_not_end_the_press() {
    for css in ["}}}{{{ @media", "/* never closed", "p { color: {{title}}; }", "</style><script>x</script>"] {
        let pressed = press(&[("style/mail.css", css), ("style/screen.css", css)]);
        assert_eq!(listed(&pressed.diagnostics), Vec::<String>::new(), "{css}");
    }
}

#[test]
fn t13_templates_are_read_from_their_folder_and_from_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("partials")).unwrap();
    fs::write(folder.path().join("partials/footer.txt.hbs"), "x").unwrap();
    fs::write(folder.path().join("partials/footer.txt.hbs~"), "x").unwrap();
    fs::write(folder.path().join("notes.txt"), "x").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("partials/footer.html.hbs")).unwrap();
    let read = intake::templates(folder.path(), "templates").unwrap();
    assert_eq!(read.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["partials/footer.txt.hbs"]);
    assert!(intake::templates(&folder.path().join("none"), "templates").unwrap().is_empty());
}
