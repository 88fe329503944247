//! Encoded words: letters beyond ASCII in a head that is ASCII (RFC 2047; STANDARDS M9).

use data_encoding::HEXUPPER;

use super::Line;

/// Most octets in a line that has an encoded word in it (RFC 2047 §2).
const LINE: usize = 76;
/// Most octets in an encoded word (RFC 2047 §2).
const WORD: usize = 75;
const BEGIN: &str = "=?utf-8?Q?";
const END: &str = "?=";

/// Whether text may be written plainly: printable ASCII whose blanks are all inside, whose words fit a line, and which
/// no reader would take for an encoded word. The first word has `first_room` octets.
pub(super) fn stands_as_it_is(text: &str, first_room: usize) -> bool {
    text.bytes().all(|b| (b' '..=b'~').contains(&b))
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && !text.contains("=?")
        && fits_lines(text, first_room)
}

/// A line is folded at single blanks only: readers disagree on what a fold within a run of them stands for.
fn fits_lines(text: &str, first_room: usize) -> bool {
    let mut words = text.split(' ');
    text.len() <= first_room
        || words.next().is_some_and(|word| word.len() <= first_room) && words.all(|word| (1..super::LINE).contains(&word.len()))
}

/// Writes text as one encoded word after another, each of whole characters. The line breaks between them vanish when
/// they are decoded (RFC 2047 §6.2), so blanks are part of the words.
pub(super) fn write_encoded(line: &mut Line<'_>, text: &str) {
    let mut room = word_room(line.column);
    begin(line);
    for c in text.chars() {
        let mut buffer = [0; 4];
        let character = c.encode_utf8(&mut buffer);
        let width = if is_safe(c) || c == ' ' { 1 } else { 3 * character.len() };
        if width > room {
            line.word(END);
            line.fold();
            room = word_room(line.column);
            begin(line);
        }
        write_character(line, character);
        room -= width;
    }
    line.word(END);
}

fn begin(line: &mut Line<'_>) {
    line.word(BEGIN);
    line.limit = LINE;
}

fn word_room(column: usize) -> usize {
    (LINE - column).min(WORD) - BEGIN.len() - END.len()
}

fn write_character(line: &mut Line<'_>, character: &str) {
    match character {
        " " => line.word("_"),
        _ if character.chars().all(is_safe) => line.word(character),
        _ => {
            for octet in character.bytes() {
                line.word("=");
                line.word(HEXUPPER.encode_mut_str(&[octet], &mut [0; 2]));
            }
        }
    }
}

/// What stands for itself in a phrase, the strictest place for an encoded word (RFC 2047 §5 (3)).
fn is_safe(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!*+-/".contains(c)
}
