//! However nodes come, go, die and are heard late: what their gates let through together stays within the limits.

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::clock::FixedClock;
use crate::mailing::settle::Judgement;
use crate::mailing::{Fate, ProviderId};
use crate::traffic::{BreakerRules, Gate, Heard, Limits, Provider, Providers, RelayRules, Rules, Verdict};

const NODES: usize = 3;
const CONNECTIONS: usize = 4;
/// Of the provider, and messages a second of the relay.
const MOST: u32 = 3;
const RATE: u16 = 5;

/// What one node does next, after so many milliseconds.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// It says what it has to say; the store takes it later.
    Beats,
    /// The store takes the oldest beat that is on its way; the node hears of it, or not.
    Lands(bool),
    /// The others find it dead.
    Dies,
    Sends(bool),
    /// A run looks what it may use, and may use more.
    Looks,
    Starts(usize),
    Ends(usize),
}

/// A node, and what is on its way from it.
struct Member {
    attendance: Arc<Attendance>,
    gate: Gate,
    beats: Vec<(i64, Beat, Share)>,
    count: i64,
    held: [u32; CONNECTIONS],
}

/// What the store has, as its statements keep it.
struct Model {
    rows: Vec<Node>,
    next: i64,
}

fn at(millisecond: i64) -> Timestamp {
    Timestamp::from_millisecond(1_780_000_000_000 + millisecond).unwrap()
}

fn rules() -> Rules {
    let mut provider = Provider::named(ProviderId::new("town"));
    provider.limits.connections = Some(MOST);
    let limits = Limits { per_second: Some(f64::from(RATE)), connections: Some(4), ..Limits::default() };
    Rules {
        relays: vec![RelayRules { name: "main".to_owned(), limits, window: None, warm_up: false }],
        providers: Providers::built_in().unshaped().amended(vec![provider]),
        window: None,
        zone: TimeZone::UTC,
        breaker: BreakerRules::default(),
    }
}

impl Model {
    fn enter(&mut self) -> NodeId {
        self.next += 1;
        let (id, at) = (NodeId(self.next), at(0));
        let (name, place, process, state) = Default::default();
        let (beats, is_sending, share, duties) = Default::default();
        self.rows.push(Node { id, name, place, process, entered_at: at, seen_at: at, beats, state, is_sending, share, duties });
        id
    }

    /// `None` if the node is not there any more, or a later beat was taken.
    fn beat(&mut self, id: NodeId, number: i64, beat: &Beat) -> Option<Vec<Node>> {
        let place = self.rows.iter().position(|row| row.id == id && row.beats < number)?;
        let overlaps = |row: &Node| row.id != id && !row.share.common(beat.share).is_none();
        let is_free = self.rows[place].share.covers(beat.share) || !self.rows.iter().any(overlaps);
        let row = &mut self.rows[place];
        (row.beats, row.is_sending) = (number, beat.is_sending);
        if is_free {
            row.share = beat.share;
        }
        Some(self.rows.clone())
    }
}

impl Member {
    fn new(model: &mut Model) -> Self {
        let attendance = Attendance::new(Arc::new(FixedClock(at(0))), Duration::from_secs(3));
        attendance.allotment.lost();
        let mut gate = Gate::new(rules(), &[], &[], &[], at(0));
        gate.share(Share::NONE, &[], &[], at(0));
        let mut state = attendance.state();
        (state.attends, state.own) = (true, Some(model.enter()));
        drop(state);
        Self { attendance, gate, beats: Vec::new(), count: 0, held: [0; CONNECTIONS] }
    }

    fn id(&self) -> Option<NodeId> {
        self.attendance.state().own
    }

    /// As a run does: less at once, and what is let go of is said when nobody uses it.
    fn narrows(&mut self, now: Timestamp) {
        let allowed = self.attendance.allotment.allowed();
        if !allowed.covers(self.gate.goes_by()) {
            self.gate.narrow(allowed.common(self.gate.goes_by()), now);
        }
        if self.gate.is_within_share() {
            self.attendance.allotment.goes_by(self.gate.goes_by());
        }
    }

    fn step(&mut self, step: Step, model: &mut Model, now: Timestamp) -> bool {
        let lane = self.gate.lane(&ProviderId::new("town"));
        match step {
            Step::Beats => {
                let (beat, wanted) = self.attendance.next_beat();
                self.count += 1;
                self.beats.push((self.count, beat, wanted));
            }
            Step::Lands(is_heard) if !self.beats.is_empty() => {
                let (number, beat, wanted) = self.beats.remove(0);
                let Some(own) = self.id() else { return false };
                match model.beat(own, number, &beat) {
                    // An answer that was overtaken by another beat of its own is not waited for any more.
                    Some(rows) if is_heard && self.beats.is_empty() => {
                        self.attendance.heard(rows, own, (Instant::now(), now), wanted);
                    }
                    Some(_) => {}
                    None if model.rows.iter().any(|row| row.id == own) => {}
                    None => {
                        self.attendance.was_buried();
                        self.beats.clear();
                        (self.count, self.held) = (0, self.held);
                        self.attendance.state().own = Some(model.enter());
                    }
                }
            }
            Step::Dies => model.rows.retain(|row| Some(row.id) != self.id()),
            Step::Sends(is_sending) => self.attendance.sends(is_sending),
            Step::Looks => {
                self.narrows(now);
                let allowed = self.attendance.allotment.allowed();
                if allowed != self.gate.goes_by() && self.gate.is_within_share() && self.attendance.allotment.goes_by(allowed) {
                    self.gate.share(allowed, &[], &[], now);
                }
            }
            Step::Starts(connection) => {
                self.narrows(now);
                if self.gate.ask(0, connection, lane, now) == Verdict::Go {
                    self.gate.take(0, connection, lane, now);
                    self.held[connection] += 1;
                    return true;
                }
            }
            Step::Ends(connection) if self.held[connection] > 0 => {
                let heard = Heard { attempt: 1, fate: Fate::Accepted, judgement: Judgement::Nothing, reply: None };
                self.gate.heard(0, connection, lane, heard, now);
                self.held[connection] -= 1;
            }
            Step::Lands(_) | Step::Ends(_) => {}
        }
        false
    }
}

fn steps() -> impl Strategy<Value = Vec<(i64, usize, Step)>> {
    let step = prop_oneof![
        6 => Just(Step::Beats),
        6 => prop::bool::weighted(0.9).prop_map(Step::Lands),
        1 => prop::bool::weighted(0.2).prop_map(|dies| if dies { Step::Dies } else { Step::Looks }),
        2 => prop::bool::weighted(0.9).prop_map(Step::Sends),
        6 => Just(Step::Looks),
        20 => (0..CONNECTIONS).prop_map(Step::Starts),
        12 => (0..CONNECTIONS).prop_map(Step::Ends),
    ];
    prop::collection::vec((0_i64..16, 0..NODES, step), 1..2000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_limit_is_exceeded_whoever_comes_dies_or_is_heard_late(steps in steps()) {
        let mut model = Model { rows: Vec::new(), next: 0 };
        let mut members: Vec<Member> = (0..NODES).map(|_| Member::new(&mut model)).collect();
        let (mut now, mut sent, mut entered) = (0, Vec::new(), Vec::new());
        for (pause, number, step) in steps {
            now += pause;
            let member = &mut members[number];
            let known = model.next;
            let has_sent = member.step(step, &mut model, at(now));
            entered.extend((known < model.next).then_some(now));
            let lives = |member: &Member| model.rows.iter().any(|row| Some(row.id) == member.id());
            // What the dead still send is in doubt already, and stops when they notice.
            if has_sent && lives(&members[number]) {
                sent.push(now);
            }
            for (place, row) in model.rows.iter().enumerate() {
                for other in &model.rows[place + 1..] {
                    prop_assert!(row.share.common(other.share).is_none(), "{:?}", model.rows);
                }
            }
            for member in members.iter().filter(|member| lives(member)) {
                let row = model.rows.iter().find(|row| Some(row.id) == member.id()).unwrap();
                prop_assert!(row.share.covers(member.attendance.allotment.allowed()), "{:?}", model.rows);
            }
            let holds = |member: &Member| member.held.iter().filter(|held| **held > 0).count();
            if model.next == i64::try_from(NODES).unwrap() && model.rows.len() == NODES {
                prop_assert!(members.iter().map(holds).sum::<usize>() <= usize::try_from(MOST).unwrap());
            }
        }
        // A second's worth, and one at once for each node and each new life.
        for (first, begin) in sent.iter().enumerate() {
            let within = |at: &i64| *at <= begin + 1000;
            let many = sent[first..].iter().take_while(|at| within(at)).count();
            let lives = NODES + entered.iter().filter(|at| **at >= *begin && within(at)).count();
            prop_assert!(many <= usize::from(RATE) + lives, "{many} in the second after {begin}");
        }
    }
}
