//! One mailing to everybody, event by event. A connection takes a handful of readers, brings them what it can, and comes back
//! for more; whoever was put off comes back by the retry plan; nodes and the server have as much time as they have cores.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::world::{
    COMMIT, Chance, DEATH, MISSED_AFTER, NODE, NODE_CORES, PROVIDERS, READERS, SERVER, SERVER_CORES, TURNED_AWAY, WHO_TURNS_AWAY, wait,
};

/// How a run came out.
#[derive(Default)]
pub(crate) struct Outcome {
    /// Seconds until half, nine tenths, 99 in a hundred, 999 in a thousand and all had come to rest.
    pub(crate) reached: [f64; 5],
    pub(crate) tries: u64,
    pub(crate) accepted: u64,
    pub(crate) refused: u64,
    /// Who may have got it twice: what was being handed over when the node died.
    pub(crate) repeats: u64,
    /// The best minute, in tries a second.
    pub(crate) peak: f64,
    /// Connections open at once, at most.
    pub(crate) connections: usize,
    /// Seconds of one core.
    pub(crate) server_busy: f64,
    pub(crate) nodes_busy: f64,
    /// Seconds until the last of each provider.
    pub(crate) last: [f64; PROVIDERS.len()],
}

/// The shares of readers whose times are noted, in thousandths.
const MARKS: [u64; 5] = [500, 900, 990, 999, 1000];

/// Readers of one provider that wait, all before their next try of this number.
#[derive(Clone, Copy)]
struct Waiting {
    try_number: u32,
    many: u64,
}

/// A place for one connection from one address to one provider.
struct Lane {
    provider: usize,
    node: usize,
    /// What it carries, since when and until when; nothing while it is idle.
    load: Option<(Waiting, f64, f64)>,
    /// Tells the end of what it carries from that of something that was cut off.
    turn: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Back { lane: usize, turn: u64 },
    Due { provider: usize, try_number: u32, many: u64 },
    Death,
    Missed,
}

pub(crate) struct Run {
    now: f64,
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    sequence: u64,
    chance: Chance,
    lanes: Vec<Lane>,
    idle: Vec<Vec<usize>>,
    waiting: Vec<Vec<Waiting>>,
    /// Until when each node, and the server, have work.
    nodes: Vec<f64>,
    server: f64,
    busy: usize,
    left: Vec<(usize, Waiting)>,
    resting: u64,
    minute: (u64, u64),
    outcome: Outcome,
}

impl Run {
    /// So many addresses, looked after by so many nodes.
    pub(crate) fn of(addresses: usize, nodes: usize) -> Self {
        let mut lanes = Vec::new();
        for (provider, about) in PROVIDERS.iter().enumerate() {
            for place in 0..addresses * about.connections {
                lanes.push(Lane { provider, node: place % nodes, load: None, turn: 0 });
            }
        }
        let mut idle = vec![Vec::new(); PROVIDERS.len()];
        lanes.iter().enumerate().for_each(|(at, lane)| idle[lane.provider].push(at));
        let first = |share| vec![Waiting { try_number: 1, many: READERS / 1000 * share }];
        Self {
            now: 0.0,
            events: BinaryHeap::new(),
            sequence: 0,
            chance: Chance::SEED,
            lanes,
            idle,
            waiting: PROVIDERS.iter().map(|provider| first(provider.share)).collect(),
            nodes: vec![0.0; nodes],
            server: 0.0,
            busy: 0,
            left: Vec::new(),
            resting: 0,
            minute: (0, 0),
            outcome: Outcome::default(),
        }
    }

    pub(crate) fn ended(mut self) -> Outcome {
        self.at(DEATH, Event::Death);
        (0..PROVIDERS.len()).for_each(|provider| self.wake(provider));
        while let Some(Reverse((micros, _, event))) = self.events.pop() {
            self.now = micros as f64 / 1e6;
            match event {
                Event::Back { lane, turn } if self.lanes[lane].turn == turn => self.come_back(lane),
                Event::Back { .. } => {}
                Event::Due { provider, try_number, many } => {
                    self.waiting[provider].push(Waiting { try_number, many });
                    self.wake(provider);
                }
                Event::Death => self.die(),
                Event::Missed => self.miss(),
            }
        }
        self.outcome
    }

    fn at(&mut self, seconds: f64, event: Event) {
        self.sequence += 1;
        self.events.push(Reverse(((seconds * 1e6) as u64, self.sequence, event)));
    }

    /// Sends out whoever is idle while anybody waits.
    fn wake(&mut self, provider: usize) {
        while !self.waiting[provider].is_empty() {
            let Some(lane) = self.idle[provider].pop() else { return };
            self.set_out(lane);
        }
    }

    /// Takes a handful: those who were put off before the others.
    fn set_out(&mut self, lane: usize) {
        let (provider, node) = (self.lanes[lane].provider, self.lanes[lane].node);
        let about = &PROVIDERS[provider];
        let Some(last) = self.waiting[provider].last_mut() else { return self.idle[provider].push(lane) };
        let load = Waiting { try_number: last.try_number, many: last.many.min(about.each) };
        last.many -= load.many;
        if last.many == 0 {
            self.waiting[provider].pop();
        }
        let many = load.many as f64;
        let (here, there) = (many * NODE / 1e6, many * SERVER / 1e6);
        self.nodes[node] = self.nodes[node].max(self.now) + here / NODE_CORES;
        self.server = self.server.max(self.now) + there / SERVER_CORES;
        self.outcome.nodes_busy += here;
        self.outcome.server_busy += there;
        let replies = (about.setup + many * about.reply * self.chance.between(0.7..1.3)) / 1e3 + many * COMMIT / 1e6;
        let end = (self.now + replies).max(self.nodes[node]).max(self.server);
        self.lanes[lane].load = Some((load, self.now, end));
        self.lanes[lane].turn += 1;
        self.busy += 1;
        self.outcome.connections = self.outcome.connections.max(self.busy);
        let turn = self.lanes[lane].turn;
        self.at(end, Event::Back { lane, turn });
    }

    fn come_back(&mut self, lane: usize) {
        let Some((load, ..)) = self.lanes[lane].load.take() else { return };
        self.busy -= 1;
        self.settle(self.lanes[lane].provider, load);
        self.set_out(lane);
    }

    /// What became of a handful.
    fn settle(&mut self, provider: usize, load: Waiting) {
        let about = &PROVIDERS[provider];
        let is_closed = provider == WHO_TURNS_AWAY && TURNED_AWAY.contains(&self.now);
        let put_off = if is_closed {
            10_000
        } else if load.try_number > 1 {
            2_500
        } else {
            about.put_off
        };
        let mut again = 0;
        for _ in 0..load.many {
            match self.chance.of_ten_thousand() {
                lot if lot < put_off => again += 1,
                lot if lot < put_off + about.refused => self.outcome.refused += 1,
                _ => self.outcome.accepted += 1,
            }
        }
        self.outcome.tries += load.many;
        self.count(load.many);
        self.resting += load.many - again;
        if load.many > again {
            self.outcome.last[provider] = self.now;
        }
        for (mark, reached) in MARKS.iter().zip(&mut self.outcome.reached) {
            if *reached == 0.0 && self.resting >= READERS / 1000 * mark {
                *reached = self.now;
            }
        }
        if again > 0 {
            // Where everything is turned away the breaker holds the rest back: nobody is tried before it is over.
            let shift = self.chance.between(0.9..1.1);
            let due = if is_closed { TURNED_AWAY.end + 300.0 * shift } else { self.now + wait(load.try_number) * shift };
            self.at(due, Event::Due { provider, try_number: load.try_number + 1, many: again });
        }
        if is_closed {
            let held = std::mem::take(&mut self.waiting[provider]);
            for Waiting { try_number, many } in held {
                self.at(TURNED_AWAY.end, Event::Due { provider, try_number, many });
            }
        }
    }

    fn count(&mut self, many: u64) {
        let minute = (self.now / 60.0) as u64;
        if minute != self.minute.0 {
            self.outcome.peak = self.outcome.peak.max(self.minute.1 as f64 / 60.0);
            self.minute = (minute, 0);
        }
        self.minute.1 += many;
    }

    /// The first node ends in the middle of everything. What it had noted stands; on each connection one message is in doubt,
    /// and goes out again.
    fn die(&mut self) {
        for lane in (0..self.lanes.len()).filter(|lane| self.lanes[*lane].node == 0).collect::<Vec<_>>() {
            let Some((load, since, until)) = self.lanes[lane].load.take() else { continue };
            self.busy -= 1;
            self.lanes[lane].turn += 1;
            let part = (self.now - since) / (until - since);
            let noted = ((load.many as f64 * part) as u64).min(load.many - 1);
            let provider = self.lanes[lane].provider;
            self.settle(provider, Waiting { many: noted, ..load });
            self.left.push((lane, Waiting { many: load.many - noted, ..load }));
            self.outcome.repeats += 1;
        }
        self.at(self.now + MISSED_AFTER, Event::Missed);
    }

    /// The others bury it, and share out what it held and did.
    fn miss(&mut self) {
        let others = self.nodes.len() - 1;
        for (at, lane) in self.lanes.iter_mut().filter(|lane| lane.node == 0).enumerate() {
            lane.node = 1 + at % others;
        }
        for (lane, load) in std::mem::take(&mut self.left) {
            let provider = self.lanes[lane].provider;
            self.waiting[provider].push(load);
            self.idle[provider].push(lane);
        }
        (0..PROVIDERS.len()).for_each(|provider| self.wake(provider));
    }
}
