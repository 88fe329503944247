//! From a feed's HTML to plain words: no tag, no entity, nothing that turns the line around survives.

use std::cell::RefCell;

use html5ever::tokenizer::{BufferQueue, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};

/// Most characters of a text that are looked at.
const MOST_READ: usize = 20_000;

/// How often a text is read anew that has tags where words should be.
const READINGS: usize = 4;

/// Elements whose letters are not meant for reading.
const SILENT: [&str; 11] = ["script", "style", "head", "template", "iframe", "noscript", "svg", "math", "textarea", "object", "select"];

/// Elements that stand within a line; all others begin a word of their own.
const WITHIN: [&str; 20] = [
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "em", "font", "i", "mark", "q", "s", "small", "span", "strong", "sub", "sup", "u",
    "wbr",
];

/// The words of some HTML, on one line. What was escaped twice is read twice, and what still looks like a tag after a few
/// readings was never meant to be read.
pub(super) fn words(html: &str) -> String {
    let mut words = spoken(html);
    for _ in 1..READINGS {
        if !has_tags(&words) {
            return words;
        }
        words = spoken(&words);
    }
    words.split(['<', '>']).flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

/// As many whole words as go into so many characters; with an ellipsis if there are more.
pub(super) fn cut(words: &str, most: usize) -> String {
    if words.chars().nth(most).is_none() {
        return words.to_owned();
    }
    let head: String = words.chars().take(most - 1).collect();
    // A word so long that it would leave next to nothing is cut.
    let whole = head.rfind(' ').filter(|at| *at >= head.len() / 2).map_or(head.as_str(), |at| &head[..at]);
    let whole = whole.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '\u{2013}' | '\u{2014}' | '-'));
    format!("{whole}\u{2026}")
}

fn spoken(html: &str) -> String {
    let read: String = html.chars().take(MOST_READ).collect();
    let input = BufferQueue::default();
    input.push_back(read.as_str().into());
    let tokenizer = Tokenizer::new(Ear::default(), TokenizerOpts::default());
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    let heard = tokenizer.sink.0.into_inner().heard;
    let legible: String = heard.chars().filter(|c| !turns_the_line(*c)).map(|c| if c.is_control() { ' ' } else { c }).collect();
    legible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a tag stands in what should be words.
fn has_tags(text: &str) -> bool {
    text.match_indices('<').any(|(at, _)| text[at + 1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')))
}

/// Characters that are not seen and change the order or the look of those that are.
fn turns_the_line(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[derive(Default)]
struct Ear(RefCell<Heard>);

#[derive(Default)]
struct Heard {
    heard: String,
    silenced_by: Option<String>,
}

impl TokenSink for Ear {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut ear = self.0.borrow_mut();
        match token {
            Token::TagToken(tag) => {
                let name: &str = &tag.name;
                let opens = tag.kind == TagKind::StartTag && !tag.self_closing;
                if ear.silenced_by.is_none() && opens && SILENT.contains(&name) {
                    ear.silenced_by = Some(name.to_owned());
                } else if tag.kind == TagKind::EndTag && ear.silenced_by.as_deref() == Some(name) {
                    ear.silenced_by = None;
                }
                if !WITHIN.contains(&name) {
                    ear.heard.push(' ');
                }
            }
            Token::CharacterTokens(text) if ear.silenced_by.is_none() => ear.heard.push_str(&text),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_goes_and_words_stay() {
        for (html, wanted) in [
            ("Plain &amp; simple", "Plain & simple"),
            ("<p>One</p><p>two<br>three <b>bo</b>ld</p>", "One two three bold"),
            ("a<script>alert('x < y')</script>b", "a b"),
            ("a<SCRIPT src=x>alert(1)</SCRIPT >b<style>p{}</style>c", "a b c"),
            ("&lt;b&gt;twice&lt;/b&gt; &amp;eacute;", "twice \u{e9}"),
            ("&lt;img src=x onerror=alert(1)&gt;seen", "seen"),
            ("5 < 6 and 7 > 2", "5 < 6 and 7 > 2"),
            ("<!-- not -->yes<!DOCTYPE html>", "yes"),
            ("un\u{ad}seen \u{202e}turned\u{202c}\u{0}\n\t x", "unseen turned x"),
            ("<p title=\"a > b\">c", "c"),
            ("open <script>for ever", "open"),
            ("", ""),
        ] {
            assert_eq!(words(html), wanted, "{html:?}");
        }
    }

    #[test]
    fn an_excerpt_ends_with_a_word() {
        assert_eq!(cut("short enough", 12), "short enough");
        assert_eq!(cut("one two, three", 10), "one two\u{2026}");
        assert_eq!(cut("unbreakableword", 6), "unbre\u{2026}");
        let long = "w\u{f6}rd ".repeat(100);
        let cut = cut(long.trim(), 240);
        assert!(cut.chars().count() <= 240 && cut.ends_with("w\u{f6}rd\u{2026}"), "{cut}");
    }
}
