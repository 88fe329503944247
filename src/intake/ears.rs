//! Hears that something has changed in the issues folder; what has, whoever hears it looks up.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;

use super::names::counts;
use super::standing::Standing;

/// Most issue folders that are listened in, the newest; changes in older ones are seen at the next rescan.
const MOST_FOLDERS: usize = 500;

/// What tells of changes. However many there are, they are one word: that it is time to look.
pub(super) struct Ears {
    heard: Arc<Notify>,
    /// None where the system tells of nothing.
    watcher: Option<RecommendedWatcher>,
    /// Where it listens: a number for what lay there when it began to.
    places: BTreeMap<PathBuf, u64>,
    /// Whether there is a place where it cannot.
    misses: bool,
}

impl Ears {
    /// Listens nowhere yet.
    pub(super) fn new(folder: &Path) -> Self {
        let heard = Arc::new(Notify::new());
        let teller = Arc::clone(&heard);
        // Events name whole paths, also where the folder was named from here.
        let own = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        let tell = move |event: notify::Result<Event>| {
            if event.map_or(true, |event| matters(&event, &own)) {
                teller.notify_one();
            }
        };
        let watcher = notify::recommended_watcher(tell).ok();
        Self { heard, misses: watcher.is_none(), watcher, places: BTreeMap::new() }
    }

    /// Hears nothing, ever.
    pub(super) fn deaf() -> Self {
        Self { heard: Arc::new(Notify::new()), watcher: None, places: BTreeMap::new(), misses: true }
    }

    /// Waits until something has changed since it was last asked.
    pub(super) async fn heard(&self) {
        self.heard.notified().await;
    }

    /// Whether changes may go unheard, so that one has to look now and then.
    pub(super) fn misses(&self) -> bool {
        self.misses
    }

    /// Listens in the folder and in the issue folders in it, and no longer where there are none.
    pub(super) fn turn_to(&mut self, folder: &Path, standing: &Standing) {
        let Some(watcher) = &mut self.watcher else { return };
        let newest = standing.folders.iter().rev().take(MOST_FOLDERS);
        let mut wanted: BTreeMap<PathBuf, u64> = newest.map(|(name, identity)| (folder.join(name), *identity)).collect();
        wanted.insert(folder.to_owned(), standing.identity);
        for gone in self.places.keys().filter(|place| !wanted.contains_key(*place)) {
            // It is mostly gone for the system too.
            let _ = watcher.unwatch(gone);
        }
        self.places.retain(|place, _| wanted.contains_key(place));
        self.misses = standing.is_remote;
        for (place, identity) in wanted {
            if self.places.get(&place) == Some(&identity) {
                continue;
            }
            // Where it listens already and nobody has exchanged the folder, this changes nothing.
            match watcher.watch(&place, RecursiveMode::NonRecursive) {
                Ok(()) => _ = self.places.insert(place, identity),
                Err(_) => self.misses = true,
            }
        }
    }

    /// Forgets where it listens: what lies there is no longer what did.
    pub(super) fn turn_away(&mut self) {
        self.places.clear();
    }
}

/// Whether an event may mean that an issue has changed. Opening and reading never do, since we do both ourselves; nor
/// does writing, before the file is closed.
fn matters(event: &Event, folder: &Path) -> bool {
    let tells = match event.kind {
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
        EventKind::Modify(modify) => !matches!(modify, ModifyKind::Data(_)),
        EventKind::Create(_) | EventKind::Remove(_) | EventKind::Any | EventKind::Other => true,
    };
    let names_one = |path: &PathBuf| path == folder || path.file_name().is_none_or(|name| counts(&name.to_string_lossy()));
    event.need_rescan() || tells && (event.paths.is_empty() || event.paths.iter().any(names_one))
}

#[cfg(test)]
mod tests {
    use notify::event::{CreateKind, DataChange, Flag, MetadataKind, RemoveKind, RenameMode};

    use super::*;

    fn event(kind: EventKind, name: &str) -> bool {
        matters(&Event::new(kind).add_path(Path::new("/press/issues").join(name)), Path::new("/press/issues"))
    }

    #[test]
    fn our_own_reading_and_what_editors_leave_behind_say_nothing() {
        let closed = EventKind::Access(AccessKind::Close(AccessMode::Write));
        for kind in [
            EventKind::Access(AccessKind::Open(AccessMode::Any)),
            EventKind::Access(AccessKind::Close(AccessMode::Read)),
            EventKind::Access(AccessKind::Read),
            EventKind::Modify(ModifyKind::Data(DataChange::Any)),
        ] {
            assert!(!event(kind, "2014-12.md"), "{kind:?}");
        }
        for kind in [
            closed,
            EventKind::Modify(ModifyKind::Name(RenameMode::To)),
            EventKind::Modify(ModifyKind::Name(RenameMode::From)),
            EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any)),
            EventKind::Create(CreateKind::Folder),
            EventKind::Remove(RemoveKind::File),
        ] {
            assert!(event(kind, "2014-12.md"), "{kind:?}");
            assert!(!event(kind, ".2014-12.md.swp") && !event(kind, "2014-12.problems.txt"), "{kind:?}");
        }
        assert!(event(EventKind::Remove(RemoveKind::Folder), ""), "the folder itself");
        assert!(matters(&Event::new(EventKind::Other).set_flag(Flag::Rescan), Path::new("/press/issues")), "events were lost");
    }
}
