//! Values and rows as every engine can keep them.

use super::{Kind, Table};
use crate::store::{Result, StoreError};

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A whole number. What is true is 1, what is false 0.
    Int(i64),
    /// Another number.
    Real(f64),
    /// A text. Zero octets, which not every engine keeps, stand only in what an engine has just read.
    Text(String),
    /// Octets.
    Octets(Vec<u8>),
}

/// The values of one row, in the order of its table's columns.
pub type Row = Vec<Value>;

impl Value {
    /// A text; zero octets, which only a hostile server or file sends, become the mark of what cannot be shown.
    pub fn text(text: String) -> Self {
        Self::Text(if text.contains('\0') { text.replace('\0', "\u{FFFD}") } else { text })
    }

    /// Whether it is of this kind.
    pub fn is(&self, kind: Kind) -> bool {
        matches!(
            (self, kind),
            (Self::Int(_), Kind::Int) | (Self::Real(_), Kind::Real) | (Self::Text(_), Kind::Text) | (Self::Octets(_), Kind::Octets)
        )
    }
}

/// The key of a row.
///
/// # Errors
/// [`StoreError::Corrupt`] if it is none by which pages can be told apart on every engine.
pub(super) fn key(table: &Table, row: &Row) -> Result<Vec<Value>> {
    let key = row.get(..table.key).unwrap_or_default();
    let is_wrong = |value: &Value| match value {
        Value::Null | Value::Real(_) => true,
        Value::Text(text) => text.contains('\0'),
        Value::Int(_) | Value::Octets(_) => false,
    };
    if key.len() < table.key || key.iter().any(is_wrong) {
        return Err(StoreError::Corrupt(format!("a row of `{}` has a key that cannot be kept elsewhere", table.name)));
    }
    Ok(key.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::portable::TABLES;

    #[test]
    fn a_text_keeps_no_zero_octets() {
        assert_eq!(Value::text("a\0b".to_owned()), Value::Text("a\u{FFFD}b".to_owned()));
        assert_eq!(Value::text("ab".to_owned()), Value::Text("ab".to_owned()));
    }

    #[test]
    fn a_key_is_whole_and_can_be_found_again() {
        let told = TABLES.iter().find(|table| table.name == "told").unwrap();
        let of = |what| key(told, &vec![what, Value::Int(1)]);
        assert_eq!(of(Value::text("late".to_owned())).unwrap(), [Value::Text("late".to_owned())]);
        assert!(of(Value::Null).is_err());
        assert!(of(Value::Text("la\0te".to_owned())).is_err(), "no other text in its place would stand in the same order");
        assert!(key(told, &vec![]).is_err());
    }
}
