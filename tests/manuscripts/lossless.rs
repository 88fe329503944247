//! Nothing of an issue is lost on the way: every heading, every link and every image of the source is in both parts.

use std::cell::RefCell;

use html5ever::tokenizer::{BufferQueue, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use masthead::manuscript::EnclosedFile;

use crate::room::{archive, listed, read_as, under_front};

/// The text, the targets and the images of a page, as a program sees it that did not write it.
#[derive(Debug, Default)]
struct Page {
    words: RefCell<String>,
    targets: RefCell<Vec<String>>,
    images: RefCell<Vec<(String, String)>>,
    headings: RefCell<Vec<String>>,
}

impl TokenSink for Page {
    type Handle = ();

    fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
        let is_heading = |name: &str| name.len() == 2 && name.starts_with('h') && name != "hr";
        match token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => {
                let of = |wanted: &str| {
                    tag.attrs.iter().find(|attribute| &*attribute.name.local == wanted).map(|a| a.value.to_string()).unwrap_or_default()
                };
                match &*tag.name {
                    "a" => self.targets.borrow_mut().push(of("href")),
                    "img" => self.images.borrow_mut().push((of("src"), of("alt"))),
                    name if is_heading(name) => self.headings.borrow_mut().push(String::new()),
                    "p" | "li" | "td" | "th" | "br" => self.words.borrow_mut().push(' '),
                    _ => {}
                }
            }
            Token::TagToken(tag) if is_heading(&tag.name) => self.words.borrow_mut().push(' '),
            Token::CharacterTokens(text) => {
                self.words.borrow_mut().push_str(&text);
                if let Some(heading) = self.headings.borrow_mut().last_mut() {
                    heading.push_str(&text);
                }
            }
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

fn page(html: &str) -> Page {
    let input = BufferQueue::default();
    input.push_back(html.into());
    let tokenizer = Tokenizer::new(Page::default(), TokenizerOpts::default());
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink
}

fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

const BODY: &str = r#"An opening line with [a way in](https://l.example.org/opening).

# Lamps & *Wicks*, <b>at Sea</b>

Text with **strong [inside](https://l.example.org/strong)**, *stress*, ~~struck [out](https://l.example.org/struck)~~, `code {{x}}`,
a [reference][ref], a [collapsed][], a [shortcut], <https://l.example.org/auto>, https://l.example.org/bare and <keeper@l.example.org>.[^one]
A break\
here, and raw <a href="https://l.example.org/raw?a=1&amp;b=2">link</a>, <em>stress</em>, <strong>weight</strong>, <sup>2</sup>, <code>typed</code>,
<span style="x">a span</span>, <small>small print</small>, <br> <img src="https://l.example.org/raw.png" alt="A raw lamp" width="40" height="30">.

[ref]: https://l.example.org/ref "A title"
[collapsed]: https://l.example.org/collapsed
[shortcut]: <https://l.example.org/short cut>

![A lamp on the quay](lamp.png "The quay at dusk")

[![A lamp that leads on](https://l.example.org/leads.png)](https://l.example.org/led)

## A heading with [a link](https://l.example.org/heading) and `code`

- one
- two with [a link](https://l.example.org/item)
  1. nested, numbered
     - deeper [still](https://l.example.org/deep)

       in two paragraphs
  2. and on

* [x] lit
* [ ] dark, see [the plan](https://l.example.org/task)

### Deeper

> A quotation with [its source](https://l.example.org/quote).
>
> > And one within.

    code set in
      by four

```rust
let lamp = "[no link](https://l.example.org/none)";
```

| Lamp | Oil | [Pint](https://l.example.org/head) |
|:-----|:---:|-----:|
| quay | colza | [3](https://l.example.org/cell) |
| pier | whale \| seal | 2 |

<!-- A remark that nobody else reads: https://l.example.org/remark -->

<div class="box"><h2>A raw heading</h2><p>A raw paragraph with <a href="https://l.example.org/block">a link</a>.</p>
<blockquote>A raw quotation</blockquote><ul><li>a raw entry</li></ul></div>

<a href="https://l.example.org/around"><img src="https://l.example.org/around.png" alt="A lamp in a frame"></a>

<p><a href="https://l.example.org/silent"></a></p>

Term with a note again.[^two]

***

## Related Items

Before the list, [a look back](https://l.example.org/before).

- "The Long Evening" (June 2026) — with [a note](https://l.example.org/note)
- [A report](report.pdf) — in print
- [Elsewhere](https://l.example.org/elsewhere)

After the list, [a look ahead](https://l.example.org/after).

# In brief

A word before, [by the way](https://l.example.org/brief).

## First piece: <script>x</script>dates

Text of the [first](https://l.example.org/first).

## Second piece

#### Far down

[](https://l.example.org/untitled)

[^one]: A note with [its own link](https://l.example.org/foot).

    And a second paragraph.
[^two]: Short.
"#;

#[test]
fn every_heading_link_and_image_is_in_both_parts() {
    let files = vec![
        EnclosedFile { name: "lamp.png".to_owned(), octets: 40_000, pixels: Some((1200, 800)) },
        EnclosedFile { name: "report.pdf".to_owned(), octets: 300_700, pixels: None },
    ];
    let read = read_as("2026-11", under_front(BODY).as_bytes(), files, &archive());
    assert!(!masthead::diagnostic::has_errors(&read.diagnostics), "{:?}", listed(&read.diagnostics));
    let edition = read.edition.unwrap();
    let (page, text) = (page(&edition.html), joined(&edition.text));
    let headings: Vec<String> = page.headings.borrow().iter().map(|heading| joined(heading)).collect();
    for heading in [
        "lamps & wicks, at sea",
        "a heading with a link and code",
        "deeper",
        "a raw heading",
        "related items",
        "in brief",
        "first piece: dates",
        "second piece",
        "far down",
    ] {
        assert!(headings.iter().any(|found| found.starts_with(heading)), "no heading {heading:?} in the page: {headings:?}");
        let found = text.contains(heading) || heading == "a heading with a link and code" && text.contains("a heading with a link [");
        assert!(found || heading == "lamps & wicks, at sea" && text.contains("lamps & _wicks_, *at sea*"), "no {heading:?} in the text");
    }
    let own = [
        "https://news.example.org/issues/2026-11/report.pdf",
        "https://news.example.org/articles/2026-06/the-long-evening",
        "mailto:keeper@l.example.org",
        "https://l.example.org/short%20cut",
        "https://l.example.org/raw?a=1&b=2",
    ];
    let named = [
        "opening",
        "strong",
        "struck",
        "ref",
        "collapsed",
        "auto",
        "bare",
        "led",
        "heading",
        "item",
        "deep",
        "task",
        "quote",
        "head",
        "cell",
        "block",
        "around",
        "silent",
        "before",
        "note",
        "elsewhere",
        "after",
        "brief",
        "first",
        "untitled",
        "foot",
    ];
    let targets = own.iter().map(|target| (*target).to_owned()).chain(named.iter().map(|name| format!("https://l.example.org/{name}")));
    for target in targets {
        assert!(page.targets.borrow().contains(&target), "no link to {target} in the page");
        assert!(text.contains(target.trim_start_matches("mailto:").to_lowercase().as_str()), "no link to {target} in the text");
    }
    assert!(!page.targets.borrow().iter().any(|target| target.contains("/none") || target.contains("/remark") || target.is_empty()));
    for (source, alt) in [
        ("https://news.example.org/issues/2026-11/lamp.png", "A lamp on the quay"),
        ("https://l.example.org/leads.png", "A lamp that leads on"),
        ("https://l.example.org/raw.png", "A raw lamp"),
        ("https://l.example.org/around.png", "A lamp in a frame"),
    ] {
        assert!(page.images.borrow().contains(&(source.to_owned(), alt.to_owned())), "no image {source} in the page");
        assert!(text.contains(source) && text.contains(&format!("[image: {}]", alt.to_lowercase())), "no image {source} in the text");
    }
    let words = joined(&page.words.borrow());
    for said in [
        "code {{x}}",
        "small print",
        "a span",
        "nested, numbered",
        "in two paragraphs",
        "and one within",
        "set in",
        "whale | seal",
        "a raw quotation",
        "a raw entry",
        "the quay at dusk",
        "and a second paragraph",
        "pdf, 301 kb",
        "a term with a note again".trim_start_matches("a "),
    ] {
        assert!(words.contains(said), "{said:?} is not in the page");
        assert!(text.contains(said), "{said:?} is not in the text");
    }
}

#[test]
fn t4_nothing_that_acts_reaches_a_reader() {
    let body = r#"# H <img src=x onerror=alert(1)>

<script>alert(1)</script> <svg onload=alert(1)> <iframe src="https://e.example.org"></iframe> <a href="jav&#x09;ascript:alert(1)" onclick="x()">A</a>
[B](javascript:alert%281%29) [C](JAVASCRIPT:x) [D](vbscript:x) [E](data:text/html;base64,AAAA) <javascript:alert(1)> <a href=" javascript:x">F</a>
![G](javascript:x) <math><mi href="javascript:x">H</mi></math> <style>@import 'x'</style> <form action="x"><input name=y></form>

<object data="x"></object><embed src="x"><base href="https://e.example.org"><meta http-equiv=refresh content=0><link rel=stylesheet href=x>
"#;
    let read = read_as("2026-11", under_front(body).as_bytes(), Vec::new(), &archive());
    let html = read.edition.unwrap().html.to_lowercase();
    let body = &html[html.find("<body").unwrap()..];
    for banned in ["<script", "<svg", "<iframe", "<form", "<input", "<object", "<embed", "<base", "<link", "<meta", "<math"] {
        assert!(!body.contains(banned), "{banned}");
    }
    let page = page(&html);
    assert!(
        page.targets
            .borrow()
            .iter()
            .all(|target| target.starts_with("https://") || target.starts_with("mailto:") || target.starts_with("xm"))
    );
    assert!(!body.contains("onerror=") && !body.contains("onclick=") && !body.contains("onload="));
}
