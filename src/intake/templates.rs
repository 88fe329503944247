//! The newsroom's own templates and styles.

use std::fs;
use std::io;
use std::path::Path;

use super::IntakeError;
use super::names::{counts, has_ending};
use crate::diagnostic::Source;
use crate::edition::TemplateFile;

/// Reads the newsroom's own templates; a newsroom without that folder has none.
pub fn templates(folder: &Path, shown: &str) -> Result<Vec<TemplateFile>, IntakeError> {
    let mut files = Vec::new();
    let mut waiting = vec![(folder.to_owned(), String::new())];
    while let Some((place, below)) = waiting.pop() {
        let entries = match fs::read_dir(&place) {
            Ok(entries) => entries,
            Err(fault) if fault.kind() == io::ErrorKind::NotFound && below.is_empty() => return Ok(files),
            Err(cause) => return Err(IntakeError { deed: "read", path: place, cause }),
        };
        for entry in entries {
            let failed = |cause| IntakeError { deed: "read", path: place.clone(), cause };
            let entry = entry.map_err(failed)?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let kind = entry.file_type().map_err(failed)?;
            let path = format!("{below}{name}");
            if kind.is_dir() && counts(&name) && path.matches('/').count() < 3 {
                waiting.push((entry.path(), format!("{path}/")));
            } else if kind.is_file() && counts(&name) && (has_ending(&name, "hbs") || has_ending(&name, "css")) {
                let text = fs::read_to_string(entry.path()).map_err(|cause| IntakeError { deed: "read", path: entry.path(), cause })?;
                files.push(TemplateFile { source: Source::new(format!("{shown}/{path}"), text), path });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}
