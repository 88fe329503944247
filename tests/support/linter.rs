//! Reads a message as the strictest of receivers would, octet by octet, and names every rule of mail that it breaks.
//!
//! `mail-parser` is the second reader: what it makes of the message must agree with what stands there.

mod body;
mod head;

use mail_parser::{MessageParser, PartType};

/// A rule that a message breaks: its id, and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub rule: &'static str,
    pub what: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.rule, self.what)
    }
}

/// Findings as they come up.
#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    /// Notes `what` unless all is well.
    fn check(&mut self, is_well: bool, rule: &'static str, what: impl Into<String>) {
        if !is_well {
            self.0.push(Finding { rule, what: what.into() });
        }
    }
}

/// What a message is: some rules are about the mail of lists, some about all other mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An issue to a list's reader.
    Issue,
    /// The same to one who wants plain text alone.
    Plain,
    /// A one-off mail to one person.
    Letter,
}

/// Every rule that an issue's message breaks; none for one that all receivers take.
pub fn lint(raw: &[u8]) -> Vec<Finding> {
    lint_as(Kind::Issue, raw)
}

/// Every rule that an issue's message in plain text alone breaks.
pub fn lint_plain(raw: &[u8]) -> Vec<Finding> {
    lint_as(Kind::Plain, raw)
}

/// Every rule that a letter breaks.
pub fn lint_letter(raw: &[u8]) -> Vec<Finding> {
    lint_as(Kind::Letter, raw)
}

fn lint_as(kind: Kind, raw: &[u8]) -> Vec<Finding> {
    let mut found = Findings::default();
    octets(raw, &mut found);
    let end = position(raw, b"\r\n\r\n").unwrap_or(raw.len());
    let fields = head::fields(&raw[..end], &mut found);
    head::check(kind, &fields, end, &mut found);
    match MessageParser::default().parse(raw) {
        Some(message) => {
            second_reader(&message, &fields, &mut found);
            body::check(kind, &message, raw, &mut found);
        }
        None => found.check(false, "M3", "no parser can read it"),
    }
    found.0
}

/// The ids of the rules that an issue's message breaks, each once.
pub fn rules(raw: &[u8]) -> Vec<&'static str> {
    ids(lint(raw))
}

/// The ids of the rules that a letter breaks, each once.
pub fn letter_rules(raw: &[u8]) -> Vec<&'static str> {
    ids(lint_letter(raw))
}

fn ids(findings: Vec<Finding>) -> Vec<&'static str> {
    let mut rules: Vec<&'static str> = findings.into_iter().map(|finding| finding.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

/// Where `wanted` first stands.
pub fn position(octets: &[u8], wanted: &[u8]) -> Option<usize> {
    octets.windows(wanted.len()).position(|window| window == wanted)
}

/// M1, M2, M14: line ends, line lengths, seven bits.
fn octets(raw: &[u8], found: &mut Findings) {
    let (mut before, mut is_bare, mut length, mut longest) = (0, false, 0_usize, 0);
    for &octet in raw {
        is_bare |= (octet == b'\n') != (before == b'\r') && (octet == b'\n' || before == b'\r');
        length = if octet == b'\n' { 0 } else { length + 1 };
        longest = longest.max(length.saturating_sub(usize::from(octet == b'\r')));
        before = octet;
    }
    found.check(!is_bare && before != b'\r', "M1", "a bare CR or LF");
    found.check(!raw.contains(&0), "M1", "a NUL");
    found.check(raw.ends_with(b"\r\n"), "M1", "no line end at the end");
    found.check(raw.is_ascii(), "M14", "an octet beyond ASCII");
    found.check(longest <= 998, "M2", format!("a line of {longest} octets"));
}

/// M3 to M6 once more, as somebody else's parser sees them.
fn second_reader(message: &mail_parser::Message<'_>, fields: &[head::Field], found: &mut Findings) {
    found.check(message.headers().len() == fields.len(), "M3", "another parser counts other fields");
    let one = |address: Option<&mail_parser::Address<'_>>| address.is_some_and(|address| address.iter().count() == 1);
    found.check(one(message.from()), "M4", "another parser finds no single sender");
    found.check(one(message.to()), "M7", "another parser finds no single recipient");
    found.check(message.date().is_some_and(mail_parser::DateTime::is_valid), "M5", "another parser finds no date");
    found.check(message.message_id().is_some_and(|id| id.contains('@')), "M6", "another parser finds no Message-ID");
    let written = fields.iter().find(|field| field.name == "subject").map_or("", |field| field.value.trim());
    let is_read = |subject: &str| !subject.contains("=?") || subject != written;
    found.check(message.subject().is_some_and(is_read), "M9", "another parser cannot read the subject");
    let readable = message.parts.iter().all(|part| !part.is_encoding_problem && !matches!(part.body, PartType::Binary(_)));
    found.check(readable, "M13", "another parser cannot decode a part");
}
