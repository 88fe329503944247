//! The rules about a message's head.

use data_encoding::BASE64;

use super::{Findings, Kind};

/// One field, unfolded.
pub(super) struct Field {
    pub(super) name: String,
    pub(super) value: String,
}

const ONCE: [&str; 7] = ["from", "date", "message-id", "subject", "to", "mime-version", "content-type"];

/// What an issue has besides.
const ONCE_IN_ISSUES: [&str; 4] = ["list-id", "list-unsubscribe", "list-unsubscribe-post", "list-help"];

/// Fields of addresses, where a phrase stands before an address.
const MAILBOXES: [&str; 5] = ["from", "to", "cc", "reply-to", "sender"];

/// Splits the head into fields; what is none is a finding.
pub(super) fn fields(head: &[u8], found: &mut Findings) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::new();
    for line in head.split(|&octet| octet == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let text = String::from_utf8_lossy(line);
        found.check(line.len() <= 78, "M2", format!("a head line of {} octets: {text}", line.len()));
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            found.check(!text.trim().is_empty(), "M2", "a continuation line of nothing but blanks");
            match fields.last_mut() {
                Some(field) => field.value.push_str(&text),
                None => found.check(false, "M2", "a continuation of no field"),
            }
            continue;
        }
        match text.split_once(':') {
            Some((name, value)) if !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic()) => {
                fields.push(Field { name: name.to_ascii_lowercase(), value: value.to_owned() });
            }
            _ => found.check(false, "M2", format!("a line that is no field: {text}")),
        }
    }
    fields
}

/// All rules about the fields; `end` is the head's length in octets.
pub(super) fn check(kind: Kind, fields: &[Field], end: usize, found: &mut Findings) {
    let all = |name: &str| fields.iter().filter(|field| field.name == name).map(|field| field.value.trim()).collect::<Vec<_>>();
    let one = |name: &str| all(name).first().copied().unwrap_or_default();
    for field in fields {
        let times = all(&field.name).len();
        found.check(times == 1, "M3", format!("{} stands there {times} times", field.name));
        words(field, found);
    }
    let more: &[&str] = if kind == Kind::Letter { &[] } else { &ONCE_IN_ISSUES };
    for name in ONCE.iter().chain(more) {
        found.check(!all(name).is_empty(), "M3", format!("{name} is missing"));
    }
    for name in ["bcc", "return-path", "received"] {
        found.check(all(name).is_empty(), "M7", format!("{name} is not ours to write"));
    }
    found.check(end <= 8 * 1024, "M8", format!("a head of {end} octets"));
    found.check(one("subject").len() <= 200, "M8", "a subject of more than 200 octets");
    for name in MAILBOXES {
        for value in all(name) {
            mailbox(name, value, found);
        }
    }
    found.check(has_numeric_zone(one("date")), "M5", format!("no numeric zone in {}", one("date")));
    identifier(one("message-id"), one("from"), found);
    found.check(one("mime-version") == "1.0", "M3", "a MIME version that nobody knows");
    match kind {
        Kind::Issue | Kind::Plain => list_fields(fields, found),
        Kind::Letter => letter_fields(fields, found),
    }
}

/// L1 to L3: what a list's mail says about itself.
fn list_fields(fields: &[Field], found: &mut Findings) {
    let one = |name: &str| fields.iter().find(|field| field.name == name).map_or("", |field| field.value.trim());
    let id = one("list-id").rsplit_once('<').and_then(|(_, id)| id.strip_suffix('>')).unwrap_or_default();
    let labels: Vec<&str> = id.split('.').collect();
    let is_label = |label: &&str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    found.check(labels.len() > 1 && labels.iter().all(is_label) && id.len() <= 255, "L1", format!("no list id: {}", one("list-id")));
    let leave = uris(one("list-unsubscribe"));
    let is_https = |uri: &&String| uri.starts_with("https://") || uri.starts_with("http://127.0.0.1");
    found.check(leave.iter().filter(is_https).count() == 1, "L3", "List-Unsubscribe wants exactly one https URI");
    found.check(one("list-unsubscribe-post") == "List-Unsubscribe=One-Click", "L3", "no one-click");
    for name in ["list-unsubscribe", "list-help", "list-subscribe", "list-owner", "list-archive", "archived-at"] {
        let value = one(name);
        let bare: String = uris(value).iter().fold(value.to_owned(), |rest, uri| rest.replacen(&format!("<{uri}>"), "", 1));
        let is_well = bare.bytes().all(|b| b == b',' || b == b' ' || b == b'\t');
        found.check(
            value.is_empty() || is_well && !uris(value).is_empty(),
            "L2",
            format!("{name} is no list of URIs in brackets: {value}"),
        );
    }
}

/// L10, L15: what a letter says of itself, and that it is no list's mail.
fn letter_fields(fields: &[Field], found: &mut Findings) {
    let one = |name: &str| fields.iter().find(|field| field.name == name).map_or("", |field| field.value.trim());
    found.check(one("auto-submitted") == "auto-generated", "L10", "it does not say that a program wrote it");
    for field in fields {
        let is_lists = field.name.starts_with("list-") || ["precedence", "feedback-id", "archived-at"].contains(&field.name.as_str());
        found.check(!is_lists, "L15", format!("{} stands in a letter, which is no list's mail", field.name));
    }
}

fn uris(value: &str) -> Vec<String> {
    value.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(uri, _)| uri.to_owned()).collect()
}

/// M9: encoded-words, each short, whole in itself, and only where text stands.
fn words(field: &Field, found: &mut Findings) {
    let mut rest = field.value.as_str();
    let mut is_quoted = false;
    while let Some(at) = rest.find("=?") {
        is_quoted ^= rest[..at].matches('"').count() % 2 == 1;
        rest = &rest[at..];
        let parts: Vec<&str> = rest.splitn(5, '?').collect();
        let [_, charset, encoding, text, tail] = parts[..] else {
            return found.check(false, "M9", format!("an encoded-word without its end in {}", field.name));
        };
        let length = rest.len() - tail.len() + 1;
        let decoded = match encoding {
            "Q" | "q" => unquoted(text),
            _ => BASE64.decode(text.as_bytes()).ok(),
        };
        let is_whole = decoded.is_some_and(|octets| String::from_utf8(octets).is_ok());
        found.check(tail.starts_with('=') && length <= 75, "M9", format!("an encoded-word of {length} characters in {}", field.name));
        found.check(charset.eq_ignore_ascii_case("utf-8") && is_whole, "M9", format!("an encoded-word that splits a letter: {text}"));
        let is_text = ["subject", "list-id"].contains(&field.name.as_str()) || MAILBOXES.contains(&field.name.as_str());
        found.check(is_text && !is_quoted, "M9", format!("an encoded-word where no text stands: {}", field.name));
        rest = tail;
    }
}

/// The octets of a Q-encoded word.
fn unquoted(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::new();
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        octets.push(match octet {
            b'=' => u8::from_str_radix(&format!("{}{}", char::from(rest.next()?), char::from(rest.next()?)), 16).ok()?,
            b'_' => b' ',
            octet => octet,
        });
    }
    Some(octets)
}

/// M4, M7, M10: one mailbox, with a phrase of atoms, quoted strings or encoded-words.
fn mailbox(name: &str, value: &str, found: &mut Findings) {
    let (phrase, address) = match value.rsplit_once('<') {
        Some((phrase, rest)) => (phrase.trim(), rest.strip_suffix('>').unwrap_or_default()),
        None => ("", value),
    };
    let rule = if name == "from" { "M4" } else { "M7" };
    let is_address = address.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'));
    let is_one_word = !address.contains(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | ','));
    found.check(is_address && (is_one_word || address.starts_with('"')), rule, format!("{name} is no single mailbox: {value}"));
    let mut is_quoted = false;
    let mut is_escaped = false;
    let mut is_special = false;
    for c in phrase.chars() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            '(' | ')' | '<' | '>' | '[' | ']' | ':' | ';' | '@' | '\\' | ',' | '.' if !is_quoted => is_special = true,
            _ => {}
        }
    }
    found.check(!is_quoted && !is_special, "M10", format!("a name that wants quotes in {name}: {phrase}"));
    let lower = phrase.trim_matches('"').to_lowercase();
    let answers = lower.starts_with("re:") || lower.starts_with("fwd:");
    found.check(name != "from" || !answers && !address.ends_with("@gmail.com"), "M4", format!("a sender that looks forged: {value}"));
}

/// M6: an id of our own, with no address in it.
fn identifier(id: &str, from: &str, found: &mut Findings) {
    let inner = id.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or_default();
    let domain = from.rsplit_once('@').map(|(_, domain)| domain.trim_end_matches('>')).unwrap_or_default();
    let is_well = inner.len() <= 500
        && inner.matches('@').count() == 1
        && inner.split_once('@').is_some_and(|(left, right)| !left.is_empty() && right == domain)
        && !inner.contains(|c: char| c.is_whitespace() || matches!(c, '<' | '>'));
    found.check(is_well, "M6", format!("no Message-ID of our own: {id}"));
}

fn has_numeric_zone(date: &str) -> bool {
    date.rsplit_once(' ')
        .is_some_and(|(_, zone)| zone.len() == 5 && zone.starts_with(['+', '-']) && zone[1..].bytes().all(|b| b.is_ascii_digit()))
}
