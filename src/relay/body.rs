//! The message as DATA carries it, and the last gate before the socket (STANDARDS T2): whatever the rooms above let
//! through, no body ends before its end.

/// Why a message is never handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unfit {
    /// The sender's or recipient's address would not stay one word between angle brackets.
    #[error("the {0} address holds a character that no command may carry")]
    Address(&'static str),
    /// A line feed without a carriage return before it.
    #[error("the message holds a bare line feed")]
    BareLf,
    /// A carriage return without a line feed after it.
    #[error("the message holds a bare carriage return")]
    BareCr,
    /// A NUL.
    #[error("the message holds a NUL")]
    Nul,
    /// The last line has no end, or there is none.
    #[error("the message does not end with a line end")]
    Unended,
    /// It is not the message whose door is open.
    #[error("it is not the message that was announced")]
    Another,
}

/// What one look at a fit message tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Shape {
    /// Whether any line begins with a dot.
    pub(super) has_dots: bool,
    /// Whether any octet is beyond ASCII.
    pub(super) is_8bit: bool,
}

/// Looks at every octet once, and with no branch that depends on any, so that the compiler takes many of them at a time.
pub(super) fn examine(message: &[u8]) -> Result<Shape, Unfit> {
    let (Some((&first, rest)), true) = (message.split_first(), message.ends_with(b"\r\n")) else { return Err(Unfit::Unended) };
    let mut seen = Seen { torn: u8::from(first == b'\n'), nul: u8::from(first == 0), dot: u8::from(first == b'.'), any: first };
    for (&before, &octet) in message.iter().zip(rest) {
        seen.torn |= u8::from(before == b'\r') ^ u8::from(octet == b'\n');
        seen.nul |= u8::from(octet == 0);
        seen.dot |= is_first_dot((&before, &octet));
        seen.any |= octet;
    }
    if seen.torn | seen.nul != 0 {
        return Err(what_is_wrong(message));
    }
    Ok(Shape { has_dots: seen.dot != 0, is_8bit: !seen.any.is_ascii() })
}

/// What was seen anywhere in a message: not 0 where it was.
struct Seen {
    /// Half a line end.
    torn: u8,
    nul: u8,
    /// A dot at the start of a line.
    dot: u8,
    /// The bits of all octets.
    any: u8,
}

/// The first fault of a message that has one.
fn what_is_wrong(message: &[u8]) -> Unfit {
    let mut before = 0;
    for &octet in message {
        match (before, octet) {
            (b'\r', b'\n') => {}
            (b'\r', _) => return Unfit::BareCr,
            (_, b'\n') => return Unfit::BareLf,
            (_, 0) => return Unfit::Nul,
            _ => {}
        }
        before = octet;
    }
    Unfit::BareCr
}

/// 1 for a dot behind a line's end, 0 for all else: no branch here either.
fn is_first_dot((before, octet): (&u8, &u8)) -> u8 {
    u8::from(*before == b'\n') & u8::from(*octet == b'.')
}

/// Puts the message into `stuffed` with a dot doubled at each line's start (RFC 5321 section 4.5.2), in place of what was there.
pub(super) fn stuff_dots(message: &[u8], stuffed: &mut Vec<u8>) {
    /// Octets that are copied unread where none is such a dot.
    const BLOCK: usize = 256;
    stuffed.clear();
    stuffed.reserve(message.len() + message.len() / 64);
    if message.starts_with(b".") {
        stuffed.push(b'.');
    }
    let mut copied = 0;
    let followed = message.get(1..).unwrap_or_default();
    for (at, (before, block)) in message.chunks(BLOCK).zip(followed.chunks(BLOCK)).enumerate() {
        if before.iter().zip(block).map(is_first_dot).fold(0, |any, one| any | one) == 0 {
            continue;
        }
        for (offset, pair) in before.iter().zip(block).enumerate() {
            if is_first_dot(pair) != 0 {
                let dot = at * BLOCK + offset + 1;
                stuffed.extend_from_slice(message.get(copied..=dot).unwrap_or_default());
                copied = dot;
            }
        }
    }
    stuffed.extend_from_slice(message.get(copied..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stuffed(message: &[u8]) -> Vec<u8> {
        let mut stuffed = b"of the message before".to_vec();
        stuff_dots(message, &mut stuffed);
        stuffed
    }

    #[test]
    fn a_dot_is_doubled_at_the_start_of_a_line_and_nowhere_else() {
        assert_eq!(stuffed(b".\r\na.b\r\n..\r\n\r\n.x\r\n"), b"..\r\na.b\r\n...\r\n\r\n..x\r\n");
        for message in [&b".x\r\n"[..], b"x\r\n.\r\n", b"x\r\n..\r\n"] {
            assert!(examine(message).unwrap().has_dots, "{}", message.escape_ascii());
        }
        assert!(!examine(b"x.\r\n y.\r\n").unwrap().has_dots);
    }

    #[test]
    fn octets_beyond_ascii_are_seen_wherever_they_are() {
        for message in ["\u{e9}\r\n", "abc\u{e9}\r\n"] {
            assert!(examine(message.as_bytes()).unwrap().is_8bit);
        }
        assert!(!examine(b"abc\x7f\r\n").unwrap().is_8bit);
    }

    #[test]
    fn t2_a_message_that_could_end_early_is_unfit() {
        for (message, fault) in [
            (&b"a\n.\nb\r\n"[..], Unfit::BareLf),
            (b"\nb\r\n", Unfit::BareLf),
            (b"a\r\n.\nMAIL FROM:<x@y>\r\n", Unfit::BareLf),
            (b"a\r.\rb\r\n", Unfit::BareCr),
            (b"a\r\n.\rb\r\n", Unfit::BareCr),
            (b"\ra\r\n", Unfit::BareCr),
            (b"a\r\r\n", Unfit::BareCr),
            (b"a\0b\r\n", Unfit::Nul),
            (b"\0\r\n", Unfit::Nul),
            (b"a\r\n.", Unfit::Unended),
            (b"a\r", Unfit::Unended),
            (b"a\n", Unfit::Unended),
            (b"", Unfit::Unended),
        ] {
            assert_eq!(examine(message), Err(fault), "{}", message.escape_ascii());
        }
    }

    proptest::proptest! {
        #[test]
        fn what_was_stuffed_comes_back_equal(lines in proptest::collection::vec("[.a\t ]{0,5}|[a-z]{100,200}", 1..60)) {
            let message = lines.join("\r\n") + "\r\n";
            let stuffed = String::from_utf8(stuffed(message.as_bytes())).unwrap();
            let back: String = stuffed.split_inclusive("\r\n").map(|line| line.strip_prefix('.').unwrap_or(line)).collect();
            let shape = examine(message.as_bytes()).unwrap();
            proptest::prop_assert_eq!(shape.has_dots, stuffed != message);
            proptest::prop_assert_eq!(back, message);
            let end_marks = stuffed.match_indices("\r\n.\r\n").count() + usize::from(stuffed.starts_with(".\r\n"));
            proptest::prop_assert_eq!(end_marks, 0);
        }

        #[test]
        fn t2_one_look_finds_what_a_slow_one_finds(message in "[\r\n\0.aé]{0,12}(\r\n)?") {
            let octets = message.as_bytes();
            let lines = message.split("\r\n");
            let is_fit = message.ends_with("\r\n") && lines.clone().all(|line| !line.contains(['\r', '\n', '\0']));
            let found = examine(octets);
            proptest::prop_assert_eq!(found.is_ok(), is_fit);
            if let Ok(shape) = found {
                proptest::prop_assert_eq!(shape.has_dots, lines.clone().any(|line| line.starts_with('.')));
                proptest::prop_assert_eq!(shape.is_8bit, !message.is_ascii());
            }
        }
    }
}
