//! The file of a fresh key: there whole or not at all, whoever starts at the same time and whatever ends in the middle.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use aws_lc_rs::rand;

/// Writes a fresh key, for its owner's eyes only. If two start at once, the key of one of them is kept, and both read that.
pub(super) fn make(path: &Path) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)?;
    let (key, mark) = (chance::<32>()?, chance::<8>()?);
    let draft = path.with_extension(data_encoding::HEXLOWER.encode(&mark));
    let kept = write(&draft, &key).and_then(|()| keep(&draft, path));
    let _ = fs::remove_file(&draft);
    kept?;
    File::open(folder)?.sync_all()
}

fn chance<const N: usize>() -> io::Result<[u8; N]> {
    let mut octets = [0; N];
    rand::fill(&mut octets).map_err(|_| io::Error::other("the system gives no random numbers"))?;
    Ok(octets)
}

fn write(draft: &Path, key: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(draft)?;
    writeln!(file, "{}", data_encoding::HEXLOWER.encode(key))?;
    file.sync_all()
}

/// Gives the draft its name, unless another has it already.
fn keep(draft: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(draft, path) {
        Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        // A file system that knows no second names: whoever comes last is kept, and nobody reads half a key.
        Err(_) if !path.exists() => fs::rename(draft, path),
        linked => linked,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::thread;

    use super::*;

    #[test]
    fn whoever_starts_at_the_same_time_reads_the_same_whole_key() {
        for _ in 0..50 {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("data/token.key");
            let start = || {
                make(&path).unwrap();
                fs::read_to_string(&path).unwrap()
            };
            let keys: BTreeSet<String> = thread::scope(|scope| {
                let starts: Vec<_> = (0..4).map(|_| scope.spawn(start)).collect();
                starts.into_iter().map(|start| start.join().unwrap()).collect()
            });
            assert_eq!((keys.len(), keys.first().unwrap().len()), (1, 65));
            assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no draft is left");
        }
    }
}
