//! Watches the issues folder, and says which issues have been still long enough to be read.
//!
//! Stillness is measured by our own looks at the folder on a clock that only runs forward: what a file says of its age
//! counts for nothing, so that neither a wrong clock nor a copied time of change makes a half-written file look done
//! (STANDARDS T13, T23).

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::ears::Ears;
use super::standing::{self, Standing};
use super::{Dropped, IntakeError, Stamp};
use crate::dateline::IssueId;

/// How often the folder is looked at although nothing was heard.
const RESCAN: Duration = Duration::from_mins(1);
/// How often it is looked at where nothing can be heard, or where it is gone.
const POLL: Duration = Duration::from_secs(2);
/// Looking takes at most one part in so many of the time, however large the folder.
const SHARE: u32 = 10;

/// What may be read now, and what not yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Still {
    /// The issues that nobody has touched for as long as was asked.
    pub issues: BTreeMap<IssueId, Stamp>,
    /// The issues that somebody is writing, or has just taken away.
    pub moving: BTreeSet<IssueId>,
    /// Names that are nearly issues, all together: what [`super::Folder::diagnostics`] is about.
    pub strays: Option<Stamp>,
    /// Why the folder cannot be looked at; then there are no issues, and nothing is known of them.
    pub fault: Option<String>,
}

impl Still {
    /// Whether what was read is what was still: if not, somebody has touched it in between, and it will be told of again.
    pub fn holds(&self, dropped: &Dropped) -> bool {
        dropped.stamp.is_some() && self.issues.get(&dropped.id).copied() == dropped.stamp
    }

    /// The issues that are new or other than before. Their bytes may still be the same: see [`Dropped::fingerprint`].
    pub fn news<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = &'a IssueId> {
        self.issues.iter().filter(|(id, stamp)| before.issues.get(id) != Some(stamp)).map(|(id, _)| id)
    }

    /// The issues that were there before and are gone, and not merely moving. Empty where the folder cannot be looked at.
    pub fn gone<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = &'a IssueId> {
        let is_gone = |id: &&IssueId| self.fault.is_none() && !self.issues.contains_key(id) && !self.moving.contains(id);
        before.issues.keys().filter(is_gone)
    }
}

/// What is watched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Thing {
    Issue(IssueId),
    Strays,
}

/// How a thing stood at the last look, and since when it has.
#[derive(Debug)]
struct Sight<T> {
    state: T,
    since: Instant,
}

impl<T: PartialEq> Sight<T> {
    fn see(&mut self, state: T, at: Instant) {
        if self.state != state {
            *self = Self { state, since: at };
        }
    }
}

/// Watches one folder. It needs a runtime of tokio; its thread ends with it.
pub struct Watch {
    folder: PathBuf,
    settle: Duration,
    ears: Ears,
    sights: BTreeMap<Thing, Sight<Option<Stamp>>>,
    fault: Sight<Option<String>>,
    /// When the last look began that saw the folder, and the last at all.
    seen: Option<Instant>,
    looked: Option<Instant>,
    /// When the next look is due.
    due: Instant,
    /// What was told last.
    told: Option<Told>,
    /// How long the last look took.
    took: Duration,
    looks: u64,
}

/// What was told, thing by thing.
#[derive(Debug, Default)]
struct Told {
    things: BTreeMap<Thing, Stamp>,
    fault: Option<String>,
}

impl Watch {
    /// Watches a folder, whether it is there yet or not. A file counts once it has been still for `settle`. Where the
    /// system tells of no changes, or not of all, as on a network's disk, the folder is looked at every two seconds;
    /// else every minute, to be sure.
    pub fn new(folder: &Path, settle: Duration) -> Self {
        Self::with(Ears::new(folder), folder, settle)
    }

    /// Watches a folder by looking every two seconds, and listens to nothing.
    pub fn by_looking(folder: &Path, settle: Duration) -> Self {
        Self::with(Ears::deaf(), folder, settle)
    }

    fn with(ears: Ears, folder: &Path, settle: Duration) -> Self {
        let now = Instant::now();
        Self {
            folder: folder.to_owned(),
            settle,
            ears,
            sights: BTreeMap::new(),
            fault: Sight { state: None, since: now },
            seen: None,
            looked: None,
            due: now,
            told: None,
            took: Duration::ZERO,
            looks: 0,
        }
    }

    /// How often the folder has been looked at.
    pub fn looks(&self) -> u64 {
        self.looks
    }

    /// Waits until there is something else to read than was told last: an issue that is new or other and has come to
    /// rest, one that is gone for good, a change among the names that are nearly issues, or a folder that is gone or back.
    /// That an issue begins to move is not told by itself. The first answer comes when everything there has either come
    /// to rest or had the time to, so that nothing is missing from it only because the watch is young.
    ///
    /// May be dropped at any point and asked again; nothing is lost.
    pub async fn settled(&mut self) -> Still {
        loop {
            if let Some(still) = self.tell() {
                return still;
            }
            self.wait().await;
            self.look().await;
        }
    }

    /// Waits until a look is due.
    async fn wait(&mut self) {
        loop {
            tokio::select! {
                biased;
                () = sleep_until(self.due) => return,
                () = self.ears.heard() => self.due = self.due.min(Instant::now() + self.breath()),
            }
        }
    }

    /// How long to let changes gather before a look.
    fn breath(&self) -> Duration {
        (self.settle / 20).clamp(Duration::from_millis(5), Duration::from_millis(100)).max(self.took * SHARE)
    }

    /// Looks at the folder, away from the threads that others wait on.
    async fn look(&mut self) {
        let folder = self.folder.clone();
        let began = Instant::now();
        let look = tokio::task::spawn_blocking(move || standing::look(&folder)).await;
        let ended = Instant::now();
        self.looks += 1;
        self.took = ended - began;
        self.looked = Some(began);
        match look.unwrap_or_else(|fault| Err(io::Error::other(fault))) {
            Ok(standing) => {
                self.ears.turn_to(&self.folder, &standing);
                self.fault.see(None, ended);
                self.seen = Some(began);
                self.see(standing, ended);
            }
            Err(cause) => {
                self.ears.turn_away();
                self.fault.see(Some(IntakeError { deed: "read", path: self.folder.clone(), cause }.to_string()), ended);
            }
        }
        self.due = self.next_look(ended);
    }

    /// Enters how everything stands.
    fn see(&mut self, standing: Standing, at: Instant) {
        let Standing { mut issues, strays, .. } = standing;
        for (thing, sight) in &mut self.sights {
            let state = match thing {
                Thing::Issue(id) => issues.remove(id),
                Thing::Strays => strays,
            };
            sight.see(state, at);
        }
        let news = issues.into_iter().map(|(id, stamp)| (Thing::Issue(id), stamp)).chain(strays.map(|stamp| (Thing::Strays, stamp)));
        for (thing, stamp) in news {
            self.sights.entry(thing).or_insert(Sight { state: Some(stamp), since: at });
        }
    }

    /// When to look next although nothing is heard: when the first of what moves may have come to rest.
    fn next_look(&self, now: Instant) -> Instant {
        let is_blind = self.fault.state.is_some();
        let usual = now + if is_blind || self.ears.misses() { POLL } else { RESCAN };
        let moving = self.sights.values().filter(|sight| !is_blind && !self.rests(sight)).map(|sight| sight.since);
        let fault = Some(self.fault.since).filter(|_| !has_rested(&self.fault, self.looked, self.settle));
        let first = moving.chain(fault).min().map_or(usual, |since| usual.min(since + self.settle));
        first.max(now + self.took * SHARE).max(now + Duration::from_millis(1))
    }

    fn rests(&self, sight: &Sight<Option<Stamp>>) -> bool {
        has_rested(sight, self.seen, self.settle)
    }

    /// What is to be told, if anything is.
    fn tell(&mut self) -> Option<Still> {
        self.looked?;
        let is_settled = has_rested(&self.fault, self.looked, self.settle);
        let told = self.told.as_ref();
        let is_news = if self.fault.state.is_some() {
            is_settled && told.is_none_or(|told| told.fault != self.fault.state)
        } else if let Some(told) = told.filter(|told| told.fault.is_none()) {
            let differs = |(thing, sight): (&Thing, &Sight<_>)| self.rests(sight) && sight.state != told.things.get(thing).copied();
            self.sights.iter().any(differs)
        } else {
            is_settled || self.sights.values().all(|sight| self.rests(sight))
        };
        is_news.then(|| self.told_now())
    }

    fn told_now(&mut self) -> Still {
        let mut told = self.told.take().unwrap_or_default();
        told.fault.clone_from(&self.fault.state);
        let mut still = Still { fault: told.fault.clone(), ..Still::default() };
        if still.fault.is_none() {
            for (thing, sight) in &self.sights {
                match (thing, sight.state) {
                    (Thing::Issue(id), _) if !self.rests(sight) => _ = still.moving.insert(id.clone()),
                    (Thing::Strays, _) if !self.rests(sight) => still.strays = told.things.get(thing).copied(),
                    (Thing::Issue(id), Some(stamp)) => _ = still.issues.insert(id.clone(), stamp),
                    (Thing::Strays, stamp) => still.strays = stamp,
                    (Thing::Issue(_), None) => {}
                }
            }
            let (seen, settle) = (self.seen, self.settle);
            self.sights.retain(|thing, sight| {
                let rests = has_rested(sight, seen, settle);
                match sight.state.filter(|_| rests) {
                    Some(stamp) => _ = told.things.insert(thing.clone(), stamp),
                    None if rests => _ = told.things.remove(thing),
                    None => {}
                }
                !rests || sight.state.is_some()
            });
        }
        self.told = Some(told);
        still
    }
}

/// Whether a thing had stood like this for long enough when it was last looked at.
fn has_rested<T>(sight: &Sight<T>, looked: Option<Instant>, settle: Duration) -> bool {
    looked.is_some_and(|at| at >= sight.since + settle)
}

#[cfg(test)]
mod tests;
