//! Environment variables over the file: `MASTHEAD_STORE__URL` stands for `url` in `[store]`, `MASTHEAD_RELAY__0__URL`
//! for the first `[[relay]]`.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What the names begin with.
const PREFIX: &str = "MASTHEAD_";

/// Names of this prefix that are no settings of a newsroom.
const OTHERS: [&str; 2] = ["MASTHEAD_TEST_", "MASTHEAD_ORACLES"];

/// Puts the variables over the table, each as a text. Returns the names of those that lead nowhere.
pub(super) fn apply(table: &mut DeTable<'_>, environment: &[(String, String)]) -> Vec<String> {
    let mut lost = Vec::new();
    for (name, value) in environment {
        let Some(path) = name.strip_prefix(PREFIX).filter(|_| !OTHERS.iter().any(|other| name.starts_with(other))) else { continue };
        let path: Vec<String> = path.split("__").map(str::to_ascii_lowercase).collect();
        if path.len() < 2 || !put(table, &path, value) {
            lost.push(name.clone());
        }
    }
    lost
}

fn put(table: &mut DeTable<'_>, path: &[String], value: &str) -> bool {
    let [first, rest @ ..] = path else { return false };
    if rest.is_empty() {
        table.insert(Spanned::new(0..0, first.clone().into()), Spanned::new(0..0, DeValue::String(value.to_owned().into())));
        return true;
    }
    if !table.contains_key(first.as_str()) {
        table.insert(Spanned::new(0..0, first.clone().into()), Spanned::new(0..0, DeValue::Table(DeTable::new())));
    }
    match table.get_mut(first.as_str()).map(Spanned::get_mut) {
        Some(DeValue::Table(inner)) => put(inner, rest, value),
        Some(DeValue::Array(items)) => {
            let Some((at, rest)) = rest.split_first() else { return false };
            match at.parse().ok().and_then(|at: usize| items.get_mut(at)).map(Spanned::get_mut) {
                Some(DeValue::Table(inner)) => put(inner, rest, value),
                _ => false,
            }
        }
        _ => false,
    }
}
