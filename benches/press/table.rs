//! The one table: what is measured, what it stands beside, and what it has to reach.

use serde::Serialize;

use crate::figures::{Figures, Spread, Unit};

use Unit::{Count, CpuSecondsPer1000, Mib, Microseconds, PerSecond, Seconds};

/// One thing that is measured.
struct Row {
    work: &'static str,
    ours: &'static str,
    unit: Unit,
    /// What stands beside it, and under which name it was noted.
    beside: Option<(&'static str, &'static str)>,
    bar: Bar,
}

/// What has to be reached, and what would be fine.
#[derive(Clone, Copy)]
enum Bar {
    None,
    /// The ratio, at least.
    Times(f64, f64),
    /// Our own figure, at least.
    Least(f64, f64),
    /// Our own figure, at most.
    Most(f64, f64),
}

const fn row(work: &'static str, ours: &'static str, unit: Unit, beside: Option<(&'static str, &'static str)>, bar: Bar) -> Row {
    Row { work, ours, unit, beside, bar }
}

/// In the order of the table; the further rows of a work have no name of their own.
const ROWS: [Row; 27] = [
    row("no DKIM, 16 connections, 0 ms", "plain.rate", PerSecond, Some(("smtp-source -d -s 16", "source.rate")), Bar::Times(0.5, 1.0)),
    row("", "plain.rate", PerSecond, Some(("nodemailer, pool", "nodemailer.rate")), Bar::Times(25.0, 25.0)),
    row("", "plain.rate", PerSecond, Some(("smtplib, 8 processes", "smtplib.rate")), Bar::None),
    row("", "plain.rate", PerSecond, Some(("lettre, its pool", "lettre.rate")), Bar::None),
    row(
        "RSA-2048 DKIM, 16 connections, 0 ms",
        "signed.rate",
        PerSecond,
        Some(("openssl speed, all cores", "openssl.rate")),
        Bar::Times(0.62, 0.75),
    ),
    row("", "signed.rate", PerSecond, Some(("nodemailer, its DKIM", "nodemailer.signed.rate")), Bar::Times(12.0, 12.0)),
    row("", "signed.rate", PerSecond, Some(("smtplib, 8 pr., dkimpy", "smtplib.signed.rate")), Bar::None),
    row(
        "20 ms, 16 connections, PIPELINING",
        "late.rate",
        PerSecond,
        Some(("smtp-source -d -s 16", "source.late.rate")),
        Bar::Least(720.0, 780.0),
    ),
    row("", "late.rate", PerSecond, Some(("nodemailer, pool", "nodemailer.late.rate")), Bar::None),
    row("", "late.rate", PerSecond, Some(("lettre, its pool", "lettre.late.rate")), Bar::None),
    row(
        "20 ms, 20 connections, no PIPELINING",
        "turn.rate",
        PerSecond,
        Some(("smtp-source -d -s 20", "source.turn.rate")),
        Bar::Least(225.0, 240.0),
    ),
    row(
        "CPU for 1,000 messages, no DKIM",
        "plain.cpu",
        CpuSecondsPer1000,
        Some(("nodemailer, pool", "nodemailer.cpu")),
        Bar::Most(0.06, 0.035),
    ),
    row("", "plain.cpu", CpuSecondsPer1000, Some(("smtp-source -d -s 16", "source.cpu")), Bar::None),
    row("", "plain.cpu", CpuSecondsPer1000, Some(("lettre, its pool", "lettre.cpu")), Bar::None),
    row(
        "CPU for 1,000 messages, RSA-2048",
        "signed.cpu",
        CpuSecondsPer1000,
        Some(("nodemailer, its DKIM", "nodemailer.signed.cpu")),
        Bar::Most(0.42, 0.37),
    ),
    row("", "signed.cpu", CpuSecondsPer1000, Some(("smtplib, 8 pr., dkimpy", "smtplib.signed.cpu")), Bar::None),
    row("peak memory, 20,000 readers", "plain.peak", Mib, Some(("nodemailer, 1,000 readers", "nodemailer.peak")), Bar::Most(64.0, 32.0)),
    row("peak memory, 200,000 readers", "many.peak", Mib, None, Bar::Most(64.0, 32.0)),
    row("connections beyond the setting", "over", Count, Some(("lettre, its pool", "lettre.over")), Bar::Most(0.0, 0.0)),
    row("the whole command, no DKIM", "plain.whole", Seconds, None, Bar::None),
    row("200,000 readers, no DKIM", "many.rate", PerSecond, None, Bar::None),
    row("composing a message, one core", "compose", Microseconds, None, Bar::None),
    row("composing and signing it, one core", "sign", Microseconds, None, Bar::None),
    row("import of 100,000 readers", "import.seconds", Seconds, Some(("sqlite3's .import, insert", "sqlite.import")), Bar::None),
    row("  its peak memory", "import.peak", Mib, None, Bar::None),
    row("import of 1,000,000 readers", "million.seconds", Seconds, Some(("sqlite3's .import, insert", "sqlite.million")), Bar::None),
    row("  its peak memory", "million.peak", Mib, None, Bar::None),
];

/// A row with its figures.
#[derive(Serialize)]
pub(crate) struct Line {
    work: &'static str,
    unit: Unit,
    masthead: Spread,
    beside: Option<&'static str>,
    figure: Option<Spread>,
    ratio: Option<Spread>,
    /// What has to be reached, in words.
    must: Option<String>,
    aim: Option<String>,
    verdict: &'static str,
}

/// Every row whose own figure was measured; what stands beside it may be missing.
pub(crate) fn lines(figures: &Figures) -> Vec<Line> {
    let mut work = "";
    let mut lines = Vec::new();
    for row in &ROWS {
        if !row.work.is_empty() {
            work = row.work;
        }
        let Some(masthead) = figures.spread(row.ours) else { continue };
        let figure = row.beside.and_then(|(_, name)| figures.spread(name));
        let ratio = row.beside.and_then(|(_, name)| figures.ratio(row.ours, name)).filter(|_| !matches!(row.unit, Count));
        if row.work.is_empty() && figure.is_none() && matches!(row.bar, Bar::None) {
            continue;
        }
        let (must, aim) = row.bar.words(row.unit);
        let verdict = row.bar.verdict(&masthead, ratio.as_ref());
        let beside = row.beside.map(|(label, _)| label);
        lines.push(Line { work, unit: row.unit, masthead, beside, figure, ratio, must, aim, verdict });
    }
    lines
}

impl Bar {
    fn words(self, unit: Unit) -> (Option<String>, Option<String>) {
        let plain = |value: f64| unit.number(value);
        match self {
            Self::None => (None, None),
            Self::Times(must, aim) => (Some(format!("{must} x")), Some(format!("{aim} x"))),
            Self::Least(must, aim) => (Some(plain(must)), Some(plain(aim))),
            Self::Most(must, aim) => (Some(format!("<= {}", plain(must))), Some(format!("<= {}", plain(aim)))),
        }
    }

    fn verdict(self, masthead: &Spread, ratio: Option<&Spread>) -> &'static str {
        let judge = |must: bool, aim: bool| match (must, aim) {
            (_, true) => "aim",
            (true, false) => "pass",
            (false, false) => "short",
        };
        match (self, ratio) {
            (Self::None, _) => "",
            (Self::Times(..), None) => "not measured",
            (Self::Times(must, aim), Some(ratio)) => judge(ratio.median >= must, ratio.median >= aim),
            (Self::Least(must, aim), _) => judge(masthead.median >= must, masthead.median >= aim),
            (Self::Most(must, aim), _) => judge(masthead.median <= must, masthead.median <= aim),
        }
    }
}

/// The table as people read it.
pub(crate) fn text(lines: &[Line]) -> String {
    let head = ["work", "Masthead", "beside it", "its figure", "ours / its", "must", "aim", "verdict"].map(str::to_owned);
    let mut last = "";
    let rows = lines.iter().map(|line| {
        let is_first = std::mem::replace(&mut last, line.work) != line.work || line.work.starts_with(' ');
        let shown = |spread: Option<Spread>, unit| spread.map_or_else(String::new, |spread| spread.shown(unit));
        let figure = if line.beside.is_some() && line.figure.is_none() { "not measured".to_owned() } else { shown(line.figure, line.unit) };
        [
            if is_first { line.work.to_owned() } else { String::new() },
            if is_first { line.masthead.shown(line.unit) } else { String::new() },
            line.beside.unwrap_or_default().to_owned(),
            figure,
            shown(line.ratio, Unit::Ratio),
            line.must.clone().unwrap_or_default(),
            line.aim.clone().unwrap_or_default(),
            line.verdict.to_owned(),
        ]
    });
    let rows: Vec<[String; 8]> = std::iter::once(head).chain(rows).collect();
    let widths: [usize; 8] = std::array::from_fn(|at| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or_default());
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
        if number == 0 {
            text.push_str(&"-".repeat(widths.iter().sum::<usize>() + 2 * (widths.len() - 1)));
            text.push('\n');
        }
    }
    text
}
