//! The numbers and texts by which every engine keeps the house's words.

use std::fmt::Display;

use jiff::Timestamp;
use serde::Serialize;

use super::{Attempt, Result, StoreError, Tally, Wave};
use crate::mailing::fate::FateWord;
use crate::mailing::{Fate, Judgement, MailingId, Stage};
use crate::subscription::Standing;

/// A time as it is kept: whole microseconds since the epoch.
pub(super) fn kept(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// A time as it is known outside.
pub(super) fn known(micros: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(micros).map_err(unexpected)
}

/// The numbers of the fates that statements and counts speak of.
pub(super) const QUEUED: i64 = 0;
pub(super) const CLAIMED: i64 = 1;
pub(super) const SUBMITTING: i64 = 2;
pub(super) const DEFERRED: i64 = 4;
pub(super) const WITHHELD: i64 = 7;
pub(super) const DOUBTFUL: i64 = 8;

/// The number by which a fate is kept: its place among the words.
pub(super) fn fate_code(fate: Fate) -> i64 {
    word_code(fate.word())
}

/// The number by which a filter finds a fate.
pub(super) fn filter_code(fate: FateWord) -> i64 {
    word_code(fate.as_str())
}

fn word_code(word: &str) -> i64 {
    Fate::WORDS.iter().zip(0..).find(|(known, _)| **known == word).map_or(-1, |(_, code)| code)
}

/// The number by which a judgement is kept: its place among all.
pub(super) fn judgement_code(judgement: Judgement) -> i64 {
    place(&Judgement::ALL, &judgement)
}

/// The number by which a stage is kept: its place among all.
pub(super) fn stage_code(stage: Stage) -> i64 {
    place(&Stage::ALL, &stage)
}

/// The number by which a wave is kept: its place among all.
pub(super) fn wave_code(wave: Wave) -> i64 {
    place(&Wave::ALL, &wave)
}

/// The number by which a value is kept that is one of a few: its place among all.
pub(super) fn place<T: PartialEq>(all: &[T], one: &T) -> i64 {
    all.iter().zip(0..).find(|(known, _)| *known == one).map_or(-1, |(_, place)| place)
}

/// What was said about a try: by the server, or by us where no reply came.
pub(super) fn said(attempt: &Attempt) -> &str {
    attempt.reply.as_ref().map_or_else(|| attempt.fault.as_deref().unwrap_or_default(), |reply| &reply.text)
}

/// The number by which a standing is kept.
pub(super) fn standing_code(standing: Standing) -> i64 {
    match standing {
        Standing::Pending => 0,
        Standing::Confirmed => 1,
        Standing::Ended => 2,
    }
}

/// A value as JSON, the form in which whole editions and issues are kept. Zero octets, which not every engine reads again,
/// become the mark of what cannot be shown.
pub(super) fn to_json<T: Serialize>(value: &T) -> Result<String> {
    let json = serde_json::to_string(value).map_err(|cause| StoreError::Engine(cause.to_string()))?;
    Ok(if json.contains(ZERO) { without_zeros(&json) } else { json })
}

/// How JSON writes a zero octet (RFC 8259 section 7).
const ZERO: &str = "\\u0000";

fn without_zeros(json: &str) -> String {
    let (mut shown, mut rest) = (String::with_capacity(json.len()), json);
    while let Some((before, escape)) = rest.find('\\').map(|at| rest.split_at(at)) {
        shown.push_str(before);
        if let Some(after) = escape.strip_prefix(ZERO) {
            shown.push('\u{FFFD}');
            rest = after;
        } else {
            // A backslash, and what it stands before: perhaps another one.
            let (kept, after) = escape.split_at(2);
            shown.push_str(kept);
            rest = after;
        }
    }
    shown + rest
}

/// A number of rows as the engines take it.
pub(super) fn most(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// What a row says that this version does not expect.
pub(super) fn unexpected(cause: impl Display) -> StoreError {
    StoreError::Corrupt(cause.to_string())
}

/// The evidence of a suppression: who said it, at which stage, and in which words.
pub(super) fn evidence(attempt: &Attempt) -> String {
    let said = match (&attempt.reply, &attempt.fault) {
        (Some(reply), _) => reply.to_string(),
        (None, fault) => fault.clone().unwrap_or_default(),
    };
    format!("{} at {}: {said}", attempt.relay, attempt.stage)
}

/// Whether anything may still happen to a line of this fate.
pub(super) fn is_open(fate: i64) -> bool {
    matches!(fate, QUEUED | CLAIMED | SUBMITTING | DEFERRED | DOUBTFUL)
}

/// The place of a fate in a tally.
pub(super) fn counted(tally: &mut Tally, fate: i64) -> &mut u64 {
    match fate {
        0 => &mut tally.queued,
        1 => &mut tally.claimed,
        2 => &mut tally.submitting,
        3 => &mut tally.accepted,
        4 => &mut tally.deferred,
        5 => &mut tally.refused,
        6 => &mut tally.expired,
        7 => &mut tally.withheld,
        _ => &mut tally.doubtful,
    }
}

/// The answer to a call about a mailing that is not there.
pub(super) fn no_such_mailing(mailing: MailingId) -> StoreError {
    StoreError::Unknown(format!("mailing {}", mailing.0))
}

/// Refuses what is not there or was cancelled, as the second value says.
pub(super) fn must_be_uncancelled(mailing: MailingId, is_cancelled: Option<bool>) -> Result<()> {
    match is_cancelled {
        Some(false) => Ok(()),
        Some(true) => Err(StoreError::Unknown(format!("mailing {} as one that goes on: it was cancelled", mailing.0))),
        None => Err(no_such_mailing(mailing)),
    }
}

/// When the minute or day of an instant began, where `length` is that of a minute or a day in microseconds.
pub(super) fn begin(at: Timestamp, length: i64) -> i64 {
    kept(at).div_euclid(length).saturating_mul(length)
}

/// A minute and a day, in microseconds.
pub(super) const MINUTE: i64 = 60_000_000;
pub(super) const DAY: i64 = 24 * 60 * MINUTE;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zero_octet_is_no_part_of_json_that_is_kept() {
        for (text, kept) in
            [("a\0\0b", "a\u{FFFD}\u{FFFD}b"), ("\\u0000", "\\u0000"), ("\\\0\"\u{1}", "\\\u{FFFD}\"\u{1}"), ("\0", "\u{FFFD}")]
        {
            let json = to_json(&text).unwrap();
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), kept, "{json}");
        }
    }
}
