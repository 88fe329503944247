//! The circuit breaker: too many refusals among the last messages, and a person must look before more go out.

use super::Heard;
use crate::mailing::{Fate, Judgement};

/// When sending stops (STANDARDS section 4, circuit breaker). Shares are in thousandths.
///
/// The last so many attempts of a provider are looked at, and the last so many of the mailing. Too many blocks or
/// deferrals among them stop at once. Unknown readers stop when such a number of attempts has been made, and before
/// that at a larger share: of the first hundred, then of all so far.
///
/// A deferral counts at a delivery's first two tries. But greylisting turns every first try away with 450 or 451 (RFC 6647)
/// and takes the second: such an answer to a first try says nothing yet, and is left out altogether, as if it had not been
/// made. If the second try is deferred as well, that one counts. A provider that is truly in trouble is so found out with
/// the first second tries, five minutes later; until then its reactions and limits hold. Third and later tries that are
/// deferred are left out again: at the end of a mailing only they remain, and they would stop what is merely slow. A
/// connection that was lost says nothing about a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerRules {
    /// Whether it works at all.
    pub is_on: bool,
    /// How many attempts are looked back on for a provider.
    pub provider: u16,
    /// How many for the mailing as a whole.
    pub overall: u16,
    /// Most refusals for want of such a reader.
    pub hard: u32,
    /// The same while fewer attempts have been made than are looked back on.
    pub hard_at_first: u32,
    /// Of at least so many attempts is that share.
    pub first: u16,
    /// Most refusals for policy.
    pub block: u32,
    /// Most deferrals.
    pub deferred: u32,
}

impl Default for BreakerRules {
    fn default() -> Self {
        Self { is_on: true, provider: 200, overall: 500, hard: 30, hard_at_first: 100, first: 100, block: 50, deferred: 300 }
    }
}

impl BreakerRules {
    /// A breaker that never trips.
    pub fn off() -> Self {
        Self { is_on: false, ..Self::default() }
    }
}

/// What one attempt came to, as the breaker sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// Accepted, or refused for a reason that is the reader's own.
    Fine,
    /// There is no such reader.
    Hard,
    /// Refused for policy.
    Block,
    /// To be tried again.
    Deferred,
}

impl Sign {
    /// How the breaker counts this; `None`: it does not ([`BreakerRules`] says why).
    pub(super) fn of(heard: &Heard<'_>) -> Option<Self> {
        match (heard.judgement, heard.fate) {
            (Judgement::Hard, _) => Some(Self::Hard),
            (Judgement::Block, _) => Some(Self::Block),
            (_, Fate::Accepted | Fate::Refused) => Some(Self::Fine),
            (_, Fate::Deferred { .. } | Fate::Expired) => {
                let reply = heard.reply?;
                let may_be_greylisting = heard.attempt <= 1 && matches!(reply.code, 450 | 451);
                (heard.attempt <= 2 && !may_be_greylisting).then_some(Self::Deferred)
            }
            _ => None,
        }
    }
}

/// The last attempts of a provider or of the mailing.
#[derive(Debug, Clone)]
pub(super) struct Recent {
    signs: Box<[Sign]>,
    seen: usize,
    counts: [u32; 4],
}

impl Recent {
    pub(super) fn new(span: u16) -> Self {
        Self { signs: vec![Sign::Fine; usize::from(span.max(1))].into_boxed_slice(), seen: 0, counts: [0; 4] }
    }

    pub(super) fn forget(&mut self) {
        (self.seen, self.counts) = (0, [0; 4]);
    }

    pub(super) fn note(&mut self, sign: Sign) {
        let place = self.seen % self.signs.len();
        let before = std::mem::replace(&mut self.signs[place], sign);
        if self.seen >= self.signs.len() {
            self.counts[before as usize] -= 1;
        }
        self.counts[sign as usize] += 1;
        self.seen += 1;
    }

    /// Why to stop, if there is reason to: of whom so many were what, told of somebody.
    pub(super) fn trips(&self, rules: &BreakerRules, whose: impl Fn() -> String) -> Option<String> {
        let span = self.signs.len();
        let is_over = |sign: Sign, share: u32, of: usize| u64::from(self.counts[sign as usize]) * 1000 > u64::from(share) * of as u64;
        let (hard, of) =
            if self.seen >= span { (rules.hard, span) } else { (rules.hard_at_first, self.seen.max(usize::from(rules.first))) };
        let found = [
            (Sign::Hard, hard, of, "were refused since there is no such reader"),
            (Sign::Block, rules.block, span, "were turned away for policy"),
            (Sign::Deferred, rules.deferred, span, "were put off"),
        ];
        let (sign, share, _, what) = found.into_iter().find(|(sign, share, of, _)| is_over(*sign, *share, *of))?;
        let (count, seen) = (self.counts[sign as usize], self.seen.min(span));
        let (percent, tenths) = (share / 10, share % 10);
        let share = if tenths == 0 { format!("{percent} %") } else { format!("{percent}.{tenths} %") };
        Some(format!("of the last {seen} messages{}, {count} {what}; more than {share} stops", whose()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After how many of these attempts the breaker trips.
    fn trips(signs: impl IntoIterator<Item = Sign>) -> Option<usize> {
        let (rules, mut recent) = (BreakerRules::default(), Recent::new(200));
        signs.into_iter().position(|sign| {
            recent.note(sign);
            recent.trips(&rules, String::new).is_some()
        })
    }

    fn mixed(every: usize, sign: Sign, count: usize) -> Vec<Sign> {
        (0..count).map(|number| if number % every == 0 { sign } else { Sign::Fine }).collect()
    }

    #[test]
    fn unknown_readers_stop_at_ten_in_a_hundred_and_then_at_three() {
        assert_eq!(trips(vec![Sign::Hard; 10]), None);
        assert_eq!(trips(vec![Sign::Hard; 11]), Some(10));
        let mut ten = vec![Sign::Hard; 10];
        ten.resize(199, Sign::Fine);
        assert_eq!(trips(ten.clone()), None);
        ten.push(Sign::Fine);
        assert_eq!(trips(ten), Some(199), "ten of two hundred are five in a hundred");
        assert_eq!(trips(mixed(33, Sign::Hard, 198)), None);
        let mut six = vec![Sign::Hard; 6];
        six.resize(500, Sign::Fine);
        assert_eq!(trips(six), None, "six of two hundred are three in a hundred, and no more");
        let mut late = vec![Sign::Fine; 500];
        late.extend([Sign::Hard; 7]);
        assert_eq!(trips(late), Some(506));
    }

    #[test]
    fn blocks_and_deferrals_stop_as_soon_as_there_are_too_many() {
        assert_eq!(trips(vec![Sign::Block; 10]), None);
        assert_eq!(trips(vec![Sign::Block; 11]), Some(10));
        assert_eq!(trips(vec![Sign::Deferred; 60]), None);
        assert_eq!(trips(vec![Sign::Deferred; 61]), Some(60));
        assert_eq!(trips(mixed(20, Sign::Block, 2000)), None, "five in a hundred for ever");
        assert_eq!(trips(mixed(19, Sign::Block, 2000)), Some(190));
        assert_eq!(trips(mixed(4, Sign::Deferred, 2000)), None);
        assert_eq!(trips(mixed(3, Sign::Deferred, 2000)), Some(180));
    }

    #[test]
    fn what_lies_further_back_is_forgotten() {
        let mut signs = vec![Sign::Block; 10];
        signs.extend([Sign::Fine; 190]);
        signs.extend([Sign::Block; 10]);
        assert_eq!(trips(signs), None);
    }

    #[test]
    fn the_reason_is_a_sentence() {
        let mut recent = Recent::new(200);
        (0..11).for_each(|_| recent.note(Sign::Block));
        let said = recent.trips(&BreakerRules::default(), || " to google".to_owned());
        assert_eq!(said.as_deref(), Some("of the last 11 messages to google, 11 were turned away for policy; more than 5 % stops"));
    }
}
