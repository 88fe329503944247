//! The numbers and texts by which every engine keeps the house's words.

use std::fmt::Display;

use jiff::Timestamp;
use serde::Serialize;

use super::{Attempt, Result, StoreError, Wave};
use crate::mailing::fate::FateWord;
use crate::mailing::{Fate, Judgement, Stage};
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

/// A value as JSON, the form in which whole editions and issues are kept.
pub(super) fn to_json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|cause| StoreError::Engine(cause.to_string()))
}

/// A number of rows as the engines take it.
pub(super) fn most(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// What a row says that this version does not expect.
pub(super) fn unexpected(cause: impl Display) -> StoreError {
    StoreError::Corrupt(cause.to_string())
}
