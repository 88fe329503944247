//! How soon a word is said again to somebody who could not be told: later and later, and not for ever.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// How long after each try in vain the next one comes; the last stands for all that follow.
const WAITS: [SignedDuration; 5] = [
    SignedDuration::from_secs(15),
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(20),
    SignedDuration::from_hours(1),
];

/// After so many tries, which is a day, it is given up: the mailbox is not there, or its server does not want us.
const MOST: usize = 26;

/// What was tried in vain since the program began.
#[derive(Debug, Default)]
pub struct Patience(Mutex<BTreeMap<String, Tried>>);

#[derive(Debug, Clone, Copy)]
struct Tried {
    times: usize,
    last: Timestamp,
}

/// What is to be done about a word that has not been said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// Try now.
    Try,
    /// Not yet.
    Wait,
    /// No more.
    GiveUp,
}

impl Patience {
    /// What to do now about this word.
    pub fn advice(&self, word: &str, now: Timestamp) -> Advice {
        let tried = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(word).copied();
        match tried {
            None => Advice::Try,
            Some(Tried { times, .. }) if times >= MOST => Advice::GiveUp,
            Some(Tried { times, last }) => {
                let wait = WAITS.get(times - 1).or(WAITS.last()).copied().unwrap_or_default();
                // A clock that was set back keeps nobody waiting.
                let is_over = now.duration_since(last) >= wait || now < last;
                if is_over { Advice::Try } else { Advice::Wait }
            }
        }
    }

    /// Notes that it was tried in vain. Returns whether that was the last time.
    pub fn in_vain(&self, word: &str, now: Timestamp) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tried = all.entry(word.to_owned()).or_insert(Tried { times: 0, last: now });
        *tried = Tried { times: tried.times + 1, last: now };
        tried.times >= MOST
    }

    /// Notes that it was said.
    pub fn said(&self, word: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_come_later_and_later_and_end_within_a_day_or_so() {
        let (patience, start) = (Patience::default(), Timestamp::UNIX_EPOCH);
        let (mut now, mut tries) = (start, 0);
        loop {
            match patience.advice("word", now) {
                Advice::Try => {
                    tries += 1;
                    patience.in_vain("word", now);
                }
                Advice::Wait => now += SignedDuration::from_secs(1),
                Advice::GiveUp => break,
            }
        }
        assert_eq!(tries, MOST);
        let took = now.duration_since(start);
        assert!(took > SignedDuration::from_hours(20) && took < SignedDuration::from_hours(26), "{took:?}");
        patience.said("word");
        assert_eq!(patience.advice("word", now), Advice::Try);
    }

    #[test]
    fn a_clock_that_was_set_back_keeps_nobody_waiting() {
        let (patience, now) = (Patience::default(), Timestamp::from_second(1_000_000).unwrap());
        patience.in_vain("word", now);
        assert_eq!(patience.advice("word", now), Advice::Wait);
        assert_eq!(patience.advice("word", Timestamp::UNIX_EPOCH), Advice::Try);
        assert_eq!(patience.advice("another", now), Advice::Try);
    }
}
