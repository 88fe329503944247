//! How the issues folder stands: every issue in it, with a stamp that changes whenever somebody touches what it is made of.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ffi::{OsStr, OsString};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::path::Path;

use super::names::{self, ISSUE_FILE, Kind};
use super::place::{Ground, Look, Place};
use crate::dateline::IssueId;

/// How the files of an issue stood at some moment. Of two that are equal nobody has touched a file in between: none
/// was written, exchanged, added or taken away, and none made readable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Stamp(u64);

impl Stamp {
    /// The stamp of two things together; which comes first does not matter.
    fn and(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }

    fn of(name: &OsStr, enter: impl FnOnce(&mut DefaultHasher)) -> Self {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        enter(&mut hasher);
        Self(hasher.finish())
    }
}

/// A look at the whole folder. It keeps a few dozen octets of each issue, and nothing of other names.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Standing {
    /// The issues.
    pub(super) issues: BTreeMap<IssueId, Stamp>,
    /// The folders among them, each with a number that changes when anything in it does.
    pub(super) folders: BTreeMap<OsString, u64>,
    /// The same number of the folder as a whole.
    pub(super) identity: u64,
    /// All names that are nearly issues, if there are any.
    pub(super) strays: Option<Stamp>,
    /// Whether others may change the folder unheard by this machine's system.
    pub(super) is_remote: bool,
}

/// Looks at the folder. What vanishes while it is looked at was not there.
pub(super) fn look(folder: &Path) -> io::Result<Standing> {
    let place = Place::open(folder)?;
    let ground = place.ground();
    let mut standing = Standing { identity: place.itself()?.identity(), is_remote: ground.is_remote, ..Standing::default() };
    for name in place.names()? {
        let name = name?;
        if !names::may_be_issue(&name) {
            continue;
        }
        let Ok(look) = place.look(&name) else { continue };
        match names::kind(&name, &look, || holds_issue(&place, &name)) {
            Kind::File(id) => standing.enter(id, Stamp::of(&name, |hasher| look.enter(hasher, ground))),
            Kind::Folder(id) => {
                let (stamp, identity) = folder_stamp(&place, &name, &look, ground);
                standing.folders.insert(name, identity);
                standing.enter(id, stamp);
            }
            Kind::Stray(_) => {
                let stamp = Stamp::of(&name, |hasher| look.enter_kind(hasher));
                standing.strays = Some(standing.strays.map_or(stamp, |others| others.and(stamp)));
            }
            Kind::Other => {}
        }
    }
    Ok(standing)
}

impl Standing {
    fn enter(&mut self, id: IssueId, stamp: Stamp) {
        match self.issues.entry(id) {
            Entry::Vacant(free) => {
                free.insert(stamp);
            }
            Entry::Occupied(mut taken) => *taken.get_mut() = taken.get().and(stamp),
        }
    }
}

/// Whether a folder has an issue's text in it.
pub(super) fn holds_issue(place: &Place, name: &OsStr) -> bool {
    place.below(name).ok().flatten().is_some_and(|folder| folder.look(OsStr::new(ISSUE_FILE)).is_ok())
}

/// The stamp of a folder's files together; of what is no file only the kind counts. A folder that cannot be read has
/// one too.
fn folder_stamp(place: &Place, name: &OsStr, itself: &Look, ground: Ground) -> (Stamp, u64) {
    let mut stamp = Stamp::of(name, |hasher| itself.enter_kind(hasher));
    let folder = place.below(name).ok().flatten();
    let entries = folder.as_ref().and_then(|folder| Some((folder, folder.names().ok()?)));
    let Some((folder, entries)) = entries else { return (stamp, itself.identity()) };
    for name in entries.flatten() {
        if !name.to_str().is_some_and(names::counts) {
            continue;
        }
        let Ok(look) = folder.look(&name) else { continue };
        stamp = stamp.and(Stamp::of(&name, |hasher| if look.is_file() { look.enter(hasher, ground) } else { look.enter_kind(hasher) }));
    }
    (stamp, folder.itself().map_or(0, |look| look.identity()))
}
