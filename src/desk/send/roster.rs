//! The relays of a run in order of duty: who works, who stands by, who rests after a failure, and who carries how much.

use std::time::Duration;

use jiff::Timestamp;

/// How long a relay rests after its first failure in a row; each further one doubles it.
const FIRST_REST: Duration = Duration::from_secs(30);

/// The longest rest.
const LONGEST_REST: Duration = Duration::from_mins(5);

/// How far a relay may run ahead of its share, in messages.
const SLACK: f64 = 64.0;

/// What the configuration says of a relay's part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Part {
    /// 1 works first; later duties stand by.
    pub(super) duty: u32,
    /// Its share among those of the same duty.
    pub(super) weight: f64,
}

/// All relays.
#[derive(Debug)]
pub(super) struct Roster {
    posts: Vec<Post>,
    /// Whether the shares of any duty differ, so that they have to be kept.
    has_shares: bool,
}

/// Whether a relay may take a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    Now,
    /// It rests until then.
    NotBefore(Timestamp),
    /// It stands by, or has had its share: only what those cannot take to whom it yields.
    Yields,
    /// It is out of order.
    NotNow,
}

#[derive(Debug)]
struct Post {
    part: Part,
    open: usize,
    taken: f64,
    failures: u32,
    rest: Rest,
    /// It lets nothing pass for a while: a limit, its hours, or a pause.
    is_closed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    None,
    Until(Timestamp),
    ForGood,
}

impl Roster {
    pub(super) fn new(parts: impl IntoIterator<Item = Part>) -> Self {
        let posts: Vec<Post> =
            parts.into_iter().map(|part| Post { part, open: 0, taken: 0.0, failures: 0, rest: Rest::None, is_closed: false }).collect();
        let has_shares = posts.iter().any(|post| {
            posts.iter().any(|other| other.part.duty == post.part.duty && (other.part.weight - post.part.weight).abs() > f64::EPSILON)
        });
        Self { posts, has_shares }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.posts.len()
    }

    /// Whether there is one relay only, whose turn it always is.
    pub(super) fn is_alone(&self) -> bool {
        self.posts.len() <= 1
    }

    /// The relays that do not rest.
    pub(super) fn fit(&self, now: Timestamp) -> impl Iterator<Item = usize> {
        self.posts.iter().enumerate().filter(move |(_, post)| post.is_fit(now)).map(|(at, _)| at)
    }

    /// Whether a relay will have rested by then.
    pub(super) fn works_by(&self, relay: usize, then: Timestamp) -> bool {
        self.posts.get(relay).is_some_and(|post| post.is_fit(then))
    }

    /// The relays to which this one yields when it stands by or has had its share.
    pub(super) fn before(&self, relay: usize, now: Timestamp) -> impl Iterator<Item = usize> {
        let duty = self.posts.get(relay).map_or(0, |post| post.part.duty);
        let comes_first = move |(at, post): &(usize, &Post)| *at != relay && post.part.duty <= duty && post.works(now);
        self.posts.iter().enumerate().filter(comes_first).map(|(at, _)| at)
    }

    /// A relay lets nothing pass for a while, or does again.
    pub(super) fn close(&mut self, relay: usize, is_closed: bool, now: Timestamp) {
        let Some(post) = self.posts.get_mut(relay) else { return };
        if std::mem::replace(&mut post.is_closed, is_closed) && !is_closed {
            self.catch_up(relay, now);
        }
    }

    /// Whether this relay may take a message now.
    pub(super) fn turn(&self, relay: usize, now: Timestamp) -> Turn {
        let Some(post) = self.posts.get(relay) else { return Turn::NotNow };
        match post.rest {
            Rest::Until(until) if until > now => return Turn::NotBefore(until),
            Rest::ForGood => return Turn::NotNow,
            _ => {}
        }
        if post.is_closed {
            // Those who know why also know until when.
            return Turn::Now;
        }
        if Some(post.part.duty) != self.duty(now) || (self.has_shares && self.is_ahead(post, now)) {
            return Turn::Yields;
        }
        Turn::Now
    }

    /// A message was given to this relay.
    pub(super) fn took(&mut self, relay: usize) {
        if let Some(post) = self.posts.get_mut(relay) {
            post.taken += 1.0;
        }
    }

    /// It was not sent after all.
    pub(super) fn gave_back(&mut self, relay: usize) {
        if let Some(post) = self.posts.get_mut(relay) {
            post.taken -= 1.0;
        }
    }

    pub(super) fn connected(&mut self, relay: usize, now: Timestamp) {
        let Some(post) = self.posts.get_mut(relay) else { return };
        post.open += 1;
        post.failures = 0;
        if std::mem::replace(&mut post.rest, Rest::None) != Rest::None {
            self.catch_up(relay, now);
        }
    }

    /// Whoever was away owes nothing for that time: it begins with the share of those who worked.
    fn catch_up(&mut self, relay: usize, now: Timestamp) {
        let Some(part) = self.posts.get(relay).map(|post| post.part) else { return };
        let others = self.posts.iter().enumerate().filter(|(at, other)| *at != relay && other.part.duty == part.duty && other.works(now));
        let least = others.map(|(_, other)| other.share()).fold(f64::INFINITY, f64::min);
        if let Some(post) = self.posts.get_mut(relay).filter(|_| least.is_finite()) {
            post.taken = post.taken.max(least * part.weight);
        }
    }

    pub(super) fn disconnected(&mut self, relay: usize) {
        if let Some(post) = self.posts.get_mut(relay) {
            post.open = post.open.saturating_sub(1);
        }
    }

    pub(super) fn is_at_work(&self, relay: usize) -> bool {
        self.posts.get(relay).is_some_and(|post| post.open > 0)
    }

    /// Lets a relay rest: for a while that grows, or for good where another try would end the same way.
    pub(super) fn failed(&mut self, relay: usize, now: Timestamp, is_transient: bool) {
        let Some(post) = self.posts.get_mut(relay) else { return };
        if is_transient && !post.is_fit(now) {
            // Its other connections failed with the first, and tell nothing new.
            return;
        }
        let rest = FIRST_REST.saturating_mul(1 << post.failures.min(8)).min(LONGEST_REST);
        post.failures += 1;
        post.rest = if is_transient { Rest::Until(now.checked_add(rest).unwrap_or(Timestamp::MAX)) } else { Rest::ForGood };
    }

    fn duty(&self, now: Timestamp) -> Option<u32> {
        self.posts.iter().filter(|post| post.works(now)).map(|post| post.part.duty).min()
    }

    /// Whether a relay has had more than its share, measured against the one that has had the least of it.
    fn is_ahead(&self, post: &Post, now: Timestamp) -> bool {
        let fit = self.posts.iter().filter(|other| other.part.duty == post.part.duty && other.works(now));
        let least = fit.map(Post::share).fold(f64::INFINITY, f64::min);
        post.share() > least + SLACK / post.part.weight
    }
}

impl Post {
    fn is_fit(&self, now: Timestamp) -> bool {
        match self.rest {
            Rest::None => true,
            Rest::Until(until) => until <= now,
            Rest::ForGood => false,
        }
    }

    /// Neither rests nor is closed.
    fn works(&self, now: Timestamp) -> bool {
        !self.is_closed && self.is_fit(now)
    }

    fn share(&self) -> f64 {
        self.taken / self.part.weight
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn later(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    /// The relays whose turn it is.
    fn on_duty(roster: &Roster, now: Timestamp) -> Vec<usize> {
        (0..roster.len()).filter(|relay| roster.turn(*relay, now) == Turn::Now).collect()
    }

    fn roster(parts: &[(u32, f64)]) -> Roster {
        Roster::new(parts.iter().map(|&(duty, weight)| Part { duty, weight }))
    }

    #[test]
    fn the_next_duty_stands_by_until_all_before_it_rest() {
        let mut roster = roster(&[(1, 1.0), (1, 1.0), (2, 1.0)]);
        assert_eq!(on_duty(&roster, NOW), [0, 1]);
        assert_eq!(roster.turn(2, NOW), Turn::Yields);
        roster.failed(0, NOW, true);
        assert_eq!(on_duty(&roster, NOW), [1]);
        roster.failed(1, NOW, false);
        assert_eq!(on_duty(&roster, NOW), [2]);
        assert_eq!(roster.turn(2, NOW), Turn::Now);
        assert_eq!(on_duty(&roster, later(31)), [0], "rested");
        assert_eq!(roster.turn(2, later(31)), Turn::Yields, "and the stand-in is relieved");
    }

    #[test]
    fn rests_grow_and_a_connection_ends_them() {
        let mut roster = roster(&[(1, 1.0)]);
        let mut now = NOW;
        let mut rest = || {
            // All its connections fail at once, and that counts once.
            (0..4).for_each(|_| roster.failed(0, now, true));
            let Turn::NotBefore(until) = roster.turn(0, now) else { panic!("it rests") };
            until.duration_since(std::mem::replace(&mut now, until)).as_secs()
        };
        assert_eq!([rest(), rest(), rest(), rest(), rest(), rest()], [30, 60, 120, 240, 300, 300]);
        roster.connected(0, now);
        assert_eq!(roster.turn(0, now), Turn::Now);
        roster.failed(0, now, true);
        assert_eq!(roster.turn(0, now), Turn::NotBefore(now + FIRST_REST));
    }

    #[test]
    fn relays_of_one_duty_share_by_weight() {
        let mut roster = roster(&[(1, 3.0), (1, 1.0)]);
        let mut carried = [0_u32; 2];
        for _ in 0..10_000 {
            for relay in [0, 1] {
                if roster.turn(relay, NOW) == Turn::Now {
                    roster.took(relay);
                    carried[relay] += 1;
                }
            }
        }
        let share = f64::from(carried[0]) / f64::from(carried[0] + carried[1]);
        assert!((0.73..0.77).contains(&share), "{carried:?}");
    }

    #[test]
    fn equal_weights_hold_nobody_back() {
        let mut roster = roster(&[(1, 1.0), (1, 1.0)]);
        for _ in 0..10_000 {
            assert_eq!(roster.turn(0, NOW), Turn::Now);
            roster.took(0);
        }
    }

    #[test]
    fn who_stands_by_carries_what_a_closed_relay_cannot() {
        let mut roster = roster(&[(1, 1.0), (2, 1.0)]);
        roster.close(0, true, NOW);
        assert_eq!(roster.turn(1, NOW), Turn::Now);
        roster.close(0, false, NOW);
        assert_eq!(on_duty(&roster, NOW), [0]);
    }

    #[test]
    fn a_relay_that_was_away_has_nothing_to_catch_up_on() {
        let mut roster = roster(&[(1, 3.0), (1, 1.0)]);
        roster.failed(1, NOW, true);
        (0..3000).for_each(|_| roster.took(0));
        roster.connected(1, later(31));
        assert_eq!(on_duty(&roster, later(31)), [0, 1]);
        (0..200).for_each(|_| roster.took(0));
        assert_eq!(on_duty(&roster, later(31)), [1], "and from then on has its share");
    }
}
