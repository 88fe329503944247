//! What a table holds, in one number that is the same on every engine: SHA-256 over its rows in the order of their keys.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};
use data_encoding::HEXLOWER;
use serde::{Serialize, Serializer};

use super::{Row, Table, Value};

/// How many rows a table has, and the hash of all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sum {
    /// How many.
    pub rows: u64,
    /// The hash.
    pub hash: Hash,
}

/// A SHA-256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hash([u8; 32]);

impl fmt::Display for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&HEXLOWER.encode(&self.0))
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A sum that grows row by row.
pub(super) struct Adder {
    rows: u64,
    context: Context,
    octets: Vec<u8>,
}

impl Adder {
    /// Nothing of this table yet. Its name and those of its columns count: two tables with no rows are not the same.
    pub(super) fn of(table: &Table) -> Self {
        let mut octets = Vec::new();
        for name in std::iter::once(table.name).chain(table.columns.iter().map(|column| column.name)) {
            encode_long(3, name.as_bytes(), &mut octets);
        }
        let mut context = Context::new(&SHA256);
        context.update(&octets);
        Self { rows: 0, context, octets }
    }

    /// One row more.
    pub(super) fn add(&mut self, row: &Row) {
        self.octets.clear();
        for value in row {
            encode(value, &mut self.octets);
        }
        self.context.update(&self.octets);
        self.rows += 1;
    }

    /// All of it. How many there were counts as well.
    pub(super) fn finish(mut self) -> Sum {
        self.context.update(&self.rows.to_be_bytes());
        let mut hash = [0; 32];
        for (octet, known) in hash.iter_mut().zip(self.context.finish().as_ref()) {
            *octet = *known;
        }
        Sum { rows: self.rows, hash: Hash(hash) }
    }
}

/// A value as it is hashed: its kind, and its octets, whose number comes first where it is not always the same. So no two
/// rows are written alike.
fn encode(value: &Value, octets: &mut Vec<u8>) {
    match value {
        Value::Null => octets.push(0),
        Value::Int(number) => {
            octets.push(1);
            octets.extend(number.to_be_bytes());
        }
        Value::Real(number) => {
            octets.push(2);
            octets.extend(number.to_bits().to_be_bytes());
        }
        Value::Text(text) => encode_long(3, text.as_bytes(), octets),
        Value::Octets(bytes) => encode_long(4, bytes, octets),
    }
}

fn encode_long(kind: u8, bytes: &[u8], octets: &mut Vec<u8>) {
    octets.push(kind);
    octets.extend((bytes.len() as u64).to_be_bytes());
    octets.extend(bytes);
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::store::portable::TABLES;

    fn sum(rows: &[Row]) -> Sum {
        let mut adder = Adder::of(&TABLES[0]);
        for row in rows {
            adder.add(row);
        }
        adder.finish()
    }

    #[test]
    fn no_two_ways_to_cut_the_same_octets_are_the_same() {
        let text = |text: &str| Value::text(text.to_owned());
        let all = [
            sum(&[]),
            sum(&[vec![]]),
            sum(&[vec![Value::Null]]),
            sum(&[vec![Value::Int(0)]]),
            sum(&[vec![Value::Real(0.0)]]),
            sum(&[vec![text("")]]),
            sum(&[vec![Value::Octets(vec![])]]),
            sum(&[vec![text("ab"), text("c")]]),
            sum(&[vec![text("a"), text("bc")]]),
            sum(&[vec![text("abc")]]),
            sum(&[vec![Value::Octets(b"abc".to_vec())]]),
            sum(&[vec![Value::Int(1), Value::Int(2)]]),
            sum(&[vec![Value::Int(2)], vec![Value::Int(1)]]),
        ];
        let hashes: HashSet<String> = all.iter().map(|sum| sum.hash.to_string()).collect();
        assert_eq!(hashes.len(), all.len());
    }

    #[test]
    fn the_same_rows_of_another_table_have_another_hash() {
        let empty = |table| Adder::of(table).finish().hash;
        let hashes: HashSet<String> = TABLES.iter().map(|table| empty(table).to_string()).collect();
        assert_eq!(hashes.len(), TABLES.len());
    }

    #[test]
    fn a_hash_stays_what_it_is() {
        let rows = [vec![Value::Int(-1), Value::Null, Value::Real(0.5), Value::text("ü".to_owned()), Value::Octets(vec![0, 255])]];
        assert_eq!(sum(&rows).hash.to_string(), "41113cc34561b27d2cb80ccc4441e1e4afe7ab48651cffd1fa4fa271a53489e8");
        assert_eq!(format!("{:.8}", sum(&rows).hash).len(), 8);
    }
}
