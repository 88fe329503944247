//! `store`: the tables brought up to this version, and a newsroom moved from one engine to another.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::Outcome;
use super::terminal::Terminal;
use crate::app::{AppError, Stores};
use crate::desk::moving::{self, Moved};
use crate::store::portable::{Compared, Progress};
use crate::store::{Recovered, StoreError};

/// How often the bar moves.
const TICK: Duration = Duration::from_millis(100);

/// Where everything is kept
#[derive(Debug, Subcommand)]
pub(super) enum StoreCommand {
    /// Bring the tables up to this version, and tell which steps that took
    Migrate(Migrate),
    /// Move a newsroom from one store to another, and compare
    Copy(Copy),
}

/// Bring the tables up to this version.
#[derive(Debug, Args)]
#[command(after_help = "Every command does the same when it opens the store. This one does nothing else.")]
pub(super) struct Migrate {
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// Move a newsroom.
#[derive(Debug, Args)]
#[command(
    after_help = "A store is named as `url` of [store] names it. The password of a database that the settings name is read from their\n`password_file`, that of another from the variable PGPASSWORD.\nNobody may be at either. Every row is read again on both sides and compared; then the old store sends no more, and the\nnew one is at home. Broken off, the old one stays as it was, and the new one is emptied by hand before the next try.\n\nExample:\n  masthead store copy sqlite:data/masthead.db postgres://masthead@db.example.org/masthead"
)]
pub(super) struct Copy {
    /// The store that the newsroom leaves
    pub from: String,
    /// The store that it moves to: an empty one
    pub to: String,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// What either asks of the newsroom's folder.
pub(super) async fn run(stores: Stores, asked: StoreCommand, terminal: &Terminal) -> Result<Outcome, AppError> {
    match asked {
        StoreCommand::Migrate(asked) => migrate(&stores, &asked, terminal).await,
        StoreCommand::Copy(asked) => copy(stores, asked, terminal).await,
    }
}

#[derive(Serialize)]
struct Migrated<'a> {
    steps: &'a [&'static str],
}

async fn migrate(stores: &Stores, asked: &Migrate, terminal: &Terminal) -> Result<Outcome, AppError> {
    let steps = moving::migrate(stores).await?;
    if asked.json {
        return terminal.json(&Migrated { steps: &steps });
    }
    let place = stores.shown(&stores.config().store)?;
    terminal.write(|out| {
        steps.iter().try_for_each(|step| writeln!(out, "took the step {step}"))?;
        writeln!(out, "{place} is up to this version")
    })
}

async fn copy(stores: Stores, asked: Copy, terminal: &Terminal) -> Result<Outcome, AppError> {
    let progress = Arc::new(Progress::default());
    let bar = if terminal.is_attended() { bar() } else { ProgressBar::hidden() };
    let moving = async {
        let mut tick = tokio::time::interval(TICK);
        loop {
            tick.tick().await;
            bar.set_length(progress.total());
            bar.set_position(progress.passed());
        }
    };
    let moved = tokio::select! {
        moved = moving::copy(&stores, &asked.from, &asked.to, &progress) => moved,
        () = moving => return Ok(Outcome::Clean),
    };
    bar.finish_and_clear();
    let moved = moved?;
    if asked.json {
        terminal.json(&Summary::of(&moved))?;
    } else {
        print(&moved, terminal)?;
    }
    if moved.is_whole() {
        return Ok(Outcome::Clean);
    }
    let words = "the copy is not the same, and cannot be opened: the newsroom stays where it was; empty the copy before the next try";
    Err(StoreError::Corrupt(words.to_owned()).into())
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {human_pos} of {human_len} rows, {per_sec}, {eta} to go")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style)
}

#[derive(Serialize)]
struct Summary<'a> {
    whole: bool,
    recovered: Recovered,
    tables: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    same: bool,
    #[serde(flatten)]
    compared: &'a Compared,
}

impl<'a> Summary<'a> {
    fn of(moved: &'a Moved) -> Self {
        let tables = moved.tables.iter().map(|compared| Line { same: compared.is_same(), compared }).collect();
        Self { whole: moved.is_whole(), recovered: moved.recovered, tables }
    }
}

fn print(moved: &Moved, terminal: &Terminal) -> Result<Outcome, AppError> {
    terminal.write(|out| {
        writeln!(out, "{:<16} {:>12}  {:<12}", "table", "rows", "SHA-256")?;
        for table in &moved.tables {
            let Compared { from, to, .. } = table;
            write!(out, "{:<16} {:>12}  {:<12.12}  ", table.table, from.rows, from.hash)?;
            if table.is_same() {
                writeln!(out, "same")?;
            } else {
                writeln!(out, "DIFFERENT: {} rows, {:.12}", to.rows, to.hash)?;
            }
        }
        if moved.recovered.doubtful > 0 {
            writeln!(out, "{} were in flight when the last sender broke off", moved.recovered.doubtful)?;
        }
        if moved.is_whole() {
            writeln!(out, "the newsroom is there; `url` of [store] has to name it, and the old store sends no more")?;
        }
        Ok(())
    })
}

/// The stores of a newsroom's folder.
pub(super) fn stores(root: &Path) -> Result<Stores, AppError> {
    Stores::of(root, &super::environment(), super::clock())
}
