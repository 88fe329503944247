//! An encoded body with its merge fields cut out: encoded once per edition, filled once per reader.

use super::html::escape;
use super::marks::{self, MergeField, Piece};
use super::quoted_printable;

/// What one reader's copy says in the open places.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a> {
    /// The reader's name, or nothing.
    pub name: &'a str,
    /// The reader's address.
    pub address: &'a str,
    /// The name of the list.
    pub list: &'a str,
    /// Leaves the list.
    pub unsubscribe_url: &'a str,
    /// Changes what comes.
    pub preferences_url: &'a str,
}

impl<'a> Fields<'a> {
    fn of(&self, field: MergeField) -> &'a str {
        match field {
            MergeField::Name => self.name,
            MergeField::Address => self.address,
            MergeField::List => self.list,
            MergeField::UnsubscribeUrl => self.unsubscribe_url,
            MergeField::PreferencesUrl => self.preferences_url,
        }
    }
}

/// The language of a part, which says how a reader's words are escaped (STANDARDS T3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    /// `text/plain`
    Text,
    /// `text/html`
    Html,
}

/// One part of a message in quoted-printable, with open places.
#[derive(Debug, Clone)]
pub struct Stencil {
    medium: Medium,
    pieces: Vec<Cut>,
}

#[derive(Debug, Clone)]
enum Cut {
    Fixed(Vec<u8>),
    Open(MergeField),
}

impl Stencil {
    /// Encodes a printed part and cuts it at its marks.
    pub fn new(printed: &str, mark: &str, medium: Medium) -> Self {
        let pieces = marks::cut(printed, mark);
        let last = pieces.len().saturating_sub(1);
        let cuts = pieces
            .into_iter()
            .enumerate()
            .map(|(at, piece)| match piece {
                Piece::Fixed(text) => {
                    let mut encoded = Vec::with_capacity(text.len() + text.len() / 8);
                    if at == last {
                        quoted_printable::encode_last(text, &mut encoded);
                    } else {
                        quoted_printable::encode_segment(text, &mut encoded);
                    }
                    Cut::Fixed(encoded)
                }
                Piece::Open(field) => Cut::Open(field),
            })
            .collect();
        Self { medium, pieces: cuts }
    }

    /// Appends one reader's copy.
    pub fn fill(&self, fields: &Fields<'_>, out: &mut Vec<u8>) {
        for piece in &self.pieces {
            match piece {
                Cut::Fixed(encoded) => out.extend_from_slice(encoded),
                Cut::Open(field) => match self.medium {
                    Medium::Text => quoted_printable::encode_slot(fields.of(*field), out),
                    Medium::Html => quoted_printable::encode_slot(&escape(fields.of(*field)), out),
                },
            }
        }
    }
}

/// A printed part as one reader sees it, not encoded: for previews and for `render --to html`.
pub fn filled(printed: &str, mark: &str, medium: Medium, fields: &Fields<'_>) -> String {
    marks::cut(printed, mark)
        .into_iter()
        .map(|piece| match (piece, medium) {
            (Piece::Fixed(text), _) => text.to_owned(),
            (Piece::Open(field), Medium::Text) => fields.of(field).to_owned(),
            (Piece::Open(field), Medium::Html) => escape(fields.of(field)),
        })
        .collect()
}
