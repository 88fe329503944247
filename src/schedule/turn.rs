//! Whose turn it is: what is to be done at a moment with an issue that is clean and ready.

use jiff::{SignedDuration, Timestamp};

/// What the editors who must approve have said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// Nobody is asked.
    Needless,
    /// Everybody needed has approved; this is when the last of them did.
    Given(Timestamp),
    /// Somebody has yet to approve.
    Missing,
}

/// How an issue stands whose file is clean and ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// When it is due.
    pub due: Timestamp,
    /// What the editors have said.
    pub consent: Consent,
    /// Whether a hold lasts.
    pub is_held: bool,
    /// When a hold was last lifted, if ever.
    pub lifted_at: Option<Timestamp>,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Its time has not come.
    Wait,
    /// A hold keeps it.
    Held,
    /// Its time has come, and somebody has yet to approve.
    Unapproved,
    /// It is late by so much, more than is forgiven: a person must say that it may still go.
    Late(SignedDuration),
    /// It goes out.
    Go,
}

impl Standing {
    /// Whose turn it is at `now`. An issue is late from the moment at which nothing kept it any more: its time, the last
    /// approval, the end of a hold; whichever came last. `grace` is `None` where even the latest is sent.
    pub fn turn(&self, grace: Option<SignedDuration>, now: Timestamp) -> Turn {
        if now < self.due {
            return Turn::Wait;
        }
        if self.is_held {
            return Turn::Held;
        }
        let approved = match self.consent {
            Consent::Missing => return Turn::Unapproved,
            Consent::Given(at) => Some(at),
            Consent::Needless => None,
        };
        let able = [Some(self.due), approved, self.lifted_at].into_iter().flatten().max().unwrap_or(self.due);
        let late = now.duration_since(able);
        if grace.is_some_and(|grace| late > grace) { Turn::Late(late) } else { Turn::Go }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(1_417_420_800 + hour * 3600).unwrap_or_default()
    }

    const SIX_HOURS: Option<SignedDuration> = Some(SignedDuration::from_hours(6));

    fn due() -> Standing {
        Standing { due: at(9), consent: Consent::Needless, is_held: false, lifted_at: None }
    }

    #[test]
    fn it_waits_for_its_time_and_goes_within_the_grace() {
        assert_eq!(due().turn(SIX_HOURS, at(8)), Turn::Wait);
        assert_eq!(due().turn(SIX_HOURS, at(9)), Turn::Go);
        assert_eq!(due().turn(SIX_HOURS, at(15)), Turn::Go);
    }

    #[test]
    fn t23_beyond_the_grace_a_person_decides_unless_even_the_latest_is_sent() {
        assert_eq!(due().turn(SIX_HOURS, at(16)), Turn::Late(SignedDuration::from_hours(7)));
        assert_eq!(due().turn(None, at(400)), Turn::Go);
    }

    #[test]
    fn a_hold_and_a_missing_approval_keep_it_and_neither_makes_it_late() {
        let unapproved = Standing { consent: Consent::Missing, ..due() };
        assert_eq!(unapproved.turn(SIX_HOURS, at(40)), Turn::Unapproved);
        assert_eq!(unapproved.turn(SIX_HOURS, at(8)), Turn::Wait);
        let approved = Standing { consent: Consent::Given(at(40)), ..due() };
        assert_eq!(approved.turn(SIX_HOURS, at(41)), Turn::Go);
        assert_eq!(approved.turn(SIX_HOURS, at(47)), Turn::Late(SignedDuration::from_hours(7)));
        let held = Standing { is_held: true, ..approved };
        assert_eq!(held.turn(SIX_HOURS, at(47)), Turn::Held);
        let lifted = Standing { lifted_at: Some(at(50)), ..approved };
        assert_eq!(lifted.turn(SIX_HOURS, at(51)), Turn::Go);
    }

    #[test]
    fn an_approval_or_a_lifted_hold_of_before_its_time_does_not_make_it_early() {
        let early = Standing { consent: Consent::Given(at(1)), lifted_at: Some(at(2)), ..due() };
        assert_eq!(early.turn(SIX_HOURS, at(8)), Turn::Wait);
        assert_eq!(early.turn(SIX_HOURS, at(15)), Turn::Go);
    }
}
