//! What lies beside an issue's text in its folder: images and reports.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Seek as _};

use aws_lc_rs::digest::{Context, SHA256};
use data_encoding::HEXLOWER;

use super::names::{ISSUE_FILE, counts};
use super::place::{Found, Place};
use super::{Dropped, IntakeError, unreadable};
use crate::diagnostic::{Diagnostic, Findings, Source, Span};
use crate::manuscript::EnclosedFile;

/// More files beside an issue than anybody means to put there.
const MAX_FILES: usize = 200;
/// Largest file beside an issue, in octets.
const MAX_ENCLOSED: u64 = 50 * 1000 * 1000;

/// Enters the ordinary files beside `issue.md` into the draft.
pub(super) fn list(dropped: &mut Dropped, folder: &Place) -> Result<(), Diagnostic> {
    let Some(draft) = &mut dropped.draft else { return Ok(()) };
    let mut refused = Vec::new();
    for name in folder.names().map_err(|fault| unreadable(&fault))? {
        let Ok(name) = name.map_err(|fault| unreadable(&fault))?.into_string() else { continue };
        if name == ISSUE_FILE || !counts(&name) || name.contains(char::is_control) || draft.files.len() >= MAX_FILES {
            continue;
        }
        match folder.file(OsStr::new(&name)) {
            Ok(Found::File(file)) => match enclosed(&name, file) {
                Some(file) => draft.files.push(file),
                None => refused.push((name.clone(), too_large(&name))),
            },
            Ok(Found::Linked) => refused.push((name.clone(), linked(&name))),
            // A file that may not be read is as good as none: whoever speaks of it is told that it is missing.
            Ok(Found::Other) | Err(_) => {}
        }
    }
    draft.files.sort_by(|a, b| a.name.cmp(&b.name));
    refused.sort_by(|(a, _), (b, _)| a.cmp(b));
    let beside = dropped.shown.strip_suffix(ISSUE_FILE).unwrap_or_default();
    let mut findings = Findings::default();
    for (name, found) in refused {
        findings.push(found.at(&Source::new(format!("{beside}{name}"), ""), Span::default()));
    }
    dropped.diagnostics.extend(findings.into_vec());
    Ok(())
}

fn too_large(name: &str) -> Diagnostic {
    Diagnostic::error(
        "enclosed-too-large",
        format!("a file beside an issue may have {} MB, and `{name}` has more", MAX_ENCLOSED / 1_000_000),
    )
    .help("put it on a web server of its own, and link to it there")
}

fn linked(name: &str) -> Diagnostic {
    Diagnostic::warning("hard-link", format!("`{name}` is known by another name elsewhere, and is not read"))
        .help("put a copy of it here instead: a link could bring in what nobody means to send")
}

/// What is known of a file, unless it is too large.
fn enclosed(name: &str, file: File) -> Option<EnclosedFile> {
    let octets = file.metadata().ok()?.len();
    (octets <= MAX_ENCLOSED).then(|| EnclosedFile { octets, pixels: pixels(file), name: name.to_owned() })
}

/// Width and height, from the first octets of the file; it is never decoded.
fn pixels(file: File) -> Option<(u32, u32)> {
    imagesize::reader_size(io::BufReader::new(file)).ok().and_then(sides)
}

fn sides(size: imagesize::ImageSize) -> Option<(u32, u32)> {
    Some((u32::try_from(size.width).ok()?, u32::try_from(size.height).ok()?))
}

/// Width and height, if it is an image, and octets.
type Pixelled = (Option<(u32, u32)>, Vec<u8>);

impl Dropped {
    /// Opens a file that lies beside the issue's text and was listed with it, if it still is an ordinary file.
    pub fn open(&self, name: &str) -> io::Result<Option<File>> {
        let is_listed = self.draft.as_ref().is_some_and(|draft| draft.files.iter().any(|file| file.name == name));
        let Some(folder) = self.path.parent().filter(|_| is_listed) else { return Ok(None) };
        let (Some(issues), Some(own)) = (folder.parent(), folder.file_name()) else { return Ok(None) };
        let Some(place) = Place::open(issues)?.below(own)? else { return Ok(None) };
        Ok(match place.file(OsStr::new(name))? {
            Found::File(file) if file.metadata()?.len() <= MAX_ENCLOSED => Some(file),
            _ => None,
        })
    }

    /// A file that lies beside the issue's text, whole, with its width and height if it is an image; of the same octets,
    /// whatever was listed. `None` if it is gone, or nothing that may be read.
    pub fn octets_of(&self, name: &str) -> Result<Option<Pixelled>, IntakeError> {
        let failed = |cause| IntakeError::read(self.path.with_file_name(name))(cause);
        let file = match self.open(name) {
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => None,
            opened => opened.map_err(failed)?,
        };
        let Some(file) = file else { return Ok(None) };
        let mut octets = Vec::new();
        file.take(MAX_ENCLOSED + 1).read_to_end(&mut octets).map_err(failed)?;
        let pixels = imagesize::blob_size(&octets).ok().and_then(sides);
        Ok((octets.len() as u64 <= MAX_ENCLOSED).then_some((pixels, octets)))
    }

    /// Hex SHA-256 of a file that lies beside the issue's text; `None` if it cannot be read.
    pub fn digest_of(&self, name: &str) -> Option<String> {
        self.open(name).ok().flatten().and_then(|file| hash_of(file).ok())
    }

    /// What the issue is made of, in one word: hex SHA-256 of its text and of every file beside it, names included. The
    /// same bytes again have the same fingerprint, whatever was done to the files. An issue that cannot be read has that
    /// of its findings. Reads the files beside it, a little at a time.
    pub fn fingerprint(&self) -> String {
        let mut context = Context::new(&SHA256);
        context.update(self.text_hash.as_ref());
        for found in self.diagnostics.iter().filter(|_| self.draft.is_none()) {
            context.update(format!("\0{} {}", found.code, found.message).as_bytes());
        }
        for file in self.draft.iter().flat_map(|draft| &draft.files) {
            let hash = self.digest_of(&file.name);
            context.update(format!("\0{}\0{}\0{}", file.name, file.octets, hash.unwrap_or_default()).as_bytes());
        }
        HEXLOWER.encode(context.finish().as_ref())
    }
}

/// Hash of a file as far as it may be read.
fn hash_of(mut file: File) -> io::Result<String> {
    file.rewind()?;
    let mut context = Context::new(&SHA256);
    let mut rest = file.take(MAX_ENCLOSED);
    let mut buffer = vec![0; 1 << 16];
    loop {
        match rest.read(&mut buffer)? {
            0 => return Ok(HEXLOWER.encode(context.finish().as_ref())),
            octets => context.update(&buffer[..octets]),
        }
    }
}
