//! The file beside an issue that says what is to be mended, as long as there is something to mend.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::IntakeError;
use super::names::PROBLEMS;
use super::place::{Found, Place};
use crate::dateline::IssueId;

/// The first line of every such file: what has it was written by us, and what has not is never touched.
const FIRST_LINE: &str = "Masthead wrote this file, and takes it away again when all is mended.\n";
/// Most octets of such a file that are looked at.
const MAX_PROBLEMS: u64 = 4 << 20;

/// Writes what is to be mended in an issue into `ID.problems.txt` beside it, whole or not at all, unless it says so
/// already; whether it had to be written. A file of that name that is not ours is left alone, which is an error; so is a
/// folder that may not be written into.
pub fn write(folder: &Path, id: &IssueId, text: &str) -> Result<bool, IntakeError> {
    let path = path(folder, id);
    let wanted = format!("{FIRST_LINE}\n{text}");
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |cause| IntakeError { deed: "write", path, cause }
    };
    match ours(&path).map_err(failed(&path))? {
        Ours::Reads(there) if there == wanted => return Ok(false),
        Ours::Reads(_) | Ours::Missing => {}
        Ours::Foreign => return Err(failed(&path)(foreign())),
    }
    let beside = folder.join(format!(".{id}{PROBLEMS}.new"));
    let written = fresh(&beside).and_then(|mut file| {
        file.write_all(wanted.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, &path)
    });
    if written.is_err() {
        // The folder may not let itself be tidied either; the name is hidden and ours.
        let _ = fs::remove_file(&beside);
    }
    written.map(|()| true).map_err(failed(&path))
}

/// Takes the file away again, if there is one and we wrote it; whether there was.
pub fn remove(folder: &Path, id: &IssueId) -> Result<bool, IntakeError> {
    let path = path(folder, id);
    let removed = match ours(&path) {
        Ok(Ours::Reads(_)) => fs::remove_file(&path).map(|()| true),
        Ok(Ours::Missing | Ours::Foreign) => Ok(false),
        Err(fault) => Err(fault),
    };
    removed.map_err(|cause| IntakeError { deed: "remove", path, cause })
}

/// The issues beside which such a file of ours lies: after a restart, some of them may be clean or gone.
pub fn listed(folder: &Path) -> Result<BTreeSet<IssueId>, IntakeError> {
    let place = Place::open(folder).map_err(IntakeError::read(folder))?;
    let names = place.names().map_err(IntakeError::read(folder))?;
    let ids = names.filter_map(|name| name.ok()?.to_str()?.strip_suffix(PROBLEMS)?.parse::<IssueId>().ok());
    Ok(ids.filter(|id| matches!(ours(&path(folder, id)), Ok(Ours::Reads(_)))).collect())
}

fn path(folder: &Path, id: &IssueId) -> PathBuf {
    folder.join(format!("{id}{PROBLEMS}"))
}

/// What lies where such a file belongs.
enum Ours {
    /// One of ours, and what it says.
    Reads(String),
    /// Something of somebody else.
    Foreign,
    /// Nothing.
    Missing,
}

fn ours(path: &Path) -> io::Result<Ours> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Ok(Ours::Foreign) };
    let file = match Place::open(folder)?.file(OsStr::new(name)) {
        Ok(Found::File(file)) => file,
        Ok(_) => return Ok(Ours::Foreign),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(Ours::Missing),
        Err(fault) => return Err(fault),
    };
    let mut octets = Vec::new();
    file.take(MAX_PROBLEMS).read_to_end(&mut octets)?;
    Ok(match String::from_utf8(octets) {
        Ok(text) if text.starts_with(FIRST_LINE) => Ours::Reads(text),
        _ => Ours::Foreign,
    })
}

/// A new file under a hidden name of ours. One that a crash has left there is taken away first.
fn fresh(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    let file = match options.open(path) {
        Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(path)?;
            options.open(path)?
        }
        opened => opened?,
    };
    // Editors are to read it, whatever mask the daemon runs under.
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    Ok(file)
}

fn foreign() -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, "a file of this name is there already, and is not ours")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn id() -> IssueId {
        "2014-12".parse().unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn it_is_written_whole_once_and_goes_when_all_is_mended() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("2014-12.problems.txt");
        assert!(write(folder.path(), &id(), "2014-12.md:3:1: error: odd\n").unwrap());
        let (before, changed) = (fs::read_to_string(&file).unwrap(), fs::metadata(&file).unwrap().modified().unwrap());
        assert_eq!(before, format!("{FIRST_LINE}\n2014-12.md:3:1: error: odd\n"));
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o644);
        assert!(!write(folder.path(), &id(), "2014-12.md:3:1: error: odd\n").unwrap(), "the same is not written again");
        assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), changed);
        assert!(write(folder.path(), &id(), "another\n").unwrap());
        assert_eq!(names(folder.path()), ["2014-12.problems.txt"]);
        assert_eq!(listed(folder.path()).unwrap(), BTreeSet::from([id()]));
        assert!(remove(folder.path(), &id()).unwrap() && !remove(folder.path(), &id()).unwrap());
        assert_eq!(names(folder.path()), [""; 0]);
    }

    #[test]
    fn what_somebody_else_has_put_there_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        let (file, secret) = (folder.path().join("2014-12.problems.txt"), outside.path().join("secret"));
        fs::write(&file, "My own list of problems\n").unwrap();
        let told = write(folder.path(), &id(), "odd\n").unwrap_err();
        assert!(told.to_string().starts_with("could not write ") && told.to_string().contains("not ours"), "{told}");
        assert!(!remove(folder.path(), &id()).unwrap());
        assert_eq!(fs::read_to_string(&file).unwrap(), "My own list of problems\n");
        fs::remove_file(&file).unwrap();
        fs::write(&secret, FIRST_LINE).unwrap();
        symlink(&secret, &file).unwrap();
        assert!(write(folder.path(), &id(), "odd\n").is_err() && !remove(folder.path(), &id()).unwrap());
        assert_eq!(fs::read_to_string(&secret).unwrap(), FIRST_LINE, "no link is written through");
        assert_eq!(listed(folder.path()).unwrap(), BTreeSet::new());
    }

    #[test]
    fn a_link_under_the_hidden_name_and_what_a_crash_left_do_no_harm() {
        let folder = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        let secret = outside.path().join("secret");
        fs::write(&secret, "kept").unwrap();
        symlink(&secret, folder.path().join(".2014-12.problems.txt.new")).unwrap();
        assert!(write(folder.path(), &id(), "odd\n").unwrap());
        assert_eq!(fs::read_to_string(&secret).unwrap(), "kept");
        fs::write(folder.path().join(".2014-12.problems.txt.new"), "half of it").unwrap();
        assert!(write(folder.path(), &id(), "even\n").unwrap());
        assert_eq!(names(folder.path()), ["2014-12.problems.txt"]);
    }

    #[test]
    fn a_folder_that_is_gone_is_an_error_that_names_it() {
        let told = write(Path::new("/no/such/folder"), &id(), "odd\n").unwrap_err();
        assert!(told.to_string().starts_with("could not write /no/such/folder/2014-12.problems.txt: "), "{told}");
        assert!(remove(Path::new("/no/such/folder"), &id()).is_err() && listed(Path::new("/no/such/folder")).is_err());
    }
}
