//! Turns whatever a server sends into well-formed reply lines, within bounds (RFC 5321 section 4.2, STANDARDS T21).
//!
//! lettre reads replies as UTF-8, without a limit on a line that never ends, and knows no code beyond `x5y`. What it
//! gets to see has passed through here: one line at a time, ASCII, CRLF, with a code that it knows.

/// Longest line read, in octets without its end. RFC 5321 section 4.5.3.1.5 says 512; real servers say more.
const MAX_LINE: usize = 4096;

/// Longest text passed on of a line, in octets.
const MAX_TEXT: usize = 500;

/// Most octets of one reply (STANDARDS T21).
const MAX_REPLY: usize = 64 * 1024;

/// Most lines of one reply. lettre parses a reply anew with each line, so the work grows with the square of this.
const MAX_LINES: usize = 256;

/// Why what a server sent is no reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Nonsense {
    /// A line does not begin with a reply code.
    #[error("the server sent something that is no reply")]
    NoCode,
    /// The lines of one reply disagree about the code.
    #[error("the server mixed the codes {0} and {1} in one reply")]
    MixedCodes(u16, u16),
    /// A line does not end within [`MAX_LINE`].
    #[error("the server sent a reply line of more than {MAX_LINE} octets")]
    LongLine,
    /// A reply does not end within [`MAX_REPLY`] or [`MAX_LINES`].
    #[error("the server sent a reply that does not end")]
    Endless,
}

/// One line of a reply, made printable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReplyLine {
    /// 200 to 559.
    pub(super) code: u16,
    /// Whether the reply ends here.
    pub(super) is_last: bool,
    /// The text after the code: ASCII, at most [`MAX_TEXT`] octets.
    pub(super) text: String,
}

impl ReplyLine {
    /// The line as a server should have sent it, with CRLF.
    pub(super) fn to_wire(&self) -> Vec<u8> {
        let separator = if self.is_last { ' ' } else { '-' };
        format!("{}{separator}{}\r\n", self.code, self.text).into_bytes()
    }
}

/// Octets as they come in; lines as they go out.
#[derive(Debug, Default)]
pub(super) struct ReplyLines {
    unread: Vec<u8>,
    code: Option<u16>,
    lines: usize,
    octets: usize,
}

impl ReplyLines {
    /// Adds octets from the server. Call only when [`Self::next_line`] has nothing more, which bounds the memory.
    pub(super) fn feed(&mut self, octets: &[u8]) {
        self.unread.extend_from_slice(octets);
    }

    /// Whether the server has said more than was read.
    pub(super) fn has_unread(&self) -> bool {
        !self.unread.is_empty()
    }

    /// The next line, if it is complete. After an error the conversation is over.
    pub(super) fn next_line(&mut self) -> Result<Option<ReplyLine>, Nonsense> {
        let Some(end) = self.unread.iter().position(|&octet| octet == b'\n') else {
            return if self.unread.len() > MAX_LINE { Err(Nonsense::LongLine) } else { Ok(None) };
        };
        if end > MAX_LINE {
            return Err(Nonsense::LongLine);
        }
        let line = parse_line(self.unread.get(..end).unwrap_or_default())?;
        self.unread.drain(..=end);
        self.count(&line, end)?;
        Ok(Some(line))
    }

    fn count(&mut self, line: &ReplyLine, octets: usize) -> Result<(), Nonsense> {
        if let Some(code) = self.code.filter(|code| *code != line.code) {
            return Err(Nonsense::MixedCodes(code, line.code));
        }
        self.lines += 1;
        self.octets += octets;
        if self.lines > MAX_LINES || self.octets > MAX_REPLY {
            return Err(Nonsense::Endless);
        }
        if line.is_last {
            (self.code, self.lines, self.octets) = (None, 0, 0);
        } else {
            self.code = Some(line.code);
        }
        Ok(())
    }
}

fn parse_line(line: &[u8]) -> Result<ReplyLine, Nonsense> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let (code, rest) = line.split_at_checked(3).ok_or(Nonsense::NoCode)?;
    let code = known_code(code).ok_or(Nonsense::NoCode)?;
    let (is_last, text) = match rest.split_first() {
        // A code alone is not in the grammar, but RFC 5321 section 4.2 tells clients to take it.
        None => (true, rest),
        Some((b' ', text)) => (true, text),
        Some((b'-', text)) => (false, text),
        Some(_) => return Err(Nonsense::NoCode),
    };
    let text = text.iter().take(MAX_TEXT).map(|&octet| printable(octet)).collect();
    Ok(ReplyLine { code, is_last, text })
}

/// The code, where its first digit means anything. RFC 5321 section 4.3.2 wants codes with an unknown second digit (such
/// as 571) taken by their first: they become the most general code of it, which lettre can read.
fn known_code(digits: &[u8]) -> Option<u16> {
    let &[first @ b'2'..=b'5', second @ b'0'..=b'9', third @ b'0'..=b'9'] = digits else { return None };
    match (first, second) {
        (_, ..=b'5') => Some(u16::from(first - b'0') * 100 + u16::from(second - b'0') * 10 + u16::from(third - b'0')),
        (b'2', _) => Some(250),
        (b'4', _) => Some(451),
        (b'5', _) => Some(554),
        _ => None,
    }
}

/// One reply octet as text; what is not printable ASCII becomes `?`, so that a reply in Latin-1 keeps its code.
fn printable(octet: u8) -> char {
    match octet {
        b'\t' => ' ',
        b' '..=b'~' => char::from(octet),
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(octets: &[u8]) -> Result<Vec<ReplyLine>, Nonsense> {
        let mut lines = ReplyLines::default();
        let mut read = Vec::new();
        for chunk in octets.chunks(4096) {
            lines.feed(chunk);
            while let Some(line) = lines.next_line()? {
                read.push(line);
            }
        }
        Ok(read)
    }

    #[test]
    fn a_reply_in_latin_1_keeps_its_code_and_becomes_printable() {
        let lines = read(b"550 5.7.1 Empf\xe4nger\0unbekannt\r\n").unwrap();
        assert_eq!(lines, [ReplyLine { code: 550, is_last: true, text: "5.7.1 Empf?nger?unbekannt".to_owned() }]);
        assert_eq!(lines[0].to_wire(), b"550 5.7.1 Empf?nger?unbekannt\r\n");
    }

    #[test]
    fn a_code_alone_and_a_bare_line_feed_are_taken() {
        let lines = read(b"250\r\n250-a\n250 b\n").unwrap();
        assert_eq!(lines.iter().map(|line| line.is_last).collect::<Vec<_>>(), [true, false, true]);
    }

    #[test]
    fn an_unknown_second_digit_is_taken_by_the_first() {
        assert_eq!(read(b"571 go away\r\n").unwrap()[0].code, 554);
        assert_eq!(read(b"490 later\r\n").unwrap()[0].code, 451);
        assert_eq!(read(b"399 hm\r\n"), Err(Nonsense::NoCode));
    }

    #[test]
    fn t21_what_is_no_reply_is_an_error() {
        for garbage in [
            &b"HTTP/1.1 400 Bad Request\r\n"[..],
            b"\r\n",
            b"\0\0\0\0\n",
            b"\xff\xfe\n",
            b"25\r\n",
            b"250_x\r\n",
            b"150 x\r\n",
            b"600 x\r\n",
        ] {
            assert_eq!(read(garbage), Err(Nonsense::NoCode), "{}", garbage.escape_ascii());
        }
        assert_eq!(read(b"250-a\r\n550 b\r\n"), Err(Nonsense::MixedCodes(250, 550)));
    }

    #[test]
    fn t21_lines_and_replies_without_end_are_cut_off() {
        assert_eq!(read(&vec![b'2'; 1_000_000]), Err(Nonsense::LongLine));
        assert_eq!(read(&b"220-x\r\n".repeat(100_000)), Err(Nonsense::Endless));
        let long = [b"220-".as_slice(), &[b'x'; 4000], b"\r\n"].concat().repeat(100);
        assert_eq!(read(&long), Err(Nonsense::Endless));
    }

    #[test]
    fn many_replies_one_after_the_other_are_not_one_long_reply() {
        assert_eq!(read(&b"250-x\r\n250 y\r\n".repeat(10_000)).unwrap().len(), 20_000);
    }

    proptest::proptest! {
        #[test]
        fn t21_random_octets_never_panic_and_lines_are_clean(octets in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            if let Ok(lines) = read(&octets) {
                for line in lines {
                    proptest::prop_assert!(line.text.bytes().all(|octet| (b' '..=b'~').contains(&octet)));
                    proptest::prop_assert!((200..560).contains(&line.code));
                }
            }
        }
    }
}
