//! Passwords and keys: read from files that nobody else may read, never printed (STANDARDS T19).

use std::io;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};

/// Why a secret cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error("could not read the secret in {path}: {cause}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// Others than its owner may read it.
    #[error("others may read the secret in {0}: allow its owner only (`chmod 600`)")]
    Exposed(PathBuf),
    /// There is nothing in it, or not what is wanted.
    #[error("the file {0} does not hold the secret that is wanted: {1}")]
    Malformed(PathBuf, &'static str),
}

/// Reads a secret of one line. A bare name is first looked for among systemd's credentials.
pub fn read(path: &Path, credentials: Option<&Path>) -> Result<SecretString, SecretError> {
    let text = read_text(path, credentials)?;
    let line = text.expose_secret().trim_end_matches(['\r', '\n']);
    if line.is_empty() || line.contains(['\r', '\n', '\0']) {
        return Err(SecretError::Malformed(path.to_owned(), "one line is wanted"));
    }
    Ok(SecretString::from(line.to_owned()))
}

/// Reads a secret of many lines, such as a key in PEM form; looked for in the same places.
pub fn read_text(path: &Path, credentials: Option<&Path>) -> Result<SecretString, SecretError> {
    let passed = credentials.map(|folder| folder.join(path)).filter(|place| path.components().count() == 1 && place.is_file());
    let path = passed.as_deref().unwrap_or(path);
    let unreadable = |cause| SecretError::Unreadable { path: path.to_owned(), cause };
    if passed.is_none() {
        let private = is_private(path).map_err(unreadable)?;
        if !private {
            return Err(SecretError::Exposed(path.to_owned()));
        }
    }
    std::fs::read_to_string(path).map(SecretString::from).map_err(unreadable)
}

#[cfg(unix)]
fn is_private(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(std::fs::metadata(path)?.permissions().mode().trailing_zeros() >= 6)
}

#[cfg(not(unix))]
fn is_private(path: &Path) -> io::Result<bool> {
    std::fs::metadata(path).map(|_| true)
}
