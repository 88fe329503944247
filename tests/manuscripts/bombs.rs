//! STANDARDS T14: files made to hurt. Each is read, told and printed within the time that a slow machine needs for a
//! large honest one.

#![allow(clippy::format_collect, reason = "a bomb is built once; how fast does not matter")]

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::room::{archive, read_as, under_front};

/// What a debug build on a busy machine may take for one file; a release build takes a twentieth.
const PATIENCE: Duration = Duration::from_secs(20);

/// A mebibyte of one thing again and again.
fn full(of: &str) -> String {
    of.repeat((1 << 20) / of.len() - 200)
}

fn survives(name: &'static str, text: String) {
    let (done, waiting) = mpsc::channel();
    let worker = thread::Builder::new().stack_size(2 << 20).spawn(move || {
        let read = read_as("2026-11", text.as_bytes(), Vec::new(), &archive());
        let told = read.diagnostics.len();
        drop(read);
        done.send(told).unwrap();
    });
    let told = waiting.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{name} takes too long, or ended its thread"));
    worker.unwrap().join().unwrap();
    assert!(told < 500, "{name}: {told} findings");
}

#[test]
fn t14_front_matter_without_measure() {
    let laughs = (0..40).map(|at| format!("k{at}: &k{at} [*k{}, *k{}, *k{}]\n", at - 1, at - 1, at - 1)).collect::<String>();
    for (name, lines) in [
        ("billion laughs", laughs),
        ("deep brackets", format!("title: {}\n", "[".repeat(60_000))),
        ("deep braces", format!("title: {}\n", "{a: ".repeat(15_000))),
        ("many keys", (0..6000).map(|at| format!("k{at}: x\n")).collect()),
        ("one key again", "title: x\n".repeat(6000)),
        ("many lists", format!("lists: [{}]\n", "nobody, ".repeat(7000))),
        ("broken lines", "a: b: c\n".repeat(7000)),
        ("more than 64 KiB", "a: b\n".repeat(20_000)),
    ] {
        survives(name, format!("---\n{lines}---\n# H\n\nText.\n"));
    }
}

#[test]
fn t14_inline_markup_without_measure() {
    for (name, text) in [
        ("brackets", "[".repeat(100_000)),
        ("image brackets", "![".repeat(100_000)),
        ("closed brackets", "[a](".repeat(50_000)),
        ("stars", "*a ".repeat(100_000)),
        ("stars and underscores", "*a _b **c __d ".repeat(20_000)),
        ("strikes", "~~a ".repeat(100_000)),
        ("backticks", "`".repeat(100_000)),
        ("growing backticks", (1..1000).map(|n| format!("{} ", "`".repeat(n))).collect()),
        ("nested strong", format!("{}a{}", "**a ".repeat(50_000), " a**".repeat(50_000))),
        ("definitions", (0..100_000).map(|at| format!("[{at}]: x\n")).collect::<String>() + "[1] [2] [3]"),
        ("addresses", full("https://e.org ")),
        ("at signs", full("a@b.c ")),
        ("footnotes", (0..20_000).map(|at| format!("[^{at}]\n\n[^{at}]: x\n\n")).collect()),
        ("entities", full("&amp;")),
        ("one long word", full("a")),
        ("one long line of code", format!("```\n{}\n```\n", full("a b "))),
    ] {
        survives(name, under_front(&format!("# H\n\n{text}\n")));
    }
}

#[test]
fn t14_characters_that_are_none_without_measure() {
    for (name, text) in [
        ("a hole", full("\0")),
        ("controls", full("\u{1}")),
        ("turned directions", full("\u{202e}")),
        ("no width", full("\u{200b}")),
        ("conflicts", full("<<<<<<< a\n")),
    ] {
        survives(name, text);
    }
}

#[test]
fn t14_blocks_without_measure() {
    for (name, text) in [
        ("quotes", ">".repeat(100_000)),
        ("quotes with spaces", "> ".repeat(50_000)),
        ("lists in lists", (0..700).map(|at| format!("{}- a\n", "  ".repeat(at))).collect()),
        ("lists on one line", "- ".repeat(100_000)),
        ("headings", full("# a\n")),
        ("pieces", full("## a\n")),
        ("empty headings", full("#\n")),
        ("items", full("- a\n")),
        ("rules", full("***\n\n")),
        ("a long table", format!("| a | b |\n|---|---|\n{}", full("| a | b |\n"))),
        ("a wide table", format!("{}\n{}\n", "|a".repeat(20_000), "|-".repeat(20_000))),
        ("a wide table that is long", format!("{}\n{}\n{}", "|a".repeat(5000), "|-".repeat(5000), "|a\n".repeat(5000))),
        ("paragraphs", full("a\n\n")),
    ] {
        survives(name, under_front(&format!("# H\n\n{text}\n")));
    }
}

#[test]
fn t14_html_without_measure() {
    for (name, text) in [
        ("anchors", full("<a>")),
        ("anchors that lead somewhere", full("<a href=x>")),
        ("bold", full("<b>")),
        ("bold within a line", format!("a {}", full("<b>"))),
        ("closed", full("</b>")),
        ("strange tags", full("<x>")),
        ("strange tags within a line", format!("a {}", full("<x>"))),
        ("paragraphs", full("<p>a")),
        ("scripts", full("<script>")),
        ("angles", full("<")),
        ("open comments", full("<!-- ")),
        ("instructions", full("<?")),
        ("attributes", format!("<a {}>", full("b=c "))),
        ("lists", full("<ul><li>")),
        ("quotes", full("<blockquote>")),
        ("cells", full("<table><tr><td>")),
    ] {
        survives(name, under_front(&format!("# H\n\n{text}\n")));
    }
}

#[test]
fn t14_links_and_related_items_without_measure() {
    let related = |items: String| format!("Text.\n\n## Related Items\n\n{items}");
    for (name, text) in [
        ("many links", (0..20_000).map(|at| format!("[a{at}](https://e.org/{at})\n")).collect()),
        ("one link again", full("[a](https://e.org)\n")),
        ("links without text", full("[](https://e.org)\n")),
        ("links to nowhere", full("[a]()\n")),
        ("missing files", full("[a](b)\n")),
        ("one missing file of a long name", format!("[a]({})", full("b"))),
        ("missing images", full("![](b)\n")),
        ("unknown references", full("[a](issue:2019-01)\n")),
        ("unknown titles", related(full("- a\n"))),
        ("known titles", related(full("- The Long Evening\n"))),
        ("one long title", related(format!("- {}", full("a b ")))),
        ("quotes", related(format!("- {}", full("\"a\" ")))),
        ("brackets", related(format!("- {}", full("(a) ")))),
    ] {
        survives(name, under_front(&format!("# H\n\n{text}\n")));
    }
}
