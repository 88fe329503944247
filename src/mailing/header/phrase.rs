//! Names before an address, and values of parameters: plain, in quotes, or encoded, whichever is the least that does.

use data_encoding::HEXUPPER;

use super::{LINE, Line, words};

/// Writes a display name (RFC 5322 §3.2.5; RFC 2047 §5 (3); STANDARDS M9, M10).
pub(super) fn write(line: &mut Line<'_>, name: &str) {
    let room = LINE - line.column;
    if is_atoms(name) && words::stands_as_it_is(name, room) {
        return line.folded(name);
    }
    let plain = !name.contains("=?") && name.bytes().all(|b| (b' '..=b'~').contains(&b));
    if plain && !name.starts_with(' ') && !name.ends_with(' ') {
        let quoted = quote(name);
        // A quoted string is never folded: its blanks are part of the name, and some readers keep the fold in it.
        if quoted.len() <= room {
            return line.word(&quoted);
        }
    }
    words::write_encoded(line, name);
}

/// A parameter as it stands after the semicolon: a token, a quoted string, or percent-encoded UTF-8 (RFC 2231 §4).
pub(super) fn parameter(key: &str, value: &str) -> String {
    if value.bytes().all(is_token) && !value.is_empty() {
        format!("{key}={value}")
    } else if value.is_ascii() {
        format!("{key}={}", quote(value))
    } else {
        let mut text = format!("{key}*=utf-8''");
        for octet in value.bytes() {
            if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) {
                text.push(char::from(octet));
            } else {
                text.push('%');
                text.push_str(&HEXUPPER.encode(&[octet]));
            }
        }
        text
    }
}

/// Words of atom characters with one blank between them; more blanks would be read as one.
fn is_atoms(name: &str) -> bool {
    name.split(' ').all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b)))
}

fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

/// RFC 2045 §5.1: printable ASCII without its separators; without RFC 2231's marks too, which have a meaning there.
fn is_token(b: u8) -> bool {
    b.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=*'%".contains(&b)
}
