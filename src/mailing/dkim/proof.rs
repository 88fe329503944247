//! A second opinion on our own signatures: from the message's octets alone, step by step as RFC 6376 section 6.1 has it.
//!
//! Shares no step with the code that signs, so that what that code takes for granted is put to the test.

use aws_lc_rs::digest;
use data_encoding::BASE64;

use super::DkimKey;

/// Whether a message bears a signature of this key that holds.
pub(super) fn holds(message: &[u8], key: &DkimKey) -> bool {
    let Some(end) = message.windows(4).position(|octets| octets == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&message[..end + 2]);
    let fields = fields(&head);
    fields.iter().any(|(name, value)| name == "dkim-signature" && is_sound(value, &fields, &message[end + 4..], key) == Some(true))
}

fn is_sound(signature: &str, fields: &[(String, String)], body: &[u8], key: &DkimKey) -> Option<bool> {
    let tag = |wanted: &str| {
        let mut tags = signature.split(';').filter_map(|tag| tag.split_once('='));
        tags.find(|(name, _)| name.trim() == wanted).map(|(_, value)| value.split_ascii_whitespace().collect::<String>())
    };
    if tag("a")? != key.algorithm() || tag("s")? != key.selector() || tag("d")? != key.domain() {
        return None;
    }
    let hash = digest::digest(&digest::SHA256, &relaxed_body(body));
    let mut spoken = String::new();
    let mut left: Vec<&(String, String)> = fields.iter().collect();
    for name in tag("h")?.split(':') {
        if let Some(at) = left.iter().rposition(|(known, _)| known == name) {
            let (name, value) = left.remove(at);
            push_relaxed(name, value, &mut spoken);
            spoken.push_str("\r\n");
        }
    }
    let mut until = 0;
    let bare = signature.split(';').find_map(|tag| {
        let begin = until;
        until += tag.len() + 1;
        tag.trim_start().starts_with("b=").then(|| signature.get(..begin + tag.find('=')? + 1)).flatten()
    })?;
    push_relaxed("dkim-signature", bare, &mut spoken);
    let octets = BASE64.decode(tag("b")?.as_bytes()).ok()?;
    Some(tag("bh")? == BASE64.encode(hash.as_ref()) && key.believes(spoken.as_bytes(), &octets))
}

/// The fields of a head: lower-case name and raw value, folded lines joined.
fn fields(head: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in head.split("\r\n").filter(|line| !line.is_empty()) {
        match line.split_once(':') {
            Some((name, value)) if !line.starts_with([' ', '\t']) => fields.push((name.to_ascii_lowercase(), value.to_owned())),
            _ => {
                if let Some((_, value)) = fields.last_mut() {
                    value.push_str(line);
                }
            }
        }
    }
    fields
}

/// RFC 6376 section 3.4.2: runs of blanks are one, none at the ends.
fn push_relaxed(name: &str, value: &str, out: &mut String) {
    out.push_str(name.trim_end());
    out.push(':');
    out.push_str(&value.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "));
}

/// RFC 6376 section 3.4.4: runs of blanks are one, none at a line's end, no empty lines at the end of the body. Bodies
/// that a [`Composer`](crate::mailing::compose::Composer) writes are this already.
pub fn relaxed_body(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 2);
    for line in body.split_inclusive(|octet| *octet == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut blank = false;
        for octet in line {
            if matches!(octet, b' ' | b'\t') {
                blank = true;
                continue;
            }
            if blank {
                out.push(b' ');
                blank = false;
            }
            out.push(*octet);
        }
        out.extend_from_slice(b"\r\n");
    }
    while out.ends_with(b"\r\n\r\n") {
        out.truncate(out.len() - 2);
    }
    if out == b"\r\n" {
        out.clear();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_relaxed_as_the_rfc_shows() {
        assert_eq!(relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n"), b" C\r\nD E\r\n");
        assert_eq!(relaxed_body(b"\r\n\r\n"), b"");
        assert_eq!(relaxed_body(b"a"), b"a\r\n");
        assert_eq!(relaxed_body(b"a\r\n \t\r\n"), b"a\r\n");
    }

    #[test]
    fn heads_are_relaxed_as_the_rfc_shows() {
        let mut out = String::new();
        for (name, value) in fields("A: X\r\nB : Y\t\r\n\tZ  \r\n") {
            push_relaxed(&name, &value, &mut out);
            out.push_str("\r\n");
        }
        assert_eq!(out, "a:X\r\nb:Y Z\r\n");
    }
}
