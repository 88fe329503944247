//! Looks through files for what must not be in any.

use std::fs;
use std::path::{Path, PathBuf};

/// The files below a folder that hold a text, in any case. `text` is in lower case.
pub fn holding(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(holding(&path, text));
        } else {
            // What SQLite has just put away is not there any more.
            let octets = fs::read(&path).unwrap_or_default().to_ascii_lowercase();
            if octets.windows(text.len()).any(|window| window == text.as_bytes()) {
                found.push(path);
            }
        }
    }
    found
}
