//! Heads in the form in which they are signed (RFC 6376 section 3.4.2): names in lower case, folds undone, runs of blanks
//! one, none at the ends.

/// Appends a head, line ends and all.
pub(super) fn push_head(head: &[u8], out: &mut Vec<u8>) {
    let mut begun = false;
    let mut rest = head;
    while !rest.is_empty() {
        let length = field_length(rest);
        let (field, later) = rest.split_at(length);
        let colon = field.iter().position(|octet| *octet == b':').unwrap_or(field.len());
        let (name, value) = field.split_at(colon);
        if begun {
            out.extend_from_slice(b"\r\n");
        }
        push_field(name.trim_ascii_end(), value.get(1..).unwrap_or_default(), out);
        begun = true;
        rest = later;
    }
    out.extend_from_slice(b"\r\n");
}

/// Octets of the field that begins here: up to the first line end after which no blank follows.
fn field_length(head: &[u8]) -> usize {
    let mut from = 0;
    while let Some(at) = head[from..].iter().position(|octet| *octet == b'\n') {
        from += at + 1;
        if !matches!(head.get(from), Some(b' ' | b'\t')) {
            return from;
        }
    }
    head.len()
}

/// Appends one field without its line end.
pub(super) fn push_field(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    out.extend(name.iter().map(u8::to_ascii_lowercase));
    out.push(b':');
    let mut words = value.split(|octet| matches!(octet, b' ' | b'\t' | b'\r' | b'\n')).filter(|word| !word.is_empty());
    out.extend_from_slice(words.next().unwrap_or_default());
    for word in words {
        out.push(b' ');
        out.extend_from_slice(word);
    }
}

/// The names in a relaxed head, in their order.
pub(super) fn names(spoken: &[u8]) -> impl Iterator<Item = &str> {
    spoken.split(|octet| *octet == b'\n').filter_map(|line| {
        let colon = line.iter().position(|octet| *octet == b':')?;
        std::str::from_utf8(&line[..colon]).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_relaxed_as_the_rfc_shows() {
        let mut out = Vec::new();
        push_head(b"A: X\r\nB : Y\t\r\n\tZ  \r\n", &mut out);
        assert_eq!(out, b"a:X\r\nb:Y Z\r\n");
        assert_eq!(names(&out).collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn a_value_may_have_colons_and_be_folded_at_its_beginning() {
        let mut out = Vec::new();
        push_head(b"Subject:\r\n re: \r\n a:b\r\nX:y\r\n", &mut out);
        assert_eq!(out, b"subject:re: a:b\r\nx:y\r\n");
        assert_eq!(names(&out).collect::<Vec<_>>(), ["subject", "x"]);
    }
}
