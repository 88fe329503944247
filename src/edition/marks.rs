//! Where a reader's own words go in an edition: words that no editor can write by accident or on purpose.

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;

use super::views::{Printed, ReaderView};

/// What an edition leaves open for each reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MergeField {
    /// The reader's name, or nothing.
    Name,
    /// The reader's address.
    Address,
    /// The name of the list.
    List,
    /// One click leaves the list.
    UnsubscribeUrl,
    /// Lists, name, export, erasure.
    PreferencesUrl,
}

impl MergeField {
    /// All fields.
    pub const ALL: [Self; 5] = [Self::Name, Self::Address, Self::List, Self::UnsubscribeUrl, Self::PreferencesUrl];

    fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Address => "address",
            Self::List => "list",
            Self::UnsubscribeUrl => "unsubscribe",
            Self::PreferencesUrl => "preferences",
        }
    }
}

/// What every mark of an issue begins with: derived from the manuscript's hash, so that the manuscript cannot hold it.
pub fn prefix(manuscript: &str) -> String {
    let mut salt = 0u32;
    loop {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(b"masthead marks 1\0");
        context.update(&salt.to_be_bytes());
        context.update(manuscript.as_bytes());
        let prefix = format!("xm{}", &HEXLOWER.encode(context.finish().as_ref())[..16]);
        if !manuscript.contains(&prefix) {
            return prefix;
        }
        salt += 1;
    }
}

/// The mark of a field: a word of `a` to `z`, digits and `_`, which no escaping and no encoding changes.
pub fn mark(prefix: &str, field: MergeField) -> String {
    format!("{prefix}_{}_mx", field.word())
}

/// The merge fields as a template is given them.
pub fn reader_view(prefix: &str) -> ReaderView {
    let at = |field| Printed(mark(prefix, field));
    ReaderView {
        name: at(MergeField::Name),
        address: at(MergeField::Address),
        list: at(MergeField::List),
        unsubscribe_url: at(MergeField::UnsubscribeUrl),
        preferences_url: at(MergeField::PreferencesUrl),
    }
}

/// A stretch of a printed part: as it is, or to be filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// The same for every reader.
    Fixed(&'a str),
    /// One reader's own.
    Open(MergeField),
}

/// Cuts a printed part at its marks.
pub fn cut<'a>(printed: &'a str, prefix: &str) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    let mut rest = printed;
    while let Some(at) = rest.find(prefix) {
        let found = MergeField::ALL.into_iter().find(|field| rest[at..].starts_with(&mark(prefix, *field)));
        let Some(field) = found else { break };
        if at > 0 {
            pieces.push(Piece::Fixed(&rest[..at]));
        }
        pieces.push(Piece::Open(field));
        rest = &rest[at + mark(prefix, field).len()..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Fixed(rest));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_cut_at_its_marks_and_nowhere_else() {
        let prefix = prefix("text");
        let printed = format!("a{}b xm0000000000000000_name_mx{}", mark(&prefix, MergeField::Name), mark(&prefix, MergeField::List));
        assert_eq!(
            cut(&printed, &prefix),
            [Piece::Fixed("a"), Piece::Open(MergeField::Name), Piece::Fixed("b xm0000000000000000_name_mx"), Piece::Open(MergeField::List)]
        );
    }

    #[test]
    fn a_manuscript_that_quotes_its_own_marks_gets_other_marks() {
        let guess = prefix("text");
        assert_ne!(prefix(&format!("text {guess}_name_mx")), guess);
    }
}
