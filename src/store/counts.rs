//! Counts that are kept beside the lines, gathered while lines change: the same in every engine.

use std::collections::BTreeMap;

use super::codes;
use super::{Attempt, Wave};
use crate::mailing::{Fate, Judgement, MailingId, Stage};

/// Where a line is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot {
    pub(super) mailing: MailingId,
    pub(super) provider: i64,
    pub(super) fate: i64,
    pub(super) wave: i64,
}

impl Slot {
    /// The place of a line of this fate. Only the queued are told apart by their wave.
    pub(super) fn of(mailing: MailingId, provider: i64, fate: i64, wave: i64) -> Self {
        Self { mailing, provider, fate, wave: if fate == codes::QUEUED { wave } else { codes::wave_code(Wave::Rest) } }
    }

    /// The place of a line that is not queued.
    pub(super) fn past(mailing: MailingId, provider: i64, fate: i64) -> Self {
        Self { mailing, provider, fate, wave: codes::wave_code(Wave::Rest) }
    }
}

/// Why a try ended as it did, as the reasons are kept.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cause {
    pub(super) mailing: MailingId,
    pub(super) provider: i64,
    pub(super) fate: i64,
    pub(super) judgement: i64,
    pub(super) code: i64,
    pub(super) enhanced: String,
}

/// What went one way in one minute.
#[derive(Debug, Default)]
pub(super) struct Passed {
    pub(super) attempts: i64,
    pub(super) accepted: i64,
    pub(super) deferred: i64,
    pub(super) hard: i64,
    pub(super) block: i64,
}

/// What is to be added to the counts when a group of changes ends; always in the same order, so that no two who write it wait
/// for each other.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) slots: BTreeMap<Slot, i64>,
    /// With what the first of them said.
    pub(super) causes: BTreeMap<Cause, (String, i64)>,
    /// By minute, relay and provider.
    pub(super) traffic: BTreeMap<(i64, i64, i64), Passed>,
}

impl Counts {
    /// So many lines came to this place.
    pub(super) fn add(&mut self, slot: Slot, many: i64) {
        *self.slots.entry(slot).or_default() += many;
    }

    /// One line went from one place to another.
    pub(super) fn shift(&mut self, from: Slot, to: Slot) {
        self.add(from, -1);
        self.add(to, 1);
    }

    /// A try was noted.
    pub(super) fn tried(&mut self, attempt: &Attempt, relay: i64, provider: i64) {
        if attempt.stage >= Stage::Mail {
            let minute = codes::begin(attempt.at, codes::MINUTE);
            let passed = self.traffic.entry((minute, relay, provider)).or_default();
            passed.attempts += 1;
            passed.accepted += i64::from(attempt.fate == Fate::Accepted);
            passed.deferred += i64::from(matches!(attempt.fate, Fate::Deferred { .. } | Fate::Expired));
            passed.hard += i64::from(attempt.judgement == Judgement::Hard);
            passed.block += i64::from(attempt.judgement == Judgement::Block);
        }
        if matches!(attempt.fate, Fate::Deferred { .. } | Fate::Refused | Fate::Expired) {
            let cause = Cause {
                mailing: attempt.mailing,
                provider,
                fate: codes::fate_code(attempt.fate),
                judgement: codes::judgement_code(attempt.judgement),
                code: attempt.reply.as_ref().map_or(0, |reply| i64::from(reply.code)),
                enhanced: attempt.reply.as_ref().and_then(|reply| reply.enhanced).map(|code| code.to_string()).unwrap_or_default(),
            };
            self.causes.entry(cause).or_insert_with(|| (codes::said(attempt).to_owned(), 0)).1 += 1;
        }
    }
}
