//! A folder held open: what is looked at, opened and read lies in it, whatever becomes of its name meanwhile.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, fstat, open, openat, statat};
use rustix::io::Errno;

/// An open folder. Names in it are single names: nothing below it is reached through a link (STANDARDS T13).
pub(super) struct Place {
    descriptor: OwnedFd,
}

/// What a file system can be relied on for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ground {
    /// Whether others may write to it without this machine's system hearing of it: on another machine, or in a program of
    /// its own.
    pub(super) is_remote: bool,
    /// Whether a file keeps its inode as long as it lives.
    pub(super) has_inodes: bool,
}

/// What lies under a name.
pub(super) enum Found {
    /// An ordinary file that has this one name, open.
    File(File),
    /// An ordinary file that is known by another name elsewhere as well.
    Linked,
    /// A link, a pipe, a device, or no file at all.
    Other,
}

impl Place {
    /// Opens a folder that the operator has named; it may lie behind links.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let descriptor = open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Self { descriptor })
    }

    /// Opens a folder in it, if it is one and no link to one.
    pub(super) fn below(&self, name: &OsStr) -> io::Result<Option<Self>> {
        match self.reach(name, OFlags::DIRECTORY) {
            Ok(descriptor) => Ok(Some(Self { descriptor })),
            Err(Errno::LOOP | Errno::NOTDIR) => Ok(None),
            Err(fault) => Err(fault.into()),
        }
    }

    /// Everything that lies in it but itself and its parent, one name after the other.
    pub(super) fn names(&self) -> io::Result<impl Iterator<Item = io::Result<OsString>> + use<>> {
        let is_own = |name: &io::Result<OsString>| !matches!(name, Ok(name) if name == "." || name == "..");
        let entries = Dir::read_from(&self.descriptor)?;
        Ok(entries.map(|entry| Ok(OsString::from_vec(entry?.file_name().to_bytes().to_vec()))).filter(is_own))
    }

    /// What is known of a name without opening it; a link is looked at and not followed.
    pub(super) fn look(&self, name: &OsStr) -> io::Result<Look> {
        Ok(Look(statat(&self.descriptor, name, AtFlags::SYMLINK_NOFOLLOW)?))
    }

    /// What is known of the folder itself.
    pub(super) fn itself(&self) -> io::Result<Look> {
        Ok(Look(fstat(&self.descriptor)?))
    }

    /// What its file system can be relied on for.
    pub(super) fn ground(&self) -> Ground {
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::fstatfs;
            // The magic numbers of statfs(2): 9P, AFS, Ceph, CIFS, Coda, FUSE, NFS, OCFS2, SMB, SMB2; then exFAT and FAT.
            const REMOTE: [u32; 10] =
                [0x0102_1997, 0x5346_414f, 0x00c3_6400, 0xff53_4d42, 0x7375_7245, 0x6573_5546, 0x6969, 0x7461_636f, 0x517b, 0xfe53_4d42];
            const WITHOUT_INODES: [u32; 2] = [0x2011_bab0, 0x4d44];
            let magic = fstatfs(&self.descriptor).map(|system| i128::from(system.f_type) & 0xffff_ffff);
            let is_one_of = |known: &[u32]| magic.is_ok_and(|magic| known.iter().any(|known| magic == i128::from(*known)));
            let is_remote = is_one_of(&REMOTE);
            Ground { is_remote, has_inodes: !is_remote && !is_one_of(&WITHOUT_INODES) }
        }
        #[cfg(not(target_os = "linux"))]
        Ground { is_remote: false, has_inodes: true }
    }

    /// Opens an ordinary file and nothing else: a link is not followed, a pipe is not waited for, a device is not woken,
    /// and what is opened is what was looked at, even if somebody exchanges it in between.
    pub(super) fn file(&self, name: &OsStr) -> io::Result<Found> {
        if !self.look(name)?.is_file() {
            return Ok(Found::Other);
        }
        let descriptor = match self.reach(name, OFlags::NONBLOCK | OFlags::NOCTTY) {
            Ok(descriptor) => descriptor,
            Err(Errno::LOOP | Errno::NXIO | Errno::NODEV) => return Ok(Found::Other),
            Err(fault) => return Err(fault.into()),
        };
        let look = Look(fstat(&descriptor)?);
        Ok(match (look.is_file(), look.0.st_nlink) {
            (false, _) => Found::Other,
            (true, 0 | 1) => Found::File(File::from(descriptor)),
            (true, _) => Found::Linked,
        })
    }

    /// Opens a name for reading. The kernel is asked to keep within the folder and to follow no link; where it does not
    /// know how, it is at least not to follow the name, which is single.
    fn reach(&self, name: &OsStr, flags: OFlags) -> Result<OwnedFd, Errno> {
        if name.as_bytes().contains(&b'/') || name == ".." {
            return Err(Errno::XDEV);
        }
        let flags = flags | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::{ResolveFlags, openat2};
            let within = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
            match openat2(&self.descriptor, name, flags, Mode::empty(), within) {
                // Not known, or not allowed by a sandbox that does not know it, or another rename came between.
                Err(Errno::NOSYS | Errno::PERM | Errno::AGAIN | Errno::INVAL) => {}
                reached => return reached,
            }
        }
        openat(&self.descriptor, name, flags, Mode::empty())
    }
}

/// What is known of a name.
pub(super) struct Look(Stat);

impl Look {
    fn kind(&self) -> FileType {
        FileType::from_raw_mode(self.0.st_mode)
    }

    pub(super) fn is_file(&self) -> bool {
        self.kind() == FileType::RegularFile
    }

    pub(super) fn is_folder(&self) -> bool {
        self.kind() == FileType::Directory
    }

    pub(super) fn is_link(&self) -> bool {
        self.kind() == FileType::Symlink
    }

    /// Its size in octets.
    pub(super) fn octets(&self) -> u64 {
        u64::try_from(self.0.st_size).unwrap_or(0)
    }

    /// Enters what changes whenever somebody writes to the file, exchanges it or says who may read it.
    pub(super) fn enter(&self, hasher: &mut DefaultHasher, ground: Ground) {
        ground.has_inodes.then_some(self.0.st_ino).hash(hasher);
        (self.0.st_mode, self.0.st_size).hash(hasher);
        (self.0.st_mtime, self.0.st_mtime_nsec, self.0.st_ctime, self.0.st_ctime_nsec).hash(hasher);
    }

    /// A number for the folder and its state: another one where another folder has taken its place.
    pub(super) fn identity(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.0.st_dev, self.0.st_ino, self.0.st_ctime, self.0.st_ctime_nsec).hash(&mut hasher);
        hasher.finish()
    }

    /// Enters only what kind of thing it is.
    pub(super) fn enter_kind(&self, hasher: &mut DefaultHasher) {
        self.kind().as_raw_mode().hash(hasher);
    }
}
