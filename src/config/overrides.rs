//! Environment variables over the file: `MASTHEAD_STORE__URL` stands for `url` in `[store]`, `MASTHEAD_RELAY__0__URL`
//! for the first `[[relay]]`.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What the names begin with.
const PREFIX: &str = "MASTHEAD_";

/// Names of this prefix that are no settings of a newsroom.
const OTHERS: [&str; 3] = ["MASTHEAD_TEST_", "MASTHEAD_ORACLES", "MASTHEAD_CLOCK"];

/// Settings that are numbers, switches or several texts; all others are texts, also where they look like a number.
const NO_TEXTS: [&str; 20] = [
    "allow",
    "connections",
    "default",
    "domains",
    "dsn",
    "duty",
    "editors",
    "height",
    "max",
    "messages_per_connection",
    "mx",
    "office",
    "per_day",
    "per_hour",
    "related",
    "report_to",
    "required",
    "warm_up",
    "weight",
    "width",
];

/// Where the first variable's value stands as far as findings are concerned: beyond the end of any file.
const BEYOND: usize = usize::MAX / 2;

/// Puts the variables over the table. Returns the names of those that lead nowhere.
pub(super) fn apply<'t>(table: &mut DeTable<'t>, environment: &'t [(String, String)]) -> Vec<String> {
    let mut lost = Vec::new();
    for (number, (name, value)) in environment.iter().enumerate() {
        let Some(path) = name.strip_prefix(PREFIX).filter(|_| !OTHERS.iter().any(|other| name.starts_with(other))) else { continue };
        let path: Vec<String> = path.split("__").map(str::to_ascii_lowercase).collect();
        let place = BEYOND + number..BEYOND + number;
        if path.len() < 2 || !put(table, &path, value, &place) {
            lost.push(name.clone());
        }
    }
    lost
}

/// The variable that a finding at this place is about, if it is not about the file.
pub(super) fn variable(start: usize, environment: &[(String, String)]) -> Option<&str> {
    environment.get(start.checked_sub(BEYOND)?).map(|(name, _)| name.as_str())
}

fn put<'t>(table: &mut DeTable<'t>, path: &[String], value: &'t str, place: &Range<usize>) -> bool {
    let [first, rest @ ..] = path else { return false };
    if rest.is_empty() {
        table.insert(Spanned::new(place.clone(), first.clone().into()), Spanned::new(place.clone(), read(first, value)));
        return true;
    }
    if !table.contains_key(first.as_str()) {
        let fresh = DeValue::Table(DeTable::new());
        table.insert(Spanned::new(place.clone(), first.clone().into()), Spanned::new(place.clone(), fresh));
    }
    match table.get_mut(first.as_str()).map(Spanned::get_mut) {
        Some(DeValue::Table(inner)) => put(inner, rest, value, place),
        Some(DeValue::Array(items)) => {
            let Some((at, rest)) = rest.split_first() else { return false };
            match at.parse().ok().and_then(|at: usize| items.get_mut(at)).map(Spanned::get_mut) {
                Some(DeValue::Table(inner)) => put(inner, rest, value, place),
                _ => false,
            }
        }
        _ => false,
    }
}

fn read<'t>(key: &str, value: &'t str) -> DeValue<'t> {
    let typed = NO_TEXTS.contains(&key).then(|| DeValue::parse(value).ok()).flatten().map(Spanned::into_inner);
    match typed {
        Some(typed @ (DeValue::Integer(_) | DeValue::Boolean(_) | DeValue::Array(_))) => typed,
        _ => DeValue::String(value.into()),
    }
}
