//! An encoded body with its merge fields cut out: encoded once per edition, filled once per reader.

use super::html::{entity, escape};
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

/// A stretch of a message in quoted-printable, with open places.
#[derive(Debug, Clone, Default)]
pub struct Stencil {
    cuts: Vec<Cut>,
}

#[derive(Debug, Clone)]
enum Cut {
    Fixed(Vec<u8>),
    Open(MergeField, Medium),
}

impl Stencil {
    /// Encodes a printed part and cuts it at its marks.
    pub fn new(printed: &str, mark: &str, medium: Medium) -> Self {
        let pieces = marks::cut(printed, mark);
        let last = pieces.len().saturating_sub(1);
        let mut stencil = Self::default();
        for (at, piece) in pieces.into_iter().enumerate() {
            match piece {
                Piece::Fixed(text) if at == last => stencil.fixed(|out| quoted_printable::encode_last(text, out)),
                Piece::Fixed(text) => stencil.fixed(|out| quoted_printable::encode_segment(text, out)),
                Piece::Open(field) => stencil.cuts.push(Cut::Open(field, medium)),
            }
        }
        stencil
    }

    /// Puts octets after it that are the same for everybody, and encoded already.
    #[must_use]
    pub fn then(mut self, octets: &[u8]) -> Self {
        self.fixed(|out| out.extend_from_slice(octets));
        self
    }

    /// Ends its last line, where it is to be a whole body. None is left empty: verifiers strip those (RFC 6376 §3.4.4).
    #[must_use]
    pub fn ended(self) -> Self {
        let is_open = matches!(self.cuts.last(), Some(Cut::Fixed(encoded)) if !encoded.ends_with(b"\n"));
        // A break that is none, since a reader's own words have ended the line as it was.
        self.then(if is_open { b"\r\n" } else { b"=\r\n" })
    }

    /// Puts another after it.
    #[must_use]
    pub fn followed_by(mut self, other: &Self) -> Self {
        for cut in &other.cuts {
            match cut {
                Cut::Fixed(encoded) => self.fixed(|out| out.extend_from_slice(encoded)),
                Cut::Open(field, medium) => self.cuts.push(Cut::Open(*field, *medium)),
            }
        }
        self
    }

    /// Closes the places of one field, which says the same to all who get this copy.
    #[must_use]
    pub fn with(&self, closed: MergeField, value: &str) -> Self {
        let mut stencil = Self::default();
        for cut in &self.cuts {
            match cut {
                Cut::Fixed(encoded) => stencil.fixed(|out| out.extend_from_slice(encoded)),
                Cut::Open(field, medium) if *field == closed => stencil.fixed(|out| encode(value, *medium, out)),
                Cut::Open(field, medium) => stencil.cuts.push(Cut::Open(*field, *medium)),
            }
        }
        stencil
    }

    /// What every copy begins with: all that stands before the first open place.
    pub fn beginning(&self) -> &[u8] {
        match self.cuts.first() {
            Some(Cut::Fixed(encoded)) => encoded,
            _ => &[],
        }
    }

    /// Octets that a copy takes, near enough for the room that it is given.
    pub fn room(&self) -> usize {
        const PLACE: usize = 160;
        self.cuts.iter().map(|cut| if let Cut::Fixed(encoded) = cut { encoded.len() } else { PLACE }).sum()
    }

    /// Appends one reader's copy.
    pub fn fill(&self, fields: &Fields<'_>, out: &mut Vec<u8>) {
        for cut in &self.cuts {
            match cut {
                Cut::Fixed(encoded) => out.extend_from_slice(encoded),
                Cut::Open(field, medium) => encode(fields.of(*field), *medium, out),
            }
        }
    }

    /// Adds to the fixed stretch at the end, or begins one.
    fn fixed(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if let Some(Cut::Fixed(encoded)) = self.cuts.last_mut() {
            return write(encoded);
        }
        let mut encoded = Vec::new();
        write(&mut encoded);
        self.cuts.push(Cut::Fixed(encoded));
    }
}

fn encode(value: &str, medium: Medium, out: &mut Vec<u8>) {
    match medium {
        Medium::Text => quoted_printable::encode_slot(value, out),
        Medium::Html => quoted_printable::encode_escaped_slot(value, entity, out),
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
