//! No finding without a case: the codes in the source, held against the codes that the tables of this folder bring forth.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::{dropped, faulty, feeds, links, related, settings, templates};

/// The codes that stand in the source of a room.
fn codes_below(folder: &Path, out: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            codes_below(&path, out);
        } else {
            let text = fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap();
            for maker in ["Diagnostic::error(", "Diagnostic::warning("] {
                for (at, _) in text.match_indices(maker) {
                    let rest = text[at + maker.len()..].trim_start();
                    if let Some(rest) = rest.strip_prefix('"') {
                        out.insert(rest[..rest.find('"').unwrap()].to_owned());
                    }
                }
            }
        }
    }
}

#[test]
fn every_finding_of_the_source_has_a_case() {
    let mut written = BTreeSet::new();
    codes_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut written);
    assert!(written.len() > 70, "{written:?}");
    let told = faulty::table().into_iter().flat_map(|case| case.found);
    let mut shown: BTreeSet<String> = told.filter_map(|found| found.split(' ').nth(1)).map(str::to_owned).collect();
    shown.extend(
        [dropped::CODES, feeds::CODES, links::CODES, related::CODES, settings::CODES, templates::CODES]
            .concat()
            .into_iter()
            .map(str::to_owned),
    );
    let without: Vec<_> = written.difference(&shown).collect();
    assert!(without.is_empty(), "no case shows {without:?}");
    let gone: Vec<_> = shown.difference(&written).collect();
    assert!(gone.is_empty(), "nothing says {gone:?} any more");
}
