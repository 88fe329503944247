//! This node among those that share a store: it beats, watches the others, buries the dead, takes the duties that it wants,
//! and settles its share of what limits allow.
//!
//! On a store of one's own there is nobody else: all duties are ours, and everything that limits allow.

mod allotment;
mod presence;
mod watching;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::clock::Clock;
use crate::store::{Beat, Duty, Node, NodeId};
use crate::traffic::Share;

pub use allotment::Allotment;
pub use presence::Presence;
pub(super) use presence::begin;

/// How often is looked whether we may act again.
const LOOK: Duration = Duration::from_millis(100);

/// What a node knows of itself and the others.
pub struct Attendance {
    clock: Arc<dyn Clock>,
    lease: Duration,
    state: Mutex<State>,
    allotment: Allotment,
    /// How many nodes have gone, and perhaps left something behind.
    deaths: watch::Sender<u64>,
    /// Whether a task of this process drives a mailing: a duty tells nodes apart, and not what one of them does.
    drives: AtomicBool,
    /// How often it was taken for dead itself.
    lives: AtomicU64,
    /// Somebody here wants something at once.
    called: Notify,
}

#[derive(Debug)]
struct State {
    /// Whether it is one of several.
    attends: bool,
    /// When the last beat that the store has answered was begun, on both clocks.
    beaten: Option<(Instant, Timestamp)>,
    own: Option<NodeId>,
    nodes: Vec<Node>,
    wanted: BTreeSet<Duty>,
    /// What it took, and when: an answer to an older beat does not tell of it.
    taken: Vec<(Duty, Instant)>,
    is_sending: bool,
    line: String,
}

impl Attendance {
    /// Of a node that has not entered: there is nobody else.
    pub fn new(clock: Arc<dyn Clock>, lease: Duration) -> Arc<Self> {
        let state = State {
            attends: false,
            beaten: None,
            own: None,
            nodes: Vec::new(),
            wanted: BTreeSet::new(),
            taken: Vec::new(),
            is_sending: false,
            line: String::new(),
        };
        Arc::new(Self {
            clock,
            lease,
            state: Mutex::new(state),
            allotment: Allotment::of(Share::ALL),
            deaths: watch::Sender::new(0),
            called: Notify::new(),
            drives: AtomicBool::new(false),
            lives: AtomicU64::new(0),
        })
    }

    /// As of a node that has entered, and has had no answer to a beat for long.
    #[cfg(test)]
    pub(crate) fn falls_silent(&self) {
        let mut state = self.state();
        (state.attends, state.beaten) = (true, None);
    }

    /// Whether this node is one of several: it shares its store, and has entered.
    pub fn is_shared(&self) -> bool {
        self.state().attends
    }

    /// Whether it can be sure that the others have not taken it for dead: its last sign of life is less than half a lease
    /// old, also by the clock on the wall, which goes on while the machine sleeps.
    pub fn may_act(&self) -> bool {
        self.acts(&self.state())
    }

    fn acts(&self, state: &State) -> bool {
        let is_fresh = |(began, at): (Instant, Timestamp)| {
            let by_the_wall = self.clock.now().duration_since(at).unsigned_abs();
            began.elapsed() < self.lease / 2 && by_the_wall < self.lease / 2
        };
        !state.attends || state.beaten.is_some_and(is_fresh)
    }

    /// Whether it has this duty, and may act.
    pub fn has(&self, duty: Duty) -> bool {
        let state = self.state();
        !state.attends || (self.acts(&state) && state.own().is_some_and(|own| own.duties.contains(&duty)))
    }

    /// Whether it has heard that this duty is not its own any more. While the store is away it has not.
    pub fn has_lost(&self, duty: Duty) -> bool {
        let state = self.state();
        state.attends && !state.own().is_some_and(|own| own.duties.contains(&duty))
    }

    /// Whether this node attends to folder, calendar and letters, and may do so.
    pub fn has_office(&self) -> bool {
        self.has(Duty::Office)
    }

    /// Takes the office as soon as nobody else has it, from now on.
    pub fn stands_for_office(&self) {
        self.wants(Duty::Office);
    }

    /// Whether another node drives a mailing.
    pub fn another_sends(&self) -> bool {
        self.other_with(Duty::Sending).is_some()
    }

    /// The name of another node that has the office.
    pub fn office_elsewhere(&self) -> Option<String> {
        self.other_with(Duty::Office).map(|node| node.name)
    }

    /// Waits until it may act, as long as others wait for a sign of life. Returns whether it may.
    pub async fn comes_to_act(&self) -> bool {
        let until = Instant::now() + self.lease;
        while !self.may_act() && Instant::now() < until {
            tokio::time::sleep(LOOK).await;
        }
        self.may_act()
    }

    /// Takes this duty as soon as nobody else has it, from now on.
    pub fn wants(&self, duty: Duty) {
        self.state().wanted.insert(duty);
        self.called.notify_one();
    }

    /// The nodes that are here, by number, as they were at the last beat.
    pub fn nodes(&self) -> Vec<Node> {
        self.state().nodes.clone()
    }

    /// Another node that has this duty.
    pub fn other_with(&self, duty: Duty) -> Option<Node> {
        let state = self.state();
        state.nodes.iter().find(|node| Some(node.id) != state.own && node.duties.contains(&duty)).cloned()
    }

    /// Says how it fares, for the others to read.
    pub fn says(&self, line: &str) {
        line.clone_into(&mut self.state().line);
    }

    /// Begins or ends to want a share of what limits allow.
    pub fn sends(&self, is_sending: bool) {
        let is_new = std::mem::replace(&mut self.state().is_sending, is_sending) != is_sending;
        if is_new {
            self.called.notify_one();
        }
    }

    /// Its share.
    pub fn allotment(&self) -> &Allotment {
        &self.allotment
    }

    /// Changes whenever a node has gone: whoever drives a mailing takes back what that one held.
    pub fn deaths(&self) -> watch::Receiver<u64> {
        self.deaths.subscribe()
    }

    /// How often it was taken for dead. What was claimed in an earlier life is not its own any more.
    pub fn lives(&self) -> u64 {
        self.lives.load(Ordering::Relaxed)
    }

    /// Begins to drive a mailing, until the guard goes; `None` if this process does already.
    pub(super) fn drive(self: &Arc<Self>) -> Option<Driving> {
        (!self.drives.swap(true, Ordering::AcqRel)).then(|| Driving(Arc::clone(self)))
    }

    /// Learns that it has a duty now.
    pub(super) fn took(&self, duty: Duty) {
        let mut state = self.state();
        state.taken.push((duty, Instant::now()));
        state.add_taken();
    }

    /// Learns that it has laid a duty down.
    pub(super) fn laid_down(&self, duty: Duty) {
        let mut state = self.state();
        let own = state.own;
        state.taken.retain(|(other, _)| *other != duty);
        state.nodes.iter_mut().filter(|node| Some(node.id) == own).for_each(|node| node.duties.retain(|other| *other != duty));
    }

    /// What this beat says, and the share that is its own if the store takes it.
    fn next_beat(&self) -> (Beat, Share) {
        let state = self.state();
        let own = state.own;
        let others = || state.nodes.iter().filter(|node| Some(node.id) != own);
        let before = others().filter(|node| node.is_sending && Some(node.id) < own).count();
        let many = others().filter(|node| node.is_sending).count() + 1;
        let due = if state.is_sending { Share::due(before, many) } else { Share::NONE };
        let shares: Vec<Share> = others().map(|node| node.share).collect();
        let known = state.own().map(|node| node.share).unwrap_or_default();
        let (wanted, said) = self.allotment.settle(due, &shares, known);
        (Beat { state: state.line.clone(), is_sending: state.is_sending, share: said }, wanted)
    }

    /// Learns what the store has answered to a beat. Returns whether the share is as it is to be.
    fn heard(&self, nodes: Vec<Node>, own: NodeId, began: (Instant, Timestamp), wanted: Share) -> bool {
        let mut state = self.state();
        let has_gone = state.nodes.iter().any(|known| nodes.iter().all(|node| node.id != known.id));
        (state.own, state.nodes, state.beaten) = (Some(own), nodes, Some(began));
        state.taken.retain(|(_, at)| *at >= began.0);
        state.add_taken();
        if has_gone {
            self.deaths.send_modify(|deaths| *deaths += 1);
        }
        let has_it = state.own().is_some_and(|node| node.share == wanted);
        if has_it {
            self.allotment.granted(wanted);
        }
        let many = state.nodes.iter().filter(|node| node.is_sending).count();
        let before = state.nodes.iter().filter(|node| node.is_sending && node.id < own).count();
        has_it && wanted == if state.is_sending { Share::due(before, many) } else { Share::NONE }
    }

    /// Learns that another is buried.
    fn is_dead(&self, node: NodeId) {
        self.state().nodes.retain(|other| other.id != node);
        self.deaths.send_modify(|deaths| *deaths += 1);
    }

    /// Learns that it was taken for dead: nothing is its own any more.
    fn was_buried(&self) {
        let mut state = self.state();
        (state.own, state.beaten) = (None, None);
        state.nodes.clear();
        state.taken.clear();
        self.lives.fetch_add(1, Ordering::Relaxed);
        self.deaths.send_modify(|deaths| *deaths += 1);
        self.allotment.lost();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn own(&self) -> Option<&Node> {
        self.nodes.iter().find(|node| Some(node.id) == self.own)
    }

    /// Adds what was taken to what the store said before.
    fn add_taken(&mut self) {
        let own = self.own;
        let Some(node) = self.nodes.iter_mut().find(|node| Some(node.id) == own) else { return };
        for (duty, _) in &self.taken {
            if !node.duties.contains(duty) {
                node.duties.push(*duty);
            }
        }
    }

    /// The duties that it wants and nobody has.
    fn free(&self) -> Vec<Duty> {
        self.wanted.iter().copied().filter(|duty| !self.nodes.iter().any(|node| node.duties.contains(duty))).collect()
    }
}

/// That a task of this process drives a mailing.
pub struct Driving(Arc<Attendance>);

impl Drop for Driving {
    fn drop(&mut self) {
        self.0.drives.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests;
