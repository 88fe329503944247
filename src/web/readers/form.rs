//! What a form or a mail program sends: urlencoded, or in parts (RFC 7578), each within bounds.
//!
//! Nothing that comes is a fault: what cannot be read has no fields, and whoever asks for one decides what that means.

use axum::http::{HeaderMap, header};

/// Most fields that are looked at; no form of ours has as many.
const MOST: usize = 64;

/// Fields in the order in which they came. A name may come more than once.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a body as its head says that it is written.
    pub(super) fn read(head: &HeaderMap, body: &[u8]) -> Self {
        Self::of(head.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default(), body)
    }

    /// Reads a body of this media type.
    pub fn of(kind: &str, body: &[u8]) -> Self {
        if is(kind, "multipart/form-data") {
            return boundary(kind).map(|boundary| Self::parts(boundary, body)).unwrap_or_default();
        }
        if is(kind, "application/x-www-form-urlencoded") { Self::urlencoded(body) } else { Self::default() }
    }

    /// The first field of this name.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// All fields of this name.
    pub fn fields<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// `a=b&c=d`, with `+` for a blank and `%41` for any octet (WHATWG URL §5.1).
    pub(in crate::web) fn urlencoded(body: &[u8]) -> Self {
        let pairs = body.split(|octet| *octet == b'&').filter(|pair| !pair.is_empty()).take(MOST);
        Self(
            pairs
                .map(|pair| {
                    let at = pair.iter().position(|octet| *octet == b'=').unwrap_or(pair.len());
                    (decoded(&pair[..at]), decoded(pair.get(at + 1..).unwrap_or_default()))
                })
                .collect(),
        )
    }

    /// Parts between boundary lines (RFC 2046 §5.1.1); a file among them is no field.
    fn parts(boundary: &str, body: &[u8]) -> Self {
        let text = format!("\r\n{}", String::from_utf8_lossy(body));
        let mark = format!("\r\n--{boundary}");
        Self(text.split(mark.as_str()).skip(1).take_while(|part| !part.starts_with("--")).take(MOST).filter_map(part).collect())
    }
}

fn part(part: &str) -> Option<(String, String)> {
    let (head, value) = part.trim_start_matches([' ', '\t']).strip_prefix("\r\n")?.split_once("\r\n\r\n")?;
    let disposition = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-disposition").then_some(value.trim())
    })?;
    let parameter = |wanted: &str| {
        disposition.split(';').skip(1).find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim().trim_matches('"').to_owned())
        })
    };
    if !is(disposition, "form-data") || parameter("filename").is_some() {
        return None;
    }
    Some((parameter("name")?, value.to_owned()))
}

/// Whether a field's value is this word, with or without parameters.
fn is(value: &str, word: &str) -> bool {
    value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(word)
}

fn boundary(kind: &str) -> Option<&str> {
    let parameters = kind.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let mut found = parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"));
    let boundary = found.next()?.1.trim().trim_matches('"');
    (1..=70).contains(&boundary.len()).then_some(boundary)
}

fn decoded(text: &[u8]) -> String {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, others)) = rest.split_first() {
        let pair = others.first_chunk::<2>().filter(|_| first == b'%').and_then(|pair| hex(*pair));
        octets.push(pair.unwrap_or(if first == b'+' { b' ' } else { first }));
        rest = if pair.is_some() { &others[2..] } else { others };
    }
    String::from_utf8_lossy(&octets).into_owned()
}

fn hex(pair: [u8; 2]) -> Option<u8> {
    let digit = |octet: u8| char::from(octet).to_digit(16);
    u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn read(kind: &str, body: &str) -> Form {
        let mut head = HeaderMap::new();
        head.insert(header::CONTENT_TYPE, HeaderValue::from_str(kind).unwrap());
        Form::read(&head, body.as_bytes())
    }

    #[test]
    fn l6_both_ways_of_writing_a_form_say_the_same() {
        let urlencoded = read("application/x-www-form-urlencoded; charset=utf-8", "List-Unsubscribe=One-Click&a=%C3%A9+%zz&b");
        let parts = "--x y\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x y\r\n\
                     content-disposition: form-data; name=a\r\nContent-Type: text/plain\r\n\r\né %zz\r\n--x y\r\n\
                     Content-Disposition: form-data; name=\"b\"\r\n\r\n\r\n--x y--\r\n";
        assert_eq!(read("multipart/form-data; boundary=\"x y\"", parts), urlencoded);
        assert_eq!(urlencoded.field("List-Unsubscribe"), Some("One-Click"));
        assert_eq!(urlencoded.field("a"), Some("é %zz"));
        assert_eq!(urlencoded.field("b"), Some(""));
    }

    #[test]
    fn what_cannot_be_read_has_no_fields() {
        let files = "--x\r\nContent-Disposition: form-data; name=leave; filename=all\r\n\r\nall\r\n--x--";
        for (kind, body) in [
            ("multipart/form-data", "--x\r\n"),
            ("multipart/form-data; boundary=", "leave=all"),
            ("multipart/form-data; boundary=x", files),
            ("multipart/form-data; boundary=x", "--x\r\n\r\n\r\nall\r\n--x--"),
            ("application/json", "{\"leave\":\"all\"}"),
            ("", "leave=all"),
        ] {
            assert_eq!(read(kind, body), Form::default(), "{kind} {body}");
        }
        let many = "a=1&".repeat(100_000);
        assert_eq!(read("application/x-www-form-urlencoded", &many).0.len(), MOST);
    }
}
