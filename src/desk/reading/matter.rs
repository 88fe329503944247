//! What a page consists of: octets that are at hand, or a large file that comes part by part.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};

use crate::app::{AppError, Newsroom};
use crate::store::EnclosedName;
use crate::store::library::PART;

/// A file as large as this is never had whole.
const LARGE: u64 = PART as u64;

/// What a page consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Matter {
    /// The whole of it.
    Whole(Vec<u8>),
    /// A file that would take too much memory to be had whole.
    Parts(LargeFile),
}

/// A large file that came with an issue, as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LargeFile {
    digest: String,
    /// Its size in octets.
    pub octets: u64,
}

impl LargeFile {
    /// A kept file, if it is large.
    pub(super) fn of(file: &EnclosedName) -> Option<Self> {
        (file.octets >= LARGE).then(|| Self { digest: file.digest.clone(), octets: file.octets })
    }

    /// A part of it, counted from 0; `None` past its end.
    ///
    /// # Errors
    /// [`AppError::Refused`] if the file was replaced meanwhile: what was read so far is no whole, and never will be.
    pub async fn part(&self, newsroom: &Newsroom, number: u32) -> Result<Option<Vec<u8>>, AppError> {
        if u64::from(number) * PART as u64 >= self.octets {
            return Ok(None);
        }
        let part = newsroom.store().enclosed_part(&self.digest, number).await?;
        part.map(Some).ok_or_else(|| AppError::Refused("a file was replaced while it was read".to_owned()))
    }
}

impl Matter {
    /// How many octets of memory it takes.
    pub(super) fn octets_at_hand(&self) -> usize {
        if let Self::Whole(octets) = self { octets.len() } else { 0 }
    }

    /// A name for these very octets: of equal ones the same, whether at hand or not.
    pub(super) fn tag(&self) -> String {
        let hash = match self {
            Self::Whole(octets) => digest(&SHA256, octets).as_ref().to_vec(),
            Self::Parts(file) => HEXLOWER_PERMISSIVE.decode(file.digest.as_bytes()).unwrap_or_default(),
        };
        BASE64URL_NOPAD.encode(hash.get(..18).unwrap_or_default())
    }

    /// Writes it into a file of its own.
    pub(super) async fn write(&self, newsroom: &Newsroom, path: &Path) -> Result<(), AppError> {
        let failed = |cause: io::Error| AppError::Io { deed: "write", path: path.to_owned(), cause };
        let mut file = File::create(path).map_err(failed)?;
        match self {
            Self::Whole(octets) => file.write_all(octets).map_err(failed),
            Self::Parts(large) => {
                let mut numbers = 0..;
                while let Some(part) = large.part(newsroom, numbers.next().unwrap_or(u32::MAX)).await? {
                    file.write_all(&part).map_err(failed)?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_the_same_tag_whole_and_in_parts() {
        let octets = vec![7; 1 << 20];
        let digest = data_encoding::HEXLOWER.encode(digest(&SHA256, &octets).as_ref());
        let known = EnclosedName { name: "a.pdf".to_owned(), pixels: None, octets: LARGE, digest };
        let large = Matter::Parts(LargeFile::of(&known).unwrap());
        assert_eq!(large.tag(), Matter::Whole(octets).tag());
        assert_eq!((large.tag().len(), large.octets_at_hand()), (24, 0));
        assert_eq!(LargeFile::of(&EnclosedName { octets: LARGE - 1, ..known }), None);
    }
}
