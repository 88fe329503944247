//! The rules about a message's parts.

use mail_parser::{Message, MessagePart, MimeHeaders as _, PartType};

use super::{Findings, Kind, position};

/// What no part of a mail may hold: those clients strip or distrust it (STANDARDS H6, H7).
const ELEMENTS: [&str; 9] = ["script", "form", "iframe", "object", "embed", "link", "base", "svg", "picture"];

/// All rules about the parts.
pub(super) fn check(kind: Kind, message: &Message<'_>, raw: &[u8], found: &mut Findings) {
    let top = message.content_type();
    let boundary = top.and_then(|kind| kind.attribute("boundary")).unwrap_or_default();
    let leaves: Vec<&MessagePart<'_>> = message.parts.iter().filter(|part| !matches!(part.body, PartType::Multipart(_))).collect();
    // A letter that has nothing to show in HTML is one plain part.
    let is_plain = top.is_some_and(|kind| is(kind, "text", "plain"));
    if kind == Kind::Plain || kind == Kind::Letter && is_plain {
        found.check(is_plain && leaves.len() == 1, "M12", "plain text with something beside it");
    } else {
        alternatives(top, boundary, &leaves, found);
    }
    for part in leaves {
        let inner = raw.get(part.offset_body as usize..part.offset_end as usize).unwrap_or_default();
        encoding(part, inner, found);
        found.check(boundary.is_empty() || position(inner, boundary.as_bytes()).is_none(), "M12", "the boundary stands in a part");
        match &part.body {
            PartType::Text(text) => plain(kind, text, found),
            PartType::Html(html) => markup(html, found),
            _ => {}
        }
    }
    lines(raw, found);
}

/// M12: the same in plain text and in HTML, the richest last.
fn alternatives(top: Option<&mail_parser::ContentType<'_>>, boundary: &str, leaves: &[&MessagePart<'_>], found: &mut Findings) {
    found.check(top.is_some_and(|kind| is(kind, "multipart", "alternative")), "M12", "the whole is no multipart/alternative");
    found.check(
        (1..=70).contains(&boundary.len()) && boundary.contains("=_"),
        "M12",
        format!("the boundary could occur in a part: {boundary}"),
    );
    let kinds: Vec<bool> = leaves
        .iter()
        .zip(["plain", "html"])
        .map(|(part, wanted)| part.content_type().is_some_and(|kind| is(kind, "text", wanted)))
        .collect();
    found.check(leaves.len() == 2 && kinds.iter().all(|kind| *kind), "M12", "the parts are not text/plain, then text/html");
}

fn is(kind: &mail_parser::ContentType<'_>, main: &str, sub: &str) -> bool {
    kind.ctype().eq_ignore_ascii_case(main) && kind.subtype().is_some_and(|found| found.eq_ignore_ascii_case(sub))
}

/// M13: UTF-8 in a transfer encoding that survives every relay and every mailbox file.
fn encoding(part: &MessagePart<'_>, inner: &[u8], found: &mut Findings) {
    let charset = part.content_type().and_then(|kind| kind.attribute("charset")).unwrap_or_default();
    found.check(charset.eq_ignore_ascii_case("utf-8"), "M13", format!("a part in the charset {charset:?}"));
    let encoding = part.content_transfer_encoding().unwrap_or_default().to_ascii_lowercase();
    found.check(["quoted-printable", "base64"].contains(&encoding.as_str()), "M13", format!("a part encoded as {encoding:?}"));
    for line in inner.split(|&octet| octet == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let text = || String::from_utf8_lossy(line).into_owned();
        found.check(!line.ends_with(b" ") && !line.ends_with(b"\t"), "M13", format!("a blank at the end of a line: {}", text()));
        found.check(!line.starts_with(b"."), "M13", format!("a line that begins with a dot: {}", text()));
        found.check(!line.starts_with(b"From "), "M13", format!("a line that a mailbox file would change: {}", text()));
        if encoding == "quoted-printable" {
            found.check(is_quoted_printable(line), "M13", format!("an escape that is none: {}", text()));
        }
    }
}

fn is_quoted_printable(line: &[u8]) -> bool {
    let mut rest = line;
    while let Some(at) = rest.iter().position(|&octet| octet == b'=') {
        match &rest[at + 1..] {
            [] => return true,
            [a, b, tail @ ..] if [a, b].iter().all(|digit| digit.is_ascii_digit() || (b'A'..=b'F').contains(digit)) => rest = tail,
            _ => return false,
        }
    }
    true
}

/// M13: every line after the head is short.
fn lines(raw: &[u8], found: &mut Findings) {
    let body = position(raw, b"\r\n\r\n").map_or(&[][..], |end| &raw[end + 4..]);
    let longest = body.split(|&octet| octet == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line).len()).max();
    found.check(longest.is_none_or(|longest| longest <= 76), "M13", format!("a line of {longest:?} octets in a part"));
}

/// M15, X1: something to say, narrow lines, and in an issue a way out.
fn plain(kind: Kind, text: &str, found: &mut Findings) {
    found.check(!text.trim().is_empty(), "M15", "the plain text says nothing");
    for line in text.lines() {
        found.check(line.chars().count() <= 78 || line.contains("http"), "X1", format!("a wide line: {line}"));
    }
    found.check(kind == Kind::Letter || text.contains("nsubscribe: http"), "X1", "the plain text says nowhere how to leave");
    leaks(text, found);
}

/// A1, A2, H1, H6, H7: what a mail program must be able to show, and must not be asked to run.
fn markup(html: &str, found: &mut Findings) {
    let lower = html.to_lowercase();
    found.check(html.len() < 100_000, "H1", format!("{} octets of HTML", html.len()));
    let opening = lower.split_once("<html").and_then(|(_, rest)| rest.split_once('>')).map_or("", |(tag, _)| tag);
    found.check(opening.contains(" lang="), "A1", "the html element has no lang");
    let title = lower.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>")).map_or("", |(title, _)| title);
    found.check(!title.trim().is_empty(), "A2", "there is no title");
    for tag in lower.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap_or_default();
        let name = tag.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        found.check(!ELEMENTS.contains(&name), "H7", format!("an element that no mail may hold: <{tag}>"));
        for (attribute, value) in attributes(tag) {
            found.check(!attribute.starts_with("on"), "H7", format!("a script in an attribute: <{tag}>"));
            found.check(attribute != "src" || value.starts_with("https:"), "H6", format!("an image that is not on https: {value}"));
        }
    }
    leaks(html, found);
}

/// Names and values of a tag's attributes.
fn attributes(tag: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = tag;
    while let Some((before, after)) = rest.split_once('=') {
        let name = before.rsplit(|c: char| c.is_whitespace() || c == '"' || c == '\'').next().unwrap_or_default();
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (value, tail) = match quote {
            Some(quote) => after[1..].split_once(quote).unwrap_or((&after[1..], "")),
            None => after.split_once(char::is_whitespace).unwrap_or((after, "")),
        };
        found.push((name.to_owned(), value.to_owned()));
        rest = tail;
    }
    found
}

/// T3: what a template would have filled in.
fn leaks(text: &str, found: &mut Findings) {
    for trace in ["{{", "}}", "[object", "undefined"] {
        found.check(!text.contains(trace), "T3", format!("{trace} was printed"));
    }
}
