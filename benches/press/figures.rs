//! Figures of all rounds, and what can be said of them: medians, spreads, and ratios within a round.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// What was measured, by name, a value for each round; `None` where it could not be.
#[derive(Default)]
pub(crate) struct Figures {
    rounds: BTreeMap<String, Vec<Option<f64>>>,
    round: usize,
    /// Why something is missing; each reason once.
    pub(crate) skipped: Vec<String>,
}

impl Figures {
    pub(crate) fn next_round(&mut self) {
        self.round += 1;
    }

    /// Notes a value of this round.
    pub(crate) fn note(&mut self, name: impl Into<String>, value: f64) {
        let values = self.rounds.entry(name.into()).or_default();
        values.resize(self.round, None);
        values.push(Some(value));
    }

    /// Notes that something cannot be measured, and why.
    pub(crate) fn skip(&mut self, reason: String) {
        if !self.skipped.contains(&reason) {
            eprintln!("SKIPPED: {reason}");
            self.skipped.push(reason);
        }
    }

    pub(crate) fn spread(&self, name: &str) -> Option<Spread> {
        Spread::of(self.values(name).iter().copied().flatten().collect())
    }

    /// Of two figures, round by round: what was measured in different minutes is not compared.
    pub(crate) fn ratio(&self, name: &str, beside: &str) -> Option<Spread> {
        let pairs = self.values(name).iter().zip(self.values(beside));
        let ratios = pairs.filter_map(|(ours, theirs)| Some((*ours)? / (*theirs)?));
        Spread::of(ratios.filter(|ratio| ratio.is_finite()).collect())
    }

    fn values(&self, name: &str) -> &[Option<f64>] {
        self.rounds.get(name).map_or(&[], Vec::as_slice)
    }
}

/// Some values of one thing.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median = if values.len().is_multiple_of(2) { f64::midpoint(values[middle - 1], values[middle]) } else { values[middle] };
        Some(Self { median, min, max })
    }

    /// With its unit, and the spread where there is one.
    pub(crate) fn shown(&self, unit: Unit) -> String {
        let Self { median, min, max } = *self;
        let (least, middle, most) = (unit.number(min), unit.number(median), unit.number(max));
        let spread = if least == most { String::new() } else { format!(" ({least}..{most})") };
        format!("{middle}{unit}{spread}")
    }
}

/// What a figure counts.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unit {
    PerSecond,
    CpuSecondsPer1000,
    Seconds,
    Microseconds,
    Mib,
    Count,
    Ratio,
}

impl Unit {
    /// With as many places as mean something.
    pub(crate) fn number(self, value: f64) -> String {
        let places = match self {
            Self::CpuSecondsPer1000 => 3,
            Self::Ratio if value < 0.1 => 3,
            Self::Ratio if value < 10.0 => 2,
            Self::Microseconds if value < 100.0 => 1,
            Self::Seconds => 2,
            Self::Ratio | Self::PerSecond | Self::Microseconds | Self::Mib | Self::Count => 0,
        };
        grouped(&format!("{value:.places$}"))
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PerSecond => "/s",
            Self::CpuSecondsPer1000 | Self::Seconds => " s",
            Self::Microseconds => " µs",
            Self::Mib => " MiB",
            Self::Count | Self::Ratio => "",
        })
    }
}

/// 12345.6 as 12,345.6.
fn grouped(number: &str) -> String {
    let (whole, rest) = number.split_once('.').map_or((number, String::new()), |(whole, rest)| (whole, format!(".{rest}")));
    let mut text = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + &rest
}
