//! Quoted-printable: any text as lines of at most 76 plain ASCII characters that no relay has a reason to touch.
//!
//! Besides RFC 2045 §6.7 it encodes a dot and `From ` at the start of a line (RFC 2049 §3; STANDARDS M13): a relay that
//! doubles the one, or a mailbox that quotes the other, would break the DKIM signature. For the same reason, and so that
//! a body can be hashed as it stands, no blank follows another and no tab is left: what is written is its own relaxed
//! form (RFC 6376 §3.4.4), however its lines end.
//!
//! A body that is the same for everybody except in a few places is encoded once, in pieces. Every piece is written for a
//! line of its own and closes it with a soft break, which vanishes when it is decoded. So pieces are joined by plain
//! concatenation, whatever a reader's value is and however long:
//!
//! ```
//! use masthead::edition::quoted_printable::{encode_last, encode_segment, encode_slot};
//!
//! let mut body = Vec::new();
//! encode_segment("Dear ", &mut body);
//! encode_slot("Zoë", &mut body);
//! encode_last(",\nhere it is.\n", &mut body);
//! assert_eq!(body, b"Dear =\r\nZo=C3=AB=\r\n,\r\nhere it is.\r\n");
//! ```

/// Most characters before the `=` of a soft break, so that a line has at most 76 (RFC 2045 §6.7 rule 5).
const ROOM: usize = 75;

#[derive(Clone, Copy, PartialEq)]
enum Class {
    /// Stands for itself.
    Plain,
    /// Stands for itself, but neither at the end of a line nor after another.
    Blank,
    /// CR or LF.
    Break,
    /// Written as `=XX`.
    Escape,
}

const CLASS: [Class; 256] = {
    let mut table = [Class::Escape; 256];
    let mut byte = b'!';
    while byte <= b'~' {
        table[byte as usize] = Class::Plain;
        byte += 1;
    }
    table[b'=' as usize] = Class::Escape;
    table[b' ' as usize] = Class::Blank;
    table[b'\r' as usize] = Class::Break;
    table[b'\n' as usize] = Class::Break;
    table
};

/// Encodes a whole text part. LF and CRLF are line ends; a lone CR is a character like any other.
pub fn encode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + text.len() / 8);
    encode_last(text, &mut out);
    out.into_iter().map(char::from).collect()
}

/// Appends a piece that more will follow, and closes its line. A cut never stands between a CR and its LF.
pub fn encode_segment(text: &str, out: &mut Vec<u8>) {
    let mut lines = Lines { out, column: 0 };
    lines.text(text, After::More);
    if lines.column > 0 {
        lines.soft_break();
    }
}

/// Appends the piece that ends the text. Its last line stays open: the break before a boundary belongs to the boundary.
pub fn encode_last(text: &str, out: &mut Vec<u8>) {
    Lines { out, column: 0 }.text(text, After::Nothing);
}

/// Appends a reader's value, and closes its line; nothing at all for an empty one. A value is one line by nature; should
/// it have breaks in it, they are encoded, and so can begin no line on the wire (STANDARDS T2).
pub fn encode_slot(value: &str, out: &mut Vec<u8>) {
    encode_escaped_slot(value, |_| None, out);
}

/// Appends a reader's value of which some ASCII characters are to be written otherwise, as `&amp;` for `&`: what
/// [`encode_slot`] would make of the escaped value.
pub fn encode_escaped_slot(value: &str, escaped: impl Fn(u8) -> Option<&'static str>, out: &mut Vec<u8>) {
    let mut lines = Lines { out, column: 0 };
    let mut begin = 0;
    for (at, octet) in value.bytes().enumerate() {
        let other = escaped(octet);
        if other.is_none() && CLASS[usize::from(octet)] != Class::Break {
            continue;
        }
        lines.text(&value[begin..at], After::More);
        match other {
            Some(other) => lines.text(other, After::More),
            None => lines.escape(&[octet]),
        }
        begin = at + 1;
    }
    lines.text(&value[begin..], After::More);
    if lines.column > 0 {
        lines.soft_break();
    }
}

/// What follows a piece of text on the same line.
#[derive(Clone, Copy, PartialEq)]
enum After {
    /// More of it, after a soft break at the latest.
    More,
    /// Nothing: a blank that ends it must be encoded.
    Nothing,
}

struct Lines<'a> {
    out: &'a mut Vec<u8>,
    column: usize,
}

impl Lines<'_> {
    fn text(&mut self, text: &str, after: After) {
        let mut rest = text.as_bytes();
        while let Some(&first) = rest.first() {
            let taken = match CLASS[usize::from(first)] {
                Class::Plain | Class::Blank => self.run(rest, after),
                Class::Break => self.line_end(rest),
                Class::Escape => {
                    let whole = &rest[..character_length(first).min(rest.len())];
                    self.escape(whole);
                    whole.len()
                }
            };
            rest = &rest[taken..];
        }
    }

    /// Writes what stands for itself, as far as this line has room; returns how many octets it took.
    fn run(&mut self, rest: &[u8], after: After) -> usize {
        if self.column == ROOM {
            self.soft_break();
        }
        if self.column == 0 && (rest[0] == b'.' || rest.starts_with(b"From ")) {
            self.escape(&rest[..1]);
            return 1;
        }
        let mut blank = self.column > 0 && self.out.last() == Some(&b' ');
        if blank && rest[0] == b' ' {
            self.escape(&rest[..1]);
            return 1;
        }
        let room = (ROOM - self.column).min(rest.len());
        let ends_run = |&octet: &u8| {
            let second = blank && octet == b' ';
            blank = octet == b' ';
            second || !stands_for_itself(octet)
        };
        let length = rest[..room].iter().position(ends_run).unwrap_or(room);
        let ends_line = match rest.get(length..) {
            None | Some([]) => after == After::Nothing,
            Some([b'\n', ..] | [b'\r', b'\n', ..]) => true,
            Some(_) => false,
        };
        if ends_line && CLASS[usize::from(rest[length - 1])] == Class::Blank {
            self.plain(&rest[..length - 1]);
            self.escape(&rest[length - 1..length]);
        } else {
            self.plain(&rest[..length]);
        }
        length
    }

    fn line_end(&mut self, rest: &[u8]) -> usize {
        let taken = match rest {
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            _ => {
                self.escape(&rest[..1]);
                return 1;
            }
        };
        self.out.extend_from_slice(b"\r\n");
        self.column = 0;
        taken
    }

    fn plain(&mut self, octets: &[u8]) {
        self.out.extend_from_slice(octets);
        self.column += octets.len();
    }

    /// Writes the octets of one character, never on two lines: some readers decode line by line.
    fn escape(&mut self, octets: &[u8]) {
        const HEX: &[u8; 16] = b"0123456789ABCDEF";
        if self.column + 3 * octets.len() > ROOM {
            self.soft_break();
        }
        for octet in octets {
            self.out.extend_from_slice(&[b'=', HEX[usize::from(octet >> 4)], HEX[usize::from(octet & 15)]]);
        }
        self.column += 3 * octets.len();
    }

    fn soft_break(&mut self) {
        self.out.extend_from_slice(b"=\r\n");
        self.column = 0;
    }
}

fn stands_for_itself(byte: u8) -> bool {
    matches!(CLASS[usize::from(byte)], Class::Plain | Class::Blank)
}

/// Octets of the UTF-8 character that begins so.
fn character_length(first: u8) -> usize {
    match first {
        0xF0.. => 4,
        0xE0.. => 3,
        0xC0.. => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m13_what_a_relay_might_touch_is_encoded() {
        assert_eq!(encode("a \nb\t\r\nc="), "a=20\r\nb=09\r\nc=3D");
        assert_eq!(encode("a  \n "), "a =20\r\n=20");
        assert_eq!(encode("a   b \t c\n  d"), "a =20 b =09 c\r\n =20d");
        assert_eq!(encode(".\n..x\nFrom me\nFrom: me\nx From y"), "=2E\r\n=2E.x\r\n=46rom me\r\nFrom: me\r\nx From y");
        assert_eq!(encode("a\rb\0\u{7f}"), "a=0Db=00=7F");
        assert_eq!(encode("a\r\r\n\n"), "a=0D\r\n\r\n");
        assert_eq!(encode(""), "");
    }

    #[test]
    fn m13_lines_break_before_they_are_too_long() {
        let x75 = "x".repeat(75);
        assert_eq!(encode(&x75), x75);
        assert_eq!(encode(&format!("{x75}.y")), format!("{x75}=\r\n=2Ey"));
        assert_eq!(encode(&format!("{x75}From y")), format!("{x75}=\r\n=46rom y"));
        let x70 = "x".repeat(70);
        assert_eq!(encode(&format!("{x70}é")), format!("{x70}=\r\n=C3=A9"));
        assert_eq!(encode(&format!("{x75} \n")), format!("{x75}=\r\n=20\r\n"));
    }

    #[test]
    fn pieces_join_by_concatenation() {
        let joined = |greeting: &str, value: &str, rest: &str| {
            let mut out = Vec::new();
            encode_segment(greeting, &mut out);
            encode_slot(value, &mut out);
            encode_last(rest, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(joined("Dear ", "", " you"), "Dear =\r\n you");
        assert_eq!(joined("", ".", ".\n"), "=2E=\r\n=2E\r\n");
        assert_eq!(joined("a\n", "From ", "me"), "a\r\n=46rom =\r\nme");
        assert_eq!(joined("a", "b \r\n.c", ""), "a=\r\nb =0D=0A.c=\r\n");
    }
}
