//! Reads whatever a server sends as reply lines, in place and within bounds (RFC 5321 section 4.2, STANDARDS T21).

use crate::mailing::Reply;

/// Octets read ahead of what was understood; no server has reason to say more at a time.
const BUFFER: usize = 2 * MAX_LINE;

/// Longest line read, in octets without its end. RFC 5321 section 4.5.3.1.5 says 512; real servers say more.
const MAX_LINE: usize = 4096;

/// Longest text kept of a line, in octets.
const MAX_TEXT: usize = 500;

/// Most octets of one reply (STANDARDS T21).
const MAX_REPLY: usize = 64 * 1024;

/// Most lines of one reply.
const MAX_LINES: usize = 256;

/// Most lines kept of a reply; an EHLO reply has a dozen.
const MAX_KEPT_LINES: usize = 64;

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

/// One line of a reply; its text is kept in [`Replies`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReplyLine {
    /// 200 to 559.
    pub(super) code: u16,
    /// Whether the reply ends here.
    pub(super) is_last: bool,
}

/// Octets as they come in, and the latest reply. Nothing is allocated for one reply after the other.
#[derive(Debug)]
pub(super) struct Replies {
    buffer: Box<[u8]>,
    unread: std::ops::Range<usize>,
    /// The code of a reply that is not complete.
    code: Option<u16>,
    lines: usize,
    octets: usize,
    /// The text of the latest reply so far: printable ASCII, its lines parted by line feeds.
    said: String,
}

impl Default for Replies {
    fn default() -> Self {
        Self { buffer: vec![0; BUFFER].into(), unread: 0..0, code: None, lines: 0, octets: 0, said: String::new() }
    }
}

impl Replies {
    /// Where the next octets from the server go. Never empty, if [`Self::next_line`] has nothing more.
    pub(super) fn space(&mut self) -> &mut [u8] {
        if self.unread.is_empty() {
            self.unread = 0..0;
        } else if self.unread.end == self.buffer.len() {
            self.buffer.copy_within(self.unread.clone(), 0);
            self.unread = 0..self.unread.len();
        }
        self.buffer.get_mut(self.unread.end..).unwrap_or_default()
    }

    /// So many octets were put into [`Self::space`].
    pub(super) fn took(&mut self, count: usize) {
        self.unread.end = (self.unread.end + count).min(self.buffer.len());
    }

    /// Whether the server has said more than was read.
    pub(super) fn has_unread(&self) -> bool {
        !self.unread.is_empty()
    }

    /// The next line, if it is complete. After an error the conversation is over.
    pub(super) fn next_line(&mut self) -> Result<Option<ReplyLine>, Nonsense> {
        let unread = self.buffer.get(self.unread.clone()).unwrap_or_default();
        let Some(end) = unread.iter().position(|&octet| octet == b'\n') else {
            return if unread.len() > MAX_LINE { Err(Nonsense::LongLine) } else { Ok(None) };
        };
        let whole = unread.get(..end).filter(|line| line.len() <= MAX_LINE).ok_or(Nonsense::LongLine)?;
        let (line, text) = parse_line(whole)?;
        let is_first = self.code.is_none();
        if let Some(code) = self.code.filter(|code| *code != line.code) {
            return Err(Nonsense::MixedCodes(code, line.code));
        }
        if is_first {
            (self.lines, self.octets) = (0, 0);
            self.said.clear();
        }
        self.lines += 1;
        self.octets += end;
        if self.lines > MAX_LINES || self.octets > MAX_REPLY {
            return Err(Nonsense::Endless);
        }
        if self.lines <= MAX_KEPT_LINES {
            if !is_first {
                self.said.push('\n');
            }
            self.said.extend(text.iter().take(MAX_TEXT).map(|&octet| printable(octet)));
        }
        self.code = (!line.is_last).then_some(line.code);
        self.unread.start += end + 1;
        Ok(Some(line))
    }

    /// The text lines of the latest reply, printable.
    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        self.said.split('\n')
    }

    /// The latest reply, whose code was this.
    pub(super) fn reply(&self, code: u16) -> Reply {
        Reply::new(code, self.lines())
    }
}

fn parse_line(line: &[u8]) -> Result<(ReplyLine, &[u8]), Nonsense> {
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
    Ok((ReplyLine { code, is_last }, text))
}

/// The code, where its first digit means anything. RFC 5321 section 4.3.2 wants codes with an unknown second digit (such
/// as 571) taken by their first: they become the most general code of it, which the ledger's judgement knows.
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

    /// Every line with the text of its reply so far, the octets coming in pieces of this size.
    fn read_in(octets: &[u8], piece: usize) -> Result<Vec<(ReplyLine, String)>, Nonsense> {
        let mut replies = Replies::default();
        let mut read = Vec::new();
        for mut piece in octets.chunks(piece) {
            while !piece.is_empty() {
                let space = replies.space();
                let count = space.len().min(piece.len());
                assert!(count > 0, "no space is left");
                space[..count].copy_from_slice(&piece[..count]);
                replies.took(count);
                piece = &piece[count..];
                while let Some(line) = replies.next_line()? {
                    read.push((line, replies.said.clone()));
                }
            }
        }
        Ok(read)
    }

    fn read(octets: &[u8]) -> Result<Vec<(ReplyLine, String)>, Nonsense> {
        read_in(octets, 4096)
    }

    #[test]
    fn a_reply_in_latin_1_keeps_its_code_and_becomes_printable() {
        let lines = read(b"550 5.7.1 Empf\xe4nger\0unbekannt\r\n").unwrap();
        assert_eq!(lines, [(ReplyLine { code: 550, is_last: true }, "5.7.1 Empf?nger?unbekannt".to_owned())]);
    }

    #[test]
    fn a_code_alone_and_a_bare_line_feed_are_taken() {
        let lines = read(b"250\r\n250-a\n250 b\n").unwrap();
        assert_eq!(lines.iter().map(|(line, _)| line.is_last).collect::<Vec<_>>(), [true, false, true]);
        assert_eq!(lines[2].1, "a\nb");
    }

    #[test]
    fn an_unknown_second_digit_is_taken_by_the_first() {
        assert_eq!(read(b"571 go away\r\n").unwrap()[0].0.code, 554);
        assert_eq!(read(b"490 later\r\n").unwrap()[0].0.code, 451);
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
        let lines = read(&b"250-x\r\n250 y\r\n".repeat(10_000)).unwrap();
        assert_eq!(lines.len(), 20_000);
        assert!(lines.iter().all(|(_, said)| said == "x" || said == "x\ny"));
    }

    proptest::proptest! {
        #[test]
        fn t21_random_octets_never_panic_and_texts_are_clean(octets in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            if let Ok(lines) = read(&octets) {
                for (line, said) in lines {
                    proptest::prop_assert!(said.bytes().all(|octet| octet == b'\n' || (b' '..=b'~').contains(&octet)));
                    proptest::prop_assert!((200..560).contains(&line.code));
                }
            }
        }

        #[test]
        fn how_a_reply_is_cut_up_on_the_way_changes_nothing(
            texts in proptest::collection::vec("[ -~]{0,300}", 1..60),
            piece in 1_usize..5000,
        ) {
            let octets = format!("250-x\r\n250 {}\r\n", texts.join("\r\n250-x\r\n250 ")).into_bytes();
            proptest::prop_assert_eq!(read_in(&octets, piece), read(&octets));
        }
    }
}
