//! When issues are due: an expression read on the publication's own clock face, whatever daylight saving does.
//!
//! The `cron` crate knows no daylight saving that a publisher would want: it loses runs in the spring gap and doubles
//! them in autumn. So it is asked in local time without a zone, and jiff says which instant that is.

pub mod calendar;
mod expression;
mod runs;
mod said;
pub mod turn;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::Serialize;

use runs::Runs;
use said::Said;

/// More slots than anybody asks for at once.
const MANY: usize = 200_000;

/// An expression together with the time zone whose clock it is read on.
#[derive(Debug, Clone)]
pub struct Schedule {
    rhythm: Rhythm,
    expression: String,
    zone: TimeZone,
}

#[derive(Debug, Clone)]
enum Rhythm {
    Cron(Box<cron::Schedule>),
    Said(Said),
}

/// One run: the local time that the expression names, which is its unique key, and the instant at which that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct Slot {
    /// As the expression names it. In a spring gap no clock on the wall shows it.
    pub local: DateTime,
    /// In a spring gap as much after it as `local` lies within; in the doubled hour of autumn the first of the two.
    pub at: Timestamp,
}

/// Why an expression is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleFault {
    /// A cron expression has a fault.
    #[error("`{expression}` is not a cron expression: {reason}")]
    Malformed {
        /// As written.
        expression: String,
        /// In words.
        reason: String,
    },
    /// Words that say no days.
    #[error("`{expression}` says nothing of days that the press knows")]
    Unsaid {
        /// As written.
        expression: String,
        /// What was perhaps meant.
        near: Option<String>,
    },
    /// What stands behind the words is no hour and minute.
    #[error("`{0}` is no time of the day")]
    Time(String),
    /// A day that not every month has.
    #[error("not every month has a day {0}")]
    Date(String),
    /// Weekdays in figures mean different days to different programs.
    #[error("the weekday `{0}` means different days to different programs")]
    NumericWeekday(String),
    /// The expression names a day that no year has, or years that are over.
    #[error("`{0}` never comes round")]
    Never(String),
}

impl ScheduleFault {
    /// What would mend it.
    pub fn help(&self) -> String {
        match self {
            Self::Unsaid { near: Some(near), .. } => format!("did you mean `{near}`?"),
            Self::Unsaid { near: None, .. } | Self::Malformed { .. } => {
                "such as `first-monday 09:00`, `last-friday 17:30`, `day-15 09:00`, `weekdays`, or as cron has it `0 9 1 * *`".to_owned()
            }
            Self::Time(_) => "write hour and minute from 00:00 to 23:59, such as `09:00`".to_owned(),
            Self::Date(_) => "write `last-day`, or a day from `day-1` to `day-28`".to_owned(),
            Self::NumericWeekday(_) => "write weekdays as names, such as `Mon` or `Mon-Fri`".to_owned(),
            Self::Never(_) => "write a day that is still to come, such as `last-day 09:00`".to_owned(),
        }
    }
}

impl Schedule {
    /// Reads words such as `first-monday 09:00` (nine o'clock where no hour is said), a cron expression of five fields
    /// (minute first), six (second first) or seven (year last), or a word of cron such as `@monthly`. What does not come
    /// round after `now` is refused.
    pub fn parse(expression: &str, zone: TimeZone, now: Timestamp) -> Result<Self, ScheduleFault> {
        let expression = expression.trim().to_owned();
        let rhythm = if Said::is_meant(&expression) {
            Rhythm::Said(Said::parse(&expression)?)
        } else {
            Rhythm::Cron(Box::new(expression::parse(&expression)?))
        };
        let schedule = Self { rhythm, expression, zone };
        let comes_round = schedule.after(now).next().is_some();
        if comes_round { Ok(schedule) } else { Err(ScheduleFault::Never(schedule.expression)) }
    }

    /// The zone on whose clock it is read.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// In words, such as "the first Monday of the month at 09:00"; the expression where there are no short ones.
    pub fn in_words(&self) -> String {
        let said = match &self.rhythm {
            Rhythm::Said(said) => Some(*said),
            Rhythm::Cron(_) => expression::said(&self.expression),
        };
        said.map_or_else(|| self.expression.clone(), |said| said.to_string())
    }

    /// The runs after an instant, soonest first; no two at the same instant, and none twice.
    ///
    /// A schedule of every hour has no run in the second of two like hours, and one in the gap only where no other falls
    /// on the instant to which it is moved.
    pub fn after(&self, instant: Timestamp) -> impl Iterator<Item = Slot> + '_ {
        // Two days earlier on the clock face: no change of offset is greater, so that none hides a slot.
        let start = self.zone.to_datetime(instant).saturating_sub(2.days());
        self.since(start).filter(move |slot| slot.at > instant)
    }

    /// The runs after one instant up to another, that included, soonest first; at most 200,000.
    pub fn between(&self, from: Timestamp, to: Timestamp) -> Vec<Slot> {
        self.after(from).take_while(|slot| slot.at <= to).take(MANY).collect()
    }

    /// The runs whose local time lies from `start` up to `end`, that not included.
    pub(crate) fn within(&self, start: DateTime, end: DateTime) -> impl Iterator<Item = Slot> + '_ {
        // A slot of a gap comes after others that are later on the clock face.
        self.since(start)
            .take_while(move |slot| slot.local < end.saturating_add(2.days()))
            .filter(move |slot| start <= slot.local && slot.local < end)
    }

    fn since(&self, start: DateTime) -> impl Iterator<Item = Slot> + '_ {
        let times: Box<dyn Iterator<Item = DateTime> + '_> = match &self.rhythm {
            Rhythm::Said(said) => Box::new(said.from(start)),
            // Cron gives what comes after a time, and `start` counts.
            Rhythm::Cron(cron) => Box::new(expression::after(cron, start.saturating_sub(1.second()))),
        };
        Runs::new(times, &self.zone)
    }
}

#[cfg(test)]
mod tests;
