//! Whose number of beats has stood still for a lease, as one node sees it.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::store::{Node, NodeId};

/// What was seen of the others, on a clock that only runs forward.
#[derive(Debug)]
pub(super) struct Watching {
    lease: Duration,
    last: Option<Instant>,
    /// How often each had beaten, and since when that is so.
    seen: BTreeMap<NodeId, (i64, Instant)>,
}

impl Watching {
    pub(super) fn new(lease: Duration) -> Self {
        Self { lease, last: None, seen: BTreeMap::new() }
    }

    /// Looks at what the store said between two moments, and tells who has given no sign of life for a whole lease, with
    /// their beats. If we have not looked for long (we slept, or the store was away) the watching begins anew: the others
    /// may not have been able to beat either.
    pub(super) fn look(&mut self, nodes: &[Node], own: NodeId, asked: Instant, answered: Instant) -> Vec<(NodeId, i64)> {
        if self.last.is_none_or(|last| asked.duration_since(last) > self.lease / 2) {
            self.seen.clear();
        }
        self.last = Some(answered);
        self.seen.retain(|id, _| nodes.iter().any(|node| node.id == *id));
        let mut silent = Vec::new();
        for node in nodes.iter().filter(|node| node.id != own) {
            let seen = self.seen.entry(node.id).or_insert((node.beats, answered));
            if seen.0 != node.beats {
                *seen = (node.beats, answered);
            } else if asked.duration_since(seen.1) >= self.lease {
                silent.push((node.id, node.beats));
            }
        }
        silent
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::traffic::Share;

    const LEASE: Duration = Duration::from_secs(8);

    fn node(id: i64, beats: i64) -> Node {
        Node {
            id: NodeId(id),
            name: String::new(),
            place: String::new(),
            process: String::new(),
            entered_at: Timestamp::UNIX_EPOCH,
            seen_at: Timestamp::UNIX_EPOCH,
            beats,
            state: String::new(),
            is_sending: false,
            share: Share::NONE,
            duties: Vec::new(),
        }
    }

    /// Looks once a second from one second to another; the second node has beaten until `until`. Who was silent when.
    fn silent(watching: &mut Watching, start: Instant, seconds: std::ops::Range<u64>, until: u64) -> Vec<u64> {
        let at = |second| start + Duration::from_secs(second);
        let beats = |second: u64| i64::try_from(second.min(until)).unwrap();
        seconds
            .filter(|&second| !watching.look(&[node(1, 0), node(2, beats(second))], NodeId(1), at(second), at(second)).is_empty())
            .collect()
    }

    #[test]
    fn one_that_beats_no_more_is_silent_after_a_lease_and_not_before() {
        let mut watching = Watching::new(LEASE);
        assert_eq!(silent(&mut watching, Instant::now(), 0..16, 5), [13, 14, 15]);
    }

    #[test]
    fn after_a_sleep_or_an_outage_the_watching_begins_anew() {
        let (mut watching, start) = (Watching::new(LEASE), Instant::now());
        assert!(silent(&mut watching, start, 0..10, 5).is_empty());
        assert_eq!(silent(&mut watching, start, 60..70, 5), [68, 69], "a lease in sight of the store, and not since its last beat");
    }

    #[test]
    fn an_answer_that_took_its_time_makes_nobody_silent_earlier() {
        let (mut watching, start) = (Watching::new(LEASE), Instant::now());
        let at = |second| start + Duration::from_secs(second);
        assert!(watching.look(&[node(2, 0)], NodeId(1), at(0), at(3)).is_empty());
        for second in [6, 9] {
            assert!(watching.look(&[node(2, 0)], NodeId(1), at(second), at(second)).is_empty(), "{second}");
        }
        assert_eq!(watching.look(&[node(2, 0)], NodeId(1), at(11), at(12)), [(NodeId(2), 0)]);
    }
}
